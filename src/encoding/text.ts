/** Text as bytes (UTF-8, RFC 3629), and text from outside made safe to print. */
import { type ErrorCode, MalformedError } from "../errors.ts";

/** Characters of outside text that a message keeps at most, unless it asks for another number. */
export const MAX_PRINTABLE_LENGTH = 512;

const encoder = new TextEncoder();
// A byte order mark stays in the text, so that whoever parses it decides; invalid bytes throw instead of becoming
// U+FFFD.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text's UTF-8 bytes; a surrogate without its partner becomes U+FFFD, as the Encoding standard has it. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/**
 * The text these bytes are in UTF-8, a byte order mark included.
 *
 * @param bytes UTF-8.
 * @param code The code to refuse with, for readers of a format that is made of UTF-8.
 * @throws {MalformedError} `ERR_UTF8`, or `code`.
 */
export function decodeUtf8(bytes: Uint8Array, code: ErrorCode = "ERR_UTF8"): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new MalformedError(code, `Cannot decode ${bytes.length} bytes as text: not UTF-8`, { cause });
  }
}

/**
 * What moves the cursor, colours a terminal, breaks a line, reorders or hides text: C0, DEL and C1 controls, the soft
 * hyphen, zero-width and bidirectional controls (Unicode TR 9), line and paragraph separators, the byte order mark,
 * interlinear, shorthand, musical and tag controls, and surrogates without a partner.
 */
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e007f}\p{Surrogate}]/gu;

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeCharacter(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const point = character.codePointAt(0) as number;
  if (point < 0x100) return `\\x${point.toString(16).padStart(2, "0")}`;
  if (point < 0x10000) return `\\u${point.toString(16).padStart(4, "0")}`;
  return `\\u{${point.toString(16)}}`;
}

/**
 * The text with every character that is unsafe to print replaced, for formats that have escapes of their own.
 *
 * @param escape What stands for a character; a pair of surrogates comes as one.
 */
export function escapeUnsafe(text: string, escape: (character: string) => string): string {
  return text.replace(UNSAFE, escape);
}

/**
 * The text with everything unsafe to print escaped, cut to a length with `…` at its end; safe text stays as it is.
 *
 * @param text Anything from outside: a header, an annotation, a registry's error.
 * @param maxLength UTF-16 units kept of the text before escaping.
 */
export function printable(text: string, maxLength: number = MAX_PRINTABLE_LENGTH): string {
  if (text.length <= maxLength) return escapeUnsafe(text, escapeCharacter);
  const last = text.charCodeAt(maxLength - 1);
  // A pair of surrogates is one character: it goes whole or not at all.
  const end = last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength;
  return escapeUnsafe(text.slice(0, end), escapeCharacter) + "…";
}
