/** Ranges of versions such as `>=1.2.0 <2.x || 3.1.4`, as the library that Kyverno uses reads them. */
import { compareVersions, parseVersion, type Version } from "../version.ts";
import { bareFailure } from "./failure.ts";

/** Characters of a range at most. */
export const MAX_RANGE_CHARACTERS = 1_024;

type Comparison = (order: number) => boolean;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  "": (order) => order === 0,
  "=": (order) => order === 0,
  "==": (order) => order === 0,
  "!": (order) => order !== 0,
  "!=": (order) => order !== 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
};

/**
 * Whether a version lies in a range: parts between spaces have to hold together, `||` stands between alternatives.
 *
 * @throws {ConfigurationError} `ERR_EXPRESSION` when the range is none.
 */
export function isInRange(version: Version, range: string): boolean {
  if (range.length > MAX_RANGE_CHARACTERS) throw bareFailure("the range of versions is too long");
  const alternatives = splitAlternatives(splitParts(range)).map((parts) => parts.flatMap(expandWildcard));
  // All parts are read before any decides, so that what is none is found whatever the version.
  const read = alternatives.map((parts) => parts.map(readPart));
  return read.some((parts) =>
    parts.length > 0 && parts.every(({ holds, than }) => holds(compareVersions(version, than)))
  );
}

/** A space behind `<`, `>` or `=` separates nothing, and parts of one character are dropped. */
function splitParts(range: string): readonly string[] {
  return range.split(/(?<![<>= ] *) /).map((part) => part.replaceAll(" ", "")).filter((part) => part.length > 1);
}

function splitAlternatives(parts: readonly string[]): readonly (readonly string[])[] {
  const alternatives: string[][] = [[]];
  for (const part of parts) {
    if (part === "||") alternatives.push([]);
    else alternatives.at(-1)?.push(part);
  }
  if (parts[0] === "||") throw bareFailure("First element in range is '||'");
  if (alternatives.at(-1)?.length === 0) throw bareFailure("Last element in range is '||'");
  return alternatives;
}

function splitComparison(part: string): readonly [string, string] {
  const at = part.search(/\p{Nd}/u);
  if (at < 0) throw bareFailure(`Could not get version from string: "${part}"`);
  return [part.slice(0, at).trim(), part.slice(at)];
}

/** `1.x` and `1.2.x` → what they stand for: `>1.2.x` is `>=1.3.0`. */
function expandWildcard(part: string): readonly string[] {
  if (!part.includes("x")) return [part];
  const [comparison, pattern] = splitComparison(part);
  const numbers = pattern.split(".");
  const lowest = pattern.replace(".x.x", ".x").replace(".x", ".0");
  const flat = lowest.split(".").length === 2 ? `${lowest}.0` : lowest;
  const next = numbers.at(-1) === "x" ? increment(flat, numbers.length - 2) : "";
  switch (comparison) {
    case ">":
      return [`>=${next}`];
    case "<=":
      return [`<${next}`];
    case ">=":
    case "<":
      return [comparison + flat];
    case "!":
    case "!=":
      return [`<${flat}`, `>=${next}`];
    case "":
    case "=":
    case "==":
      return [`>=${flat}`, `<${next}`];
    default:
      return [flat];
  }
}

/** @param index 0 for the major, 1 for the minor number. */
function increment(version: string, index: number): string {
  const numbers = version.split(".");
  if (index < 0 || index > 1 || !/^\d{1,15}$/.test(numbers[index] ?? "")) return "";
  return numbers.map((number, at) => at === index ? String(Number(number) + 1) : number).join(".");
}

function readPart(part: string): { readonly holds: Comparison; readonly than: Version } {
  const [comparison, text] = splitComparison(part);
  const holds = Object.hasOwn(COMPARISONS, comparison) ? COMPARISONS[comparison] : undefined;
  const than = parseVersion(text);
  if (holds === undefined) throw bareFailure(`Could not parse Range "${part}": Could not parse comparator`);
  if (than === undefined) throw bareFailure(`Could not parse Range "${part}": Could not parse version "${text}"`);
  return { holds, than };
}
