/**
 * One table of signature algorithms: key spec ↔ JWS ↔ COSE ↔ X.509 object identifier ↔ parameters of the primitive.
 *
 * Spec: Notary Project, signature-specification.md, "Signature Algorithm Requirements"; RFC 7518, section 3.1; RFC
 * 9053, section 2.1 and RFC 8230, section 2; RFC 8017, appendix A; RFC 5758, section 3.2.
 */
import { UnsupportedError } from "../errors.ts";
import type { Curve, HashAlgorithm, KeySpec, PublicKey, SignatureAlgorithm } from "../ports.ts";

export type { KeySpec };

/** The primitive below a signature algorithm. */
export type SignatureScheme = "RSASSA-PSS" | "RSASSA-PKCS1-v1_5" | "ECDSA";

/** What is known of one signature algorithm. */
export interface AlgorithmFacts {
  readonly scheme: SignatureScheme;
  readonly hash: HashAlgorithm;
  /** Name in a JWS `alg`; absent where envelopes may not use the algorithm. */
  readonly jws?: string;
  /** Label in a COSE `alg`; absent where envelopes may not use the algorithm. */
  readonly cose?: number;
  /** The key the Notary Project pairs with it; absent where envelopes may not use the algorithm. */
  readonly keySpec?: KeySpec;
  /** `AlgorithmIdentifier.algorithm` in certificates; for RSASSA-PSS the hash stands in the parameters. */
  readonly oid: string;
}

/** Object identifier of RSASSA-PSS, whose hash is in its parameters (RFC 8017, appendix A.2.3). */
export const RSASSA_PSS_OID = "1.2.840.113549.1.1.10";

/** Every signature algorithm this engine verifies. */
export const ALGORITHMS: Readonly<Record<SignatureAlgorithm, AlgorithmFacts>> = {
  "RSASSA-PSS-SHA-256": {
    scheme: "RSASSA-PSS",
    hash: "sha256",
    jws: "PS256",
    cose: -37,
    keySpec: "RSA-2048",
    oid: RSASSA_PSS_OID,
  },
  "RSASSA-PSS-SHA-384": {
    scheme: "RSASSA-PSS",
    hash: "sha384",
    jws: "PS384",
    cose: -38,
    keySpec: "RSA-3072",
    oid: RSASSA_PSS_OID,
  },
  "RSASSA-PSS-SHA-512": {
    scheme: "RSASSA-PSS",
    hash: "sha512",
    jws: "PS512",
    cose: -39,
    keySpec: "RSA-4096",
    oid: RSASSA_PSS_OID,
  },
  "ECDSA-SHA-256": {
    scheme: "ECDSA",
    hash: "sha256",
    jws: "ES256",
    cose: -7,
    keySpec: "EC-256",
    oid: "1.2.840.10045.4.3.2",
  },
  "ECDSA-SHA-384": {
    scheme: "ECDSA",
    hash: "sha384",
    jws: "ES384",
    cose: -35,
    keySpec: "EC-384",
    oid: "1.2.840.10045.4.3.3",
  },
  "ECDSA-SHA-512": {
    scheme: "ECDSA",
    hash: "sha512",
    jws: "ES512",
    cose: -36,
    keySpec: "EC-521",
    oid: "1.2.840.10045.4.3.4",
  },
  "RSASSA-PKCS1-v1_5-SHA-256": { scheme: "RSASSA-PKCS1-v1_5", hash: "sha256", oid: "1.2.840.113549.1.1.11" },
  "RSASSA-PKCS1-v1_5-SHA-384": { scheme: "RSASSA-PKCS1-v1_5", hash: "sha384", oid: "1.2.840.113549.1.1.12" },
  "RSASSA-PKCS1-v1_5-SHA-512": { scheme: "RSASSA-PKCS1-v1_5", hash: "sha512", oid: "1.2.840.113549.1.1.13" },
};

const ROWS = Object.entries(ALGORITHMS) as readonly (readonly [SignatureAlgorithm, AlgorithmFacts])[];

function lookup<Key>(keyOf: (facts: AlgorithmFacts) => Key | undefined): ReadonlyMap<Key, SignatureAlgorithm> {
  const map = new Map<Key, SignatureAlgorithm>();
  for (const [name, facts] of ROWS) {
    const key = keyOf(facts);
    if (key !== undefined) map.set(key, name);
  }
  return map;
}

/** By the name in a JWS `alg`: the six that Notary envelopes may use. */
export const JWS_ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = lookup(({ jws }) => jws);

/** By the label in a COSE `alg`: the six that Notary envelopes may use. */
export const COSE_ALGORITHMS: ReadonlyMap<number, SignatureAlgorithm> = lookup(({ cose }) => cose);

/** By the object identifier in a certificate, RSASSA-PSS apart. */
export const OID_ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = lookup(({ scheme, oid }) =>
  scheme === "RSASSA-PSS" ? undefined : oid
);

const KEY_SPEC_ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = lookup(({ keySpec }) => keySpec);

/** Hash algorithms by object identifier (RFC 5754, section 2). */
export const HASH_OIDS: ReadonlyMap<string, HashAlgorithm> = new Map([
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

/** Bytes of a hash. */
export const HASH_BYTES: Readonly<Record<HashAlgorithm, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** Bits of the prime below each curve. */
export const CURVE_BITS: Readonly<Record<Curve, number>> = { "P-256": 256, "P-384": 384, "P-521": 521 };

/** Bytes of r, of s, and of each coordinate of a point of the curve. */
export function fieldBytes(curve: Curve): number {
  return Math.ceil(CURVE_BITS[curve] / 8);
}

/** Bytes of every signature of this key: r‖s for ECDSA, the modulus for RSA. */
export function signatureBytes(key: PublicKey): number {
  return key.curve === undefined ? Math.ceil(key.sizeBits / 8) : 2 * fieldBytes(key.curve);
}

/** The key's name: `RSA-2048`, `EC-521`; also of keys that may not sign envelopes, such as `RSA-1024`. */
export function keySpecOf(key: Pick<PublicKey, "type" | "sizeBits">): string {
  return `${key.type}-${key.sizeBits}`;
}

/**
 * The one algorithm the Notary Project lets a key sign envelopes with.
 *
 * @throws {UnsupportedError} `ERR_ALGORITHM_UNSUPPORTED` for keys outside its table.
 *
 * Spec: Notary Project, signature-specification.md, "Algorithm Selection".
 */
export function signatureAlgorithmOfKey(key: Pick<PublicKey, "type" | "sizeBits">): SignatureAlgorithm {
  const algorithm = KEY_SPEC_ALGORITHMS.get(keySpecOf(key));
  if (algorithm === undefined) {
    throw new UnsupportedError(
      "ERR_ALGORITHM_UNSUPPORTED",
      `Cannot choose a signature algorithm: the key is ${keySpecOf(key)}, expected one of ${
        [...KEY_SPEC_ALGORITHMS.keys()].join(", ")
      }`,
    );
  }
  return algorithm;
}
