/**
 * Whether certificates are still good (RFC 6960; RFC 5280, section 6.3).
 *
 * ```ts
 * const checker = createRevocationChecker({ crypto, now, fetch, sleep });
 * const [leaf] = await checker.check(chain, { signal });
 * if (leaf?.status === "revoked") refuse(leaf.answer.revokedAt);
 * ```
 */
export {
  type AnswerProblem,
  MAX_CLOCK_SKEW_SECONDS,
  type OkAnswer,
  type RevocationAnswer,
  type RevocationReason,
  type RevokedAnswer,
  type UnknownAnswer,
} from "./answer.ts";
export { type CertificateId, certificateIdOf } from "./certificate_id.ts";
export { type Crl, decodeCrl, MAX_CRL_BYTES } from "./crl.ts";
export { type CrlQuestion, judgeCrl, judgeCrlWithDelta } from "./crl_status.ts";
export type { AskedSource, RevocationPorts, RevocationSettings } from "./inquiry.ts";
export { judgeOcspResponse, type OcspJudgement, type OcspQuestion } from "./ocsp.ts";
export { encodeOcspRequest, NONCE_BYTES } from "./ocsp_request.ts";
export { decodeOcspResponse, MAX_OCSP_RESPONSE_BYTES, type OcspResponse } from "./ocsp_response.ts";
export { CRL_TIMEOUT_MILLISECONDS, OCSP_TIMEOUT_MILLISECONDS } from "./in_flight.ts";
export {
  type CertificateRevocation,
  type CheckOptions,
  createRevocationChecker,
  type RevocationChecker,
  type RevocationStatus,
} from "./status.ts";
