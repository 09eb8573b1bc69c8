/**
 * Timestamps by authorities: tokens read and judged, requests made (RFC 3161; RFC 5652; RFC 5816).
 *
 * ```ts
 * const token = readTimestampToken(bytes);
 * const verdict = await verifyTimestamp(token, envelope.signature, roots, crypto);
 * if (verdict.trusted) console.log(verdict.range.text, verdict.authorityChain);
 * ```
 */
export { readTimestampAddress, type TimestampAddress } from "./address.ts";
export { MAX_TIMESTAMP_BYTES } from "./ber.ts";
export { type TimestampRange, timestampRange } from "./range.ts";
export {
  encodeTimestampRequest,
  MAX_TIMESTAMP_RESPONSE_BYTES,
  readTimestampResponse,
  type ReceivedTimestamp,
  requestTimestamp,
  TIMESTAMP_TIMEOUT_MILLISECONDS,
  type TimestampAuthority,
  type TimestampQuery,
} from "./request.ts";
export type { TimestampStrictRule, Tolerates } from "./strict.ts";
export { readTimestampToken, type TimestampToken } from "./token.ts";
export type { TimestampRefusal, TimestampVerdict } from "./verdict.ts";
export { matchTimestamp, verifyTimestamp } from "./verify.ts";
