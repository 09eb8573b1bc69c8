/**
 * The operators that look for a key in a value, or for a list of keys. A key is a text, or is written as one; a value
 * is a list, a pattern, a range such as `1Gi-3Gi`, or a list of texts written as JSON.
 */
import { parseDuration } from "../encoding/mod.ts";
import type { StepMeter } from "../expressions/mod.ts";
import { formatGoValue } from "./go_value.ts";
import { compareQuantities, parseQuantity } from "./quantity.ts";
import { matchWildcard, MAX_PATTERN_LENGTH, wildcardSteps } from "./wildcard.ts";

/** What a condition compares. */
export interface Operands {
  readonly key: unknown;
  readonly value: unknown;
  /**
   * Whether `*` and `?` in the key count: where they come out of a variable, the object under review may have sent
   * them.
   */
  readonly keyIsPattern: boolean;
  /** Whether `*` and `?` in the value count, in the item at an index where it is a list, for the same reason. */
  readonly isPattern: (index: number) => boolean;
  /** Is told of every step of a comparison. */
  readonly spend: StepMeter;
}

/** How a key is looked for. */
type Looking = Omit<Operands, "key" | "value">;

/** Whether one key is there, or it cannot be told; a list of keys is asked about as a whole. */
type Answer = boolean | "unknown";

/** Holds when the key is in the value, or one of several is. */
export function anyIn({ key, value, ...how }: Operands): boolean {
  if (!Array.isArray(key)) return isThere(key, value, how) === true;
  const keys = key.map(formatGoValue);
  const fitsOne = fitsOneOf(keys, value, how, "scalars too");
  return fitsOne !== undefined && keys.some(fitsOne);
}

/**
 * Holds when the key is not in the value, or one of several is not. What cannot be looked for is not anywhere either.
 */
export function anyNotIn({ key, value, ...how }: Operands): boolean {
  if (!Array.isArray(key)) return isThere(key, value, how) === false;
  const keys = key.map(formatGoValue);
  const range = rangeOf(keys, value);
  // What cannot be compared with a range is neither in it nor outside of it.
  if (range !== undefined) return keys.some((one) => isOutside(one, range));
  const fitsOne = fitsOneOf(keys, value, how, "scalars too");
  return fitsOne !== undefined && !keys.every(fitsOne);
}

/** Holds when the key is in the value, or every one of several is. */
export function allIn({ key, value, ...how }: Operands): boolean {
  if (!Array.isArray(key)) return isThere(key, value, how) === true;
  const keys = key.map(formatGoValue);
  const fitsOne = fitsOneOf(keys, value, how, "no scalars");
  return fitsOne !== undefined && keys.every(fitsOne);
}

/** Holds when the key is not in the value, or none of several is. */
export function allNotIn({ key, value, ...how }: Operands): boolean {
  if (!Array.isArray(key)) return isThere(key, value, how) === false;
  const keys = key.map(formatGoValue);
  const fitsOne = fitsOneOf(keys, value, how, "no scalars");
  return fitsOne !== undefined && !keys.some(fitsOne);
}

/** The deprecated `In`: without ranges, and lists are compared text by text. */
export function isIn({ key, value, ...how }: Operands): boolean {
  if (!Array.isArray(key)) return isListed(key, value, how) === true;
  if (isOnly(key, value)) return true;
  return isEveryIn(key, textsOf(value)) === true;
}

/** The deprecated `NotIn`. A list of one text is not in that text: so it is in Kyverno. */
export function isNotIn({ key, value, ...how }: Operands): boolean {
  if (!Array.isArray(key)) return isListed(key, value, how) === false;
  if (isOnly(key, value)) return true;
  return isEveryIn(key, textsOf(value)) === false;
}

function isEveryIn(keys: readonly unknown[], texts: readonly string[] | undefined): boolean | undefined {
  const known = new Set(texts);
  return texts === undefined ? undefined : keys.every((key) => known.has(formatGoValue(key)));
}

const isOnly = (keys: readonly unknown[], value: unknown): boolean => keys.length === 1 && keys[0] === value;

/** Whether a text fits a pattern; one that is too long to be judged fits itself alone. */
export function fits(pattern: string, text: string, spend: StepMeter): boolean {
  if (pattern === text) return true;
  if (pattern.length > MAX_PATTERN_LENGTH) return false;
  spend(wildcardSteps(pattern, text));
  return matchWildcard(pattern, text);
}

const isScalar = (value: unknown): boolean => typeof value === "number" || typeof value === "boolean";

const isKey = (key: unknown): boolean => typeof key === "string" || isScalar(key);

function isThere(key: unknown, value: unknown, how: Looking): Answer {
  if (!isKey(key)) return "unknown";
  const text = formatGoValue(key);
  if (Array.isArray(value)) return fitsOneText(value.map(formatGoValue), how)(text);
  if (typeof value !== "string") return "unknown";
  if (how.isPattern(0) ? fits(value, text, how.spend) : value === text) return true;
  const range = parseRange(value);
  if (range !== undefined) return isInside(text, range);
  return textsIn(value)?.includes(text) ?? "unknown";
}

function isListed(key: unknown, value: unknown, how: Looking): Answer {
  if (!isKey(key)) return "unknown";
  const text = formatGoValue(key);
  if (Array.isArray(value)) return fitsOneText(value.map(formatGoValue), how)(text);
  if (typeof value !== "string") return "unknown";
  if (how.isPattern(0) ? fits(value, text, how.spend) : value === text) return true;
  return textsOf(value)?.includes(text) ?? "unknown";
}

/** Makes the question "is this one of the keys in the value?"; `undefined` when the value holds nothing. */
function fitsOneOf(
  keys: readonly string[],
  value: unknown,
  how: Looking,
  scalars: "scalars too" | "no scalars",
): ((key: string) => boolean) | undefined {
  if (isOnly(keys, value)) return () => true;
  const range = rangeOf(keys, value);
  if (range !== undefined) return (key) => isInside(key, range);
  const texts = Array.isArray(value)
    ? value.map(formatGoValue)
    : typeof value === "string"
    ? textsIn(value)
    : isScalar(value) && scalars === "scalars too"
    ? [formatGoValue(value)]
    : undefined;
  return texts === undefined
    ? undefined
    : fitsOneText(texts, Array.isArray(value) ? how : { ...how, isPattern: () => how.isPattern(0) });
}

/** Makes the question "does this key fit one of the texts?". Plain texts are looked up, so that only patterns cost. */
function fitsOneText(
  texts: readonly string[],
  { keyIsPattern, isPattern, spend }: Looking,
): (key: string) => boolean {
  const known = new Set(texts);
  const patterns = texts.filter((text, index) => isPattern(index) && hasWildcard(text));
  return (key) =>
    known.has(key) || patterns.some((pattern) => fits(pattern, key, spend)) ||
    (keyIsPattern && hasWildcard(key) && texts.some((text) => fits(key, text, spend)));
}

const hasWildcard = (text: string): boolean => text.length <= MAX_PATTERN_LENGTH && /[*?]/.test(text);

/** The texts of a JSON list; a text that is no JSON is one text; other JSON is none. */
function textsIn(value: string): readonly string[] | undefined {
  const parsed = parseJsonText(value);
  return parsed === undefined ? [value] : textsOfParsed(parsed.value);
}

/** Texts, in a list or in one that is written as JSON. */
function textsOf(value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) return value.every((item) => typeof item === "string") ? value : undefined;
  if (typeof value !== "string") return undefined;
  const parsed = parseJsonText(value);
  return parsed === undefined ? undefined : textsOfParsed(parsed.value);
}

function parseJsonText(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

function textsOfParsed(value: unknown): readonly string[] | undefined {
  if (value === null) return [];
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
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

/** A range that a list of keys is compared with. */
const rangeOf = (keys: readonly string[], value: unknown): Range | undefined =>
  typeof value === "string" && !isOnly(keys, value) ? parseRange(value) : undefined;

function isInside(key: string, { from, to }: Range): boolean {
  const [low, high] = [compareMeasures(key, from), compareMeasures(key, to)];
  return low !== undefined && high !== undefined && low >= 0 && high <= 0;
}

function isOutside(key: string, { from, to }: Range): boolean {
  const [low, high] = [compareMeasures(key, from), compareMeasures(key, to)];
  return (low !== undefined && low < 0) || (high !== undefined && high > 0);
}

/** Durations, else quantities. */
function compareMeasures(one: string, other: string): number | undefined {
  const [left, right] = [parseDuration(one), parseDuration(other)];
  if ("nanoseconds" in left && "nanoseconds" in right) return compareBig(left.nanoseconds, right.nanoseconds);
  const [first, second] = [parseQuantity(one), parseQuantity(other)];
  return first === undefined || second === undefined ? undefined : compareQuantities(first, second);
}

const compareBig = (one: bigint, other: bigint): number => one < other ? -1 : one > other ? 1 : 0;
