/**
 * One decision's requests to registries: each hop, retry and token counts, and what is over is never "no signature".
 */
import { describe, expect, it } from "vitest";
import { createRequestBudget } from "../../../src/http/mod.ts";
import {
  BASE,
  blob,
  entry,
  failure,
  fakeRegistry,
  image,
  index,
  manifestRoutes,
  ok,
  referrersUrl,
  refuse,
  type Route,
  signal,
  signature,
} from "./fake_registry.ts";

const app = image("app");
const layer = blob("the layer");
const blobUrl = `${BASE}/blobs/${layer.descriptor.digest}`;
const found: Route = () => new Response(new Uint8Array(layer.bytes));
const call = (maxRequests: number) => ({ signal, maxBytes: 1000, budget: createRequestBudget({ maxRequests }) });

describe("a budget of requests", () => {
  /** What is asked, and how many requests that takes. */
  const rows: readonly (readonly [string, number, Readonly<Record<string, Route>>])[] = [
    ["a blob", 1, { [`GET ${blobUrl}`]: found }],
    ["a redirect", 2, {
      [`GET ${blobUrl}`]: () => refuse(307, null, { location: "https://storage.example/x" }),
      "GET https://storage.example/x": found,
    }],
    ["two that were tried again", 3, { [`GET ${blobUrl}`]: twiceUnavailable() }],
    ["a challenge and its token", 3, {
      [`GET ${blobUrl}`]: (request) =>
        request.headers["authorization"] === undefined
          ? refuse(401, null, { "www-authenticate": 'Bearer realm="https://registry.example/token"' })
          : found(request),
      "GET https://registry.example/token?scope=repository%3Aa%2Fb%3Apull": () => Response.json({ token: "t" }),
    }],
  ];

  it.each(rows)("counts %s as %i", async (_, requests, routes) => {
    const enough = fakeRegistry(routes);
    expect(await enough.open().fetchBlob(layer.descriptor, call(requests))).toEqual(layer.bytes);
    expect(enough.requests).toHaveLength(requests);
  });

  it.each(rows)("refuses %s with one less than %i", async (_, requests, routes) => {
    const registry = fakeRegistry(routes);
    const error = await failure(registry.open().fetchBlob(layer.descriptor, call(requests - 1)));
    expect(error.code).toBe("ERR_REQUEST_BUDGET");
    expect(error.message).toMatch(/^Cannot (fetch blob|get a token)/);
    expect(registry.requests).toHaveLength(requests - 1);
  });

  it("never makes a list of referrers shorter", async () => {
    const signatures = ["a", "b", "c"].map((name) => signature(name, app.descriptor));
    const routes = {
      [`GET ${referrersUrl(app)}?artifactType=application%2Fvnd.cncf.notary.signature`]: () =>
        ok(index(signatures.map((one) => entry(one)))),
      ...Object.assign({}, ...signatures.map((one) => manifestRoutes(one))),
    };
    const list = (maxRequests: number) =>
      fakeRegistry(routes).open().listReferrers(app.descriptor, {
        ...call(maxRequests),
        artifactType: "application/vnd.cncf.notary.signature",
      });
    for (const less of [1, 2, 3, 4]) expect((await failure(list(less))).code).toBe("ERR_REQUEST_BUDGET");
    expect((await list(5)).referrers).toHaveLength(3);
  });

  it("keeps six in flight at most, and others that ask at the same time do not pay for it", async () => {
    let open = 0;
    let most = 0;
    const routes = Object.fromEntries(
      Array.from({ length: 20 }, (_, number) => blob(`layer ${number}`)).map((one): readonly [string, Route] => [
        `GET ${BASE}/blobs/${one.descriptor.digest}`,
        async () => {
          most = Math.max(most, ++open);
          await new Promise((resolve) => setTimeout(resolve, 1));
          open--;
          return new Response(new Uint8Array(one.bytes));
        },
      ]),
    );
    const registry = fakeRegistry(routes);
    const options = call(20);
    await Promise.all(
      Array.from({ length: 20 }, (_, number) => registry.open().fetchBlob(blob(`layer ${number}`).descriptor, options)),
    );
    expect(most).toBe(6);
  });
});

function twiceUnavailable(): Route {
  let asked = 0;
  return (request) => ++asked % 3 === 0 ? found(request) : refuse(503);
}
