/**
 * JSON as the reference implementation reads it, under `compat` only: names of members that mean something in any
 * capitals, the last of several, `null` as absent, and U+FFFD for what is no UTF-8.
 */
import { isJsonObject, type JsonArray, type JsonObject, type JsonValue, printable } from "../../encoding/mod.ts";
import { MalformedError } from "../../errors.ts";
import type { Relaxations } from "./strict_rules.ts";

/** Members that mean something, by name, and those of the objects they are. */
export interface Shape {
  readonly [name: string]: Shape | undefined;
}

/** Capitals and small letters made one; by way of capitals, so that the long s is an s too. */
export function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}

interface Reader {
  readonly text: string;
  readonly maxDepth: number;
  readonly relaxations: Relaxations;
  at: number;
}

/**
 * The value the reference makes of this JSON: members of the shape stand under the shape's names.
 *
 * @param shape Of the outermost object.
 * @param others Whether members in other capitals are also kept under the names they were written with.
 * @throws {MalformedError} `ERR_JSON`
 */
export function parseAsReference(
  bytes: Uint8Array,
  shape: Shape,
  relaxations: Relaxations,
  { maxDepth, others = "dropped" }: { readonly maxDepth: number; readonly others?: "kept" | "dropped" },
): JsonValue {
  const text = decodeText(bytes, relaxations);
  try {
    JSON.parse(text);
  } catch (cause) {
    const message = printable(cause instanceof Error ? cause.message : String(cause), 160);
    throw new MalformedError("ERR_JSON", `Cannot parse JSON: ${message}`, { cause });
  }
  return readValue({ text, maxDepth, relaxations, at: 0 }, shape, others === "kept", 1);
}

function decodeText(bytes: Uint8Array, relaxations: Relaxations): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    relaxations.add("json-utf-8");
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }
}

/** What comes next, white space before it left out. The text is known to be JSON. */
function next(reader: Reader, token: RegExp): string {
  token.lastIndex = reader.at;
  const [found = "", value = ""] = token.exec(reader.text) ?? [];
  reader.at += found.length;
  return value;
}

const BRACKET = /\s*([{}[\],:]?)/y;
const SCALAR = /\s*("(?:[^"\\]|\\.)*"|[^\s,\]}]+)/y;

function readValue(reader: Reader, shape: Shape | undefined, keepOthers: boolean, depth: number): JsonValue {
  const bracket = next(reader, BRACKET);
  if (bracket === "") return JSON.parse(next(reader, SCALAR));
  if (depth > reader.maxDepth) {
    throw new MalformedError("ERR_JSON", `Cannot parse JSON: more than ${reader.maxDepth} levels of nesting`);
  }
  return bracket === "[" ? readItems(reader, depth) : readMembers(reader, shape, keepOthers, depth);
}

function readItems(reader: Reader, depth: number): JsonArray {
  const items: JsonValue[] = [];
  if (closes(reader, "]")) return items;
  do items.push(readValue(reader, undefined, false, depth + 1)); while (next(reader, BRACKET) === ",");
  return items;
}

function readMembers(reader: Reader, shape: Shape = {}, keepOthers: boolean, depth: number): JsonObject {
  const members = new Map<string, JsonValue>();
  if (closes(reader, "}")) return {};
  const written = new Set<string>();
  do {
    const name: string = JSON.parse(next(reader, SCALAR));
    next(reader, BRACKET);
    const known = nameIn(shape, name);
    const value = readValue(reader, known === undefined ? undefined : shape[known], false, depth + 1);
    if (written.has(name)) reader.relaxations.add("json-names-once");
    written.add(name);
    if (known === undefined) {
      members.set(name, value);
      continue;
    }
    if (known !== name) {
      reader.relaxations.add("json-names-exact");
      if (keepOthers) members.set(name, value);
    }
    if (value === null) reader.relaxations.add("json-null");
    else members.set(known, merged(members.get(known), value, shape[known]));
  } while (next(reader, BRACKET) === ",");
  return Object.fromEntries(members);
}

/** An object that comes again adds to what it was. */
function merged(before: JsonValue | undefined, value: JsonValue, shape: Shape | undefined): JsonValue {
  return shape !== undefined && isJsonObject(before) && isJsonObject(value) ? { ...before, ...value } : value;
}

function nameIn(shape: Shape, name: string): string | undefined {
  if (Object.hasOwn(shape, name)) return name;
  const same = folded(name);
  return Object.keys(shape).find((known) => folded(known) === same);
}

/** Whether an object or a list ends where it begins. */
function closes(reader: Reader, bracket: "]" | "}"): boolean {
  const { at } = reader;
  if (next(reader, BRACKET) === bracket) return true;
  reader.at = at;
  return false;
}
