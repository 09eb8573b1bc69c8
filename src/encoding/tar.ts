/**
 * Tar archives: what is in them, in order, without unpacking anything. The old form, ustar, pax and GNU's long names
 * are read; what an entry holds is given only to whoever asks for it.
 *
 * Spec: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
import { MalformedError } from "../errors.ts";
import { decodeUtf8, printable } from "./text.ts";

/** Most entries of an archive, those that only name another included. */
export const MAX_TAR_ENTRIES = 100_000;

/** Most bytes of the headers that give one entry a long name or other attributes. */
export const MAX_TAR_ATTRIBUTE_BYTES = 64 * 1024;

const BLOCK = 512;

/** Bytes that come one after the other. */
export interface TarInput {
  /** The next bytes: fewer than asked only where they end. */
  readonly read: (length: number) => Promise<Uint8Array>;
  /** Passes over bytes. @returns How many there were to pass over. */
  readonly skip: (length: number) => Promise<number>;
}

/** One entry of an archive. */
export interface TarEntry {
  /** As the archive has it: it may be absolute, or lead out of any folder. */
  readonly name: string;
  /** `link` is a hard or a symbolic one; `other` a device, a pipe, a sparse file, or what nobody knows. */
  readonly kind: "file" | "folder" | "link" | "other";
  readonly sizeBytes: number;
  /** Where its content begins, from the beginning of the archive. */
  readonly offset: number;
}

/**
 * Goes through an archive.
 *
 * @param visit Told of each entry; `read` gives the entry's content and works until `visit` is done. What it has not
 * read is passed over.
 * @throws {MalformedError} `ERR_ARCHIVE` where the bytes are no archive, end early, or are more than is looked at; and
 * whatever `visit` throws.
 */
export async function walkTar(
  input: TarInput,
  visit: (entry: TarEntry, read: () => Promise<Uint8Array>) => void | Promise<void>,
): Promise<void> {
  let offset = 0;
  let next: Attributes = {};
  for (let count = 0;; count++) {
    const header = await input.read(BLOCK);
    if (header.length === 0) return requireNothing(next);
    if (header.length < BLOCK) throw cutShort(offset);
    if (isZero(header)) {
      const second = await input.read(BLOCK);
      if (second.length === 0 || isZero(second)) return requireNothing(next);
      throw malformed(`one empty block stands before byte ${offset + BLOCK}, expected two at the end`);
    }
    if (count === MAX_TAR_ENTRIES) throw malformed(`more than ${MAX_TAR_ENTRIES} entries`);
    const found = readHeader(header, offset);
    const sizeBytes = next.sizeBytes ?? found.sizeBytes;
    const padded = Math.ceil(sizeBytes / BLOCK) * BLOCK;
    const content = offset + BLOCK;
    offset = content + padded;
    if (!Number.isSafeInteger(offset)) throw malformed(`an entry of ${sizeBytes} bytes`);
    let unread = padded;
    const read = async (): Promise<Uint8Array> => {
      const bytes = await input.read(sizeBytes);
      if (bytes.length < sizeBytes) throw cutShort(content);
      unread -= sizeBytes;
      return bytes;
    };
    if (ATTRIBUTE_TYPES.has(found.type)) {
      if (sizeBytes > MAX_TAR_ATTRIBUTE_BYTES) {
        throw malformed(`${sizeBytes} bytes of attributes, expected at most ${MAX_TAR_ATTRIBUTE_BYTES}`);
      }
      next = { ...next, ...readAttributes(found.type, await read()) };
    } else {
      const kind = next.isSparse === true ? "other" : KINDS[found.type] ?? "other";
      const name = next.name ?? found.name;
      // A name that ends with a slash was a folder before there was a type for it.
      const isFolder = kind === "file" && name.endsWith("/");
      next = {};
      await visit({ name, kind: isFolder ? "folder" : kind, sizeBytes, offset: content }, read);
    }
    if (unread > 0 && await input.skip(unread) < unread) throw cutShort(content);
  }
}

const KINDS: Readonly<Record<string, TarEntry["kind"]>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "link",
  "2": "link",
  "5": "folder",
};

/** What says something of the entry that follows, or of all (`g`). */
const ATTRIBUTE_TYPES: ReadonlySet<string> = new Set(["x", "g", "L", "K"]);

/** What earlier headers say of an entry. */
interface Attributes {
  readonly name?: string;
  readonly sizeBytes?: number;
  readonly isSparse?: true;
}

interface Header {
  readonly name: string;
  readonly sizeBytes: number;
  readonly type: string;
}

function readHeader(header: Uint8Array, offset: number): Header {
  const CHECKSUM = { from: 148, to: 156 } as const;
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= CHECKSUM.from && at < CHECKSUM.to ? 0x20 : header[at] as number;
  if (readNumber(header.subarray(CHECKSUM.from, CHECKSUM.to)) !== sum) {
    throw malformed(offset === 0 ? "its first block is no header of a tar archive" : `no header at byte ${offset}`);
  }
  const sizeBytes = readNumber(header.subarray(124, 136));
  if (sizeBytes === undefined) throw malformed(`the header at byte ${offset} has no size`);
  const name = readText(header.subarray(0, 100));
  // GNU's form keeps times where POSIX has the front of a long name.
  const isPosix = decodeAscii(header.subarray(257, 263)) === "ustar\0";
  const prefix = isPosix ? readText(header.subarray(345, 500)) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    sizeBytes,
    type: String.fromCharCode(header[156] as number),
  };
}

/** Octal digits, or base 256 where the first bit is set; `undefined` for anything else. */
function readNumber(field: Uint8Array): number | undefined {
  const [first = 0] = field;
  if ((first & 0x80) !== 0) {
    let value = first & 0x7f;
    for (const byte of field.subarray(1)) value = value * 256 + byte;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = decodeAscii(field).replace(/^[ \0]+|[ \0]+$/g, "");
  if (!/^[0-7]{0,12}$/.test(digits)) return undefined;
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function readAttributes(type: string, bytes: Uint8Array): Attributes {
  switch (type) {
    case "L":
      return { name: readText(bytes) };
    case "x":
      return readPax(bytes);
    default:
      // What all entries have in common (`g`) or where a link leads (`K`) is asked by nobody.
      return {};
  }
}

/** Records such as `19 path=some/name\n`, each beginning with its own length. */
function readPax(bytes: Uint8Array): Attributes {
  let attributes: Attributes = {};
  for (let at = 0; at < bytes.length;) {
    const blank = bytes.indexOf(0x20, at);
    const digits = blank < 0 ? "" : decodeAscii(bytes.subarray(at, Math.min(blank, at + 8)));
    const length = /^[1-9][0-9]{0,6}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (end <= blank || end > bytes.length || bytes[end - 1] !== 0x0a) {
      throw malformed("a pax record of another length");
    }
    const record = decodeUtf8(bytes.subarray(blank + 1, end - 1), "ERR_ARCHIVE");
    const equals = record.indexOf("=");
    if (equals < 1) throw malformed("a pax record without a name");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path" && value !== "") attributes = { ...attributes, name: value };
    if (key === "size") attributes = { ...attributes, sizeBytes: readPaxSize(value) };
    if (key.startsWith("GNU.sparse.")) attributes = { ...attributes, isSparse: true };
    at = end;
  }
  return attributes;
}

function readPaxSize(value: string): number {
  const size = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw malformed(`"${printable(value, 40)}" is no size`);
  return size;
}

/** Text up to the first NUL. */
function readText(field: Uint8Array): string {
  const end = field.indexOf(0);
  return decodeUtf8(end < 0 ? field : field.subarray(0, end), "ERR_ARCHIVE");
}

function decodeAscii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

function requireNothing(next: Attributes): void {
  if (Object.keys(next).length > 0) throw malformed("it ends after attributes of an entry that is not there");
}

function cutShort(offset: number): MalformedError {
  return malformed(`it ends early: what begins at byte ${offset} is not all there`);
}

function malformed(reason: string): MalformedError {
  return new MalformedError("ERR_ARCHIVE", `Cannot read tar archive: ${reason}`);
}
