/**
 * `serve --cache`: what is opened, what is refused before anything listens, and what one process leaves to the next.
 */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MAX_STORED_BYTES } from "../../../src/cache/mod.ts";
import type { Handler, OutsideStore, StoreOptions } from "../../../src/ports.ts";
import { openDenoStore, openNodeStore } from "../../../src/runtime/cache/open_store.ts";
import { fixtureFetch, podReview, SIGNED } from "../admission/webhook.ts";
import { type MemoryHostOptions, runInMemory } from "./memory_host.ts";

const key = Buffer.alloc(32, 7).toString("base64");
const policy = readFileSync("examples/check-image-notary.yaml", "utf8");
const STORE = "redis://127.0.0.1:6379/0";

function createMapStore() {
  const entries = new Map<string, Uint8Array>();
  const state = { opened: [] as (readonly [string, StoreOptions])[], closed: 0 };
  const store: OutsideStore = {
    name: "redis://store",
    get: (name) => Promise.resolve(entries.get(name)),
    set: (name, bytes) => Promise.resolve(void entries.set(name, bytes)),
    close: () => Promise.resolve(void state.closed++),
  };
  const openStore: MemoryHostOptions["openStore"] = (...asked) => (state.opened.push(asked), Promise.resolve(store));
  return { entries, state, openStore };
}

async function serve(argv: readonly string[], options: MemoryHostOptions = {}) {
  const files = {
    "policy.yaml": policy,
    "cache.key": key,
    "empty.key": "\n",
    "short.key": "c2hvcnQ=",
    ...options.files,
  };
  return await runInMemory(["serve", "--policy", "policy.yaml", ...argv], { ...options, files });
}

describe("serve --cache", () => {
  it.each<[string, readonly string[], string]>([
    ["a store without a key", ["--cache", STORE], "--cache needs --cache-key-file FILE"],
    ["a key without a store", ["--cache-key-file", "cache.key"], "--cache-key-file seals what a store keeps"],
    ["a tenant without a store", ["--cache", "memory:1MiB", "--cache-tenant", "a"], "--cache-tenant is for a store"],
    ["two stores", ["--cache", STORE, "--cache", "kv:here"], "--cache names two of a kind"],
    ["two sizes", ["--cache", "memory:1MiB", "--cache", "memory:2MiB"], "--cache names two of a kind"],
    ["a size that is none", ["--cache", "memory:lots"], 'is "lots", expected a size from 1MiB to 16GiB'],
    ["too small a size", ["--cache", "memory:1KiB"], 'is "1KiB", expected a size'],
    ["too large a size", ["--cache", "memory:17GiB"], 'is "17GiB", expected a size'],
    [
      "a key file that is empty",
      ["--cache", STORE, "--cache-key-file", "empty.key"],
      "it is empty, expected one a line",
    ],
    ["a short key", ["--cache", STORE, "--cache-key-file", "short.key"], "key 1 has 5 bytes, expected 32 to 128 bytes"],
    [
      "a tenant without a name",
      ["--cache", STORE, "--cache-key-file", "cache.key", "--cache-tenant", ""],
      "0 characters",
    ],
    ["a store that is not there", ["--cache", STORE, "--cache-key-file", "cache.key"], "no store here"],
  ])("refuses %s before anything listens", async (_, argv, reason) => {
    let listens = 0;
    const { status, stderr } = await serve(argv, { serve: () => void listens++ });
    expect(stderr).toContain(reason);
    expect([status, listens]).toEqual([1, 0]);
  });

  it("never shows a key", async () => {
    const files = { "bad.key": `${key}\nnot-a-key-${key}` };
    const { stderr } = await serve(["--cache", STORE, "--cache-key-file", "bad.key"], { files });
    expect(stderr).toContain("key 2 is no base64");
    expect(stderr).not.toContain(key.slice(0, 10));
  });

  it("opens the store, says so, and closes it when it stops", async () => {
    const { state, openStore } = createMapStore();
    const variables = { EDGE_NOTARY_CACHE_PASSWORD: "secret" };
    const { status, stdout, stderr } = await serve(
      ["--cache", "memory:64MiB", "--cache", STORE, "--cache-key-file", "cache.key"],
      { openStore, variables, serve: () => {} },
    );
    expect(status).toBe(0);
    expect(stdout).toContain("  cache     memory, then redis://store\n");
    expect(stdout + stderr).not.toContain("secret");
    expect(state).toEqual({ opened: [[STORE, { maxBytes: MAX_STORED_BYTES, password: "secret" }]], closed: 1 });
  });

  it.each(["redis", "rediss"])(
    "warns about a password in %s://, which everybody on the machine sees",
    async (scheme) => {
      const { openStore } = createMapStore();
      const address = `${scheme}://ada:hunter2@127.0.0.1:6379`;
      const { stderr } = await serve(["--cache", address, "--cache-key-file", "cache.key"], {
        openStore,
        serve: () => {},
      });
      expect(stderr).toContain("EDGE_NOTARY_CACHE_PASSWORD");
      expect(stderr).not.toContain("hunter2");
    },
  );

  it("leaves the next process content and facts, and another tenant nothing", async () => {
    const { openStore, entries } = createMapStore();
    const fetch = await fixtureFetch();
    const registry: Handler = ({ url, method, signal }) =>
      fetch(url, { method: method as "GET", headers: {}, redirect: "manual", signal });
    const byDigest = async (more: readonly string[]) => {
      let answered: Promise<{ readonly response: { readonly allowed: boolean } }> | undefined;
      const { requests } = await serve(["--cache", STORE, "--cache-key-file", "cache.key", ...more], {
        openStore,
        registry,
        interruption: AbortSignal.timeout(1_000),
        sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
        serve: (handler) =>
          answered = Promise.resolve(handler(
            new Request("http://localhost/mutate?timeout=10s", {
              method: "POST",
              headers: { "content-type": "application/json" },
              body: JSON.stringify(podReview([SIGNED])),
            }),
          )).then((response) => response.json() as never),
      });
      expect((await answered)?.response.allowed).toBe(true);
      return requests.filter((line) => /^GET .*\/(?:blobs|manifests\/sha256:)/.test(line)).length;
    };
    const cold = await byDigest([]);
    expect(cold).toBeGreaterThan(0);
    expect(entries.size).toBeGreaterThanOrEqual(3);
    expect(await byDigest([])).toBe(0);
    expect(await byDigest(["--cache-tenant", "another"])).toBe(cold);
  });
});

describe("the stores of a runtime", () => {
  it.each<[string, string]>([
    ["kv:here", 'Node has no store "kv:", expected memory: or one of redis:, rediss:'],
    ["memcached://secret@host", 'Node has no store "memcached:"'],
    ["secret", "the address is none"],
    ["redis://", "the address is none"],
    ["redis://host/a/b", "the address is none"],
    ["redis://host/0?password=secret", "the address is none"],
  ])("of Node are not %s", async (address, reason) => {
    const refused = await openNodeStore(address, { maxBytes: 1 }).then(() => undefined, (error: Error) => error);
    expect(refused).toMatchObject({ code: "ERR_CONFIG", message: expect.stringContaining(reason) });
    expect(refused?.message).not.toContain("secret");
  });

  it("of Deno have a kv:, where it is started so", async () => {
    await expect(openDenoStore("other:", { maxBytes: 1 })).rejects.toThrow("redis:, rediss:, kv:");
  });
});
