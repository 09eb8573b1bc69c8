/**
 * Named algorithms and the providers that compute them.
 *
 * ```ts
 * const crypto = withFallback(createWebCryptoProvider(), createNobleProvider());
 * const key = readPublicKey(readDer(spki));
 * if (key.type !== "unsupported") await crypto.verify(signatureAlgorithmOfKey(key), key, signature, signedBytes);
 * ```
 */
export { type NamedAlgorithm, readSignatureAlgorithm } from "./algorithm_identifier.ts";
export {
  type AlgorithmFacts,
  ALGORITHMS,
  COSE_ALGORITHMS,
  fieldBytes,
  HASH_BYTES,
  HASH_OIDS,
  JWS_ALGORITHMS,
  type KeySpec,
  keySpecOf,
  signatureAlgorithmOfKey,
  signatureBytes,
  type SignatureScheme,
} from "./algorithms.ts";
export { type Digest, digestAlgorithm, digestHex, digestOf, isDigest, matchDigest, parseDigest } from "./digest.ts";
export { ecdsaDerToRaw, ecdsaRawToDer } from "./ecdsa_signature.ts";
export { withFallback } from "./fallback.ts";
export { createMacKey, MAC_BYTES, type MacKey } from "./hmac.ts";
export { checkKey } from "./key_check.ts";
export { createNobleProvider, verifyPssOfAnySalt } from "./noble.ts";
export { belongsTo, MAX_KEY_FILE_BYTES, parsePrivateKey, type PrivateKey } from "./private_key.ts";
export { MAX_RSA_BITS, MAX_RSA_EXPONENT, readPublicKey, type UnsupportedKey } from "./public_key.ts";
export { digestOfText } from "./text_digest.ts";
export { createWebCryptoProvider } from "./webcrypto.ts";
export { importSigningKey, type KeySigner } from "./webcrypto_signer.ts";
