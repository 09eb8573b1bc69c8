/** Trust beyond Kyverno, by annotations of the policy: each changes a decision, and is seen in the outcome. */
import { describe, expect, it } from "vitest";
import { trustOf } from "../../../src/policy/attestors.ts";
import { TRUST_ANNOTATIONS } from "../../../src/policy/trust_fields.ts";
import { STRICT } from "../../../src/notary/mod.ts";
import { clusterOf } from "./cluster.ts";
import { certificate, load, policyDocument, trusting } from "./policies.ts";
import { expectRefused, type RefusedRow } from "./refused.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, NOW } from "./world.ts";

const EXPIRED = "registry.example/expiry:jws-expired";
const EXPIRED_CERTIFICATE = "registry.example/expiry:jws-expired-certificate";
const STRANGER = "registry.example/wrong-signer:jws";
const SECOND = "registry.example/several:wrong-first";
const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
const CHILD_ONLY = "registry.example/index:child-only";
const ROOT = certificate("release-root");

const annotated = (annotations: Readonly<Record<string, string>>, namespace?: string) => ({
  metadata: {
    name: "extended",
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`edge-notary.dev/${key}`, value]),
    ),
    ...(namespace === undefined ? {} : { namespace }),
  },
});

async function decide(image: string, annotations: Readonly<Record<string, string>>, cluster = clusterOf({})) {
  const policies = await load(policyDocument({
    ...annotated(annotations),
    verify: {
      imageReferences: ["*"],
      attestors: [{ entries: [trusting("fixture-signer", "short-lived")] }],
    },
  }));
  const world = await createWorld();
  const ports = { open: world.open, crypto, now: () => NOW, cluster };
  const decision = await ask(world, policies, createRequest({ object: podWith([image]) }), { ports });
  const [response] = decision.responses;
  return { ...decision, response, image: response?.images[0] };
}

describe("without annotations", () => {
  it("trust is Kyverno's: strict, any identity, no timestamp authority", () => {
    expect(trustOf([], "p")).toEqual({ name: "p", level: STRICT, trustAnchors: { ca: [], signingAuthority: [] } });
  });

  it("an outcome names none", async () => {
    expect((await decide(SIGNED, {})).response).not.toHaveProperty("extensions");
  });
});

describe("an annotation changes the decision, and the outcome names it:", () => {
  it.each<[image: string, without: boolean, annotations: Readonly<Record<string, string>>, allowed: boolean]>([
    [EXPIRED, false, { "verification-level": "permissive" }, true],
    [EXPIRED_CERTIFICATE, false, { "verification-level": "permissive" }, true],
    [STRANGER, false, { "verification-level": "permissive" }, false],
    [STRANGER, false, { "verification-level": "audit" }, true],
    ["registry.example/tampered:payload-jws", false, { "verification-level": "audit" }, false],
    ["ghcr.io/kyverno/test-verify-image:unsigned", false, { "verification-level": "audit" }, false],
    [SIGNED, true, { "verification-level": "strict" }, true],
    [SIGNED, true, { "trusted-identities": "x509.subject: C=US, ST=WA, O=Notary" }, true],
    [SIGNED, true, { "trusted-identities": "x509.subject: C=US, ST=WA, O=Other" }, false],
    [
      SIGNED,
      true,
      { "trusted-identities": "x509.subject: C=US, ST=WA, O=Other\n\nx509.subject:C=US,ST=WA,O=Notary\n" },
      true,
    ],
    [SIGNED, true, { "trusted-identities": "*" }, true],
    [SIGNED, true, { "tsa-certs": ROOT }, false],
    [SIGNED, true, { "tsa-certs": ROOT, "verify-timestamp": "always" }, false],
    [SIGNED, true, { "tsa-certs": ROOT, "verify-timestamp": "afterCertExpiry" }, true],
    [SECOND, true, { "max-signatures": "1" }, false],
    [SECOND, true, { "max-signatures": "2" }, true],
    [SIGNED, true, { revocation: "skip" }, true],
    [CHILD_ONLY, false, { index: "all-children" }, false],
    ["registry.example/index:signed", true, { index: "all-children" }, true],
    ["registry.example/index:signed", true, { index: "index" }, true],
  ])("%s %s with %j: %s", async (image, without, annotations, allowed) => {
    expect((await decide(image, {})).allowed).toBe(without);
    const decision = await decide(image, annotations);
    expect(decision.allowed, decision.message).toBe(allowed);
    expect(decision.response?.extensions?.map((one) => one.split("=")[0])).toEqual(Object.keys(annotations).sort());
  });

  it.each([["enforce", "enforce"], ["log", "log"], ["skip", "skip"]])("revocation %s", async (annotation, action) => {
    const { image } = await decide(SIGNED, { revocation: annotation });
    const validations = image?.outcomes[0]?.outcomes[0]?.validations;
    expect(validations?.revocation.action).toBe(action);
    expect(validations?.authenticity.action).toBe("enforce");
  });
});

describe("what is only logged", () => {
  it("passes with a warning that says what did not", async () => {
    const decision = await decide(EXPIRED, { "verification-level": "permissive" });
    expect(decision.allowed).toBe(true);
    expect(decision.warnings).toEqual([
      expect.stringMatching(
        /^policy extended\.verify-signature-notary: verified image signatures for registry\.example\/expiry:jws-expired, although not enforced: expiry: Cannot accept the signature: it expired at /,
      ),
    ]);
  });

  it("is not said where everything passed", async () => {
    expect((await decide(SIGNED, { "verification-level": "permissive" })).warnings).toEqual([]);
  });
});

describe("an index of which not every child is signed", () => {
  it("is refused in a sentence that names the child", async () => {
    const { image } = await decide(CHILD_ONLY, { index: "all-children" });
    expect(image?.message).toMatch(
      /neither "registry\.example\/index@sha256:[0-9a-f]{64}" nor every child of it is signed by who is trusted: sha256:[0-9a-f]{64}: no signature is associated with/,
    );
    expect(image?.refusal).toMatchObject({ code: "SIGNATURE_MISSING", class: "denied" });
  });
});

describe("tsa-certs of a ConfigMap", () => {
  const FROM = { "tsa-certs": "configmap:trust/authorities/tsa.pem", "verify-timestamp": "afterCertExpiry" };
  const holding = (data: unknown) =>
    clusterOf({ "ConfigMap trust/authorities": { apiVersion: "v1", kind: "ConfigMap", metadata: {}, data } });

  it("are read for each request", async () => {
    const cluster = holding({ "tsa.pem": ROOT });
    expect((await decide(SIGNED, FROM, cluster)).allowed).toBe(true);
    expect(cluster.asked).toEqual(["get ConfigMap trust/authorities"]);
  });

  it.each<[name: string, cluster: ReturnType<typeof clusterOf>, code: string]>([
    ["that is not there", clusterOf({}), "ERR_VARIABLE"],
    ["without the key", holding({ "other.pem": ROOT }), "ERR_VARIABLE"],
    ["without data", holding(undefined), "ERR_VARIABLE"],
    ["that holds no PEM", holding({ "tsa.pem": "-----" }), "ERR_PEM"],
    ["that holds nothing", holding({ "tsa.pem": "" }), "ERR_CERTIFICATE"],
    ["that holds no root", holding({ "tsa.pem": certificate("release") }), "ERR_TRUST_STORE"],
    ["that cannot be asked for", clusterOf({ "ConfigMap trust/authorities": "down" }), "ERR_CLUSTER"],
  ])("%s: an error, and refused", async (_, cluster, code) => {
    const { allowed, response } = await decide(SIGNED, FROM, cluster);
    expect(allowed).toBe(false);
    expect(response?.whole).toMatchObject({
      status: "error",
      message: expect.stringMatching(/^failed to read timestamp authorities: /),
      refusal: { code },
    });
  });
});

const at = (name: string) => `metadata.annotations["edge-notary.dev/${name}"]`;
const refused = (name: string, value: string, reason: RegExp): RefusedRow => [
  `${name}: ${value.slice(0, 40)}`,
  annotated({ [name]: value }),
  at(name),
  reason,
];

describe("refused at load, at its line", () => {
  it.each<RefusedRow>([
    refused("verification-level", "skip", /^"skip" would verify nothing/),
    refused("verification-level", "Strict", /^"Strict", expected one of strict, permissive, audit$/),
    refused("verification-level", "", /^"", expected one of/),
    refused("trusted-identities", " \n", /^0 identities/),
    refused("trusted-identities", "*\nx509.subject: C=US, ST=WA, O=a", /^"\*" trusts everybody, expected it alone/),
    refused("trusted-identities", "CN=a", /^identity "CN=a": it has no ":"/),
    refused("trusted-identities", "did:web: a", /^identity "did:web: a": "did" is no known kind/),
    refused("trusted-identities", "x509.subject: CN=a", /^identity "x509\.subject: CN=a": /),
    refused(
      "trusted-identities",
      "x509.subject: C=US, ST=WA, O=a\nx509.subject: C=US, ST=WA, O=a, CN=b",
      /already, expected identities that do not overlap$/,
    ),
    refused(
      "trusted-identities",
      Array.from({ length: 101 }, (_, index) => `x509.subject: C=US, ST=WA, O=${index}`).join("\n"),
      /^101 identities, expected at most 100/,
    ),
    refused("tsa-certs", "text", /PEM/),
    refused("tsa-certs", "", /./),
    refused("tsa-certs", certificate("release"), /^certificate ".*" is neither a CA nor self-signed/),
    refused("tsa-certs", "configmap:trust/authorities", /expected configmap:NAMESPACE\/NAME\/KEY/),
    refused("tsa-certs", "configmap:a/b/c/d", /expected configmap:NAMESPACE\/NAME\/KEY/),
    refused("tsa-certs", "configmap:../b/c", /expected configmap:NAMESPACE\/NAME\/KEY/),
    refused("verify-timestamp", "always", /^it decides nothing without tsa-certs/),
    refused("revocation", "no", /^"no", expected one of enforce, log, skip$/),
    refused("max-signatures", "0", /expected a whole number from 1 to 100/),
    refused("max-signatures", "101", /expected a whole number from 1 to 100/),
    refused("max-signatures", "1e1", /expected a whole number from 1 to 100/),
    refused("index", "children", /^"children", expected one of index, all-children$/),
    refused("Index", "index", /^no such annotation/),
    refused("constructor", "index", /^no such annotation/),
  ])("%s", async (...row) => {
    await expectRefused(row);
  });

  it("a Policy that reads a ConfigMap of another namespace", async () => {
    await expectRefused([
      "",
      { kind: "Policy", ...annotated({ "tsa-certs": "configmap:trust/a/b" }, "mine") },
      at("tsa-certs"),
      'configMap namespace "trust" is different from policy namespace "mine"',
    ]);
  });

  it("has a row for each of them above", () => {
    expect([...TRUST_ANNOTATIONS].sort()).toEqual([
      ...["index", "max-signatures", "revocation", "trusted-identities", "tsa-certs"],
      ...["verification-level", "verify-timestamp"],
    ]);
  });
});
