/** A cache in memory before one that is further away. */
import type { Cache } from "../ports.ts";
import type { SealedCache } from "./sealed.ts";

/** Makes a cache that asks memory first, and keeps there what the other one gave, for as long as that is good. */
export function createTieredCache(memory: Cache, outside: SealedCache): Cache {
  return {
    get: async (key) => {
      const near = await memory.get(key);
      if (near !== undefined) return near;
      const far = await outside.open(key);
      if (far === undefined) return undefined;
      await memory.set(key, far.bytes, far.lifetimeSeconds);
      return far.bytes;
    },
    set: async (key, bytes, lifetimeSeconds) => {
      await Promise.all([memory.set(key, bytes, lifetimeSeconds), outside.set(key, bytes, lifetimeSeconds)]);
    },
  };
}
