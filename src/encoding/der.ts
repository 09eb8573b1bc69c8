/**
 * DER read strictly and lazily (ITU-T X.690).
 *
 * An own reader, because the reading is security: a general ASN.1 library takes BER, copies every value and costs about
 * a millisecond and 18 kB per bundle, a walk over the headers costs microseconds. Every header is checked when it is
 * reached: definite and shortest lengths, low tag numbers, the primitive or constructed form X.690 prescribes, content
 * inside its parent. Nothing is copied: nodes are offsets into the bytes that were given.
 */
import { MalformedError } from "../errors.ts";
import { compareBytes } from "./bytes.ts";

/** Bytes of one DER structure read at most, unless a reader with a larger format says otherwise. */
export const MAX_DER_BYTES = 1024 * 1024;
/** Levels of nesting read at most. Certificates have about ten. */
export const MAX_DER_DEPTH = 32;

/** Identifier octets of universal types. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Identifier octet of `[number]`: constructed where explicit or around a structure, primitive where implicit. */
export function contextTag(number: number, form: "primitive" | "constructed"): number {
  return (form === "constructed" ? 0xa0 : 0x80) | number;
}

/** One value: its identifier octet and where it stands. A plain record; nothing in it is copied. */
export interface DerNode {
  /** The bytes the offsets count in. */
  readonly source: Uint8Array;
  /** The identifier octet: class, form and number in one, `TAG.sequence` or `contextTag(0, "constructed")`. */
  readonly tag: number;
  /** Offset of the identifier octet. */
  readonly start: number;
  /** Offset of the first content octet. */
  readonly contentStart: number;
  /** Offset after the last content octet. */
  readonly end: number;
  /** 1 for the outermost value. */
  readonly depth: number;
}

/** @throws {MalformedError} `ERR_DER` naming the offset. */
export function refuseDer(offset: number, what: string): never {
  throw new MalformedError("ERR_DER", `Cannot read DER at offset ${offset}: ${what}`);
}

function readHeader(source: Uint8Array, start: number, limit: number, depth: number): DerNode {
  if (start + 2 > limit) refuseDer(start, "the value ends within its header");
  const tag = source[start] as number;
  const number = tag & 0x1f;
  if (number === 0x1f) refuseDer(start, "a tag number above 30, which nothing read here has");
  if (tag < 0x40) {
    if (number === 0) refuseDer(start, "tag 0, which marks the end of an indefinite length");
    const constructed = (tag & 0x20) !== 0;
    if (constructed !== (number === 16 || number === 17)) {
      refuseDer(start, `identifier 0x${tag.toString(16)} in a form that DER does not use for this type`);
    }
  }
  let length = source[start + 1] as number;
  let contentStart = start + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    if (octets === 0) refuseDer(start, "an indefinite length");
    if (octets > 4) refuseDer(start, `a length of ${octets} octets, expected at most 4`);
    if (contentStart + octets > limit) refuseDer(start, "the value ends within its header");
    length = 0;
    for (let index = 0; index < octets; index++) length = length * 256 + (source[contentStart + index] as number);
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) {
      refuseDer(start, "a length that is not in its shortest form");
    }
    contentStart += octets;
  }
  const end = contentStart + length;
  if (end > limit) refuseDer(start, `${length} octets of content, but ${limit - contentStart} are left`);
  return { source, tag, start, contentStart, end, depth };
}

function checkSize(bytes: Uint8Array, maxBytes: number): void {
  if (bytes.length > maxBytes) {
    throw new MalformedError("ERR_TOO_LARGE", `Cannot read DER: ${bytes.length} bytes, expected at most ${maxBytes}`);
  }
}

/**
 * The one value these bytes are, with nothing after it.
 *
 * @param bytes DER.
 * @param maxBytes Bytes accepted.
 * @throws {MalformedError} `ERR_DER`; `ERR_TOO_LARGE` beyond `maxBytes`.
 */
export function readDer(bytes: Uint8Array, maxBytes: number = MAX_DER_BYTES): DerNode {
  checkSize(bytes, maxBytes);
  const node = readHeader(bytes, 0, bytes.length, 1);
  if (node.end !== bytes.length) refuseDer(node.end, `${bytes.length - node.end} bytes after the value`);
  return node;
}

/** The values these bytes are, one after the other, as in a file of several certificates. */
export function readDerValues(bytes: Uint8Array, maxBytes: number = MAX_DER_BYTES): readonly DerNode[] {
  checkSize(bytes, maxBytes);
  return readWithin(bytes, 0, bytes.length, 1);
}

function readWithin(source: Uint8Array, start: number, end: number, depth: number): readonly DerNode[] {
  const nodes: DerNode[] = [];
  for (let offset = start; offset < end;) {
    const node = readHeader(source, offset, end, depth);
    nodes.push(node);
    offset = node.end;
  }
  return nodes;
}

/**
 * The values inside a constructed value, in their order.
 *
 * @throws {MalformedError} `ERR_DER` also when it is primitive or nested deeper than {@link MAX_DER_DEPTH}.
 */
export function derChildren(node: DerNode): readonly DerNode[] {
  if ((node.tag & 0x20) === 0) refuseDer(node.start, `identifier 0x${node.tag.toString(16)} has no values inside`);
  if (node.depth >= MAX_DER_DEPTH) refuseDer(node.start, `more than ${MAX_DER_DEPTH} levels of nesting`);
  return readWithin(node.source, node.contentStart, node.end, node.depth + 1);
}

/**
 * The values inside a constructed value one after the other, each made when it is asked for: for lists too long to
 * hold.
 *
 * @throws {MalformedError} `ERR_DER` as {@link derChildren}, when the value at fault is reached.
 */
export function* eachDerChild(node: DerNode): Generator<DerNode> {
  if ((node.tag & 0x20) === 0) refuseDer(node.start, `identifier 0x${node.tag.toString(16)} has no values inside`);
  if (node.depth >= MAX_DER_DEPTH) refuseDer(node.start, `more than ${MAX_DER_DEPTH} levels of nesting`);
  for (let offset = node.contentStart; offset < node.end;) {
    const child = readHeader(node.source, offset, node.end, node.depth + 1);
    yield child;
    offset = child.end;
  }
}

/** The whole value as it stands in the source: identifier, length and content. A view, not a copy. */
export function derBytes(node: DerNode): Uint8Array {
  return node.source.subarray(node.start, node.end);
}

/** The content octets as they stand in the source. A view, not a copy. */
export function derContent(node: DerNode): Uint8Array {
  return node.source.subarray(node.contentStart, node.end);
}

/** The node, having this identifier octet. @param what Names the field in the message. */
export function expectTag(node: DerNode | undefined, tag: number, what: string): DerNode {
  if (node === undefined) throw new MalformedError("ERR_DER", `Cannot read DER: "${what}" is missing`);
  if (node.tag !== tag) {
    refuseDer(node.start, `"${what}" has identifier 0x${node.tag.toString(16)}, expected 0x${tag.toString(16)}`);
  }
  return node;
}

/** The values of a SEQUENCE. @param what Names the field in the message. */
export function readSequence(node: DerNode | undefined, what: string): readonly DerNode[] {
  return derChildren(expectTag(node, TAG.sequence, what));
}

/**
 * The values of a SET OF, in ascending order of their encodings as DER has them.
 *
 * Spec: X.690, section 11.6.
 */
export function readSetOf(node: DerNode | undefined, what: string): readonly DerNode[] {
  const elements = derChildren(expectTag(node, TAG.set, what));
  for (let index = 1; index < elements.length; index++) {
    const element = elements[index] as DerNode;
    if (compareBytes(derBytes(elements[index - 1] as DerNode), derBytes(element)) > 0) {
      refuseDer(element.start, `"${what}" is not in the order of a DER SET OF`);
    }
  }
  return elements;
}
