/** A store that is slow, gone or too busy: how long it is waited for, when it is left alone, and what the log says. */
import { describe, expect, it } from "vitest";
import {
  guardStore,
  MAX_STORE_CALLS,
  STORE_LOG_INTERVAL_MILLISECONDS,
  STORE_REST_MILLISECONDS,
  STORE_TIMEOUT_MILLISECONDS,
} from "../../../src/cache/guarded.ts";
import type { LogLine, OutsideStore } from "../../../src/ports.ts";

const never = () => new Promise<never>(() => {});

/** A guarded store, a clock that stands still, and sleepers that wake when the test says so. */
function scene(answer: () => Promise<Uint8Array | undefined> = () => Promise.resolve(Uint8Array.of(1))) {
  const clock = { at: 1_000_000 };
  const lines: LogLine[] = [];
  const sleepers: { readonly milliseconds: number; readonly wake: () => void }[] = [];
  const work: Promise<void>[] = [];
  const state = { answer, calls: 0 };
  const store: OutsideStore = {
    name: "a store",
    get: () => (state.calls++, state.answer()),
    set: () => (state.calls++, state.answer().then(() => {})),
    close: () => Promise.resolve(),
  };
  const cache = guardStore(store, {
    now: () => new Date(clock.at),
    sleep: (milliseconds) => new Promise((resolve) => sleepers.push({ milliseconds, wake: () => resolve() })),
    log: (line) => lines.push(line),
  }, { maxBytes: 10, afterAnswer: (one) => work.push(one) });
  return { cache, clock, lines, sleepers, state, work };
}

describe("guardStore()", () => {
  it("gives what the store gives, unless it is too large", async () => {
    const { cache, state } = scene();
    expect(await cache.get("a")).toEqual(Uint8Array.of(1));
    state.answer = () => Promise.resolve(new Uint8Array(11));
    expect(await cache.get("a")).toBeUndefined();
    state.calls = 0;
    await cache.set("a", new Uint8Array(11), 60);
    expect(state.calls).toBe(0);
  });

  it("takes no answer in time for a miss, and leaves the store alone for a while", async () => {
    const { cache, clock, sleepers, state } = scene(never);
    const waiting = cache.get("a");
    expect(sleepers.map(({ milliseconds }) => milliseconds)).toEqual([STORE_TIMEOUT_MILLISECONDS]);
    sleepers[0]?.wake();
    expect(await waiting).toBeUndefined();
    state.answer = () => Promise.resolve(Uint8Array.of(2));
    clock.at += STORE_REST_MILLISECONDS - 1;
    expect(await cache.get("a")).toBeUndefined();
    expect(state.calls).toBe(1);
    clock.at += 1;
    expect(await cache.get("a")).toEqual(Uint8Array.of(2));
  });

  it("tries it by one call first, and by all again when that was answered", async () => {
    const { cache, clock, state } = scene(() => Promise.reject(new Error("gone")));
    await cache.get("a");
    clock.at += STORE_REST_MILLISECONDS;
    let answer = (_: Uint8Array) => {};
    state.calls = 0;
    state.answer = () => new Promise((resolve) => answer = resolve);
    const tries = [cache.get("a"), cache.get("b"), cache.get("c")];
    expect(state.calls).toBe(1);
    answer(Uint8Array.of(3));
    expect(await Promise.all(tries)).toEqual([Uint8Array.of(3), undefined, undefined]);
    state.answer = () => Promise.resolve(Uint8Array.of(4));
    expect(await Promise.all([cache.get("a"), cache.get("b")])).toEqual([Uint8Array.of(4), Uint8Array.of(4)]);
  });

  it("asks again when the clock was set back", async () => {
    const { cache, clock, state } = scene(() => Promise.reject(new Error("gone")));
    await cache.get("a");
    state.answer = () => Promise.resolve(Uint8Array.of(5));
    clock.at -= 60_000;
    expect(await cache.get("a")).toEqual(Uint8Array.of(5));
  });

  it("has so many calls under way and no more", async () => {
    const { cache, state } = scene(never);
    for (let index = 0; index < MAX_STORE_CALLS; index++) void cache.get(`${index}`);
    expect(await cache.get("one more")).toBeUndefined();
    expect(state.calls).toBe(MAX_STORE_CALLS);
  });

  it("resolves before anything is kept, and hands the work on", async () => {
    const { cache, work } = scene(never);
    await cache.set("a", Uint8Array.of(1), 60);
    expect(work).toHaveLength(1);
  });

  it("logs once a minute, how often it failed and was left alone, and nothing unescaped", async () => {
    const { cache, clock, lines } = scene(() => Promise.reject(new Error("no such host\u001b[31m")));
    for (let round = 0; round < 6; round++) {
      await cache.get("a");
      await cache.get("b");
      clock.at += STORE_REST_MILLISECONDS;
    }
    await cache.get("a");
    expect(STORE_LOG_INTERVAL_MILLISECONDS).toBe(6 * STORE_REST_MILLISECONDS);
    const line = { level: "warn", event: "cache.store", store: "a store", reason: "no such host\\x1b[31m" };
    expect(lines).toEqual([{ ...line, failures: 1, skipped: 0 }, { ...line, failures: 6, skipped: 6 }]);
  });
});
