/** The operators of conditions (Kyverno, "Preconditions", "Operators"): two values → whether the condition holds. */
import { parseDuration } from "../encoding/mod.ts";
import { equalJson } from "./changes.ts";
import { formatGoValue } from "./go_value.ts";
import { compareQuantities, parseQuantity } from "./quantity.ts";
import { compareVersions, parseVersion } from "./version.ts";
import { matchWildcard, MAX_PATTERN_LENGTH } from "./wildcard.ts";

/** What a condition compares. */
export interface Operands {
  readonly key: unknown;
  readonly value: unknown;
  /** Whether `*` and `?` in the key count: where they come out of a variable, the object under review may have sent them. */
  readonly keyIsPattern: boolean;
}

type Operator = (operands: Operands) => boolean;

/** By name. A name that is not here is refused when the policy is loaded. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Equal: equals,
  Equals: equals,
  NotEqual: notEquals,
  NotEquals: notEquals,
  In: (operands) => isIn(operands),
  NotIn: (operands) => isNotIn(operands),
  AnyIn: (operands) => anyIn(operands),
  AllIn: (operands) => allIn(operands),
  AnyNotIn: (operands) => anyNotIn(operands),
  AllNotIn: (operands) => allNotIn(operands),
  GreaterThan: ordered((order) => order > 0),
  GreaterThanOrEquals: ordered((order) => order >= 0),
  LessThan: ordered((order) => order < 0),
  LessThanOrEquals: ordered((order) => order <= 0),
  DurationGreaterThan: durations((order) => order > 0),
  DurationGreaterThanOrEquals: durations((order) => order >= 0),
  DurationLessThan: durations((order) => order < 0),
  DurationLessThanOrEquals: durations((order) => order <= 0),
};

function equals({ key, value }: Operands): boolean {
  switch (typeof key) {
    case "boolean":
      return key === value;
    case "number":
      return typeof value === "string" ? parseNumber(value) === key : key === value;
    case "string":
      return equalText(key, value) ?? false;
    default:
      return key !== null && equalJson(key, value);
  }
}

/** What is of another type is different; `null`, which is nothing, is not even that. */
function notEquals({ key, value }: Operands): boolean {
  switch (typeof key) {
    case "boolean":
      return key !== value;
    case "number":
      return typeof value === "string" ? parseNumber(value) !== key : key !== value;
    case "string": {
      const same = equalText(key, value);
      return same === undefined ? isUnequal(key, value) : !same;
    }
    default:
      return key !== null && key !== undefined && !equalJson(key, value);
  }
}

/** @returns `undefined` when the two cannot be compared. */
function equalText(key: string, value: unknown): boolean | undefined {
  const seconds = bothDurations(key, value);
  if (seconds !== undefined) return seconds[0] === seconds[1];
  if (typeof value !== "string") return undefined;
  const quantity = parseQuantity(key);
  if (quantity === undefined || value === "") return fits(value, key);
  const other = parseQuantity(value);
  return other === undefined ? undefined : compareQuantities(quantity, other) === 0;
}

/** A quantity and a text that is none are neither equal nor unequal to Kyverno. */
function isUnequal(key: string, value: unknown): boolean {
  return typeof value !== "string" || parseQuantity(key) === undefined;
}

const fits = (pattern: string, text: string): boolean =>
  pattern.length <= MAX_PATTERN_LENGTH && matchWildcard(pattern, text);

/** The key as texts: one, or those of a list; `undefined` for what is in no list. */
function keysOf(key: unknown): { readonly texts: readonly string[]; readonly isList: boolean } | undefined {
  if (Array.isArray(key)) return { texts: key.map(formatGoValue), isList: true };
  if (typeof key === "string") return { texts: [key], isList: false };
  return typeof key === "number" || typeof key === "boolean"
    ? { texts: [formatGoValue(key)], isList: false }
    : undefined;
}

/** What one key is looked for in: texts that may be patterns, or a range; `undefined` for what holds nothing. */
interface Values {
  readonly texts: readonly string[];
  readonly range?: Range;
}

function valuesOf(value: unknown): Values | undefined {
  if (Array.isArray(value)) return { texts: value.map(formatGoValue) };
  if (typeof value !== "string") return undefined;
  const range = parseRange(value);
  if (range !== undefined) return { texts: [value], range };
  const parsed = parseJsonTexts(value);
  return parsed === "other JSON" ? undefined : { texts: parsed ?? [value] };
}

/** The texts of a JSON list. */
function parseJsonTexts(text: string): readonly string[] | "other JSON" | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) && found.every((item) => typeof item === "string") ? found : "other JSON";
  } catch {
    return undefined;
  }
}

function matchesValue(key: string, values: Values, keyIsPattern: boolean): boolean {
  if (values.range !== undefined && inRange(key, values.range)) return true;
  return values.texts.some((text) => fits(text, key) || (keyIsPattern && fits(key, text)));
}

/** The answer of an operator over the keys; `false` for whatever cannot be looked for or looked in. */
function overKeys(
  { key, value, keyIsPattern }: Operands,
  answer: (keys: readonly string[], found: (key: string) => boolean) => boolean,
): boolean {
  const keys = keysOf(key);
  if (keys === undefined) return false;
  // A text that is the key is found, whatever else could be read in it.
  if (typeof value === "string" && keys.texts.length === 1 && keys.texts[0] === value) {
    return answer(keys.texts, () => true);
  }
  const values = valuesOf(value) ?? (isScalar(value) && keys.isList ? { texts: [formatGoValue(value)] } : undefined);
  if (values === undefined) {
    const [only] = keys.texts;
    // A pattern that happens to be JSON is a pattern to a single key.
    return typeof value === "string" && !keys.isList && only !== undefined && fits(value, only)
      ? answer(keys.texts, () => true)
      : false;
  }
  return answer(keys.texts, (text) => matchesValue(text, values, keyIsPattern));
}

const isScalar = (value: unknown): boolean => typeof value === "number" || typeof value === "boolean";

const anyIn = (operands: Operands): boolean => overKeys(operands, (keys, found) => keys.some(found));
const allIn = (operands: Operands): boolean => overKeys(operands, (keys, found) => keys.every(found));
const anyNotIn = (operands: Operands): boolean => overKeys(operands, (keys, found) => !keys.every(found));
const allNotIn = (operands: Operands): boolean => overKeys(operands, (keys, found) => !keys.some(found));

/** The deprecated `In`: a list has to be in the other, text by text. */
function isIn(operands: Operands): boolean {
  const plain = plainLists(operands);
  return plain === undefined ? allIn(operands) : plain.keys.every((key) => plain.values.includes(key));
}

function isNotIn(operands: Operands): boolean {
  const plain = plainLists(operands);
  return plain === undefined ? anyNotIn(operands) : plain.keys.some((key) => !plain.values.includes(key));
}

function plainLists({ key, value }: Operands) {
  if (!Array.isArray(key)) return undefined;
  const values = Array.isArray(value) ? value : typeof value === "string" ? parseJsonTexts(value) : undefined;
  return Array.isArray(values) ? { keys: key.map(formatGoValue), values: values.map(formatGoValue) } : undefined;
}

interface Range {
  readonly from: string;
  readonly to: string;
}

const RANGE = /^([-+|]?\d+(?:\.\d+)?[A-Za-z]*)-([-+|]?\d+(?:\.\d+)?[A-Za-z]*)$/;

function parseRange(text: string): Range | undefined {
  const [, from, to] = (text.length <= MAX_PATTERN_LENGTH ? RANGE.exec(text) : undefined) ?? [];
  return from === undefined || to === undefined ? undefined : { from, to };
}

function inRange(key: string, { from, to }: Range): boolean {
  const [low, high] = [compareMeasures(key, from), compareMeasures(key, to)];
  return low !== undefined && high !== undefined && low >= 0 && high <= 0;
}

/** Durations, else quantities. */
function compareMeasures(one: string, other: string): number | undefined {
  const [left, right] = [parseDuration(one), parseDuration(other)];
  if ("nanoseconds" in left && "nanoseconds" in right) return compareBig(left.nanoseconds, right.nanoseconds);
  const [first, second] = [parseQuantity(one), parseQuantity(other)];
  return first === undefined || second === undefined ? undefined : compareQuantities(first, second);
}

const compareBig = (one: bigint, other: bigint): number => one < other ? -1 : one > other ? 1 : 0;

/** Numbers, durations, quantities or versions, whichever both are; otherwise nothing holds. */
function ordered(holds: (order: number) => boolean): Operator {
  return ({ key, value }) => {
    const order = compareOrdered(key, value);
    return order !== undefined && holds(order);
  };
}

function compareOrdered(key: unknown, value: unknown): number | undefined {
  if (typeof key !== "string" && typeof key !== "number") return undefined;
  const seconds = bothDurations(key, value);
  if (seconds !== undefined) return seconds[0] - seconds[1];
  if (typeof key === "string" && typeof value === "string") {
    const [one, other] = [parseQuantity(key), parseQuantity(value)];
    if (one !== undefined && other !== undefined) return compareQuantities(one, other);
  }
  const number = typeof key === "number" ? key : parseNumber(key);
  if (number !== undefined) {
    const other = typeof value === "number" ? value : typeof value === "string" ? parseNumber(value) : undefined;
    return other === undefined ? undefined : number - other;
  }
  const [one, other] = [parseVersion(String(key)), typeof value === "string" ? parseVersion(value) : undefined];
  return one === undefined || other === undefined ? undefined : compareVersions(one, other);
}

/** Seconds of both, when one at least is written as a duration; a number counts seconds. */
function bothDurations(key: unknown, value: unknown): readonly [number, number] | undefined {
  const [one, other] = [writtenDuration(key), writtenDuration(value)];
  if (one === undefined && other === undefined) return undefined;
  const [first, second] = [one ?? wholeSeconds(key), other ?? wholeSeconds(value)];
  return first === undefined || second === undefined ? undefined : [first, second];
}

function writtenDuration(value: unknown): number | undefined {
  if (typeof value !== "string" || value === "0") return undefined;
  const parsed = parseDuration(value);
  return "nanoseconds" in parsed ? Number(parsed.nanoseconds) / 1e9 : undefined;
}

const wholeSeconds = (value: unknown): number | undefined => typeof value === "number" ? Math.trunc(value) : undefined;

/** The deprecated operators that know durations only. */
function durations(holds: (order: number) => boolean): Operator {
  const seconds = (value: unknown): number | undefined => {
    if (typeof value !== "string") return wholeSeconds(value);
    const parsed = parseDuration(value);
    return "nanoseconds" in parsed ? Number(parsed.nanoseconds) / 1e9 : undefined;
  };
  return ({ key, value }) => {
    const [one, other] = [seconds(key), seconds(value)];
    return one !== undefined && other !== undefined && holds(one - other);
  };
}

/** A decimal number as Go reads it. */
function parseNumber(text: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}
