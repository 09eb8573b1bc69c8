/**
 * The functions Kubernetes adds to CEL: texts, lists, sets, regular expressions, URLs (Kubernetes, "Common Expression
 * Language in Kubernetes", "CEL options, language features, and libraries").
 */
import type { CelFunction } from "./cel_functions.ts";
import { arithmetic } from "./cel_operators.ts";
import { areEqual, type Budget, celError, type CelOpaque, type CelValue, compare, spend } from "./cel_values.ts";
import { findRegularExpression } from "./regular_expression.ts";

type Evaluate = (...values: never[]) => CelValue;

const on = (signature: string, evaluate: Evaluate, builtIn?: true): CelFunction => ({
  signature,
  ...(builtIn === undefined ? {} : { builtIn }),
  evaluate: (values, budget) => evaluate(...values as never[], budget as never),
});

const LETTERS_UP = /[a-z]/g;
const LETTERS_DOWN = /[A-Z]/g;

/** What Go calls white space at the ends of a text. */
const ENDS =
  /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;

/** A place in a text, counted in characters. */
function placeIn(characters: readonly string[], index: bigint): number {
  if (index < 0n || index > BigInt(characters.length)) throw celError(`index out of range: ${index}`);
  return Number(index);
}

/** The first place of a part from one on, or the last up to one; none from beyond the end. */
function search(text: string, part: string, direction: 1 | -1, from?: bigint): bigint {
  const characters = [...text];
  const wanted = [...part];
  if (part === "") return from ?? (direction > 0 ? 0n : BigInt(characters.length));
  if (from !== undefined && from < 0n) throw celError(`index out of range: ${from}`);
  if (from !== undefined && from >= BigInt(characters.length)) return -1n;
  const last = characters.length - wanted.length;
  const start = from === undefined ? (direction > 0 ? 0 : last) : Number(from);
  for (let at = direction > 0 ? start : Math.min(start, last); at >= 0 && at <= last; at += direction) {
    if (wanted.every((character, index) => characters[at + index] === character)) return BigInt(at);
  }
  return -1n;
}

function split(text: string, separator: string, limit: bigint): readonly string[] {
  if (limit === 0n) return [];
  const parts = separator === "" ? [...text] : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const kept = parts.slice(0, Number(limit) - 1);
  return [...kept, parts.slice(kept.length).join(separator)];
}

function replace(text: string, from: string, to: string, limit: bigint, budget: Budget): string {
  const places = split(text, from, limit < 0n ? -1n : limit + 1n);
  spend(budget, places.length * (1 + to.length / 10));
  if (from === "") {
    const count = limit < 0n ? places.length + 1 : Math.min(Number(limit), places.length + 1);
    const characters = [...text];
    return characters.slice(0, count).map((one) => to + one).join("") + characters.slice(count).join("") +
      (count > characters.length ? to : "");
  }
  return places.join(to);
}

function substring(text: string, from: bigint, to?: bigint): string {
  const characters = [...text];
  const start = placeIn(characters, from);
  const end = to === undefined ? characters.length : placeIn(characters, to);
  if (start > end) throw celError(`invalid substring range. start: ${start}, end: ${end}`);
  return characters.slice(start, end).join("");
}

const TEXTS = [
  on("string.charAt(int): string", (text: string, at: bigint) => {
    const characters = [...text];
    return characters[placeIn(characters, at)] ?? "";
  }),
  on("string.indexOf(string): int", (text: string, part: string) => search(text, part, 1), true),
  on(
    "string.indexOf(string, int): int",
    (text: string, part: string, from: bigint) => search(text, part, 1, from),
    true,
  ),
  on("string.lastIndexOf(string): int", (text: string, part: string) => search(text, part, -1), true),
  on(
    "string.lastIndexOf(string, int): int",
    (text: string, part: string, from: bigint) => search(text, part, -1, from),
    true,
  ),
  on("string.lowerAscii(): string", (text: string) => text.replace(LETTERS_DOWN, (one) => one.toLowerCase()), true),
  on("string.upperAscii(): string", (text: string) => text.replace(LETTERS_UP, (one) => one.toUpperCase()), true),
  on("string.trim(): string", (text: string) => text.replace(ENDS, ""), true),
  on(
    "string.replace(string, string): string",
    (text: string, from: string, to: string, budget: Budget) => replace(text, from, to, -1n, budget),
  ),
  on("string.replace(string, string, int): string", replace),
  on("string.split(string): list<string>", (text: string, separator: string) => split(text, separator, -1n), true),
  on("string.split(string, int): list<string>", split, true),
  on("string.substring(int): string", (text: string, from: bigint) => substring(text, from), true),
  on("string.substring(int, int): string", (text: string, from: bigint, to: bigint) => substring(text, from, to), true),
  on("list<string>.join(): string", (texts: readonly string[]) => texts.join(""), true),
  on("list<string>.join(string): string", (texts: readonly string[], between: string, budget: Budget) => {
    spend(budget, texts.length * (1 + between.length / 10));
    return texts.join(between);
  }, true),
];

type List = readonly CelValue[];

function isSorted(list: List, budget: Budget): boolean {
  return list.every((item, at) => at === 0 || (compare(list[at - 1] as CelValue, item, budget) ?? NaN) <= 0);
}

function extreme(list: List, sign: number, budget: Budget): CelValue {
  const [first, ...rest] = list;
  if (first === undefined) throw celError(`${sign < 0 ? "min" : "max"} called on empty list`);
  return rest.reduce((best, item) => (compare(item, best, budget) ?? 0) * sign > 0 ? item : best, first);
}

function place(list: List, value: CelValue, budget: Budget): bigint {
  return BigInt(list.findIndex((item) => areEqual(item, value, budget)));
}

const LISTS = [
  on("list.isSorted(): bool", isSorted),
  on(
    "list<int>.sum(): int",
    (list: List, budget: Budget) => list.reduce((all, one) => arithmetic("+", all, one, budget), 0n),
  ),
  on(
    "list<double>.sum(): double",
    (list: List, budget: Budget) => list.reduce((all, one) => arithmetic("+", all, one, budget), 0),
  ),
  on("list.min(): dyn", (list: List, budget: Budget) => extreme(list, -1, budget)),
  on("list.max(): dyn", (list: List, budget: Budget) => extreme(list, 1, budget)),
  on("list.indexOf(dyn): int", place),
  on("list.lastIndexOf(dyn): int", (list: List, value: CelValue, budget: Budget) => {
    const back = place([...list].reverse(), value, budget);
    return back < 0n ? -1n : BigInt(list.length - 1) - back;
  }),
];

const includesAll = (list: List, wanted: List, budget: Budget): boolean =>
  wanted.every((one) => place(list, one, budget) >= 0n);

const SETS = [
  on("sets_contains(list, list): bool", includesAll),
  on(
    "sets_equivalent(list, list): bool",
    (one: List, other: List, budget: Budget) => includesAll(one, other, budget) && includesAll(other, one, budget),
  ),
  on(
    "sets_intersects(list, list): bool",
    (one: List, other: List, budget: Budget) => one.some((item) => place(other, item, budget) >= 0n),
  ),
];

/** Matches of a pattern at most that are made into a list. */
const ALL_MATCHES = 100_000;

const EXPRESSIONS = [
  on(
    "string.find(string): string",
    (text: string, pattern: string) => findRegularExpression(pattern, text, 1)[0] ?? "",
  ),
  on(
    "string.findAll(string): list<string>",
    (text: string, pattern: string) => findRegularExpression(pattern, text, ALL_MATCHES),
  ),
  on(
    "string.findAll(string, int): list<string>",
    (text: string, pattern: string, limit: bigint) =>
      findRegularExpression(pattern, text, limit < 0n ? ALL_MATCHES : Math.min(Number(limit), ALL_MATCHES)),
  ),
];

/** A URL's parts; absolute, or an absolute path, as Go's ParseRequestURI takes them. */
interface UrlParts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

function parseUrl(text: string): UrlParts | undefined {
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u0020\u007f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const [, scheme = "", authority, rest] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?]*))?(.*)$/.exec(text) ?? [];
  if (rest === undefined || (scheme === "" && (authority !== undefined || !rest.startsWith("/")))) return undefined;
  if (scheme !== "" && authority === undefined && !rest.startsWith("/")) return undefined;
  const host = (authority ?? "").slice((authority ?? "").lastIndexOf("@") + 1);
  if (!/^(?:\[[0-9A-Fa-f:.%]+\]|[^\[\]:<>"]*)(?::\d*)?$/.test(host)) return undefined;
  const [path = "", ...query] = rest.split("?");
  return { scheme: scheme.toLowerCase(), host, path, query: query.join("?") };
}

const partsOf = ({ value }: CelOpaque): UrlParts => value as UrlParts;

const URLS = [
  on("isURL(string): bool", (text: string) => parseUrl(text) !== undefined),
  on("url(string): kubernetes.URL", (text: string) => {
    const value = parseUrl(text);
    if (value === undefined) throw celError("URL parse error during conversion from string");
    return { type: "kubernetes.URL", text, value };
  }),
  on("kubernetes.URL.getScheme(): string", (url: CelOpaque) => partsOf(url).scheme),
  on("kubernetes.URL.getHost(): string", (url: CelOpaque) => partsOf(url).host),
  on(
    "kubernetes.URL.getHostname(): string",
    (url: CelOpaque) => partsOf(url).host.replace(/:\d*$/, "").replace(/^\[|\]$/g, ""),
  ),
  on(
    "kubernetes.URL.getPort(): string",
    (url: CelOpaque) => /:(\d*)$/.exec(partsOf(url).host.replace(/^\[.*\]/, ""))?.[1] ?? "",
  ),
  on("kubernetes.URL.getEscapedPath(): string", (url: CelOpaque) => partsOf(url).path),
];

/** Kubernetes' functions for texts, lists, sets, regular expressions and URLs. */
export const KUBERNETES_CEL_FUNCTIONS: readonly CelFunction[] = [...TEXTS, ...LISTS, ...SETS, ...EXPRESSIONS, ...URLS];
