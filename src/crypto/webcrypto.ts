/** CryptoProvider over `crypto.subtle` (W3C Web Cryptography API). */
import { EngineError, MalformedError, UnsupportedError } from "../errors.ts";
import type { CryptoProvider, DigestAlgorithm, PublicKey, SignatureAlgorithm } from "../ports.ts";
import { ALGORITHMS, HASH_BYTES, keySpecOf, signatureBytes } from "./algorithms.ts";
import { hasPointOnCurve } from "./curves.ts";
import { checkKey } from "./key_check.ts";

const HASH_NAMES: Readonly<Record<DigestAlgorithm, string>> = {
  sha1: "SHA-1",
  sha256: "SHA-256",
  sha384: "SHA-384",
  sha512: "SHA-512",
};

interface Parameters {
  readonly verify: RsaPssParams | EcdsaParams | Algorithm;
  readonly importKey: (key: PublicKey) => RsaHashedImportParams | EcKeyImportParams;
}

function parametersOf(algorithm: SignatureAlgorithm): Parameters {
  const { scheme, hash } = ALGORITHMS[algorithm];
  const hashName = HASH_NAMES[hash];
  switch (scheme) {
    case "RSASSA-PSS":
      return {
        verify: { name: "RSA-PSS", saltLength: HASH_BYTES[hash] },
        importKey: () => ({ name: "RSA-PSS", hash: hashName }),
      };
    case "RSASSA-PKCS1-v1_5":
      return { verify: { name: scheme }, importKey: () => ({ name: scheme, hash: hashName }) };
    case "ECDSA":
      return {
        verify: { name: "ECDSA", hash: hashName },
        importKey: ({ curve }) => ({ name: "ECDSA", namedCurve: curve as string }),
      };
  }
}

// Made once: a verification allocates none of it.
const PARAMETERS = Object.fromEntries(
  Object.keys(ALGORITHMS).map((name) => [name, parametersOf(name as SignatureAlgorithm)]),
) as Readonly<Record<SignatureAlgorithm, Parameters>>;

/** The platform's typings want views of an ArrayBuffer that is not shared; nothing here ever is. */
type Bytes = Uint8Array<ArrayBuffer>;

function unavailable(what: string, cause: unknown): UnsupportedError {
  const detail = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", `Cannot ${what} with WebCrypto: ${detail}`, { cause });
}

/**
 * A provider over WebCrypto. An imported key is kept as long as its `PublicKey` object lives, so the same object costs
 * one import per algorithm.
 *
 * @param subtle By default the runtime's own; where there is none, every question is answered `ERR_CRYPTO_UNAVAILABLE`.
 */
export function createWebCryptoProvider(subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle): CryptoProvider {
  // Per key, what was imported: first the promise, so that two at once import once, then the key itself.
  const imported = new WeakMap<PublicKey, Partial<Record<SignatureAlgorithm, CryptoKey | Promise<CryptoKey>>>>();

  function importKey(algorithm: SignatureAlgorithm, key: PublicKey): Promise<CryptoKey> {
    const keys = imported.get(key) ?? {};
    imported.set(key, keys);
    const work = importChecked(required(subtle), algorithm, key).then(
      (cryptoKey) => (keys[algorithm] = cryptoKey),
      (error) => {
        delete keys[algorithm];
        throw error;
      },
    );
    keys[algorithm] = work;
    return work;
  }

  return {
    name: "WebCrypto",
    async digest(algorithm, data) {
      try {
        return new Uint8Array(await required(subtle).digest(HASH_NAMES[algorithm], data as Bytes));
      } catch (error) {
        throw error instanceof EngineError ? error : unavailable(`compute ${algorithm}`, error);
      }
    },
    async verify(algorithm, key, signature, data) {
      const kept = imported.get(key)?.[algorithm] ?? importKey(algorithm, key);
      const cryptoKey = kept instanceof Promise ? await kept : kept;
      // Runtimes differ in what they do with a signature of another length; no such signature fits.
      if (signature.length !== signatureBytes(key)) return false;
      try {
        return await required(subtle).verify(
          PARAMETERS[algorithm].verify,
          cryptoKey,
          signature as Bytes,
          data as Bytes,
        );
      } catch (error) {
        throw unavailable(`verify ${algorithm}`, error);
      }
    },
  };
}

function required(subtle: SubtleCrypto | undefined): SubtleCrypto {
  if (subtle !== undefined) return subtle;
  throw new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "Cannot use WebCrypto: this runtime has no crypto.subtle");
}

async function importChecked(subtle: SubtleCrypto, algorithm: SignatureAlgorithm, key: PublicKey): Promise<CryptoKey> {
  checkKey(algorithm, key);
  try {
    const parameters = PARAMETERS[algorithm].importKey(key);
    return await subtle.importKey("spki", key.spki as Bytes, parameters, false, ["verify"]);
  } catch (error) {
    // Runtimes say DataError both of a bad key and of a curve they lack: our own reading of the key tells which it is.
    if (error instanceof Error && error.name === "DataError" && key.type === "EC" && !hasPointOnCurve(key)) {
      throw new MalformedError("ERR_CERTIFICATE", `Cannot use public key: its point is not on ${key.curve}`, {
        cause: error,
      });
    }
    throw unavailable(`import ${keySpecOf(key)} for ${algorithm}`, error);
  }
}
