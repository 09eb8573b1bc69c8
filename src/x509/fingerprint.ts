/** The name of a certificate's bytes: their SHA-256. */
import { encodeHex } from "../encoding/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import type { Certificate } from "./certificate.ts";

const fingerprints = new WeakMap<Certificate, Promise<string>>();

/**
 * SHA-256 of a certificate's DER, as lower-case hex; computed once per certificate.
 *
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 */
export function fingerprint(certificate: Certificate, crypto: Pick<CryptoProvider, "digest">): Promise<string> {
  const known = fingerprints.get(certificate);
  if (known !== undefined) return known;
  const computed = crypto.digest("sha256", certificate.der).then(encodeHex);
  fingerprints.set(certificate, computed);
  // What failed for a passing reason is asked again the next time.
  computed.catch(() => fingerprints.delete(certificate));
  return computed;
}
