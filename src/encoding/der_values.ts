/**
 * Values of DER nodes: one reader per ASN.1 type, each with the restrictions DER puts on it (X.690, sections 8, 10,
 * 11).
 *
 * Every reader takes the node, or undefined where it is missing, and the field's name for messages; it throws
 * `MalformedError` with `ERR_DER` when the node is missing, of another type, or not the one encoding of its value.
 */
import { MalformedError } from "../errors.ts";
import { derContent, type DerNode, expectTag, refuseDer, TAG } from "./der.ts";
import { encodeHex } from "./hex.ts";
import { decodeUtf8 } from "./text.ts";

/** Octets of an INTEGER read as a number of any size: a modulus of 16384 bits and its sign. */
export const MAX_DER_INTEGER_BYTES = 2049;
/** Octets of an OBJECT IDENTIFIER. */
export const MAX_OID_BYTES = 64;

/** The value of a BOOLEAN. Spec: X.690, section 11.1: FALSE is 00, TRUE is FF. */
export function readBoolean(node: DerNode | undefined, what: string): boolean {
  const { source, start, contentStart, end } = expectTag(node, TAG.boolean, what);
  const octet = source[contentStart];
  if (end - contentStart !== 1 || (octet !== 0x00 && octet !== 0xff)) {
    refuseDer(start, `"${what}" is a BOOLEAN that is neither 00 nor FF`);
  }
  return octet === 0xff;
}

/**
 * The octets of an INTEGER: two's complement, most significant first, in their shortest form.
 *
 * Spec: X.690, section 8.3.2.
 */
export function readIntegerBytes(node: DerNode | undefined, what: string): Uint8Array {
  return integerContent(expectTag(node, TAG.integer, what), what);
}

function integerContent(node: DerNode, what: string): Uint8Array {
  const content = derContent(node);
  const [first, second] = content;
  if (first === undefined) refuseDer(node.start, `"${what}" is an INTEGER without content`);
  if (second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    refuseDer(node.start, `"${what}" is an INTEGER that is not in its shortest form`);
  }
  if (content.length > MAX_DER_INTEGER_BYTES) {
    refuseDer(
      node.start,
      `"${what}" is an INTEGER of ${content.length} octets, expected at most ${MAX_DER_INTEGER_BYTES}`,
    );
  }
  return content;
}

/** The number an INTEGER is, of any size. */
export function readInteger(node: DerNode | undefined, what: string): bigint {
  const content = readIntegerBytes(node, what);
  const value = BigInt(`0x${encodeHex(content)}`);
  return (content[0] as number) >= 0x80 ? value - (1n << BigInt(8 * content.length)) : value;
}

/**
 * The number an INTEGER, or an ENUMERATED where that is asked for, is: from 0 to 2³¹ − 1, such as versions, path
 * lengths and reason codes.
 */
export function readSmallInteger(
  node: DerNode | undefined,
  what: string,
  type: typeof TAG.integer | typeof TAG.enumerated = TAG.integer,
): number {
  const checked = expectTag(node, type, what);
  const content = integerContent(checked, what);
  if (content.length > 4 || (content[0] as number) >= 0x80) {
    refuseDer(checked.start, `"${what}" is outside the numbers expected here, 0 to 2147483647`);
  }
  let value = 0;
  for (const octet of content) value = value * 256 + octet;
  return value;
}

/** The content of an OCTET STRING. A view, not a copy. */
export function readOctetString(node: DerNode | undefined, what: string): Uint8Array {
  return derContent(expectTag(node, TAG.octetString, what));
}

/** A NULL, whose content is empty. */
export function readNull(node: DerNode | undefined, what: string): null {
  const { start, contentStart, end } = expectTag(node, TAG.null, what);
  if (contentStart !== end) refuseDer(start, `"${what}" is a NULL with content`);
  return null;
}

/**
 * The octets of a BIT STRING and how many bits of the last one are unused; those are zero.
 *
 * Spec: X.690, sections 8.6 and 11.2.1.
 */
export function readBitString(
  node: DerNode | undefined,
  what: string,
): { readonly bytes: Uint8Array; readonly unusedBits: number } {
  const checked = expectTag(node, TAG.bitString, what);
  const content = derContent(checked);
  const unusedBits = content[0];
  if (unusedBits === undefined || unusedBits > 7) {
    refuseDer(checked.start, `"${what}" is a BIT STRING without a count of unused bits`);
  }
  const bytes = content.subarray(1);
  const last = bytes[bytes.length - 1];
  if (last === undefined ? unusedBits !== 0 : (last & ((1 << unusedBits) - 1)) !== 0) {
    refuseDer(checked.start, `"${what}" is a BIT STRING whose unused bits are not zero`);
  }
  return { bytes, unusedBits };
}

/** The octets of a BIT STRING that is made of whole octets: keys and signatures. */
export function readBitStringBytes(node: DerNode | undefined, what: string): Uint8Array {
  const { bytes, unusedBits } = readBitString(node, what);
  if (unusedBits !== 0) refuseDer((node as DerNode).start, `"${what}" is a BIT STRING that is not whole octets`);
  return bytes;
}

/**
 * The numbers of the bits set in a BIT STRING of named bits, ascending: key usages, reasons.
 *
 * Spec: X.690, section 11.2.2: trailing zero bits are left out.
 */
export function readNamedBits(node: DerNode | undefined, what: string): readonly number[] {
  const { bytes, unusedBits } = readBitString(node, what);
  const last = bytes[bytes.length - 1];
  if (last !== undefined && ((last >> unusedBits) & 1) === 0) {
    refuseDer((node as DerNode).start, `"${what}" ends in a bit that is not set`);
  }
  const numbers: number[] = [];
  for (let index = 0; index < bytes.length * 8 - unusedBits; index++) {
    if (((bytes[index >> 3] as number) & (0x80 >> (index & 7))) !== 0) numbers.push(index);
  }
  return numbers;
}

/**
 * An OBJECT IDENTIFIER as dotted numbers: `1.2.840.10045.2.1`.
 *
 * Spec: X.690, section 8.19: each number in its shortest form.
 */
export function readOid(node: DerNode | undefined, what: string): string {
  return decodeOid(expectTag(node, TAG.oid, what), what);
}

function decodeOid({ source, start, contentStart, end }: DerNode, what: string): string {
  if (contentStart === end) refuseDer(start, `"${what}" is an OBJECT IDENTIFIER without content`);
  if (end - contentStart > MAX_OID_BYTES) {
    refuseDer(
      start,
      `"${what}" is an OBJECT IDENTIFIER of ${end - contentStart} octets, expected at most ${MAX_OID_BYTES}`,
    );
  }
  let text = "";
  let arc = 0;
  let fresh = true;
  for (let index = contentStart; index < end; index++) {
    const octet = source[index] as number;
    if (fresh && octet === 0x80) {
      refuseDer(start, `"${what}" is an OBJECT IDENTIFIER with a number not in its shortest form`);
    }
    if (arc > Number.MAX_SAFE_INTEGER / 128 - 1) return wideOid({ source, contentStart, end });
    arc = arc * 128 + (octet & 0x7f);
    fresh = octet < 0x80;
    if (!fresh) continue;
    // The first octets carry two numbers: 40 × the first, which is at most 2, and the second.
    if (text === "") text = arc < 80 ? `${Math.floor(arc / 40)}.${arc % 40}` : `2.${arc - 80}`;
    else text += `.${arc}`;
    arc = 0;
  }
  if (!fresh) refuseDer(start, `"${what}" is an OBJECT IDENTIFIER that ends within a number`);
  return text;
}

/** The same with numbers beyond 2⁵³, as those made from UUIDs are (X.667). */
function wideOid({ source, contentStart, end }: Pick<DerNode, "source" | "contentStart" | "end">): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  let fresh = true;
  for (let index = contentStart; index < end; index++) {
    const octet = source[index] as number;
    if (fresh && octet === 0x80) refuseDer(index, "an OBJECT IDENTIFIER with a number not in its shortest form");
    arc = arc * 128n + BigInt(octet & 0x7f);
    fresh = octet < 0x80;
    if (!fresh) continue;
    if (arcs.length > 0) arcs.push(arc);
    else arcs.push(...(arc < 80n ? [arc / 40n, arc % 40n] : [2n, arc - 80n]));
    arc = 0n;
  }
  if (!fresh) refuseDer(contentStart, "an OBJECT IDENTIFIER that ends within a number");
  return arcs.join(".");
}

const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/**
 * The instant of a UTCTime or GeneralizedTime, in the only form RFC 5280 leaves: to the second, in UTC.
 *
 * Spec: RFC 5280, section 4.1.2.5: two-digit years from 50 on are of the twentieth century.
 */
export function readTime(node: DerNode | undefined, what: string): Date {
  if (node === undefined) throw new MalformedError("ERR_DER", `Cannot read DER: "${what}" is missing`);
  const short = node.tag === TAG.utcTime;
  const { start } = short ? node : expectTag(node, TAG.generalizedTime, what);
  const text = asciiText(node);
  const fields = (short ? UTC_TIME : GENERALIZED_TIME).exec(text)?.slice(1).map(Number);
  if (fields === undefined) {
    refuseDer(start, `"${what}" is no instant of the form ${short ? "YYMMDDHHMMSSZ" : "YYYYMMDDHHMMSSZ"}`);
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  const instant = new Date(0);
  instant.setUTCFullYear(short ? (year < 50 ? 2000 + year : 1900 + year) : year, month - 1, day);
  instant.setUTCHours(hour, minute, second);
  // A day or hour that does not exist rolls over into the next one: it is then not the one that was written.
  const exists = month === instant.getUTCMonth() + 1 && day === instant.getUTCDate() && hour < 24 && minute < 60 &&
    second < 60;
  if (!exists) refuseDer(start, `"${what}" is an instant that does not exist`);
  return instant;
}

function asciiText({ source, contentStart, end }: DerNode): string {
  let text = "";
  for (let index = contentStart; index < end; index++) text += String.fromCharCode(source[index] as number);
  return text;
}

/** PrintableString, with `*` and `&`, which certificate authorities put there and Go and OpenSSL take. */
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?*&]*$/;
// deno-lint-ignore no-control-regex
const ASCII = /^[\x00-\x7f]*$/;
const VISIBLE = /^[\x20-\x7e]*$/;
const NUMERIC = /^[0-9 ]*$/;

/**
 * The text of any string type that occurs in certificates; a TeletexString is read as Latin-1, as everyone does.
 *
 * Spec: X.690, section 8.23; RFC 5280, section 4.1.2.4.
 */
export function readString(node: DerNode | undefined, what: string): string {
  if (node === undefined) throw new MalformedError("ERR_DER", `Cannot read DER: "${what}" is missing`);
  switch (node.tag) {
    case TAG.utf8String:
      return decodeUtf8(derContent(node), "ERR_DER");
    case TAG.printableString:
      return restricted(node, PRINTABLE, what, "PrintableString");
    case TAG.ia5String:
      return restricted(node, ASCII, what, "IA5String");
    case TAG.visibleString:
      return restricted(node, VISIBLE, what, "VisibleString");
    case TAG.numericString:
      return restricted(node, NUMERIC, what, "NumericString");
    case TAG.teletexString:
      return asciiText(node);
    case TAG.bmpString:
      return bmpText(node, what);
    default:
      return refuseDer(node.start, `"${what}" has identifier 0x${node.tag.toString(16)}, expected a string`);
  }
}

function restricted(node: DerNode, characters: RegExp, what: string, type: string): string {
  const text = asciiText(node);
  if (!characters.test(text)) refuseDer(node.start, `"${what}" is a ${type} with a character it cannot hold`);
  return text;
}

function bmpText(node: DerNode, what: string): string {
  const content = derContent(node);
  if (content.length % 2 !== 0) refuseDer(node.start, `"${what}" is a BMPString of an odd number of octets`);
  let text = "";
  for (let index = 0; index < content.length; index += 2) {
    const unit = ((content[index] as number) << 8) | (content[index + 1] as number);
    if (unit >= 0xd800 && unit <= 0xdfff) refuseDer(node.start, `"${what}" is a BMPString with a surrogate`);
    text += String.fromCharCode(unit);
  }
  return text;
}
