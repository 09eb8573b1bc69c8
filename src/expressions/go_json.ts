/** JSON as Go's `encoding/json` writes it, which is what people see where a variable of a policy is no text. */
import { decodeUtf8, encodeUtf8, isJsonObject } from "../encoding/mod.ts";
import { MAX_TEXT_CHARACTERS, textTooLong } from "./bounds.ts";

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
 * @throws {ConfigurationError} `ERR_TOO_LARGE` beyond {@link MAX_TEXT_CHARACTERS}.
 */
export function formatGoJson(value: unknown): string {
  const parts: string[] = [];
  let length = 0;
  write(value, (part) => {
    parts.push(part);
    // One value may stand in many places of another, so what is small in memory may be long as text.
    if ((length += part.length) > MAX_TEXT_CHARACTERS) throw textTooLong();
  });
  return parts.join("").replace(/[<>&\u2028\u2029]/g, (character) => ESCAPED[character] ?? character);
}

function write(value: unknown, add: (part: string) => void): void {
  if (Array.isArray(value)) {
    add("[");
    for (const [index, item] of value.entries()) {
      if (index > 0) add(",");
      write(item, add);
    }
    add("]");
  } else if (isJsonObject(value)) {
    add("{");
    for (const [index, name] of Object.keys(value).sort(compareText).entries()) {
      add(`${index > 0 ? "," : ""}${writeScalar(name)}:`);
      write(value[name], add);
    }
    add("}");
  } else add(writeScalar(value));
}

function writeScalar(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  // Go writes half of a surrogate pair as the replacement character.
  if (typeof value === "string") return JSON.stringify(decodeUtf8(encodeUtf8(value)));
  return JSON.stringify(value ?? null);
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
