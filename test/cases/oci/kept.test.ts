import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { UnavailableError } from "../../../src/errors.ts";
import {
  type KeepOptions,
  LIST_LIFETIME_MILLISECONDS,
  MAX_KEPT_REFERRERS,
  POINTER_LIFETIME_MILLISECONDS,
} from "../../../src/oci/kept.ts";
import {
  createRegistryClient,
  type Descriptor,
  keepContent,
  type Manifest,
  type OpenRepository,
  parseReference,
  type ReferrerList,
} from "../../../src/oci/mod.ts";
import type { Cache, CredentialSource } from "../../../src/ports.ts";
import { sleep } from "../../../src/runtime/web.ts";
import { BASE, blob as layerOf, fakeRegistry } from "./fake_registry.ts";

const digestOf = (digit: string) => `sha256:${digit.repeat(64)}` as const;
const descriptorOf = (digit: string, size = 2): Descriptor => ({
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: digestOf(digit),
  size,
});
const reference = parseReference("registry.example/app:v1");
const options = { signal: new AbortController().signal };

/** A repository that counts what it is asked, and whose tag and list can be changed. */
function world(keep: KeepOptions = {}) {
  const calls: string[] = [];
  let time = 0;
  const principal = () => Promise.resolve("ada");
  const state = { tag: descriptorOf("a"), list: [descriptorOf("b")] as readonly Descriptor[], down: false, principal };
  const open: OpenRepository = ({ repository }) => ({
    name: `registry.example/${repository}`,
    principal: () => state.principal(),
    resolve(tagOrDigest) {
      calls.push(`resolve ${tagOrDigest}`);
      if (state.down) return Promise.reject(new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "down"));
      return Promise.resolve(state.tag);
    },
    fetchManifest({ digest, mediaType, size }) {
      calls.push(`manifest ${digest.slice(7, 8)}`);
      const manifest: Manifest = {
        mediaType,
        kind: "manifest",
        layers: [],
        manifests: [],
        bytes: new Uint8Array(size),
      };
      return Promise.resolve(manifest);
    },
    fetchBlob({ digest, size }) {
      calls.push(`blob ${digest.slice(7, 8)}`);
      return Promise.resolve(new Uint8Array(size));
    },
    listReferrers() {
      calls.push("list");
      const list: ReferrerList = {
        referrers: state.list.map((descriptor) => ({ descriptor, ways: ["referrers-api"] })),
        asked: [],
      };
      return Promise.resolve(list);
    },
  });
  const kept = keepContent(open, { now: () => new Date(time), crypto: createWebCryptoProvider() }, keep);
  return { calls, state, open: kept, pass: (milliseconds: number) => (time += milliseconds) };
}

describe("keepContent", () => {
  it("asks for content by digest once, over every repository object it opens", async () => {
    const { open, calls } = world();
    for (let i = 0; i < 3; i += 1) {
      await open(reference).fetchManifest(descriptorOf("c"), options);
      await open(reference).fetchBlob(descriptorOf("d"), { ...options, maxBytes: 10 });
    }
    expect(calls).toEqual(["manifest c", "blob d"]);
  });

  it("keeps one repository's content from another", async () => {
    const { open, calls } = world();
    await open(reference).fetchBlob(descriptorOf("d"), { ...options, maxBytes: 10 });
    await open(parseReference("registry.example/other:v1")).fetchBlob(descriptorOf("d"), { ...options, maxBytes: 10 });
    expect(calls).toEqual(["blob d", "blob d"]);
  });

  it("believes a tag for a moment only, and not when the clock is set back", async () => {
    const { open, calls, state, pass } = world();
    expect((await open(reference).resolve("v1", options)).digest).toBe(digestOf("a"));
    state.tag = descriptorOf("e");
    pass(POINTER_LIFETIME_MILLISECONDS - 1);
    expect((await open(reference).resolve("v1", options)).digest).toBe(digestOf("a"));
    pass(1);
    expect((await open(reference).resolve("v1", options)).digest).toBe(digestOf("e"));
    pass(-60_000);
    await open(reference).resolve("v1", options);
    expect(calls).toEqual(["resolve v1", "resolve v1", "resolve v1"]);
  });

  it("believes a digest and a list with something in it for a minute", async () => {
    const { open, calls, pass } = world();
    const digest = digestOf("a");
    const ask = async () => {
      await open(reference).resolve(digest, options);
      await open(reference).listReferrers({ digest }, options);
    };
    await ask();
    const once = calls.length;
    pass(LIST_LIFETIME_MILLISECONDS - 1);
    await ask();
    expect(calls).toHaveLength(once);
    pass(1);
    await ask();
    expect(calls).toHaveLength(2 * once);
  });

  it("bounds the lists it keeps by what is in them", async () => {
    const { open, calls, state } = world();
    const half = MAX_KEPT_REFERRERS / 2;
    state.list = Array.from({ length: half }, () => descriptorOf("b"));
    const list = (name: string) => open(reference).listReferrers({ digest: digestOf(name) }, options);
    for (const name of ["a", "b", "b"]) await list(name);
    expect(calls).toHaveLength(2);
    await list("a");
    expect(calls).toHaveLength(3);
  });

  it("lets go of what is over when something new comes", async () => {
    const { open, calls, pass } = world();
    await open(reference).resolve("v1", options);
    pass(POINTER_LIFETIME_MILLISECONDS);
    await open(reference).resolve("v2", options);
    // Only a pointer that is still there could be believed again on a clock that was set back.
    pass(-1);
    await open(reference).resolve("v1", options);
    expect(calls).toEqual(["resolve v1", "resolve v2", "resolve v1"]);
  });

  it("keeps no failure", async () => {
    const { open, state } = world();
    state.down = true;
    await expect(open(reference).resolve("v1", options)).rejects.toThrow("down");
    state.down = false;
    expect((await open(reference).resolve("v1", options)).digest).toBe(digestOf("a"));
  });

  it("keeps no empty list, and asks anew where the answer leads to a refusal", async () => {
    const { open, calls, state } = world();
    state.list = [];
    const subject = { digest: digestOf("a") };
    await open(reference).listReferrers(subject, options);
    state.list = [descriptorOf("b")];
    expect((await open(reference).listReferrers(subject, options)).referrers).toHaveLength(1);
    state.list = [descriptorOf("b"), descriptorOf("c")];
    expect((await open(reference).listReferrers(subject, options)).referrers).toHaveLength(1);
    expect((await open(reference).listReferrers(subject, { ...options, everywhere: true })).referrers).toHaveLength(2);
    expect(calls).toHaveLength(3);
  });

  it("lets the least recently used go when the room is used up", async () => {
    const { open, calls } = world();
    const large = (i: number): Descriptor => ({
      ...descriptorOf("f", 1024 * 1024),
      digest: `sha256:f${String(i).padStart(63, "0")}`,
    });
    const fetch = (i: number) => open(reference).fetchBlob(large(i), { ...options, maxBytes: 2 ** 21 });
    for (let i = 0; i < 40; i += 1) await fetch(i);
    calls.length = 0;
    await fetch(39);
    expect(calls).toEqual([]);
    await fetch(0);
    expect(calls).toEqual(["blob f"]);
  });

  it("keeps one principal's content, tags and lists from another's", async () => {
    const { open, calls, state } = world();
    for (const principal of ["ada", "bob", "ada"]) {
      state.principal = () => Promise.resolve(principal);
      await open(reference).resolve("v1", options);
      await open(reference).listReferrers({ digest: digestOf("a") }, options);
      await open(reference).fetchManifest(descriptorOf("c"), options);
      await open(reference).fetchBlob(descriptorOf("d"), { ...options, maxBytes: 10 });
    }
    const once = ["resolve v1", "list", "manifest c", "blob d"];
    expect(calls).toEqual([...once, ...once]);
  });

  it("keeps and gives nothing where it cannot be told who asks", async () => {
    const { open, calls, state } = world();
    state.principal = () => Promise.reject(new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "no helper"));
    for (let round = 0; round < 2; round++) {
      await open(reference).resolve("v1", options);
      await open(reference).fetchBlob(descriptorOf("d"), { ...options, maxBytes: 10 });
    }
    expect(calls).toEqual(["resolve v1", "blob d", "resolve v1", "blob d"]);
    await expect(open(reference).principal?.(options)).rejects.toThrow("no helper");
  });
});

describe("keepContent() before a cache outside", () => {
  const bytes = new Uint8Array(2);
  const blob: Descriptor = {
    mediaType: "application/jose+json",
    digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
    size: 2,
  };
  const fetch = (open: OpenRepository, maxBytes = 10, descriptor = blob) =>
    open(reference).fetchBlob(descriptor, { ...options, maxBytes });

  function store() {
    const entries = new Map<string, Uint8Array>();
    const asked: string[] = [];
    const cache: Cache = {
      get: (key) => (asked.push(key), Promise.resolve(entries.get(key))),
      set: (key, value) => Promise.resolve(void entries.set(key, value)),
    };
    return { entries, asked, cache };
  }

  it("is asked for content that another process fetched", async () => {
    const { cache, entries } = store();
    await fetch(world({ outside: cache }).open);
    expect(entries.size).toBe(1);
    const { open, calls } = world({ outside: cache });
    expect(await fetch(open)).toEqual(bytes);
    expect(calls).toEqual([]);
  });

  it.each<[string, Uint8Array]>([
    ["of another digest", Uint8Array.of(0, 1)],
    ["of another size", new Uint8Array(3)],
    ["that are none", new Uint8Array()],
  ])("is not believed about bytes %s", async (_, value) => {
    const { cache, entries } = store();
    await fetch(world({ outside: cache }).open);
    for (const key of entries.keys()) entries.set(key, value);
    const { open, calls } = world({ outside: cache });
    expect(await fetch(open)).toEqual(bytes);
    expect(calls).toEqual(["blob 9"]);
  });

  it("is never asked about tags and lists", async () => {
    const { cache, asked, entries } = store();
    const { open } = world({ outside: cache });
    await open(reference).resolve("v1", options);
    await open(reference).listReferrers({ digest: digestOf("a") }, options);
    expect([asked, entries.size]).toEqual([[], 0]);
  });

  it("is not asked for more than the caller takes, nor for what is not kept", async () => {
    const { cache, asked } = store();
    const { open, calls } = world({ outside: cache });
    await fetch(open, 1);
    await fetch(open, 2 ** 22, { ...blob, size: 2 ** 21 });
    expect([asked, calls]).toEqual([[], ["blob 9", "blob 9"]]);
  });

  it("that fails is as one that has nothing", async () => {
    const broken: Cache = {
      get: () => Promise.reject(new Error("down")),
      set: () => Promise.reject(new Error("down")),
    };
    expect(await fetch(world({ outside: broken }).open)).toEqual(bytes);
  });
});

describe("the principal of a registry's repository", () => {
  const principalOf = (secrets: Readonly<Record<string, string>>, mirrors: readonly string[] = []) => {
    const crypto = createWebCryptoProvider();
    const credentials: CredentialSource = ({ host }) => {
      const secret = secrets[host];
      return Promise.resolve(
        secret === undefined ? undefined : { type: "basic", username: "ada", secret, source: "the test" },
      );
    };
    const ports = { crypto, credentials, now: () => new Date(0), sleep };
    const fetch = () => Promise.reject(new Error("nobody is asked"));
    const open = createRegistryClient({ ...ports, fetch }, {
      mirrors: new Map(),
      mirrorsBefore: new Map([["registry.example", mirrors]]),
      plainHttp: new Set(),
      redirect: "manual",
    });
    return open(reference).principal?.(options);
  };

  it("is anonymous without credentials, and never shows them", async () => {
    expect(await principalOf({})).toBe("anonymous");
    expect(await principalOf({ "registry.example": "hunter2" })).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is waited for only so long, and once: a registry that does not want to know is asked all the same", async () => {
    const layer = layerOf("the layer");
    const path = `${BASE}/blobs/${layer.descriptor.digest}`;
    const registry = fakeRegistry({ [`GET ${path}`]: () => new Response(new Uint8Array(layer.bytes)) });
    let asked = 0;
    registry.credentials = () => (asked++, new Promise(() => {}));
    const ports = { now: () => new Date(0), crypto: createWebCryptoProvider() };
    const repository = keepContent(() => registry.open(), ports)(reference);
    for (let round = 0; round < 2; round++) {
      expect(await repository.fetchBlob(layer.descriptor, { ...options, maxBytes: 100 })).toEqual(layer.bytes);
    }
    expect([registry.requests.length, asked]).toEqual([2, 1]);
    await expect(repository.principal?.(options)).rejects.toMatchObject({ code: "ERR_CREDENTIALS_UNAVAILABLE" });
  });

  it("is another one for another secret, of the registry or of a mirror before it", async () => {
    const mirrors = ["https://mirror.example"];
    const known = await Promise.all([
      principalOf({ "registry.example": "a" }),
      principalOf({ "registry.example": "b" }),
      principalOf({ "registry.example": "a" }, mirrors),
      principalOf({ "registry.example": "a", "mirror.example": "b" }, mirrors),
      principalOf({ "registry.example": "b", "mirror.example": "a" }, mirrors),
    ]);
    expect(new Set(known).size).toBe(known.length);
  });
});
