/** What is said of a token once it was judged, and how the reference implementation begins its sentences. */
import { type ErrorCode, type Refusal, refusal } from "../errors.ts";
import type { Certificate } from "../x509/mod.ts";
import type { TimestampRange } from "./range.ts";

/**
 * What is known of a token once it was judged. Not knowing whether the authority's certificates are revoked is no part
 * of it.
 */
export type TimestampVerdict =
  | {
    readonly trusted: true;
    readonly range: TimestampRange;
    /** The authority's certificate first, the trust anchor last. */
    readonly authorityChain: readonly Certificate[];
  }
  | TimestampRefusal;

/** Why a token proves nothing. */
export interface TimestampRefusal {
  readonly trusted: false;
  readonly refusal: Refusal;
  /** The reference implementation's sentence where it is known; absent where it accepts. */
  readonly reference?: string;
}

/** A refusal with `message` after "Cannot accept the timestamp: ". */
export function refuseTimestamp(code: ErrorCode, message: string, reference?: string): TimestampRefusal {
  const refused = { trusted: false, refusal: refusal(code, `Cannot accept the timestamp: ${message}`) } as const;
  return reference === undefined ? refused : { ...refused, reference };
}

/** How the reference begins what it says of a token's own content. */
export const FAILED_TO_GET = "failed to get timestamp from timestamp countersignature with error";
/** How it begins what it says of a token in an envelope. */
export const FAILED_COUNTERSIGNATURE = "failed to verify the timestamp countersignature with error";
/** How it begins what it says of signer and signature. */
export const FAILED_TO_VERIFY = `${FAILED_COUNTERSIGNATURE}: failed to verify signed token`;
/** How it begins what it says of the authority's chain. */
export const FAILED_CHAIN = "failed to validate the timestamping certificate chain with error";

/** How its CMS library begins. */
export const cmsFailure = (what: string): string => `${FAILED_TO_VERIFY}: cms verification failure: ${what}`;
