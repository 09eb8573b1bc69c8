/**
 * Denials and warnings, one of each kind that Kyverno knows, with its sentence written out from what Kyverno says.
 * `%R` stands for the image by its digest, `%S` for the digest of a signature's manifest.
 */
import { UnavailableError } from "../../../src/errors.ts";
import type { Repository } from "../../../src/oci/mod.ts";
import type { RevocationChecker } from "../../../src/revocation/mod.ts";
import { all, by, sbom } from "./attested.ts";
import { type PolicyChanges, trusting } from "./policies.ts";

export interface DenialScene {
  /** Name of its file. */
  readonly name: string;
  readonly image: string;
  /** The sentence about the image, or about the rule as a whole. */
  readonly sentence: string;
  readonly changes?: PolicyChanges;
  readonly phase?: "mutate" | "validate";
  readonly change?: (repository: Repository) => Partial<Repository>;
  readonly revocation?: RevocationChecker;
  /** Denies as an error, not as a failure. */
  readonly status?: "error";
}

const SEED = "ghcr.io/kyverno/test-verify-image";
const ANY: PolicyChanges = { verify: { imageReferences: ["*"] } };
const ATTESTED = "registry.example/attestations";
const attested = (verify: Readonly<Record<string, unknown>>): PolicyChanges => ({
  verify: { imageReferences: ["*"], ...verify },
});

const everyone = (status: "revoked" | "unknown"): RevocationChecker => ({
  check: (chain) =>
    Promise.resolve(chain.map((certificate) => ({
      certificate,
      status,
      asked: [],
      anybodyAsked: true,
      ...(status === "revoked"
        ? {
          answer: {
            status,
            revokedAt: new Date("2026-12-01T00:00:00Z"),
            thisUpdate: new Date("2026-12-31T00:00:00Z"),
            nextUpdate: new Date("2027-01-02T00:00:00Z"),
          },
        }
        : {}),
    }))),
});

const verifying = (image: string, detail: string): string =>
  `failed to verify image ${image}: .attestors[0].entries[0]: ${detail}`;
const failing = (image: string, reason: string): string =>
  verifying(
    image,
    `failed to verify %R: signature verification failed\nfailed to verify signature with digest %S, ${reason}`,
  );
const attestations = (error: string): string =>
  `image attestations verification failed, verifiedCount: 0, requiredCount: 1, error: ${error}`;
const down = () => Promise.reject(new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "Cannot connect to the registry"));

export const DENIALS: readonly DenialScene[] = [
  {
    name: "unsigned",
    image: `${SEED}:unsigned`,
    sentence: verifying(
      `${SEED}:unsigned`,
      'failed to verify %R: no signature is associated with "%R", make sure the image was signed successfully',
    ),
  },
  {
    name: "wrong-certificate",
    image: "registry.example/wrong-signer:jws",
    changes: ANY,
    sentence: failing(
      "registry.example/wrong-signer:jws",
      "the signature's certificate chain does not contain any trusted certificate",
    ),
  },
  {
    name: "expired-signature",
    image: "registry.example/expiry:jws-expired",
    changes: ANY,
    sentence: failing("registry.example/expiry:jws-expired", 'digital signature has expired on "%T"'),
  },
  {
    name: "expired-certificate",
    image: "registry.example/expiry:jws-expired-certificate",
    changes: { verify: { imageReferences: ["*"], attestors: [{ entries: [trusting("short-lived")] }] } },
    sentence: failing(
      "registry.example/expiry:jws-expired-certificate",
      'verification time is after certificate "%C" validity period, it was expired at "%T"',
    ),
  },
  {
    name: "revoked",
    image: `${SEED}:signed`,
    revocation: everyone("revoked"),
    sentence: failing(`${SEED}:signed`, 'signing certificate with subject "%C" is revoked'),
  },
  {
    name: "revocation-unknown",
    image: `${SEED}:signed`,
    revocation: everyone("unknown"),
    sentence: failing(`${SEED}:signed`, 'signing certificate with subject "%C" revocation status is unknown'),
  },
  {
    name: "tampered",
    image: "registry.example/tampered:payload-jws",
    changes: ANY,
    sentence: failing(
      "registry.example/tampered:payload-jws",
      "signature is invalid. Error: crypto/rsa: verification error",
    ),
  },
  {
    name: "transplanted",
    image: "registry.example/tampered:transplanted-jws",
    changes: ANY,
    sentence: failing("registry.example/tampered:transplanted-jws", "content descriptor mismatch"),
  },
  {
    name: "too-many-signatures",
    image: "registry.example/several:wrong-first",
    changes: { ...ANY, metadata: { annotations: { "edge-notary.dev/max-signatures": "1" } } },
    sentence: verifying(
      "registry.example/several:wrong-first",
      "failed to verify %R: signature evaluation stopped. The configured limit of 1 signatures to verify per artifact " +
        "exceeded",
    ),
  },
  {
    name: "registry-down",
    image: `${SEED}:signed`,
    change: () => ({ resolve: down, listReferrers: down }),
    status: "error",
    sentence: verifying(
      `${SEED}:signed`,
      `failed to parse image reference: ${SEED}:signed: Cannot connect to the registry`,
    ),
  },
  {
    name: "config-map-missing",
    image: `${SEED}:signed`,
    changes: {
      rule: { context: [{ name: "keys", configMap: { name: "keys", namespace: "trust" } }] },
      verify: { attestors: [{ entries: [{ certificates: { cert: "{{ keys.data.certificate }}" } }] }] },
    },
    status: "error",
    sentence: "failed to substitute variables: failed to resolve keys.data.certificate at path " +
      "/verifyImages/0/attestors/0/entries/0/certificates/cert: failed to retrieve config map for context entry keys: " +
      'failed to get configmap trust/keys : configmaps "keys" not found',
  },
  {
    name: "attestation-missing",
    image: `${ATTESTED}:bare`,
    changes: attested({ attestations: [sbom()] }),
    sentence: attestations("no matching attestations found for image %R with type sbom/cyclone-dx"),
  },
  {
    name: "attestation-condition",
    image: `${ATTESTED}:gpl`,
    changes: attested({
      attestations: [
        sbom({ conditions: [all("{{ components[].licenses[].expression }}", "AllNotIn", ["GPL-3.0"], "no GPL")] }),
      ],
    }),
    sentence: attestations(
      ".attestations[0].attestors[0].entries[0]: attestation checks failed for %R and predicate sbom/cyclone-dx: no GPL",
    ),
  },
  {
    name: "attestation-wrong-certificate",
    image: `${ATTESTED}:by-impostor`,
    changes: attested({ attestations: [sbom()] }),
    sentence: attestations(
      "signature verification failed\nfailed to verify signature with digest %S, the signature's certificate chain does " +
        "not contain any trusted certificate",
    ),
  },
  {
    name: "attestation-unsigned",
    image: `${ATTESTED}:not-signed`,
    changes: attested({ attestations: [sbom()] }),
    sentence: attestations(
      `no signature is associated with "${ATTESTED}@%S", make sure the image was signed successfully`,
    ),
  },
  {
    name: "deny",
    image: `${ATTESTED}:good`,
    changes: attested({
      attestors: by("fixture-signer"),
      attestations: [sbom()],
      validate: {
        message: "not today",
        deny: { conditions: all("{{ request.operation }}", "Equals", "CREATE", "it is created") },
      },
    }),
    sentence: "validation in verifyImages failed: not today; it is created",
  },
  {
    name: "missing-digest",
    image: `${SEED}:signed`,
    phase: "validate",
    sentence: `missing digest for ${SEED}:signed`,
  },
  {
    name: "unverified",
    image: `${SEED}:unsigned`,
    changes: { verify: { verifyDigest: false } },
    phase: "validate",
    sentence: `unverified image ${SEED}:unsigned`,
  },
];
