/** Functions over texts. A character is a Unicode code point. */
import { compareText, type ExpressionFunction, MAX_TEXT_CHARACTERS, textTooLong } from "../../expressions/mod.ts";
import { matchWildcard, wildcardSteps } from "../wildcard.ts";
import { functionFailure, textOf } from "./failure.ts";

/** Characters of a pattern times characters of the text it is matched with, at most. */
export const MAX_PATTERN_WORK = 4 * 1024 * 1024;

const TEXT = ["string"] as const;
const NUMBER = ["number"] as const;

export const TEXT_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  ["compare", {
    parameters: [TEXT, TEXT],
    evaluate: (one: string, other: string) => Math.sign(compareText(one, other)),
  }],
  ["equal_fold", { parameters: [TEXT, TEXT], evaluate: equalFold }],
  ["replace", { parameters: [TEXT, TEXT, TEXT, NUMBER], evaluate: replaceText }],
  ["replace_all", {
    parameters: [TEXT, TEXT, TEXT],
    evaluate: (text: string, old: string, given: string) => replaceText(text, old, given, -1),
  }],
  ["to_upper", { parameters: [TEXT], evaluate: (text: string) => eachCharacter(text, toUpper) }],
  ["to_lower", { parameters: [TEXT], evaluate: (text: string) => eachCharacter(text, toLower) }],
  ["trim", { parameters: [TEXT, TEXT], evaluate: trim }],
  ["trim_prefix", {
    parameters: [TEXT, TEXT],
    evaluate: (text: string, prefix: string) => text.startsWith(prefix) ? text.slice(prefix.length) : text,
  }],
  ["split", {
    parameters: [TEXT, TEXT],
    evaluate: (text: string, between: string) => between === "" ? [...text] : text.split(between),
  }],
  ["truncate", { parameters: [TEXT, NUMBER], evaluate: truncate }],
  ["to_boolean", { parameters: [TEXT], evaluate: toBoolean }],
  ["pattern_match", { parameters: [TEXT, ["string", "number"]], steps: patternSteps, evaluate: matchPattern }],
  ["path_canonicalize", { parameters: [TEXT], evaluate: canonicalPath }],
];

/** Case is compared one character with one character, as Unicode's simple folding has it. */
function equalFold(one: string, other: string): boolean {
  const [left, right] = [[...one], [...other]];
  return left.length === right.length && left.every((character, index) => sameFolded(character, right[index] ?? ""));
}

function sameFolded(one: string, other: string): boolean {
  if (one === other) return true;
  // With the flags i and u an expression compares by simple folding.
  return new RegExp(`^\\u{${one.codePointAt(0)?.toString(16)}}$`, "iu").test(other);
}

/** @param count How many at most; all when negative. */
function replaceText(text: string, old: string, given: string, count: number): string {
  const most = Math.trunc(count);
  if (most === 0 || old === given) return text;
  // The empty text stands before each character and at the end.
  const parts = old === "" ? ["", ...text] : text.split(old);
  const places = parts.length - 1 + (old === "" ? 1 : 0);
  const replaced = most < 0 ? places : Math.min(most, places);
  if (text.length + replaced * (given.length - old.length) > MAX_TEXT_CHARACTERS) throw textTooLong();
  let result = parts[0] ?? "";
  for (let index = 1; index < parts.length; index++) result += (index <= replaced ? given : old) + parts[index];
  return old === "" && replaced === places ? result + given : result;
}

function eachCharacter(text: string, change: (character: string) => string): string {
  let result = "";
  for (const character of text) result += change(character);
  return result;
}

/** What one character becomes; where Unicode makes several of it, it stays, as in Go. */
function toUpper(character: string): string {
  const upper = character.toUpperCase();
  if (isOne(upper)) return upper;
  const code = character.codePointAt(0) ?? 0;
  // Greek letters with an iota below have a capital of one character, which Unicode's full mapping does not give.
  if (code >= 0x1f80 && code <= 0x1faf && (code & 8) === 0) return String.fromCodePoint(code + 8);
  return IOTA_CAPITALS[character] ?? character;
}

const IOTA_CAPITALS: Readonly<Record<string, string>> = { "ᾳ": "ᾼ", "ῃ": "ῌ", "ῳ": "ῼ" };

function toLower(character: string): string {
  const lower = character.toLowerCase();
  return isOne(lower) ? lower : String.fromCodePoint(lower.codePointAt(0) ?? 0);
}

const isOne = (text: string): boolean => text.length === ((text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);

/** @param set Characters taken off both ends. */
function trim(text: string, set: string): string {
  const taken = new Set(set);
  const characters = [...text];
  let [start, end] = [0, characters.length];
  while (start < end && taken.has(characters[start] ?? "")) start++;
  while (end > start && taken.has(characters[end - 1] ?? "")) end--;
  return characters.slice(start, end).join("");
}

function truncate(text: string, length: number): string {
  if (length < 1) return "";
  return length >= text.length ? text : [...text].slice(0, Math.trunc(length)).join("");
}

function toBoolean(text: string): boolean {
  const lower = text.toLowerCase();
  if (lower === "true" || lower === "false") return lower === "true";
  throw functionFailure("to_boolean", `lowercase argument must be 'true' or 'false' (provided: '${text}')`);
}

function patternSteps(pattern: unknown, text: unknown): number {
  return typeof pattern === "string" && typeof text === "string" ? wildcardSteps(pattern, text) : 0;
}

function matchPattern(pattern: string, value: string | number): boolean {
  const text = textOf(value);
  if (pattern.length * text.length > MAX_PATTERN_WORK) {
    throw functionFailure("pattern_match", "the text is too long for the pattern");
  }
  return matchWildcard(pattern, text);
}

/** Spec: Go, package path/filepath, Join and Clean. */
function canonicalPath(path: string): string {
  if (path === "") return "";
  const rooted = path.startsWith("/");
  const kept: string[] = [];
  for (const element of path.split("/")) {
    if (element === "" || element === ".") continue;
    if (element !== ".." || (kept.length === 0 ? !rooted : kept.at(-1) === "..")) kept.push(element);
    else kept.pop();
  }
  const joined = (rooted ? "/" : "") + kept.join("/");
  return joined === "" ? "." : joined;
}
