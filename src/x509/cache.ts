/**
 * Certificates kept by their bytes: the same bytes give the same object, so everything known of a certificate (its key
 * as imported, its fingerprint, the chains it was proven in) is found again by identity.
 */
import { decodeBase64, equalBytes } from "../encoding/mod.ts";
import { type Certificate, decodeCertificate } from "./certificate.ts";

/** Certificates kept at most; those not asked for longest go first, half of them at a time. */
export const MAX_CACHED_CERTIFICATES = 512;

/**
 * Bytes of a certificate that is kept at most; real ones have one or two thousand. A larger one is decoded each time.
 */
export const MAX_CACHED_CERTIFICATE_BYTES = 8 * 1024;

/**
 * A bounded map in two generations: what is asked for moves to the younger one, and when that is full the older one is
 * dropped. A hit costs one look-up, where strict order of use would cost three.
 */
interface Generations<Key, Value> {
  readonly get: (key: Key) => Value | undefined;
  readonly keep: (key: Key, value: Value) => Value;
}

function createGenerations<Key, Value>(): Generations<Key, Value> {
  let young = new Map<Key, Value>();
  let old = new Map<Key, Value>();
  const keep = (key: Key, value: Value): Value => {
    if (young.size >= MAX_CACHED_CERTIFICATES / 2) [young, old] = [new Map(), young];
    young.set(key, value);
    return value;
  };
  const get = (key: Key): Value | undefined => {
    const found = young.get(key);
    if (found !== undefined) return found;
    const older = old.get(key);
    return older === undefined ? undefined : keep(key, older);
  };
  return { get, keep };
}

/** By a hash of the bytes. One certificate per hash: a collision costs a decoding, never a mistake. */
const byHash = createGenerations<number, Certificate>();
/**
 * By the last characters of base64 text, which spares the decoding of what was seen before. A certificate ends in its
 * signature, so its end tells it from others, and engines hash a short key faster than the whole text.
 */
const byEnd = createGenerations<string, { readonly text: string; readonly certificate: Certificate }>();
const END_CHARACTERS = 24;

/**
 * Decodes a certificate, or gives the one decoded before from the same bytes.
 *
 * @param der One certificate, DER. A copy is kept.
 * @throws {MalformedError} `ERR_CERTIFICATE`
 */
export function readCertificate(der: Uint8Array): Certificate {
  const hash = hashBytes(der);
  const known = byHash.get(hash);
  if (known !== undefined && equalBytes(known.der, der)) return known;
  // A copy: the caller's buffer may be larger than the certificate, or change.
  const certificate = decodeCertificate(der.slice());
  return isKept(certificate) ? byHash.keep(hash, certificate) : certificate;
}

/**
 * Decodes a certificate of base64 text, or gives the one decoded before from the same bytes.
 *
 * @param text Base64 with padding, as in `x5c` (RFC 7515, section 4.1.6).
 * @throws {MalformedError} `ERR_BASE64`, `ERR_CERTIFICATE`
 */
export function readCertificateFromBase64(text: string): Certificate {
  const end = text.slice(-END_CHARACTERS);
  const known = byEnd.get(end);
  if (known?.text === text) return known.certificate;
  const certificate = readCertificate(decodeBase64(text));
  if (isKept(certificate)) byEnd.keep(end, { text, certificate });
  return certificate;
}

function isKept({ der }: Certificate): boolean {
  return der.length <= MAX_CACHED_CERTIFICATE_BYTES;
}

/** FNV-1a over 32 bits: not for security, equality is compared. */
function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < bytes.length; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  return hash >>> 0;
}
