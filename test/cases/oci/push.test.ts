/** What is pushed, where it is listed, and what keeps every entry of a list that others write too. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type NewReferrer, parseReference } from "../../../src/oci/mod.ts";
import { MAX_INDEX_MANIFESTS } from "../../../src/oci/manifest.ts";
import {
  MAX_SETTLE_MILLISECONDS,
  MAX_TAG_WRITES,
  SETTLE_FACTOR,
  SETTLE_MILLISECONDS,
} from "../../../src/oci/referrers_tag.ts";
import { bytesOf, digest, DOCKER_LIST, failure, image, OCI_INDEX, OCI_MANIFEST, SIGNATURE } from "./fake_registry.ts";
import { writableRegistry, type WritableRegistryOptions } from "./writable_registry.ts";

const reference = parseReference("registry.example/a/b:v1");
const subject = image("subject").descriptor;
const tag = subject.digest.replace(":", "-");
/** A deadline nobody meets, of its own for each call: Node warns of many who listen to one. */
const unbounded = () => ({ signal: new AbortController().signal });
const referrer = (name: string): NewReferrer => ({
  artifactType: SIGNATURE,
  layers: [{ mediaType: "application/jose+json", bytes: bytesOf(name) }],
  subject,
  annotations: { name },
});
const other = (name: string) => ({
  mediaType: OCI_MANIFEST,
  digest: digest(bytesOf(name)),
  size: 7,
  artifactType: SIGNATURE,
});
const list = (...manifests: readonly unknown[]) => ({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
type Registry = ReturnType<typeof writableRegistry>;
const attach = (registry: Registry, name = "own", options: { readonly referrersTag?: boolean } = {}) =>
  registry.run(registry.client()(reference).attach(referrer(name), { ...unbounded(), ...options }));
const listed = (registry: Registry): readonly string[] =>
  (registry.index(tag)?.manifests ?? []).map((entry: { digest: string }) => entry.digest);

describe("attach()", () => {
  it("pushes what the Notary Project describes, letter by letter", async () => {
    const registry = writableRegistry({ referrersApi: true });
    const { descriptor, listedBy } = await attach(registry);
    const stored = registry.manifests.get(descriptor.digest);
    expect(new TextDecoder().decode(stored?.bytes)).toBe(
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",` +
        `"artifactType":"application/vnd.cncf.notary.signature",` +
        `"config":{"mediaType":"application/vnd.oci.empty.v1+json",` +
        `"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},` +
        `"layers":[{"mediaType":"application/jose+json","digest":"${digest(bytesOf("own"))}","size":3}],` +
        `"subject":{"mediaType":"${subject.mediaType}","digest":"${subject.digest}","size":${subject.size}},` +
        `"annotations":{"name":"own"}}`,
    );
    expect(stored?.mediaType).toBe(OCI_MANIFEST);
    expect(descriptor).toEqual({
      mediaType: OCI_MANIFEST,
      digest: digest(stored?.bytes ?? new Uint8Array()),
      size: stored?.bytes.length,
      artifactType: SIGNATURE,
      annotations: { name: "own" },
    });
    expect(listedBy).toBe("referrers-api");
    expect(registry.tags.size).toBe(0);
    expect([...registry.blobs.values()].map((bytes) => new TextDecoder().decode(bytes)).sort()).toEqual(["own", "{}"]);
  });

  it("uploads no blob that is there", async () => {
    const registry = writableRegistry({ referrersApi: true });
    await attach(registry);
    const before = registry.requests.length;
    await attach(registry);
    expect(registry.requests.slice(before).map(({ method }) => method).sort()).toEqual(["GET", "HEAD", "HEAD", "PUT"]);
  });

  it.each<[string, WritableRegistryOptions, { readonly referrersTag?: boolean }]>([
    ["there is no referrers API", {}, {}],
    ["the registry claims to have one", { referrersApi: "claimed" }, {}],
    ["the API does not list it", {
      referrersApi: true,
      intercept: ({ path }) =>
        path.includes("/referrers/") ? Response.json(list(), { headers: { "content-type": OCI_INDEX } }) : undefined,
    }, {}],
    ["the API fails", {
      referrersApi: true,
      intercept: ({ path }) => path.includes("/referrers/") ? new Response(null, { status: 403 }) : undefined,
    }, {}],
    ["it is told to", { referrersApi: true }, { referrersTag: true }],
  ])("lists it under the tag where %s", async (_, options, told) => {
    const registry = writableRegistry(options);
    const { descriptor, listedBy } = await attach(registry, "own", told);
    expect(listedBy).toBe("referrers-tag");
    expect(registry.index(tag)).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [{ ...descriptor, annotations: { name: "own" }, artifactType: SIGNATURE }],
    });
  });

  it("asks once for a token that may do both", async () => {
    const realm = "https://registry.example/token";
    const registry = writableRegistry({
      referrersApi: true,
      intercept: ({ path, headers, method }) => {
        if (path.startsWith("/token")) return Response.json({ token: path.includes("pull%2Cpush") ? "both" : "less" });
        if (headers["authorization"] === "Bearer both") return undefined;
        const scope = `repository:a/b:${method === "GET" || method === "HEAD" ? "pull" : "pull,push"}`;
        const challenge = `Bearer realm="${realm}",service="registry.example",scope="${scope}"`;
        return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
      },
    });
    registry.put("v1", JSON.parse(new TextDecoder().decode(image("subject").bytes)), OCI_MANIFEST);
    const repository = registry.client()(reference);
    await registry.run(repository.resolve("v1", unbounded()));
    await registry.run(repository.attach(referrer("own"), unbounded()));
    expect(registry.asked().filter((line) => line.includes("/token"))).toEqual([
      "GET /token?service=registry.example&scope=repository%3Aa%2Fb%3Apull%2Cpush",
    ]);
  });
});

describe("an upload", () => {
  const uploading = (location: string | null): WritableRegistryOptions => ({
    intercept: ({ method }) =>
      method === "POST"
        ? new Response(null, { status: 202, headers: location === null ? {} : { location } })
        : undefined,
  });
  it.each<[string, string | null, string]>([
    ["another host", "https://elsewhere.example/v2/a/b/blobs/uploads/1", "ERR_REGISTRY_REFUSED"],
    ["plain HTTP", "http://registry.example/v2/a/b/blobs/uploads/1", "ERR_REGISTRY_REFUSED"],
    ["another port", "https://registry.example:8443/v2/a/b/blobs/uploads/1", "ERR_REGISTRY_REFUSED"],
    ["a file", "file:///etc/passwd", "ERR_REGISTRY_REFUSED"],
    ["a user of its own", "https://me:secret@registry.example/uploads/1", "ERR_REGISTRY_REFUSED"],
    ["nowhere", null, "ERR_REGISTRY_RESPONSE"],
    ["something that is no URL", "http://[", "ERR_REGISTRY_RESPONSE"],
  ])("goes nowhere when it is sent to %s", async (_, location, code) => {
    const registry = writableRegistry(uploading(location));
    expect(await failure(attach(registry))).toMatchObject({ code });
    expect(registry.requests.filter(({ method }) => method === "PUT")).toEqual([]);
  });

  it("keeps the query of the place it is sent to", async () => {
    const registry = writableRegistry();
    await attach(registry);
    const puts = registry.requests.filter(({ path }) => path.includes("/uploads/") && path.includes("digest="));
    expect(puts).toHaveLength(2);
    for (const { path } of puts) expect(path).toMatch(/\?_state=x(?:%2B|\+)y&digest=sha256%3A[0-9a-f]{64}$/);
  });

  it.each([301, 302, 303, 307, 308])("is not sent to another host by %i", async (status) => {
    const registry = writableRegistry({
      intercept: ({ method, path }) =>
        method === "PUT" && path.includes("/uploads/")
          ? new Response(null, { status, headers: { location: "https://elsewhere.example/x" } })
          : undefined,
    });
    expect(await failure(attach(registry))).toMatchObject({ code: "ERR_REGISTRY_REFUSED" });
    expect(registry.requests.filter(({ path }) => path.startsWith("https://elsewhere"))).toEqual([]);
  });

  it("follows 307 on its own host with its body, and refuses to become a question", async () => {
    const moved = (status: number): WritableRegistryOptions => ({
      intercept: ({ method, path }) =>
        method === "PUT" && path.includes("/manifests/") && !path.includes("moved")
          ? new Response(null, { status, headers: { location: `${path}?moved` } })
          : undefined,
    });
    const followed = writableRegistry(moved(307));
    const { descriptor } = await attach(followed);
    expect(followed.manifests.has(descriptor.digest)).toBe(true);
    expect(await failure(attach(writableRegistry(moved(303))))).toMatchObject({ code: "ERR_REGISTRY_REFUSED" });
  });

  it("begins anew when it breaks off, three times at most", async () => {
    const breaking = (times: number): WritableRegistryOptions => {
      let left = times;
      return {
        referrersApi: true,
        intercept: ({ method, path }) =>
          method === "PUT" && path.includes("/uploads/") && left-- > 0
            ? new Response(null, { status: 503 })
            : undefined,
      };
    };
    const mended = writableRegistry(breaking(2));
    await attach(mended);
    expect(mended.blobs.size).toBe(2);
    expect(await failure(attach(writableRegistry(breaking(9))))).toMatchObject({ code: "ERR_REGISTRY_UNAVAILABLE" });
  });

  it.each([[401, "ERR_REGISTRY_UNAUTHORIZED"], [403, "ERR_REGISTRY_UNAUTHORIZED"], [413, "ERR_REGISTRY_RESPONSE"]])(
    "ends with %i",
    async (status, code) => {
      const registry = writableRegistry({
        intercept: ({ method }) => method === "POST" ? new Response(null, { status }) : undefined,
      });
      expect(await failure(attach(registry))).toMatchObject({ code });
    },
  );
});

/** What distribution 2.8 answers while somebody else pushes a blob that the manifest has. */
describe("a manifest whose blobs are not seen", () => {
  const blind = (times: number): WritableRegistryOptions => {
    let left = times;
    const errors = [{ code: "DIGEST_INVALID" }, { code: "MANIFEST_BLOB_UNKNOWN" }];
    return {
      referrersApi: true,
      intercept: ({ method, path }) =>
        method === "PUT" && path.includes("/manifests/") && left-- > 0
          ? Response.json({ errors }, { status: 400 })
          : undefined,
    };
  };
  const pushes = (registry: Registry) =>
    registry.requests.filter(({ method, path }) => method === "PUT" && path.includes("/manifests/")).length;

  it("is pushed again after a moment", async () => {
    const registry = writableRegistry(blind(2));
    await attach(registry);
    expect([pushes(registry), registry.slept]).toEqual([3, [250, 500]]);
  });

  it("is given up after four times", async () => {
    const registry = writableRegistry(blind(9));
    expect(await failure(attach(registry))).toMatchObject({ code: "ERR_REGISTRY_RESPONSE" });
    expect(pushes(registry)).toBe(4);
  });

  it("is not pushed again for another reason", async () => {
    const registry = writableRegistry({
      intercept: ({ method, path }) =>
        method === "PUT" && path.includes("/manifests/")
          ? Response.json({ errors: [{ code: "MANIFEST_INVALID" }] }, { status: 400 })
          : undefined,
    });
    expect(await failure(attach(registry))).toMatchObject({ code: "ERR_REGISTRY_RESPONSE" });
    expect(pushes(registry)).toBe(1);
  });
});

describe("a list under the referrers tag", () => {
  it("keeps everything that stands in it, known or not", async () => {
    const registry = writableRegistry();
    const before = {
      ...list({ ...other("a"), "x-unknown": { deep: [1] } }, other("b")),
      annotations: { kept: "yes" },
      "x-own": 1,
    };
    registry.put(tag, before, OCI_INDEX);
    const { descriptor } = await attach(registry);
    const after = registry.index(tag);
    expect(after).toEqual({
      ...before,
      manifests: [...before.manifests, expect.objectContaining({ digest: descriptor.digest })],
    });
  });

  it("is written once, and read again after it has settled", async () => {
    const registry = writableRegistry({ chance: () => 0 });
    await attach(registry);
    const about = registry.asked().filter((line) => line.includes(tag));
    expect(about).toEqual([
      `GET /v2/a/b/manifests/${tag}`,
      `PUT /v2/a/b/manifests/${tag}`,
      `GET /v2/a/b/manifests/${tag}`,
    ]);
    expect(registry.slept).toEqual([SETTLE_MILLISECONDS]);
  });

  it.each([
    ["a fast registry", 50, SETTLE_MILLISECONDS],
    ["a slow one", 400, SETTLE_FACTOR * 4 * 400],
    ["one that hardly answers", 4_000, MAX_SETTLE_MILLISECONDS],
  ])("settles for as long as %s needs", async (_, latency, expected) => {
    const registry = writableRegistry({ chance: () => 0, latency: () => latency });
    await attach(registry);
    expect(registry.slept).toEqual([expected]);
  });

  it("is left alone when the entry stands in it", async () => {
    const registry = writableRegistry();
    await attach(registry);
    const before = registry.requests.length;
    await attach(registry);
    expect(registry.requests.slice(before).filter(({ path }) => path.includes(tag)).map(({ method }) => method))
      .toEqual(["GET"]);
  });

  it("gets back what another's writing took away: the own entry, and others' that were seen", async () => {
    const registry = writableRegistry({
      intercept: ({ method, path }) => {
        const writes = registry.requests.filter((request) => request.method === "PUT" && request.path.includes(tag));
        // Somebody who read the list before either was in it writes it after the first writing.
        if (method === "GET" && path.includes(tag) && writes.length === 1) {
          registry.put(tag, list(other("late")), OCI_INDEX);
        }
        return undefined;
      },
    });
    registry.put(tag, list(other("seen")), OCI_INDEX);
    const { descriptor } = await attach(registry);
    expect([...listed(registry)].sort()).toEqual(
      [descriptor.digest, other("late").digest, other("seen").digest].sort(),
    );
  });

  it.each<[string, (registry: Registry) => void]>([
    ["the artifact itself", (registry) => {
      const { bytes } = image("subject");
      registry.put(tag, JSON.parse(new TextDecoder().decode(bytes)), OCI_MANIFEST);
    }],
    ["another image", (registry) => {
      registry.put(tag, JSON.parse(new TextDecoder().decode(image("other").bytes)), OCI_MANIFEST);
    }],
    ["a list of Docker's", (registry) => {
      registry.put(tag, { schemaVersion: 2, mediaType: DOCKER_LIST, manifests: [] }, DOCKER_LIST);
    }],
    ["something malformed", (registry) => void registry.put(tag, { schemaVersion: 2 }, OCI_INDEX)],
  ])("is never written where the tag holds %s", async (_, put) => {
    const registry = writableRegistry();
    put(registry);
    const held = registry.tags.get(tag);
    expect(await failure(attach(registry))).toMatchObject({ code: "ERR_REFERRERS_TAG" });
    expect(registry.tags.get(tag)).toBe(held);
  });

  it("is not written beyond its bound", async () => {
    const registry = writableRegistry();
    registry.put(tag, list(...Array.from({ length: MAX_INDEX_MANIFESTS }, (_, n) => other(String(n)))), OCI_INDEX);
    expect(await failure(attach(registry))).toMatchObject({ code: "ERR_TOO_LARGE" });
    expect(listed(registry)).toHaveLength(MAX_INDEX_MANIFESTS);
  });

  it("is given up when somebody replaces it each time", async () => {
    const registry = writableRegistry({
      intercept: ({ method, path }) => {
        if (method === "GET" && path.includes(tag)) registry.put(tag, list(), OCI_INDEX);
        return undefined;
      },
    });
    expect(await failure(attach(registry))).toMatchObject({ code: "ERR_REFERRERS_CONFLICT" });
    const writes = registry.requests.filter(({ method, path }) => method === "PUT" && path.includes(tag));
    expect(writes).toHaveLength(MAX_TAG_WRITES);
  });

  it("is read before it is written again after a writing that failed, which may have come through", async () => {
    let failures = 0;
    const registry = writableRegistry({
      intercept: ({ method, path, body }) => {
        if (method !== "PUT" || !path.includes(tag) || failures++ > 0) return undefined;
        registry.put(tag, JSON.parse(new TextDecoder().decode(body)), OCI_INDEX);
        return new Response(null, { status: 502 });
      },
    });
    await attach(registry);
    expect(registry.requests.filter(({ method, path }) => method === "PUT" && path.includes(tag))).toHaveLength(1);
    expect(listed(registry)).toHaveLength(1);
  });

  it("ends with the reason of a writing that is refused", async () => {
    const registry = writableRegistry({
      intercept: ({ method, path }) =>
        method === "PUT" && path.includes(tag) ? new Response(null, { status: 403 }) : undefined,
    });
    expect(await failure(attach(registry))).toMatchObject({ code: "ERR_REGISTRY_UNAUTHORIZED" });
  });

  it("ends with its deadline", async () => {
    const controller = new AbortController();
    const registry = writableRegistry({
      intercept: ({ method, path }) => {
        if (method === "PUT" && path.includes(tag)) queueMicrotask(() => controller.abort(new Error("late")));
        return undefined;
      },
    });
    const work = registry.client()(reference).attach(referrer("own"), { signal: controller.signal });
    expect(await failure(registry.run(work))).toMatchObject({ code: "ERR_DEADLINE" });
  });

  it.each<[string, number, (next: () => number, slowest: number) => number]>([
    ["however fast or slow its answers are", 450, (next, slowest) => next() * slowest],
    ["in a registry that is slow, and at times four times as slow", 6_000, (next, slowest) => {
      return next() < 0.2 ? slowest : slowest / 4;
    }],
  ])("keeps every entry of six who write at once, %s", async (_, max, latencyOf) => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max }), async (seed, slowest) => {
        const next = numbers(seed);
        const latency = () => latencyOf(next, slowest);
        const registry = writableRegistry({ chance: next, latency });
        const names = ["a", "b", "c", "d", "e", "f"];
        const pushed = await registry.run(
          Promise.all(names.map((name) => registry.client()(reference).attach(referrer(name), unbounded()))),
        );
        expect([...listed(registry)].sort()).toEqual(pushed.map(({ descriptor }) => descriptor.digest).sort());
      }),
      { numRuns: 40 },
    );
  });
});

/** Numbers from 0 up to 1 that depend on a seed alone. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
