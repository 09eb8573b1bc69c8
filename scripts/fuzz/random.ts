/** Random choices that are the same for the same seed on every machine. */

/** A stream of choices. */
export interface Random {
  /** A whole number from 0 to `limit` - 1; 0 where `limit` is 0. */
  readonly below: (limit: number) => number;
  readonly chance: (probability: number) => boolean;
  /** One of a list that is not empty. */
  readonly pick: <Item>(items: readonly Item[]) => Item;
  /** One of a list, as often as its weight says. */
  readonly weighted: <Item>(items: readonly (readonly [weight: number, item: Item])[]) => Item;
  readonly bytes: (length: number) => Uint8Array;
}

/**
 * Starts a stream.
 *
 * @param parts What the stream is for: other parts give an unrelated stream.
 */
export function createRandom(...parts: readonly (number | string)[]): Random {
  let state = 0x811c9dc5;
  for (const character of parts.join("\u0000")) {
    state = Math.imul(state ^ (character.codePointAt(0) as number), 0x01000193);
  }
  // Mulberry32: short, fast, and good enough to choose places and bytes.
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    chance: (probability) => next() < probability,
    pick: <Item>(items: readonly Item[]) => items[below(items.length)] as Item,
    weighted<Item>(items: readonly (readonly [number, Item])[]) {
      let left = next() * items.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, item] of items) {
        left -= weight;
        if (left < 0) return item;
      }
      return (items.at(-1) as readonly [number, Item])[1];
    },
    bytes: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}
