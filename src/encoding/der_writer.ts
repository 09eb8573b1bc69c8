/** DER written: enough for keys, signatures, names and the requests that carry them (X.690). */
import { concatBytes } from "./bytes.ts";
import { TAG } from "./der.ts";

/** One value: identifier octet, shortest length, and the contents one after the other. */
export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const content of contents) length += content.length;
  const header = [tag];
  if (length < 0x80) {
    header.push(length);
  } else {
    const octets: number[] = [];
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
    header.push(0x80 | octets.length, ...octets);
  }
  return concatBytes(Uint8Array.from(header), ...contents);
}

/** A SEQUENCE of values that are DER already. */
export function writeSequence(...values: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return writeDer(TAG.sequence, ...values);
}

/**
 * A non-negative INTEGER.
 *
 * @param magnitude Big-endian; leading zeros are dropped and a sign octet is put where needed.
 */
export function writeUnsigned(magnitude: Uint8Array): Uint8Array<ArrayBuffer> {
  let first = 0;
  while (first < magnitude.length - 1 && magnitude[first] === 0) first++;
  const digits = magnitude.subarray(first);
  if (digits.length === 0) return writeDer(TAG.integer, Uint8Array.of(0));
  return (digits[0] as number) >= 0x80
    ? writeDer(TAG.integer, Uint8Array.of(0), digits)
    : writeDer(TAG.integer, digits);
}

/** An OBJECT IDENTIFIER of dotted numbers below 2⁵³, such as those of the tables in `crypto/algorithms.ts`. */
export function writeOid(dotted: string): Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) | 0x80);
    octets.push(...groups);
  }
  return writeDer(TAG.oid, Uint8Array.from(octets));
}

/** A BIT STRING of whole octets. */
export function writeBitString(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return writeDer(TAG.bitString, Uint8Array.of(0), bytes);
}

/** A NULL. */
export function writeNull(): Uint8Array<ArrayBuffer> {
  return writeDer(TAG.null);
}
