/** How many requests a decision may make: what was not asked is never taken for unsigned, and never admits. */
import { describe, expect, it } from "vitest";
import { MAX_MAX_IN_FLIGHT, readMaxRequests } from "../../../src/admission/mod.ts";
import type { Ports } from "../../../src/ports.ts";
import { examplePolicy, fixtureFetch, makeWebhook, podReview, SIGNED, UNSIGNED } from "./webhook.ts";

const registry = await fixtureFetch();

function counting(): { readonly fetch: Ports["fetch"]; readonly most: () => number; readonly asked: () => number } {
  let asked = 0;
  let open = 0;
  let most = 0;
  return {
    asked: () => asked,
    most: () => most,
    fetch: async (url, init) => {
      asked++;
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 2));
      open--;
      return await registry(url, init);
    },
  };
}

async function review(
  images: readonly string[],
  maxRequests: number | undefined,
  failurePolicy = "Fail",
  limits: { readonly maxInFlight?: number } = {},
) {
  const { fetch, asked, most } = counting();
  const policies = await examplePolicy((text) =>
    text.replace("failurePolicy: Fail", `failurePolicy: ${failurePolicy}`)
  );
  const options = { policies, ...limits, ...(maxRequests === undefined ? {} : { maxRequests }) };
  const answer = await makeWebhook(fetch, options).post("/mutate", podReview(images));
  const { response } = await answer.json() as {
    response: { allowed: boolean; status?: { message: string; details: { causes: { reason: string }[] } } };
  };
  return { response, asked: asked(), most: most() };
}

describe("a decision", () => {
  it("asks no more often than it may, and refuses what it did not ask", async () => {
    const enough = await review([SIGNED], undefined);
    expect(enough.response.allowed).toBe(true);
    for (let maxRequests = 1; maxRequests < enough.asked; maxRequests++) {
      for (const failurePolicy of ["Fail", "Ignore"]) {
        const { response, asked } = await review([SIGNED], maxRequests, failurePolicy);
        expect([response.allowed, asked]).toEqual([false, maxRequests]);
        expect(response.status?.details.causes[0]?.reason).toBe("ERR_REQUEST_BUDGET");
        expect(response.status?.message).not.toMatch(/no signature/);
      }
    }
    expect((await review([SIGNED], enough.asked)).response.allowed).toBe(true);
  });

  it("never says of an unsigned image that it has no signature before it looked everywhere", async () => {
    const enough = await review([UNSIGNED], undefined);
    expect(enough.response.status?.message).toMatch(/no signature/);
    for (let maxRequests = 1; maxRequests < enough.asked; maxRequests++) {
      const { response } = await review([UNSIGNED], maxRequests);
      expect(response.status?.message).not.toMatch(/no signature/);
    }
  });

  it("has six requests in flight at most, however many images there are", async () => {
    const tags = Array.from({ length: 20 }, (_, index) => `ghcr.io/kyverno/test-verify-image:missing-${index}`);
    expect((await review(tags, undefined)).most).toBe(6);
    expect((await review(tags, undefined, "Fail", { maxInFlight: 15 })).most).toBe(15);
  });
});

describe("readMaxRequests()", () => {
  it.each([["1", 1], ["50", 50], ["100000", 100_000]])("reads %s", (text, expected) => {
    expect(readMaxRequests(text, "--max-requests")).toBe(expected);
  });

  it("reads how many may be in flight, up to a bound of its own", () => {
    expect(readMaxRequests("100", "--max-in-flight", MAX_MAX_IN_FLIGHT)).toBe(100);
    expect(() => readMaxRequests("101", "--max-in-flight", MAX_MAX_IN_FLIGHT)).toThrow(/from 1 to 100$/);
  });

  it.each(["", "0", "-1", "1.5", "1e3", "100001", "many", "\u001b[2J"])("refuses %j", (text) => {
    expect(() => readMaxRequests(text, "--max-requests")).toThrow(
      /^Cannot bound requests: --max-requests is "[\x20-\x7e]*", expected a whole number from 1 to 100000$/,
    );
  });
});
