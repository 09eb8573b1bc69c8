/**
 * A store in memory, poisoned: what every store must withstand; `test/run/runtimes/stores.test.ts` has the real ones.
 */
import { describe, it } from "vitest";
import type { OutsideStore } from "../../../src/ports.ts";
import { STORE_CASES } from "../../run/poisoned_store.ts";

/** Keeps whatever it is given for ever, and gives out the very same bytes. */
function createMapStore(): OutsideStore {
  const entries = new Map<string, Uint8Array>();
  return {
    name: "a map",
    get: (key) => Promise.resolve(entries.get(key)),
    set: (key, bytes) => Promise.resolve(void entries.set(key, bytes)),
    close: () => Promise.resolve(),
  };
}

describe("a webhook over a store in memory", () => {
  it.each(STORE_CASES)("$name", async ({ run }) => await run(createMapStore()));
});
