/** CBOR written deterministically: shortest forms, keys in the order of their encodings (RFC 8949, section 4.2.1). */
import { compareBytes, concatBytes } from "./bytes.ts";
import type { CborKey } from "./cbor.ts";
import { encodeUtf8 } from "./text.ts";

/** What can be written. Whole numbers become integers; other numbers are written as 64-bit floats. */
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<CborKey, CborValue>
  | CborTagged;

/** An item with its tag. */
export interface CborTagged {
  readonly tag: number;
  readonly value: CborValue;
}

/**
 * The deterministic encoding of a value.
 *
 * @throws {RangeError} When an integer does not fit 64 bits: a defect of the caller.
 *
 * Spec: RFC 8949, section 4.2.1; RFC 9052, section 9.
 */
export function encodeCbor(value: CborValue): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  write(value, parts);
  return concatBytes(...parts);
}

function head(major: number, argument: number | bigint): Uint8Array {
  const initial = major << 5;
  if (argument < 24) return Uint8Array.of(initial | Number(argument));
  const size = argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8;
  const bytes = new Uint8Array(1 + size);
  const view = new DataView(bytes.buffer);
  bytes[0] = initial | (24 + Math.log2(size));
  if (size === 8) {
    if (argument > 0xffffffffffffffffn) throw new RangeError(`${argument} does not fit 64 bits`);
    view.setBigUint64(1, BigInt(argument));
  } else if (size === 4) view.setUint32(1, Number(argument));
  else if (size === 2) view.setUint16(1, Number(argument));
  else view.setUint8(1, Number(argument));
  return bytes;
}

function write(value: CborValue, parts: Uint8Array[]): void {
  if (typeof value === "number" || typeof value === "bigint") writeNumber(value, parts);
  else if (typeof value === "string") {
    const bytes = encodeUtf8(value);
    parts.push(head(3, bytes.length), bytes);
  } else if (typeof value === "boolean") parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (value === null) parts.push(Uint8Array.of(0xf6));
  else if (value instanceof Uint8Array) parts.push(head(2, value.length), value);
  else if (value instanceof Map) writeMap(value, parts);
  else if (isArray(value)) {
    parts.push(head(4, value.length));
    for (const item of value) write(item, parts);
  } else {
    const { tag, value: inner } = value as CborTagged;
    parts.push(head(6, tag));
    write(inner, parts);
  }
}

function isArray(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value);
}

function writeNumber(value: number | bigint, parts: Uint8Array[]): void {
  if (typeof value === "bigint" || (Number.isSafeInteger(value) && !Object.is(value, -0))) {
    if (value >= 0) parts.push(head(0, value));
    else parts.push(head(1, typeof value === "bigint" ? -1n - value : -1 - value));
    return;
  }
  const bytes = new Uint8Array(9);
  bytes[0] = 0xfb;
  new DataView(bytes.buffer).setFloat64(1, value);
  parts.push(bytes);
}

function writeMap(map: ReadonlyMap<CborKey, CborValue>, parts: Uint8Array[]): void {
  const entries = [...map].map(([key, value]) => ({ key: encodeCbor(key), value }));
  entries.sort((a, b) => compareBytes(a.key, b.key));
  parts.push(head(5, entries.length));
  for (const { key, value } of entries) {
    parts.push(key);
    write(value, parts);
  }
}
