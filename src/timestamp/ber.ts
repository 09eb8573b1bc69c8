/**
 * BER of definite lengths, read in place: what CMS may be where it is not DER.
 *
 * Strings in parts, sets in any order and lengths that are not the shortest pass here; indefinite lengths do not, as in
 * the reference implementation. What a decision rests on is read as DER later.
 */
import { concatBytes, derContent, type DerNode, TAG } from "../encoding/mod.ts";
import { refuseToken } from "./refuse.ts";

/** Bytes of one timestamp token read at most. Real ones have two to ten thousand. */
export const MAX_TIMESTAMP_BYTES = 256 * 1024;
/** Levels of nesting read at most. Tokens have about fifteen. */
export const MAX_TIMESTAMP_DEPTH = 48;
/** Values of a token, the outer structure and the certificates' together, read at most. Real ones have a thousand. */
export const MAX_TIMESTAMP_VALUES = 8000;

const CONSTRUCTED = 0x20;
/** An OCTET STRING in parts. Spec: X.690, section 8.7.3. */
export const OCTET_STRING_PARTS = TAG.octetString | CONSTRUCTED;

/** Octets of a length read at most. */
const MAX_LENGTH_OCTETS = 4;

/**
 * The one value these bytes are, every header in it looked at: small, shallow, each length definite and inside its
 * parent.
 *
 * @param bytes BER.
 * @throws {MalformedError} `ERR_TIMESTAMP`; `ERR_TOO_LARGE` beyond {@link MAX_TIMESTAMP_BYTES}.
 *
 * Spec: X.690, section 8.1.
 */
export function readBer(bytes: Uint8Array): DerNode {
  if (bytes.length > MAX_TIMESTAMP_BYTES) {
    refuseToken(`it has ${bytes.length} bytes, expected at most ${MAX_TIMESTAMP_BYTES}`, "ERR_TOO_LARGE");
  }
  if (bytes.length === 0) refuseToken("it is empty");
  const root = readHeader(bytes, 0, bytes.length, 1);
  if (root.end !== bytes.length) refuseToken(`${bytes.length - root.end} bytes after the value`);
  const open = [root];
  let values = 1;
  // Values are looked at as they are found, the last one first: their order does not matter to a bound.
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if ((node.tag & CONSTRUCTED) === 0) continue;
    const children = berChildren(node);
    values += children.length;
    if (values > MAX_TIMESTAMP_VALUES) refuseToken(`more than ${MAX_TIMESTAMP_VALUES} values`);
    open.push(...children);
  }
  return root;
}

/**
 * The values inside a constructed value, in their order.
 *
 * @throws {MalformedError} `ERR_TIMESTAMP`, also when there are more than {@link MAX_TIMESTAMP_VALUES} or they stand
 * deeper than {@link MAX_TIMESTAMP_DEPTH}.
 */
export function berChildren({ source, contentStart, end, depth }: DerNode): readonly DerNode[] {
  if (depth >= MAX_TIMESTAMP_DEPTH) refuseToken(`more than ${MAX_TIMESTAMP_DEPTH} levels`);
  const children: DerNode[] = [];
  for (let offset = contentStart; offset < end;) {
    const child = readHeader(source, offset, end, depth + 1);
    if (children.push(child) > MAX_TIMESTAMP_VALUES) refuseToken(`more than ${MAX_TIMESTAMP_VALUES} values`);
    offset = child.end;
  }
  return children;
}

/**
 * The content of an OCTET STRING, its parts joined where it comes in parts.
 *
 * @throws {MalformedError} `ERR_TIMESTAMP` when it, or a part, is something else.
 *
 * Spec: X.690, section 8.7.
 */
export function readBerOctets(node: DerNode, what: string): Uint8Array {
  if (node.tag === TAG.octetString) return derContent(node);
  if (node.tag === OCTET_STRING_PARTS) {
    return concatBytes(...berChildren(node).map((part) => readBerOctets(part, what)));
  }
  return refuseToken(`its ${what} has identifier 0x${node.tag.toString(16)}, expected an OCTET STRING`);
}

function readHeader(source: Uint8Array, start: number, limit: number, depth: number): DerNode {
  if (start + 2 > limit) refuseToken("a value ends within its header");
  const tag = source[start] as number;
  if ((tag & 0x1f) === 0x1f) refuseToken("a tag number above 30, which nothing in a token has");
  let length = source[start + 1] as number;
  let contentStart = start + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    if (octets === 0) refuseToken("an indefinite length, expected definite ones");
    if (octets > MAX_LENGTH_OCTETS || contentStart + octets > limit) {
      refuseToken(`a length of ${octets} octets that does not fit`);
    }
    length = 0;
    for (let index = 0; index < octets; index++) length = length * 256 + (source[contentStart + index] as number);
    contentStart += octets;
  }
  const end = contentStart + length;
  if (end > limit) refuseToken(`a value of ${length} bytes, but ${limit - contentStart} are left`);
  return { source, tag, start, contentStart, end, depth };
}
