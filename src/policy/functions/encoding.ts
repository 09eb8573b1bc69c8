/** Functions that encode, decode and digest texts. */
import { digestOfText } from "../../crypto/mod.ts";
import { decodeUtf8, encodeBase64, encodeUtf8, parseJson, parseYaml } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import type { ExpressionFunction } from "../../expressions/mod.ts";
import { bareFailure } from "./failure.ts";

/** Levels of nesting that a text of JSON or YAML may have. */
export const MAX_PARSED_DEPTH = 64;

/**
 * Characters of a text that `parse_yaml` reads: the library takes about a second for each million of them, nobody else
 * is served meanwhile, and the text may be the Pod's.
 */
export const MAX_PARSED_YAML_CHARACTERS = 128 * 1024;

/** Texts that are not parsed again when they come again, as a ConfigMap's does for each image. */
const MAX_PARSED_TEXTS = 4;

/** Two steps for each character, which is about the time that two steps take. */
const YAML_WEIGHT = 32;

const TEXT = ["string"] as const;

export const ENCODING_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  ["base64_decode", { parameters: [TEXT], evaluate: decode }],
  ["base64_encode", { parameters: [TEXT], evaluate: (text: string) => encodeBase64(encodeUtf8(text)) }],
  ["parse_json", { parameters: [TEXT], evaluate: readJson }],
  ["parse_yaml", { parameters: [TEXT], weight: YAML_WEIGHT, evaluate: readYaml }],
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

const parsed = new Map<string, unknown>();

/** The first document, as where Kyverno runs. Values are never changed, so that one may be given to many. */
function readYaml(text: string): unknown {
  if (parsed.has(text)) return parsed.get(text);
  if (text.length > MAX_PARSED_YAML_CHARACTERS) {
    const found = `${text.length} characters, expected at most ${MAX_PARSED_YAML_CHARACTERS}`;
    throw new ConfigurationError("ERR_TOO_LARGE", `Cannot parse the YAML: ${found}`);
  }
  const value = checkNumbers(parseYaml(text, "parse_yaml")[0]?.value ?? null);
  parsed.set(text, value);
  for (const oldest of parsed.keys()) {
    if (parsed.size <= MAX_PARSED_TEXTS) break;
    parsed.delete(oldest);
  }
  return value;
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
