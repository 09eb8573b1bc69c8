/** Failures of TLS, told from those of the network: asking again does not mend a certificate. */

/** What Node and OpenSSL call a certificate or a handshake that will not do. */
const CODES: ReadonlySet<string> = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "EPROTO",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What rustls says of the same, in Deno. */
const WORDS = /invalid peer certificate|received corrupt message|received fatal alert|peer is incompatible/i;

/** Errors that wrap one another, at most. */
const MAX_DEPTH = 5;

/**
 * Tells whether a failed `fetch` failed at TLS.
 *
 * @returns The runtime's own words, not safe to print; `undefined` where it failed at something else, or the runtime
 * does not say, as browsers and workers do not.
 */
export function tlsReason(thrown: unknown): string | undefined {
  let error: unknown = thrown;
  for (let depth = 0; depth < MAX_DEPTH && error instanceof Error; depth++) {
    const code = "code" in error ? String(error.code) : "";
    if (CODES.has(code) || /^ERR_(?:TLS|SSL)_/.test(code)) return error.message === "" ? code : error.message;
    const [words] = WORDS.exec(error.message) ?? [];
    if (words !== undefined) return error.message.slice(error.message.indexOf(words));
    error = (error instanceof AggregateError ? error.errors[0] : undefined) ?? error.cause;
  }
  return undefined;
}
