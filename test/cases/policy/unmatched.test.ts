import { describe, expect, it } from "vitest";
import type { NoMatch, PolicyRequest } from "../../../src/policy/mod.ts";
import { load, type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld } from "./world.ts";

const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
const OTHER = "docker.io/other/app:1";

async function decideOn(
  images: readonly string[],
  noMatch?: NoMatch,
  changes: PolicyChanges = {},
  request: Partial<PolicyRequest> = {},
) {
  const asked = createRequest({ object: podWith(images), ...request });
  const options = noMatch === undefined ? {} : { noMatch };
  return await ask(await createWorld(), await load(policyDocument(changes)), asked, options);
}

describe("an image that no rule is about", () => {
  it("is let through in silence, as Kyverno does, and named in the decision", async () => {
    for (const noMatch of [undefined, "allow"] as const) {
      expect(await decideOn([SIGNED, OTHER], noMatch)).toMatchObject({
        allowed: true,
        warnings: [],
        unmatched: [OTHER],
      });
    }
  });

  it("is let through with a warning", async () => {
    const decision = await decideOn([SIGNED, OTHER], "warn");
    expect(decision).toMatchObject({
      allowed: true,
      warnings: [`policy edge-notary.no-match: no rule matches image ${OTHER}`],
      unmatched: [OTHER],
    });
    expect(decision.patches.length).toBeGreaterThan(0);
  });

  it("is refused", async () => {
    const decision = await decideOn([SIGNED, OTHER], "deny");
    expect(decision).toMatchObject({ allowed: false, patches: [], unmatched: [OTHER] });
    expect(decision.message).toBe(
      "\n\nresource Pod/default/test was blocked due to the following policies \n\n" +
        `edge-notary:\n  no-match: no rule matches image ${OTHER}\n`,
    );
    expect(decision.responses.at(-1)?.images).toMatchObject([
      { image: OTHER, pointer: "/spec/containers/1/image", refusal: { code: "IMAGE_UNMATCHED", class: "denied" } },
    ]);
  });

  it("is refused where there is no policy at all", async () => {
    const world = await createWorld();
    expect(await ask(world, [], createRequest(), { noMatch: "deny" })).toMatchObject({
      allowed: false,
      unmatched: [SIGNED],
    });
    expect(await ask(world, [], createRequest())).toMatchObject({ allowed: true, unmatched: [SIGNED] });
    expect(world.asked).toEqual([]);
  });

  it("is the one given by digest, where references end in a tag", async () => {
    // Kyverno lets it in without a result; here such a pattern takes digests in as well.
    const digest = `ghcr.io/kyverno/test-verify-image@sha256:${"0".repeat(64)}`;
    const references = { verify: { imageReferences: ["ghcr.io/kyverno/test-verify-image:*"] } };
    expect((await decideOn([digest], "deny", references)).unmatched).toEqual([]);
    expect(await decideOn([digest], "deny", { verify: { imageReferences: ["ghcr.io/kyverno/test-verify-image:a"] } }))
      .toMatchObject({ allowed: false });
  });

  it("is one whose text is no reference", async () => {
    const other = { rule: { match: { any: [{ resources: { kinds: ["Job"] } }] } } };
    expect(await decideOn(["UPPER/case:1"], "deny", other)).toMatchObject({
      allowed: false,
      unmatched: ["UPPER/case:1"],
    });
  });
});

describe("no image is unmatched", () => {
  const unmet = { preconditions: { any: [{ key: "a", operator: "Equals", value: "b" }] } };
  it.each<[name: string, images: readonly string[], changes: PolicyChanges, request: Partial<PolicyRequest>]>([
    ["where a rule looks at it", [SIGNED], {}, {}],
    ["where a rule lets it off", [SIGNED], { verify: { skipImageReferences: ["*:signed"] } }, {}],
    ["where a rule does not apply", [SIGNED], { rule: unmet }, {}],
    ["on DELETE", [OTHER], {}, { operation: "DELETE", oldObject: podWith([OTHER]) }],
    ["where an update changes nothing that runs", [OTHER], {}, { operation: "UPDATE", oldObject: podWith([OTHER]) }],
    ["in what has no images", [], {}, { kind: "ConfigMap", object: { kind: "ConfigMap" } }],
  ])("%s", async (_, images, changes, request) => {
    expect(await decideOn(images, "deny", changes, request)).toMatchObject({ allowed: true, unmatched: [] });
  });
});
