/** JSON as a tree that can be changed and written again, also as what no writer would write. */
import { JSON_VALUES, TEXTS } from "./dictionary.ts";
import type { Random } from "./random.ts";

/** A value: members in their order and as often as they are, elements, or text as it is written. */
export type JsonTree =
  | { readonly kind: "object"; readonly members: readonly JsonMember[] }
  | { readonly kind: "array"; readonly items: readonly JsonTree[] }
  | { readonly kind: "written"; readonly text: string };

/** @property name As written, with its quotes. */
export interface JsonMember {
  readonly name: string;
  readonly value: JsonTree;
}

export const written = (value: unknown): JsonTree => ({ kind: "written", text: JSON.stringify(value) });

/** The tree of a value without cycles. */
export function treeOfJson(value: unknown): JsonTree {
  if (Array.isArray(value)) return { kind: "array", items: value.map(treeOfJson) };
  if (typeof value !== "object" || value === null) return written(value);
  return {
    kind: "object",
    members: Object.entries(value).map(([name, item]) => ({ name: JSON.stringify(name), value: treeOfJson(item) })),
  };
}

export function writeJson(tree: JsonTree): string {
  switch (tree.kind) {
    case "object":
      return `{${tree.members.map(({ name, value }) => `${name}:${writeJson(value)}`).join(",")}}`;
    case "array":
      return `[${tree.items.map(writeJson).join(",")}]`;
    default:
      return tree.text;
  }
}

/** The first member of this name. */
export function member(tree: JsonTree | undefined, name: string): JsonTree | undefined {
  const quoted = JSON.stringify(name);
  return tree?.kind === "object" ? tree.members.find((one) => one.name === quoted)?.value : undefined;
}

/** A string's value; `undefined` for what is none. */
export function textOf(tree: JsonTree | undefined): string | undefined {
  if (tree?.kind !== "written" || !tree.text.startsWith('"')) return undefined;
  try {
    return String(JSON.parse(tree.text));
  } catch {
    return undefined;
  }
}

/** The object with the first member of this name replaced, or one more member. */
export function withMember(tree: JsonTree, name: string, value: JsonTree): JsonTree {
  if (tree.kind !== "object") return tree;
  const quoted = JSON.stringify(name);
  const place = tree.members.findIndex((one) => one.name === quoted);
  const members = [...tree.members];
  members.splice(place < 0 ? members.length : place, place < 0 ? 0 : 1, { name: quoted, value });
  return { kind: "object", members };
}

/** Another name that readers may take for this one. */
function otherName(name: string, random: Random): string {
  const letters = name.slice(1, -1);
  const place = random.below(letters.length);
  return random.pick([
    () => JSON.stringify(random.pick(TEXTS)),
    () => `"${letters.toUpperCase()}"`,
    () => `"${letters} "`,
    () =>
      `"${letters.slice(0, place)}\\u${(letters.charCodeAt(place) || 0).toString(16).padStart(4, "0")}${
        letters.slice(place + 1)
      }"`,
    () => `"${letters.replace("s", "\u017f")}"`,
    () => name.slice(0, -1),
  ])();
}

function otherValue(tree: JsonTree, random: Random, depth: number): JsonTree {
  return random.weighted<() => JsonTree>([
    [6, () => written(random.pick(TEXTS))],
    [4, () => ({ kind: "written", text: random.pick(JSON_VALUES) })],
    [1, () => ({ kind: "array", items: [tree] })],
    [1, () => ({ kind: "object", members: [{ name: '"a"', value: tree }] })],
    [0.3, () => {
      const levels = random.pick([10, 17, 40, 2000]) - depth;
      return { kind: "written", text: "[".repeat(levels) + "]".repeat(levels) };
    }],
  ])();
}

/** Changes one value or member. */
export function mutateJson(tree: JsonTree, random: Random, depth = 0): JsonTree {
  if (tree.kind === "written" || random.chance(0.08)) return otherValue(tree, random, depth);
  const list: readonly (JsonMember | JsonTree)[] = tree.kind === "object" ? tree.members : tree.items;
  if (list.length === 0 || random.chance(0.05)) return add(tree, random);
  const place = random.below(list.length);
  if (random.chance(0.5)) return replace(tree, place, (value) => mutateJson(value, random, depth + 1));
  const other = random.below(list.length);
  const changed = random.pick<(items: readonly unknown[]) => readonly unknown[]>([
    (items) => items.toSpliced(place, 1),
    (items) => items.toSpliced(other, 0, items[place]),
    (items) => items.with(place, items[other]).with(other, items[place]),
    (items) =>
      tree.kind === "array" ? items.toReversed() : items.with(place, {
        ...(items[place] as JsonMember),
        name: otherName((items[place] as JsonMember).name, random),
      }),
    (items) =>
      tree.kind === "array" ? items.toSpliced(place, 0, items[other]) : items.toSpliced(random.below(items.length), 0, {
        name: (items[place] as JsonMember).name,
        value: otherValue((items[place] as JsonMember).value, random, depth),
      }),
  ])(list);
  return tree.kind === "object"
    ? { kind: "object", members: changed as readonly JsonMember[] }
    : { kind: "array", items: changed as readonly JsonTree[] };
}

function add(tree: JsonTree & { readonly kind: "object" | "array" }, random: Random): JsonTree {
  const value = otherValue(written(0), random, 0);
  return tree.kind === "array"
    ? { kind: "array", items: [...tree.items, value] }
    : { kind: "object", members: [...tree.members, { name: JSON.stringify(random.pick(TEXTS)), value }] };
}

function replace(
  tree: JsonTree & { readonly kind: "object" | "array" },
  place: number,
  change: (value: JsonTree) => JsonTree,
): JsonTree {
  return tree.kind === "array"
    ? { kind: "array", items: tree.items.map((item, index) => index === place ? change(item) : item) }
    : {
      kind: "object",
      members: tree.members.map((one, index) => index === place ? { ...one, value: change(one.value) } : one),
    };
}
