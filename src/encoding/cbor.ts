/**
 * The CBOR that COSE_Sign1 needs (RFC 8949; RFC 9052, section 3), read strictly.
 *
 * An own reader, because COSE needs what general libraries hide: the difference between 1 and 1.0 and between the keys
 * 1 and "1", tags where they stand, and byte strings as views of what was received. Refused: indefinite lengths,
 * duplicate keys, keys that are neither integers nor text, text that is not UTF-8, bytes after the item, nesting and
 * sizes beyond the bounds. A number or length not in its shortest form is accepted: RFC 9052, section 9, asks for the
 * shortest form in what is signed only, and there this engine writes it itself.
 */
import { MalformedError } from "../errors.ts";
import { decodeUtf8, printable } from "./text.ts";

/** Bytes of one item read at most. */
export const MAX_CBOR_BYTES = 16 * 1024 * 1024;
/** Levels of nesting read at most, tags included. */
export const MAX_CBOR_DEPTH = 32;
/** Items read at most, those inside arrays, maps and tags included: each costs far more memory than its byte. */
export const MAX_CBOR_ITEMS = 16_384;

/** A key of a map: integers are numbers (bigint beyond ±2⁵³), text is a string; so 1 and "1" differ. */
export type CborKey = number | bigint | string;

/** One decoded item. `start` and `end` are its offsets in the bytes that were decoded. */
export type CborItem =
  & { readonly start: number; readonly end: number }
  & (
    | { readonly type: "integer"; readonly value: number | bigint }
    | { readonly type: "float"; readonly value: number }
    /** A view of the bytes that were decoded. */
    | { readonly type: "bytes"; readonly value: Uint8Array }
    | { readonly type: "text"; readonly value: string }
    | { readonly type: "array"; readonly items: readonly CborItem[] }
    /** In the order of the encoding. */
    | { readonly type: "map"; readonly entries: ReadonlyMap<CborKey, CborItem> }
    | { readonly type: "tag"; readonly tag: number; readonly item: CborItem }
    | { readonly type: "boolean"; readonly value: boolean }
    | { readonly type: "null" | "undefined" }
    | { readonly type: "simple"; readonly value: number }
  );

/** Where tags may stand: nowhere, around the whole item only, or anywhere. */
export type CborTags = "none" | "outermost" | "anywhere";

interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly tags: CborTags;
  offset: number;
  /** Items begun so far. */
  items: number;
}

function refuse(offset: number, what: string): never {
  throw new MalformedError("ERR_CBOR", `Cannot decode CBOR at offset ${offset}: ${what}`);
}

/**
 * The one item these bytes are, with nothing after it.
 *
 * @param bytes CBOR.
 * @param options Where tags are accepted; by default anywhere.
 * @throws {MalformedError} `ERR_CBOR`; `ERR_TOO_LARGE` beyond {@link MAX_CBOR_BYTES}.
 */
export function decodeCbor(bytes: Uint8Array, options: { readonly tags?: CborTags } = {}): CborItem {
  if (bytes.length > MAX_CBOR_BYTES) {
    throw new MalformedError(
      "ERR_TOO_LARGE",
      `Cannot decode CBOR: ${bytes.length} bytes, expected at most ${MAX_CBOR_BYTES}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor: Cursor = { bytes, view, tags: options.tags ?? "anywhere", offset: 0, items: 0 };
  const item = readItem(cursor, 1);
  if (item.end !== bytes.length) refuse(item.end, `${bytes.length - item.end} bytes after the item`);
  return item;
}

function need(cursor: Cursor, count: number): number {
  const { offset } = cursor;
  if (count > cursor.bytes.length - offset) {
    refuse(offset, `${count} bytes expected, ${cursor.bytes.length - offset} are left`);
  }
  cursor.offset = offset + count;
  return offset;
}

/** The argument that follows the initial byte (RFC 8949, section 3). */
function readArgument(cursor: Cursor, start: number, info: number): number | bigint {
  if (info < 24) return info;
  if (info === 24) return cursor.view.getUint8(need(cursor, 1));
  if (info === 25) return cursor.view.getUint16(need(cursor, 2));
  if (info === 26) return cursor.view.getUint32(need(cursor, 4));
  if (info === 27) {
    const value = cursor.view.getBigUint64(need(cursor, 8));
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }
  return refuse(start, info === 31 ? "an indefinite length" : `the reserved argument ${info}`);
}

function readLength(cursor: Cursor, start: number, info: number): number {
  const length = readArgument(cursor, start, info);
  // No length beyond what is left can be true: the bound is checked before anything of that size is made.
  if (typeof length === "bigint" || length > cursor.bytes.length - cursor.offset) {
    refuse(start, `a length of ${length}, but ${cursor.bytes.length - cursor.offset} bytes are left`);
  }
  return length;
}

function readItem(cursor: Cursor, depth: number): CborItem {
  if (depth > MAX_CBOR_DEPTH) refuse(cursor.offset, `more than ${MAX_CBOR_DEPTH} levels of nesting`);
  const start = need(cursor, 1);
  if (++cursor.items > MAX_CBOR_ITEMS) refuse(start, `more than ${MAX_CBOR_ITEMS} items`);
  const initial = cursor.bytes[start] as number;
  const info = initial & 0x1f;
  switch (initial >> 5) {
    case 0:
      return { type: "integer", value: readArgument(cursor, start, info), start, end: cursor.offset };
    case 1: {
      const value = readArgument(cursor, start, info);
      return { type: "integer", value: negate(value), start, end: cursor.offset };
    }
    case 2: {
      const value = readBytes(cursor, start, info);
      return { type: "bytes", value, start, end: cursor.offset };
    }
    case 3: {
      const value = decodeUtf8(readBytes(cursor, start, info), "ERR_CBOR");
      return { type: "text", value, start, end: cursor.offset };
    }
    case 4: {
      const count = readLength(cursor, start, info);
      const items: CborItem[] = [];
      for (let index = 0; index < count; index++) items.push(readItem(cursor, depth + 1));
      return { type: "array", items, start, end: cursor.offset };
    }
    case 5: {
      const entries = readEntries(cursor, readLength(cursor, start, info), depth);
      return { type: "map", entries, start, end: cursor.offset };
    }
    case 6: {
      const tag = readArgument(cursor, start, info);
      if (cursor.tags === "none" || (cursor.tags === "outermost" && depth > 1)) refuse(start, `tag ${tag} stands here`);
      if (typeof tag === "bigint") refuse(start, `tag ${tag} is beyond 2^53`);
      const item = readItem(cursor, depth + 1);
      return { type: "tag", tag, item, start, end: cursor.offset };
    }
    default:
      return readSimple(cursor, start, info);
  }
}

/** −1 − n: major type 1. */
function negate(value: number | bigint): number | bigint {
  if (typeof value === "number" && value < Number.MAX_SAFE_INTEGER) return -1 - value;
  return -1n - BigInt(value);
}

function readBytes(cursor: Cursor, start: number, info: number): Uint8Array {
  const from = need(cursor, readLength(cursor, start, info));
  return cursor.bytes.subarray(from, cursor.offset);
}

function readEntries(cursor: Cursor, count: number, depth: number): ReadonlyMap<CborKey, CborItem> {
  const entries = new Map<CborKey, CborItem>();
  for (let index = 0; index < count; index++) {
    const key = readItem(cursor, depth + 1);
    if (key.type !== "integer" && key.type !== "text") {
      refuse(key.start, `a key of type "${key.type}", expected integer or text`);
    }
    if (entries.has(key.value)) {
      refuse(key.start, `the key "${printable(String(key.value), 80)}" occurs twice in one map`);
    }
    entries.set(key.value, readItem(cursor, depth + 1));
  }
  return entries;
}

/** Spec: RFC 8949, section 3.3. */
function readSimple(cursor: Cursor, start: number, info: number): CborItem {
  const done = () => ({ start, end: cursor.offset });
  switch (info) {
    case 20:
    case 21:
      return { type: "boolean", value: info === 21, ...done() };
    case 22:
      return { type: "null", ...done() };
    case 23:
      return { type: "undefined", ...done() };
    case 24: {
      const value = cursor.view.getUint8(need(cursor, 1));
      if (value < 32) refuse(start, `the simple value ${value} in two bytes`);
      return { type: "simple", value, ...done() };
    }
    case 25:
      return { type: "float", value: halfFloat(cursor.view.getUint16(need(cursor, 2))), ...done() };
    case 26:
      return { type: "float", value: cursor.view.getFloat32(need(cursor, 4)), ...done() };
    case 27:
      return { type: "float", value: cursor.view.getFloat64(need(cursor, 8)), ...done() };
    case 31:
      return refuse(start, "a break without an indefinite length");
    default:
      if (info > 27) refuse(start, `the reserved argument ${info}`);
      return { type: "simple", value: info, ...done() };
  }
}

/** IEEE 754 binary16. */
function halfFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
