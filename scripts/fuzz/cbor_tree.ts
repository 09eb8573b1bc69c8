/**
 * CBOR as a tree that can be changed and written again. Own reading and writing: not the code under test (RFC 8949).
 */
import { join } from "./der_tree.ts";
import { NUMBERS, TEXT_BYTES } from "./dictionary.ts";
import { changedBytes } from "./der_mutations.ts";
import type { Random } from "./random.ts";

/** One item. Maps have their keys and values in turn. */
export interface CborTree {
  /** Major type; 7 for simple values and floats, which keep their bytes; -1 for bytes that are no item. */
  readonly major: number;
  /** Of an integer or tag. */
  readonly number?: bigint;
  /** Of a byte or text string. */
  readonly content?: Uint8Array;
  readonly children?: readonly CborTree[];
  readonly bytes: Uint8Array;
  readonly size: number;
}

function head(major: number, argument: bigint): Uint8Array {
  const first = major << 5;
  if (argument < 24n) return Uint8Array.of(first | Number(argument));
  const length = argument < 0x100n ? 1 : argument < 0x10000n ? 2 : argument < 0x100000000n ? 4 : 8;
  return longHead(first, argument, length);
}

function longHead(first: number, argument: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(1 + length);
  bytes[0] = first | (24 + Math.log2(length));
  for (let index = length, rest = argument; index > 0; index--, rest >>= 8n) bytes[index] = Number(rest & 0xffn);
  return bytes;
}

export const cborRaw = (bytes: Uint8Array): CborTree => ({ major: -1, bytes, size: 1 });
export const cborNumber = (value: bigint): CborTree =>
  value < 0n
    ? { major: 1, number: value, bytes: head(1, -1n - value), size: 1 }
    : { major: 0, number: value, bytes: head(0, value), size: 1 };
export const cborString = (major: 2 | 3, content: Uint8Array): CborTree => ({
  major,
  content,
  bytes: join(head(major, BigInt(content.length)), content),
  size: 1,
});
export const cborText = (text: string): CborTree => cborString(3, new TextEncoder().encode(text));

/** An array, a map (keys and values in turn) or, with a number, a tag. */
export function cborList(major: number, children: readonly CborTree[], number?: bigint): CborTree {
  const argument = major === 6 ? number ?? 0n : BigInt(major === 5 ? children.length >> 1 : children.length);
  return {
    major,
    ...(number === undefined ? {} : { number }),
    children,
    bytes: join(head(major, argument), ...children.map(({ bytes }) => bytes)),
    size: children.reduce((sum, { size }) => sum + size, 1),
  };
}

/** Reads an item; `undefined` for what is not one well-formed item of definite lengths and nothing else. */
export function readCborTree(bytes: Uint8Array): CborTree | undefined {
  const found = read(bytes, 0, 0);
  return found?.end === bytes.length ? found.tree : undefined;
}

function read(source: Uint8Array, start: number, depth: number): { tree: CborTree; end: number } | undefined {
  const first = source[start];
  if (first === undefined || depth > 64) return undefined;
  const [major, info] = [first >> 5, first & 0x1f];
  const length = info < 24 ? 0 : 2 ** (info - 24);
  const from = start + 1 + length;
  if (info > 27 || from > source.length) return undefined;
  let number = BigInt(info);
  if (length > 0) number = source.subarray(start + 1, from).reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  if (major === 7) return { tree: { major, bytes: source.subarray(start, from), size: 1 }, end: from };
  if (major < 2) {
    const value = major === 0 ? number : -1n - number;
    return { tree: { major, number: value, bytes: source.subarray(start, from), size: 1 }, end: from };
  }
  if (major < 4) {
    if (number > source.length - from) return undefined;
    const end = from + Number(number);
    const content = source.subarray(from, end);
    return { tree: { major, content, bytes: source.subarray(start, end), size: 1 }, end };
  }
  const count = major === 6 ? 1n : major === 5 ? number * 2n : number;
  if (count > source.length - from) return undefined;
  const children: CborTree[] = [];
  let end = from;
  for (let index = 0n; index < count; index++) {
    const child = read(source, end, depth + 1);
    if (child === undefined) return undefined;
    children.push(child.tree);
    end = child.end;
  }
  const size = children.reduce((sum, child) => sum + child.size, 1);
  const tag = major === 6 ? { number } : {};
  return { tree: { major, ...tag, children, bytes: source.subarray(start, end), size }, end };
}

type Mutation = (found: CborTree, random: Random) => readonly CborTree[] | undefined;

const strings: Mutation = (found, random) => {
  if (found.content === undefined) return undefined;
  const content = random.chance(0.6) ? random.pick(TEXT_BYTES) : changedBytes(found.content, random);
  return [cborString(random.chance(0.15) ? (5 - found.major) as 2 | 3 : found.major as 2 | 3, content)];
};

const numbers: Mutation = ({ number, major, children }, random) => {
  if (number === undefined) return undefined;
  const other = random.chance(0.3) ? number + BigInt(random.below(5) - 2) : random.pick(NUMBERS);
  return [major === 6 ? cborList(6, children ?? [], other < 0n ? 0n : other) : cborNumber(other)];
};

const swapChildren: Mutation = ({ major, children = [], number }, random) => {
  if (children.length < 2) return undefined;
  const swapped = [...children];
  const [a, b] = [random.below(swapped.length), random.below(swapped.length)];
  [swapped[a], swapped[b]] = [swapped[b] as CborTree, swapped[a] as CborTree];
  return [cborList(major, swapped, number)];
};

/** A key and its value once more. */
const repeatEntry: Mutation = ({ major, children = [] }, random) => {
  if (major !== 5 || children.length < 2) return undefined;
  const place = random.below(children.length >> 1) * 2;
  const [key, value] = [children[place] as CborTree, children[random.below(children.length)] as CborTree];
  return [cborList(5, random.chance(0.5) ? [key, value, ...children] : children.toSpliced(place, 2))];
};

const addEntry: Mutation = ({ major, children = [] }, random) => {
  if (major !== 5) return undefined;
  const key = random.chance(0.5) ? cborNumber(random.pick(NUMBERS)) : cborString(3, random.pick(TEXT_BYTES));
  return [cborList(5, [...children, key, cborNumber(1n)])];
};

/** Forms that are well-formed CBOR and not the shortest, and heads that lie. */
const heads: Mutation = ({ major, children, content, number, bytes }, random) => {
  if (major > 6 || major < 0) return undefined;
  const body = content ?? join(...(children ?? []).map((child) => child.bytes));
  const count = content?.length ?? (major === 5 ? (children?.length ?? 0) >> 1 : children?.length ?? 0);
  const argument = number === undefined ? BigInt(count) : number < 0n ? -1n - number : number;
  return [cborRaw(
    random.pick([
      () => join(longHead(major << 5, argument & 0xffffffffn, random.pick([4, 8])), body),
      () => join(head(major, argument + 1n), body),
      () => join(longHead(major << 5, 0xffffffffn, 4), body),
      () => join(longHead(major << 5, 0x7fffffffffffffffn, 8), body),
      () => join(Uint8Array.of((major << 5) | 31), body, Uint8Array.of(0xff)),
      () => join(Uint8Array.of((major << 5) | 28), body),
      () => bytes.subarray(0, bytes.length - 1),
    ])(),
  )];
};

const SIMPLE = [
  "f4",
  "f5",
  "f6",
  "f7",
  "e0",
  "f818",
  "f97e00",
  "f97c00",
  "fa47c35000",
  "fb3ff199999999999a",
  "fb7ff8000000000000",
]
  .map((hex) => Uint8Array.from(Buffer.from(hex, "hex")));

const nest: Mutation = (found, random) => {
  let nested = found;
  for (let left = random.pick([8, 31, 33, 60]); left > 0; left--) nested = cborList(4, [nested]);
  return [nested];
};

const MUTATIONS: readonly (readonly [number, Mutation])[] = [
  [14, strings],
  [14, numbers],
  [6, () => []],
  [4, (found) => [found, found]],
  [6, swapChildren],
  [8, repeatEntry],
  [6, addEntry],
  [4, heads],
  [4, (_, random) => [{ major: 7, bytes: random.pick(SIMPLE), size: 1 }]],
  [4, (found, random) => [cborList(6, [found], random.pick([0n, 1n, 2n, 18n, 55799n]))]],
  [3, (found) => [cborList(4, [found])]],
  [3, ({ children }) => children],
  [1, nest],
];

/** Changes one item. The outermost is replaced by the first of what it becomes. */
export function mutateCbor(tree: CborTree, random: Random): CborTree {
  for (let tries = 0; tries < 12; tries++) {
    const mutation = random.weighted(MUTATIONS);
    let done = false;
    const [changed] = change(tree, random.below(tree.size), (found) => {
      const replaced = mutation(found, random);
      done = replaced !== undefined;
      return replaced ?? [found];
    });
    if (done && changed !== undefined) return changed;
  }
  return cborRaw(changedBytes(tree.bytes, random));
}

function change(
  tree: CborTree,
  number: number,
  replace: (found: CborTree) => readonly CborTree[],
): readonly CborTree[] {
  if (number === 0) return replace(tree);
  let left = number - 1;
  const children = tree.children ?? [];
  for (const [index, child] of children.entries()) {
    if (left < child.size) {
      const changed = change(child, left, replace);
      return [cborList(tree.major, children.toSpliced(index, 1, ...changed), tree.number)];
    }
    left -= child.size;
  }
  return replace(tree);
}
