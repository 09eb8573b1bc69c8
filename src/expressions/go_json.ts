/** JSON as Go's `encoding/json` writes it, which is what people see where a variable of a policy is no text. */
import { isJsonObject } from "../encoding/mod.ts";

const ESCAPED: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/**
 * @param value JSON.
 * @returns One line: names sorted by their bytes, `<`, `>` and `&` escaped.
 */
export function formatGoJson(value: unknown): string {
  return write(value).replace(/[<>&\u2028\u2029]/g, (character) => ESCAPED[character] ?? character);
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value ?? null);
  const members = Object.keys(value).sort(compareText).map((name) => `${JSON.stringify(name)}:${write(value[name])}`);
  return `{${members.join(",")}}`;
}

/** Orders texts by code point, as comparing their UTF-8 bytes does. */
export function compareText(one: string, other: string): number {
  const [first, second] = [[...one], [...other]];
  for (let at = 0; at < first.length && at < second.length; at++) {
    const [left = 0, right = 0] = [first[at]?.codePointAt(0), second[at]?.codePointAt(0)];
    if (left !== right) return left - right;
  }
  return first.length - second.length;
}
