import { describe, expect, it } from "vitest";
import { createMemoryCache } from "../../../src/cache/mod.ts";

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill);

function cacheAt(maxBytes?: number) {
  let now = 1_000_000;
  const cache = createMemoryCache({ now: () => new Date(now) }, maxBytes === undefined ? {} : { maxBytes });
  return { cache, wait: (milliseconds: number) => void (now += milliseconds) };
}

describe("createMemoryCache()", () => {
  it("gives what was kept, under its key alone", async () => {
    const { cache } = cacheAt();
    await cache.set("a", bytes(3, 7), 60);
    expect(await cache.get("a")).toEqual(bytes(3, 7));
    expect(await cache.get("b")).toBeUndefined();
    await cache.set("a", bytes(1, 8), 60);
    expect(await cache.get("a")).toEqual(bytes(1, 8));
  });

  it("gives nothing from the end of a lifetime on, and keeps nothing without one", async () => {
    const { cache, wait } = cacheAt();
    await cache.set("a", bytes(1), 1.5);
    await cache.set("never", bytes(1), 0);
    await cache.set("over", bytes(1), -1);
    wait(1_499);
    expect(await cache.get("a")).toEqual(bytes(1));
    wait(1);
    expect(await cache.get("a")).toBeUndefined();
    wait(-1);
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.get("never")).toBeUndefined();
    expect(await cache.get("over")).toBeUndefined();
  });

  it("drops what was used longest ago once it is full", async () => {
    // Three entries fit, each with what it is counted as beside its bytes.
    const { cache } = cacheAt(3 * 1_400);
    for (const key of ["a", "b", "c"]) await cache.set(key, bytes(1_000), 60);
    await cache.get("a");
    await cache.set("d", bytes(1_000), 60);
    expect(await cache.get("b")).toBeUndefined();
    expect(await Promise.all(["a", "c", "d"].map(cache.get))).toEqual(Array(3).fill(bytes(1_000)));
  });

  it("keeps nothing that has more bytes than all of it, and loses nothing for it", async () => {
    const { cache } = cacheAt(2_000);
    await cache.set("a", bytes(1_000), 60);
    await cache.set("large", bytes(2_000), 60);
    expect(await cache.get("large")).toBeUndefined();
    expect(await cache.get("a")).toEqual(bytes(1_000));
    await cache.set("a", bytes(2_000), 60);
    expect(await cache.get("a")).toBeUndefined();
  });

  it("is bounded in small entries, too", async () => {
    const { cache } = cacheAt(100_000);
    const keys = Array.from({ length: 1_000 }, (_, index) => `key ${index}`);
    for (const key of keys) await cache.set(key, bytes(0), 60);
    const kept = await Promise.all(keys.map(cache.get));
    expect(kept.filter((one) => one !== undefined).length).toBeLessThan(100_000 / 256);
    expect(kept.at(-1)).toEqual(bytes(0));
  });
});
