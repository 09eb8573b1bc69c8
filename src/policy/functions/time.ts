/** Functions over times and durations. Times are RFC 3339 unless a layout says otherwise. */
import {
  clockOf,
  floorDivide,
  formatDuration,
  formatRfc3339,
  type GoTime,
  MAX_DURATION_NANOSECONDS,
  type ParsedTime,
  parseDuration,
  parseTime,
  RFC3339_LAYOUT,
} from "../../encoding/mod.ts";
import type { ExpressionFunction } from "../../expressions/mod.ts";
import { bareFailure } from "./failure.ts";

const TEXT = ["string"] as const;

/** @param now The clock; its time is told in UTC, as where Kyverno runs. */
export function timeFunctions(now: () => Date): readonly (readonly [string, ExpressionFunction])[] {
  const current = (): GoTime => ({ nanoseconds: BigInt(now().getTime()) * 1_000_000n, offsetSeconds: 0 });
  return [
    ["time_now", { evaluate: () => formatRfc3339(current()), ...NO_PARAMETERS }],
    ["time_now_utc", { evaluate: () => formatRfc3339(current()), ...NO_PARAMETERS }],
    ["time_since", {
      parameters: [TEXT, TEXT, TEXT],
      evaluate: (layout: string, from: string, to: string) => {
        const start = readTime(from, layout);
        return difference(start, to === "" ? current() : readTime(to, layout));
      },
    }],
    ["time_add", {
      parameters: [TEXT, TEXT],
      evaluate: (time: string, duration: string) => {
        const start = readTime(time);
        return formatRfc3339({ ...start, nanoseconds: start.nanoseconds + readDuration(duration) });
      },
    }],
    ["time_parse", { parameters: [TEXT, TEXT], evaluate: parse }],
    ["time_to_cron", { parameters: [TEXT], evaluate: cron }],
    ["time_utc", {
      parameters: [TEXT],
      evaluate: (time: string) => formatRfc3339({ ...readTime(time), offsetSeconds: 0 }),
    }],
    ["time_diff", {
      parameters: [TEXT, TEXT],
      evaluate: (from: string, to: string) => difference(readTime(from), readTime(to)),
    }],
    ["time_before", {
      parameters: [TEXT, TEXT],
      evaluate: (time: string, other: string) => readTime(time).nanoseconds < readTime(other).nanoseconds,
    }],
    ["time_after", {
      parameters: [TEXT, TEXT],
      evaluate: (time: string, other: string) => readTime(time).nanoseconds > readTime(other).nanoseconds,
    }],
    ["time_between", { parameters: [TEXT, TEXT, TEXT], evaluate: isBetween }],
    ["time_truncate", { parameters: [TEXT, TEXT], evaluate: truncate }],
  ];
}

/** Functions that take nothing do not look at what they are given, as in Kyverno. */
const NO_PARAMETERS = { parameters: [], variadic: true } as const;

function readTime(text: string, layout = ""): GoTime {
  return timeOf(parseTime(layout === "" ? RFC3339_LAYOUT : layout, text));
}

function timeOf(parsed: ParsedTime): GoTime {
  if ("fault" in parsed) throw bareFailure(parsed.fault);
  return parsed.time;
}

function readDuration(text: string): bigint {
  const parsed = parseDuration(text);
  if ("fault" in parsed) throw bareFailure(parsed.fault);
  return parsed.nanoseconds;
}

/** As a duration; what is longer than the longest is the longest. */
function difference(from: GoTime, to: GoTime): string {
  const nanoseconds = to.nanoseconds - from.nanoseconds;
  if (nanoseconds > MAX_DURATION_NANOSECONDS) return formatDuration(MAX_DURATION_NANOSECONDS);
  const least = -MAX_DURATION_NANOSECONDS - 1n;
  return formatDuration(nanoseconds < least ? least : nanoseconds);
}

/** A layout that is a number says that the time is one: seconds since 1970. */
function parse(layout: string, text: string): string {
  if (!/^[+-]?\d{1,18}$/.test(layout)) return formatRfc3339(timeOf(parseTime(layout, text)));
  if (!/^[+-]?\d+$/.test(text)) throw bareFailure(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  const seconds = Number(text);
  if (Math.abs(seconds) > 8.64e12) throw bareFailure(`strconv.ParseInt: parsing "${text}": value out of range`);
  return formatRfc3339({ nanoseconds: BigInt(seconds) * 1_000_000_000n, offsetSeconds: 0 });
}

/** Minute, hour, day, month, day of the week: by the clock the time was read from. */
function cron(text: string): string {
  const clock = clockOf(readTime(text));
  const fields = [clock.getUTCMinutes(), clock.getUTCHours(), clock.getUTCDate(), clock.getUTCMonth() + 1];
  return [...fields, clock.getUTCDay()].join(" ");
}

function isBetween(time: string, from: string, to: string): boolean {
  const [at, start, end] = [readTime(time), readTime(from), readTime(to)];
  return at.nanoseconds > start.nanoseconds && at.nanoseconds < end.nanoseconds;
}

/** From 1970 back to the year 1, from which Go counts multiples. */
const YEAR_ONE = 62_135_596_800_000_000_000n;

function truncate(text: string, duration: string): string {
  const time = readTime(text);
  const step = readDuration(duration);
  if (step <= 0n) return formatRfc3339(time);
  const since = time.nanoseconds + YEAR_ONE;
  return formatRfc3339({ ...time, nanoseconds: floorDivide(since, step) * step - YEAR_ONE });
}
