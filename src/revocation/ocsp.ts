/** One OCSP response and one certificate → what it says of it (RFC 6960). Pure: nobody is asked here. */
import { equalBytes, printable, readDer, readOctetString, readTime } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import type { CryptoProvider } from "../ports.ts";
import type { Certificate, Extension } from "../x509/mod.ts";
import { currentTimes, isAhead, type RevocationAnswer, unknown, type UnknownAnswer } from "./answer.ts";
import { matchCertificateId } from "./certificate_id.ts";
import { NONCE_OID } from "./ocsp_request.ts";
import { findSigner, type ResponderContext } from "./ocsp_responder.ts";
import { type BasicResponse, decodeOcspResponse, type SingleStatus } from "./ocsp_response.ts";

/** What a response is judged by. */
export interface OcspQuestion extends ResponderContext {
  /** The nonce that was sent, if one was. */
  readonly nonce?: Uint8Array;
  /** When the artifact was signed, where an authority vouches for it. */
  readonly signedAt?: Date;
}

/** What a response says, and who must not be revoked themselves for it to be believed. */
export interface OcspJudgement {
  readonly answer: RevocationAnswer;
  /** A delegated responder whose certificate does not say that it need not be checked. */
  readonly uncheckedResponder?: Certificate;
}

/** `id-pkix-ocsp-nocheck`: the issuer vouches for the responder as long as its certificate lasts. */
const NO_CHECK_OID = "1.3.6.1.5.5.7.48.1.5";
/** `invalidityDate`: since when the key is known or suspected to have been misused. */
export const INVALIDITY_DATE_OID = "2.5.29.24";

/** Extensions that may be critical: the nonce, and those that only add to what is known (RFC 6960, section 4.4). */
const UNDERSTOOD_EXTENSIONS: ReadonlySet<string> = new Set([
  NONCE_OID,
  INVALIDITY_DATE_OID,
  "1.3.6.1.5.5.7.48.1.3", // CRL references
  "1.3.6.1.5.5.7.48.1.6", // archive cutoff
  "1.3.6.1.5.5.7.48.1.9", // extended revoked definition
]);

/**
 * Judges an OCSP response: that it answers this question, that its signer may speak for the issuer, that its time is
 * now.
 *
 * @param der OCSPResponse as received, whatever it is.
 * @returns `ok` or `revoked` only of a response that meets every rule.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: RFC 6960, section 3.2; Notary Project, trust-store-trust-policy.md, "OCSP".
 */
export async function judgeOcspResponse(
  der: Uint8Array,
  question: OcspQuestion,
  crypto: Pick<CryptoProvider, "digest" | "verify">,
): Promise<OcspJudgement> {
  try {
    const response = decodeOcspResponse(der);
    if (response.status === "successful") return await judge(response, question, crypto);
    return { answer: unknown("responder-error", `is the error "${response.status}"`) };
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return { answer: unknown("malformed", `is no OCSP response: ${printable(error.message)}`) };
  }
}

async function judge(
  response: BasicResponse,
  question: OcspQuestion,
  crypto: Pick<CryptoProvider, "digest" | "verify">,
): Promise<OcspJudgement> {
  const statuses: SingleStatus[] = [];
  for (const status of response.statuses) {
    if (await matchCertificateId(status.id, question.certificate, question.issuer, crypto)) statuses.push(status);
  }
  if (statuses.length === 0) {
    return { answer: unknown("other-certificate", "is about other certificates than the one asked") };
  }
  const signer = await findSigner(response, question, crypto);
  if ("status" in signer) return { answer: signer };
  const fault = responseFault(response, statuses, question);
  if (fault !== undefined) return { answer: fault };
  const answers = statuses.map((status) => answerOf(status, question));
  // Two statements about one certificate: the worse one counts.
  const answer = answers.find(({ status }) => status === "revoked") ??
    answers.find(({ status }) => status === "unknown") ?? answers[0] as RevocationAnswer;
  if (signer.by === "issuer" || signer.responder.extensions.has(NO_CHECK_OID)) return { answer };
  return { answer, uncheckedResponder: signer.responder };
}

/** What is wrong with a response whose signature is proven. */
function responseFault(
  response: BasicResponse,
  statuses: readonly SingleStatus[],
  { at, nonce }: OcspQuestion,
): UnknownAnswer | undefined {
  for (const { oid, critical } of [response, ...statuses].flatMap(({ extensions }) => [...extensions.values()])) {
    if (critical && !UNDERSTOOD_EXTENSIONS.has(oid)) {
      return unknown("critical-extension", `has the critical extension ${oid}, which is not known here`);
    }
  }
  const echoed = response.extensions.get(NONCE_OID);
  if (nonce !== undefined && echoed !== undefined && !equalBytes(nonceOf(echoed), nonce)) {
    return unknown("nonce", "answers a question with another nonce");
  }
  if (isAhead(response.producedAt, at)) {
    const produced = response.producedAt.toISOString();
    return unknown("not-yet-valid", `was produced at ${produced}, which is after ${at.toISOString()}`);
  }
  return undefined;
}

function nonceOf({ value }: Extension): Uint8Array {
  return readOctetString(readDer(value), "nonce");
}

function answerOf(
  single: SingleStatus,
  { at, signedAt }: OcspQuestion,
): RevocationAnswer {
  const { status, revokedAt, reason, extensions } = single;
  const times = currentTimes(single, at);
  if ("status" in times) return times;
  if (status === "unknown") {
    return unknown("certificate-unknown", "says that the responder does not know the certificate");
  }
  if (status === "good" || revokedAt === undefined || wasSignedBefore(extensions, signedAt)) {
    return { status: "ok", ...times };
  }
  return { status: "revoked", revokedAt, ...(reason === undefined ? {} : { reason }), ...times };
}

/**
 * Whether an authority vouches for a signing time before the instant from which on the key is not to be trusted.
 *
 * @throws {MalformedError} `ERR_DER`
 *
 * Spec: RFC 5280, section 5.3.2; Notary Project, trust-store-trust-policy.md, "Certificate Revocation Evaluation".
 */
export function wasSignedBefore(extensions: ReadonlyMap<string, Extension>, signedAt: Date | undefined): boolean {
  const invalidity = extensions.get(INVALIDITY_DATE_OID);
  if (invalidity === undefined) return false;
  const since = readTime(readDer(invalidity.value), "invalidityDate");
  return signedAt !== undefined && signedAt < since;
}
