import { describe, expect, it } from "vitest";
import { MAX_LIST_PAGES, PAGE_OBJECTS } from "../../../src/cluster/api_server.ts";
import { createApiServerCluster } from "../../../src/cluster/mod.ts";
import { MAX_OBJECT_BYTES } from "../../../src/cluster/question.ts";
import { type FakeApi, fakeApi, json, NOT_FOUND, status } from "./fake_api.ts";

const signal = AbortSignal.timeout(60_000);
const open = ({ access, ports }: FakeApi) => createApiServerCluster(access, ports);

const KEYS = { apiVersion: "v1", kind: "ConfigMap", namespace: "team-a", name: "keys" } as const;
const keys = (data = {}) => ({
  kind: "ConfigMap",
  apiVersion: "v1",
  metadata: { name: "keys", namespace: "team-a" },
  data,
});
const PATH = "/api/v1/namespaces/team-a/configmaps/keys";

describe("get()", () => {
  it("asks for one path, as one account, and follows nothing", async () => {
    const api = fakeApi(() => json(keys({ certificate: "PEM" })));
    expect(await open(api).get(KEYS, { signal })).toEqual(keys({ certificate: "PEM" }));
    expect(api.requests).toEqual([{
      url: `https://api.example:6443${PATH}`,
      init: {
        method: "GET",
        headers: { accept: "application/json", authorization: "Bearer secret-token" },
        redirect: "manual",
        signal,
      },
    }]);
  });

  it.each([
    [{ apiVersion: "v1", kind: "Namespace", namespace: "", name: "a" }, "/api/v1/namespaces/a"],
    [
      { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: "a", name: "b.c" },
      "/apis/networking.k8s.io/v1/namespaces/a/networkpolicies/b.c",
    ],
    [
      { apiVersion: "networking.k8s.io/v1", kind: "Ingress", namespace: "a", name: "b" },
      "/apis/networking.k8s.io/v1/namespaces/a/ingresses/b",
    ],
    [{ apiVersion: "v1", kind: "Endpoints", namespace: "a", name: "b" }, "/api/v1/namespaces/a/endpoints/b"],
    [
      { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", namespace: "", name: "system:node+x" },
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode%2Bx",
    ],
  ])("%j is at %s", async (object, path) => {
    const api = fakeApi(() => NOT_FOUND());
    expect(await open(api).get(object, { signal })).toBeUndefined();
    expect(api.asked).toEqual([path]);
  });

  it.each([
    { ...KEYS, name: "../secrets/keys" },
    { ...KEYS, name: ".." },
    { ...KEYS, name: "keys?watch=true" },
    { ...KEYS, name: "" },
    { ...KEYS, name: "a".repeat(254) },
    { ...KEYS, namespace: "team-a/secrets" },
    { ...KEYS, namespace: "Team" },
    { ...KEYS, namespace: "" },
    { ...KEYS, apiVersion: "v1/../v1" },
    { ...KEYS, apiVersion: "a.b/v1/c" },
    { ...KEYS, apiVersion: "" },
    { ...KEYS, kind: "Config/Map" },
    { apiVersion: "v1", kind: "Namespace", namespace: "a", name: "a" },
  ])("asks nobody for %j", async (object) => {
    const api = fakeApi(() => json(keys()));
    await expect(open(api).get(object, { signal })).rejects.toMatchObject({ code: "ERR_CLUSTER_PATH" });
    expect(api.asked).toEqual([]);
  });
});

describe("what the server answers", () => {
  const page = "<!doctype html><title>Sign in</title>";
  it.each<[string, () => Response | Promise<Response>, string, string]>([
    [
      "403",
      () => status(403, "Forbidden", 'configmaps "keys" is forbidden: User "ada" cannot get resource "configmaps"'),
      "ERR_CLUSTER_FORBIDDEN",
      'Cannot get the ConfigMap "team-a/keys": https://api.example:6443 refuses this to user "ada" of context "dev": ' +
      'configmaps "keys" is forbidden: User "ada" cannot get resource "configmaps"',
    ],
    [
      "401",
      () => status(401, "Unauthorized", "Unauthorized"),
      "ERR_CLUSTER_FORBIDDEN",
      'does not know user "ada" of context "dev": Unauthorized',
    ],
    ["403 with a page", () => new Response(page, { status: 403 }), "ERR_CLUSTER_FORBIDDEN", "refuses this to"],
    ["404 with a page", () => new Response(page, { status: 404 }), "ERR_CLUSTER", "HTTP status 404"],
    ["404 with other JSON", () => json({ error: "no" }, 404), "ERR_CLUSTER", "HTTP status 404"],
    ["500", () => status(500, "InternalError", "etcd\u001b[31m down"), "ERR_CLUSTER", "HTTP status 500: etcd\\x1b[31m"],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { location: "http://169.254.169.254/" } }),
      "ERR_CLUSTER",
      "redirects, which API servers do not",
    ],
    ["a redirect a browser hides", () => Response.error(), "ERR_CLUSTER", "redirects"],
    [
      "a page",
      () => new Response(page, { headers: { "content-type": "text/html" } }),
      "ERR_CLUSTER",
      'the media type "text/html", expected application/json',
    ],
    [
      "no JSON",
      () => new Response(page, { headers: { "content-type": "application/json" } }),
      "ERR_CLUSTER",
      "no JSON",
    ],
    [
      "a name twice",
      () => new Response('{"kind":"ConfigMap","kind":"Secret"}', { headers: { "content-type": "application/json" } }),
      "ERR_CLUSTER",
      "no JSON",
    ],
    [
      "nesting without end",
      () => new Response("[".repeat(1_000), { headers: { "content-type": "application/json" } }),
      "ERR_CLUSTER",
      "no JSON",
    ],
    ["204", () => new Response(null, { status: 204 }), "ERR_CLUSTER", "HTTP status 204"],
    [
      "another object",
      () => json({ ...keys(), metadata: { name: "other", namespace: "team-a" } }),
      "ERR_CLUSTER",
      "else",
    ],
    ["another namespace", () => json({ ...keys(), metadata: { name: "keys" } }), "ERR_CLUSTER", "something else"],
    ["another kind", () => json({ ...keys(), kind: "Secret" }), "ERR_CLUSTER", "something else"],
    ["a list", () => json([keys()]), "ERR_CLUSTER", "something else"],
    [
      "more than its limit",
      () => json(keys({ a: "b".repeat(MAX_OBJECT_BYTES) })),
      "ERR_TOO_LARGE",
      "more than 4194304",
    ],
    ["nothing", () => Promise.reject(new TypeError("connection refused")), "ERR_CLUSTER", "connection refused"],
  ])("%s", async (_, answer, code, message) => {
    const api = fakeApi(answer);
    await expect(open(api).get(KEYS, { signal })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it.each<[string, () => Response]>([
    ["a Status", NOT_FOUND],
    [
      "text of a path without a handler",
      () => new Response("404 page not found\n", { status: 404, headers: { "content-type": "text/plain" } }),
    ],
  ])("404 as %s says that there is none", async (_, answer) => {
    expect(await open(fakeApi(answer)).get(KEYS, { signal })).toBeUndefined();
  });

  it("an endless body ends with the limit", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 64 * 1024;
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
      },
    });
    const api = fakeApi(() => new Response(body, { headers: { "content-type": "application/json" } }));
    await expect(open(api).get(KEYS, { signal })).rejects.toMatchObject({ code: "ERR_TOO_LARGE" });
    expect(sent).toBeLessThan(MAX_OBJECT_BYTES * 1.1);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ["a server that never answers", () => new Promise(() => {})],
    [
      "a body that never comes",
      () => new Response(new ReadableStream(), { headers: { "content-type": "application/json" } }),
    ],
  ])("%s is given up with the signal", async (_, answer) => {
    const asked = open(fakeApi(answer)).get(KEYS, { signal: AbortSignal.timeout(20) });
    await expect(asked).rejects.toMatchObject({ code: "ERR_DEADLINE" });
  });

  it("no message names the token", async () => {
    for (const answer of [() => status(403, "Forbidden", "no"), () => Promise.reject(new Error("no"))]) {
      const error = await open(fakeApi(answer)).get(KEYS, { signal }).catch((thrown) => thrown);
      expect((error as Error).message).not.toContain("secret-token");
    }
  });
});

describe("asking again", () => {
  it.each<[string, () => Response | Promise<Response>, number]>([
    ["429 with Retry-After", () => status(429, "TooManyRequests", "slow", { "retry-after": "1" }), 1_000],
    ["503", () => status(503, "ServiceUnavailable", "starting"), 200],
    ["a connection that failed", () => Promise.reject(new TypeError("reset")), 200],
  ])("once after %s", async (_, first, wait) => {
    const api = fakeApi((_path, index) => index === 0 ? first() : json(keys()));
    expect(await open(api).get(KEYS, { signal })).toEqual(keys());
    expect(api.slept).toEqual([wait]);
    const always = fakeApi(first);
    await expect(open(always).get(KEYS, { signal })).rejects.toMatchObject({ code: "ERR_CLUSTER" });
    expect(always.asked).toHaveLength(2);
  });

  it.each<[string, () => Response]>([
    ["a wait that is too long", () => status(429, "TooManyRequests", "slow", { "retry-after": "60" })],
    ["a refusal", () => status(403, "Forbidden", "no")],
    ["a defect", () => status(500, "InternalError", "no")],
  ])("not after %s", async (_, answer) => {
    const api = fakeApi(answer);
    await expect(open(api).get(KEYS, { signal })).rejects.toThrow();
    expect(api.asked).toHaveLength(1);
  });

  it("with a newer token, once, when the first is not known", async () => {
    const tokens: (string | undefined)[] = [];
    const api = fakeApi(
      (_, index) => index === 0 ? status(401, "Unauthorized", "Unauthorized") : json(keys()),
      {
        authorize: (refused) => {
          tokens.push(refused);
          return Promise.resolve(refused === undefined ? "Bearer old" : "Bearer new");
        },
      },
    );
    expect(await open(api).get(KEYS, { signal })).toEqual(keys());
    expect(tokens).toEqual([undefined, "Bearer old"]);
    expect(api.requests.map(({ init }) => init.headers["authorization"])).toEqual(["Bearer old", "Bearer new"]);
    const never = fakeApi(() => status(401, "Unauthorized", "Unauthorized"));
    await expect(open(never).get(KEYS, { signal })).rejects.toMatchObject({ code: "ERR_CLUSTER_FORBIDDEN" });
    expect(never.asked).toHaveLength(1);
  });
});

describe("list()", () => {
  const item = (name: string, namespace = "team-a") => ({ metadata: { name, namespace } });
  const page = (items: readonly unknown[], token?: string) =>
    json({
      kind: "ConfigMapList",
      apiVersion: "v1",
      metadata: { resourceVersion: "7", ...(token === undefined ? {} : { continue: token }) },
      items,
    });
  const MAPS = { apiVersion: "v1", kind: "ConfigMap", namespace: "team-a" } as const;

  it("asks for every page, and gives whole objects", async () => {
    const api = fakeApi((_, index) => index === 0 ? page([item("a")], "A&b=c") : page([item("b")]));
    const found = await open(api).list({ ...MAPS, labelSelector: "use=trust,tier!=db" }, { signal });
    expect(found).toEqual([item("a"), item("b")].map((one) => ({ ...one, apiVersion: "v1", kind: "ConfigMap" })));
    const [first, second] = api.asked.map((path) => new URL(path, "https://a"));
    expect(first?.pathname).toBe("/api/v1/namespaces/team-a/configmaps");
    expect([...first?.searchParams ?? []]).toEqual([
      ["limit", String(PAGE_OBJECTS)],
      ["labelSelector", "use=trust,tier!=db"],
    ]);
    expect(second?.searchParams.get("continue")).toBe("A&b=c");
    expect(second?.searchParams.get("labelSelector")).toBe("use=trust,tier!=db");
  });

  it("asks all namespaces", async () => {
    const api = fakeApi(() => page([item("a", "x"), item("a", "y")]));
    expect(await open(api).list({ ...MAPS, namespace: "" }, { signal })).toHaveLength(2);
    expect(api.asked).toEqual([`/api/v1/configmaps?limit=${PAGE_OBJECTS}`]);
  });

  it("begins again, once, when the rest has expired", async () => {
    const expired = () => status(410, "Expired", "The provided continue parameter is too old");
    const answers = [page([item("a")], "1"), expired(), page([item("a")], "2"), page([item("b")])];
    const api = fakeApi((_, index) => answers[index] as Response);
    expect(await open(api).list(MAPS, { signal })).toHaveLength(2);
    const always = fakeApi(expired);
    await expect(open(always).list(MAPS, { signal })).rejects.toMatchObject({ code: "ERR_CLUSTER" });
    expect(always.asked).toHaveLength(2);
  });

  it.each<[string, (index: number) => Response, string]>([
    ["pages without end", () => page([item("a")], "same"), "ERR_TOO_LARGE"],
    ["objects without end", () => page(new Array(5_000).fill(item("a")), "more"), "ERR_TOO_LARGE"],
    ["another namespace's objects", () => page([item("a", "team-b")]), "ERR_CLUSTER"],
    ["items that are no objects", () => page([1]), "ERR_CLUSTER"],
    [
      "a token that is no text",
      () => json({ kind: "ConfigMapList", metadata: { continue: 7 }, items: [] }),
      "ERR_CLUSTER",
    ],
    ["another list", () => json({ kind: "SecretList", metadata: {}, items: [] }), "ERR_CLUSTER"],
    ["items that are no array", () => json({ kind: "ConfigMapList", metadata: {}, items: {} }), "ERR_CLUSTER"],
    ["a second page that is gone", (index) => index === 0 ? page([item("a")], "1") : NOT_FOUND(), "ERR_CLUSTER"],
  ])("refuses %s", async (_, answer, code) => {
    const api = fakeApi((_path, index) => answer(index));
    await expect(open(api).list(MAPS, { signal })).rejects.toMatchObject({ code });
    expect(api.asked.length).toBeLessThanOrEqual(MAX_LIST_PAGES);
  });

  it("refuses a selector before anybody is asked", async () => {
    const api = fakeApi(() => page([]));
    await expect(open(api).list({ ...MAPS, labelSelector: "a=b&watch=1" }, { signal })).rejects.toMatchObject({
      code: "ERR_CLUSTER_PATH",
    });
    expect(api.asked).toEqual([]);
  });
});

describe("kinds that are not Kubernetes' own", () => {
  const resources = [
    { name: "oxen", kind: "Ox", namespaced: true, verbs: ["get"] },
    { name: "oxen/status", kind: "Ox", namespaced: true, verbs: ["get"] },
    { name: "barns", kind: "Barn", namespaced: false, verbs: ["get"] },
    { name: "../x", kind: "Rat", namespaced: true, verbs: ["get"] },
  ];
  const discovery = () =>
    json({ kind: "APIResourceList", apiVersion: "v1", groupVersion: "farm.example/v1", resources });
  const ox = { apiVersion: "farm.example/v1", kind: "Ox", metadata: { name: "bob", namespace: "a" } };
  const answer = (path: string) => path === "/apis/farm.example/v1" ? discovery() : json(ox);
  const BOB = { apiVersion: "farm.example/v1", kind: "Ox", namespace: "a", name: "bob" } as const;

  it("are called as the server says, which is asked once", async () => {
    const api = fakeApi(answer);
    const cluster = open(api);
    expect(await cluster.get(BOB, { signal })).toEqual(ox);
    expect(await cluster.get(BOB, { signal })).toEqual(ox);
    expect(api.asked).toEqual([
      "/apis/farm.example/v1",
      "/apis/farm.example/v1/namespaces/a/oxen/bob",
      "/apis/farm.example/v1/namespaces/a/oxen/bob",
    ]);
  });

  it("are asked for again after a while, and sooner where there was none", async () => {
    let now = Date.parse("2026-11-24T00:00:00Z");
    const api = fakeApi(answer, { now: () => new Date(now) });
    const cluster = open(api);
    const asked = () => api.asked.filter((path) => path === "/apis/farm.example/v1").length;
    const GOAT = { ...BOB, kind: "Goat" };
    await cluster.get(BOB, { signal });
    now += 9_000;
    expect(await cluster.get(GOAT, { signal })).toBeUndefined();
    expect(asked()).toBe(1);
    now += 2_000;
    expect(await cluster.get(GOAT, { signal })).toBeUndefined();
    expect(asked()).toBe(2);
    now += 299_000;
    await cluster.get(BOB, { signal });
    expect(asked()).toBe(2);
    now += 2_000;
    await cluster.get(BOB, { signal });
    expect(asked()).toBe(3);
  });

  it("are none where the server knows no such group, version or kind", async () => {
    const none = fakeApi(() => new Response("404 page not found\n", { status: 404 }));
    expect(await open(none).get(BOB, { signal })).toBeUndefined();
    expect(await open(none).list({ apiVersion: "farm.example/v1", kind: "Ox", namespace: "" }, { signal })).toEqual([]);
  });

  it("are never guessed: what the server does not say is no answer", async () => {
    const forbidden = fakeApi(() => status(403, "Forbidden", "no"));
    await expect(open(forbidden).get(BOB, { signal })).rejects.toMatchObject({ code: "ERR_CLUSTER_FORBIDDEN" });
    const odd = fakeApi(() => json({ kind: "APIGroupList" }));
    await expect(open(odd).get(BOB, { signal })).rejects.toMatchObject({ code: "ERR_CLUSTER" });
  });

  it("are asked for with a namespace where they have one, and only there", async () => {
    const cluster = open(fakeApi(answer));
    const wrong = [{ ...BOB, namespace: "" }, { ...BOB, kind: "Barn" }];
    for (const object of wrong) {
      await expect(cluster.get(object, { signal })).rejects.toMatchObject({ code: "ERR_CLUSTER_PATH" });
    }
    expect(await cluster.get({ ...BOB, kind: "Rat" }, { signal })).toBeUndefined();
  });
});

describe("read()", () => {
  it("gives the JSON at a path, and undefined for none", async () => {
    const api = fakeApi((_, index) => index === 0 ? json({ kind: "SecretList", items: [] }) : NOT_FOUND());
    const path = "/api/v1/namespaces/a/secrets?labelSelector=a%3Db";
    expect(await open(api).read(path, { signal })).toEqual({ kind: "SecretList", items: [] });
    expect(await open(api).read(path, { signal })).toBeUndefined();
    expect(api.asked).toEqual([path, path]);
  });

  it("asks nobody for what leads out of the API", async () => {
    const api = fakeApi(() => json({}));
    for (
      const path of ["/api/v1/../../metrics", "//evil.example/api", "@evil.example/api/v1", "/api/v1/nodes/a/proxy"]
    ) {
      await expect(open(api).read(path, { signal })).rejects.toMatchObject({ code: "ERR_CLUSTER_PATH" });
    }
    expect(api.asked).toEqual([]);
  });
});
