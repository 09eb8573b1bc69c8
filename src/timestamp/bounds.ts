/** What a token may look like before a general ASN.1 library sees it: small, shallow, every length definite and inside its parent. */
import { TAG } from "../encoding/mod.ts";
import { refuseToken } from "./refuse.ts";

/** Bytes of one timestamp token read at most. Real ones have two to ten thousand. */
export const MAX_TIMESTAMP_BYTES = 256 * 1024;
/** Levels of nesting read at most. Tokens have about fifteen. */
export const MAX_TIMESTAMP_DEPTH = 48;
/** Values of a token, the outer structure and the certificates' together, read at most. Real ones have a thousand. */
export const MAX_TIMESTAMP_VALUES = 8000;
/** Octets of one object identifier read at most: the library takes the square of their number to print one. */
export const MAX_TIMESTAMP_OID_BYTES = 64;
/** Octets of a string that may be anything, such as a signature; a longer one is taken for values inside a string. */
export const MAX_OPAQUE_STRING_BYTES = 2048;

/**
 * Returns when the token is bounded: the library that reads it recurses and copies without limits of its own.
 *
 * CMS may be BER: strings in parts, sets in any order and lengths that are not the shortest pass here, indefinite lengths
 * do not, as in the reference implementation. What a decision rests on is read as DER later. The library looks for values
 * inside strings, so this does too.
 *
 * @param bytes One value, BER.
 * @throws {MalformedError} `ERR_TIMESTAMP`; `ERR_TOO_LARGE` beyond {@link MAX_TIMESTAMP_BYTES}.
 *
 * Spec: X.690, section 8.1.
 */
export function checkBounds(bytes: Uint8Array): void {
  if (bytes.length > MAX_TIMESTAMP_BYTES) {
    refuseToken(`it has ${bytes.length} bytes, expected at most ${MAX_TIMESTAMP_BYTES}`, "ERR_TOO_LARGE");
  }
  const ends: number[] = [bytes.length];
  let values = 0;
  for (let offset = 0; ends.length > 0;) {
    const limit = ends[ends.length - 1] as number;
    if (offset === limit) {
      ends.pop();
      continue;
    }
    if (++values > MAX_TIMESTAMP_VALUES) refuseToken(`more than ${MAX_TIMESTAMP_VALUES} values`);
    const { tag, contentStart, end } = readBerHeader(bytes, offset, limit);
    if (values === 1 && end !== limit) refuseToken(`${limit - end} bytes after the value`);
    const length = end - contentStart;
    if ((tag === TAG.oid || tag === RELATIVE_OID) && length > MAX_TIMESTAMP_OID_BYTES) {
      refuseToken(`an object identifier of ${length} octets, expected at most ${MAX_TIMESTAMP_OID_BYTES}`);
    }
    const inString = (tag === TAG.octetString || tag === TAG.bitString) && length > MAX_OPAQUE_STRING_BYTES;
    const opened = inString || (tag & CONSTRUCTED) !== 0;
    if (opened && ends.push(end) > MAX_TIMESTAMP_DEPTH) refuseToken(`more than ${MAX_TIMESTAMP_DEPTH} levels`);
    // The first octet of a BIT STRING counts unused bits.
    offset = opened ? contentStart + (inString && tag === TAG.bitString ? 1 : 0) : end;
  }
  if (values === 0) refuseToken("it is empty");
}

const CONSTRUCTED = 0x20;
const RELATIVE_OID = 0x0d;

/** Octets of a length read at most. */
const MAX_LENGTH_OCTETS = 4;

/** Identifier and ends of the value at `start`, of definite length. @throws {MalformedError} `ERR_TIMESTAMP` */
export function readBerHeader(bytes: Uint8Array, start: number, limit: number) {
  if (start + 2 > limit) refuseToken("a value ends within its header");
  const tag = bytes[start] as number;
  if ((tag & 0x1f) === 0x1f) refuseToken("a tag number above 30, which nothing in a token has");
  let length = bytes[start + 1] as number;
  let contentStart = start + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    if (octets === 0) refuseToken("an indefinite length, expected definite ones");
    if (octets > MAX_LENGTH_OCTETS || contentStart + octets > limit) {
      refuseToken(`a length of ${octets} octets that does not fit`);
    }
    length = 0;
    for (let index = 0; index < octets; index++) length = length * 256 + (bytes[contentStart + index] as number);
    contentStart += octets;
  }
  const end = contentStart + length;
  if (end > limit) refuseToken(`a value of ${length} bytes, but ${limit - contentStart} are left`);
  return { tag, contentStart, end };
}
