/** The stores behind caches, each the real one: poisoned, gone, and used by the webhook of its runtime. */
import { Buffer } from "node:buffer";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_STORED_BYTES } from "../../../src/cache/mod.ts";
import type { OutsideStore } from "../../../src/ports.ts";
import { openNodeStore } from "../../../src/runtime/cache/open_store.ts";
import { type KvNamespace, openWorkersKv } from "../../../src/runtime/cache/workers_kv.ts";
import { STORE_CASES } from "../poisoned_store.ts";
import { type RedisServer, startRedis } from "../redis_server.ts";
import { describeIf } from "../requirements.ts";

const run = promisify(execFile);
const limits = { maxBytes: MAX_STORED_BYTES };

/** What every store does, whatever it is. */
function behaves(open: () => OutsideStore): void {
  it("gives what was kept, the largest there is as well, and nothing of what was not", async () => {
    const store = open();
    for (const length of [1, 60 * 1024, 60 * 1024 + 1, MAX_STORED_BYTES]) {
      const bytes = new Uint8Array(length).map((_, index) => index * 31);
      await store.set(`of ${length}`.replace(" ", "-"), bytes, 60);
      expect(Buffer.compare(await store.get(`of-${length}`) ?? new Uint8Array(), bytes)).toBe(0);
      await store.set(`of-${length}`, bytes.subarray(0, 1), 60);
      expect(await store.get(`of-${length}`)).toEqual(bytes.slice(0, 1));
    }
    expect(await store.get("never")).toBeUndefined();
  });

  it("reads no more of what has grown than can be used", async () => {
    const store = open();
    await store.set("grown", new Uint8Array(3 * MAX_STORED_BYTES), 60);
    expect((await store.get("grown"))?.length ?? 0).toBeLessThanOrEqual(MAX_STORED_BYTES + 1);
  });
}

describeIf("redis", "Redis", () => {
  let server: RedisServer;
  let store: OutsideStore;
  beforeAll(async () => {
    server = await startRedis();
    store = await openNodeStore(server.address, limits);
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  behaves(() => store);
  it.each(STORE_CASES)("poisoned: $name", async ({ run }) => await run(store));

  it("forgets what is over", async () => {
    await store.set("short", Uint8Array.of(1), 0.5);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await store.get("short")).toBeUndefined();
  });

  it("is asked again after it was gone, and what it was asked for in between fails at once", async () => {
    const first = await startRedis();
    const opened = await openNodeStore(first.address, limits);
    try {
      await first.stop();
      const from = performance.now();
      await expect(opened.get("a")).rejects.toThrow();
      // A command that waits for the server to come back waits for ever: it does so only afterwards.
      expect(performance.now() - from).toBeLessThan(4_000);
      const again = await startRedis({ port: Number(new URL(first.address).port) });
      try {
        await expect.poll(() => opened.get("a").then(() => "answered", () => "failed"), { timeout: 10_000 })
          .toBe("answered");
      } finally {
        await again.stop();
      }
    } finally {
      await opened.close();
    }
  });

  it("asks for a password where one is wanted, and shows none", async () => {
    const guarded = await startRedis({ options: ["--requirepass", "correct-horse"] });
    try {
      const opened = await openNodeStore(guarded.address, { ...limits, password: "correct-horse" });
      await opened.set("a", Uint8Array.of(1), 60);
      expect(await opened.get("a")).toEqual(Uint8Array.of(1));
      await opened.close();
      const named = guarded.address.replace("//", "//:wrong-horse@");
      const refused = await openNodeStore(named, limits).then(() => "", (error: Error) => `${error.message}`);
      expect(refused).toMatch(/^Cannot open the cache "redis:\/\/127\.0\.0\.1:\d+\/0": WRONGPASS/);
      expect(refused).not.toContain("horse");
    } finally {
      await guarded.stop();
    }
  });

  it("refuses an address where nobody answers", async () => {
    const gone = await startRedis();
    await gone.stop();
    await expect(openNodeStore(gone.address, limits)).rejects.toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });
});

/** Over HTTP, what the adapter makes of the platform's cache: caches are to be had inside of a worker only. */
const CACHE_WORKER = `
import { openWorkersCache } from "./src/runtime/cache/workers_cache.ts";
const store = openWorkersCache(() => caches.open("edge-notary"), { maxBytes: ${MAX_STORED_BYTES} });
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method === "PUT") {
      await store.set(pathname, new Uint8Array(await request.arrayBuffer()), Number(searchParams.get("seconds")));
      return new Response();
    }
    const bytes = await store.get(pathname);
    return bytes === undefined ? new Response(null, { status: 404 }) : new Response(bytes);
  },
};`;

async function startWorker(): Promise<Miniflare> {
  const { outputFiles } = await build({
    stdin: { contents: CACHE_WORKER, resolveDir: ".", loader: "js" },
    bundle: true,
    format: "esm",
    write: false,
  });
  return new Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-04-01",
    host: "127.0.0.1",
    kvNamespaces: ["CACHE"],
  });
}

function openByWorker(worker: Miniflare): OutsideStore {
  return {
    name: "Workers Cache API",
    get: async (key) => {
      const answer = await worker.dispatchFetch(`http://worker.example/${key}`);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return answer.status === 404 ? undefined : bytes;
    },
    set: async (key, body, seconds) => {
      const answer = await worker.dispatchFetch(`http://worker.example/${key}?seconds=${seconds}`, {
        method: "PUT",
        body,
      });
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    },
    close: () => Promise.resolve(),
  };
}

describe("Workers", () => {
  let worker: Miniflare;
  let kv: OutsideStore;
  let cache: OutsideStore;
  beforeAll(async () => {
    worker = await startWorker();
    kv = openWorkersKv(await worker.getKVNamespace("CACHE") as unknown as KvNamespace, limits);
    cache = openByWorker(worker);
  });
  afterAll(async () => await worker.dispose());

  describe("KV", () => {
    behaves(() => kv);
    it.each(STORE_CASES)("poisoned: $name", async ({ run }) => await run(kv));
  });
  describe("Cache API", () => {
    behaves(() => cache);
    it.each(STORE_CASES)("poisoned: $name", async ({ run }) => await run(cache));
  });
});

describe("Deno", () => {
  const deno = join("node_modules", ".bin", "deno");
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "edge-notary-kv-"));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  const cases = async (address: string) => {
    const { stdout } = await run(deno, ["run", "-A", "--unstable-kv", "test/run/deno_stores.ts", address], {
      timeout: 60_000,
    });
    return stdout.trim().split("\n").map((line) => JSON.parse(line) as unknown);
  };
  const wanted = STORE_CASES.map(({ name }) => ({ name, fault: "" }));

  it("poisoned: every case over Deno KV", async () => {
    expect(await cases(`kv:${join(folder, "kv.sqlite")}`)).toEqual(wanted);
  });

  describeIf("redis", "and Redis", () => {
    it("poisoned: every case", async () => {
      const server = await startRedis();
      try {
        expect(await cases(server.address)).toEqual(wanted);
      } finally {
        await server.stop();
      }
    });
  });
});
