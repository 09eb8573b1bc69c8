/**
 * Whether a certificate's key signed another certificate, or what is signed like one (RFC 5280, section 6.1.3, step
 * a.1).
 */
import { ALGORITHMS, ecdsaDerToRaw, fieldBytes } from "../crypto/mod.ts";
import { MalformedError } from "../errors.ts";
import type { CryptoProvider } from "../ports.ts";
import type { Certificate } from "./certificate.ts";

/** What is signed as a certificate is: also CRLs and OCSP responses. */
export type SignedStructure = Pick<Certificate, "tbs" | "signatureAlgorithm" | "signature">;

/**
 * Verifies the signature of a certificate with the key of another. Names, validity and usage are not looked at.
 *
 * @param signed A certificate, or another structure signed in the same way.
 *
 * @returns `false` when it does not fit, when key and algorithm do not belong together, and for algorithms and keys
 * this engine does not verify, SHA-1 among them.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE` when the provider lacks the algorithm.
 */
export async function verifyCertificateSignature(
  signed: SignedStructure,
  issuer: Certificate,
  crypto: Pick<CryptoProvider, "verify">,
): Promise<boolean> {
  const { signatureAlgorithm: algorithm, tbs, signature } = signed;
  const key = issuer.publicKey;
  if (algorithm === undefined || key.type === "unsupported") return false;
  const forCurves = ALGORITHMS[algorithm].scheme === "ECDSA";
  if (key.curve === undefined) return forCurves ? false : await crypto.verify(algorithm, key, signature, tbs);
  if (!forCurves) return false;
  const raw = rawSignature(signature, fieldBytes(key.curve));
  return raw !== undefined && await crypto.verify(algorithm, key, raw, tbs);
}

/** A value that is no ECDSA signature fits no key. */
function rawSignature(der: Uint8Array, coordinateBytes: number): Uint8Array | undefined {
  try {
    return ecdsaDerToRaw(der, coordinateBytes);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
