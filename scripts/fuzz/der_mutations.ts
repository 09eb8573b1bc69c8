/** What is done to DER: to one value, wherever it stands, the lengths around it kept true. */
import { type DerTree, header, join, leaf, node, pathOf, raw, readTree, replaceAt, retag } from "./der_tree.ts";
import { INTEGERS, OIDS, TAGS, TEXT_BYTES, TIMES } from "./dictionary.ts";
import type { Random } from "./random.ts";

/** Where values for splicing come from. */
export type Donors = readonly DerTree[];

/** Replaces one value by any number of values; `undefined` where it cannot be done to this one. */
type Mutation = (found: DerTree, random: Random, donors: Donors) => readonly DerTree[] | undefined;

/** One value of a tree, chosen at random. */
export function anyValue(tree: DerTree, random: Random): DerTree {
  let current = tree;
  for (const index of pathOf(tree, random.below(tree.size))) current = current.children?.[index] ?? current;
  return current;
}

/** A value of another structure, of the same type where one is found quickly. */
function donated(found: DerTree, random: Random, donors: Donors): DerTree {
  let donor = anyValue(random.pick(donors), random);
  for (let tries = 0; tries < 8 && donor.tag !== found.tag; tries++) donor = anyValue(random.pick(donors), random);
  return donor;
}

/** Flips a bit, drops, adds or replaces octets. */
export function changedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const place = random.below(bytes.length);
  switch (random.below(6)) {
    case 0:
    case 1: {
      const flipped = bytes.slice();
      if (flipped.length > 0) flipped[place] = (flipped[place] as number) ^ (1 << random.below(8));
      return flipped;
    }
    case 2:
      return bytes.subarray(0, place);
    case 3:
      return join(bytes.subarray(0, place), random.bytes(1 + random.below(4)), bytes.subarray(place));
    case 4:
      return join(bytes.subarray(0, place), bytes.subarray(place + 1 + random.below(8)));
    default:
      return random.bytes(random.chance(0.2) ? 0 : bytes.length);
  }
}

const changeContent: Mutation = (found, random) =>
  found.children === undefined ? [leaf(found.tag, changedBytes(found.content, random))] : undefined;

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Another value of the same type, at the end of a range or beyond. */
const changeValue: Mutation = (found, random) => {
  switch (found.tag) {
    case 0x01:
      return [leaf(0x01, random.pick([Uint8Array.of(0), Uint8Array.of(1), Uint8Array.of(0xff), Uint8Array.of()]))];
    case 0x02:
    case 0x0a:
      return [leaf(found.tag, random.pick(INTEGERS))];
    case 0x03:
      return [leaf(0x03, join(Uint8Array.of(random.below(9)), found.content.subarray(1)))];
    case 0x05:
      return [leaf(0x05, random.bytes(random.below(2)))];
    case 0x06:
      return [leaf(0x06, random.pick(OIDS))];
    case 0x17:
    case 0x18: {
      const time = random.pick(TIMES);
      return [leaf(random.chance(0.2) ? 0x2f - found.tag : time.length > 13 ? 0x18 : 0x17, utf8(time))];
    }
    case 0x0c:
    case 0x13:
    case 0x14:
    case 0x16:
    case 0x1e:
    case 0x82:
    case 0x86:
      return [leaf(found.tag, random.pick(TEXT_BYTES))];
    default:
      return undefined;
  }
};

const changeTag: Mutation = (found, random) => {
  const tag = random.chance(0.7) ? random.pick(TAGS) : random.below(256);
  return [retag(found, tag)];
};

const swapChildren: Mutation = ({ tag, children = [], prefix }, random) => {
  if (children.length < 2) return undefined;
  const swapped = [...children];
  const [a, b] = [random.below(swapped.length), random.below(swapped.length)];
  [swapped[a], swapped[b]] = [swapped[b] as DerTree, swapped[a] as DerTree];
  return [node(tag, random.chance(0.1) ? swapped.reverse() : swapped, prefix)];
};

const wrap: Mutation = (found, random) => [node(random.pick([0x30, 0x31, 0x04, 0x24, 0xa0, 0xa1, 0xa3]), [found])];
const unwrap: Mutation = ({ children }) => children;

/** Deeper than any reader should follow. */
const nest: Mutation = (found, random) => {
  let nested = found;
  for (let left = random.pick([20, 31, 33, 60, 120]); left > 0; left--) nested = node(0x30, [nested]);
  return [nested];
};

const repeat: Mutation = (found, random) =>
  found.bytes.length < 600 ? Array.from({ length: random.pick([3, 9, 33, 70, 300]) }, () => found) : undefined;

/** A header that says something else than its content: the one mutation after which lengths are wrong. */
const lie: Mutation = ({ tag, content }, random) => {
  const said = [content.length + 1, content.length - 1, 0, 0x7f, 0xffff, content.length + random.below(300)];
  const length = content.length;
  return [raw(
    random.pick([
      () => join(header(tag, Math.max(0, random.pick(said))), content),
      () => join(Uint8Array.of(tag, 0x80), content, Uint8Array.of(0, 0)),
      () => join(Uint8Array.of(tag, 0x84, 0, 0, length >> 8, length & 0xff), content),
      () => join(Uint8Array.of(tag, 0x84, 0xff, 0xff, 0xff, 0xff), content),
      () => join(Uint8Array.of(tag, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0), content),
      () => join(Uint8Array.of(tag | 0x1f, 0x81, tag & 0x1f, length & 0x7f), content),
    ])(),
  )];
};

const MUTATIONS: readonly (readonly [number, readonly [string, Mutation]])[] = [
  [45, ["another value", changeValue]],
  [12, ["other content", changeContent]],
  [8, ["deleted", () => []]],
  [5, ["duplicated", (found) => [found, found]]],
  [5, ["another tag", changeTag]],
  [8, ["values swapped", swapChildren]],
  [10, ["spliced", (found, random, donors) => [donated(found, random, donors)]]],
  [4, ["value inserted", (found, random, donors) => [donated(found, random, donors), found]]],
  [4, ["wrapped", wrap]],
  [4, ["unwrapped", unwrap]],
  [0.5, ["nested", nest]],
  [1, ["repeated", repeat]],
  [4, ["lying header", lie]],
];

/** Attempts at finding a value to which a mutation can be done. */
const TRIES = 12;

/** Changes one value of a structure. */
export function mutateDer(
  tree: DerTree,
  random: Random,
  donors: Donors,
): { readonly tree: DerTree; readonly what: string } {
  for (let tries = 0; tries < TRIES; tries++) {
    const [what, mutation] = random.weighted(MUTATIONS);
    const path = pathOf(tree, random.below(tree.size));
    let done = false;
    const changed = replaceAt(tree, path, (found) => {
      const replaced = mutation(found, random, donors);
      done = replaced !== undefined;
      return replaced ?? [found];
    });
    if (done) return { tree: changed, what: `${what} at ${path.join(".") || "the top"}` };
  }
  return { tree: raw(changedBytes(tree.bytes, random)), what: "bytes" };
}

/** Changes one value of DER bytes; of bytes that are none, a byte. */
export function mutateDerBytes(bytes: Uint8Array, random: Random, donors: Donors): Uint8Array {
  const tree = readTree(bytes);
  return tree === undefined ? changedBytes(bytes, random) : mutateDer(tree, random, donors).tree.bytes;
}
