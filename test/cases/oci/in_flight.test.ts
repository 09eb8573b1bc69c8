/**
 * The same question of several at the same time: asked once, for one principal, and nobody inherits another's limits.
 */
import { describe, expect, it } from "vitest";
import { createRequestBudget } from "../../../src/http/mod.ts";
import { createFlights, SHARED_PATIENCE_MILLISECONDS } from "../../../src/oci/in_flight.ts";
import { sleep } from "../../../src/runtime/web.ts";
import { BASE, blob, failure, fakeRegistry, refuse, type Route, signal } from "./fake_registry.ts";

const layer = blob("the layer");
const blobUrl = `${BASE}/blobs/${layer.descriptor.digest}`;
const found: Route = () => new Response(new Uint8Array(layer.bytes));
const options = { signal, maxBytes: 1000 };
const never = () => new Promise<void>(() => {});

describe("a registry", () => {
  it("is asked once for what many ask at the same time, and anew for who comes later", async () => {
    const registry = fakeRegistry({ [`GET ${blobUrl}`]: found });
    const ask = () => registry.open().fetchBlob(layer.descriptor, options);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([layer.bytes, layer.bytes, layer.bytes]);
    expect(registry.requests).toHaveLength(1);
    await ask();
    expect(registry.requests).toHaveLength(2);
  });

  it("does not have its failures kept", async () => {
    const answers = [refuse(404), found];
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: (request) => {
        const next = answers.shift();
        return typeof next === "function" ? next(request) : next ?? refuse(500);
      },
    });
    const ask = () => registry.open().fetchBlob(layer.descriptor, options);
    const [first, second] = await Promise.all([failure(ask()), failure(ask())]);
    expect([first.code, second.code]).toEqual(["ERR_REGISTRY_NOT_FOUND", "ERR_REGISTRY_NOT_FOUND"]);
    expect(await ask()).toEqual(layer.bytes);
  });

  it("is asked again where the one who asked ran out of time or of requests", async () => {
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: async (request) => {
        if (registry.requests.length === 1) await never();
        return await found(request);
      },
    });
    const hasty = registry.open().fetchBlob(layer.descriptor, { ...options, signal: AbortSignal.timeout(20) });
    const patient = registry.open().fetchBlob(layer.descriptor, options);
    const poor = { ...options, budget: createRequestBudget({ maxRequests: 0 }) };
    const spent = failure(registry.open().fetchBlob(layer.descriptor, poor));
    expect((await failure(hasty)).code).toBe("ERR_DEADLINE");
    expect(await patient).toEqual(layer.bytes);
    // Whoever waits for another's answer pays nothing for it.
    expect((await spent).code).toBe("nothing was thrown");
    expect(registry.requests).toHaveLength(2);
  });

  it("is asked for each principal alone", async () => {
    const users = ["ada", "bob"];
    const registry = fakeRegistry({
      [`GET ${blobUrl}`]: (request) =>
        request.headers["authorization"] === undefined
          ? refuse(401, null, { "www-authenticate": 'Basic realm="r"' })
          : request.headers["authorization"] === `Basic ${btoa("ada:pass")}`
          ? found(request)
          : refuse(403),
    });
    registry.credentials = () =>
      Promise.resolve({ type: "basic", username: users.shift() ?? "nobody", secret: "pass", source: "a test" });
    const ask = () => registry.open().fetchBlob(layer.descriptor, options);
    const [ada, bob] = await Promise.all([failure(ask()), failure(ask())]);
    expect([ada.code, bob.code]).toEqual(["nothing was thrown", "ERR_REGISTRY_UNAUTHORIZED"]);
  });
});

describe("createFlights()", () => {
  it("waits for another's answer only so long: it may never come", async () => {
    const pauses: number[] = [];
    const flights = createFlights<string>({
      sleep: (milliseconds, ends) => {
        pauses.push(milliseconds);
        return sleep(10, ends);
      },
    });
    void flights.share("key", { signal }, async () => (await never(), "lost"));
    const waiting = ["a", "b", "c"].map((name) =>
      flights.share("key", { signal }, async () => (await sleep(5, signal), name))
    );
    const answers = await Promise.all(waiting);
    expect(new Set(answers).size).toBe(1);
    expect(pauses.every((pause) => pause === SHARED_PATIENCE_MILLISECONDS)).toBe(true);
  });

  it("ends waiting with the caller's signal", async () => {
    const flights = createFlights<string>({ sleep });
    void flights.share("key", { signal }, async () => (await never(), "lost"));
    const late = new AbortController();
    const waiting = flights.share("key", { signal: late.signal }, () => Promise.resolve("own"));
    late.abort(new Error("too late"));
    await expect(waiting).rejects.toThrow("too late");
  });
});
