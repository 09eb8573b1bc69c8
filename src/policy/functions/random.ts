/** `random`: a text that a regular expression describes. */
import type { ExpressionFunction } from "../../expressions/mod.ts";

import { bareFailure } from "./failure.ts";

/** Characters made at most. */
export const MAX_RANDOM_CHARACTERS = 4_096;

/** Parts of a pattern written at most, those of no character among them. */
export const MAX_RANDOM_STEPS = 65_536;

/** How often `*`, `+` and `{n,}` repeat at most, beyond what they must. */
export const MAX_OPEN_REPETITIONS = 32;

/** Levels of groups in one another at most. */
export const MAX_RANDOM_DEPTH = 32;

/** Bytes that nobody can foresee, as many as asked for. */
export type Random = (length: number) => Uint8Array;

/** A number from 0 to one less than the bound, each as likely. */
type Choose = (bound: number) => number;

type Part =
  | { readonly type: "characters"; readonly ranges: readonly Range[] }
  | { readonly type: "group"; readonly alternatives: readonly (readonly Part[])[] }
  | { readonly type: "repeat"; readonly part: Part; readonly least: number; readonly most: number };

/** Code points, both ends included. */
type Range = readonly [number, number];

const PRINTABLE: readonly Range[] = [[0x20, 0x7e]];
const DIGITS: readonly Range[] = [[0x30, 0x39]];
const WORD: readonly Range[] = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const SPACE: readonly Range[] = [[0x09, 0x0a], [0x0c, 0x0d], [0x20, 0x20]];
const CLASSES: Readonly<Record<string, readonly Range[]>> = {
  d: DIGITS,
  w: WORD,
  s: SPACE,
  D: without(DIGITS),
  W: without(WORD),
  S: without(SPACE),
  n: [[0x0a, 0x0a]],
  t: [[0x09, 0x09]],
  r: [[0x0d, 0x0d]],
};

const LOWER: Range = [0x61, 0x7a];
const UPPER: Range = [0x41, 0x5a];
const NAMED_CLASSES: Readonly<Record<string, readonly Range[]>> = {
  alnum: [...DIGITS, UPPER, LOWER],
  alpha: [UPPER, LOWER],
  blank: [[0x09, 0x09], [0x20, 0x20]],
  digit: DIGITS,
  graph: [[0x21, 0x7e]],
  lower: [LOWER],
  print: PRINTABLE,
  punct: [[0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e]],
  space: SPACE,
  upper: [UPPER],
  word: WORD,
  xdigit: [...DIGITS, [0x41, 0x46], [0x61, 0x66]],
};

export function randomFunctions(
  random: Random = runtimeRandom,
): readonly (readonly [string, ExpressionFunction])[] {
  const evaluate = (pattern: string): string => {
    if (pattern === "") throw bareFailure("no pattern provided");
    const out: Output = { characters: [], steps: 0 };
    write(parsePattern(pattern), chooser(random), out);
    return out.characters.join("");
  };
  return [["random", { parameters: [["string"]], evaluate }]];
}

function runtimeRandom(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}

/** Numbers that would make some more likely than others are drawn again. */
function chooser(random: Random): Choose {
  return (bound) => {
    const limit = 2 ** 32 - 2 ** 32 % bound;
    for (;;) {
      const drawn = new DataView(Uint8Array.from(random(4)).buffer).getUint32(0);
      if (drawn < limit) return drawn % bound;
    }
  };
}

interface Output {
  readonly characters: string[];
  steps: number;
}

function write(part: Part, choose: Choose, out: Output): void {
  if (out.characters.length > MAX_RANDOM_CHARACTERS) {
    throw bareFailure(`random: more than ${MAX_RANDOM_CHARACTERS} characters`);
  }
  if (++out.steps > MAX_RANDOM_STEPS) throw bareFailure(`random: more than ${MAX_RANDOM_STEPS} parts`);
  switch (part.type) {
    case "characters":
      out.characters.push(pick(part.ranges, choose));
      return;
    case "group":
      for (const inner of part.alternatives[choose(part.alternatives.length)] ?? []) write(inner, choose, out);
      return;
    case "repeat": {
      const times = part.least + choose(part.most - part.least + 1);
      for (let time = 0; time < times; time++) write(part.part, choose, out);
    }
  }
}

function pick(ranges: readonly Range[], choose: Choose): string {
  let at = choose(ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0));
  for (const [from, to] of ranges) {
    if (at <= to - from) return String.fromCodePoint(from + at);
    at -= to - from + 1;
  }
  return "";
}

/** The printable characters of ASCII that are not in the ranges. */
function without(ranges: readonly Range[]): readonly Range[] {
  const codes = Array.from({ length: 0x7f - 0x20 }, (_, index) => 0x20 + index);
  return codes.filter((code) => !ranges.some(([from, to]) => code >= from && code <= to))
    .map((code): Range => [code, code]);
}

/** Characters, classes, groups, alternatives and repetitions; what looks ahead or names a class is refused. */
function parsePattern(pattern: string): Part {
  const characters = [...pattern];
  let at = 0;
  const fail = (what: string, where = pattern) => bareFailure(`error parsing regexp: ${what}: \`${where}\``);

  function alternatives(depth: number): Part {
    if (depth > MAX_RANDOM_DEPTH) throw fail("expression nests too deeply");
    const found: Part[][] = [[]];
    while (at < characters.length && characters[at] !== ")") {
      if (characters[at] === "|") {
        found.push([]);
        at++;
      } else if (characters[at] === "^" || characters[at] === "$") at++;
      else found.at(-1)?.push(repeated(single(depth)));
    }
    return { type: "group", alternatives: found };
  }

  function single(depth: number): Part {
    const character = characters[at++] ?? "";
    switch (character) {
      case "(": {
        const [skipped = ""] = /^\?(?::|P?<\w+>)/.exec(characters.slice(at, at + 80).join("")) ?? [];
        at += skipped.length;
        if (characters[at] === "?") throw fail("invalid or unsupported Perl syntax");
        const inner = alternatives(depth + 1);
        if (characters[at++] !== ")") throw fail("missing closing )");
        return inner;
      }
      case "[":
        return { type: "characters", ranges: bracketed() };
      case ".":
        return { type: "characters", ranges: PRINTABLE };
      case "\\":
        return { type: "characters", ranges: escaped() };
      case "*":
      case "+":
      case "?":
        throw fail("missing argument to repetition operator");
      default:
        return { type: "characters", ranges: [codeOf(character)] };
    }
  }

  function escaped(): readonly Range[] {
    const character = characters[at++] ?? "";
    const known = Object.hasOwn(CLASSES, character) ? CLASSES[character] : undefined;
    if (known !== undefined) return known;
    if (character === "" || /[0-9A-Za-z]/.test(character)) throw fail("invalid escape sequence", `\\${character}`);
    return [codeOf(character)];
  }

  function bracketed(): readonly Range[] {
    const negated = characters[at] === "^";
    if (negated) at++;
    const ranges: Range[] = [];
    for (let first = true; first || characters[at] !== "]"; first = false) {
      if (at >= characters.length) throw fail("missing closing ]");
      const from = item();
      if (characters[at] !== "-" || characters[at + 1] === "]" || from.length > 1) {
        ranges.push(...from);
        continue;
      }
      at++;
      const [[low], [high]] = [from[0] ?? [0, 0], item()[0] ?? [0, 0]];
      if (high < low) throw fail("invalid character class range");
      ranges.push([low, high]);
    }
    at++;
    const allowed = negated ? without(ranges) : ranges;
    if (allowed.length === 0) throw fail("no character is left in the class");
    return allowed;
  }

  function item(): readonly Range[] {
    if (characters[at] === "[" && characters[at + 1] === ":") {
      const [text = "", name = ""] = /^\[:(\w+):\]/.exec(characters.slice(at, at + 12).join("")) ?? [];
      if (!Object.hasOwn(NAMED_CLASSES, name)) throw fail("invalid character class range");
      at += text.length;
      return NAMED_CLASSES[name] ?? [];
    }
    const character = characters[at++] ?? "";
    return character === "\\" ? escaped() : [codeOf(character)];
  }

  function repeated(part: Part): Part {
    const rest = characters.slice(at, at + 12).join("");
    const [text, least, open, most] = /^\{(\d{1,4})(,?)(\d{0,4})\}\??/.exec(rest) ?? /^[*+?]\??/.exec(rest) ?? [];
    if (text === undefined) return part;
    at += text.length;
    const range = least === undefined
      ? rangeOf(text)
      : [Number(least), open === "" ? Number(least) : most === "" ? undefined : Number(most)] as const;
    const [from, to = from + MAX_OPEN_REPETITIONS] = range;
    if (from > 1_000 || to > 1_000 + MAX_OPEN_REPETITIONS || to < from) throw fail("invalid repeat count");
    return { type: "repeat", part, least: from, most: to };
  }

  const parsed = alternatives(0);
  if (at < characters.length) throw fail("unexpected )");
  return parsed;
}

function rangeOf(operator: string): readonly [number, number | undefined] {
  if (operator.startsWith("?")) return [0, 1];
  return [operator.startsWith("+") ? 1 : 0, undefined];
}

function codeOf(character: string): Range {
  const code = character.codePointAt(0) ?? 0;
  return [code, code];
}
