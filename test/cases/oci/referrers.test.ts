/** Referrers: every odd answer of the API, and every lie of the tag. */
import { describe, expect, it } from "vitest";
import { type Digest, referrersTag } from "../../../src/oci/mod.ts";
import { MAX_REFERRERS_PAGES } from "../../../src/oci/referrers_api.ts";
import {
  BASE,
  blob,
  digest,
  DOCKER_LIST,
  type Document,
  document,
  entry,
  failure,
  fakeRegistry,
  image,
  index,
  manifestRoutes,
  OCI_INDEX,
  ok,
  referrersUrl,
  refuse,
  type Route,
  SIGNATURE,
  signature,
  tagUrl,
} from "./fake_registry.ts";
import {
  api,
  digests,
  EMPTY,
  first,
  list,
  listed,
  manifests,
  options,
  sbom,
  second,
  stranger,
  subject,
  tag,
} from "./subject_referrers.ts";

describe("Repository.listReferrers()", () => {
  it("unites API and tag by digest, the API's first, and knows by which way each was found", async () => {
    const { work } = list({ [api]: listed(second, first), [tag]: listed(sbom, first) });
    const { referrers, asked } = await work;
    expect(referrers.map(({ descriptor, ways }) => [descriptor.digest, ...ways])).toEqual([
      [second.descriptor.digest, "referrers-api"],
      [first.descriptor.digest, "referrers-api", "referrers-tag"],
      [sbom.descriptor.digest, "referrers-tag"],
    ]);
    expect(asked).toEqual([
      { way: "referrers-api", place: `/v2/a/b/referrers/${subject.descriptor.digest}`, result: "found" },
      { way: "referrers-tag", place: subject.descriptor.digest.replace(":", "-"), result: "found" },
    ]);
  });

  it("lists duplicates once, and never the subject as its own referrer", async () => {
    const { work } = list({ [api]: listed(first, subject, first) });
    expect(digests(await work)).toEqual([first.descriptor.digest]);
  });

  it("gives the annotations of the listing", async () => {
    const annotated = { ...entry(first, SIGNATURE), annotations: { a: "1" } };
    const { referrers } = await list({ [api]: () => ok(index([annotated])) }).work;
    expect(referrers[0]?.descriptor).toEqual(annotated);
  });

  it("filters again what a server says it filtered", async () => {
    const url = `${api}?artifactType=${encodeURIComponent(SIGNATURE)}`;
    const lie: Route = () =>
      ok(index([entry(sbom, "sbom/cyclone-dx"), entry(first, SIGNATURE)]), {
        "oci-filters-applied": "artifactType",
      });
    const { registry, work } = list({ [url]: lie }, { artifactType: SIGNATURE });
    expect(digests(await work)).toEqual([first.descriptor.digest]);
    expect(registry.asked()[0]).toContain("artifactType=application%2Fvnd.cncf.notary.signature");
  });

  it("fills in a missing artifact type from the manifest: its own, or its config's", async () => {
    const bare = index([entry(first), entry(sbom)]);
    const { registry, work } = list({ [api]: () => ok(bare) });
    const { referrers } = await work;
    expect(referrers.map(({ descriptor }) => descriptor.artifactType)).toEqual([SIGNATURE, "sbom/cyclone-dx"]);
    expect(registry.requests).toHaveLength(4);
  });

  it("finds a signature that the API lists without artifact type", async () => {
    const url = `${api}?artifactType=${encodeURIComponent(SIGNATURE)}`;
    const { work } = list({ [url]: () => ok(index([entry(sbom), entry(first)])) }, { artifactType: SIGNATURE });
    expect(digests(await work)).toEqual([first.descriptor.digest]);
  });

  it("lists an entry without type whose manifest is gone, as it may be one, and fails where it cannot be asked for", async () => {
    const gone = { [`GET ${BASE}/manifests/${first.descriptor.digest}`]: () => refuse(404) };
    const bare: Route = () => ok(index([entry(first), entry(second)]));
    const url = `${api}?artifactType=${encodeURIComponent(SIGNATURE)}`;
    const { work } = list({ ...gone, [url]: bare }, { artifactType: SIGNATURE });
    expect(digests(await work)).toEqual([first.descriptor.digest, second.descriptor.digest]);
    for (
      const [answer, code] of [
        [() => refuse(503), "ERR_REGISTRY_UNAVAILABLE"],
        [() => refuse(401), "ERR_REGISTRY_UNAUTHORIZED"],
        [() => ok(second, { "docker-content-digest": "" }), "ERR_DIGEST_MISMATCH"],
      ] as const
    ) {
      const broken = { [`GET ${BASE}/manifests/${first.descriptor.digest}`]: answer };
      expect(await failure(list({ ...broken, [url]: bare }, { artifactType: SIGNATURE }).work)).toMatchObject({ code });
    }
  });
});

/** oci.md §2.5: what the API answers → what is made of it, with a tag that lists `second`. */
describe("the referrers API", () => {
  const page = (body: string, type: string): Route => () => new Response(body, { headers: { "content-type": type } });
  const text = (children: readonly Document[], change: Record<string, unknown> = {}) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: children.map((c) => entry(c, SIGNATURE)),
      ...change,
    });

  const both = [first.descriptor.digest, second.descriptor.digest];
  const tagOnly = [second.descriptor.digest];
  it.each<[string, Route, "found" | "absent" | "ignored", readonly Digest[]]>([
    ["200 with the index", listed(first), "found", both],
    ["200 with parameters in Content-Type", page(text([first]), `${OCI_INDEX}; charset=utf-8`), "found", both],
    ["200 with a Content-Type in capitals", page(text([first]), OCI_INDEX.toUpperCase()), "found", both],
    ["200 without a mediaType in the body", page(text([first], { mediaType: undefined }), OCI_INDEX), "found", both],
    ["200 as application/json, an index by its mediaType", page(text([first]), "application/json"), "found", both],
    ["200 with manifests of null, as olareg", () => ok(index(null)), "found", tagOnly],
    ["200 with nothing", EMPTY, "found", tagOnly],
    [
      "200 as application/json without mediaType",
      page(text([first], { mediaType: undefined }), "application/json"),
      "ignored",
      tagOnly,
    ],
    ["200 with a login page", page("<html>log in</html>", "text/html"), "ignored", tagOnly],
    ["200 without a type", page(text([first]), ""), "ignored", tagOnly],
    ["404 plain", () => refuse(404, "404 page not found"), "absent", tagOnly],
    ["404 NAME_UNKNOWN", () => refuse(404, '{"errors":[{"code":"NAME_UNKNOWN"}]}'), "absent", tagOnly],
    ["400 without a body", () => refuse(400), "absent", tagOnly],
    ["400 UNSUPPORTED", () => refuse(400, '{"errors":[{"code":"UNSUPPORTED"}]}'), "absent", tagOnly],
    ["405", () => refuse(405, "no"), "absent", tagOnly],
    ["406", () => refuse(406), "absent", tagOnly],
  ])("%s: the tag is read as well", async (_, answer, result, expected) => {
    const found = await list({ [api]: answer, [tag]: listed(second) }).work;
    expect(found.asked.map((place) => [place.way, place.result])).toEqual([
      ["referrers-api", result],
      ["referrers-tag", "found"],
    ]);
    expect(digests(found)).toEqual(expected);
  });

  it.each<[string, Route, string]>([
    ["400 with another code", () => refuse(400, '{"errors":[{"code":"DIGEST_INVALID"}]}'), "ERR_REGISTRY_RESPONSE"],
    ["400 with a page", () => refuse(400, "<html>"), "ERR_REGISTRY_RESPONSE"],
    ["400 with 9 kB", () => refuse(400, "x".repeat(9000)), "ERR_REGISTRY_RESPONSE"],
    ["401", () => refuse(401), "ERR_REGISTRY_UNAUTHORIZED"],
    ["403", () => refuse(403), "ERR_REGISTRY_UNAUTHORIZED"],
    ["429", () => refuse(429), "ERR_REGISTRY_LIMITED"],
    ["500", () => refuse(500), "ERR_REGISTRY_UNAVAILABLE"],
    ["501", () => refuse(501), "ERR_REGISTRY_UNAVAILABLE"],
    ["a broken connection", () => Promise.reject(new TypeError("fetch failed")), "ERR_REGISTRY_UNAVAILABLE"],
    ["an index that is broken", page('{"schemaVersion":2,"manifests":[{}]}', OCI_INDEX), "ERR_REGISTRY_RESPONSE"],
    [
      "an index with a name twice",
      page('{"schemaVersion":2,"manifests":[],"manifests":[]}', OCI_INDEX),
      "ERR_REGISTRY_RESPONSE",
    ],
    ["5 MB", page(`{"x":"${"x".repeat(5_000_000)}"}`, OCI_INDEX), "ERR_TOO_LARGE"],
  ])("%s is an error, never an empty list", async (_, answer, code) => {
    for (const everywhere of [{}, { [tag]: listed(second) }]) {
      expect(await failure(list({ [api]: answer, ...everywhere }).work)).toMatchObject({ code });
    }
  });
});

describe("pages", () => {
  const next = (target: string, rel = '"next"') => ({ link: `<${target}>; rel=${rel}` });

  it.each([
    ["relative and unquoted, as olareg", (url: string) => next(url.replace("https://registry.example", ""), "next")],
    ["absolute", (url: string) => next(url)],
    [
      "after another relation",
      (url: string) => ({ link: `<https://evil.example/>; rel="prev", <${url}>; rel="next"` }),
    ],
  ])("are followed where the link is %s", async (_, link) => {
    const url = `${referrersUrl(subject)}?last=1&n=1`;
    const { work, registry } = list({
      [api]: () => ok(index([entry(first, SIGNATURE)]), link(url)),
      [`GET ${url}`]: listed(second),
    });
    expect(digests(await work)).toEqual([first.descriptor.digest, second.descriptor.digest]);
    expect(registry.requests).toHaveLength(3);
  });

  it.each<[string, Record<string, string>]>([
    ["another origin", next("https://evil.example/v2/x")],
    ["another port", next("https://registry.example:444/v2/x")],
    ["http", next("http://registry.example/v2/x")],
    ["a file", next("file:///etc/passwd")],
    ["no URL", next("http://[")],
    ["a user", next("https://u:p@registry.example/v2/x")],
    ["itself", next(referrersUrl(subject))],
  ])("are an error where the link leads to %s", async (_, link) => {
    const { registry, work } = list({ [api]: () => ok(index([entry(first, SIGNATURE)]), link) });
    expect(await failure(work)).toMatchObject({ code: "ERR_REGISTRY_RESPONSE" });
    expect(registry.asked().filter((line) => line.includes("referrers"))).toHaveLength(1);
  });

  it("that go round and round are an error", async () => {
    const url = `${referrersUrl(subject)}?p=2`;
    const { work } = list({
      [api]: () => ok(index([]), next(url)),
      [`GET ${url}`]: () => ok(index([]), next(referrersUrl(subject))),
    });
    expect(await failure(work)).toMatchObject({ code: "ERR_REGISTRY_RESPONSE" });
  });

  it("that never end are an error after fifty", async () => {
    const registry = fakeRegistry();
    let pages = 0;
    const endless: Route = () => {
      const url = `${referrersUrl(subject)}?p=${++pages}`;
      registry.routes.set(`GET ${url}`, endless);
      return ok(index([]), next(url));
    };
    registry.routes.set(api, endless);
    const { code } = await failure(registry.open().listReferrers(subject.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_RESPONSE");
    expect(pages).toBe(MAX_REFERRERS_PAGES);
  });

  it("with more than a thousand referrers are an error", async () => {
    const many = (from: number) =>
      index(Array.from({ length: 600 }, (_, at) => ({ ...blob(`${from + at}`).descriptor, artifactType: SIGNATURE })));
    const url = `${referrersUrl(subject)}?p=2`;
    const { work } = list({ [api]: () => ok(many(0), next(url)), [`GET ${url}`]: () => ok(many(600)) });
    expect(await failure(work)).toMatchObject({ code: "ERR_TOO_LARGE" });
  });

  it("whose second is a login page are an error", async () => {
    const url = `${referrersUrl(subject)}?p=2`;
    const { work } = list({
      [api]: () => ok(index([]), next(url)),
      [`GET ${url}`]: () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    });
    expect(await failure(work)).toMatchObject({ code: "ERR_REGISTRY_RESPONSE" });
  });
});

/** oci.md §2.6: the API is absent, the tag is all there is. */
describe("the referrers tag", () => {
  it("is the digest with a dash, cut as the specification says", () => {
    const hex = "0123456789abcdef".repeat(8);
    expect(referrersTag(`sha256:${hex.slice(0, 64)}`)).toBe(`sha256-${hex.slice(0, 64)}`);
    expect(referrersTag(`sha512:${hex}` as Digest)).toBe(`sha512-${hex.slice(0, 64)}`);
  });

  it("lists children that name the subject themselves, and fetches each manifest once", async () => {
    const registry = fakeRegistry({ ...manifests, [tag]: listed(first, sbom) });
    const repository = registry.open();
    const found = await repository.listReferrers(subject.descriptor, { ...options, artifactType: SIGNATURE });
    await repository.fetchManifest(first.descriptor, options);
    // The list calls the SBOM a signature; its manifest knows better.
    expect(digests(found)).toEqual([first.descriptor.digest]);
    expect(registry.asked().filter((line) => line.includes(first.descriptor.digest))).toHaveLength(1);
  });

  it("does not list children of another subject, or of none", async () => {
    const none = image("none", { artifactType: SIGNATURE });
    const { asked, referrers } = await list({
      ...manifestRoutes(none),
      [tag]: listed(stranger, first, none),
    }).work;
    expect(digests({ asked, referrers })).toEqual([first.descriptor.digest]);
    expect(asked[1]).toMatchObject({ way: "referrers-tag", result: "found" });
    expect(asked[1]?.reason).toContain("2 of its 3 entries are not this artifact's");
  });

  it("is ignored when all its children belong elsewhere", async () => {
    const { referrers, asked } = await list({ [tag]: listed(stranger) }).work;
    expect(referrers).toEqual([]);
    expect(asked[1]).toMatchObject({ result: "ignored" });
  });

  const multiArch = index([entry(first, SIGNATURE)]);
  const multiArchTag = `GET ${tagUrl(multiArch)}`;
  it("is ignored when it is the subject itself, whose children are no referrers", async () => {
    const registry = fakeRegistry({ ...manifests, [multiArchTag]: () => ok(multiArch) });
    const { referrers, asked } = await registry.open().listReferrers(multiArch.descriptor, options);
    expect(referrers).toEqual([]);
    expect(asked[1]).toMatchObject({ result: "ignored", reason: "the tag is the subject itself" });
  });

  it.each<[string, Route]>([
    ["an image manifest", () => ok(first)],
    [
      "a Docker list",
      () => ok(document({ schemaVersion: 2, mediaType: DOCKER_LIST, manifests: [entry(first)] }, DOCKER_LIST)),
    ],
    ["a login page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["an index that is a manifest too", () => ok(index([entry(first)], { layers: [] }))],
    ["no JSON", () => new Response("x", { headers: { "content-type": OCI_INDEX } })],
  ])("is ignored when it is %s", async (_, answer) => {
    const { referrers, asked } = await list({ [tag]: answer }).work;
    expect(referrers).toEqual([]);
    expect(asked[1]).toMatchObject({ result: "ignored" });
    expect(asked[1]?.reason).toBeTruthy();
  });

  it.each<[string, Route, string]>([
    ["401", () => refuse(401), "ERR_REGISTRY_UNAUTHORIZED"],
    ["500", () => refuse(500), "ERR_REGISTRY_UNAVAILABLE"],
    [
      "a body of another digest than its header",
      () => ok(index([]), { "docker-content-digest": first.descriptor.digest }),
      "ERR_DIGEST_MISMATCH",
    ],
    [
      "5 MB",
      () => new Response(new Uint8Array(5_000_000), { headers: { "content-type": OCI_INDEX } }),
      "ERR_TOO_LARGE",
    ],
  ])("is an error when it answers %s, whatever the API said", async (_, answer, code) => {
    for (const routes of [{}, { [api]: EMPTY }, { [api]: listed(first) }]) {
      expect(await failure(list({ ...routes, [tag]: answer }).work)).toMatchObject({ code });
    }
  });

  it("is an error when a child's manifest cannot be asked for", async () => {
    const broken: Route = () => refuse(503);
    const { work } = list({ [tag]: listed(first), [`GET ${BASE}/manifests/${first.descriptor.digest}`]: broken });
    expect(await failure(work)).toMatchObject({ code: "ERR_REGISTRY_UNAVAILABLE" });
  });

  it("with more than 200 children to look at is an error", async () => {
    const children = Array.from({ length: 201 }, (_, at) => signature(`${at}`, subject.descriptor));
    const routes = Object.assign({}, ...children.map((child) => manifestRoutes(child)));
    expect(await failure(list({ ...routes, [tag]: listed(...children) }).work)).toMatchObject({
      code: "ERR_TOO_LARGE",
    });
  });

  it("works for subjects with a sha512 digest", async () => {
    const sha512 = digest(subject.bytes, "sha512");
    const child = signature("x", { ...subject.descriptor, digest: sha512 });
    const registry = fakeRegistry({
      ...manifestRoutes(child),
      [`GET ${BASE}/manifests/${referrersTag(sha512)}`]: listed(child),
    });
    expect(digests(await registry.open().listReferrers({ digest: sha512 }, options))).toEqual([
      child.descriptor.digest,
    ]);
  });
});
