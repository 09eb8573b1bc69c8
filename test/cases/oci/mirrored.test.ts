/** Mirrors before a registry: who is asked in which order, with whose credentials, and whose "nothing" counts. */
import { describe, expect, it } from "vitest";
import type { RegistrySettings } from "../../../src/oci/mod.ts";
import { MIRROR_REST_SECONDS } from "../../../src/oci/mirrored.ts";
import { sleep } from "../../../src/runtime/web.ts";
import {
  BASE,
  blob,
  digest,
  type Document,
  entry,
  failure,
  fakeRegistry,
  image,
  index,
  ok,
  password,
  refuse,
  REPOSITORY,
  type Route,
  signal,
  SIGNATURE,
  signature,
} from "./fake_registry.ts";

const app = image("app");
const older = image("older");
const layer = blob("the layer");
const first = signature("first", app.descriptor);
const second = signature("second", app.descriptor);

const FAST = "https://fast.example";
const PROXY = "https://harbor.example/v2/cache/registry";
const settings: Partial<RegistrySettings> = { mirrorsBefore: new Map([["Registry.Example", [FAST, PROXY]]]) };
const at = { fast: `${FAST}/v2/a/b`, proxy: `${PROXY}/a/b`, origin: BASE };
const serve = (document: Document): Route => () => ok(document);
const listed = (...documents: readonly Document[]): Route => () =>
  ok(index(documents.map((one) => entry(one, SIGNATURE))));
const blobPath = `/blobs/${layer.descriptor.digest}`;
const options = { signal, maxBytes: 1000 };
const expired: Route = () =>
  Promise.reject(
    new TypeError("fetch failed", { cause: Object.assign(new Error("over"), { code: "CERT_HAS_EXPIRED" }) }),
  );
const urls = (registry: ReturnType<typeof fakeRegistry>) => registry.requests.map(({ url }) => url);

describe("content", () => {
  it("is asked of the first mirror, then of the next, then of the registry", async () => {
    const places = [at.fast, at.proxy, at.origin].map((base) => `${base}${blobPath}`);
    for (const [have, place] of places.entries()) {
      const registry = fakeRegistry({ [`GET ${place}`]: serve(layer) });
      expect(await registry.open(settings).fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
      expect(urls(registry)).toEqual(places.slice(0, have + 1));
    }
  });

  it.each<[string, Route]>([
    ["has it not", () => refuse(404)],
    ["does not let us in", () => refuse(403)],
    ["is limited", () => refuse(429, null, { "retry-after": "86400" })],
    ["is broken", () => refuse(501)],
    ["cannot be reached", () => Promise.reject(new TypeError("fetch failed"))],
    ["has a certificate that is over", expired],
  ])("is had elsewhere where a mirror %s", async (_, answer) => {
    const registry = fakeRegistry({
      [`GET ${at.fast}${blobPath}`]: answer,
      [`GET ${at.proxy}${blobPath}`]: serve(layer),
    });
    expect(await registry.open(settings).fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
  });

  it.each<[string, Route, string]>([
    ["other content", () => new Response("tampered!"), "ERR_DIGEST_MISMATCH"],
    [
      "a way into a private network",
      () => refuse(307, null, { location: "https://10.0.0.1/" }),
      "ERR_REGISTRY_REFUSED",
    ],
  ])("is not had elsewhere where a mirror gives %s: that is told", async (_, answer, code) => {
    const registry = fakeRegistry({
      [`GET ${at.fast}${blobPath}`]: answer,
      [`GET ${at.origin}${blobPath}`]: serve(layer),
    });
    expect((await failure(registry.open(settings).fetchBlob(layer.descriptor, options))).code).toBe(code);
  });

  it("that nobody has is missing by the registry's word, and the message names the mirrors", async () => {
    const { code, message } = await failure(fakeRegistry().open(settings).fetchBlob(layer.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_NOT_FOUND");
    expect(message).toMatch(/ of "registry.example\/a\/b": registry.example answered 404/);
    expect(message).toContain(
      `(mirrors asked before: ${FAST}: ERR_REGISTRY_NOT_FOUND; ${PROXY}: ERR_REGISTRY_NOT_FOUND)`,
    );
  });

  it.each<[string, "only after a while" | "at once", Route]>([
    ["hung", "only after a while", () => new Promise(() => {})],
    ["had a certificate that is over", "only after a while", expired],
    ["was limited", "only after a while", () => refuse(429, null, { "retry-after": "86400" })],
    ["was broken", "only after a while", () => refuse(501)],
    ["had it not", "at once", () => refuse(404)],
  ])("is asked again of a mirror that %s: %s", async (_, when, answer) => {
    const again = when === "at once" ? 1 : 0;
    const registry = fakeRegistry({
      [`GET ${at.fast}${blobPath}`]: answer,
      [`GET ${at.proxy}${blobPath}`]: serve(layer),
    });
    const ask = () => registry.open(settings).fetchBlob(layer.descriptor, options);
    const asked = () => urls(registry).filter((url) => url.startsWith(FAST)).length;
    expect(await ask()).toEqual(layer.bytes);
    expect(asked()).toBe(1);
    expect(await ask()).toEqual(layer.bytes);
    expect(asked()).toBe(1 + again);
    registry.time += MIRROR_REST_SECONDS * 1000;
    expect(await ask()).toEqual(layer.bytes);
    expect(asked()).toBe(2 + again);
  });

  it("ends with the caller's time, which is not the mirror's", async () => {
    const registry = fakeRegistry({ [`GET ${at.origin}${blobPath}`]: serve(layer) });
    registry.patience = sleep;
    registry.routes.set(`GET ${at.fast}${blobPath}`, () => new Promise(() => {}));
    const late = { ...options, signal: AbortSignal.timeout(30) };
    expect((await failure(registry.open(settings).fetchBlob(layer.descriptor, late))).code).toBe("ERR_DEADLINE");
    expect(urls(registry)).toEqual([`${at.fast}${blobPath}`]);
  });
});

describe("a tag", () => {
  it("is what the first who knows it says, and content follows by digest from anywhere", async () => {
    const registry = fakeRegistry({
      [`GET ${at.fast}/manifests/v1`]: serve(older),
      [`GET ${at.origin}/manifests/v1`]: serve(app),
      [`GET ${at.origin}/manifests/${older.descriptor.digest}`]: serve(older),
    });
    const repository = registry.open(settings);
    const resolved = await repository.resolve("v1", { signal });
    expect(resolved.digest).toBe(older.descriptor.digest);
    expect((await repository.fetchManifest(resolved, { signal })).bytes).toEqual(older.bytes);
  });
});

describe("referrers", () => {
  const path = `/referrers/${app.descriptor.digest}`;
  const manifests = Object.fromEntries(
    [first, second].map((one) => [`GET ${at.origin}/manifests/${one.descriptor.digest}`, serve(one)]),
  );
  const names = (
    { referrers }: { readonly referrers: readonly { readonly descriptor: { readonly digest: string } }[] },
  ) => referrers.map(({ descriptor }) => descriptor.digest);

  it("of a mirror that lists none are those of the registry", async () => {
    const registry = fakeRegistry({
      ...manifests,
      [`GET ${at.fast}${path}`]: listed(),
      [`GET ${at.origin}${path}`]: listed(first),
    });
    const list = await registry.open(settings).listReferrers(app.descriptor, { signal });
    expect(names(list)).toEqual([first.descriptor.digest]);
    expect(list.elsewhere).toBeUndefined();
    expect(list.asked[0]?.place).toBe(`${FAST} /v2/a/b${path}`);
  });

  it("of a mirror are believed to be some, and everywhere asks the registry too", async () => {
    const registry = fakeRegistry({
      ...manifests,
      [`GET ${at.fast}${path}`]: listed(first),
      [`GET ${at.origin}${path}`]: listed(second, first),
    });
    const some = await registry.open(settings).listReferrers(app.descriptor, { signal });
    expect([names(some), some.elsewhere]).toEqual([[first.descriptor.digest], true]);
    const all = await registry.open(settings).listReferrers(app.descriptor, { signal, everywhere: true });
    expect([names(all), all.elsewhere]).toEqual([[first, second].map((one) => one.descriptor.digest), undefined]);
  });

  it.each([[false], [true]])(
    "that the registry does not tell are unknown, and not none (everywhere: %s)",
    async (everywhere) => {
      const registry = fakeRegistry({
        [`GET ${at.fast}${path}`]: listed(),
        [`GET ${at.origin}${path}`]: () => refuse(503),
      });
      const work = registry.open(settings).listReferrers(app.descriptor, { signal, everywhere });
      expect((await failure(work)).code).toBe("ERR_REGISTRY_UNAVAILABLE");
    },
  );
});

describe("credentials", () => {
  const challenge = (realm: string) => ({ "www-authenticate": `Basic realm="${realm}"` });
  const guarded = (name: string): Route => ({ headers }) =>
    headers["authorization"] === undefined ? refuse(401, null, challenge(name)) : refuse(404);

  it("are each host's own, and never another's", async () => {
    const registry = fakeRegistry({
      [`GET ${at.fast}${blobPath}`]: guarded("fast"),
      [`GET ${at.proxy}${blobPath}`]: guarded("proxy"),
      [`GET ${at.origin}${blobPath}`]: guarded("origin"),
    }, { "registry.example": password("origin", "1"), "fast.example": password("fast", "2") });
    await failure(registry.open(settings).fetchBlob(layer.descriptor, options));
    const sent = registry.requests.map(({ url, headers }) => [new URL(url).host, headers["authorization"]]);
    expect(sent.filter(([, value]) => value !== undefined)).toEqual([
      ["fast.example", `Basic ${btoa("fast:2")}`],
      ["registry.example", `Basic ${btoa("origin:1")}`],
    ]);
  });

  it("ask for tokens of the repository as it is called there", async () => {
    const realm = "https://harbor.example/service/token";
    const registry = fakeRegistry({
      [`GET ${at.proxy}${blobPath}`]: ({ headers }) =>
        headers["authorization"] === "Bearer t"
          ? ok(layer)
          : refuse(401, null, { "www-authenticate": `Bearer realm="${realm}"` }),
      [`GET ${realm}?scope=repository%3Acache%2Fregistry%2Fa%2Fb%3Apull`]: () => Response.json({ token: "t" }),
    });
    expect(await registry.open(settings).fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
  });
});

it("a registry that another is asked in place of has none before it", async () => {
  const registry = fakeRegistry({ [`GET https://replaced.example/v2/a/b${blobPath}`]: serve(layer) });
  const both = { ...settings, mirrors: new Map([["registry.example", "https://replaced.example"]]) };
  expect(await registry.open(both).fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
  expect(registry.requests).toHaveLength(1);
});

it("names of results do not show mirrors", () => {
  expect(fakeRegistry().open(settings).name).toBe(REPOSITORY);
  expect(digest(layer.bytes)).toBe(layer.descriptor.digest);
});
