/** Tags and digests → content: every row of what a registry may say about digests, sizes and types. */
import { describe, expect, it } from "vitest";
import {
  BASE,
  blob,
  bytesOf,
  digest,
  type Document,
  document,
  failure,
  fakeRegistry,
  image,
  index,
  manifestRoutes,
  OCI_INDEX,
  OCI_MANIFEST,
  ok,
  refuse,
  signal,
} from "./fake_registry.ts";

const one = image("one");
const other = image("other");
const tag = `GET ${BASE}/manifests/tag`;
const head = `HEAD ${BASE}/manifests/tag`;
const byDigest = `GET ${BASE}/manifests/${one.descriptor.digest}`;
const headByDigest = `HEAD ${BASE}/manifests/${one.descriptor.digest}`;
const layer = blob("the layer");
const blobUrl = `GET ${BASE}/blobs/${layer.descriptor.digest}`;
const options = { signal };

const headers = (document: Document, change: Record<string, string> = {}) => {
  const response = ok(document, change);
  return new Response(null, { headers: response.headers });
};

describe("Repository.resolve()", () => {
  it("takes the descriptor from HEAD, with one request and all four types accepted", async () => {
    const registry = fakeRegistry(manifestRoutes(one, "tag"));
    await expect(registry.open().resolve("tag", options)).resolves.toEqual(one.descriptor);
    expect(registry.asked()).toEqual(["HEAD /v2/a/b/manifests/tag"]);
    const accepted = registry.requests[0]?.headers["accept"]?.split(", ");
    expect(accepted).toEqual([
      "application/vnd.oci.image.index.v1+json",
      "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.docker.distribution.manifest.list.v2+json",
      "application/vnd.docker.distribution.manifest.v2+json",
    ]);
  });

  it("accepts parameters and capitals in Content-Type", async () => {
    const registry = fakeRegistry({
      [head]: () => headers(one, { "content-type": `${OCI_MANIFEST.toUpperCase()}; charset=utf-8` }),
    });
    await expect(registry.open().resolve("tag", options)).resolves.toEqual(one.descriptor);
  });

  it.each<[string, () => Response]>([
    ["leaves Docker-Content-Digest out", () => headers(one, { "docker-content-digest": "" })],
    ["leaves Content-Length out", () => headers(one, { "content-length": "" })],
    ["leaves Content-Type out", () => headers(one, { "content-type": "" })],
    ["has a Content-Encoding", () => headers(one, { "content-encoding": "gzip", "content-length": "7" })],
    ["is not allowed", () => refuse(405)],
    ["is not implemented", () => refuse(501)],
  ])("asks with GET and hashes the body when HEAD %s", async (_, answer) => {
    const registry = fakeRegistry({ ...manifestRoutes(one, "tag"), [head]: answer });
    await expect(registry.open().resolve("tag", options)).resolves.toEqual(one.descriptor);
    expect(registry.asked()).toEqual(["HEAD /v2/a/b/manifests/tag", "GET /v2/a/b/manifests/tag"]);
  });

  it("does not fetch again what GET had to fetch", async () => {
    const registry = fakeRegistry({ ...manifestRoutes(one, "tag"), [head]: () => refuse(405) });
    const repository = registry.open();
    await repository.fetchManifest(await repository.resolve("tag", options), options);
    expect(registry.asked()).toHaveLength(2);
  });

  it("keeps the digest asked for when HEAD leaves it out", async () => {
    const registry = fakeRegistry({ [headByDigest]: () => headers(one, { "docker-content-digest": "" }) });
    await expect(registry.open().resolve(one.descriptor.digest, options)).resolves.toEqual(one.descriptor);
    expect(registry.asked()).toHaveLength(1);
  });

  it("hashes with the algorithm the registry names", async () => {
    const sha512 = digest(one.bytes, "sha512");
    const registry = fakeRegistry({
      [head]: () => refuse(405),
      [tag]: () => ok(one, { "docker-content-digest": sha512 }),
    });
    await expect(registry.open().resolve("tag", options)).resolves.toEqual({ ...one.descriptor, digest: sha512 });
  });

  it("takes a header of another algorithm for no witness against the digest asked for", async () => {
    const sha512 = digest(other.bytes, "sha512");
    const registry = fakeRegistry({ [headByDigest]: () => headers(one, { "docker-content-digest": sha512 }) });
    await expect(registry.open().resolve(one.descriptor.digest, options)).resolves.toEqual(one.descriptor);
  });

  it.each<[string, string, Record<string, () => Response>, string]>([
    [
      "a malformed digest",
      "tag",
      { [head]: () => headers(one, { "docker-content-digest": "sha256:xyz" }) },
      "ERR_REGISTRY_RESPONSE",
    ],
    ["two digests", "tag", {
      [head]: () => headers(one, { "docker-content-digest": `${one.descriptor.digest}, ${one.descriptor.digest}` }),
    }, "ERR_REGISTRY_RESPONSE"],
    ["an upper-case digest", "tag", {
      [head]: () => headers(one, { "docker-content-digest": one.descriptor.digest.toUpperCase() }),
    }, "ERR_REGISTRY_RESPONSE"],
    [
      "another digest than asked for",
      one.descriptor.digest,
      { [headByDigest]: () => headers(other) },
      "ERR_DIGEST_MISMATCH",
    ],
    ["a GET body of another digest than its header", "tag", {
      [head]: () => refuse(405),
      [tag]: () => ok(one, { "docker-content-digest": other.descriptor.digest }),
    }, "ERR_DIGEST_MISMATCH"],
    ["a GET body of another digest than asked for", one.descriptor.digest, {
      [headByDigest]: () => refuse(405),
      [byDigest]: () => ok(other, { "docker-content-digest": one.descriptor.digest }),
    }, "ERR_DIGEST_MISMATCH"],
    ["a login page", "tag", {
      [head]: () => headers(one, { "content-type": "text/html", "docker-content-digest": "" }),
      [tag]: () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    }, "ERR_MANIFEST"],
    ["Docker schema 1", "tag", {
      [head]: () => headers(one, { "content-type": "application/vnd.docker.distribution.manifest.v1+prettyjws" }),
      [tag]: () => ok(one, { "content-type": "application/vnd.docker.distribution.manifest.v1+prettyjws" }),
    }, "ERR_MANIFEST"],
    ["nothing", "tag", {}, "ERR_REGISTRY_NOT_FOUND"],
    ["401 without a challenge", "tag", { [head]: () => refuse(401) }, "ERR_REGISTRY_UNAUTHORIZED"],
    ["403", "tag", { [head]: () => refuse(403) }, "ERR_REGISTRY_UNAUTHORIZED"],
    ["429", "tag", { [head]: () => refuse(429) }, "ERR_REGISTRY_LIMITED"],
    ["503", "tag", { [head]: () => refuse(503) }, "ERR_REGISTRY_UNAVAILABLE"],
    ["418", "tag", { [head]: () => refuse(418) }, "ERR_REGISTRY_RESPONSE"],
    ["204", "tag", { [head]: () => refuse(204) }, "ERR_REGISTRY_RESPONSE"],
  ])("refuses %s", async (_, name, routes, code) => {
    const registry = fakeRegistry(routes);
    expect(await failure(registry.open().resolve(name, options))).toMatchObject({ code });
  });

  it.each(["", "../x", "a/b", "tag?x", "sha256:ABC", "t".repeat(129)])("refuses %j without a request", async (name) => {
    const registry = fakeRegistry();
    expect(await failure(registry.open().resolve(name, options))).toMatchObject({ code: "ERR_REFERENCE" });
    expect(registry.requests).toEqual([]);
  });

  it("asks with GET at once where response headers cannot be read", async () => {
    const registry = fakeRegistry(manifestRoutes(one, "tag"));
    await expect(registry.open({ redirect: "follow" }).resolve("tag", options)).resolves.toEqual(one.descriptor);
    expect(registry.asked()).toEqual(["GET /v2/a/b/manifests/tag"]);
  });

  it("dials Docker Hub at its own host", async () => {
    const registry = fakeRegistry({
      "HEAD https://registry-1.docker.io/v2/library/nginx/manifests/tag": () => headers(one),
    });
    const repository = registry.open({}, "docker.io/nginx");
    await expect(repository.resolve("tag", options)).resolves.toEqual(one.descriptor);
    expect(repository.name).toBe("docker.io/library/nginx");
  });

  it("asks a mirror, and names the registry", async () => {
    const mirrors = new Map([["registry.example", "http://127.0.0.1:5000/cache"]]);
    const registry = fakeRegistry({ "HEAD http://127.0.0.1:5000/cache/v2/a/b/manifests/tag": () => headers(one) });
    const repository = registry.open({ mirrors });
    await expect(repository.resolve("tag", options)).resolves.toEqual(one.descriptor);
    expect(repository.name).toBe("registry.example/a/b");
    const { message } = await failure(repository.resolve("missing", options));
    expect(message).toContain('"registry.example/a/b"');
    expect(message).toContain("mirror http://127.0.0.1:5000/cache");
  });

  it("refuses a host that a URL parser reads otherwise, before any request", async () => {
    const registry = fakeRegistry();
    expect(await failure(registry.open({}, "127.1/a").resolve("tag", options))).toMatchObject({
      code: "ERR_REFERENCE",
    });
    expect(registry.requests).toEqual([]);
  });
});

describe("Repository.fetchManifest()", () => {
  it("reads what was asked for, once", async () => {
    const registry = fakeRegistry(manifestRoutes(one));
    const repository = registry.open();
    const [first, second] = await Promise.all([
      repository.fetchManifest(one.descriptor, options),
      repository.fetchManifest(one.descriptor, options),
    ]);
    expect(first.annotations).toEqual({ name: "one" });
    expect(second).toBe(first);
    await repository.fetchManifest(one.descriptor, options);
    expect(registry.asked()).toEqual([`GET /v2/a/b/manifests/${one.descriptor.digest}`]);
  });

  it("does not keep a failure", async () => {
    const answers = [() => refuse(404), () => ok(one)];
    const registry = fakeRegistry({ [byDigest]: () => answers.shift()?.() ?? refuse(500) });
    const repository = registry.open();
    expect(await failure(repository.fetchManifest(one.descriptor, options))).toMatchObject({
      code: "ERR_REGISTRY_NOT_FOUND",
    });
    expect((await repository.fetchManifest(one.descriptor, options)).bytes).toEqual(one.bytes);
  });

  it("does not take what it kept for an answer to another claim", async () => {
    const registry = fakeRegistry(manifestRoutes(one));
    const repository = registry.open();
    await repository.fetchManifest(one.descriptor, options);
    const lie = { ...one.descriptor, size: one.descriptor.size + 1 };
    expect(await failure(repository.fetchManifest(lie, options))).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  });

  it("asks for a retired type by name", async () => {
    const type = "application/vnd.oci.artifact.manifest.v1+json";
    const artifact = document({ mediaType: type, artifactType: "x", blobs: [] }, type);
    const registry = fakeRegistry(manifestRoutes(artifact));
    await registry.open().fetchManifest(artifact.descriptor, options);
    expect(registry.requests[0]?.headers["accept"]).toContain(type);
  });

  const long = document(
    { ...JSON.parse(new TextDecoder().decode(one.bytes)), annotations: { name: "two" } },
    OCI_MANIFEST,
  );
  it.each<[string, () => Response, string]>([
    ["other bytes of the same length", () => ok(long, { "docker-content-digest": "" }), "ERR_DIGEST_MISMATCH"],
    ["more bytes", () => ok(other, { "docker-content-digest": "", "content-length": "" }), "ERR_DIGEST_MISMATCH"],
    ["fewer bytes", () =>
      new Response(new Uint8Array(one.bytes.subarray(1)), {
        headers: { "content-type": OCI_MANIFEST },
      }), "ERR_DIGEST_MISMATCH"],
    ["no bytes", () => new Response(null, { headers: { "content-type": OCI_MANIFEST } }), "ERR_DIGEST_MISMATCH"],
    ["the bytes under another type", () => ok(one, { "content-type": OCI_INDEX }), "ERR_REGISTRY_RESPONSE"],
    ["the bytes as a page", () => ok(one, { "content-type": "text/html" }), "ERR_REGISTRY_RESPONSE"],
    [
      "two digest headers",
      () => ok(one, { "docker-content-digest": `${one.descriptor.digest},x` }),
      "ERR_REGISTRY_RESPONSE",
    ],
    [
      "the same digest header and other bytes",
      () => ok(long, { "docker-content-digest": one.descriptor.digest }),
      "ERR_DIGEST_MISMATCH",
    ],
    ["404", () => refuse(404), "ERR_REGISTRY_NOT_FOUND"],
  ])("refuses %s, and asks once", async (_, answer, code) => {
    const registry = fakeRegistry({ [byDigest]: answer });
    expect(await failure(registry.open().fetchManifest(one.descriptor, options))).toMatchObject({ code });
    expect(registry.requests).toHaveLength(1);
  });

  it("refuses a manifest whose bytes are right and whose content is not", async () => {
    const broken = document('{"schemaVersion":2,"schemaVersion":2}', OCI_MANIFEST);
    const registry = fakeRegistry(manifestRoutes(broken));
    const { code, message } = await failure(registry.open().fetchManifest(broken.descriptor, options));
    expect(code).toBe("ERR_MANIFEST");
    expect(message).toContain(`Cannot fetch manifest "${broken.descriptor.digest}" of "registry.example/a/b"`);
  });

  it("refuses a descriptor of 100 MB without a request", async () => {
    const registry = fakeRegistry(manifestRoutes(one));
    const claim = { ...one.descriptor, size: 100_000_000 };
    expect(await failure(registry.open().fetchManifest(claim, options))).toMatchObject({ code: "ERR_TOO_LARGE" });
    expect(registry.requests).toEqual([]);
  });

  it("reads an index", async () => {
    const list = index([one.descriptor]);
    const registry = fakeRegistry(manifestRoutes(list));
    const manifest = await registry.open().fetchManifest(list.descriptor, options);
    expect(manifest).toMatchObject({ kind: "index", manifests: [one.descriptor] });
  });
});

describe("Repository.fetchBlob()", () => {
  const fetchBlob = (answer: () => Response, claim = layer.descriptor, maxBytes = 1000) => {
    const registry = fakeRegistry({ [blobUrl]: answer });
    return { registry, work: registry.open().fetchBlob(claim, { signal, maxBytes }) };
  };

  it("reads a blob whatever type it is said to have", async () => {
    const { work } = fetchBlob(() => ok(layer, { "content-type": "application/octet-stream" }));
    expect(await work).toEqual(layer.bytes);
  });

  it("reads a body that comes in pieces and says no length", async () => {
    const { work } = fetchBlob(() => new Response(pieces([...layer.bytes].map((byte) => new Uint8Array([byte])))));
    expect(await work).toEqual(layer.bytes);
  });

  it("verifies sha384 and sha512", async () => {
    for (const algorithm of ["sha384", "sha512"] as const) {
      const claim = { ...layer.descriptor, digest: digest(layer.bytes, algorithm) };
      const registry = fakeRegistry({
        [`GET ${BASE}/blobs/${claim.digest}`]: () => ok(layer, { "docker-content-digest": "" }),
      });
      expect(await registry.open().fetchBlob(claim, { signal, maxBytes: 1000 })).toEqual(layer.bytes);
    }
  });

  it.each<[string, () => Response, string]>([
    ["other bytes of the same length", () => new Response("THE LAYER"), "ERR_DIGEST_MISMATCH"],
    ["a byte more", () => new Response("the layer!"), "ERR_DIGEST_MISMATCH"],
    ["a byte less", () => new Response("the laye"), "ERR_DIGEST_MISMATCH"],
    ["an empty body", () => new Response(null), "ERR_DIGEST_MISMATCH"],
    ["206", () => refuse(206, "the layer"), "ERR_REGISTRY_RESPONSE"],
    ["404", () => refuse(404), "ERR_REGISTRY_NOT_FOUND"],
  ])("refuses %s", async (_, answer, code) => {
    expect(await failure(fetchBlob(answer).work)).toMatchObject({ code });
  });

  it("refuses a body that says to be longer without reading it", async () => {
    let pulled = 0;
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
    const { work } = fetchBlob(() => new Response(body, { headers: { "content-length": "300000000" } }));
    expect(await failure(work)).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
    expect(pulled).toBe(0);
  });

  it("stops an endless body that lies about its length one byte after the descriptor's size", async () => {
    let sent = 0;
    let cancelled = false;
    const body = new ReadableStream({
      pull(controller) {
        sent++;
        controller.enqueue(new Uint8Array(1));
      },
      cancel: () => void (cancelled = true),
    }, { highWaterMark: 0 });
    const { work } = fetchBlob(() => new Response(body, { headers: { "content-length": "9" } }));
    expect(await failure(work)).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
    expect(sent).toBe(layer.descriptor.size + 1);
    expect(cancelled).toBe(true);
  });

  it("refuses a descriptor beyond the caller's limit without a request", async () => {
    const { registry, work } = fetchBlob(() => ok(layer), layer.descriptor, 8);
    expect(await failure(work)).toMatchObject({ code: "ERR_TOO_LARGE" });
    expect(registry.requests).toEqual([]);
  });

  it("gives up a body that never comes when the time is over", async () => {
    const registry = fakeRegistry({
      [blobUrl]: () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
    });
    const work = registry.open().fetchBlob(layer.descriptor, { signal: AbortSignal.timeout(50), maxBytes: 1000 });
    expect(await failure(work)).toMatchObject({ code: "ERR_DEADLINE" });
  });
});

describe("error messages", () => {
  it("carry the registry's first words, escaped and cut", async () => {
    const words = `\u001b[31mno ${"x".repeat(1000)}`;
    const body = JSON.stringify({ errors: [{ code: "MANIFEST_\u202eUNKNOWN", message: words }] });
    const registry = fakeRegistry({ [blobUrl]: () => refuse(404, body, { "content-type": "text/plain" }) });
    const { message } = await failure(registry.open().fetchBlob(layer.descriptor, { signal, maxBytes: 100 }));
    expect(message).toContain("404 MANIFEST_\\u202eUNKNOWN");
    expect(message).toContain("\\x1b[31mno xxx");
    expect(message.length).toBeLessThan(600);
  });

  it("do without the words of an endless error body", async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 1024;
        controller.enqueue(bytesOf(" ".repeat(1024)));
      },
    }, { highWaterMark: 0 });
    const registry = fakeRegistry({ [blobUrl]: () => new Response(body, { status: 404 }) });
    const error = await failure(registry.open().fetchBlob(layer.descriptor, { signal, maxBytes: 100 }));
    expect(error).toMatchObject({ code: "ERR_REGISTRY_NOT_FOUND" });
    expect(sent).toBeLessThanOrEqual(9 * 1024);
  });
});

function pieces(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const rest = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const next = rest.shift();
      next === undefined ? controller.close() : controller.enqueue(next);
    },
  });
}
