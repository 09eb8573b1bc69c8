/** Instants as Go's package `time` parses and prints them. */
import { type GoTimeElement, readLayout } from "./go_time_layout.ts";

/** An instant and the offset of the clock it was read from. */
export interface GoTime {
  /** Since 1970-01-01T00:00:00Z. */
  readonly nanoseconds: bigint;
  readonly offsetSeconds: number;
}

/**
 * An instant, or what is wrong with its text, in the words of Go; the fault quotes texts: escape it before it is
 * printed.
 */
export type ParsedTime = { readonly time: GoTime } | { readonly fault: string };

/** Go's layout of RFC 3339. */
export const RFC3339_LAYOUT = "2006-01-02T15:04:05Z07:00";

/** Characters of a layout or of a time at most. */
const MAX_LENGTH = 256;

const SECOND = 1_000_000_000n;

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October"];
const LONG_MONTHS = [...MONTHS, "November", "December"];
const LONG_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const short = (names: readonly string[]): readonly string[] => names.map((name) => name.slice(0, 3));
const [SHORT_MONTHS, SHORT_DAYS] = [short(LONG_MONTHS), short(LONG_DAYS)];

/** What the elements read so far say. */
interface Fields {
  year: number;
  month?: number;
  day?: number;
  yearDay?: number;
  hour: number;
  minute: number;
  second: number;
  nanosecond: number;
  half?: "am" | "pm";
  utc?: true;
  offset?: number;
  zone?: string;
}

/** The element cannot be read from the text, or says what is out of the range of the thing named. */
class Unreadable {
  readonly range: string | undefined;
  constructor(range?: string) {
    this.range = range;
  }
}

/**
 * Parses a time.
 *
 * @param layout In Go's manner: an example of how `Mon Jan 2 15:04:05 MST 2006` is written.
 * @returns Zones that are only named, other than `UTC` and `GMT+3`, have the offset 0, as Go has it outside of them.
 *
 * Spec: Go, package time, Parse.
 */
export function parseTime(layout: string, text: string): ParsedTime {
  const fault = (rest: string) => ({ fault: `parsing time ${quote(text)}${rest}` });
  if (layout.length > MAX_LENGTH || text.length > MAX_LENGTH) return fault(": too long");
  const cannot = (value: string, element: string) =>
    fault(` as ${quote(layout)}: cannot parse ${quote(value)} as ${quote(element)}`);
  const fields: Fields = { year: 0, hour: 0, minute: 0, second: 0, nanosecond: 0 };
  const reader = createReader(text);
  const elements = readLayout(layout);
  for (const [index, element] of elements.entries()) {
    if (!reader.skip(element.before)) return cannot(reader.rest(), element.before);
    if (element.type === "end") {
      if (reader.rest() !== "") return fault(`: extra text: ${quote(reader.rest())}`);
      break;
    }
    const held = reader.rest();
    try {
      readElement(element, elements[index + 1], reader, fields);
    } catch (thrown) {
      if (!(thrown instanceof Unreadable)) throw thrown;
      return thrown.range === undefined ? cannot(held, element.text) : fault(`: ${thrown.range} out of range`);
    }
  }
  return combine(fields, fault);
}

/** What is left of a text. */
interface Reader {
  readonly rest: () => string;
  readonly skip: (prefix: string) => boolean;
  /** Takes what the pattern, which begins with `^`, finds; `undefined` when it finds nothing. */
  readonly take: (pattern: RegExp) => string | undefined;
}

function createReader(text: string): Reader {
  let rest = text;
  const take = (pattern: RegExp): string | undefined => {
    const [found] = pattern.exec(rest) ?? [];
    rest = rest.slice(found?.length ?? 0);
    return found;
  };
  return {
    rest: () => rest,
    take,
    // A run of spaces stands for one or more, or at the end for none.
    skip: (prefix) => {
      for (let left = prefix; left !== "";) {
        if (left.startsWith(" ")) {
          if (rest !== "" && !rest.startsWith(" ")) return false;
          left = left.replace(/^ +/, "");
          rest = rest.replace(/^ +/, "");
        } else if (rest[0] === left[0]) {
          left = left.slice(1);
          rest = rest.slice(1);
        } else return false;
      }
      return true;
    },
  };
}

/** Up to five letters, or hours from UTC; `GMT` may have such hours behind it. */
const ZONE =
  /^(?:ChST|MeST|GMT(?:[+-]0*(?:2[0-3]|1?\d)(?!\d))?|[+-]0*(?:2[0-3]|1?\d)(?!\d)|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z]))/;

function readElement(
  element: GoTimeElement,
  next: GoTimeElement | undefined,
  { take }: Reader,
  fields: Fields,
): void {
  const must = (pattern: RegExp): string => {
    const found = take(pattern);
    if (found === undefined) throw new Unreadable();
    return found;
  };
  const number = (fixed: boolean, range: string, least: number, most: number): number => {
    const found = Number(must(fixed ? /^\d{2}/ : /^\d{1,2}/));
    if (found < least || found > most) throw new Unreadable(range);
    return found;
  };
  const name = (names: readonly string[]): number => {
    const found = names.findIndex((one) => take(new RegExp(`^${one}`, "i")) !== undefined);
    if (found < 0) throw new Unreadable();
    return found;
  };
  switch (element.type) {
    case "short year": {
      const year = Number(must(/^\d{2}/));
      fields.year = year + (year >= 69 ? 1900 : 2000);
      return;
    }
    case "year":
      fields.year = Number(must(/^\d{4}/));
      return;
    case "short month":
      fields.month = name(SHORT_MONTHS) + 1;
      return;
    case "long month":
      fields.month = name(LONG_MONTHS) + 1;
      return;
    case "month":
      fields.month = number(element.fixed, "month", 1, 12);
      return;
    case "short weekday":
      name(SHORT_DAYS);
      return;
    case "long weekday":
      name(LONG_DAYS);
      return;
    case "day":
      if (element.padded) take(/^ /);
      fields.day = number(element.fixed, "day", 0, 99);
      return;
    case "year day":
      if (element.padded) take(/^ {1,2}/);
      fields.yearDay = Number(must(element.fixed ? /^\d{3}/ : /^\d{1,3}/));
      return;
    case "hour":
      fields.hour = number(false, "hour", 0, 23);
      return;
    case "hour of 12":
      fields.hour = number(element.fixed, "hour", 0, 12);
      return;
    case "minute":
      fields.minute = number(element.fixed, "minute", 0, 59);
      return;
    case "second":
      fields.second = number(element.fixed, "second", 0, 59);
      // A fraction is read also where the layout has none.
      if (next?.before !== "" || next.type !== "fraction") fields.nanosecond = fractionOf(take(/^[.,]\d+/)) ?? 0;
      return;
    case "fraction":
      fields.nanosecond = element.fixed
        ? fractionOf(must(new RegExp(`^[.,]\\d{${element.digits}}`))) ?? 0
        : fractionOf(take(/^[.,]\d+/)) ?? fields.nanosecond;
      return;
    case "half":
      fields.half = must(element.text === "PM" ? /^[AP]M/ : /^[ap]m/).toLowerCase() as "am" | "pm";
      return;
    case "offset":
      if (element.zulu && take(/^Z/) !== undefined) fields.utc = true;
      else fields.offset = offsetOf(must(element.pattern));
      return;
    case "zone":
      if (take(/^UTC/) !== undefined) fields.utc = true;
      else fields.zone = must(ZONE);
      return;
  }
}

function fractionOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text.slice(1, 10).padEnd(9, "0"));
}

function offsetOf(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = (text.slice(1).match(/\d{2}/g) ?? []).map(Number);
  if (hours > 24) throw new Unreadable("time zone offset hour");
  if (minutes > 60) throw new Unreadable("time zone offset minute");
  if (seconds > 60) throw new Unreadable("time zone offset second");
  return ((hours * 60 + minutes) * 60 + seconds) * (text.startsWith("-") ? -1 : 1);
}

function combine(fields: Fields, fault: (rest: string) => { readonly fault: string }): ParsedTime {
  const { year, yearDay, half } = fields;
  let { month, day, hour } = fields;
  if (half === "pm" && hour < 12) hour += 12;
  if (half === "am" && hour === 12) hour = 0;
  if (yearDay !== undefined) {
    const date = dateOf(year, 1, yearDay);
    if (yearDay < 1 || date.getUTCFullYear() !== year) return fault(": day-of-year out of range");
    const [foundMonth, foundDay] = [date.getUTCMonth() + 1, date.getUTCDate()];
    if (month !== undefined && month !== foundMonth) return fault(": day-of-year does not match month");
    if (day !== undefined && day !== foundDay) return fault(": day-of-year does not match day");
    [month, day] = [foundMonth, foundDay];
  }
  month ??= 1;
  day ??= 1;
  const date = dateOf(year, month, day);
  if (day < 1 || date.getUTCMonth() !== month - 1) return fault(": day out of range");
  const seconds = BigInt(date.getTime() / 1000) + BigInt(hour * 3600 + fields.minute * 60 + fields.second);
  const [, hours] = /^GMT([+-]\d+)$/.exec(fields.zone ?? "") ?? [];
  const known = fields.utc ? 0 : fields.offset;
  const offsetSeconds = known ?? Number(hours ?? 0) * 3600;
  // A zone that is only named says what the clock showed, not how far it is from UTC.
  const shift = known === undefined ? 0 : offsetSeconds;
  return { time: { nanoseconds: (seconds - BigInt(shift)) * SECOND + BigInt(fields.nanosecond), offsetSeconds } };
}

function dateOf(year: number, month: number, day: number): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date;
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** What a calendar and a clock at the instant's offset show. */
export function clockOf({ nanoseconds, offsetSeconds }: GoTime): Date {
  return new Date(Number(floorDivide(nanoseconds, SECOND) + BigInt(offsetSeconds)) * 1000);
}

/** The instant as RFC 3339, in its own offset, without fractions of a second. */
export function formatRfc3339(time: GoTime): string {
  const clock = clockOf(time);
  const year = clock.getUTCFullYear();
  const date = `${year < 0 ? "-" : ""}${String(Math.abs(year)).padStart(4, "0")}${clock.toISOString().slice(-20, -5)}`;
  const minutes = Math.trunc(time.offsetSeconds / 60);
  if (time.offsetSeconds === 0) return `${date}Z`;
  const digits = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
    String(part).padStart(2, "0")
  );
  return `${date}${minutes < 0 ? "-" : "+"}${digits.join(":")}`;
}

/** Rounds towards the past. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor < 0n ? quotient - 1n : quotient;
}
