/**
 * Deno KV as a store. A value has 64 KiB at most there, so larger ones are cut into parts, written under a name of
 * their own before the entry that points to them: nobody finds parts of two values. What is put together is believed no
 * more than any other value of a store.
 */
import { concatBytes } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import type { OutsideStore, StoreOptions } from "../../ports.ts";

/** Bytes of a part: less than 64 KiB, with what the platform writes around it. */
export const DENO_KV_PART_BYTES = 60 * 1024;

/** Keys that can be read at once. */
const MAX_KEYS_AT_ONCE = 10;

/** In front of every key, so that a database may be shared. */
const PREFIX = "edge-notary 1";

type Key = readonly string[];
interface DenoKv {
  get(key: Key): Promise<{ readonly value: unknown }>;
  getMany(keys: readonly Key[]): Promise<readonly { readonly value: unknown }[]>;
  set(key: Key, value: unknown, options: { readonly expireIn: number }): Promise<unknown>;
  close(): void;
}

/** What an entry points to. */
interface Head {
  readonly parts: number;
  readonly name: string;
}

/**
 * Opens a store in a Deno KV database.
 *
 * @param path Of the database's file; `:memory:` for one that ends with the process.
 * @throws {ConfigurationError} `ERR_CONFIG` when Deno was started without `--unstable-kv`, or the file cannot be used.
 */
export async function openDenoKv(path: string, { maxBytes }: StoreOptions): Promise<OutsideStore> {
  const name = `kv:${path}`;
  const kv = await openDatabase(path, name);
  const maxParts = Math.ceil(maxBytes / DENO_KV_PART_BYTES);
  return {
    name,
    get: async (key) => {
      const { value } = await kv.get([PREFIX, key]);
      const head = value instanceof Uint8Array ? value : readHead(value, maxParts);
      if (head === undefined || head instanceof Uint8Array) return head;
      const keys = Array.from({ length: head.parts }, (_, part) => partKey(head.name, part));
      const parts: Uint8Array[] = [];
      for (let from = 0; from < keys.length; from += MAX_KEYS_AT_ONCE) {
        for (const { value } of await kv.getMany(keys.slice(from, from + MAX_KEYS_AT_ONCE))) {
          if (!(value instanceof Uint8Array)) return undefined;
          parts.push(value);
        }
      }
      return concatBytes(...parts);
    },
    set: async (key, bytes, lifetimeSeconds) => {
      const expireIn = Math.ceil(lifetimeSeconds * 1_000);
      if (bytes.length <= DENO_KV_PART_BYTES) return void await kv.set([PREFIX, key], bytes, { expireIn });
      const head: Head = { parts: Math.ceil(bytes.length / DENO_KV_PART_BYTES), name: crypto.randomUUID() };
      for (let part = 0; part < head.parts; part++) {
        const from = part * DENO_KV_PART_BYTES;
        await kv.set(partKey(head.name, part), bytes.slice(from, from + DENO_KV_PART_BYTES), { expireIn });
      }
      await kv.set([PREFIX, key], head, { expireIn });
    },
    close: () => {
      kv.close();
      return Promise.resolve();
    },
  };
}

const partKey = (name: string, part: number): Key => [PREFIX, "part", name, `${part}`];

/** What others wrote may be anything. */
function readHead(value: unknown, maxParts: number): Head | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { parts, name } = value as Partial<Record<keyof Head, unknown>>;
  if (typeof parts !== "number" || !Number.isInteger(parts) || parts < 1 || parts > maxParts) return undefined;
  return typeof name === "string" ? { parts, name } : undefined;
}

async function openDatabase(path: string, name: string): Promise<DenoKv> {
  const { openKv } = (globalThis as unknown as { readonly Deno: { openKv?: (path: string) => Promise<DenoKv> } }).Deno;
  const refuse = (fault: string, cause?: unknown) =>
    new ConfigurationError("ERR_CONFIG", `Cannot open the cache "${name}": ${fault}`, { cause });
  if (openKv === undefined) throw refuse("Deno KV is not there; start with `deno run --unstable-kv`");
  try {
    return await openKv(path);
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause);
  }
}
