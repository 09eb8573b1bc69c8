/** Hexadecimal text ⇄ bytes (RFC 4648, section 8). */
import { MalformedError } from "../errors.ts";
import { printable } from "./text.ts";

const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Two lower-case digits per byte. */
export function encodeHex(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index++) text += DIGITS[bytes[index] as number];
  return text;
}

function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * The bytes that pairs of digits of either case stand for.
 *
 * @throws {MalformedError} `ERR_HEX`
 */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0) {
    throw new MalformedError("ERR_HEX", `Cannot decode hex: ${text.length} digits, expected an even number`);
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    const high = digitValue(text.charCodeAt(2 * index));
    const low = digitValue(text.charCodeAt(2 * index + 1));
    if (high < 0 || low < 0) {
      const at = high < 0 ? 2 * index : 2 * index + 1;
      throw new MalformedError("ERR_HEX", `Cannot decode hex: "${printable(text.charAt(at))}" at ${at} is no digit`);
    }
    bytes[index] = high * 16 + low;
  }
  return bytes;
}
