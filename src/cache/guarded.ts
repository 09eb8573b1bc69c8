/**
 * A store that never makes anybody wait long or fail: what is slow, fails or is too large is a miss. After a failure
 * the store is left alone for a while, then tried by one call, so that one that hangs costs the next decisions nothing.
 */
import { printable } from "../encoding/mod.ts";
import { networkReason } from "../http/mod.ts";
import type { Cache, OutsideStore, Ports } from "../ports.ts";

/** How long a store may take to answer; a registry takes about as long. */
export const STORE_TIMEOUT_MILLISECONDS = 200;

/** How long a store may take to keep something, which nobody waits for. */
export const STORE_WRITE_TIMEOUT_MILLISECONDS = 5_000;

/** How long a store is left alone after it failed. */
export const STORE_REST_MILLISECONDS = 10_000;

/** Calls of a store under way at most; what comes on top is a miss. */
export const MAX_STORE_CALLS = 64;

/** At most one log line about a store in this time. */
export const STORE_LOG_INTERVAL_MILLISECONDS = 60_000;

/** How a store is used. */
export interface GuardOptions {
  /** Values that have more bytes are as good as not there. */
  readonly maxBytes: number;
  /** Takes what goes on after an answer was given, where the platform would end it otherwise. */
  readonly afterAnswer?: (work: Promise<void>) => void;
}

/** Makes a cache that never rejects; `set` resolves before anything is kept. */
export function guardStore(
  store: OutsideStore,
  ports: Pick<Ports, "now" | "sleep" | "log">,
  { maxBytes, afterAnswer = () => {} }: GuardOptions,
): Cache {
  const troubles = watchTroubles(store.name, ports);
  let underWay = 0;

  /** Calls the store, unless it is to be left alone; `undefined` for whatever goes wrong. */
  const call = async <Value>(work: () => Promise<Value>, milliseconds: number): Promise<Value | undefined> => {
    if (underWay >= MAX_STORE_CALLS || !troubles.mayCall(underWay)) return troubles.skipped();
    underWay++;
    try {
      const value = await within(work, milliseconds, ports);
      troubles.over();
      return value;
    } catch (thrown) {
      return troubles.failed(thrown);
    } finally {
      underWay--;
    }
  };

  return {
    get: async (key) => {
      const value = await call(() => store.get(key), STORE_TIMEOUT_MILLISECONDS);
      return value === undefined || value.length > maxBytes ? undefined : value;
    },
    set: (key, bytes, lifetimeSeconds) => {
      if (bytes.length > maxBytes) return Promise.resolve();
      afterAnswer(call(() => store.set(key, bytes, lifetimeSeconds), STORE_WRITE_TIMEOUT_MILLISECONDS));
      return Promise.resolve();
    },
  };
}

/** The work's value. Rejects when the time is over; what the work comes to then is nobody's matter. */
async function within<Value>(
  work: () => Promise<Value>,
  milliseconds: number,
  { sleep }: Pick<Ports, "sleep">,
): Promise<Value> {
  const done = new AbortController();
  const late = sleep(milliseconds, done.signal).then(() => {
    throw new Error(`no answer within ${milliseconds} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([work(), late]);
  } finally {
    done.abort();
  }
}

/** Counts what goes wrong, says so now and then, and tells when the store may be called. */
function watchTroubles(name: string, { now, log }: Pick<Ports, "now" | "log">) {
  let restUntil = 0;
  let logFrom = 0;
  let failures = 0;
  let skipped = 0;
  const isOver = (instant: number, longest: number) => {
    const left = instant - now().getTime();
    // A clock that was set back must not make it last longer.
    return left <= 0 || left > longest;
  };
  return {
    mayCall: (underWay: number): boolean =>
      restUntil === 0 || (underWay === 0 && isOver(restUntil, STORE_REST_MILLISECONDS)),
    over: () => void (restUntil = 0),
    skipped: () => void skipped++,
    failed: (thrown: unknown): undefined => {
      failures++;
      restUntil = now().getTime() + STORE_REST_MILLISECONDS;
      if (!isOver(logFrom, STORE_LOG_INTERVAL_MILLISECONDS)) return undefined;
      logFrom = now().getTime() + STORE_LOG_INTERVAL_MILLISECONDS;
      log({
        level: "warn",
        event: "cache.store",
        store: name,
        failures,
        skipped,
        reason: printable(networkReason(thrown), 200),
      });
      failures = 0;
      skipped = 0;
      return undefined;
    },
  };
}
