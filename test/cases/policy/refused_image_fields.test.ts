import { describe, it } from "vitest";
import { certificate, type PolicyChanges, trusting } from "./policies.ts";
import { expectRefused, type RefusedRow } from "./refused.ts";

const VERIFY = "spec.rules[0].verifyImages[0]";
const v1 = (verify: Record<string, unknown>): PolicyChanges => ({ apiVersion: "kyverno.io/v1", verify });
const attestors = (...sets: readonly unknown[]): PolicyChanges => ({ verify: { attestors: sets } });

function nestedAttestor(levels: number): Record<string, unknown> {
  return levels === 0 ? { ...trusting("fixture-signer") } : { attestor: { entries: [nestedAttestor(levels - 1)] } };
}

const REFUSED: readonly RefusedRow[] = [
  ["no type", { verify: { type: undefined } }, VERIFY, /means Cosign/],
  ["Cosign", { verify: { type: "Cosign" } }, `${VERIFY}.type`, /"Cosign" signatures are not verified here/],
  ["SigstoreBundle", { verify: { type: "SigstoreBundle" } }, `${VERIFY}.type`, /not verified here/],
  ["another type", { verify: { type: "notary" } }, `${VERIFY}.type`, /expected one of Notary/],
  ["no image reference", { verify: { imageReferences: [] } }, VERIFY, "An image reference is required"],
  ["image references left out", { verify: { imageReferences: undefined } }, VERIFY, "An image reference is required"],
  [
    "an image reference that fits no image",
    { verify: { imageReferences: ["ghcr.io/org/app"] } },
    `${VERIFY}.imageReferences[0]`,
    /fits no image/,
  ],
  [
    "an image reference with a port alone",
    { verify: { imageReferences: ["localhost:5000/app"] } },
    `${VERIFY}.imageReferences[0]`,
    /fits no image/,
  ],
  ...["kyverno/app:*", "nginx:latest", "library/nginx@*", "/app:*"].map((text): RefusedRow => [
    `an image reference without a registry: ${text}`,
    { verify: { imageReferences: [text] } },
    `${VERIFY}.imageReferences[0]`,
    /fits no image: every image has its registry/,
  ]),
  [
    "an image reference with an escape sequence, which is printed safely",
    { verify: { imageReferences: ["ghcr.io/\u001b[2J"] } },
    `${VERIFY}.imageReferences[0]`,
    /^"ghcr\.io\/\\x1b\[2J" fits no image/,
  ],
  [
    "Audit that mutates digests",
    { spec: { validationFailureAction: "Audit" } },
    `${VERIFY}.mutateDigest`,
    /^mutateDigest must be set to false for ‘Audit’ failure action/,
  ],
  [
    "no action, which is Audit",
    { spec: { validationFailureAction: undefined } },
    `${VERIFY}.mutateDigest`,
    /^mutateDigest must be set to false for ‘Audit’ failure action/,
  ],
  [
    "an entry of Audit that mutates digests",
    { verify: { failureAction: "Audit" } },
    `${VERIFY}.mutateDigest`,
    /^mutateDigest must be set to false/,
  ],
  [
    "an entry's action in lower case",
    { verify: { failureAction: "enforce" } },
    `${VERIFY}.failureAction`,
    /expected one of Audit, Enforce/,
  ],
  ...["mutateDigest", "verifyDigest", "required"].map((
    field,
  ): RefusedRow => [
    `${field} that is no truth value`,
    { verify: { [field]: "true" } },
    `${VERIFY}.${field}`,
    '"true", expected true or false',
  ]),
  ...["image", "key", "roots", "subject", "issuer", "additionalExtensions", "annotations"].map((
    field,
  ): RefusedRow => [`${field} of v1`, v1({ [field]: "x" }), `${VERIFY}.${field}`, /Cosign|imageReferences/]),
  ...["image", "key", "annotations", "cosignOCI11"].map((
    field,
  ): RefusedRow => [`${field} in v2beta1`, { verify: { [field]: "x" } }, `${VERIFY}.${field}`, /no such field/]),
  ["no attestor sets", { verify: { attestors: [] } }, `${VERIFY}.attestors`, /0 attestor sets/],
  ["attestor sets that are null", { verify: { attestors: null } }, `${VERIFY}.attestors`, /0 attestor sets/],
  ["an attestor set without entries", attestors({}), `${VERIFY}.attestors[0]`, "An entry is required"],
  [
    "count above the entries",
    attestors({ count: 2, entries: [trusting("fixture-signer")] }),
    `${VERIFY}.attestors[0].count`,
    /^Count cannot exceed length of entries/,
  ],
  [
    "a negative count",
    attestors({ count: -1, entries: [trusting("fixture-signer")] }),
    `${VERIFY}.attestors[0].count`,
    /expected 1 or more/,
  ],
  [
    "half a count",
    attestors({ count: 0.5, entries: [trusting("fixture-signer")] }),
    `${VERIFY}.attestors[0].count`,
    /expected a whole number/,
  ],
  [
    "an empty entry",
    attestors({ entries: [{}] }),
    `${VERIFY}.attestors[0].entries[0]`,
    "keys, certificates, keyless, or a nested attestor is required",
  ],
  [
    "two kinds in one entry",
    attestors({ entries: [{ ...trusting("fixture-signer"), keys: { publicKeys: "x" } }] }),
    `${VERIFY}.attestors[0].entries[0]`,
    "keys, certificates, keyless, or a nested attestor is required",
  ],
  [
    "keys",
    attestors({ entries: [{ keys: { publicKeys: "x" } }] }),
    `${VERIFY}.attestors[0].entries[0].keys`,
    "Keys field is not allowed for type notary",
  ],
  [
    "keyless",
    attestors({ entries: [{ keyless: { issuer: "x" } }] }),
    `${VERIFY}.attestors[0].entries[0].keyless`,
    "Keyless field is not allowed for type notary",
  ],
  [
    "keys of a nested attestor",
    attestors({ entries: [{ attestor: { entries: [{ keys: {} }] } }] }),
    `${VERIFY}.attestors[0].entries[0].attestor.entries[0].keys`,
    "Keys field is not allowed for type notary",
  ],
  [
    "annotations of an attestor",
    attestors({ entries: [{ ...trusting("fixture-signer"), annotations: { a: "b" } }] }),
    `${VERIFY}.attestors[0].entries[0].annotations`,
    /nothing would check them/,
  ],
  [
    "rekor",
    attestors({ entries: [{ certificates: { cert: certificate("fixture-signer"), rekor: { url: "x" } } }] }),
    `${VERIFY}.attestors[0].entries[0].certificates.rekor`,
    /transparency/,
  ],
  [
    "no certificate",
    attestors({ entries: [{ certificates: { cert: "" } }] }),
    `${VERIFY}.attestors[0].entries[0].certificates`,
    "cert or certChain required",
  ],
  [
    "text that is no PEM",
    attestors({ entries: [{ certificates: { cert: "hello" } }] }),
    `${VERIFY}.attestors[0].entries[0].certificates.cert`,
    /outside a block/,
  ],
  [
    "PEM with text around it",
    attestors({ entries: [{ certificates: { cert: `subject: x\n${certificate("fixture-signer")}` } }] }),
    `${VERIFY}.attestors[0].entries[0].certificates.cert`,
    /line 1/,
  ],
  [
    "PEM of a key",
    attestors({
      entries: [{ certificates: { cert: certificate("fixture-signer").replaceAll("CERTIFICATE", "PUBLIC KEY") } }],
    }),
    `${VERIFY}.attestors[0].entries[0].certificates.cert`,
    /"PUBLIC KEY", expected "CERTIFICATE"/,
  ],
  [
    "PEM that is no certificate",
    attestors({
      entries: [{ certificates: { certChain: "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" } }],
    }),
    `${VERIFY}.attestors[0].entries[0].certificates.certChain`,
    /line 1 of the PEM/,
  ],
  [
    'a leaf, which is no CA: "policy-anchor"',
    attestors({ entries: [{ certificates: { cert: certificate("release") } }] }),
    `${VERIFY}.attestors[0].entries[0].certificates.cert`,
    'certificate "CN=release leaf,O=Notary,L=Seattle,ST=WA,C=US" is neither a CA nor self-signed, expected a CA or a ' +
    "self-signed signing certificate",
  ],
  [
    "a leaf behind its root, in a nested attestor",
    attestors({
      entries: [{
        attestor: {
          entries: [{ certificates: { certChain: certificate("release-root") + certificate("release") } }],
        },
      }],
    }),
    `${VERIFY}.attestors[0].entries[0].attestor.entries[0].certificates.certChain`,
    /"CN=release leaf,.*" is neither a CA nor self-signed/,
  ],
  [
    "attestors without end",
    attestors({ entries: [nestedAttestor(9)] }),
    `${VERIFY}.attestors[0].entries[0]${".attestor.entries[0]".repeat(7)}.attestor`,
    /more than 8 levels/,
  ],
];

describe("loadPolicies() refuses fields of verifyImages", () => {
  it.each(REFUSED)("%s", (...row) => expectRefused(row));
});
