/** RFC 3339 text ⇄ instant and the offset it was written with. */
import type { AttributeTime } from "./envelope.ts";

const RFC3339 =
  /^\d{4}-\d{2}-(\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,3}(\d{0,6}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Parses a date and time with its offset: upper-case `T` and `Z`, no leap second, a fraction cut to milliseconds, which
 * is said.
 *
 * @returns `undefined` when it is anything else, or a day that does not exist.
 *
 * Spec: RFC 3339, section 5.6.
 */
export function parseRfc3339(text: string): AttributeTime | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, day, finer = "", sign, hours = "0", minutes = "0"] = match;
  const magnitude = Number(hours) * 60 + Number(minutes);
  const offsetMinutes = sign === "-" && magnitude > 0 ? -magnitude : magnitude;
  const instant = new Date(text);
  // The 30th of February is the 2nd of March to some engines and no date to others.
  const local = new Date(instant.getTime() + offsetMinutes * 60_000);
  if (local.getUTCDate() !== Number(day)) return undefined;
  return Number(finer) > 0 ? { instant, isLater: true, offsetMinutes } : { instant, offsetMinutes };
}

/**
 * RFC 3339 without fractions, which are cut, at the time's own offset; `Z` where that is nothing or there is none.
 *
 * @returns Such as `2026-11-23T17:40:51+09:00`.
 */
export function formatRfc3339({ instant, offsetMinutes = 0 }: AttributeTime): string {
  const local = new Date(instant.getTime() + offsetMinutes * 60_000).toISOString();
  const withoutFraction = local.slice(0, local.indexOf("."));
  if (offsetMinutes === 0) return `${withoutFraction}Z`;
  const minutes = Math.abs(offsetMinutes);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${withoutFraction}${offsetMinutes < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}
