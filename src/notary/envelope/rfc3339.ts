/** RFC 3339 text → instant and the offset it was written with. */
import type { AttributeTime } from "./envelope.ts";

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/**
 * Parses a date and time with its offset: upper-case `T` and `Z`, no leap second, a fraction cut to milliseconds.
 *
 * @returns `undefined` when it is anything else, or a day or time that does not exist.
 *
 * Spec: RFC 3339, section 5.6.
 */
export function parseRfc3339(text: string): AttributeTime | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const number = (group: number): number => Number(match[group] ?? "0");
  const [year, month, day] = [number(1), number(2), number(3)];
  const [hour, minute, second] = [number(4), number(5), number(6)];
  const [offsetHour, offsetMinute] = [number(9), number(10)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  // Not Date.UTC: it takes years below 100 for those of the twentieth century.
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return undefined;
  local.setUTCHours(hour, minute, second, Number((match[7] ?? "0").padEnd(3, "0").slice(0, 3)));
  const offsetMinutes = (match[8] === "-" ? -1 : 1) * (offsetHour * 60 + offsetMinute) + 0;
  return { instant: new Date(local.getTime() - offsetMinutes * 60_000), offsetMinutes };
}
