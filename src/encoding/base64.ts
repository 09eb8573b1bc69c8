/**
 * Base64 text ⇄ bytes, read strictly (RFC 4648, sections 3 to 5).
 *
 * One byte string has exactly one accepted text: no white space, no character of the other alphabet, padding exactly
 * where the alphabet has it, and no bits left over in the last character. The platform's `atob` forgives all of these.
 */
import { MalformedError } from "../errors.ts";
import { printable } from "./text.ts";

interface Alphabet {
  readonly name: string;
  readonly characters: string;
  readonly padded: boolean;
  /** Value by character code below 128; 255 for characters outside the alphabet. */
  readonly values: Uint8Array;
}

function alphabet(name: string, last: string, padded: boolean): Alphabet {
  const characters = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`;
  const values = new Uint8Array(128).fill(255);
  for (let value = 0; value < 64; value++) values[characters.charCodeAt(value)] = value;
  return { name, characters, padded, values };
}

const BASE64 = alphabet("base64", "+/", true);
const BASE64URL = alphabet("base64url", "-_", false);

function encode({ characters, padded }: Alphabet, bytes: Uint8Array): string {
  let text = "";
  let index = 0;
  for (; index + 2 < bytes.length; index += 3) {
    const group = ((bytes[index] as number) << 16) | ((bytes[index + 1] as number) << 8) | (bytes[index + 2] as number);
    text += characters.charAt(group >>> 18) + characters.charAt((group >>> 12) & 63) +
      characters.charAt((group >>> 6) & 63) + characters.charAt(group & 63);
  }
  const rest = bytes.length - index;
  if (rest === 0) return text;
  const group = ((bytes[index] as number) << 16) | ((bytes[index + 1] ?? 0) << 8);
  text += characters.charAt(group >>> 18) + characters.charAt((group >>> 12) & 63);
  if (rest === 2) text += characters.charAt((group >>> 6) & 63);
  return padded ? text + "=".repeat(3 - rest) : text;
}

function refuse(name: string, what: string): never {
  throw new MalformedError("ERR_BASE64", `Cannot decode ${name}: ${what}`);
}

/** Says which character is at fault; called once it is known that one is. */
function refuseCharacter({ name, values }: Alphabet, text: string, length: number): never {
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127 || values[code] === 255) {
      refuse(name, `"${printable(text.charAt(index))}" at ${index} is not in the alphabet`);
    }
  }
  return refuse(name, "a character is not in the alphabet");
}

function decode(from: Alphabet, text: string): Uint8Array<ArrayBuffer> {
  const { name, padded, values } = from;
  let length = text.length;
  if (padded) {
    if (length % 4 !== 0) refuse(name, `${length} characters, expected a multiple of 4 with "=" as padding`);
    if (text.endsWith("==")) length -= 2;
    else if (text.endsWith("=")) length -= 1;
  }
  const rest = length % 4;
  if (rest === 1) refuse(name, `${length} characters cannot stand for whole bytes`);
  const whole = length - rest;
  const bytes = new Uint8Array((whole / 4) * 3 + (rest === 0 ? 0 : rest - 1));
  // All values are or-ed together: one test at the end tells whether any of them was outside the alphabet.
  let seen = 0;
  let at = 0;
  let index = 0;
  for (; index < whole; index += 4) {
    const a = values[text.charCodeAt(index)] ?? 255;
    const b = values[text.charCodeAt(index + 1)] ?? 255;
    const c = values[text.charCodeAt(index + 2)] ?? 255;
    const d = values[text.charCodeAt(index + 3)] ?? 255;
    seen |= a | b | c | d;
    bytes[at++] = (a << 2) | (b >> 4);
    bytes[at++] = (b << 4) | (c >> 2);
    bytes[at++] = (c << 6) | d;
  }
  let last = 0;
  if (rest > 0) {
    const a = values[text.charCodeAt(index)] ?? 255;
    const b = values[text.charCodeAt(index + 1)] ?? 255;
    const c = rest === 3 ? values[text.charCodeAt(index + 2)] ?? 255 : 0;
    seen |= a | b | c;
    bytes[at++] = (a << 2) | (b >> 4);
    if (rest === 3) bytes[at++] = (b << 4) | (c >> 2);
    last = rest === 3 ? c & 3 : b & 15;
  }
  if (seen > 63) refuseCharacter(from, text, length);
  if (last !== 0) refuse(name, "the last character carries bits that belong to no byte");
  return bytes;
}

/** Base64 with `+`, `/` and padding (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  return encode(BASE64, bytes);
}

/**
 * The bytes of base64 text with `+`, `/` and padding; one text per byte string.
 *
 * @throws {MalformedError} `ERR_BASE64`
 *
 * Spec: RFC 4648, section 4, and section 3.5 for the last bits.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return decode(BASE64, text);
}

/** Base64 with `-`, `_` and no padding (RFC 4648, section 5; RFC 7515, section 2). */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encode(BASE64URL, bytes);
}

/**
 * The bytes of base64 text with `-`, `_` and no padding; one text per byte string.
 *
 * @throws {MalformedError} `ERR_BASE64`
 *
 * Spec: RFC 7515, section 2, "Base64url Encoding".
 */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return decode(BASE64URL, text);
}
