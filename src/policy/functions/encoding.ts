/** Functions that encode, decode and digest texts. */
import { digestOfText } from "../../crypto/mod.ts";
import { decodeUtf8, encodeBase64, encodeUtf8, parseJson, parseYaml } from "../../encoding/mod.ts";
import type { ExpressionFunction } from "../../expressions/mod.ts";
import { bareFailure } from "./failure.ts";

/** Levels of nesting that a text of JSON or YAML may have. */
export const MAX_PARSED_DEPTH = 64;

const TEXT = ["string"] as const;

export const ENCODING_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  ["base64_decode", { parameters: [TEXT], evaluate: decode }],
  ["base64_encode", { parameters: [TEXT], evaluate: (text: string) => encodeBase64(encodeUtf8(text)) }],
  ["parse_json", { parameters: [TEXT], evaluate: readJson }],
  ["parse_yaml", { parameters: [TEXT], evaluate: readYaml }],
  ["md5", { parameters: [TEXT], evaluate: (text: string) => digestOfText("md5", text) }],
  ["sha1", { parameters: [TEXT], evaluate: (text: string) => digestOfText("sha1", text) }],
  ["sha256", { parameters: [TEXT], evaluate: (text: string) => digestOfText("sha256", text) }],
];

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Line breaks do not count, and bits behind the last byte may be any, as in Go. The bytes have to be a text. */
function decode(text: string): string {
  const digits = text.replace(/[\r\n]/g, "");
  if (!BASE64.test(digits)) throw bareFailure("illegal base64 data");
  return decodeUtf8(Uint8Array.from(atob(digits), (character) => character.charCodeAt(0)));
}

function readJson(text: string): unknown {
  return checkNumbers(parseJson(text, { maxDepth: MAX_PARSED_DEPTH }));
}

/** The first document, as where Kyverno runs. */
function readYaml(text: string): unknown {
  return checkNumbers(parseYaml(text, "parse_yaml")[0]?.value ?? null);
}

/** A number that is none in 64 bits, as `1e999`, cannot be written as JSON again. */
function checkNumbers(value: unknown): unknown {
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === "number" && !Number.isFinite(next)) throw bareFailure("a number is out of range");
    if (typeof next === "object" && next !== null) { for (const item of Object.values(next)) waiting.push(item); }
  }
  return value;
}
