/**
 * CryptoProvider in plain JavaScript, for runtimes that lack an algorithm: hashes and curves by the @noble libraries,
 * RSA over BigInt. The libraries are imported when first needed, so that a bundler keeps them in a part of their own.
 */
import { EngineError, MalformedError, UnsupportedError } from "../errors.ts";
import type { CryptoProvider, Curve, DigestAlgorithm, HashAlgorithm, PublicKey, SignatureAlgorithm } from "../ports.ts";
import { ALGORITHMS, signatureBytes } from "./algorithms.ts";
import { hasPointOnCurve } from "./curves.ts";
import { checkKey } from "./key_check.ts";
import { ecPoint, type RsaNumbers, rsaNumbers } from "./public_key.ts";
import { type Hash, verifyPkcs1, verifyPss } from "./rsa.ts";

type Hashes = Readonly<Record<HashAlgorithm, Hash>>;
type VerifyPoint = (signature: Uint8Array, digest: Uint8Array, point: Uint8Array) => boolean;
type Curves = Readonly<Record<Curve, VerifyPoint>>;

async function loadHashes(): Promise<Hashes> {
  const { sha256, sha384, sha512 } = await import("@noble/hashes/sha2.js");
  return { sha256: (data) => sha256(data), sha384: (data) => sha384(data), sha512: (data) => sha512(data) };
}

/** Apart from the others, because it is for names of keys only. */
async function loadSha1(): Promise<Hash> {
  const { sha1 } = await import("@noble/hashes/legacy.js");
  return (data) => sha1(data);
}

async function loadCurves(): Promise<Curves> {
  const { p256, p384, p521 } = await import("@noble/curves/nist.js");
  // The digest is made here, since certificates pair any hash with any curve; an s above half the order is as good as
  // its complement, which envelopes and certificates do not choose between.
  const options = { prehash: false, lowS: false, format: "compact" } as const;
  return {
    "P-256": (signature, digest, point) => p256.verify(signature, digest, point, options),
    "P-384": (signature, digest, point) => p384.verify(signature, digest, point, options),
    "P-521": (signature, digest, point) => p521.verify(signature, digest, point, options),
  };
}

/** Runs the import once; a failed one is tried again by the next caller. */
function once<Value>(load: () => Promise<Value>): () => Promise<Value> {
  let loading: Promise<Value> | undefined;
  return () =>
    loading ??= load().catch((cause) => {
      loading = undefined;
      throw new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "Cannot load the plain JavaScript algorithms", { cause });
    });
}

/** A provider that needs nothing of its runtime: every algorithm of `ports.ts`, slower than WebCrypto. */
export function createNobleProvider(): CryptoProvider {
  const hashes = once(loadHashes);
  const curves = once(loadCurves);
  const sha1 = once(loadSha1);
  const numbers = new WeakMap<PublicKey, RsaNumbers>();

  const hashOf = async (algorithm: DigestAlgorithm): Promise<Hash> =>
    algorithm === "sha1" ? await sha1() : (await hashes())[algorithm];

  function numbersOf(key: PublicKey): RsaNumbers {
    const kept = numbers.get(key);
    if (kept !== undefined) return kept;
    const read = rsaNumbers(key);
    numbers.set(key, read);
    return read;
  }

  return {
    name: "plain JavaScript",
    async digest(algorithm, data) {
      return (await hashOf(algorithm))(data);
    },
    async verify(algorithm, key, signature, data) {
      checkKey(algorithm, key);
      const { scheme, hash } = ALGORITHMS[algorithm];
      const hashFunction = (await hashes())[hash];
      if (signature.length !== signatureBytes(key)) return false;
      try {
        const digest = hashFunction(data);
        if (scheme === "RSASSA-PSS") return verifyPss(numbersOf(key), hash, digest, signature, hashFunction);
        if (scheme === "RSASSA-PKCS1-v1_5") return verifyPkcs1(numbersOf(key), hash, digest, signature);
        if (!hasPointOnCurve(key)) {
          throw new MalformedError("ERR_CERTIFICATE", `Cannot use public key: its point is not on ${key.curve}`);
        }
        return (await curves())[key.curve as Curve](signature, digest, ecPoint(key));
      } catch (error) {
        if (error instanceof EngineError) throw error;
        throw new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", `Cannot verify ${algorithm} in plain JavaScript`, {
          cause: error,
        });
      }
    },
  };
}

/**
 * Whether the signature is RSASSA-PSS with a salt of whatever length, which RFC 7518, section 3.5 does not allow: for
 * comparisons with implementations that accept it, never for a decision.
 *
 * @param algorithm One whose scheme is RSASSA-PSS.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`, `ERR_ALGORITHM_UNSUPPORTED`
 */
export async function verifyPssOfAnySalt(
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  checkKey(algorithm, key);
  const { hash } = ALGORITHMS[algorithm];
  const hashFunction = (await once(loadHashes)())[hash];
  return verifyPss(rsaNumbers(key), hash, hashFunction(data), signature, hashFunction, "any");
}
