/** DER as a tree that can be changed and written again. Own reading and writing: not the code under test (X.690). */

/** One value. Trees are never changed: a change makes a new one that shares what stayed the same. */
export interface DerTree {
  /** The identifier octet. */
  readonly tag: number;
  /** The value as it is written. */
  readonly bytes: Uint8Array;
  /** The content octets; none of a value whose header lies. */
  readonly content: Uint8Array;
  /** The values inside, also of a string that holds DER. */
  readonly children?: readonly DerTree[];
  /** Octets before the values inside: the count of unused bits of a BIT STRING that holds DER. */
  readonly prefix?: Uint8Array;
  /** Values in it, itself counted. */
  readonly size: number;
}

/** Levels read at most. */
const MAX_DEPTH = 128;
const NOTHING = new Uint8Array(0);

/** One byte after the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** The identifier and the shortest length. */
export function header(tag: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(tag, length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.of(tag, 0x80 | octets.length, ...octets);
}

/** A value with content and nothing inside. */
export function leaf(tag: number, content: Uint8Array): DerTree {
  return { tag, content, bytes: join(header(tag, content.length), content), size: 1 };
}

/** A value with values inside. */
export function node(tag: number, children: readonly DerTree[], prefix: Uint8Array = NOTHING): DerTree {
  const content = join(prefix, ...children.map(({ bytes }) => bytes));
  const size = children.reduce((sum, child) => sum + child.size, 1);
  return { tag, content, bytes: join(header(tag, content.length), content), children, prefix, size };
}

/** Bytes that stand in the place of a value, whatever they are. */
export function raw(bytes: Uint8Array): DerTree {
  return { tag: bytes[0] ?? 0, bytes, content: NOTHING, size: 1 };
}

/** The same value under another identifier. */
export function retag({ children, prefix, content }: DerTree, tag: number): DerTree {
  return children === undefined ? leaf(tag, content) : node(tag, children, prefix);
}

/** Reads a value; `undefined` for what is not one well-formed value of definite lengths and nothing else. */
export function readTree(bytes: Uint8Array, { strict = true } = {}): DerTree | undefined {
  const found = read(bytes, 0, bytes.length, 0, strict);
  return found?.end === bytes.length ? found.tree : undefined;
}

/** Whether bytes are one value of definite, shortest lengths and low tags, with every constructed value whole. */
export function isWellFormed(bytes: Uint8Array): boolean {
  return endOf(bytes, 0, bytes.length, 0) === bytes.length;
}

/** Where a value ends; -1 for what is none. */
function endOf(source: Uint8Array, start: number, limit: number, depth: number): number {
  const header = readHeader(source, start, limit, true);
  if (header === undefined || depth > MAX_DEPTH) return -1;
  const { tag, from, end } = header;
  if ((tag & 0x20) === 0) return end;
  let offset = from;
  while (offset < end && offset >= 0) offset = endOf(source, offset, end, depth + 1);
  return offset === end ? end : -1;
}

/** A header; `undefined` for one that is not well-formed. @param strict Whether lengths have to be the shortest. */
function readHeader(source: Uint8Array, start: number, limit: number, strict: boolean) {
  const tag = source[start];
  const first = source[start + 1];
  if (tag === undefined || first === undefined || start + 2 > limit || (tag & 0x1f) === 0x1f) return undefined;
  let length = first;
  let from = start + 2;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4 || from + octets > limit) return undefined;
    length = 0;
    for (let index = 0; index < octets; index++) length = length * 256 + (source[from + index] as number);
    from += octets;
    if (strict && (length < 0x80 || length < 2 ** (8 * (octets - 1)))) return undefined;
  }
  const end = from + length;
  return end > limit ? undefined : { tag, from, end };
}

interface Read {
  readonly tree: DerTree;
  readonly end: number;
}

function read(source: Uint8Array, start: number, limit: number, depth: number, strict: boolean): Read | undefined {
  const header = readHeader(source, start, limit, strict);
  if (header === undefined || depth > MAX_DEPTH) return undefined;
  const { tag, from, end } = header;
  const whole = { tag, bytes: source.subarray(start, end), content: source.subarray(from, end) };
  if ((tag & 0x20) !== 0) {
    const children = readAll(source, from, end, depth + 1, strict);
    return children === undefined ? undefined : { tree: { ...whole, children, size: sizeOf(children) }, end };
  }
  // What a string may hold: an OCTET STRING anything, a BIT STRING what comes after the count of its unused bits.
  const before = tag === 0x04 ? 0 : tag === 0x03 && source[from] === 0 ? 1 : undefined;
  const children = before === undefined || end - from < 3 ? [] : readAll(source, from + before, end, depth + 1, strict);
  if (children?.length !== 1) return { tree: { ...whole, size: 1 }, end };
  return {
    tree: { ...whole, children, prefix: source.subarray(from, from + (before ?? 0)), size: sizeOf(children) },
    end,
  };
}

const sizeOf = (children: readonly DerTree[]) => children.reduce((sum, { size }) => sum + size, 1);

function readAll(
  source: Uint8Array,
  start: number,
  end: number,
  depth: number,
  strict: boolean,
): readonly DerTree[] | undefined {
  const children: DerTree[] = [];
  for (let offset = start; offset < end;) {
    const child = read(source, offset, end, depth, strict);
    if (child === undefined) return undefined;
    children.push(child.tree);
    offset = child.end;
  }
  return children;
}

/** Where a value stands: the place among its siblings, from the outermost in. */
export type Path = readonly number[];

/** The path of the value with this number, counted depth first; the outermost is 0. */
export function pathOf(tree: DerTree, number: number): Path {
  const path: number[] = [];
  let current = tree;
  let left = number;
  while (left > 0 && current.children !== undefined) {
    left--;
    let index = 0;
    for (; index < current.children.length; index++) {
      const child = current.children[index] as DerTree;
      if (left < child.size) break;
      left -= child.size;
    }
    const next = current.children[index];
    if (next === undefined) break;
    path.push(index);
    current = next;
  }
  return path;
}

/** The value at a path. */
export function at(tree: DerTree | undefined, ...path: Path): DerTree | undefined {
  let current = tree;
  for (const index of path) current = current?.children?.[index];
  return current;
}

/** The tree with one value replaced by any number of values; the outermost is replaced by the first. */
export function replaceAt(tree: DerTree, path: Path, replace: (found: DerTree) => readonly DerTree[]): DerTree {
  const [index, ...rest] = path;
  if (index === undefined) return replace(tree)[0] ?? raw(NOTHING);
  const children = tree.children ?? [];
  const child = children[index];
  if (child === undefined) return tree;
  const replaced = rest.length === 0 ? replace(child) : [replaceAt(child, rest, replace)];
  return node(tree.tag, [...children.slice(0, index), ...replaced, ...children.slice(index + 1)], tree.prefix);
}
