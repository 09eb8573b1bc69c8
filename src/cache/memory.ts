/** A cache in this process's memory: bounded in bytes, the least recently used going first. */
import type { Cache, Ports } from "../ports.ts";

/** Bytes a memory cache keeps unless told otherwise, keys and a constant per entry counted. */
export const MAX_MEMORY_CACHE_BYTES = 16 * 1024 * 1024;

/** What one entry is counted as beside its key and bytes, so that small ones are bounded, too. */
const ENTRY_OVERHEAD_BYTES = 256;

interface Entry {
  readonly bytes: Uint8Array;
  readonly until: number;
}

/**
 * Makes a cache.
 *
 * @param options `maxBytes`: an entry that has more is not kept.
 */
export function createMemoryCache(
  { now }: Pick<Ports, "now">,
  { maxBytes = MAX_MEMORY_CACHE_BYTES }: { readonly maxBytes?: number } = {},
): Cache {
  /** In the order of their last use. */
  const entries = new Map<string, Entry>();
  let used = 0;
  const costOf = (key: string, { bytes }: Entry) => key.length * 2 + bytes.length + ENTRY_OVERHEAD_BYTES;
  const drop = (key: string) => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    used -= costOf(key, entry);
  };
  const put = (key: string, entry: Entry) => {
    drop(key);
    const cost = costOf(key, entry);
    if (cost > maxBytes) return;
    entries.set(key, entry);
    used += cost;
    while (used > maxBytes) drop(entries.keys().next().value ?? key);
  };
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return Promise.resolve(undefined);
      if (entry.until <= now().getTime()) {
        drop(key);
        return Promise.resolve(undefined);
      }
      put(key, entry);
      return Promise.resolve(entry.bytes);
    },
    set: (key, bytes, lifetimeSeconds) => {
      if (lifetimeSeconds > 0) put(key, { bytes, until: now().getTime() + lifetimeSeconds * 1_000 });
      return Promise.resolve();
    },
  };
}
