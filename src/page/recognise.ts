/** What kind of file this is, told from its bytes: names and types of files are what somebody typed. */
import { decodeUtf8 } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";

/** Size of a file at most. */
export const MAX_FILE_BYTES = 10 * 1024 * 1024;

export type Recognised =
  | { readonly kind: "envelope"; readonly mediaType: "application/jose+json" | "application/cose" }
  | { readonly kind: "certificate" }
  | { readonly kind: "other"; readonly looksLike: string };

/** First byte of a CBOR tag 18 (COSE_Sign1), and of an array of four without it. */
const COSE_TAG = 0xd2;
const COSE_UNTAGGED = 0x84;

/** First byte of a DER SEQUENCE. */
const DER_SEQUENCE = 0x30;

/** Tells an envelope from a certificate, and says of anything else what it looks like. */
export function recognise(bytes: Uint8Array): Recognised {
  const first = bytes[0];
  if (first === undefined) return { kind: "other", looksLike: "an empty file" };
  if (first === COSE_TAG || first === COSE_UNTAGGED) return { kind: "envelope", mediaType: "application/cose" };
  if (first === DER_SEQUENCE && (bytes[1] ?? 0) >= 0x80) return { kind: "certificate" };
  const text = textOf(bytes);
  if (text === undefined) return { kind: "other", looksLike: "a binary file that is no envelope and no certificate" };
  if (/^\s*-----BEGIN CERTIFICATE-----/.test(text)) return { kind: "certificate" };
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text)?.[1];
  if (label !== undefined) return { kind: "other", looksLike: `PEM text with a ${label}` };
  if (/^\s*\{/.test(text)) {
    return /"(?:payload|protected|signature)"\s*:/.test(text)
      ? { kind: "envelope", mediaType: "application/jose+json" }
      : { kind: "other", looksLike: "a JSON document that is no signature envelope" };
  }
  if (/^[\w-]+\.[\w-]+\.[\w-]+\s*$/.test(text)) {
    return { kind: "other", looksLike: "a compact JWS; the Notary Project stores the JSON form" };
  }
  return { kind: "other", looksLike: "text that is no envelope and no certificate" };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
