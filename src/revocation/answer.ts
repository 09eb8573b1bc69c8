/** What an OCSP response or a CRL says about one certificate, and why it may say nothing. */

/** Reasons by their number in CRLReason; 7 is not used (RFC 5280, section 5.3.1). */
const REASONS = [
  "unspecified",
  "keyCompromise",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "certificateHold",
  undefined,
  "removeFromCRL",
  "privilegeWithdrawn",
  "aACompromise",
] as const;

/** Why a certificate was revoked. */
export type RevocationReason = NonNullable<(typeof REASONS)[number]>;

/** The reason a number stands for; `undefined` for a number that has none. */
export function reasonOf(number: number): RevocationReason | undefined {
  return REASONS[number];
}

/** Why an answer says nothing. Like an error code, a name never changes its meaning. */
export type AnswerProblem =
  /** Nobody can be asked from here, and nothing was supplied that tells. */
  | "not-asked"
  /** The URL is none that is asked: its scheme, its form, or a place only we could reach. */
  | "source-refused"
  /** No answer: the network, the deadline, or an HTTP status other than 200. */
  | "unreachable"
  /** The decision it was asked for had made all the requests it may make. */
  | "request-budget"
  | "too-large"
  /** Not the DER structure that was asked for. */
  | "malformed"
  /** The responder answered with an error instead of a status. */
  | "responder-error"
  /** The response is about other certificates. */
  | "other-certificate"
  /** Whoever signed the response may not speak for the issuer. */
  | "responder-not-authorized"
  /** Whether the responder's own certificate is revoked cannot be told. */
  | "responder-unchecked"
  | "signature"
  /** This runtime cannot compute its signature. */
  | "not-computed"
  /** Its time is still to come. */
  | "not-yet-valid"
  | "expired"
  /** It does not say until when it may be believed. */
  | "no-next-update"
  /** It answers another question than the one that was sent. */
  | "nonce"
  | "critical-extension"
  /** The responder does not know the certificate. */
  | "certificate-unknown"
  /** The CRL is another issuer's, or the issuer may not sign CRLs. */
  | "issuer"
  /** The CRL is not about this kind of certificate or not of this distribution point. */
  | "scope"
  /** The CRL has entries of other issuers, or another issuer keeps it. */
  | "indirect"
  /** The changes since the CRL was made cannot be had or do not fit. */
  | "delta"
  /** Not every reason for which it may be revoked was covered. */
  | "reasons";

/** The certificate is not revoked. */
export interface OkAnswer extends AnswerTimes {
  readonly status: "ok";
}

export interface RevokedAnswer {
  readonly status: "revoked";
  readonly revokedAt: Date;
  /** Absent when none was given. */
  readonly reason?: RevocationReason;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
}

export interface UnknownAnswer {
  readonly status: "unknown";
  readonly problem: AnswerProblem;
  /** A clause without a subject, such as `expired at …`; safe to print. */
  readonly message: string;
}

/** `unknown` says nothing about the certificate; it is never taken for `ok`. */
export type RevocationAnswer = OkAnswer | RevokedAnswer | UnknownAnswer;

/** An answer that says nothing. */
export const unknown = (problem: AnswerProblem, message: string): UnknownAnswer => ({
  status: "unknown",
  problem,
  message,
});

/** Seconds by which the clock of whoever signed an answer may be ahead of ours. */
export const MAX_CLOCK_SKEW_SECONDS = 60;

/** Whether an instant lies in the future, clocks' differences apart. */
export function isAhead(instant: Date, at: Date): boolean {
  return instant.getTime() > at.getTime() + MAX_CLOCK_SKEW_SECONDS * 1000;
}

/** From when until when an answer may be believed. */
export interface AnswerTimes {
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}

/**
 * The times of an answer that may be believed at this instant, or what is wrong with them. It is too old from the
 * instant of `nextUpdate` on, and one that does not say when that is is never believed.
 *
 * Spec: RFC 6960, section 4.2.2.1; RFC 5280, sections 5.1.2.4 and 5.1.2.5; Notary Project,
 * trust-store-trust-policy.md, "Certificate Revocation Evaluation".
 */
export function currentTimes(
  { thisUpdate, nextUpdate }: { readonly thisUpdate: Date; readonly nextUpdate?: Date },
  at: Date,
): AnswerTimes | UnknownAnswer {
  if (isAhead(thisUpdate, at)) {
    return unknown("not-yet-valid", `is of ${thisUpdate.toISOString()}, which is after ${at.toISOString()}`);
  }
  if (nextUpdate === undefined) return unknown("no-next-update", "does not say until when it may be believed");
  if (nextUpdate < thisUpdate) return unknown("malformed", "has a next update before its own time");
  if (nextUpdate > at) return { thisUpdate, nextUpdate };
  return unknown("expired", `expired at ${nextUpdate.toISOString()}, asked at ${at.toISOString()}`);
}
