/** Challenges answered: which token is asked for where, with whose credentials, how often, and how long it is kept. */
import { describe, expect, it } from "vitest";
import {
  BASE,
  blob,
  failure,
  fakeRegistry,
  password,
  refuse,
  type Request,
  type Route,
  signal,
} from "./fake_registry.ts";

const layer = blob("the layer");
const blobUrl = `${BASE}/blobs/${layer.descriptor.digest}`;
const options = { signal, maxBytes: 1000 };
const REALM = "https://auth.registry.example/token";
const bearer = (realm: string, rest = ',service="registry.example",scope="repository:a/b:pull"') =>
  `Bearer realm="${realm}"${rest}`;
const credentials = { "registry.example": password("user", "päss:word") };
const basicValue = `Basic ${btoa(unescape(encodeURIComponent("user:päss:word")))}`;

/** Answers 401 with the challenge until the right token comes. */
const guarded = (challenge: string, accepted: (value: string) => boolean): Route => ({ headers }) =>
  accepted(headers["authorization"] ?? "")
    ? new Response(new Uint8Array(layer.bytes))
    : refuse(401, null, { "www-authenticate": challenge });

const tokens = (body: unknown = { token: "t1" }, status = 200): Route => () => Response.json(body, { status });
const tokenUrl = (realm = REALM, scope = "repository:a/b:pull") =>
  `${realm}?service=registry.example&scope=${encodeURIComponent(scope).replaceAll("%20", "+")}`;
const authorizations = (requests: readonly Request[]) => requests.map(({ headers }) => headers["authorization"]);

describe("bearer tokens", () => {
  it("are fetched anonymously where there are no credentials", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), (value) => value === "Bearer t1"),
      [`GET ${tokenUrl()}`]: tokens(),
    });
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
    expect(authorizations(registry.requests)).toEqual([undefined, undefined, "Bearer t1"]);
  });

  it.each([
    ["the registry itself", "https://registry.example/token"],
    ["a name below it", "https://auth.registry.example/token"],
  ])("are fetched with the credentials at %s", async (_, realm) => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(realm), (value) => value === "Bearer t1"),
      [`GET ${tokenUrl(realm)}`]: tokens(),
    }, credentials);
    await registry.open().fetchBlob(layer.descriptor, options);
    expect(authorizations(registry.requests)).toEqual([undefined, basicValue, "Bearer t1"]);
  });

  it("are fetched from Docker Hub's neighbour with the credentials of docker.io", async () => {
    const hubBlob = `https://registry-1.docker.io/v2/a/b/blobs/${layer.descriptor.digest}`;
    const realm = "https://auth.docker.io/token";
    const registry = fakeRegistry({
      [`GET ${hubBlob}`]: guarded(bearer(realm), (value) => value === "Bearer t1"),
      [`GET ${tokenUrl(realm)}`]: tokens(),
    }, { "docker.io": password("hub", "x") });
    await registry.open({}, "docker.io/a/b").fetchBlob(layer.descriptor, options);
    expect(authorizations(registry.requests)).toEqual([undefined, `Basic ${btoa("hub:x")}`, "Bearer t1"]);
  });

  it("are fetched anonymously from another site, and the refusal says why", async () => {
    const realm = "https://elsewhere.example.org/token";
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(realm), () => false),
      [`GET ${tokenUrl(realm)}`]: tokens(),
    }, credentials);
    const { code, message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_UNAUTHORIZED");
    expect(authorizations(registry.requests)).toEqual([undefined, undefined, "Bearer t1"]);
    expect(message).toContain('"auths" of a test, for "registry.example", is not sent to another site');
    expect(message).not.toContain("päss");
  });

  it("take access_token for token, and a missing service", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(`Bearer realm="${REALM}"`, (value) => value === "Bearer t2"),
      [`GET ${REALM}?scope=repository%3Aa%2Fb%3Apull`]: tokens({ token: "", access_token: "t2" }),
    });
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
  });

  it("are asked for the scopes of the challenge, each a parameter", async () => {
    const challenge = bearer(REALM, ',service="registry.example",scope="repository:a/b:pull,push aws"');
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(challenge, (value) => value === "Bearer t1"),
      [`GET ${REALM}?service=registry.example&scope=repository%3Aa%2Fb%3Apull%2Cpush&scope=aws`]: tokens(),
    });
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
  });

  it("are fetched once for requests that run at the same time", async () => {
    const layers = ["a", "b", "c"].map((name) => blob(name));
    const registry = fakeRegistry({
      ...Object.fromEntries(layers.map(({ bytes, descriptor }) => [
        `GET ${BASE}/blobs/${descriptor.digest}`,
        (request: Request) =>
          request.headers["authorization"] === "Bearer t1"
            ? new Response(new Uint8Array(bytes))
            : refuse(401, null, { "www-authenticate": bearer(REALM) }),
      ])),
      [`GET ${tokenUrl()}`]: tokens(),
    }, credentials);
    await Promise.all(layers.map(({ descriptor }) => registry.open().fetchBlob(descriptor, options)));
    expect(registry.requests.filter(({ url }) => url === tokenUrl())).toHaveLength(1);
    expect(registry.requests).toHaveLength(7);
  });

  it("are kept to 0.8 of their life, and fetched at once when it is over", async () => {
    let issued = 0;
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), (value) => value.startsWith("Bearer t")),
      [`GET ${tokenUrl()}`]: () => Response.json({ token: `t${++issued}`, expires_in: 100 }),
    });
    const ask = async () => {
      await registry.open().fetchBlob(layer.descriptor, options);
      return authorizations(registry.requests).at(-1);
    };
    expect(await ask()).toBe("Bearer t1");
    registry.time += 79_999;
    expect(await ask()).toBe("Bearer t1");
    registry.time += 1;
    expect(await ask()).toBe("Bearer t2");
    // 401, token, 200; 200; token, 200: the registry is known to want a token.
    expect(registry.requests).toHaveLength(6);
  });

  it("live 60 s when they do not say", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), (value) => value === "Bearer t1"),
      [`GET ${tokenUrl()}`]: tokens(),
    });
    const ask = () => registry.open().fetchBlob(layer.descriptor, options);
    await ask();
    registry.time += 47_999;
    await ask();
    expect(registry.requests).toHaveLength(4);
    registry.time += 1;
    await ask();
    expect(registry.requests).toHaveLength(6);
  });

  it("cost another repository of the same registry no 401", async () => {
    const otherUrl = blobUrl.replace("/a/b/", "/c/");
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), (value) => value === "Bearer t1"),
      [`GET ${otherUrl}`]: guarded(bearer(REALM, ""), (value) => value === "Bearer t2"),
      [`GET ${tokenUrl()}`]: tokens(),
      [`GET ${tokenUrl(REALM, "repository:c:pull")}`]: tokens({ token: "t2" }),
    });
    await registry.open().fetchBlob(layer.descriptor, options);
    await registry.open({}, "registry.example/c").fetchBlob(layer.descriptor, options);
    expect(authorizations(registry.requests)).toEqual([undefined, undefined, "Bearer t1", undefined, "Bearer t2"]);
  });

  it("are asked for a scope without a repository again for the next one, whatever letters its name has", async () => {
    const scope = ',service="registry.example",scope="aws"';
    const other = `https://registry.example/v2/a/blobs/${layer.descriptor.digest}`;
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM, scope), (value) => value === "Bearer t1"),
      [`GET ${other}`]: guarded(bearer(REALM, scope), (value) => value === "Bearer t1"),
      [`GET ${tokenUrl(REALM, "aws")}`]: tokens(),
    });
    await registry.open({}, "registry.example/a").fetchBlob(layer.descriptor, options);
    await registry.open().fetchBlob(layer.descriptor, options);
    expect(authorizations(registry.requests)).toEqual([undefined, undefined, "Bearer t1", undefined, "Bearer t1"]);
  });

  it("that were withdrawn are replaced once", async () => {
    let valid = "t1";
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), (value) => value === `Bearer ${valid}`),
      [`GET ${tokenUrl()}`]: () => Response.json({ token: valid }),
    });
    await registry.open().fetchBlob(layer.descriptor, options);
    valid = "t2";
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
    expect(registry.requests).toHaveLength(6);
  });

  it("that are never accepted end after one try, whatever the challenge says next", async () => {
    let challenges = 0;
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: () =>
        refuse(401, null, { "www-authenticate": bearer(`https://auth${++challenges}.registry.example/token`) }),
      [`GET ${tokenUrl("https://auth1.registry.example/token")}`]: tokens(),
      [`GET ${tokenUrl("https://auth2.registry.example/token")}`]: tokens(),
    });
    const { code, message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_UNAUTHORIZED");
    expect(registry.requests).toHaveLength(3);
    expect(message).toContain('scope "repository:a/b:pull"');
    expect(message).toContain('there are no credentials for "registry.example"');
  });

  it("outlive the time of whoever asked for them first", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), (value) => value === "Bearer t1"),
      [`GET ${tokenUrl()}`]: () =>
        new Promise((resolve) => setTimeout(() => resolve(Response.json({ token: "t1" })), 120)),
    });
    const hurried = failure(
      registry.open().fetchBlob(layer.descriptor, { ...options, signal: AbortSignal.timeout(60) }),
    );
    const patient = registry.open().fetchBlob(layer.descriptor, options);
    expect(await hurried).toMatchObject({ code: "ERR_DEADLINE" });
    expect(await patient).toEqual(layer.bytes);
  });

  it("are asked for anew where a request for them never ends, as those of a worker's request that is over", async () => {
    const answers = [() => new Promise<Response>(() => {}), tokens()] as const;
    let asked = 0;
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), (value) => value === "Bearer t1"),
      [`GET ${tokenUrl()}`]: (request) => (answers[asked++] ?? tokens({}, 500))(request),
    });
    registry.sharedPatience = 20;
    void registry.open().fetchBlob(layer.descriptor, { ...options, signal: new AbortController().signal });
    await expect.poll(() => asked).toBe(1);
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
    expect(asked).toBe(2);
  });

  it("are not waited for longer than a request's own time, whoever asked for them", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), () => false),
      [`GET ${tokenUrl()}`]: () => new Promise(() => {}),
    });
    const ask = (signal: AbortSignal) => failure(registry.open().fetchBlob(layer.descriptor, { ...options, signal }));
    // Whoever waited for the patient one, too, would wait for ever.
    const patience = new AbortController();
    const patient = ask(patience.signal);
    expect(await ask(AbortSignal.timeout(60))).toMatchObject({ code: "ERR_DEADLINE" });
    patience.abort(new DOMException("over", "TimeoutError"));
    expect(await patient).toMatchObject({ code: "ERR_DEADLINE" });
  });

  it("are not waited for where the credentials never come", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded(bearer(REALM), () => false) });
    registry.credentials = () => new Promise(() => {});
    const work = registry.open().fetchBlob(layer.descriptor, { ...options, signal: AbortSignal.timeout(60) });
    const { code, message } = await failure(work);
    expect(code).toBe("ERR_DEADLINE");
    expect(message).toContain('waiting for the credentials for "registry.example"');
  });

  it.each<[string, Route, string]>([
    ["401", tokens({ errors: [{ code: "UNAUTHORIZED", message: "bad password" }] }, 401), "ERR_REGISTRY_UNAUTHORIZED"],
    ["403", tokens({}, 403), "ERR_REGISTRY_UNAUTHORIZED"],
    ["404", tokens({}, 404), "ERR_REGISTRY_NOT_FOUND"],
    ["503", tokens({}, 503), "ERR_REGISTRY_UNAVAILABLE"],
    ["a page", () => new Response("<html>"), "ERR_REGISTRY_RESPONSE"],
    ["no token", tokens({ expires_in: 60 }), "ERR_REGISTRY_RESPONSE"],
    ["a token that is a number", tokens({ token: 1 }), "ERR_REGISTRY_RESPONSE"],
    ["a token with a line break", tokens({ token: "a\r\nx-evil: 1" }), "ERR_REGISTRY_RESPONSE"],
    ["100 kB", () => new Response(JSON.stringify({ token: "x".repeat(100_000) })), "ERR_REGISTRY_RESPONSE"],
  ])("are not read out of %s", async (_, answer, code) => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), () => false),
      [`GET ${tokenUrl()}`]: answer,
    }, credentials);
    const error = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(error).toMatchObject({ code });
    expect(error.message).not.toContain("päss");
  });

  /** The canary answers with a token; it must never be asked. */
  it.each([
    "http://auth.registry.example/token",
    "https://127.0.0.1/token",
    "https://localhost:5001/token",
    "https://169.254.169.254/token",
    "https://10.0.0.1/token",
    "https://auth.internal/token",
    "https://auth/token",
    "https://user:pass@auth.registry.example/token",
    "ftp://auth.registry.example/token",
    "file:///etc/passwd",
  ])("are never asked for at %s", async (realm) => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded(bearer(realm), () => false) }, credentials);
    registry.routes.set(`GET ${tokenUrl(realm)}`, tokens());
    expect(await failure(registry.open().fetchBlob(layer.descriptor, options))).toMatchObject({
      code: "ERR_REGISTRY_REFUSED",
    });
    expect(registry.requests).toHaveLength(1);
  });

  it.each(["", "not a url", "/token"])("are never asked for at %j", async (realm) => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded(bearer(realm), () => false) });
    expect(await failure(registry.open().fetchBlob(layer.descriptor, options))).toMatchObject({
      code: "ERR_REGISTRY_RESPONSE",
    });
    expect(registry.requests).toHaveLength(1);
  });

  it("do not carry the credentials where the token endpoint redirects to", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(bearer(REALM), (value) => value === "Bearer t1"),
      [`GET ${tokenUrl()}`]: () => refuse(307, null, { location: "https://other.example.org/token" }),
      "GET https://other.example.org/token": tokens(),
    }, credentials);
    await registry.open().fetchBlob(layer.descriptor, options);
    expect(authorizations(registry.requests)).toEqual([undefined, basicValue, undefined, "Bearer t1"]);
  });
});

describe("basic", () => {
  const challenge = 'Basic realm="a, b"';

  it("is sent after a challenge, and at once from then on", async () => {
    const registry = fakeRegistry(
      { [`GET ${blobUrl}`]: guarded(challenge, (value) => value === basicValue) },
      credentials,
    );
    await registry.open().fetchBlob(layer.descriptor, options);
    await registry.open().fetchBlob(layer.descriptor, options);
    expect(authorizations(registry.requests)).toEqual([undefined, basicValue, basicValue]);
  });

  it("is not sent a second time when it was refused", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded(challenge, () => false) }, credentials);
    const { code, message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_UNAUTHORIZED");
    expect(message).toContain('asked with "auths" of a test, for "registry.example"');
    await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(registry.requests).toHaveLength(3);
  });

  it("needs credentials, and the refusal says that there are none", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded(challenge, () => false) });
    const { code, message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(code).toBe("ERR_REGISTRY_UNAUTHORIZED");
    expect(message).toContain('asked anonymously, there are no credentials for "registry.example"');
    expect(registry.requests).toHaveLength(1);
  });

  it("gives way to a bearer challenge in the same field", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(`Negotiate, Basic realm="x", ${bearer(REALM)}`, (value) => value === "Bearer t1"),
      [`GET ${tokenUrl()}`]: tokens(),
    });
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
  });

  it("is never sent where the runtime follows redirects by itself", async () => {
    const registry = fakeRegistry(
      { [`GET ${blobUrl}`]: guarded(challenge, (value) => value === basicValue) },
      credentials,
    );
    const work = registry.open({ redirect: "follow" }).fetchBlob(layer.descriptor, options);
    expect(await failure(work)).toMatchObject({ code: "ERR_REGISTRY_UNAUTHORIZED" });
    expect(authorizations(registry.requests)).toEqual([undefined]);
  });

  it("is that of the mirror's host, never the registry's", async () => {
    const url = `https://mirror.example/v2/a/b/blobs/${layer.descriptor.digest}`;
    const registry = fakeRegistry({ [`GET ${url}`]: guarded(challenge, (value) => value === `Basic ${btoa("m:m")}`) }, {
      ...credentials,
      "mirror.example": password("m", "m"),
    });
    const mirrors = new Map([["registry.example", "https://mirror.example"]]);
    expect(await registry.open({ mirrors }).fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
  });
});

it.each([
  ["an unknown scheme", "Negotiate", 'it asks for "negotiate", expected "bearer" or "basic"'],
  ["a broken challenge", "???", "it asks for nothing"],
  ["bearer without realm", 'Bearer service="x"', 'it asks for "bearer"'],
])("%s is refused in words", async (_, challenge, words) => {
  const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded(challenge, () => false) }, credentials);
  const { code, message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
  expect(code).toBe("ERR_REGISTRY_UNAUTHORIZED");
  expect(message).toContain(words);
  expect(registry.requests).toHaveLength(1);
});
