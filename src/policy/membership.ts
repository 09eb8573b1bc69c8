/**
 * The operators that look for a key in a value, or for a list of keys. A key is a text, or is written as one; a value is
 * a list, a pattern, a range such as `1Gi-3Gi`, or a list of texts written as JSON.
 */
import { parseDuration } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { formatGoValue } from "./go_value.ts";
import { compareQuantities, parseQuantity } from "./quantity.ts";
import { matchWildcard, MAX_PATTERN_LENGTH } from "./wildcard.ts";

/** Pairs of a key and a value that one condition may compare, each character of a pattern with each of a text counted. */
export const MAX_COMPARISON_WORK = 64 * 1024 * 1024;

/** What a condition compares. */
export interface Operands {
  readonly key: unknown;
  readonly value: unknown;
  /** Whether `*` and `?` in the key count: where they come out of a variable, the object under review may have sent them. */
  readonly keyIsPattern: boolean;
}

/** Whether one key is there, or it cannot be told; a list of keys is asked about as a whole. */
type Answer = boolean | "unknown";

/** Holds when the key is in the value, or one of several is. */
export function anyIn({ key, value, keyIsPattern }: Operands): boolean {
  if (!Array.isArray(key)) return isThere(key, value, keyIsPattern) === true;
  const keys = key.map(formatGoValue);
  const fitsOne = fitsOneOf(keys, value, keyIsPattern, "scalars too");
  return fitsOne !== undefined && keys.some(fitsOne);
}

/** Holds when the key is not in the value, or one of several is not. What cannot be looked for is not anywhere either. */
export function anyNotIn({ key, value, keyIsPattern }: Operands): boolean {
  if (!Array.isArray(key)) return isThere(key, value, keyIsPattern) === false;
  const keys = key.map(formatGoValue);
  const range = rangeOf(keys, value);
  // What cannot be compared with a range is neither in it nor outside of it.
  if (range !== undefined) return keys.some((one) => isOutside(one, range));
  const fitsOne = fitsOneOf(keys, value, keyIsPattern, "scalars too");
  return fitsOne !== undefined && !keys.every(fitsOne);
}

/** Holds when the key is in the value, or every one of several is. */
export function allIn({ key, value, keyIsPattern }: Operands): boolean {
  if (!Array.isArray(key)) return isThere(key, value, keyIsPattern) === true;
  const keys = key.map(formatGoValue);
  const fitsOne = fitsOneOf(keys, value, keyIsPattern, "no scalars");
  return fitsOne !== undefined && keys.every(fitsOne);
}

/** Holds when the key is not in the value, or none of several is. */
export function allNotIn({ key, value, keyIsPattern }: Operands): boolean {
  if (!Array.isArray(key)) return isThere(key, value, keyIsPattern) === false;
  const keys = key.map(formatGoValue);
  const fitsOne = fitsOneOf(keys, value, keyIsPattern, "no scalars");
  return fitsOne !== undefined && !keys.some(fitsOne);
}

/** The deprecated `In`: without ranges, and lists are compared text by text. */
export function isIn({ key, value, keyIsPattern }: Operands): boolean {
  if (!Array.isArray(key)) return isListed(key, value, keyIsPattern) === true;
  if (isOnly(key, value)) return true;
  return isEveryIn(key, textsOf(value)) === true;
}

/** The deprecated `NotIn`. A list of one text is not in that text: so it is in Kyverno. */
export function isNotIn({ key, value, keyIsPattern }: Operands): boolean {
  if (!Array.isArray(key)) return isListed(key, value, keyIsPattern) === false;
  if (isOnly(key, value)) return true;
  return isEveryIn(key, textsOf(value)) === false;
}

function isEveryIn(keys: readonly unknown[], texts: readonly string[] | undefined): boolean | undefined {
  const known = new Set(texts);
  return texts === undefined ? undefined : keys.every((key) => known.has(formatGoValue(key)));
}

const isOnly = (keys: readonly unknown[], value: unknown): boolean => keys.length === 1 && keys[0] === value;

/** Whether a text fits a pattern; one that is too long to be judged fits nothing. */
export const fits = (pattern: string, text: string): boolean =>
  pattern.length <= MAX_PATTERN_LENGTH && matchWildcard(pattern, text);

const fitsEither = (key: string, text: string, keyIsPattern: boolean): boolean =>
  fits(text, key) || (keyIsPattern && fits(key, text));

const isScalar = (value: unknown): boolean => typeof value === "number" || typeof value === "boolean";

const isKey = (key: unknown): boolean => typeof key === "string" || isScalar(key);

function isThere(key: unknown, value: unknown, keyIsPattern: boolean): Answer {
  if (!isKey(key)) return "unknown";
  const text = formatGoValue(key);
  if (Array.isArray(value)) return fitsOneText([text], value.map(formatGoValue), keyIsPattern)(text);
  if (typeof value !== "string") return "unknown";
  if (fits(value, text)) return true;
  const range = parseRange(value);
  if (range !== undefined) return isInside(text, range);
  return textsIn(value)?.includes(text) ?? "unknown";
}

function isListed(key: unknown, value: unknown, keyIsPattern: boolean): Answer {
  if (!isKey(key)) return "unknown";
  const text = formatGoValue(key);
  if (Array.isArray(value)) return fitsOneText([text], value.map(formatGoValue), keyIsPattern)(text);
  if (typeof value !== "string") return "unknown";
  if (fits(value, text)) return true;
  return textsOf(value)?.includes(text) ?? "unknown";
}

/** Makes the question "is this one of the keys in the value?"; `undefined` when the value holds nothing. */
function fitsOneOf(
  keys: readonly string[],
  value: unknown,
  keyIsPattern: boolean,
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
  return texts === undefined ? undefined : fitsOneText(keys, texts, keyIsPattern);
}

/** @throws {ConfigurationError} `ERR_TOO_LARGE` beyond {@link MAX_COMPARISON_WORK}. */
function fitsOneText(
  keys: readonly string[],
  texts: readonly string[],
  keyIsPattern: boolean,
): (key: string) => boolean {
  const patterns = charactersOf(texts.filter(isPattern)) * charactersOf(keys) +
    (keyIsPattern ? charactersOf(keys.filter(isPattern)) * charactersOf(texts) : 0);
  if (keys.length * texts.length + patterns > MAX_COMPARISON_WORK) {
    throw new ConfigurationError(
      "ERR_TOO_LARGE",
      `Cannot compare ${keys.length} keys with ${texts.length} values: expected at most ${MAX_COMPARISON_WORK} steps`,
    );
  }
  return (key) => texts.some((text) => fitsEither(key, text, keyIsPattern));
}

const isPattern = (text: string): boolean => text.length <= MAX_PATTERN_LENGTH && /[*?]/.test(text);

const charactersOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);

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
