/**
 * Tokens for those who have more than a password: exchanged, sent as they are, kept apart, and shown to nobody else.
 */
import { describe, expect, it } from "vitest";
import type { Credential } from "../../../src/ports.ts";
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
const SCOPE = "repository:a/b:pull";
const challengeOf = (realm: string, scope = SCOPE) =>
  `Bearer realm="${realm}",service="registry.example",scope="${scope}"`;
const guarded = (challenge: string, accepted: string): Route => ({ headers }) =>
  headers["authorization"] === accepted
    ? new Response(new Uint8Array(layer.bytes))
    : refuse(401, null, { "www-authenticate": challenge });
const tokenUrl = (realm = REALM) => `${realm}?service=registry.example&scope=${encodeURIComponent(SCOPE)}`;
const sent = (requests: readonly Request[]) =>
  requests.map(({ method, url, headers, body }) => [`${method} ${new URL(url).host}`, headers["authorization"], body]);

const source = '"auths" of a test';
const identity: Credential = { type: "identityToken", token: "refresh+me&=", source };

describe("an identity token", () => {
  const form = "grant_type=refresh_token&service=registry.example&client_id=edge-notary" +
    "&scope=repository%3Aa%2Fb%3Apull&refresh_token=refresh%2Bme%26%3D";

  it("is exchanged by OAuth2", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(challengeOf(REALM), "Bearer t1"),
      [`POST ${REALM}`]: ({ headers }) =>
        Response.json(
          headers["content-type"] === "application/x-www-form-urlencoded"
            ? { access_token: "t1", refresh_token: "other", expires_in: 60 }
            : {},
        ),
    }, { "registry.example": identity });
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
    expect(sent(registry.requests)[1]).toEqual(["POST auth.registry.example", undefined, form]);
  });

  it.each([404, 405])("is the password where the endpoint answers POST with %i", async (status) => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(challengeOf(REALM), "Bearer t1"),
      [`POST ${REALM}`]: () => refuse(status),
      [`GET ${tokenUrl()}`]: () => Response.json({ token: "t1" }),
    }, { "registry.example": { ...identity, username: "0000" } });
    expect(await registry.open().fetchBlob(layer.descriptor, options)).toEqual(layer.bytes);
    expect(sent(registry.requests)[2]?.[1]).toBe(`Basic ${btoa("0000:refresh+me&=")}`);
  });

  it.each([400, 401, 403])("is not tried another way when it was refused with %i", async (status) => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(challengeOf(REALM), "Bearer t1"),
      [`POST ${REALM}`]: () => refuse(status, JSON.stringify({ error: "invalid_grant" })),
      [`GET ${tokenUrl()}`]: () => Response.json({ token: "t1" }),
    }, { "registry.example": identity });
    const { message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(registry.requests).toHaveLength(2);
    expect(message).toContain(`with ${source}, for "registry.example" for scope "${SCOPE}"`);
    expect(message).not.toContain("refresh+me");
  });

  it("does not follow a redirect to another place", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(challengeOf(REALM), "Bearer t1"),
      [`POST ${REALM}`]: () => refuse(307, null, { location: "https://auth2.registry.example/token" }),
    }, { "registry.example": identity });
    expect(await failure(registry.open().fetchBlob(layer.descriptor, options))).toMatchObject({
      code: "ERR_REGISTRY_REFUSED",
    });
    expect(registry.requests).toHaveLength(2);
  });

  it("is not sent to another site", async () => {
    const realm = "https://elsewhere.example.org/token";
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(challengeOf(realm), "Bearer other"),
      [`GET ${tokenUrl(realm)}`]: () => Response.json({ token: "t1" }),
    }, { "registry.example": identity });
    const { message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(registry.requests.map(({ method }) => method)).toEqual(["GET", "GET", "GET"]);
    expect(registry.requests.every(({ body }) => body === "")).toBe(true);
    expect(message).toContain("is not sent to another site");
  });

  it("is nothing for a registry that asks for user and password", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded('Basic realm="x"', "none") }, {
      "registry.example": identity,
    });
    const { message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(registry.requests).toHaveLength(1);
    expect(message).toContain("it is a token, and the registry asks for user and password");
  });
});

describe("a registry token", () => {
  const token: Credential = { type: "registryToken", token: "direct", source };

  it("is sent as it is, after a challenge and at once from then on", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded(challengeOf(REALM), "Bearer direct") }, {
      "registry.example": token,
    });
    await registry.open().fetchBlob(layer.descriptor, options);
    await registry.open().fetchBlob(layer.descriptor, options);
    expect(sent(registry.requests).map(([, authorization]) => authorization))
      .toEqual([undefined, "Bearer direct", "Bearer direct"]);
  });

  it("is not sent twice when it was refused, and the refusal names its source and the scope", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded(challengeOf(REALM), "Bearer other") }, {
      "registry.example": token,
    });
    const { code, message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(registry.requests).toHaveLength(3);
    expect(code).toBe("ERR_REGISTRY_UNAUTHORIZED");
    expect(message).toContain(`asked with ${source}, for "registry.example", where scope "${SCOPE}" is needed`);
    expect(message).not.toContain("direct");
  });

  it("with a line break is no token", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: guarded(challengeOf(REALM), "none") }, {
      "registry.example": { ...token, token: "a\r\nx-evil: 1" },
    });
    const { message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(registry.requests).toHaveLength(1);
    expect(message).toContain("it is no token");
  });
});

describe("token endpoints of another site", () => {
  const realm = "https://login.example.org/token";
  const routes = {
    [`GET ${blobUrl}`]: guarded(challengeOf(realm), "Bearer t1"),
    [`GET ${tokenUrl(realm)}`]: () => Response.json({ token: "t1" }),
  };
  const credentials = { "registry.example": password("ada", "secret") };

  it.each<[string, string, string, boolean]>([
    ["the host the operator names", "registry.example", "login.example.org", true],
    ["another port of it", "registry.example", "login.example.org:8443", false],
    ["a host named for another registry", "other.example", "login.example.org", false],
  ])("see the credentials: %s", async (_, registryHost, host, expected) => {
    const registry = fakeRegistry(routes, credentials);
    const realmHosts = new Map([[registryHost, new Set([host])]]);
    await registry.open({ realmHosts }).fetchBlob(layer.descriptor, options);
    expect(registry.requests[1]?.headers["authorization"] !== undefined).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ["registry.gitlab.com", "https://gitlab.com/jwt/auth", true],
    ["quay.io", "https://quay.io/v2/auth", true],
    ["docker.io", "https://auth.docker.io/token", true],
    ["docker.io", "https://auth.docker.io.example.org/token", false],
    ["rg.fr-par.scw.cloud", "https://api.scaleway.com/registry-internal/v1/regions/fr-par/tokens", true],
    ["functions.fr-par.scw.cloud", "https://api.scaleway.com/tokens", false],
    ["registry.example", "https://api.scaleway.com/tokens", false],
    ["registry.example", "https://auth.docker.io/token", false],
  ])("see the credentials of %s at %s: %s", async (host, realm, expected) => {
    const dialled = host === "docker.io" ? "registry-1.docker.io" : host;
    const url = `https://${dialled}/v2/a/b/blobs/${layer.descriptor.digest}`;
    const registry = fakeRegistry({
      [`GET ${url}`]: guarded(challengeOf(realm), "Bearer t1"),
      [`GET ${tokenUrl(realm)}`]: () => Response.json({ token: "t1" }),
    }, { [host]: password("ada", "secret") });
    await registry.open({}, `${host}/a/b`).fetchBlob(layer.descriptor, options);
    expect(registry.requests[1]?.headers["authorization"] !== undefined).toBe(expected);
  });
});

describe("tokens of several principals", () => {
  it("are kept apart, whoever asks next", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: ({ headers }) =>
        headers["authorization"]?.startsWith("Bearer ") === true
          ? new Response(new Uint8Array(layer.bytes))
          : refuse(401, null, { "www-authenticate": challengeOf(REALM) }),
      [`GET ${tokenUrl()}`]: ({ headers }) =>
        Response.json({ token: `for-${atob(headers["authorization"]!.slice(6))}` }),
    });
    const asks = async (name: string) => {
      registry.credentials = () => Promise.resolve(password(name, "x"));
      await registry.open().fetchBlob(layer.descriptor, options);
      return registry.requests.at(-1)?.headers["authorization"];
    };
    expect(await asks("ada")).toBe("Bearer for-ada:x");
    expect(await asks("bob")).toBe("Bearer for-bob:x");
    expect(await asks("ada")).toBe("Bearer for-ada:x");
    // Once for each of them: 401, token, 200; token, 200; 200.
    expect(registry.requests).toHaveLength(6);
  });

  it("are asked for apart even at the same time", async () => {
    let names = 0;
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: ({ headers }) =>
        headers["authorization"] === undefined
          ? refuse(401, null, { "www-authenticate": challengeOf(REALM) })
          : new Response(new Uint8Array(layer.bytes)),
      [`GET ${tokenUrl()}`]: ({ headers }) =>
        Response.json({ token: `for-${atob(headers["authorization"]!.slice(6))}` }),
    });
    registry.credentials = () => Promise.resolve(password(`user${++names}`, "x"));
    await Promise.all([1, 2, 3].map(() => registry.open().fetchBlob(layer.descriptor, options)));
    const used = registry.requests.flatMap(({ url, headers }) => url === blobUrl ? headers["authorization"] ?? [] : []);
    expect(used.sort()).toEqual(["Bearer for-user1:x", "Bearer for-user2:x", "Bearer for-user3:x"]);
  });
});

describe("what a source says", () => {
  it("is why nobody is named", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(challengeOf(REALM), "Bearer other"),
      [`GET ${tokenUrl()}`]: () => Response.json({ token: "t1" }),
    }, { "registry.example": { type: "anonymous", source: 'there is no Secret "apps/regcred"' } });
    const { message } = await failure(registry.open().fetchBlob(layer.descriptor, options));
    expect(message).toContain('anonymously (there is no Secret "apps/regcred") for scope');
    expect(registry.requests[1]?.headers["authorization"]).toBeUndefined();
  });

  it("is asked for the repository, under the deadline", async () => {
    const asked: unknown[] = [];
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: guarded(challengeOf(REALM), "Bearer t1"),
      [`GET ${tokenUrl()}`]: () => Response.json({ token: "t1" }),
    });
    registry.credentials = (question, { signal: given }) => {
      asked.push(question, given === signal);
      return Promise.resolve(undefined);
    };
    await registry.open().fetchBlob(layer.descriptor, options);
    expect(asked).toEqual([{ host: "registry.example", repository: "a/b" }, true]);
  });
});

it("a challenge asks for one token per set of scopes, then it is over", async () => {
  let challenges = 0;
  const registry = fakeRegistry({
    [`GET ${blobUrl}`]: () => refuse(401, null, { "www-authenticate": challengeOf(REALM, `x${++challenges}`) }),
    [`GET ${REALM}?service=registry.example&scope=x1`]: () => Response.json({ token: "t1" }),
    [`GET ${REALM}?service=registry.example&scope=x2`]: () => Response.json({ token: "t2" }),
  });
  expect(await failure(registry.open().fetchBlob(layer.descriptor, options))).toMatchObject({
    code: "ERR_REGISTRY_UNAUTHORIZED",
  });
  expect(registry.requests).toHaveLength(3);
});
