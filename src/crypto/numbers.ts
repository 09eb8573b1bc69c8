/** Big-endian octets ⇄ non-negative integers (RFC 8017, sections 4.1 and 4.2), and powers of them. */
import { encodeHex } from "../encoding/mod.ts";

/** OS2IP: the integer these octets are, most significant first. */
export function bigIntOf(octets: Uint8Array): bigint {
  return octets.length === 0 ? 0n : BigInt(`0x${encodeHex(octets)}`);
}

/** I2OSP: the integer in exactly `length` octets; it must fit. */
export function octetsOf(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  const hex = value.toString(16).padStart(2 * length, "0");
  const octets = new Uint8Array(length);
  for (let index = 0; index < length; index++) octets[index] = Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16);
  return octets;
}

/** Bits of a positive integer: 1 for 1, 8 for 255. */
export function bitLength(value: bigint): number {
  const hex = value.toString(16);
  return 4 * (hex.length - 1) + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16)));
}

/** `base^exponent mod modulus`, by squaring. Everything in it is public, so its time may depend on all of it. */
export function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    if (rest > 1n) square = (square * square) % modulus;
  }
  return result;
}
