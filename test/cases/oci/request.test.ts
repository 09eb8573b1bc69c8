/** One request to its end: redirects and where they may not lead, what is tried again, and deadlines. */
import { describe, expect, it } from "vitest";
import { AddressError, createRequestBudget } from "../../../src/http/mod.ts";
import type { RegistrySettings } from "../../../src/oci/mod.ts";
import { BASE, blob, failure, fakeRegistry, ok, password, refuse, type Route, signal } from "./fake_registry.ts";

const layer = blob("the layer");
const blobUrl = `${BASE}/blobs/${layer.descriptor.digest}`;
const options = { signal, maxBytes: 1000 };
const found = () => new Response(new Uint8Array(layer.bytes));
const to = (location: string, status = 307): Route => () => refuse(status, "elsewhere", { location });
const credentials = { "registry.example": password("user", "pass") };
const challenge = { "www-authenticate": 'Basic realm="registry"' };
const ONLY_WITH_PASSWORD = (answer: Route): Route => (request) =>
  request.headers["authorization"] === undefined ? refuse(401, null, challenge) : answer(request);

describe("redirects", () => {
  it.each([301, 302, 303, 307, 308])("%i is followed, without the credentials", async (status) => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: ONLY_WITH_PASSWORD(to("https://storage.example/x?signature=s#f", status)),
      "GET https://storage.example/x?signature=s": found,
    }, credentials);
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
    const [anonymous, first, second] = registry.requests;
    expect(anonymous?.headers["authorization"]).toBeUndefined();
    expect(first?.headers["authorization"]).toBe(`Basic ${btoa("user:pass")}`);
    expect(second?.headers).toEqual({ accept: "*/*" });
  });

  it("keep the credentials at the registry's origin", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: ONLY_WITH_PASSWORD(to("/moved")),
      "GET https://registry.example/moved": ONLY_WITH_PASSWORD(found),
    }, credentials);
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
  });

  it("do not bring the credentials back once they were away", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: ONLY_WITH_PASSWORD(to("https://storage.example/x")),
      "GET https://storage.example/x": to("https://registry.example/back"),
      "GET https://registry.example/back": found,
    }, credentials);
    await registry.open().fetchBlob(layer.descriptor, options);
    expect(registry.requests.at(-1)?.url).toBe("https://registry.example/back");
    expect(registry.requests.at(-1)?.headers["authorization"]).toBeUndefined();
  });

  it("take another port for another origin", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: ONLY_WITH_PASSWORD(to("https://registry.example:444/x")),
      "GET https://registry.example:444/x": found,
    }, credentials);
    await registry.open().fetchBlob(layer.descriptor, options);
    expect(registry.requests.at(-1)?.headers["authorization"]).toBeUndefined();
  });

  it("do not answer the challenge of the place they led to", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: to("https://storage.example/x"),
      "GET https://storage.example/x": () => refuse(401, null, challenge),
    }, credentials);
    const { code, message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_UNAUTHORIZED");
    expect(message).toContain("by redirect https://storage.example,");
    expect(registry.requests.filter(({ headers }) => headers["authorization"] !== undefined)).toEqual([]);
  });

  it("are followed five times, and no sixth", async () => {
    const hops = (count: number): Record<string, Route> => {
      const url = (hop: number) => hop === 0 ? blobUrl : `https://storage.example/${hop}`;
      return Object.fromEntries(
        Array.from({ length: count + 1 }, (_, hop) => [`GET ${url(hop)}`, hop === count ? found : to(url(hop + 1))]),
      );
    };
    expect(await fakeRegistry(hops(5)).open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
    const error = await failure(fakeRegistry(hops(6)).open().fetchBlob(layer.descriptor, options));
    expect(error).toMatchObject({ code: "ERR_REGISTRY_RESPONSE" });
  });

  /** Each of these stands for a canary: it would answer, and must never be asked. */
  it.each([
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/",
    "https://127.0.0.1:9/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://0.0.0.0/",
    "https://localhost/",
    "https://a.localhost/",
    "https://localhost./",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://metadata.google.internal/",
    "https://intranet/",
    "https://printer.local/",
    "http://storage.example/",
    "https://user:pass@storage.example/",
    "file:///etc/passwd",
    "data:text/plain,x",
    "ftp://storage.example/x",
  ])("never lead to %s", async (target) => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: to(target) });
    registry.routes.set(`GET ${URL.canParse(target) ? new URL(target).href : target}`, found);
    const { code } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_REFUSED");
    expect(registry.asked()).toEqual([`GET ${blobUrl.replace("https://registry.example", "")}`]);
  });

  const loopback = "127.0.0.1:5000/a/b";
  const loopbackUrl = `http://127.0.0.1:5000/v2/a/b/blobs/${layer.descriptor.digest}`;
  it.each<[string, string, Partial<RegistrySettings>, boolean]>([
    ["its own address", "http://127.0.0.1:5000/x", {}, true],
    ["another port of its own host", "http://127.0.0.1:5001/x", {}, false],
    ["another name of its own host", "http://localhost:5000/x", {}, false],
    ["a port the operator allows", "http://127.0.0.1:5001/x", { allowedHosts: new Set(["127.0.0.1:5001"]) }, true],
    ["a host the operator allows", "http://10.0.0.9:9000/x", { allowedHosts: new Set(["10.0.0.9"]) }, true],
    ["the default port, written out", "https://10.0.0.9/x", { allowedHosts: new Set(["10.0.0.9:443"]) }, true],
    ["an address the operator writes in full", "https://[fd00::1]/x", { allowedHosts: new Set(["[FD00:0::1]"]) }, true],
    ["another port than the operator allows", "https://10.0.0.9/x", { allowedHosts: new Set(["10.0.0.9:80"]) }, false],
    ["another one than the operator allows", "http://10.0.0.8:9000/x", { allowedHosts: new Set(["10.0.0.9"]) }, false],
    ["a public address", "https://storage.example/x", {}, true],
  ])("of a registry on loopback lead to %s: %s", async (_, target, settings, allowed) => {
    const registry = fakeRegistry({ [`GET ${loopbackUrl}`]: to(target), [`GET ${target}`]: found });
    const work = registry.open(settings, loopback).fetchBlob(layer.descriptor, options);
    if (allowed) expect(await work).toEqual(layer.bytes);
    else expect(await failure(work)).toMatchObject({ code: "ERR_REGISTRY_REFUSED" });
    expect(registry.requests).toHaveLength(allowed ? 2 : 1);
  });

  it("from https to http are refused on any hop", async () => {
    const registry = fakeRegistry({
      [`GET ${loopbackUrl}`]: to("https://storage.example/x"),
      "GET https://storage.example/x": to("http://storage.example/y"),
      "GET http://storage.example/y": found,
    });
    const { code } = await failure(registry.open({}, loopback).fetchBlob(layer.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_REFUSED");
    expect(registry.requests).toHaveLength(2);
  });

  it.each(["http://[", "https://", "//"])("refuse the location %j", async (location) => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: to(location) });
    expect(await failure(registry.open().fetchBlob(layer.descriptor, options))).toMatchObject({
      code: "ERR_REGISTRY_RESPONSE",
    });
  });

  it("lead to public addresses only, where the registry chose the name", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: to("/moved"),
      "GET https://registry.example/moved": to("https://storage.example/x"),
      "GET https://storage.example/x": to("https://internal.example/y"),
      "GET https://internal.example/y": found,
    });
    const settings = { allowedHosts: new Set(["internal.example"]) };
    await registry.open(settings).fetchBlob(layer.descriptor, options);
    expect(registry.requests.map(({ reach }) => reach)).toEqual([undefined, undefined, "public", undefined]);
  });

  it("are refused, and not tried again, when a name leads to an address only we could reach", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: to("https://storage.example/x"),
      "GET https://storage.example/x": () =>
        Promise.reject(new TypeError("fetch failed", { cause: new AddressError("10.0.0.1", "private") })),
    });
    const { code, message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_REFUSED");
    expect(message).toContain("points to a host that resolves to 10.0.0.1, a private address");
    expect(registry.requests).toHaveLength(2);
  });

  it("do not show the query of where they lead", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: to("https://10.0.0.1/x?secret=s3cr3t") });
    const { message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(message).toContain("https://10.0.0.1,");
    expect(message).not.toContain("s3cr3t");
  });
});

describe("what may pass", () => {
  const sequence = (...answers: readonly Route[]): Route => {
    const rest = [...answers];
    return (request) => (rest.length > 1 ? rest.shift() : rest[0])?.(request) ?? refuse(500);
  };
  const run = async (...answers: readonly Route[]) => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: sequence(...answers) });
    const error = await failure(registry.open().fetchBlob(layer.descriptor, options));
    return { ...error, requests: registry.requests.length, slept: registry.slept };
  };
  const done = "nothing was thrown";

  it.each<[string, Route]>([
    ["408", () => refuse(408)],
    ["429", () => refuse(429)],
    ["500", () => refuse(500)],
    ["503", () => refuse(503)],
    ["a connection that breaks", () => Promise.reject(new TypeError("fetch failed"))],
    [
      "a body that breaks",
      () => new Response(new ReadableStream({ pull: (c) => c.error(new TypeError("terminated")) })),
    ],
  ])("%s is tried twice more, after 250 and 500 ms", async (_, answer) => {
    expect(await run(answer, answer, found)).toMatchObject({ code: done, requests: 3, slept: [250, 500] });
    expect((await run(answer)).code).not.toBe(done);
    expect(await run(answer)).toMatchObject({ requests: 3 });
  });

  it.each([400, 401, 403, 404, 405, 501])("%i is not tried again", async (status) => {
    expect(await run(() => refuse(status))).toMatchObject({ requests: 1, slept: [] });
  });

  it.each([
    ["1", [1000, 1000]],
    ["0", [0, 0]],
    ["Sun, 01 Nov 2026 00:00:03 GMT", [3000, 0]],
    ["Sat, 31 Oct 2026 00:00:00 GMT", [0, 0]],
    ["-1", [250, 500]],
    ["soon", [250, 500]],
    ["6", []],
    ["86400", []],
    ["Mon, 02 Nov 2026 00:00:00 GMT", []],
  ])("Retry-After %j waits %j ms", async (value, slept) => {
    const limited = await run(() => refuse(429, null, { "retry-after": value }));
    expect(limited).toMatchObject({ code: "ERR_REGISTRY_LIMITED", slept });
    expect(limited.message).toContain(`to be asked again after "${value}"`);
  });

  it.each([
    ["10", 10_000, []],
    ["9", 10_000, [9000]],
    ["4", 5_000, [4000]],
    ["1", 20_000, [1000, 1000]],
    ["12", 20_000, [12_000]],
  ])("Retry-After %j of a decision that has %i ms waits %j ms", async (value, left, slept) => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: () => refuse(503, null, { "retry-after": value }) });
    const budget = createRequestBudget({ endsAt: new Date(registry.time + left) });
    const { code } = await failure(registry.open().fetchBlob(layer.descriptor, { ...options, budget }));
    // The reason is told at once and not covered by a deadline.
    expect([code, registry.slept]).toEqual(["ERR_REGISTRY_UNAVAILABLE", slept]);
  });

  it("is not tried again when the answer would come too late", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: () => refuse(503) });
    const budget = createRequestBudget({ endsAt: new Date(registry.time + 400) });
    await failure(registry.open().fetchBlob(layer.descriptor, { ...options, budget }));
    expect(registry.requests).toHaveLength(1);
  });

  it.each([[0, [125, 250]], [0.5, [250, 500]], [0.999, [374.75, 749.5]]])(
    "is spread by chance: %d",
    async (chance, slept) => {
      const registry = fakeRegistry({ [`GET ${blobUrl}`]: () => refuse(503) });
      registry.chance = chance;
      await failure(registry.open().fetchBlob(layer.descriptor, options));
      expect(registry.slept).toEqual(slept);
    },
  );

  it("tells the innermost reason of the network", async () => {
    const refused = new Error("connect ECONNREFUSED 127.0.0.1:5000");
    for (const cause of [refused, new AggregateError([refused]), new Error("", { cause: refused })]) {
      const { code, message } = await run(() => Promise.reject(new TypeError("fetch failed", { cause })));
      expect(code).toBe("ERR_REGISTRY_UNAVAILABLE");
      expect(message).toContain("connect ECONNREFUSED 127.0.0.1:5000");
    }
  });
});

describe("deadlines", () => {
  it("end a request that is never answered", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: () => new Promise(() => {}) });
    const work = registry.open().fetchBlob(layer.descriptor, { ...options, signal: AbortSignal.timeout(40) });
    const { code, message } = await failure(work);
    expect(code).toBe("ERR_DEADLINE");
    expect(message).toContain("registry.example");
  });

  it("send nothing when they are over", async () => {
    const registry = fakeRegistry();
    const work = registry.open().fetchBlob(layer.descriptor, { ...options, signal: AbortSignal.abort() });
    expect(await failure(work)).toMatchObject({ code: "ERR_DEADLINE" });
    expect(registry.requests).toEqual([]);
  });

  it("end the waiting before another try", async () => {
    const controller = new AbortController();
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: () => {
        controller.abort();
        return Promise.reject(new TypeError("fetch failed"));
      },
    });
    const work = registry.open().fetchBlob(layer.descriptor, { ...options, signal: controller.signal });
    expect(await failure(work)).toMatchObject({ code: "ERR_DEADLINE" });
    expect(registry.requests).toHaveLength(1);
  });
});

it("an answer with a body is given back as it is", async () => {
  const registry = fakeRegistry({ [`GET ${blobUrl}`]: () => ok(layer) });
  expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
});
