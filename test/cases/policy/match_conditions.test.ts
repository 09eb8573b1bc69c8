import { describe, expect, it } from "vitest";
import { load, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld } from "./world.ts";

const UNSIGNED = "ghcr.io/kyverno/test-verify-image:unsigned";

interface Case {
  readonly conditions: readonly string[];
  readonly failurePolicy?: "Fail" | "Ignore";
  readonly labels?: Readonly<Record<string, string>>;
}

/** What becomes of an unsigned image under the example policy with match conditions. */
async function decide({ conditions, failurePolicy = "Fail", labels = {} }: Case) {
  const matchConditions = conditions.map((expression, at) => ({ name: `c${at}`, expression }));
  const spec = { failurePolicy: undefined, webhookConfiguration: { failurePolicy, matchConditions } };
  const metadata = { name: "test", namespace: "default", labels };
  const world = await createWorld();
  const request = createRequest({
    object: podWith([UNSIGNED], { metadata }),
    userInfo: { username: "jane", groups: ["devs"] },
  });
  const decision = await ask(world, await load(policyDocument({ spec })), request);
  return { decision, asked: world.asked };
}

const REJECTED = "resource Pod/default/test was blocked";

describe("matchConditions", () => {
  it.each<[name: string, conditions: readonly string[]]>([
    ["about the object", ["object.metadata.name == 'test'"]],
    ["about who asks", ["request.userInfo.username == 'jane'", "'devs' in request.userInfo.groups"]],
    ["about the operation", ["request.operation in ['CREATE', 'UPDATE']"]],
    ["about the kind", ["request.kind.kind == 'Pod' && request.namespace == 'default'"]],
    ["about containers", ["object.spec.containers.exists(c, c.image.contains('test-verify-image'))"]],
    ["about what is not there", ["!has(object.spec.hostNetwork)", "oldObject == null"]],
    ["that are none", []],
  ])("%s that hold leave the policy as it is", async (_name, conditions) => {
    const { decision } = await decide({ conditions });
    expect(decision.allowed).toBe(false);
    expect(decision.message).toContain(REJECTED);
  });

  it.each<[name: string, conditions: readonly string[]]>([
    ["the only one", ["object.metadata.name == 'other'"]],
    ["one of two", ["true", "request.userInfo.username == 'john'"]],
    ["one beside one that fails", ["object.metadata.labels.missing == 'a'", "false"]],
  ])("ask the policy nothing when %s does not hold", async (_name, conditions) => {
    const { decision, asked } = await decide({ conditions });
    expect(decision).toMatchObject({ allowed: true, responses: [], warnings: [] });
    expect(asked).toEqual([]);
  });

  it("that fail deny where the policy fails closed, though Kyverno passes over the policy", async () => {
    const { decision, asked } = await decide({ conditions: ["object.metadata.labels.team == 'a'"] });
    expect(decision.allowed).toBe(false);
    expect(decision.responses[0]?.whole, "match-conditions-fail-closed").toEqual({
      status: "error",
      message: 'failed to evaluate match conditions: match condition "c0": no such key: team',
      refusal: expect.objectContaining({ code: "ERR_EXPRESSION" }),
      pointers: ["/spec/containers/0/image"],
    });
    expect(asked).toEqual([]);
  });

  it("that fail pass over the policy where it fails open, and say so", async () => {
    const { decision, asked } = await decide({
      conditions: ["object.metadata.labels.team == 'a'"],
      failurePolicy: "Ignore",
    });
    expect(decision.allowed).toBe(true);
    expect(decision.warnings).toEqual([
      "policy check-image-notary.verify-signature-notary: failed to evaluate match conditions: " +
      'match condition "c0": no such key: team',
    ]);
    expect(asked).toEqual([]);
  });

  const costly =
    "object.metadata.labels.all(a, object.metadata.labels.all(b, object.metadata.labels.all(c, a != 'z')))";
  it.each<[name: string, failurePolicy: "Fail" | "Ignore", conditions: readonly string[]]>([
    ["where the policy fails closed", "Fail", [costly]],
    // Whoever writes the Pod chooses its labels.
    ["where it fails open", "Ignore", [costly]],
    ["behind one that fails", "Ignore", ["object.metadata.labels.team == 'a'", costly]],
  ])("that go through more than a request may cost deny %s", async (_name, failurePolicy, conditions) => {
    const labels = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`l${at}`, "x"]));
    const { decision, asked } = await decide({ conditions, failurePolicy, labels });
    expect(decision.allowed).toBe(false);
    expect(decision.responses[0]?.whole).toMatchObject({ status: "error", refusal: { code: "ERR_TOO_LARGE" } });
    expect(asked).toEqual([]);
  });

  it("count for the rules that are made for controllers, too", async () => {
    const template = { metadata: {}, spec: { containers: [{ name: "a", image: UNSIGNED }] } };
    const object = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" }, spec: { template } };
    const request = createRequest({ group: "apps", kind: "Deployment", name: "web", object });
    const matching = (expression: string) =>
      policyDocument({
        spec: {
          webhookConfiguration: { matchConditions: [{ name: "a", expression }] },
          failurePolicy: undefined,
          webhookTimeoutSeconds: undefined,
        },
      });
    const world = await createWorld();
    const [isPod, isAny] = [await load(matching("request.kind.kind == 'Pod'")), await load(matching("true"))];
    expect((await ask(world, isPod, request)).allowed).toBe(true);
    expect((await ask(world, isAny, request)).allowed).toBe(false);
  });
});
