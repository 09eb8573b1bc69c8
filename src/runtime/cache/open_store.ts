/** Stores by their address, on the runtimes of commands. */
import { ConfigurationError } from "../../errors.ts";
import type { Host, OutsideStore, StoreOptions } from "../../ports.ts";

type OpenStore = (address: string, options: StoreOptions) => Promise<OutsideStore>;

const redis: OpenStore = async (address, options) => (await import("./redis.ts")).openRedis(address, options);

/** The stores of Node. */
export const openNodeStore: Host["openStore"] = (address, options) =>
  openBy({ redis, rediss: redis }, "Node", address, options);

/** The stores of Deno. */
export const openDenoStore: Host["openStore"] = (address, options) => {
  const kv: OpenStore = async () => (await import("./deno_kv.ts")).openDenoKv(address.slice("kv:".length), options);
  return openBy({ redis, rediss: redis, kv }, "Deno", address, options);
};

async function openBy(
  stores: Readonly<Record<string, OpenStore>>,
  runtime: string,
  address: string,
  options: StoreOptions,
): Promise<OutsideStore> {
  const scheme = /^([a-z]{1,20}):/.exec(address)?.[1] ?? "";
  const open = Object.hasOwn(stores, scheme) ? stores[scheme] : undefined;
  if (open !== undefined) return await open(address, options);
  // The rest of the address may be a secret.
  const what = scheme === "" ? "the address is none" : `${runtime} has no store "${scheme}:"`;
  const known = Object.keys(stores).map((name) => `${name}:`).join(", ");
  throw new ConfigurationError("ERR_CONFIG", `Cannot open the cache: ${what}, expected memory: or one of ${known}`);
}
