import { describe, expect, it } from "vitest";
import { loadPolicies, type NoMatch, type PolicyRequest } from "../../../src/policy/mod.ts";
import { clusterOf } from "./cluster.ts";
import { load, type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, NOW } from "./world.ts";

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
    expect(await decideOn(["evil.example/UPPER:1"], "deny", other)).toMatchObject({
      allowed: false,
      unmatched: ["evil.example/UPPER:1"],
    });
  });
});

const unmet = { preconditions: { any: [{ key: "a", operator: "Equals", value: "b" }] } };

describe("a rule that lets its own images off", () => {
  const NO_REFERENCE = "evil.example/UPPER:1";
  const tolerant: PolicyChanges = {
    spec: { validationFailureAction: "Audit", failurePolicy: "Ignore" },
    verify: { mutateDigest: false },
  };
  const failing = { failurePolicy: "Ignore", matchConditions: [{ name: "a", expression: "object.spec.missing == 1" }] };
  const exception = {
    apiVersion: "kyverno.io/v2",
    kind: "PolicyException",
    metadata: { name: "legacy", namespace: "exceptions" },
    spec: {
      match: { any: [{ resources: { kinds: ["Pod"] } }] },
      exceptions: [{ policyName: "check-image-notary", ruleNames: ["*"] }],
    },
  };

  it.each<[name: string, changes: PolicyChanges, ...exceptions: (typeof exception)[]]>([
    ["because of a precondition", { rule: unmet }],
    ["because of an outage that it tolerates", {
      ...tolerant,
      rule: { context: [{ name: "keys", configMap: { name: "keys", namespace: "default" } }], ...unmet },
    }],
    ["because of an exception", {}, exception],
    ["because of a match condition that fails", { spec: { failurePolicy: undefined, webhookConfiguration: failing } }],
    ["because it is not loaded", { spec: { failurePolicy: "Ignore" }, verify: { attestor: [] } }],
    ["because it only warns", tolerant],
  ])("%s lets off no other beside them", async (_, changes, ...documents) => {
    const files = [policyDocument(changes), ...documents].map((one) => JSON.stringify(one)).join("\n---\n");
    const { policies, exceptions } = await loadPolicies([{ source: "p.yaml", text: files }], crypto);
    const world = await createWorld();
    const cluster = clusterOf({ "ConfigMap default/keys": "down" });
    const ports = { open: world.open, crypto, now: () => NOW, cluster };
    for (const phase of ["mutate", "validate"] as const) {
      const decide = async (...images: readonly string[]) => {
        const request = createRequest({ object: podWith(images) });
        const { allowed, unmatched } = await ask(world, policies, request, {
          ports,
          phase,
          exceptions,
          noMatch: "deny",
        });
        return { allowed, unmatched };
      };
      expect(await decide(SIGNED)).toEqual({ allowed: true, unmatched: [] });
      expect(await decide(OTHER)).toEqual({ allowed: false, unmatched: [OTHER] });
      expect(await decide(SIGNED, OTHER)).toEqual({ allowed: false, unmatched: [OTHER] });
      // A rule that an exception lets off its images alone refuses this one itself.
      expect(await decide(NO_REFERENCE)).toMatchObject({ allowed: false });
      expect(await decide(SIGNED, NO_REFERENCE)).toMatchObject({ allowed: false });
    }
  });

  it("is about none that is known, where what it is about cannot be read", async () => {
    const broken = policyDocument({ spec: { failurePolicy: "Ignore" }, verify: { imageReferences: ["a*", 5] } });
    const { policies } = await loadPolicies([{ source: "p.json", text: JSON.stringify(broken) }], crypto);
    expect(await ask(await createWorld(), policies, createRequest(), { noMatch: "deny" })).toMatchObject({
      allowed: false,
      unmatched: [SIGNED],
      responses: [{ whole: { pointers: [] } }, { rule: "no-match" }],
    });
  });
});

describe("no image is unmatched", () => {
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
