/** Makes tar archives, good and odd ones. */

const BLOCK = 512;
const encoder = new TextEncoder();

/** An entry as the archive has it. */
export interface MadeEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** `0`, a file, by default. */
  readonly type?: string;
  readonly linkName?: string;
  /** In place of the size of the content. */
  readonly size?: number | string;
  /** The front of a long name. */
  readonly prefix?: string;
  readonly magic?: string;
  /** Added to the checksum. */
  readonly wrong?: number;
}

/** One entry: header, content, padding. */
export function makeEntry(entry: MadeEntry): Uint8Array {
  const { name, content = "", type = "0", linkName = "", prefix = "", magic = "ustar\x0000", wrong = 0 } = entry;
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  const whole = new Uint8Array(BLOCK + Math.ceil(bytes.length / BLOCK) * BLOCK);
  const put = (at: number, text: string) => whole.set(encoder.encode(text), at);
  put(0, name);
  put(100, "0000644\0");
  const { size = bytes.length } = entry;
  put(124, typeof size === "string" ? size : `${size.toString(8).padStart(11, "0")}\0`);
  put(136, "00000000000\0");
  put(156, type);
  put(157, linkName);
  put(257, magic);
  put(345, prefix);
  put(148, " ".repeat(8));
  const sum = whole.subarray(0, BLOCK).reduce((total, byte) => total + byte, wrong);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  whole.set(bytes, BLOCK);
  return whole;
}

/** A record of a pax header, its own length in front. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = (digits: number) => encoder.encode(rest).length + digits;
  let digits = 1;
  while (String(length(digits)).length !== digits) digits++;
  return `${length(digits)}${rest}`;
}

/** An archive with an end. */
export function makeTar(entries: readonly MadeEntry[]): Uint8Array {
  return joined([...entries.map(makeEntry), new Uint8Array(2 * BLOCK)]);
}

/** One after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
