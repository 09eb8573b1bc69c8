/** Requests as an API server sends them one after the other: what was patched is validated, updated and deleted. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import jsonpatch from "fast-json-patch";
import { beforeAll, describe, expect, it } from "vitest";
import type { CompiledPolicy } from "../../../src/policy/mod.ts";
import type { Ports } from "../../../src/ports.ts";
import { examplePolicy, fixtureFetch, makeWebhook, podReview, SIGNED, UNSIGNED } from "./webhook.ts";

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patch?: string;
  readonly status?: { readonly message: string };
}

type Review = ReturnType<typeof podReview>;

const rows: readonly { repository: string; tag: string; digest: string }[] = JSON.parse(
  readFileSync("test/fixtures/images.json", "utf8"),
);
const digestOf = (image: string) =>
  rows.find(({ repository, tag }) => `${repository}:${tag}` === image)?.digest ?? "missing";

let registry: Ports["fetch"];
beforeAll(async () => {
  registry = await fixtureFetch();
});

/** Throws where the network is asked, and not only rejects: nothing may catch it as an answer. */
const noNetwork: Ports["fetch"] = () => {
  throw new Error("the network was asked");
};

async function ask(
  path: string,
  review: Review,
  fetch = registry,
  given?: readonly CompiledPolicy[],
): Promise<Response> {
  const policies = given ?? await examplePolicy();
  const answer = await makeWebhook(fetch, { policies }).post(`${path}?timeout=10s`, review);
  expect(answer.status).toBe(200);
  return (await answer.json()).response;
}

function patched(review: Review, { patch }: Response): Review {
  const operations = JSON.parse(Buffer.from(patch ?? "", "base64").toString("utf8"));
  const object = jsonpatch.applyPatch(structuredClone(review.request.object), operations, true).newDocument;
  return { ...review, request: { ...review.request, object } };
}

describe("what /mutate admitted", () => {
  it("is admitted by /validate, and is not patched again", async () => {
    const review = podReview([SIGNED, "quay.io/other/image:1"]);
    const stored = patched(review, await ask("/mutate", review));
    expect(stored.request.object.spec.containers.map(({ image }) => image)).toEqual([
      `${SIGNED}@${digestOf(SIGNED)}`,
      "quay.io/other/image:1",
    ]);
    expect(await ask("/validate", stored)).toEqual({ uid: "uid-1", allowed: true });
    expect(await ask("/mutate", stored)).toEqual({ uid: "uid-1", allowed: true });
  });

  it("is refused by /validate where someone changed the digest in between", async () => {
    const review = podReview([SIGNED]);
    const stored = JSON.stringify(patched(review, await ask("/mutate", review)));
    const swapped = JSON.parse(stored.replaceAll(digestOf(SIGNED), digestOf(UNSIGNED)));
    const answer = await ask("/validate", swapped);
    expect(answer.allowed).toBe(false);
    expect(answer.status?.message).toContain(`unverified image ${REPOSITORY}@${digestOf(UNSIGNED)}`);
  });
});

describe("pods/ephemeralcontainers", () => {
  const through = (image: string) => {
    const review = podReview([`${SIGNED}@${digestOf(SIGNED)}`], {
      operation: "UPDATE",
      subResource: "ephemeralcontainers",
    });
    const { object } = review.request;
    const spec = { ...object.spec, ephemeralContainers: [{ name: "debugger", image }] };
    return {
      ...review,
      request: { ...review.request, object: { ...object, spec }, oldObject: object },
    } as never as Review;
  };

  it("pins a signed one", async () => {
    const answer = await ask("/mutate", through(SIGNED));
    expect(answer.allowed).toBe(true);
    const operations = JSON.parse(Buffer.from(answer.patch ?? "", "base64").toString("utf8"));
    expect(operations.at(-1)).toEqual({
      op: "replace",
      path: "/spec/ephemeralContainers/0/image",
      value: `${SIGNED}@${digestOf(SIGNED)}`,
    });
  });

  it.each(["/mutate", "/validate"])("refuses an unsigned one in %s", async (path) => {
    const answer = await ask(path, through(`${UNSIGNED}@${digestOf(UNSIGNED)}`));
    expect(answer.allowed).toBe(false);
    expect(answer.status?.message).toContain(`image ${REPOSITORY}@${digestOf(UNSIGNED)}`);
  });
});

describe("of tag and digest", () => {
  it("the digest decides: the tag is not even asked for", async () => {
    const asked: string[] = [];
    const counting: Ports["fetch"] = (url, init) => {
      asked.push(url);
      return registry(url, init);
    };
    const lies = podReview([`${UNSIGNED}@${digestOf(SIGNED)}`]);
    expect((await ask("/mutate", lies, counting)).allowed).toBe(true);
    expect(asked.filter((url) => url.includes("/manifests/unsigned"))).toEqual([]);
    expect((await ask("/mutate", podReview([`${SIGNED}@${digestOf(UNSIGNED)}`]))).allowed).toBe(false);
  });
});

describe("without the network", () => {
  const before = podReview([UNSIGNED]).request.object;
  it.each<[string, Record<string, unknown>]>([
    ["DELETE", { operation: "DELETE", object: null, oldObject: before }],
    ["a status", { operation: "UPDATE", oldObject: before, object: { ...before, status: { phase: "Running" } } }],
    ["a label", {
      operation: "UPDATE",
      oldObject: before,
      object: { ...before, metadata: { ...before.metadata, labels: { a: "b" } } },
    }],
  ])("%s passes in both webhooks", async (_, request) => {
    for (const path of ["/mutate", "/validate"]) {
      expect(await ask(path, podReview([], request), noNetwork)).toEqual({ uid: "uid-1", allowed: true });
    }
  });
});

describe("an image that is no reference", () => {
  it.each([
    ["capitals", "ghcr.io/Kyverno/test-verify-image:signed"],
    ["two dots", "ghcr.io/kyverno/../test-verify-image:signed"],
    ["a name of 300 characters", `ghcr.io/kyverno/test-verify-image/${"a".repeat(300)}:1`],
    ["escape sequences", "ghcr.io/kyverno/test-verify-image:\u001b[2Jsigned"],
    ["a digest that is none", "ghcr.io/kyverno/test-verify-image@sha256:00"],
    ["blanks", " ghcr.io/kyverno/test-verify-image:signed"],
  ])("%s: refused in both webhooks without the network, with its code, nothing raw", async (_, image) => {
    for (const path of ["/mutate", "/validate"]) {
      const answer = await ask(path, podReview([image]), noNetwork);
      expect(answer.allowed).toBe(false);
      expect(JSON.stringify(answer.status)).toContain('"reason":"IMAGE_REFERENCE_INVALID"');
      // deno-lint-ignore no-control-regex
      expect(answer.status?.message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }
  });
});
