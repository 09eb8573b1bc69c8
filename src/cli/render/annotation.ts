/**
 * One annotation as a line `key: value` with the quoting that oras prints: a YAML mapping of one pair, in the form that
 * YAML 1.1 readers take for text too. Where oras breaks the line or lets a control character through, this one writes
 * a double-quoted scalar, so that an annotation is always one line and never reaches the terminal raw.
 */
import { printable } from "../../encoding/mod.ts";

/**
 * Writes an annotation.
 *
 * @returns One line without a line break, safe to print: `org.opencontainers.image.created: "2026-11-23T08:39:05Z"`.
 */
export function renderAnnotation(key: string, value: string): string {
  return `${scalar(key)}: ${scalar(value)}`;
}

function scalar(text: string): string {
  if (needsEscapes(text)) return doubleQuoted(text);
  if (READ_AS_TEXT_BY_SOME.test(text) || BASE_60.test(text)) return singleQuoted(text);
  if (readsAsOtherThanText(text)) return doubleQuoted(text);
  return canStandPlain(text) ? text : singleQuoted(text);
}

/** Noncharacters of the first plane and everything beyond that plane, as the Go emitter has it. */
const ESCAPED_BY_GO = /[\ud800-\udfff\ufffe\uffff]/;

/** Whether there is something the Go emitter escapes, or something unsafe to print: it lets some of that through. */
function needsEscapes(text: string): boolean {
  return ESCAPED_BY_GO.test(text) || printable(text, text.length) !== text;
}

/** Booleans and the merge key of YAML 1.1. */
const READ_AS_TEXT_BY_SOME = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|<<)$/;

/** Base 60 numbers of YAML 1.1, such as `12:30:45`. */
const BASE_60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

const NULL_OR_BOOLEAN = /^(?:|~|null|Null|NULL|true|True|TRUE|false|False|FALSE)$/;
const SPECIAL_FLOAT = /^(?:\.(?:nan|NaN|NAN)|[-+]?\.(?:inf|Inf|INF))$/;
const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/** Whether an unquoted scalar would be read as null, boolean, number or timestamp. */
function readsAsOtherThanText(text: string): boolean {
  if (NULL_OR_BOOLEAN.test(text) || SPECIAL_FLOAT.test(text)) return true;
  if (text.startsWith(".")) return isFloat(text.replace(/(?<=[0-9])_(?=[0-9])/g, ""));
  if (!/^[-+0-9]/.test(text)) return false;
  if (isTimestamp(text)) return true;
  const digits = text.replaceAll("_", "");
  return (INTEGER.test(digits) && fitsInteger(digits)) || isFloat(digits);
}

/** Whether the text is a decimal number that 64 bits of floating point can hold. */
function isFloat(text: string): boolean {
  return FLOAT.test(text) && Number.isFinite(Number(text));
}

/** Whether an integer literal is one of 64 bits: signed, or unsigned when it is written without a sign. */
function fitsInteger(literal: string): boolean {
  const unsigned = literal.replace(/^[-+]/, "");
  const magnitude = BigInt(/^0[0-7]+$/.test(unsigned) ? `0o${unsigned.slice(1)}` : unsigned);
  if (literal.startsWith("-")) return magnitude <= 2n ** 63n;
  return magnitude < (literal.startsWith("+") ? 2n ** 63n : 2n ** 64n);
}

const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+](\d{2}):(\d{2})))| +(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?$/;

/** Whether the text is a date, or a date and time, of the forms YAML readers of Go know. */
function isTimestamp(text: string): boolean {
  const match = TIMESTAMP.exec(text);
  if (match === null) return false;
  const field = (index: number): number => Number(match[index] ?? 0);
  const daysInMonth = new Date(Date.UTC(field(1) === 0 ? 400 : field(1), field(2), 0)).getUTCDate();
  return field(2) >= 1 && field(2) <= 12 && field(3) >= 1 && field(3) <= daysInMonth &&
    field(4) < 24 && field(5) < 60 && field(6) < 60 && field(7) <= 24 && field(8) < 60 &&
    field(9) < 24 && field(10) < 60 && field(11) < 60;
}

/** Whether a scalar needs no quotes in a block mapping. */
function canStandPlain(text: string): boolean {
  return !/^[ #,[\]{}&*!|>'"%@`]/.test(text) && !/^[?:-](?:[ \t]|$)/.test(text) && !/^(?:---|\.\.\.)/.test(text) &&
    !/:(?:[ \t]|$)/.test(text) && !/[ \t]#/.test(text) && !text.endsWith(" ");
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  0x00: "0",
  0x07: "a",
  0x08: "b",
  0x09: "t",
  0x0a: "n",
  0x0b: "v",
  0x0c: "f",
  0x0d: "r",
  0x1b: "e",
  0x22: '"',
  0x5c: "\\",
  0x85: "N",
  0x2028: "L",
  0x2029: "P",
};

function doubleQuoted(text: string): string {
  let quoted = '"';
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (character !== '"' && character !== "\\" && !needsEscapes(character)) {
      quoted += character;
      continue;
    }
    const short = SHORT_ESCAPES[code];
    quoted += short === undefined ? numericEscape(code) : `\\${short}`;
  }
  return `${quoted}"`;
}

function numericEscape(code: number): string {
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
