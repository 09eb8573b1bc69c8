/** Signatures made by `crypto.subtle` with a key of this machine (W3C Web Cryptography API). */
import { ConfigurationError, UnsupportedError } from "../errors.ts";
import type { SignatureAlgorithm } from "../ports.ts";
import { ALGORITHMS, HASH_BYTES, keySpecOf, signatureAlgorithmOfKey } from "./algorithms.ts";
import type { PrivateKey } from "./private_key.ts";

/** Makes signatures with one key; see {@link importSigningKey}. */
export interface KeySigner {
  /** The one algorithm the Notary Project pairs with the key. */
  readonly algorithm: SignatureAlgorithm;
  /**
   * @param data The bytes to sign, not their digest.
   * @returns RSA: the signature as is; ECDSA: r‖s.
   * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
   */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/**
 * Gives a private key to WebCrypto, which does not give it back.
 *
 * @param subtle By default the runtime's own.
 * @throws {UnsupportedError} `ERR_ALGORITHM_UNSUPPORTED` for keys outside the Notary Project's table,
 * `ERR_CRYPTO_UNAVAILABLE` when this runtime lacks the algorithm.
 * @throws {ConfigurationError} `ERR_KEY` when its numbers are no key.
 */
export async function importSigningKey(
  key: PrivateKey,
  subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle,
): Promise<KeySigner> {
  const algorithm = signatureAlgorithmOfKey(key);
  if (subtle === undefined) {
    throw new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "Cannot sign: this runtime has no crypto.subtle");
  }
  const { hash } = ALGORITHMS[algorithm];
  const hashName = `SHA-${hash.slice("sha".length)}`;
  const [importing, signing] = key.curve === undefined
    ? [{ name: "RSA-PSS", hash: hashName }, { name: "RSA-PSS", saltLength: HASH_BYTES[hash] }] as const
    : [{ name: "ECDSA", namedCurve: key.curve }, { name: "ECDSA", hash: hashName }] as const;
  const spec = keySpecOf(key);
  let imported: CryptoKey;
  try {
    imported = await subtle.importKey("pkcs8", key.pkcs8 as Uint8Array<ArrayBuffer>, importing, false, ["sign"]);
  } catch (error) {
    // Without the runtime's words: nobody promises that they hold nothing of the key.
    const name = error instanceof Error ? error.name : "unknown";
    if (name === "DataError") throw new ConfigurationError("ERR_KEY", `Cannot use private key: it is no ${spec} key`);
    throw new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", `Cannot import ${spec} with WebCrypto: ${name}`);
  }
  return {
    algorithm,
    async sign(data) {
      try {
        return new Uint8Array(await subtle.sign(signing, imported, data as Uint8Array<ArrayBuffer>));
      } catch (error) {
        const name = error instanceof Error ? error.name : "unknown";
        throw new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", `Cannot sign with ${spec} by WebCrypto: ${name}`);
      }
    },
  };
}
