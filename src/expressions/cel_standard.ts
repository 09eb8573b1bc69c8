/** The functions every CEL expression may call (CEL specification, "List of Standard Definitions"). */
import { decodeUtf8, encodeUtf8, parseDuration } from "../encoding/mod.ts";
import type { CelFunction } from "./cel_functions.ts";
import { durationOf, intOf, timestampOf, uintOf } from "./cel_operators.ts";
import {
  type CelDuration,
  celError,
  type CelMap,
  type CelOptional,
  type CelTimestamp,
  type CelUint,
  type CelValue,
  typeName,
} from "./cel_values.ts";
import { matchRegularExpression } from "./regular_expression.ts";

const builtIn = (signature: string, evaluate: (...values: never[]) => CelValue): CelFunction => ({
  signature,
  builtIn: true,
  evaluate: (values) => evaluate(...values as never[]),
});

const added = (signature: string, evaluate: (...values: never[]) => CelValue): CelFunction => ({
  signature,
  evaluate: (values) => evaluate(...values as never[]),
});

const characters = (text: string): bigint => BigInt([...text].length);

type Sized = string | Uint8Array | readonly CelValue[] | CelMap;

function sizeOfAny(value: Sized): bigint {
  if (typeof value === "string") return characters(value);
  return BigInt("length" in value ? value.length : value.keys().length);
}

const SIZES = ["string", "bytes", "list", "map"].flatMap((type) => [
  builtIn(`size(${type}): int`, sizeOfAny),
  builtIn(`${type}.size(): int`, sizeOfAny),
]);

const TEXTS = [
  builtIn("string.startsWith(string): bool", (text: string, start: string) => text.startsWith(start)),
  builtIn("string.endsWith(string): bool", (text: string, end: string) => text.endsWith(end)),
  builtIn("string.contains(string): bool", (text: string, part: string) => text.includes(part)),
  builtIn("string.matches(string): bool", (text: string, pattern: string) => matchRegularExpression(pattern, text)),
  added("matches(string, string): bool", (text: string, pattern: string) => matchRegularExpression(pattern, text)),
];

const truth = (text: string): boolean => {
  if (["1", "t", "true", "TRUE", "True", "T"].includes(text)) return true;
  if (["0", "f", "false", "FALSE", "False", "F"].includes(text)) return false;
  throw celError(`type conversion error from 'string' to 'bool'`);
};

const wholeOfText = (text: string, pattern: RegExp, type: string): bigint => {
  if (pattern.test(text)) return BigInt(text.replace(/^\+/, ""));
  throw celError(`type conversion error from 'string' to '${type}'`);
};

/** A `double` cut to a whole number; far ones overflow. */
const wholeOfDouble = (value: number): bigint => {
  if (!Number.isFinite(value)) throw celError("integer overflow");
  return BigInt(Math.trunc(value));
};

const double = (text: string): number => {
  const named = /^([+-]?)(?:inf|infinity)$/i.exec(text);
  if (named !== null) return named[1] === "-" ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  throw celError("type conversion error from 'string' to 'double'");
};

/** A `double` as Go prints it with as few digits as it takes. */
function showDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 21) {
    return String(value).includes("e") ? value.toFixed(-power + mantissa.length) : String(value);
  }
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

const text = (bytes: Uint8Array): string => {
  try {
    return decodeUtf8(bytes);
  } catch {
    throw celError("invalid UTF-8 in bytes, cannot convert to string");
  }
};

const CONVERSIONS = [
  builtIn("type(dyn): type", (value: CelValue) => ({ type: "type", name: typeName(value) })),
  builtIn("dyn(dyn): dyn", (value: CelValue) => value),
  builtIn("bool(bool): bool", (value: boolean) => value),
  builtIn("bool(string): bool", truth),
  builtIn("int(int): int", (value: bigint) => value),
  builtIn("int(uint): int", ({ value }: CelUint) => intOf(value)),
  builtIn("int(double): int", (value: number) => intOf(wholeOfDouble(value))),
  builtIn("int(string): int", (value: string) => intOf(wholeOfText(value, /^[+-]?\d{1,19}$/, "int"))),
  added(
    "int(google.protobuf.Timestamp): int",
    ({ nanoseconds }: CelTimestamp) => floorDiv(nanoseconds, 1_000_000_000n),
  ),
  builtIn("uint(uint): uint", (value: CelUint) => value),
  builtIn("uint(int): uint", (value: bigint) => uintOf(value)),
  builtIn("uint(double): uint", (value: number) => uintOf(wholeOfDouble(value))),
  builtIn("uint(string): uint", (value: string) => uintOf(wholeOfText(value, /^\d{1,20}$/, "uint"))),
  builtIn("double(double): double", (value: number) => value),
  builtIn("double(int): double", (value: bigint) => Number(value)),
  builtIn("double(uint): double", ({ value }: CelUint) => Number(value)),
  builtIn("double(string): double", double),
  builtIn("string(string): string", (value: string) => value),
  builtIn("string(bool): string", (value: boolean) => String(value)),
  builtIn("string(int): string", (value: bigint) => String(value)),
  builtIn("string(uint): string", ({ value }: CelUint) => String(value)),
  builtIn("string(double): string", showDouble),
  builtIn("string(bytes): string", text),
  added("string(google.protobuf.Duration): string", ({ nanoseconds }: CelDuration) => `${showSeconds(nanoseconds)}s`),
  added("string(google.protobuf.Timestamp): string", (value: CelTimestamp) => showTimestamp(value.nanoseconds)),
  builtIn("bytes(bytes): bytes", (value: Uint8Array) => value),
  builtIn("bytes(string): bytes", (value: string) => encodeUtf8(value)),
];

const floorDiv = (value: bigint, by: bigint): bigint => (value - ((value % by) + by) % by) / by;

/** Seconds with as many decimals as they have. */
function showSeconds(nanoseconds: bigint): string {
  const [sign, size] = nanoseconds < 0n ? ["-", -nanoseconds] : ["", nanoseconds];
  const fraction = String(size % 1_000_000_000n).padStart(9, "0").replace(/0+$/, "");
  return `${sign}${size / 1_000_000_000n}${fraction === "" ? "" : `.${fraction}`}`;
}

function showTimestamp(nanoseconds: bigint): string {
  const seconds = floorDiv(nanoseconds, 1_000_000_000n);
  const fraction = String(nanoseconds - seconds * 1_000_000_000n).padStart(9, "0").replace(/0+$/, "");
  const date = new Date(Number(seconds) * 1_000).toISOString().replace(/^[+-]0*/, "").slice(0, -5);
  return `${date}${fraction === "" ? "" : `.${fraction}`}Z`;
}

/** RFC 3339, which is stricter than what dates are parsed from elsewhere. */
function timestamp(value: string): CelValue {
  const [, date = "", fraction = "", zone = ""] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(value) ?? [];
  const milliseconds = Date.parse(`${date}${zone}`);
  const [, day = ""] = /^\d{4}-\d\d-(\d\d)/.exec(date) ?? [];
  const given = new Date(Date.parse(`${date}Z`));
  if (Number.isNaN(milliseconds) || Number(day) !== given.getUTCDate()) throw celError(`invalid timestamp`);
  return timestampOf(BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0")));
}

function duration(value: string): CelValue {
  const parsed = parseDuration(value);
  if ("fault" in parsed) throw celError("invalid duration");
  return durationOf(parsed.nanoseconds);
}

const dateOf = ({ nanoseconds }: CelTimestamp): Date => new Date(Number(floorDiv(nanoseconds, 1_000_000n)));

const DAY = 86_400_000;

const GETTERS: readonly (readonly [string, (date: Date) => number])[] = [
  ["getFullYear", (date) => date.getUTCFullYear()],
  ["getMonth", (date) => date.getUTCMonth()],
  ["getDate", (date) => date.getUTCDate()],
  ["getDayOfMonth", (date) => date.getUTCDate() - 1],
  ["getDayOfWeek", (date) => date.getUTCDay()],
  ["getDayOfYear", (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY)],
  ["getHours", (date) => date.getUTCHours()],
  ["getMinutes", (date) => date.getUTCMinutes()],
  ["getSeconds", (date) => date.getUTCSeconds()],
  ["getMilliseconds", (date) => date.getUTCMilliseconds()],
];

const TIMES = [
  builtIn("timestamp(string): google.protobuf.Timestamp", timestamp),
  builtIn("timestamp(int): google.protobuf.Timestamp", (value: bigint) => timestampOf(value * 1_000_000_000n)),
  builtIn("duration(string): google.protobuf.Duration", duration),
  ...GETTERS.map(([name, get]) =>
    builtIn(`google.protobuf.Timestamp.${name}(): int`, (value: CelTimestamp) => BigInt(get(dateOf(value))))
  ),
  ...([["getHours", 3_600_000_000_000n], ["getMinutes", 60_000_000_000n], ["getSeconds", 1_000_000_000n]] as const).map(
    ([name, unit]) =>
      builtIn(`google.protobuf.Duration.${name}(): int`, ({ nanoseconds }: CelDuration) => nanoseconds / unit),
  ),
  builtIn(
    "google.protobuf.Duration.getMilliseconds(): int",
    ({ nanoseconds }: CelDuration) => (nanoseconds / 1_000_000n) % 1_000n,
  ),
];

const OPTIONALS = [
  builtIn("optional_of(dyn): optional", (value: CelValue) => ({ type: "optional", value })),
  builtIn("optional_none(): optional", () => ({ type: "optional" })),
  builtIn("optional.hasValue(): bool", ({ value }: CelOptional) => value !== undefined),
  builtIn("optional.value(): dyn", ({ value }: CelOptional) => {
    if (value === undefined) throw celError("optional.none() dereference");
    return value;
  }),
  builtIn("optional.orValue(dyn): dyn", ({ value }: CelOptional, other: CelValue) => value ?? other),
  builtIn(
    "optional.or(optional): optional",
    (one: CelOptional, other: CelOptional) => one.value === undefined ? other : one,
  ),
];

/** The standard functions, and those of optional values. */
export const STANDARD_CEL_FUNCTIONS: readonly CelFunction[] = [
  ...SIZES,
  ...TEXTS,
  ...CONVERSIONS,
  ...TIMES,
  ...OPTIONALS,
];
