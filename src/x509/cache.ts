/**
 * Certificates kept by their bytes: the same bytes give the same object, so everything known of a certificate (its key as
 * imported, its fingerprint, the chains it was proven in) is found again by identity.
 */
import { decodeBase64, equalBytes } from "../encoding/mod.ts";
import { type Certificate, decodeCertificate } from "./certificate.ts";

/** Certificates kept at most; the one not asked for longest goes first. */
export const MAX_CACHED_CERTIFICATES = 512;

/** By a hash of the bytes. One certificate per hash: a collision costs a decoding, never a mistake. */
const byHash = new Map<number, Certificate>();
/** By base64 text, which spares the decoding of what was seen before. */
const byText = new Map<string, Certificate>();

/**
 * Decodes a certificate, or gives the one decoded before from the same bytes.
 *
 * @param der One certificate, DER. A copy is kept.
 * @throws {MalformedError} `ERR_CERTIFICATE`
 */
export function readCertificate(der: Uint8Array): Certificate {
  const hash = hashBytes(der);
  const known = byHash.get(hash);
  if (known !== undefined && equalBytes(known.der, der)) return recent(byHash, hash, known);
  // A copy: the caller's buffer may be larger than the certificate, or change.
  return recent(byHash, hash, decodeCertificate(der.slice()));
}

/**
 * Decodes a certificate of base64 text, or gives the one decoded before from the same bytes.
 *
 * @param text Base64 with padding, as in `x5c` (RFC 7515, section 4.1.6).
 * @throws {MalformedError} `ERR_BASE64`, `ERR_CERTIFICATE`
 */
export function readCertificateFromBase64(text: string): Certificate {
  return recent(byText, text, byText.get(text) ?? readCertificate(decodeBase64(text)));
}

/** Moves an entry to the end of its map, the place of the most recent, and drops the oldest beyond the bound. */
function recent<Key>(map: Map<Key, Certificate>, key: Key, certificate: Certificate): Certificate {
  map.delete(key);
  map.set(key, certificate);
  if (map.size > MAX_CACHED_CERTIFICATES) {
    const oldest = map.keys().next();
    if (!oldest.done) map.delete(oldest.value);
  }
  return certificate;
}

/** FNV-1a over 32 bits: not for security, equality is compared. */
function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  return hash >>> 0;
}
