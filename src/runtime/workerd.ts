/** The ports of Cloudflare Workers (workerd): anonymous at registries, log lines on the console. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { OutsideStore, Ports, StoreOptions } from "../ports.ts";
import { type NamedCache, openWorkersCache } from "./cache/workers_cache.ts";
import { type KvNamespace, openWorkersKv } from "./cache/workers_kv.ts";
import { createWebPorts } from "./web.ts";

/** A service binding of the platform: something with a `fetch` of its own. */
export interface ServiceBinding {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/**
 * Makes the ports of a worker.
 *
 * @param registry A service binding to ask instead of the network, such as a registry in another worker.
 */
export function createWorkerPorts(registry?: ServiceBinding): Ports {
  return createWebPorts({
    write: (line) => console.log(line),
    // Called as a method: the platform's bindings refuse to be called without their object.
    ...(registry === undefined ? {} : { fetch: (url: string, init: RequestInit) => registry.fetch(url, init) }),
  });
}

/** What the variable `CACHE` says for the Cache API, which is no binding. */
export const CACHE_API = "cache-api";

/** The name of the cache that entries are put into. */
const CACHE_NAME = "edge-notary";

/**
 * Opens the store of a worker.
 *
 * @param binding A KV namespace, or {@link CACHE_API}.
 * @throws {ConfigurationError} `ERR_CONFIG`
 */
export function openWorkerStore(binding: KvNamespace | string, options: StoreOptions): OutsideStore {
  if (typeof binding === "object") return openWorkersKv(binding, options);
  if (binding !== CACHE_API) {
    throw new ConfigurationError(
      "ERR_CONFIG",
      `Cannot open the cache: the variable "CACHE" is "${printable(binding, 80)}", ` +
        `expected a binding to a KV namespace, or "${CACHE_API}"`,
    );
  }
  const open = () => caches.open(CACHE_NAME) as Promise<NamedCache>;
  return openWorkersCache(open, options);
}
