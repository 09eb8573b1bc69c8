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
  if (typeof input !== "string" && input[0] === SEQUENCE) return numbered(splitDer(input)).map(readCertificate);
  return numbered(splitPem(input)).map(readBlock);
}

function numbered<T>(encodings: readonly T[]): readonly T[] {
  if (encodings.length === 0 || encodings.length > MAX_CERTIFICATES_PER_FILE) {
    throw new MalformedError(
      "ERR_CERTIFICATE",
      `Cannot read certificates: found ${encodings.length}, expected 1 to ${MAX_CERTIFICATES_PER_FILE}`,
    );
  }
  return encodings;
}

/** First octet of every DER certificate; no PEM text begins with "0". */
const SEQUENCE = 0x30;

function splitDer(bytes: Uint8Array): readonly Uint8Array[] {
  return readDerValues(bytes).map(derBytes);
}

/** A certificate of PEM text, from the line its block begins at. */
interface CertificateBlock {
  readonly der: Uint8Array;
  readonly line: number;
}

function readBlock({ der, line }: CertificateBlock): Certificate {
  try {
    return readCertificate(der);
  } catch (thrown) {
    if (!(thrown instanceof MalformedError)) throw thrown;
    throw new MalformedError(thrown.code, `${thrown.message} (line ${line} of the PEM text)`, { cause: thrown });
  }
}

function splitPem(input: string | Uint8Array): readonly CertificateBlock[] {
  const text = typeof input === "string" ? input : decodeUtf8(input, "ERR_PEM");
  return parsePem(text).map(({ label, der, line }) => {
    if (label === "CERTIFICATE") return { der, line };
    throw new MalformedError(
      "ERR_CERTIFICATE",
      `Cannot read certificates: the block at line ${line} of the PEM text is "${label}", expected "CERTIFICATE"`,
    );
  });
}
