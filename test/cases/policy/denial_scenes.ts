/**
 * Denials and warnings, one of each kind that Kyverno knows, with its sentence written out from what Kyverno says.
 * `%R` stands for the image by its digest, `%S` for the digest of a signature's manifest.
 */
import { MalformedError, UnavailableError } from "../../../src/errors.ts";
import {
  createRegistryClient,
  DEFAULT_REGISTRY_SETTINGS,
  type OpenRepository,
  type Repository,
} from "../../../src/oci/mod.ts";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
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
  /** Registries in place of the fixtures'. */
  readonly open?: () => OpenRepository;
  readonly now?: Date;
  /** What the ConfigMap `trust/keys` holds, when there is one. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Denies where a digest is pinned, which a policy that only audits does not do. */
  readonly pins?: true;
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
const missing = () =>
  Promise.reject(
    new UnavailableError("ERR_REGISTRY_NOT_FOUND", "Cannot fetch the blob: the registry does not have it"),
  );
const tooMany = () =>
  Promise.reject(new MalformedError("ERR_TOO_LARGE", "Cannot list referrers: more than 1000 referrers"));
const down = () => Promise.reject(new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "Cannot connect to the registry"));

const REFUSED = new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 192.0.2.1:443") });

/** The registry client itself, before a registry that always answers the same. */
function openClient(fetch: () => Promise<Response>): OpenRepository {
  const ports = {
    fetch,
    now: () => new Date("2027-01-01T00:00:00Z"),
    sleep: () => Promise.resolve(),
    credentials: () => Promise.resolve(undefined),
    crypto: createWebCryptoProvider(),
  };
  return createRegistryClient(ports, DEFAULT_REGISTRY_SETTINGS);
}

/** A rule whose certificate is an entry of a ConfigMap. */
const FROM_CONFIG_MAP: PolicyChanges = {
  rule: { context: [{ name: "keys", configMap: { name: "keys", namespace: "trust" } }] },
  verify: { attestors: [{ entries: [{ certificates: { cert: "{{ keys.data.certificate }}" } }] }] },
};
const unreadable = (reason: string): string =>
  `failed to substitute variables: failed to resolve keys.data.certificate at path ` +
  `/verifyImages/0/attestors/0/entries/0/certificates/cert: ${reason}`;
/**
 * The deviation "variable-certificate": Kyverno begins as where a signature fails, and names neither field nor line.
 */
const noCertificate = (reason: string): string =>
  `failed to substitute variables: spec.rules[0].verifyImages[0].attestors[0].entries[0].certificates.cert: ${reason}`;

/** What Kyverno begins with when an image cannot be resolved; the rest is the engine's. */
const unresolved = (tag: string, reason: string): string =>
  verifying(
    `${SEED}:${tag}`,
    `failed to parse image reference: ${SEED}:${tag}: Cannot resolve "${tag}" of "${SEED}": ${reason}`,
  );

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
    name: "connection-refused",
    image: `${SEED}:signed`,
    open: () => openClient(() => Promise.reject(REFUSED)),
    status: "error",
    sentence: unresolved("signed", "ghcr.io did not answer: connect ECONNREFUSED 192.0.2.1:443"),
  },
  {
    name: "tag-missing",
    image: `${SEED}:absent`,
    open: () => openClient(() => Promise.resolve(new Response(null, { status: 404 }))),
    sentence: unresolved("absent", "ghcr.io answered 404"),
  },
  {
    name: "credentials-missing",
    image: `${SEED}:signed`,
    open: () => openClient(() => Promise.resolve(new Response(null, { status: 401 }))),
    sentence: unresolved(
      "signed",
      'ghcr.io answered 401 (it asks for nothing, expected "bearer" or "basic")',
    ),
  },
  {
    name: "not-yet-valid-certificate",
    image: `${SEED}:signed`,
    now: new Date("2019-01-01T00:00:00Z"),
    sentence: failing(
      `${SEED}:signed`,
      'verification time is before certificate "%C" validity period, it will be valid from "%T"',
    ),
  },
  {
    name: "blob-missing",
    image: `${SEED}:signed`,
    change: () => ({ fetchBlob: missing }),
    sentence: failing(`${SEED}:signed`, "Cannot fetch the blob: the registry does not have it"),
  },
  {
    name: "blob-unavailable",
    image: `${SEED}:signed`,
    change: () => ({ fetchBlob: down }),
    sentence: failing(`${SEED}:signed`, "Cannot connect to the registry"),
  },
  {
    name: "too-many-referrers",
    image: `${SEED}:signed`,
    change: () => ({ listReferrers: tooMany }),
    sentence: verifying(`${SEED}:signed`, "failed to verify %R: Cannot list referrers: more than 1000 referrers"),
  },
  {
    name: "preconditions-error",
    image: `${SEED}:signed`,
    changes: {
      rule: { preconditions: { all: [{ key: "{{ request.object.spec.nothing }}", operator: "Equals", value: "x" }] } },
    },
    status: "error",
    sentence: "failed to evaluate preconditions: failed to substitute variables in condition key: failed to resolve " +
      'request.object.spec.nothing at path : JMESPath query failed: Unknown key "nothing" in path',
  },
  {
    name: "config-map-missing",
    image: `${SEED}:signed`,
    changes: FROM_CONFIG_MAP,
    status: "error",
    sentence: unreadable(
      "failed to retrieve config map for context entry keys: failed to get configmap trust/keys : " +
        'configmaps "keys" not found',
    ),
  },
  {
    name: "config-map-without-entry",
    image: `${SEED}:signed`,
    changes: FROM_CONFIG_MAP,
    keys: { other: "x" },
    status: "error",
    sentence: unreadable('JMESPath query failed: Unknown key "certificate" in path'),
  },
  {
    name: "certificate-without-pem",
    image: `${SEED}:signed`,
    changes: FROM_CONFIG_MAP,
    keys: { certificate: "no certificate" },
    status: "error",
    sentence: noCertificate('Cannot parse PEM at line 1: "no certificate" stands outside a block'),
  },
  {
    name: "certificate-malformed",
    image: `${SEED}:signed`,
    changes: FROM_CONFIG_MAP,
    keys: { certificate: "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n" },
    status: "error",
    sentence: noCertificate(
      'Cannot decode certificate: Cannot read DER at offset 2: "tbsCertificate" has identifier 0x2, expected 0x30 ' +
        "(line 1 of the PEM text)",
    ),
  },
  {
    name: "digest-unknown",
    image: `${SEED}:signed`,
    changes: { verify: { attestors: undefined } },
    change: () => ({ resolve: down }),
    pins: true,
    status: "error",
    sentence: `failed to update digest: failed to fetch image reference: ${SEED}:signed, error: ` +
      "Cannot connect to the registry",
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
