/** The certificates an envelope carries. */
import { MalformedError } from "../../errors.ts";
import type { Certificate } from "../../x509/mod.ts";
import { type ReferenceCause, refuseFormat } from "./refuse.ts";

/** Certificates of one chain at most. */
export const MAX_CHAIN_CERTIFICATES = 10;

/**
 * Reads each certificate of a chain; how they belong together is not looked at.
 *
 * @param read Reads one; memoized by its encoding.
 * @throws {MalformedError} `ERR_ENVELOPE_FORMAT` for a number of certificates outside the bounds, `ERR_CERTIFICATE`
 * naming the place of the one that cannot be decoded.
 */
export function readChain<Encoded>(
  format: string,
  encoded: readonly Encoded[],
  read: (certificate: Encoded) => Certificate,
): readonly Certificate[] {
  if (encoded.length === 0 || encoded.length > MAX_CHAIN_CERTIFICATES) {
    const what = `${encoded.length} certificates, expected 1 to ${MAX_CHAIN_CERTIFICATES}`;
    refuseFormat(format, what, encoded.length === 0 ? NO_CHAIN : undefined);
  }
  return encoded.map((certificate, index) => {
    try {
      return read(certificate);
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      const what = `Cannot read certificate ${index + 1} of ${encoded.length} in the ${format} envelope`;
      throw new MalformedError("ERR_CERTIFICATE", `${what}: ${cause.message}`, {
        cause: index === 0 ? MALFORMED_LEAF : cause,
      });
    }
  });
}

/** What the reference says of an envelope without certificates. */
export const NO_CHAIN: ReferenceCause = { reference: "certificate chain is not present" };
const MALFORMED_LEAF: ReferenceCause = { reference: "malformed leaf certificate" };
