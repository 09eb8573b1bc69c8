/**
 * Redis as a store, for Node and Deno, by the client of the Redis project; it is loaded when a store is opened, and an
 * installation without it goes without Redis.
 *
 * Spec: Redis commands GETRANGE and SET with EX.
 */
import { Buffer } from "node:buffer";
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import type { OutsideStore, StoreOptions } from "../../ports.ts";

/** In front of every name, so that a database may be shared. */
export const REDIS_PREFIX = "edge-notary:1:";

/** How long a connection may take, and how long one may be silent before it is taken for dead. */
const CONNECT_TIMEOUT_MILLISECONDS = 2_000;
const SILENCE_MILLISECONDS = 10_000;
/** Keeps a connection that is not used from being taken for dead. */
const PING_MILLISECONDS = 5_000;
/** Between two tries to connect again, at most. */
const MAX_RECONNECT_MILLISECONDS = 5_000;
/** Commands that wait for their answer at most. */
const MAX_COMMANDS = 256;

/**
 * Opens a store in Redis. The first connection is waited for, so that a wrong address shows at the start; later ones
 * are made in the background, and until there is one every call fails at once.
 *
 * @param address `redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]`, `rediss://` over TLS.
 * @throws {ConfigurationError} `ERR_CONFIG` when the address is none, nobody answers there, or the client is not
 * installed.
 */
export async function openRedis(address: string, { maxBytes, password }: StoreOptions): Promise<OutsideStore> {
  const url = readAddress(address);
  const name = `${url.protocol}//${url.host}${url.pathname}`;
  const { createClient, RESP_TYPES } = await load(name);
  let isOpen = false;
  const client = createClient({
    url: url.href,
    ...(password === undefined ? {} : { password }),
    // What cannot be sent now is not worth sending later.
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_COMMANDS,
    pingInterval: PING_MILLISECONDS,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MILLISECONDS,
      socketTimeout: SILENCE_MILLISECONDS,
      reconnectStrategy: (tries, cause) => isOpen ? Math.min(100 * 2 ** tries, MAX_RECONNECT_MILLISECONDS) : cause,
    },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  // Each call says what is wrong with it; an event without a listener would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (cause) {
    client.destroy();
    throw refuse(name, `${reasonOf(cause)}; expected a Redis server that lets us in`, cause);
  }
  isOpen = true;
  return {
    name,
    get: async (key) => {
      // Whatever is there, no more than can be used is transferred; a name that is not there is an empty text.
      const value: unknown = await client.getRange(REDIS_PREFIX + key, 0, maxBytes);
      return value instanceof Uint8Array && value.length > 0 ? new Uint8Array(value) : undefined;
    },
    set: async (key, bytes, lifetimeSeconds) => {
      const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      await client.set(REDIS_PREFIX + key, value, { expiration: { type: "EX", value: Math.ceil(lifetimeSeconds) } });
    },
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  };
}

async function load(name: string): Promise<typeof import("@redis/client")> {
  try {
    return await import("@redis/client");
  } catch (cause) {
    throw refuse(name, "its client is not installed; run `npm install @redis/client`", cause);
  }
}

function readAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (
    url !== undefined && url.host !== "" && /^rediss?:$/.test(url.protocol) &&
    /^(?:\/[0-9]{0,4})?$/.test(url.pathname) &&
    url.search === "" && url.hash === ""
  ) return url;
  // An address that is none may hold a password all the same: it is not shown.
  throw refuse("redis", "the address is none, expected redis://HOST:PORT/DATABASE or rediss://HOST:PORT/DATABASE");
}

function refuse(name: string, fault: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError("ERR_CONFIG", `Cannot open the cache "${printable(name, 200)}": ${fault}`, { cause });
}

function reasonOf(cause: unknown): string {
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  return printable(first instanceof Error && first.message !== "" ? first.message : "the connection failed", 200);
}
