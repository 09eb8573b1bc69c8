/** When a token was made, as far as it can be told: its time, give or take its accuracy. */
import type { TimestampInfo } from "./tst_info.ts";

/** The interval in which a token was made, both ends included. */
export interface TimestampRange {
  /** What the token says, cut to the millisecond. */
  readonly genTime: Date;
  /**
   * The same, rounded up to the millisecond: bounds in whole seconds hold at the token's time where they hold at both.
   */
  readonly genTimeCeiling: Date;
  /** Give or take, in seconds. */
  readonly accuracySeconds: number;
  /** The earliest instant it can have been made at, rounded down to the millisecond. */
  readonly earliest: Date;
  /** The latest instant, rounded up to the millisecond. Against bounds in whole seconds neither rounding shows. */
  readonly latest: Date;
  /** Both ends to the nanosecond: RFC 3339 in UTC, as Go prints them. */
  readonly text: { readonly earliest: string; readonly latest: string };
}

/** ETSI's baseline policy for timestamps (EN 319 421), whose authorities are accurate to a second. */
export const BASELINE_POLICY = "0.4.0.2023.1.1";

const SECOND = 1_000_000_000n;

/**
 * The interval a token stands for. An accuracy of nothing means exactly `genTime`, but under the baseline policy, which
 * promises one second.
 *
 * Spec: RFC 3161, section 2.4.2; Notary Project, trust-store-trust-policy.md, "Signature Verification details".
 */
export function timestampRange(info: TimestampInfo): TimestampRange {
  const stated = info.accuracyNanoseconds;
  const accuracy = stated === 0n && info.policy === BASELINE_POLICY ? SECOND : stated;
  const [earliest, latest] = [info.genTimeNanoseconds - accuracy, info.genTimeNanoseconds + accuracy];
  return {
    genTime: floorDate(info.genTimeNanoseconds),
    genTimeCeiling: ceilDate(info.genTimeNanoseconds),
    accuracySeconds: Number(accuracy) / Number(SECOND),
    earliest: floorDate(earliest),
    latest: ceilDate(latest),
    text: { earliest: formatNanoseconds(earliest), latest: formatNanoseconds(latest) },
  };
}

const MILLISECOND = 1_000_000n;

/** The quotient rounded down, also below zero. */
function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

function floorDate(nanoseconds: bigint): Date {
  return new Date(Number(floorDivide(nanoseconds, MILLISECOND)));
}

function ceilDate(nanoseconds: bigint): Date {
  return new Date(Number(-floorDivide(-nanoseconds, MILLISECOND)));
}

/** `2026-11-23T08:48:28.5Z`: as many digits as are needed. */
function formatNanoseconds(nanoseconds: bigint): string {
  const seconds = floorDivide(nanoseconds, SECOND);
  const fraction = String(nanoseconds - seconds * SECOND).padStart(9, "0").replace(/0+$/, "");
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, -".000Z".length);
  return `${whole}${fraction === "" ? "" : `.${fraction}`}Z`;
}
