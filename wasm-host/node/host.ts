/** What a program on Node lends the component, with a deadline for each call. */
import type { LentHost, LentRequest, LentResponse, LentStoreType } from "../../src/runtime/wasm.ts";
import { fetchError } from "./blocking_fetch.ts";

export interface HostOptions {
  /** @throws As `BlockingFetch.fetch`. */
  readonly fetch: (request: LentRequest, milliseconds: number) => LentResponse;
  /** Milliseconds since 1970; this machine's clock when left out. */
  readonly now?: () => number;
  readonly cache?: Pick<LentHost, "cacheGet" | "cacheSet">;
  readonly trustStore?: (type: LentStoreType, name: string) => readonly Uint8Array[] | undefined;
}

export interface NodeHost {
  readonly lent: LentHost;
  /** Runs one call of the component: what it asks for after so many milliseconds is answered with `deadline`. */
  readonly within: <Result>(milliseconds: number, call: () => Result) => Result;
}

/** Makes a host; its cache is a map unless it is given another. */
export function createNodeHost({ fetch, now = Date.now, cache = mapCache(), trustStore }: HostOptions): NodeHost {
  let end = 0;
  const left = () => end - performance.now();
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  return {
    lent: {
      fetch: (request) => {
        if (left() <= 0) throw fetchError({ tag: "deadline" });
        return fetch(request, left());
      },
      now: () => BigInt(now()),
      wait: (milliseconds) => {
        Atomics.wait(sleeper, 0, 0, Math.max(0, Math.min(milliseconds, left())));
        return left() > 0;
      },
      ...cache,
      trustStore: (type, name) => trustStore?.(type, name),
    },
    within: (milliseconds, call) => {
      end = performance.now() + milliseconds;
      return call();
    },
  };
}

function mapCache(): Pick<LentHost, "cacheGet" | "cacheSet"> {
  const kept = new Map<string, Uint8Array>();
  return { cacheGet: (key) => kept.get(key), cacheSet: (key, content) => void kept.set(key, content) };
}
