/**
 * YAML text as Kyverno writes it. Up to 1.18: block style, two spaces per level, lines broken at the first space past
 * column 80, keys in natural order, and for each text the plainest style that reads back as that same text in YAML 1.1.
 * From 1.19 on the same without broken lines.
 *
 * Spec: YAML 1.1, sections 5 (characters) and 9 (scalar styles); the choices among them are those of go-yaml 2.4, and
 * 3.0.
 */

import { compareNaturally } from "./natural_order.ts";

/** Policy name → rule name → message. */
export type BlockMap = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** How one version of go-yaml writes. */
interface Dialect {
  /** Column after which the next single space becomes a line break. */
  readonly bestWidth: number;
  /**
   * Whether tabs are written as they are in a text of several lines, and such a text loses the break it begins with.
   */
  readonly keepsTabs: boolean;
}

const FOLDED: Dialect = { bestWidth: 80, keepsTabs: false };
const UNFOLDED: Dialect = { bestWidth: Number.POSITIVE_INFINITY, keepsTabs: true };
const INDENT = 2;

/**
 * The map as a YAML document, with a newline at its end.
 *
 * @param map Names of at most 128 characters on one line; messages of any text.
 */
export function renderFoldedYaml(map: BlockMap): string {
  return render(map, FOLDED);
}

/** As {@link renderFoldedYaml}, each text on one line, or on as many as it has itself. */
export function renderUnfoldedYaml(map: BlockMap): string {
  return render(map, UNFOLDED);
}

function render(map: BlockMap, dialect: Dialect): string {
  let text = "";
  for (const policy of Object.keys(map).sort(compareNaturally)) {
    const rules = map[policy] ?? {};
    const names = Object.keys(rules).sort(compareNaturally);
    text += `${renderKey(policy, 0, dialect)}:${names.length === 0 ? " {}" : ""}\n`;
    for (const name of names) {
      const key = `${" ".repeat(INDENT)}${renderKey(name, INDENT, dialect)}:`;
      text += `${key}${renderScalar(rules[name] ?? "", 2 * INDENT, [...key].length, true, dialect)}\n`;
    }
  }
  return text === "" ? "{}\n" : text;
}

function renderKey(name: string, column: number, dialect: Dialect): string {
  return renderScalar(name, 0, column, false, dialect).trimStart();
}

/** Characters that begin a construct of YAML when they stand first in a plain text. */
const FIRST_INDICATORS = "#,[]{}&*!|>'\"%@`";
const BREAKS = "\r\n\u0085\u2028\u2029";

interface Analysis {
  readonly plain: boolean;
  readonly singleQuoted: boolean;
  readonly literal: boolean;
}

function analyze(characters: readonly string[], { keepsTabs }: Dialect): Analysis {
  const text = characters.join("");
  const last = characters.length - 1;
  if (last < 0) return { plain: true, singleQuoted: true, literal: false };
  let indicators = text.startsWith("---") || text.startsWith("...");
  let special = false;
  let tab = false;
  let spaceThenBreak = false;
  let breakThenSpace = false;
  for (const [index, character] of characters.entries()) {
    const next = characters[index + 1];
    const blankAfter = next === undefined || next === " " || next === "\t";
    const before = characters[index - 1];
    if (index === 0) {
      if (FIRST_INDICATORS.includes(character)) indicators = true;
      if ("?:-".includes(character) && blankAfter) indicators = true;
    } else {
      if (character === ":" && blankAfter) indicators = true;
      if (character === "#" && isBlankOrBreak(before)) indicators = true;
    }
    if (character === "\t" && keepsTabs) tab = true;
    else if (!isPrintable(character)) special = true;
    if (character === " " && isBreak(before)) breakThenSpace = true;
    if (isBreak(character) && before === " ") spaceThenBreak = true;
  }
  const first = characters[0];
  const final = characters[last];
  const edges = first === " " || isBreak(first) || final === " " || isBreak(final);
  const anyBreak = characters.some(isBreak);
  return {
    plain: !(edges || breakThenSpace || spaceThenBreak || special || tab || anyBreak || indicators),
    singleQuoted: !(breakThenSpace || spaceThenBreak || special || tab),
    literal: !(final === " " || spaceThenBreak || special),
  };
}

/**
 * One text, with what separates it from the colon before it.
 *
 * @param indent Column of the lines after the first.
 * @param column Column at which the colon left off.
 * @param mayBreak Keys stay on one line.
 */
function renderScalar(value: string, indent: number, column: number, mayBreak: boolean, dialect: Dialect): string {
  const characters = [...value];
  const { plain, singleQuoted, literal } = analyze(characters, dialect);
  const line: Line = { text: "", column, bestWidth: dialect.bestWidth };
  if (value.includes("\n")) {
    if (literal && mayBreak) return renderLiteral(characters, indent, dialect);
    return renderDoubleQuoted(characters, indent, line, mayBreak);
  }
  if (resolvesToText(value)) {
    if (plain && (value !== "" || mayBreak)) return renderPlain(characters, indent, line, mayBreak);
    if (singleQuoted) return renderSingleQuoted(characters, indent, line, mayBreak);
  }
  return renderDoubleQuoted(characters, indent, line, mayBreak);
}

/** What is written so far, and the column it ended in. */
interface Line {
  text: string;
  column: number;
  readonly bestWidth: number;
}

function put(line: Line, text: string): void {
  line.text += text;
  line.column += [...text].length;
}

function breakLine(line: Line, indent: number): void {
  line.text += `\n${" ".repeat(indent)}`;
  line.column = indent;
}

function renderPlain(characters: readonly string[], indent: number, line: Line, mayBreak: boolean): string {
  put(line, " ");
  for (const [index, character] of characters.entries()) {
    const single = character === " " && characters[index - 1] !== " " && characters[index + 1] !== " ";
    if (single && mayBreak && line.column > line.bestWidth) breakLine(line, indent);
    else put(line, character);
  }
  return line.text;
}

function renderSingleQuoted(characters: readonly string[], indent: number, line: Line, mayBreak: boolean): string {
  put(line, " '");
  for (const [index, character] of characters.entries()) {
    const inside = index > 0 && index < characters.length - 1;
    const single = character === " " && characters[index - 1] !== " " && characters[index + 1] !== " ";
    if (single && inside && mayBreak && line.column > line.bestWidth) {
      breakLine(line, indent);
    } else if (isBreak(character)) {
      line.text += character;
      line.column = 0;
    } else {
      if (isBreak(characters[index - 1])) {
        line.text += " ".repeat(indent);
        line.column = indent;
      }
      put(line, character === "'" ? "''" : character);
    }
  }
  put(line, "'");
  return line.text;
}

function renderDoubleQuoted(characters: readonly string[], indent: number, line: Line, mayBreak: boolean): string {
  put(line, ' "');
  let afterSpace = false;
  for (const [index, character] of characters.entries()) {
    const inside = index > 0 && index < characters.length - 1;
    if (character === " " && !afterSpace && inside && mayBreak && line.column > line.bestWidth) {
      breakLine(line, indent);
      // White space at the beginning of a line would be lost: a backslash keeps it.
      if (characters[index + 1] === " ") put(line, "\\");
    } else {
      put(line, escape(character));
    }
    afterSpace = character === " ";
  }
  put(line, '"');
  return line.text;
}

function renderLiteral(characters: readonly string[], indent: number, { keepsTabs }: Dialect): string {
  const first = characters[0];
  const last = characters.at(-1);
  const hint = first === " " || isBreak(first) ? String(INDENT) : "";
  const keepsBreaks = isBreak(last) && (characters.length === 1 || isBreak(characters.at(-2)));
  let text = ` |${hint}${isBreak(last) ? (keepsBreaks ? "+" : "") : "-"}\n`;
  let atLineStart = true;
  for (const character of keepsTabs && isBreak(first) ? characters.slice(1) : characters) {
    if (isBreak(character)) {
      text += character;
      atLineStart = true;
    } else {
      text += atLineStart ? " ".repeat(indent) + character : character;
      atLineStart = false;
    }
  }
  // The caller ends the line itself.
  return isBreak(last) ? text.slice(0, -1) : text;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "0",
  "\u0007": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\u001b": "e",
  '"': '"',
  "\\": "\\",
  "\u0085": "N",
  "\u00a0": "_",
  "\u2028": "L",
  "\u2029": "P",
};

function escape(character: string): string {
  if (isPrintable(character) && !isBreak(character) && character !== '"' && character !== "\\") return character;
  const named = ESCAPES[character];
  if (named !== undefined) return `\\${named}`;
  const point = character.codePointAt(0) ?? 0;
  const digits = point.toString(16).toUpperCase();
  if (point <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  return point <= 0xffff ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}

function isBreak(character: string | undefined): boolean {
  return character !== undefined && BREAKS.includes(character);
}

function isBlankOrBreak(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\0" || isBreak(character);
}

/** Printable for the emitter: characters beyond the basic plane and the byte order mark are not. */
function isPrintable(character: string): boolean {
  const point = character.codePointAt(0) ?? 0;
  return point === 0x0a || (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xd7ff) ||
    (point >= 0xe000 && point <= 0xfffd && point !== 0xfeff);
}

const WORDS: ReadonlySet<string> = new Set([
  ...["y", "yes", "true", "on", "n", "no", "false", "off", "null"].flatMap(spellings),
  ...["", "~", ".nan", ".NaN", ".NAN"],
  ...["", "+", "-"].flatMap((sign) => [`${sign}.inf`, `${sign}.Inf`, `${sign}.INF`]),
]);

function spellings(word: string): readonly string[] {
  return [word, word.charAt(0).toUpperCase() + word.slice(1), word.toUpperCase()];
}

const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)?)?$/;

/** Whether an unquoted text would be read back as text, and not as a number, a truth value, a date or null. */
function resolvesToText(value: string): boolean {
  if (WORDS.has(value)) return false;
  if (!/^[-+.0-9]/.test(value)) return true;
  if (BASE_60.test(value)) return false;
  if (value.startsWith(".")) return !(FLOAT.test(value) && Number.isFinite(Number(value)));
  if (isTimestamp(value)) return false;
  const digits = value.replaceAll("_", "");
  return !isInteger(digits) && !(FLOAT.test(digits) && Number.isFinite(Number(digits)));
}

function isInteger(digits: string): boolean {
  if (!INTEGER.test(digits)) return false;
  const [, sign = "", body = ""] = /^([-+]?)(.*)$/.exec(digits) ?? [];
  const value = BigInt(/^0[0-7]+$/.test(body) ? `0o${body}` : body);
  if (sign === "-") return value <= 2n ** 63n;
  return value < (sign === "+" ? 2n ** 63n : 2n ** 64n);
}

function isTimestamp(value: string): boolean {
  const match = DATE.exec(value);
  if (match === null) return false;
  const [, year, month, day, separator, hour, minute, second, zone] = match;
  // With a T the zone is part of the form, with a space it is not.
  if (separator !== undefined && (separator === " ") === (zone !== undefined)) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return false;
  return Number(hour ?? 0) < 24 && Number(minute ?? 0) < 60 && Number(second ?? 0) < 60;
}
