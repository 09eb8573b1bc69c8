/**
 * The Cache API of Workers as a store: values of one data centre, for as long as it has room. On a `workers.dev`
 * address the platform keeps nothing.
 */
import type { OutsideStore, StoreOptions } from "../../ports.ts";
import { readAtMost } from "./workers_kv.ts";

/** What the names of entries are put under: nobody is asked there. */
export const CACHE_ADDRESS = "https://cache.edge-notary.invalid/1/";

/** The part of a named cache used here. */
export interface NamedCache {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
}

/** Opens a store in a named cache: `caches.open(…)`. */
export function openWorkersCache(open: () => Promise<NamedCache>, { maxBytes }: StoreOptions): OutsideStore {
  return {
    name: "Workers Cache API",
    get: async (key) => {
      const response = await (await open()).match(CACHE_ADDRESS + key);
      return response?.status === 200 ? await readAtMost(response, maxBytes) : undefined;
    },
    set: async (key, bytes, lifetimeSeconds) => {
      const headers = {
        "cache-control": `max-age=${Math.ceil(lifetimeSeconds)}`,
        "content-type": "application/octet-stream",
        "content-length": String(bytes.length),
      };
      await (await open()).put(CACHE_ADDRESS + key, new Response(bytes as BodyInit, { headers }));
    },
    close: () => Promise.resolve(),
  };
}
