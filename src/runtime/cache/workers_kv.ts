/** Workers KV as a store: values everywhere on the platform, up to a minute after they were written. */
import { readBody } from "../../http/mod.ts";
import type { OutsideStore, StoreOptions } from "../../ports.ts";

/** The platform keeps nothing for less. */
export const MIN_KV_LIFETIME_SECONDS = 60;

/** The part of a KV namespace used here. */
export interface KvNamespace {
  get(key: string, options: { readonly type: "stream" }): Promise<ReadableStream<Uint8Array> | null>;
  put(key: string, value: Uint8Array, options: { readonly expirationTtl: number }): Promise<void>;
}

/** Opens a store in a KV namespace. What ends sooner than the platform can say ends by what is written in it. */
export function openWorkersKv(namespace: KvNamespace, { maxBytes }: StoreOptions): OutsideStore {
  return {
    name: "Workers KV",
    get: async (key) => {
      // A stream, of which no more is read than can be used.
      const stream = await namespace.get(key, { type: "stream" });
      if (stream === null) return undefined;
      return await readAtMost(new Response(stream), maxBytes);
    },
    set: (key, bytes, lifetimeSeconds) =>
      namespace.put(key, bytes, { expirationTtl: Math.max(MIN_KV_LIFETIME_SECONDS, Math.ceil(lifetimeSeconds)) }),
    close: () => Promise.resolve(),
  };
}

/** A body; `undefined` where it has more bytes. */
export async function readAtMost(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const { bytes, exceeded } = await readBody(response, maxBytes, new AbortController().signal);
  return exceeded ? undefined : bytes;
}
