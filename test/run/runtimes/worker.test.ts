/** The worker bundle under workerd (miniflare): the seed's two Pods, tokens, and mistakes in its variables. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundles } from "../../../scripts/build/bundles.ts";
import { buildBundle } from "../../../scripts/build/sizes.ts";
import type { Listener, Ports } from "../../../src/ports.ts";
import { serveNode } from "../../../src/runtime/node.ts";
import { fixtureFetch, podReview, SIGNED, UNSIGNED } from "../../cases/admission/webhook.ts";

const TOKEN = "correct-horse-battery-staple";
const POLICIES = readFileSync("examples/check-image-notary.yaml", "utf8");

let script = "";
let fixtures: Ports["fetch"];
let registry: Listener;
const workers: Miniflare[] = [];

beforeAll(async () => {
  const worker = bundles(join(tmpdir(), "edge-notary", "worker")).find(({ name }) => name === "worker");
  if (worker === undefined) throw new Error("there is no worker bundle");
  script = Buffer.from((await buildBundle(worker)).result.outputFiles[0]?.contents ?? []).toString("utf8");
  fixtures = await fixtureFetch();
  registry = await serveNode(
    (request) =>
      fixtures(request.url, {
        method: request.method as "GET",
        headers: {},
        redirect: "manual",
        signal: request.signal,
      }),
    { host: "127.0.0.1", port: 0 },
  );
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.dispose()));
  await registry.close();
});

function start(bindings: Record<string, string>, more: Record<string, unknown> = {}): Miniflare {
  const worker = new Miniflare({
    modules: true,
    script,
    compatibilityDate: "2026-04-01",
    bindings,
    host: "127.0.0.1",
    ...more,
  });
  workers.push(worker);
  return worker;
}

async function post(
  worker: Miniflare,
  body: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
) {
  const answer = await worker.dispatchFetch("http://webhook.example/mutate?timeout=10s", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return {
    status: answer.status,
    body: await answer.json() as Record<string, never> & { response: Record<string, never> },
  };
}

describe("the worker", () => {
  it.each([
    ["a mirror on the network", () => start({ POLICIES, TOKEN, MIRRORS: `ghcr.io=${registry.url}` })],
    ["a service binding", () =>
      start({ POLICIES, TOKEN }, {
        serviceBindings: {
          REGISTRY: async (request: Request) => {
            const signal = new AbortController().signal;
            const answer = await fixtures(request.url, {
              method: request.method as "GET",
              headers: {},
              redirect: "manual",
              signal,
            });
            return answer as unknown as Response;
          },
        },
      })],
  ])("admits the signed Pod and blocks the unsigned one, over %s", async (_, make) => {
    const worker = make();
    const signed = await post(worker, podReview([SIGNED]));
    expect(signed.status).toBe(200);
    expect(signed.body.response["allowed"]).toBe(true);
    const patches = JSON.parse(Buffer.from(signed.body.response["patch"] ?? "", "base64").toString("utf8"));
    expect(patches.at(-1).value).toMatch(/^ghcr\.io\/kyverno\/test-verify-image:signed@sha256:[0-9a-f]{64}$/);
    const unsigned = await post(worker, podReview([UNSIGNED]));
    expect(unsigned.body.response["allowed"]).toBe(false);
    expect(JSON.stringify(unsigned.body)).toContain("no signature is associated with");
  });

  it("answers nobody without the token", async () => {
    const worker = start({ POLICIES, TOKEN, MIRRORS: `ghcr.io=${registry.url}` });
    expect(await post(worker, podReview([SIGNED]), {})).toMatchObject({
      status: 401,
      body: { code: "ERR_UNAUTHENTICATED" },
    });
    expect((await worker.dispatchFetch("http://webhook.example/healthz")).status).toBe(200);
  });

  it.each<[string, Record<string, string>, Record<string, unknown>]>([
    ["a KV namespace", {}, { kvNamespaces: ["CACHE"] }],
    ["the Cache API", { CACHE: "cache-api" }, {}],
  ])("leaves content and facts to the next isolate in %s", async (_, bindings, more) => {
    const counted: string[] = [];
    const folder = await mkdtemp(join(tmpdir(), "edge-notary-worker-"));
    const make = () =>
      start({ POLICIES, TOKEN, CACHE_KEY: Buffer.alloc(32, 7).toString("base64"), ...bindings }, {
        ...more,
        kvPersist: folder,
        cachePersist: folder,
        serviceBindings: {
          REGISTRY: async ({ url, method }: Request) => {
            counted.push(`${method} ${url}`);
            const { signal } = new AbortController();
            return await fixtures(url, { method: method as "GET", headers: {}, redirect: "manual", signal });
          },
        },
      });
    const byDigest = async (worker: Miniflare) => {
      counted.length = 0;
      expect((await post(worker, podReview([SIGNED]))).body.response["allowed"]).toBe(true);
      return counted.filter((line) => /^GET .*\/(?:blobs|manifests\/sha256:)/.test(line)).length;
    };
    try {
      const first = make();
      expect(await byDigest(first)).toBeGreaterThan(0);
      // What is kept after the answer takes a moment.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      workers.splice(workers.indexOf(first), 1);
      await first.dispose();
      expect(await byDigest(make())).toBe(0);
    } finally {
      await Promise.all(workers.splice(0).map((worker) => worker.dispose()));
      await rm(folder, { recursive: true, force: true });
    }
  });

  it.each([
    ["a store without keys", { POLICIES, TOKEN, CACHE: "cache-api" }, "CACHE_KEY"],
    ["keys without a store", { POLICIES, TOKEN, CACHE_KEY: "x" }, '"CACHE"'],
    ["a store that is none", { POLICIES, TOKEN, CACHE: "redis://127.0.0.1", CACHE_KEY: "x" }, "cache-api"],
    ["no token", { POLICIES }, "TOKEN"],
    ["a short token", { POLICIES, TOKEN: "short" }, "TOKEN"],
    ["no policies", { TOKEN }, "POLICIES"],
    ["a mirror that is none", { POLICIES, TOKEN, MIRRORS: "ghcr.io" }, "ghcr.io"],
    ["a mirror named twice", { POLICIES, TOKEN, MIRRORS: "a=http://b, a=http://c" }, "twice"],
  ])("with %s answers 503 with the reason and admits nothing", async (_, bindings, reason) => {
    const { status, body } = await post(start(bindings as unknown as Record<string, string>), podReview([SIGNED]));
    expect(status).toBe(503);
    expect(body).toMatchObject({
      code: "ERR_CONFIG",
      class: "misconfigured",
      message: expect.stringContaining(reason),
    });
    expect(body.response).toBeUndefined();
  });

  it("with a policy that cannot be loaded refuses, and says where it is wrong", async () => {
    const worker = start({ POLICIES: POLICIES.replace("type: Notary", "type: Notray"), TOKEN });
    const { status, body } = await post(worker, podReview([SIGNED]));
    expect(status).toBe(200);
    expect(body.response["allowed"]).toBe(false);
    expect(JSON.stringify(body)).toMatch(/POLICIES:\d+:\d+/);
  });
});
