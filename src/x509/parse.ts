/** Certificate files: PEM with one or several blocks, or DER with one certificate after the other. */
import { decodeUtf8, derBytes, parsePem, readDerValues } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import { readCertificate } from "./cache.ts";
import type { Certificate } from "./certificate.ts";

/** Certificates of one file read at most. */
export const MAX_CERTIFICATES_PER_FILE = 1024;

/**
 * Reads the certificates of a file, in their order.
 *
 * @param input PEM text or its bytes, or concatenated DER.
 * @returns At least one certificate.
 * @throws {MalformedError} `ERR_CERTIFICATE` when there is none, a block is something else, or one cannot be decoded;
 * `ERR_PEM` for text around the blocks.
 *
 * Spec: RFC 7468, section 5.
 */
export function parseCertificates(input: string | Uint8Array): readonly Certificate[] {
  const encodings = typeof input !== "string" && input[0] === SEQUENCE ? splitDer(input) : splitPem(input);
  if (encodings.length === 0 || encodings.length > MAX_CERTIFICATES_PER_FILE) {
    throw new MalformedError(
      "ERR_CERTIFICATE",
      `Cannot read certificates: found ${encodings.length}, expected 1 to ${MAX_CERTIFICATES_PER_FILE}`,
    );
  }
  return encodings.map(readCertificate);
}

/** First octet of every DER certificate; no PEM text begins with "0". */
const SEQUENCE = 0x30;

function splitDer(bytes: Uint8Array): readonly Uint8Array[] {
  return readDerValues(bytes).map(derBytes);
}

function splitPem(input: string | Uint8Array): readonly Uint8Array[] {
  const text = typeof input === "string" ? input : decodeUtf8(input, "ERR_PEM");
  return parsePem(text).map(({ label, der, line }) => {
    if (label === "CERTIFICATE") return der;
    throw new MalformedError(
      "ERR_CERTIFICATE",
      `Cannot read certificates: the block at line ${line} is "${label}", expected "CERTIFICATE"`,
    );
  });
}
