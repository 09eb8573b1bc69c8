/**
 * The ports of a WebAssembly component, made of what its host lends (`wasm-host/edge-notary.wit`, interface `host`).
 *
 * What is lent blocks. There are no timers in here and nothing goes on beside a call: the host decides how long something
 * takes, and says when the time is over.
 */
import { createNobleProvider, createWebCryptoProvider, withFallback } from "../crypto/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { Cache, FetchInit, Ports } from "../ports.ts";

/** Latest instant a host's clock may show: the end of the year 9999, the last that RFC 3339 and X.509 can write. */
export const MAX_CLOCK_MILLISECONDS = Date.UTC(10_000, 0, 1) - 1;

/** A header of a lent request or answer. */
export interface LentHeader {
  readonly name: string;
  readonly value: string;
}

export interface LentRequest {
  readonly method: "get" | "head" | "post";
  readonly url: string;
  readonly headers: readonly LentHeader[];
  readonly body: Uint8Array | undefined;
}

export interface LentResponse {
  readonly status: number;
  readonly headers: readonly LentHeader[];
  readonly body: Uint8Array;
}

/** Why a lent `fetch` has no answer; it comes as what is thrown, or as its `payload`. */
export type LentFetchError = { readonly tag: "deadline" } | { readonly tag: "unreachable"; readonly val: string };

/** The interface `host` as JavaScript sees it. */
export interface LentHost {
  readonly fetch: (request: LentRequest) => LentResponse;
  readonly now: () => bigint;
  readonly wait: (milliseconds: number) => boolean;
  readonly cacheGet: (key: string) => Uint8Array | undefined;
  readonly cacheSet: (key: string, content: Uint8Array, lifetimeSeconds: number) => void;
  readonly trustStore: (storeType: LentStoreType, name: string) => readonly Uint8Array[] | undefined;
}

export type LentStoreType = "ca" | "signing-authority" | "tsa";

/** What runs inside of the component. */
export interface WasmRuntime {
  readonly ports: Ports;
  readonly cache: Cache;
  /**
   * Begins a call from the host. Calls follow one another: a component is not entered twice.
   *
   * @returns Aborts when the host says that the time is over.
   */
  readonly begin: () => AbortSignal;
  /** A `sleep` that only ends with its signal, for who waits for the end of a time while something else is asked. */
  readonly sleepForever: Ports["sleep"];
}

/**
 * A copy of bytes that came from outside of the component. The engine's bindings make them in a realm of their own, where
 * they are no `Uint8Array` to our code.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** Makes ports out of what a host lends. */
export function createWasmRuntime(lent: LentHost): WasmRuntime {
  let call = new AbortController();
  let latest = 0;

  const timeIsOver = (): Error => {
    const reason = new DOMException("the host's time for this call is over", "TimeoutError");
    call.abort(reason);
    return reason;
  };
  const now = () => {
    const shown = Number(lent.now());
    if (shown > MAX_CLOCK_MILLISECONDS) {
      throw new ConfigurationError(
        "ERR_CONFIG",
        `Cannot tell the time: the host's clock shows ${shown}, expected milliseconds since 1970 up to ` +
          `${MAX_CLOCK_MILLISECONDS}`,
      );
    }
    // Within a call time does not run backwards: what has expired at its beginning is not good at its end.
    latest = Math.max(latest, shown);
    return new Date(latest);
  };
  const fetch: Ports["fetch"] = (url, init) => {
    init.signal.throwIfAborted();
    try {
      return Promise.resolve(responseOf(lent.fetch(requestOf(url, init)), init.method));
    } catch (thrown) {
      const error = fetchErrorOf(thrown);
      return Promise.reject(error?.tag === "unreachable" ? new Error(error.val) : error ? timeIsOver() : thrown);
    }
  };
  return {
    ports: {
      fetch,
      now,
      sleep: (milliseconds, signal) => {
        if (signal.aborted) return Promise.reject(signal.reason);
        return lent.wait(milliseconds) ? Promise.resolve() : Promise.reject(timeIsOver());
      },
      crypto: withFallback(createWebCryptoProvider(), createNobleProvider()),
      // Credentials stay with the host: it adds them to the requests it makes.
      credentials: () => Promise.resolve(undefined),
      log: () => {},
    },
    cache: {
      get: (key) => {
        const kept = lent.cacheGet(key);
        return Promise.resolve(kept === undefined ? undefined : ownBytes(kept));
      },
      set: (key, bytes, lifetimeSeconds) => Promise.resolve(lent.cacheSet(key, bytes, Math.floor(lifetimeSeconds))),
    },
    begin: () => {
      call = new AbortController();
      latest = 0;
      return call.signal;
    },
    sleepForever: (_milliseconds, signal) =>
      new Promise((_resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  };
}

const METHODS: Readonly<Partial<Record<FetchInit["method"], LentRequest["method"]>>> = {
  GET: "get",
  HEAD: "head",
  POST: "post",
};

function requestOf(url: string, { method, headers, body }: FetchInit): LentRequest {
  const lentMethod = METHODS[method];
  if (lentMethod === undefined) throw new Error(`the host lends no ${method}`);
  return {
    method: lentMethod,
    url,
    headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  };
}

/** Statuses that have no body (Fetch standard, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

function responseOf({ status, headers, body }: LentResponse, method: FetchInit["method"]): Response {
  const content = method === "HEAD" || WITHOUT_BODY.has(status) ? null : ownBytes(body);
  return new Response(content, {
    status,
    headers: headers.map(({ name, value }): [string, string] => [name, value]),
  });
}

/** An import's error as the engine throws it; `undefined` for anything else, such as a status that HTTP does not have. */
function fetchErrorOf(thrown: unknown): LentFetchError | undefined {
  const error = typeof thrown === "object" && thrown !== null && "payload" in thrown ? thrown.payload : thrown;
  if (typeof error !== "object" || error === null || !("tag" in error)) return undefined;
  return error as LentFetchError;
}
