/** Where content and facts are kept between requests: the flags that say so, and the store they open. */
import { type CacheOptions, readMemorySize } from "../admission/mod.ts";
import { createOutsideCache, MAX_STORED_BYTES, parseCacheKeys, readTenant } from "../cache/mod.ts";
import { decodeUtf8 } from "../encoding/mod.ts";
import type { Host, OutsideStore } from "../ports.ts";
import { list, text, usage } from "./flags.ts";
import { warn } from "./report.ts";

/** Bytes of a key file at most. */
const MAX_KEY_FILE_BYTES = 4_096;

/** Where a store's password is looked for: an address with one is seen by everybody on the machine. */
export const CACHE_PASSWORD_VARIABLE = "EDGE_NOTARY_CACHE_PASSWORD";

/** What is kept between requests. */
export const CACHE_FLAGS = {
  cache: list(
    "keep content and facts: memory:SIZE for how much in this process, redis://HOST:PORT/DATABASE or, on Deno, " +
      "kv:PATH for a store behind it; may be repeated",
    { value: "PLACE" },
  ),
  "cache-key-file": text("file of keys that seal what a store outside keeps, base64, one a line", undefined, {
    value: "FILE",
  }),
  "cache-tenant": text("keep apart from others who share store and key", undefined, { value: "NAME" }),
} as const;

/** The values of {@link CACHE_FLAGS}. */
export interface CacheFlags {
  readonly cache: readonly string[];
  readonly "cache-key-file": string | undefined;
  readonly "cache-tenant": string | undefined;
}

/** A cache that was opened. */
export interface OpenedCache {
  readonly options: CacheOptions;
  /** How the startup text calls the store; absent where there is none. */
  readonly store?: string;
  readonly close: () => Promise<void>;
}

/**
 * Opens what the flags name.
 *
 * @throws {ConfigurationError} `ERR_USAGE` for a store without a key and a key without a store, `ERR_CONFIG` when the
 * runtime has no such store, it cannot be opened, or a size or key is none; `ERR_FILE`.
 */
export async function openCache(flags: CacheFlags, host: Host): Promise<OpenedCache> {
  const [size, ...moreSizes] = flags.cache.filter((place) => place.startsWith("memory:"));
  const [address, ...moreStores] = flags.cache.filter((place) => !place.startsWith("memory:"));
  if (moreSizes.length > 0 || moreStores.length > 0) throw usage("--cache names two of a kind, expected one of each");
  const memory = size === undefined
    ? {}
    : { memoryBytes: readMemorySize(size.slice("memory:".length), "--cache memory:") };
  const keyFile = flags["cache-key-file"];
  if (address === undefined) {
    if (keyFile !== undefined) throw usage("--cache-key-file seals what a store keeps: name one by --cache");
    if (flags["cache-tenant"] !== undefined) throw usage("--cache-tenant is for a store: name one by --cache");
    return { options: memory, close: () => Promise.resolve() };
  }
  if (keyFile === undefined) {
    throw usage("--cache needs --cache-key-file FILE: what others may write to is believed only under a seal");
  }
  const keys = parseCacheKeys(decodeUtf8(await host.files.read(keyFile, MAX_KEY_FILE_BYTES), "ERR_FILE"), keyFile);
  const tenant = flags["cache-tenant"];
  const named = tenant === undefined ? {} : { tenant: readTenant(tenant, "--cache-tenant") };
  const store = await openStore(address, host);
  return {
    options: { ...memory, outside: createOutsideCache(store, host.ports, { keys, ...named }) },
    store: store.name,
    close: store.close,
  };
}

async function openStore(address: string, host: Host): Promise<OutsideStore> {
  const password = host.variable(CACHE_PASSWORD_VARIABLE);
  if (/^rediss?:\/\/[^/]*:[^/]*@/.test(address)) {
    warn(
      host,
      `the address of --cache holds a password: give it as ${CACHE_PASSWORD_VARIABLE}, which others do not see`,
    );
  }
  return await host.openStore(address, {
    maxBytes: MAX_STORED_BYTES,
    ...(password === undefined ? {} : { password }),
  });
}
