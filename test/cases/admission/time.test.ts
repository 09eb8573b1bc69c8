/** The API server's deadline, with registries that do not answer. Real time, in short budgets. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Ports } from "../../../src/ports.ts";
import { examplePolicy, fixtureFetch, makeWebhook, podReview, SIGNED } from "./webhook.ts";

/** Ends when its signal does. */
const silent: Ports["fetch"] = (_, { signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

/** Does not even listen to its signal. */
const deaf: Ports["fetch"] = () => new Promise(() => {});

/** Answers the header of a body that never comes. */
const stalled: Ports["fetch"] = (_, { signal }) =>
  Promise.resolve(
    new Response(
      new ReadableStream({
        start: (controller) => signal.addEventListener("abort", () => controller.error(signal.reason)),
      }),
      { status: 200, headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" } },
    ),
  );

let registry: Ports["fetch"];
beforeAll(async () => {
  registry = await fixtureFetch();
});

async function timed(work: Promise<Response>) {
  const from = performance.now();
  const answer = await work;
  return { milliseconds: performance.now() - from, status: answer.status, response: (await answer.json()).response };
}

describe("a registry that does not answer", () => {
  it.each([["listens to the signal", silent], ["ignores the signal", deaf], ["stalls in the body", stalled]])(
    "and %s: refused before the API server's own deadline, with the place",
    async (_, fetch) => {
      const { milliseconds, status, response } = await timed(
        makeWebhook(fetch).post("/mutate?timeout=1s", podReview([SIGNED])),
      );
      expect(milliseconds).toBeLessThan(1_000);
      expect(milliseconds).toBeGreaterThan(700);
      expect(status).toBe(200);
      expect(response.allowed).toBe(false);
      expect(response.status.message.replaceAll(/\s+/g, " ")).toMatch(/ran out of time at \S+ .*ghcr\.io/i);
      expect(JSON.stringify(response.status.details)).toContain("ERR_DEADLINE");
    },
  );

  it("never admits under Enforce, whatever the failure policy", async () => {
    const policies = await examplePolicy((text) => text.replace("failurePolicy: Fail", "failurePolicy: Ignore"));
    const { response } = await timed(makeWebhook(silent, { policies }).post("/mutate?timeout=1s", podReview([SIGNED])));
    expect(response.allowed).toBe(false);
  });

  it("under Audit admits in time, with the place in warning and audit annotation, and pins nothing", async () => {
    const policies = await examplePolicy((text) =>
      text.replace("validationFailureAction: Enforce", "validationFailureAction: Audit")
        .replace("- type: Notary", "- type: Notary\n          mutateDigest: false")
    );
    const { milliseconds, response } = await timed(
      makeWebhook(deaf, { policies }).post("/mutate?timeout=1s", podReview([SIGNED])),
    );
    expect(milliseconds).toBeLessThan(1_000);
    expect(response.allowed).toBe(true);
    expect(response.warnings).toEqual([expect.stringContaining(`ran out of time at verifying ${SIGNED}`)]);
    expect(Object.values(response.auditAnnotations)).toEqual([expect.stringMatching(/^fail: .*ran out of time at /)]);
    expect(atob(response.patch)).not.toContain("replace");
  });

  it("does not hold up what the same policy has not to ask for", async () => {
    const { milliseconds, response } = await timed(
      makeWebhook(deaf).post("/mutate?timeout=1s", podReview(["quay.io/other/image:1"])),
    );
    expect(response.allowed).toBe(true);
    expect(milliseconds).toBeLessThan(500);
  });
});

describe("a policy that does not answer", () => {
  it("is refused before the deadline, too", async () => {
    const stuck = { ...(await examplePolicy())[0], evaluate: () => new Promise(() => {}) };
    const webhook = makeWebhook(registry, { policies: [stuck as never] });
    const { milliseconds, response } = await timed(webhook.post("/mutate?timeout=1s", podReview([SIGNED])));
    expect(milliseconds).toBeLessThan(1_000);
    expect(response.allowed).toBe(false);
    expect(response.status.message).toMatch(
      /ran out of time at evaluating 1 policies, of 1 s in all \(ERR_DEADLINE, unavailable; a retry may help\)/,
    );
  });
});

describe("a client that sends its body too slowly", () => {
  it("gets 408 within the budget", async () => {
    const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array([123])) });
    const from = performance.now();
    const answer = await makeWebhook(registry).fetch("/mutate?timeout=1s", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      duplex: "half",
    } as RequestInit);
    expect(answer.status).toBe(408);
    expect((await answer.json()).code).toBe("ERR_DEADLINE");
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});
