/** Whether a token's signer signed it: the signature over the signed attributes, and what they say of the content. */
import { ALGORITHMS, HASH_OIDS, readSignatureAlgorithm } from "../crypto/mod.ts";
import { equalBytes, printable, readDer } from "../encoding/mod.ts";
import { EngineError } from "../errors.ts";
import type { CryptoProvider, HashAlgorithm, SignatureAlgorithm } from "../ports.ts";
import { type Certificate, formatName, verifyCertificateSignature } from "../x509/mod.ts";
import type { SignedAttributes } from "./signed_attributes.ts";
import type { TimestampToken, TokenSigner } from "./token.ts";
import { cmsFailure, refuseTimestamp, type TimestampRefusal } from "./verdict.ts";

/**
 * Judges the signature.
 *
 * @param certificate The signer's, as the signed attribute names it.
 * @returns `undefined` when it holds.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: RFC 5652, sections 5.4 and 5.6.
 */
export async function refuseSignature(
  token: TimestampToken,
  signer: TokenSigner,
  certificate: Certificate,
  attributes: SignedAttributes,
  crypto: CryptoProvider,
): Promise<TimestampRefusal | undefined> {
  const hash = HASH_OIDS.get(signer.digestAlgorithm);
  const signatureAlgorithm = algorithmOf(signer, hash);
  if (hash === undefined || signatureAlgorithm === undefined) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `it is signed with an algorithm or a hash (${signer.digestAlgorithm}) that is none of RSA or ECDSA with SHA-256, ` +
        "SHA-384 or SHA-512",
    );
  }
  const { signedBytes: tbs, contentType, messageDigest } = attributes;
  const signed = { tbs, signatureAlgorithm, signature: signer.signature };
  if (!await verifyCertificateSignature(signed, certificate, crypto)) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `by the key of "${printable(formatName(certificate.subject))}" its signature does not fit the signed attributes`,
      cmsFailure(ALGORITHMS[signatureAlgorithm].scheme === "ECDSA" ? "x509: ECDSA verification failure" : RSA_FAILURE),
    );
  }
  if (contentType !== token.contentType) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `it was signed as ${contentType ?? "content of no type"}, expected ${token.contentType}`,
      contentType === undefined ? undefined : cmsFailure(
        `mismatch content type: found "${contentType}" in signer info, and "${token.contentType}" in signed data`,
      ),
    );
  }
  if (messageDigest !== undefined && equalBytes(messageDigest, await crypto.digest(hash, token.content))) {
    return undefined;
  }
  return refuseTimestamp(
    "TIMESTAMP_INVALID",
    "the signed digest is not that of its content",
    messageDigest === undefined ? undefined : cmsFailure("mismatch message digest"),
  );
}

const RSA_FAILURE = "crypto/rsa: verification error";
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

/**
 * The algorithm a signer names: of a signature and its hash together, or of a key, with the hash beside it.
 *
 * @returns `undefined` when it is none this engine verifies, or names another hash than the signer does.
 *
 * Spec: RFC 3370, section 3.2; RFC 5754, section 3.
 */
function algorithmOf(signer: TokenSigner, hash: HashAlgorithm | undefined): SignatureAlgorithm | undefined {
  try {
    const { oid, algorithm } = readSignatureAlgorithm(readDer(signer.signatureAlgorithm));
    if (oid === RSA_ENCRYPTION && hash !== undefined) {
      return `RSASSA-PKCS1-v1_5-SHA-${hash.slice("sha".length) as "256" | "384" | "512"}`;
    }
    return algorithm !== undefined && ALGORITHMS[algorithm].hash === hash ? algorithm : undefined;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}
