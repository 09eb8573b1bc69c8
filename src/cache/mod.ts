/**
 * Bytes kept under a name for a while: in memory, or in a store that others may write to.
 *
 * ```ts
 * const memory = createMemoryCache({ now });
 * const outside = createOutsideCache(store, { now, sleep, log }, { keys: parseCacheKeys(text, "cache.key") });
 * const cache = createTieredCache(memory, outside);
 * await cache.set("evidence/…", bytes, 3_600);
 * ```
 */
export {
  MAX_STORE_CALLS,
  STORE_LOG_INTERVAL_MILLISECONDS,
  STORE_REST_MILLISECONDS,
  STORE_TIMEOUT_MILLISECONDS,
} from "./guarded.ts";
export { createMemoryCache, MAX_MEMORY_CACHE_BYTES } from "./memory.ts";
export {
  createOutsideCache,
  MAX_CACHE_KEY_BYTES,
  MAX_CACHE_KEYS,
  MAX_TENANT_CHARACTERS,
  MIN_CACHE_KEY_BYTES,
  parseCacheKeys,
  readTenant,
} from "./outside.ts";
export {
  MAX_SEALED_BYTES,
  MAX_SEALED_LIFETIME_SECONDS,
  MAX_STORED_BYTES,
  type OpenedEntry,
  type SealedCache,
  type SealOptions,
} from "./sealed.ts";
export { createTieredCache } from "./tiered.ts";
