/** JSON as Go's `encoding/json` writes it, which is what people see where a variable of a policy is no text. */
import { decodeUtf8, encodeUtf8, isJsonObject } from "../encoding/mod.ts";
import { MAX_TEXT_CHARACTERS, MAX_VALUE_NODES, textTooLong } from "./bounds.ts";

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
    if ((length += part.length) > MAX_TEXT_CHARACTERS || parts.length > 4 * MAX_VALUE_NODES) throw textTooLong();
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
  if (one === other) return 0;
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (left === right) continue;
    // Halves of pairs stand for characters beyond all that need one unit.
    return isHalf(left) === isHalf(right) ? left - right : isHalf(left) ? 1 : -1;
  }
  return one.length - other.length;
}

const isHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
