/** The functions of the JMESPath specification, "Built-in Functions", as Kyverno's dialect has them. */
import { isJsonObject } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { type ExpressionFunction, type FunctionTable, type Reference, typeOf } from "./functions.ts";
import { compareText, formatGoJson } from "./go_json.ts";
import { MAX_TEXT_CHARACTERS, textTooLong } from "./bounds.ts";
import { equalValues } from "./equal.ts";

type JsonObject = Readonly<Record<string, unknown>>;
type List = readonly unknown[];

const ORDERED = ["array of numbers", "array of strings"] as const;

/** By name. The order of an object's members, which JMESPath leaves open, is theirs in the document. */
export const STANDARD_FUNCTIONS: FunctionTable = new Map<string, ExpressionFunction>([
  ["abs", { parameters: [["number"]], evaluate: (value: number) => Math.abs(value) }],
  ["avg", { parameters: [["array of numbers"]], evaluate: average }],
  ["ceil", { parameters: [["number"]], evaluate: (value: number) => Math.ceil(value) }],
  ["contains", { parameters: [["array", "string"], ["any"]], evaluate: contains }],
  ["ends_with", {
    parameters: [["string"], ["string"]],
    evaluate: (text: string, end: string) => text.endsWith(end),
  }],
  ["floor", { parameters: [["number"]], evaluate: (value: number) => Math.floor(value) }],
  ["join", {
    parameters: [["string"], ["array of strings"]],
    evaluate: join,
  }],
  ["keys", { parameters: [["object"]], evaluate: (value: JsonObject) => Object.keys(value) }],
  ["length", { parameters: [["string", "array", "object"]], evaluate: lengthOf }],
  ["map", {
    parameters: [["expression"], ["array"]],
    evaluate: (reference: Reference, list: List) => list.map((item) => reference.apply(item) ?? null),
  }],
  ["max", { parameters: [ORDERED], evaluate: (list: List) => extreme(list, 1) }],
  ["max_by", {
    parameters: [["array"], ["expression"]],
    evaluate: (list: List, by: Reference) => extremeBy(list, by, 1),
  }],
  ["merge", {
    parameters: [["object"]],
    variadic: true,
    evaluate: (...objects: readonly JsonObject[]) => Object.fromEntries(objects.flatMap(Object.entries)),
  }],
  ["min", { parameters: [ORDERED], evaluate: (list: List) => extreme(list, -1) }],
  ["min_by", {
    parameters: [["array"], ["expression"]],
    evaluate: (list: List, by: Reference) => extremeBy(list, by, -1),
  }],
  ["not_null", {
    parameters: [["any"]],
    variadic: true,
    evaluate: (...values: List) => values.find((value) => value !== null && value !== undefined) ?? null,
  }],
  ["reverse", { parameters: [["array", "string"]], evaluate: reverse }],
  ["sort", { parameters: [["array of strings", "array of numbers"]], evaluate: (list: List) => [...list].sort(order) }],
  ["sort_by", { parameters: [["array"], ["expression"]], evaluate: sortBy }],
  ["starts_with", {
    parameters: [["string"], ["string"]],
    evaluate: (text: string, start: string) => text.startsWith(start),
  }],
  ["sum", {
    parameters: [["array of numbers"]],
    evaluate: (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0),
  }],
  ["to_array", { parameters: [["any"]], evaluate: (value: unknown) => Array.isArray(value) ? value : [value] }],
  ["to_number", { parameters: [["any"]], evaluate: toNumber }],
  ["to_string", {
    parameters: [["any"]],
    evaluate: (value: unknown) => typeof value === "string" ? value : formatGoJson(value),
  }],
  ["type", { parameters: [["any"]], evaluate: (value: unknown) => typeOf(value) }],
  ["values", { parameters: [["object"]], evaluate: (value: JsonObject) => Object.values(value) }],
]);

/** Of nothing there is none: that is no number, which fails. */
function average(list: readonly number[]): number {
  return list.reduce((sum, value) => sum + value, 0) / list.length;
}

/** One text may stand in the list many times. */
function join(between: string, texts: readonly string[]): string {
  const length = texts.reduce((sum, text) => sum + text.length + between.length, 0);
  if (length > MAX_TEXT_CHARACTERS) throw textTooLong();
  return texts.join(between);
}

function contains(whole: List | string, part: unknown): boolean {
  if (typeof whole === "string") return typeof part === "string" && whole.includes(part);
  return whole.some((item) => equalValues(item, part));
}

function lengthOf(value: unknown): number {
  if (typeof value === "string") return [...value].length;
  if (Array.isArray(value)) return value.length;
  return isJsonObject(value) ? Object.keys(value).length : 0;
}

function reverse(value: List | string): List | string {
  return typeof value === "string" ? [...value].reverse().join("") : [...value].reverse();
}

/** Orders two numbers, or two texts by their code points. */
function order(one: unknown, other: unknown): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return compareText(String(one), String(other));
}

/** @param sign 1 for the greatest, -1 for the least; the first of several. */
function extreme(list: List, sign: 1 | -1): unknown {
  return list.reduce<unknown>((best, value) => best === null || sign * order(value, best) > 0 ? value : best, null);
}

/** What each item is ordered by: all numbers or all texts. */
function keysBy(list: List, by: Reference): List {
  const keys = list.map((item) => by.apply(item));
  const [first] = keys;
  const wanted = typeOf(first);
  if (wanted !== "number" && wanted !== "string") {
    throw new ConfigurationError("ERR_EXPRESSION", `items are ordered by ${wanted}, expected number or string`);
  }
  const other = keys.find((key) => typeOf(key) !== wanted);
  if (other !== undefined) {
    throw new ConfigurationError("ERR_EXPRESSION", `items are ordered by ${wanted} and ${typeOf(other)}, expected one`);
  }
  return keys;
}

function extremeBy(list: List, by: Reference, sign: 1 | -1): unknown {
  if (list.length < 2) return list[0] ?? null;
  const keys = keysBy(list, by);
  const best = keys.reduce<number>((at, key, index) => sign * order(key, keys[at]) > 0 ? index : at, 0);
  return list[best];
}

function sortBy(list: List, by: Reference): List {
  if (list.length < 2) return list;
  const keys = keysBy(list, by);
  return list.map((item, index) => ({ item, key: keys[index] }))
    .sort((one, other) => order(one.key, other.key))
    .map(({ item }) => item);
}

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const HEXADECIMAL = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?p([+-]?\d{1,6})$/i;
const NOT_FINITE = /^(?:[+-]?inf(?:inity)?|nan)$/i;

/** Spec: Go, package strconv, ParseFloat. */
function toNumber(value: unknown): number | null {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.length > MAX_NUMBER_CHARACTERS) return null;
  if (NOT_FINITE.test(value)) return NaN;
  // A line may stand between two digits, and behind 0x.
  if (/^_|_$|__|[^0-9a-fx]_|_[^0-9a-f]/i.test(value)) return null;
  const text = value.replaceAll("_", "");
  const found = DECIMAL.test(text) ? Number(text) : fromHexadecimal(text);
  return found !== null && Number.isFinite(found) ? found : null;
}

/** Characters of a text that is read as a number, at most. */
const MAX_NUMBER_CHARACTERS = 1_024;

function fromHexadecimal(text: string): number | null {
  const [, sign, whole = "", fraction = "", exponent] = HEXADECIMAL.exec(text) ?? [];
  if (sign === undefined || whole + fraction === "") return null;
  const size = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -size : size;
}
