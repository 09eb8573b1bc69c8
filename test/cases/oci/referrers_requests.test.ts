/** Referrers: what is asked when, how often, and what is remembered of it. */
import { describe, expect, it } from "vitest";
import { type Digest } from "../../../src/oci/mod.ts";
import {
  BASE,
  blob,
  entry,
  fakeRegistry,
  index,
  manifestRoutes,
  ok,
  refuse,
  type Route,
  SIGNATURE,
  signature,
} from "./fake_registry.ts";
import { api, EMPTY, first, listed, manifests, options, sbom, second, subject, tag } from "./subject_referrers.ts";

describe("what is remembered of the API", () => {
  const ask = (registry: ReturnType<typeof fakeRegistry>, more = {}) => {
    const before = registry.requests.length;
    return registry.open().listReferrers(subject.descriptor, { ...options, ...more })
      .then(() => registry.asked().slice(before).map((line) => line.includes("referrers/") ? "api" : "tag"));
  };

  it("an API that works and lists something is asked alone", async () => {
    const registry = fakeRegistry({ [api]: listed(first), [tag]: listed(first) });
    expect(await ask(registry)).toEqual(["api", "tag"]);
    expect(await ask(registry)).toEqual(["api"]);
    expect(await ask(registry, { everywhere: true })).toEqual(["api", "tag"]);
  });

  it("an API that lists nothing is not believed before the tag was read", async () => {
    const registry = fakeRegistry({ ...manifests, [api]: EMPTY, [tag]: listed(first) });
    expect((await ask(registry)).slice(0, 2)).toEqual(["api", "tag"]);
    const { referrers } = await registry.open().listReferrers(subject.descriptor, options);
    expect(referrers.map(({ ways }) => ways)).toEqual([["referrers-tag"]]);
    const rounds = registry.requests.slice(-3).map(({ round }) => round);
    expect(new Set(rounds).size).toBe(3);
  });

  it("an API that lists nothing of the type asked for is not believed either", async () => {
    const url = `${api}?artifactType=${encodeURIComponent(SIGNATURE)}`;
    const registry = fakeRegistry({
      ...manifests,
      [url]: () => ok(index([entry(sbom, "sbom/cyclone-dx")])),
      [tag]: listed(first),
    });
    await registry.open().listReferrers(subject.descriptor, { ...options, artifactType: SIGNATURE });
    const { referrers } = await registry.open().listReferrers(subject.descriptor, {
      ...options,
      artifactType: SIGNATURE,
    });
    expect(referrers.map(({ descriptor }) => descriptor.digest)).toEqual([first.descriptor.digest]);
  });

  it("an API that is not there is not asked again for an hour, and the list says so", async () => {
    const registry = fakeRegistry({ ...manifests, [tag]: listed(first) });
    expect(await ask(registry)).toEqual(["api", "tag", "tag"]);
    registry.time += 3_599_999;
    expect(await ask(registry)).toEqual(["tag", "tag"]);
    const { asked } = await registry.open().listReferrers(subject.descriptor, options);
    expect(asked[0]).toMatchObject({
      way: "referrers-api",
      result: "absent",
      reason: expect.stringContaining("asked before"),
    });
    registry.time += 1;
    expect((await ask(registry)).slice(0, 2)).toEqual(["api", "tag"]);
  });

  it.each<[string, Route]>([
    ["a repository that is not known", () => refuse(404, '{"errors":[{"code":"NAME_UNKNOWN"}]}')],
    ["a login page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
  ])("%s tells nothing for the next time", async (_, answer) => {
    const registry = fakeRegistry({ [api]: answer });
    expect(await ask(registry)).toEqual(["api", "tag"]);
    expect(await ask(registry)).toEqual(["api", "tag"]);
  });

  it("an API that goes away is noticed, and the tag is read", async () => {
    const registry = fakeRegistry({ ...manifests, [api]: listed(first), [tag]: listed(second) });
    await ask(registry);
    registry.routes.delete(api);
    const { referrers } = await registry.open().listReferrers(subject.descriptor, options);
    expect(referrers.map(({ descriptor }) => descriptor.digest)).toEqual([second.descriptor.digest]);
  });

  it("is another matter for another repository", async () => {
    const registry = fakeRegistry({ [api]: listed(first) });
    await ask(registry);
    const before = registry.requests.length;
    await registry.open({}, "registry.example/c/d").listReferrers(subject.descriptor, options);
    expect(registry.requests).toHaveLength(before + 2);
  });
});

/** The numbers of the issue: requests and rounds, where whatever runs at the same time is one round. */
describe("requests and rounds of one verification", () => {
  const envelope = blob("envelope");
  const signed = signature("signed", subject.descriptor, envelope);
  const content = {
    ...manifestRoutes(subject, "signed"),
    ...manifestRoutes(signed),
    [`GET ${BASE}/blobs/${envelope.descriptor.digest}`]: () =>
      ok(envelope, { "content-type": "application/octet-stream" }),
  };
  const withFilter = `${api}?artifactType=${encodeURIComponent(SIGNATURE)}`;
  const filtered = { ...options, artifactType: SIGNATURE };

  async function verify(registry: ReturnType<typeof fakeRegistry>, name: string) {
    const before = registry.requests.length;
    const repository = registry.open();
    const isDigest = name.startsWith("sha256:");
    const resolved = repository.resolve(name, options);
    const digest = isDigest ? name as Digest : (await resolved).digest;
    const [{ referrers }] = await Promise.all([repository.listReferrers({ digest }, filtered), resolved]);
    for (const { descriptor } of referrers) {
      const [layer] = (await repository.fetchManifest(descriptor, options)).layers;
      if (layer !== undefined) await repository.fetchBlob(layer, { ...options, maxBytes: 1000 });
    }
    const requests = registry.requests.slice(before);
    return {
      requests: requests.length,
      rounds: new Set(requests.map(({ round }) => round)).size,
      found: referrers.length,
    };
  }

  it.each<
    [string, string, Record<string, Route>, { requests: number; rounds: number }, { requests: number; rounds: number }]
  >([
    [
      "a digest, referrers API",
      subject.descriptor.digest,
      { [withFilter]: listed(signed) },
      { requests: 5, rounds: 3 },
      { requests: 4, rounds: 3 },
    ],
    ["a tag, referrers API", "signed", { [withFilter]: listed(signed) }, { requests: 5, rounds: 4 }, {
      requests: 4,
      rounds: 4,
    }],
    ["a digest, tag schema", subject.descriptor.digest, { [tag]: listed(signed) }, { requests: 5, rounds: 3 }, {
      requests: 4,
      rounds: 3,
    }],
    ["a tag, tag schema", "signed", { [tag]: listed(signed) }, { requests: 5, rounds: 4 }, { requests: 4, rounds: 4 }],
    ["a digest, both ways", subject.descriptor.digest, { [withFilter]: listed(signed), [tag]: listed(signed) }, {
      requests: 5,
      rounds: 3,
    }, { requests: 4, rounds: 3 }],
  ])("%s", async (_, name, routes, unknown, known) => {
    const registry = fakeRegistry({ ...content, ...routes });
    expect(await verify(registry, name)).toEqual({ ...unknown, found: 1 });
    expect(await verify(registry, name)).toEqual({ ...known, found: 1 });
  });

  it("an anonymous token costs two rounds more once, and none later", async () => {
    const realm = "https://registry.example/token";
    const guard = (route: Route): Route => (request) =>
      request.headers["authorization"] === "Bearer t"
        ? route(request)
        : refuse(401, null, { "www-authenticate": `Bearer realm="${realm}",service="s"` });
    const guarded = Object.fromEntries(
      Object.entries({ ...content, [withFilter]: listed(signed), [tag]: () => refuse(404) }).map((
        [url, route],
      ) => [url, guard(route)]),
    );
    const registry = fakeRegistry({
      ...guarded,
      [`GET ${realm}?service=s&scope=repository%3Aa%2Fb%3Apull`]: () => Response.json({ token: "t", expires_in: 300 }),
    });
    expect(await verify(registry, subject.descriptor.digest)).toMatchObject({ rounds: 5, found: 1 });
    expect(await verify(registry, subject.descriptor.digest)).toEqual({ requests: 4, rounds: 3, found: 1 });
  });
});
