/**
 * JSON read strictly (RFC 8259), and JSON Pointer (RFC 6901).
 *
 * `JSON.parse` decides what is JSON; a pass over the text before it finds what it forgives: a name that occurs twice in
 * one object, at any depth, and nesting without bound. The pass is linear, copies nothing but names, and jumps over
 * strings; it goes first, since a value of millions of levels costs a second and much memory before it can be refused.
 */
import { MalformedError } from "../errors.ts";
import { decodeUtf8, printable } from "./text.ts";

/** Levels of nesting read at most, unless the caller says otherwise. */
export const MAX_JSON_DEPTH = 64;
/** Bytes (or characters of text) read at most, unless the caller says otherwise: twice the largest AdmissionReview. */
export const MAX_JSON_BYTES = 16 * 1024 * 1024;

/** A value of RFC 8259. */
export type JsonValue = string | number | boolean | null | JsonArray | JsonObject;
/** An array of RFC 8259, section 5. */
export type JsonArray = readonly JsonValue[];
/** An object of RFC 8259, section 4. Names are own properties; look a name from outside up with `Object.hasOwn`. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Bounds of one reading. */
export interface JsonLimits {
  readonly maxDepth?: number;
  readonly maxBytes?: number;
  /**
   * Commas and opening brackets outside of texts at most, one of which goes before every value; unbounded when left
   * out.
   */
  readonly maxValues?: number;
}

/** Whether a JSON value is an object: not an array, not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(what: string, cause?: unknown): never {
  throw new MalformedError("ERR_JSON", `Cannot parse JSON: ${what}`, { cause });
}

/**
 * The one value this text is. `__proto__` is a name like any other: an own property, never a prototype.
 *
 * @param input JSON text, or its UTF-8 bytes; without a byte order mark.
 * @throws {MalformedError} `ERR_JSON`; `ERR_TOO_LARGE` beyond `maxBytes` or `maxValues`.
 *
 * Spec: RFC 8259, section 4 asks for unique names; Notary Project envelopes and policies are judged by them.
 */
export function parseJson(input: string | Uint8Array, limits: JsonLimits = {}): JsonValue {
  const { maxDepth = MAX_JSON_DEPTH, maxBytes = MAX_JSON_BYTES, maxValues = Infinity } = limits;
  if (input.length > maxBytes) {
    throw new MalformedError(
      "ERR_TOO_LARGE",
      `Cannot parse JSON: ${input.length} bytes, expected at most ${maxBytes}`,
    );
  }
  const text = typeof input === "string" ? input : decodeUtf8(input, "ERR_JSON");
  checkStructure(text, maxDepth, maxValues);
  try {
    return JSON.parse(text);
  } catch (cause) {
    refuse(printable(cause instanceof Error ? cause.message : String(cause), 160), cause);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Index of the quote that closes the string opened before `from`; −1 where there is none, so that this is no JSON. */
function closingQuote(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (text.charCodeAt(quote - 1) === BACKSLASH) {
    let backslashes = 1;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    // Backslashes in pairs stand for themselves; an odd one escapes the quote.
    if (backslashes % 2 === 0) break;
    quote = text.indexOf('"', quote + 1);
  }
  return quote;
}

/** Names seen in the object being read: an array while they are few, then a set. */
type Names = string[] | Set<string>;
const MANY_NAMES = 12;

function addName(names: Names, name: string): Names | undefined {
  if (Array.isArray(names)) {
    if (names.includes(name)) return undefined;
    if (names.length < MANY_NAMES) {
      names.push(name);
      return names;
    }
    return new Set(names).add(name);
  }
  return names.has(name) ? undefined : names.add(name);
}

/** A name with its escapes undone; as it is where they are wrong, which `JSON.parse` says of the whole text. */
function nameOf(raw: string): string {
  if (!raw.includes("\\")) return raw;
  try {
    return JSON.parse(`"${raw}"`);
  } catch {
    return raw;
  }
}

/** Refuses repeated names, deep nesting and too many values; of text that is no JSON anything else goes by. */
function checkStructure(text: string, maxDepth: number, maxValues: number): void {
  // One entry per open bracket: the names of an object, or undefined for an array.
  const open: (Names | undefined)[] = [];
  let names: Names | undefined;
  let expectName = false;
  let values = 0;
  const count = (): void => {
    if (++values <= maxValues) return;
    throw new MalformedError("ERR_TOO_LARGE", `Cannot parse JSON: more than ${maxValues} values`);
  };
  const length = text.length;
  for (let index = 0; index < length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE: {
        const start = index + 1;
        index = closingQuote(text, start);
        if (index < 0) return;
        if (!expectName || names === undefined) break;
        expectName = false;
        const name = nameOf(text.slice(start, index));
        const added = addName(names, name);
        if (added === undefined) {
          refuse(`the name "${printable(name, 80)}" occurs twice in one object${position(text, start - 1)}`);
        }
        names = added;
        break;
      }
      case 0x7b: // {
      case 0x5b: // [
        count();
        open.push(names);
        if (open.length > maxDepth) refuse(`more than ${maxDepth} levels of nesting${position(text, index)}`);
        names = text.charCodeAt(index) === 0x7b ? [] : undefined;
        expectName = names !== undefined;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        names = open.pop();
        expectName = false;
        break;
      case 0x2c: // ,
        count();
        expectName = names !== undefined;
        break;
    }
  }
}

function position(text: string, index: number): string {
  const before = text.slice(0, index).split("\n");
  return ` at line ${before.length}, column ${(before[before.length - 1] as string).length + 1}`;
}

/**
 * The JSON Pointer of a path: `/spec/containers/0/image`; `""` for the whole document.
 *
 * Spec: RFC 6901, sections 3 and 5.
 */
export function formatPointer(path: readonly (string | number)[]): string {
  let pointer = "";
  for (const token of path) pointer += `/${String(token).replaceAll("~", "~0").replaceAll("/", "~1")}`;
  return pointer;
}

/**
 * The reference tokens of a JSON Pointer, unescaped; array indices stay text.
 *
 * @throws {MalformedError} `ERR_JSON` when it does not begin with `/` or has a `~` that escapes nothing.
 */
export function parsePointer(pointer: string): readonly string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) {
    throw new MalformedError("ERR_JSON", `Cannot parse "${printable(pointer, 80)}": not a JSON Pointer`);
  }
  return pointer.slice(1).split("/").map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}
