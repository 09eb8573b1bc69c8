/** OCSP questions (RFC 6960, section 4.1). */
import { contextTag, TAG, writeDer, writeOid, writeSequence } from "../encoding/mod.ts";
import { type CertificateId, encodeCertificateId } from "./certificate_id.ts";

/** `id-pkix-ocsp-nonce`. */
export const NONCE_OID = "1.3.6.1.5.5.7.48.1.2";

/** Octets of a nonce this client sends (RFC 9654, section 2.1: 32, and responders take up to 128). */
export const NONCE_BYTES = 32;

/**
 * An unsigned question about one certificate.
 *
 * @param id Made with SHA-1.
 * @param nonce Comes back in the answer of a responder that knows nonces; most answer the same to everyone and do not.
 * @returns OCSPRequest, DER.
 *
 * Spec: RFC 6960, section 4.1.1; RFC 9654, section 2.
 */
export function encodeOcspRequest(id: CertificateId, nonce?: Uint8Array): Uint8Array<ArrayBuffer> {
  const requestList = writeSequence(writeSequence(encodeCertificateId(id)));
  if (nonce === undefined) return writeSequence(writeSequence(requestList));
  const value = writeDer(TAG.octetString, writeDer(TAG.octetString, nonce));
  const extensions = writeSequence(writeSequence(writeOid(NONCE_OID), value));
  return writeSequence(writeSequence(requestList, writeDer(contextTag(2, "constructed"), extensions)));
}
