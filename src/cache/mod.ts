/**
 * Bytes kept under a name for a while.
 *
 * ```ts
 * const cache = createMemoryCache({ now });
 * await cache.set("evidence/…", bytes, 3_600);
 * ```
 */
export { createMemoryCache, MAX_MEMORY_CACHE_BYTES } from "./memory.ts";
