/**
 * JSON as the reference implementation reads it, under `compat` only: names of members that mean something in any
 * capitals, the last of several, `null` as absent, and U+FFFD for what is no UTF-8.
 */
import { isJsonObject, type JsonArray, type JsonObject, type JsonValue, printable } from "../../encoding/mod.ts";
import { MalformedError } from "../../errors.ts";

/** Members that mean something, by name, and those of the objects they are. */
export interface Shape {
  readonly [name: string]: Shape | undefined;
}

/** Capitals and small letters made one; by way of capitals, so that the long s is an s too. */
export function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/**
 * What it is told about that we refuse: names folded, names that stand twice so or so, null, no UTF-8, what follows.
 */
export type Leniency = "folded" | "repeated" | "repeated in other capitals" | "null" | "utf-8" | "trailing";

interface Reader {
  readonly text: string;
  readonly maxDepth: number;
  readonly note: (leniency: Leniency) => void;
  at: number;
}

/** How a text is read. */
export interface ReferenceJsonOptions {
  readonly maxDepth: number;
  /** Whether members in other capitals are also kept under the names they were written with. */
  readonly others?: "kept" | "dropped";
  /** Whether anything may follow the value. */
  readonly trailing?: "ignored";
}

/**
 * The value the reference makes of this JSON: members of the shape stand under the shape's names.
 *
 * @param shape Of the outermost object.
 * @param note Is told what is passed over.
 * @throws {MalformedError} `ERR_JSON`
 */
export function parseAsReference(
  bytes: Uint8Array,
  shape: Shape,
  note: (leniency: Leniency) => void,
  { maxDepth, others = "dropped", trailing }: ReferenceJsonOptions,
): JsonValue {
  const whole = decodeText(bytes, note);
  const text = trailing === "ignored" ? whole.slice(0, endOfValue(whole)) : whole;
  try {
    JSON.parse(text);
  } catch (cause) {
    const message = printable(cause instanceof Error ? cause.message : String(cause), 160);
    throw new MalformedError("ERR_JSON", `Cannot parse JSON: ${message}`, { cause });
  }
  if (whole.slice(text.length).trim() !== "") note("trailing");
  return readValue({ text, maxDepth, note, at: 0 }, shape, others === "kept", 1);
}

function decodeText(bytes: Uint8Array, note: (leniency: Leniency) => void): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    note("utf-8");
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }
}

/** Where the object or list ends that the text begins with; the text's end for everything else. */
function endOfValue(text: string): number {
  let open = 0;
  // A string without an end is one too, so that what follows is not looked through again from each quote in it.
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}[\]]/gs)) {
    if (token === "{" || token === "[") open++;
    else if ((token === "}" || token === "]") && --open === 0) return index + 1;
  }
  return text.length;
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
  return bracket === "[" ? readItems(reader, shape, depth) : readMembers(reader, shape, keepOthers, depth);
}

function readItems(reader: Reader, shape: Shape | undefined, depth: number): JsonArray {
  const items: JsonValue[] = [];
  if (closes(reader, "]")) return items;
  do items.push(readValue(reader, shape, false, depth + 1)); while (next(reader, BRACKET) === ",");
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
    if (written.has(name)) reader.note("repeated");
    else if (known !== undefined && members.has(known)) reader.note("repeated in other capitals");
    written.add(name);
    if (known === undefined) {
      members.set(name, value);
      continue;
    }
    if (known !== name) {
      reader.note("folded");
      if (keepOthers) members.set(name, value);
    }
    if (value === null) reader.note("null");
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
