/**
 * CryptoProvider over `node:crypto`. Node's WebCrypto hands every verification to another thread, which takes longer
 * than an RSA or P-256 verification itself; here those are computed where they are asked for, and all else is left to
 * WebCrypto.
 */
import { Buffer } from "node:buffer";
import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import { ALGORITHMS, checkKey, signatureBytes } from "../crypto/mod.ts";
import type { CryptoProvider, PublicKey, SignatureAlgorithm } from "../ports.ts";

/** P-384 and P-521 take longer than 0.1 ms, for which everything else would have to wait. */
function isQuick(algorithm: SignatureAlgorithm, { type, curve }: PublicKey): boolean {
  return ALGORITHMS[algorithm].scheme === "ECDSA" ? curve === "P-256" : type === "RSA";
}

/**
 * A provider that computes RSA and P-256 verifications itself.
 *
 * @param next Asked for everything else, and about keys OpenSSL does not take, so that it words what is wrong with
 * them.
 */
export function createNodeCryptoProvider(next: CryptoProvider): CryptoProvider {
  const imported = new WeakMap<PublicKey, KeyObject>();

  /** `undefined` for a key OpenSSL does not take. */
  function importKey(algorithm: SignatureAlgorithm, key: PublicKey): KeyObject | undefined {
    const known = imported.get(key);
    if (known !== undefined) return known;
    checkKey(algorithm, key);
    try {
      const keyObject = createPublicKey({ key: Buffer.from(key.spki), format: "der", type: "spki" });
      imported.set(key, keyObject);
      return keyObject;
    } catch {
      return undefined;
    }
  }

  return {
    name: `node:crypto, else ${next.name}`,
    digest: (algorithm, data) => next.digest(algorithm, data),
    async verify(algorithm, key, signature, data) {
      const keyObject = isQuick(algorithm, key) ? importKey(algorithm, key) : undefined;
      if (keyObject === undefined) return await next.verify(algorithm, key, signature, data);
      return signature.length === signatureBytes(key) && compute(algorithm, keyObject, signature, data);
    },
  };
}

function compute(algorithm: SignatureAlgorithm, key: KeyObject, signature: Uint8Array, data: Uint8Array): boolean {
  const { hash, scheme } = ALGORITHMS[algorithm];
  switch (scheme) {
    case "RSASSA-PSS": {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return verify(hash, data, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, signature);
    }
    case "RSASSA-PKCS1-v1_5":
      return verify(hash, data, key, signature);
    case "ECDSA":
      return verify(hash, data, { key, dsaEncoding: "ieee-p1363" }, signature);
  }
}
