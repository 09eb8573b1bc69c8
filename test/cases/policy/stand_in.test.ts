import { describe, expect, it } from "vitest";
import { loadPolicies, type PolicyRequest } from "../../../src/policy/mod.ts";
import { type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto } from "./world.ts";

const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
const OTHER = "docker.io/other/app:1";

/** Decides about an image of each kind of request by a file with a broken policy. */
async function decideBy(text: string, request: Partial<PolicyRequest> = {}) {
  const { policies } = await loadPolicies([{ source: "p.yaml", text }], crypto);
  expect(policies.flatMap(({ problems }) => problems)).not.toEqual([]);
  const world = await createWorld();
  const decision = await ask(world, policies, createRequest(request));
  expect(world.asked).toEqual([]);
  return decision;
}

const broken = (changes: PolicyChanges) => JSON.stringify(policyDocument(changes), null, 1);

/** A field that is not there, in the entry: all that selects can be read. */
const slip: PolicyChanges = { verify: { attestor: [] } };

const match = (resources: Record<string, unknown>) => ({ match: { any: [{ resources }] } });
const pod = (image: string): Partial<PolicyRequest> => ({ object: podWith([image]) });
const deployment: Partial<PolicyRequest> = {
  group: "apps",
  kind: "Deployment",
  object: {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "test" },
    spec: { template: { spec: { containers: [{ name: "c", image: SIGNED }] } } },
  },
};

describe("a policy that is not loaded refuses what it may have been about", () => {
  it.each<[name: string, text: string, request: Partial<PolicyRequest>, allowed: boolean]>([
    ["an image its references fit", broken(slip), pod(SIGNED), false],
    ["no image that they do not fit", broken(slip), pod(OTHER), true],
    [
      "any image, where references cannot be read",
      broken({ verify: { imageReferences: ["a*", 5] } }),
      pod(OTHER),
      false,
    ],
    ["any image, where references fit no image", broken({ verify: { imageReferences: ["nginx"] } }), pod(OTHER), false],
    [
      "any image, where references hold variables",
      broken({ verify: { imageReferences: ["{{ a }}*"] } }),
      pod(OTHER),
      false,
    ],
    ["any image, where there are no references", broken({ verify: { imageReferences: [] } }), pod(OTHER), false],
    ["any image, where entries are none", broken({ rule: { verifyImages: 5 } }), pod(OTHER), false],
    ["an image that is no reference", broken(slip), pod("ghcr.io/kyverno/test-verify-image:UP:er"), false],
    ["what a rule for controllers would select", broken(slip), deployment, false],
    [
      "no controller, where there are no rules for them",
      broken({ ...slip, metadata: { annotations: { "pod-policies.kyverno.io/autogen-controllers": "none" } } }),
      deployment,
      true,
    ],
    [
      "controllers, where the annotation cannot be read",
      broken({ metadata: { annotations: { "pod-policies.kyverno.io/autogen-controllers": 5 } } }),
      deployment,
      false,
    ],
    ["what match selects", broken({ ...slip, rule: match({ kinds: ["Pod"], namespaces: ["default"] }) }), {}, false],
    [
      "nothing that match leaves out",
      broken({ ...slip, rule: match({ kinds: ["Pod"], namespaces: ["x"] }) }),
      {},
      true,
    ],
    ["everything, where match cannot be read", broken({ rule: match({ kinds: ["Pod"], namespaces: [5] }) }), {}, false],
    ["everything, where match has variables", broken({ rule: match({ kinds: ["Pod"], name: "{{ a }}" }) }), {}, false],
    ["everything, where match is missing", broken({ rule: { match: undefined } }), {}, false],
    [
      "nothing that exclude takes out",
      broken({ ...slip, rule: { exclude: { any: [{ resources: { namespaces: ["default"] } }] } } }),
      {},
      true,
    ],
    [
      "what exclude would take out, where it cannot be read",
      broken({ rule: { exclude: { any: [{ resources: { namespaces: ["default"], foo: 1 } }] } } }),
      {},
      false,
    ],
    [
      "what only the cluster could leave out",
      broken({ ...slip, rule: match({ kinds: ["Pod"], namespaceSelector: { matchLabels: { a: "b" } } }) }),
      {},
      false,
    ],
    [
      "what preconditions would leave out",
      broken({ ...slip, rule: { preconditions: { all: [{ key: "a", operator: "Equals", value: "b" }] } } }),
      {},
      false,
    ],
    ["everything, where rules are none", broken({ spec: { rules: "x" } }), pod(OTHER), false],
    ["everything, where there is no rule", broken({ spec: { rules: [] } }), pod(OTHER), false],
    ["everything, where a rule is none", broken({ spec: { rules: [5] } }), pod(OTHER), false],
    [
      "everything, where a rule says what nobody knows",
      broken({ rule: { verifyImages: undefined, verify: [] } }),
      {},
      false,
    ],
    [
      "nothing, where its rules are not about images",
      broken({ spec: { foo: 1, rules: [{ name: "m", match: {}, mutate: { patchStrategicMerge: {} } }] } }),
      {},
      true,
    ],
    [
      "its own namespace",
      broken({ ...slip, apiVersion: "kyverno.io/v1", kind: "Policy", metadata: { namespace: "default" } }),
      {},
      false,
    ],
    [
      "no other namespace",
      broken({ ...slip, apiVersion: "kyverno.io/v1", kind: "Policy", metadata: { namespace: "x" } }),
      {},
      true,
    ],
    ["every namespace, where its own is missing", broken({ apiVersion: "kyverno.io/v1", kind: "Policy" }), {}, false],
    ["everything, where the text is no YAML", "a: [\n", pod(OTHER), false],
    ["everything, where the kind is unknown", "apiVersion: kyverno.io/v1\nkind: ClusterPolcy\n", pod(OTHER), false],
    ["everything, where the document is no object", "- 1\n", pod(OTHER), false],
    ["nothing that has no image", "a: [\n", { kind: "ConfigMap", object: { kind: "ConfigMap", data: {} } }, true],
  ])("%s", async (_, text, request, allowed) => {
    const decision = await decideBy(text, request);
    expect(decision.allowed).toBe(allowed);
    expect(decision.patches).toEqual([]);
  });

  it("in kinds that extractors are for, whether they can be read or not", async () => {
    const tekton = { kind: "Task", object: { kind: "Task", spec: { steps: [{ image: SIGNED }] } } };
    const rule = (path: unknown) => ({ ...match({ kinds: ["Task"] }), imageExtractors: { Task: [{ path }] } });
    expect((await decideBy(broken({ ...slip, rule: rule("/spec/steps/*/image") }), tekton)).allowed).toBe(false);
    expect((await decideBy(broken({ ...slip, rule: rule("/spec/other/*/image") }), tekton)).allowed).toBe(true);
    expect((await decideBy(broken({ rule: rule(5) }), tekton)).allowed).toBe(false);
  });
});

describe("a policy that is not loaded answers by its failure policy", () => {
  const ignore = { failurePolicy: "Ignore" };
  it.each<[name: string, spec: Record<string, unknown>, allowed: boolean]>([
    ["Fail", { failurePolicy: "Fail" }, false],
    ["Ignore", ignore, true],
    ["Ignore, under webhookConfiguration", { failurePolicy: undefined, webhookConfiguration: ignore }, true],
    ["Fail, where nothing is said", { failurePolicy: undefined }, false],
    ["Fail, where it cannot be read", { failurePolicy: "ignore" }, false],
    [
      "Fail, where two say two things",
      { failurePolicy: "Ignore", webhookConfiguration: { failurePolicy: "Fail" } },
      false,
    ],
    ["Fail, where the other place is none", { ...ignore, webhookConfiguration: 5 }, false],
    ["Ignore, whatever its action", { ...ignore, validationFailureAction: "Enforce" }, true],
    ["Fail, whatever its action", { failurePolicy: "Fail", validationFailureAction: "Audit" }, false],
  ])("%s", async (_, spec, allowed) => {
    const decision = await decideBy(broken({ ...slip, spec }));
    expect(decision.allowed).toBe(allowed);
    const message = expect.stringMatching(/^policy is not loaded: p\.yaml:\d+:\d+: spec\./);
    expect(decision.responses[0]).toMatchObject({ policy: "check-image-notary", whole: { status: "error", message } });
    // Admitted with a warning, or told why not.
    expect(decision.warnings.length).toBe(allowed ? 1 : 0);
    expect(decision.message.includes("policy is not loaded")).toBe(!allowed);
  });

  it("with each rule's name, and a file's where there is no other", async () => {
    const { responses } = await decideBy(broken(slip));
    expect(responses.map(({ policy, rule }) => [policy, rule]))
      .toEqual([["check-image-notary", "verify-signature-notary"]]);
    expect((await decideBy("a: [\n")).responses.map(({ policy, rule }) => [policy, rule])).toEqual([[
      "p.yaml",
      "document",
    ]]);
    const evil = "\u001b[2J";
    const [response] = (await decideBy(broken({ metadata: { name: evil }, rule: { name: evil } }))).responses;
    expect([response?.policy, response?.rule]).toEqual(["\\x1b[2J", "rules[0]"]);
  });

  it("and says how many problems there are", async () => {
    const { responses: [response] } = await decideBy(broken({ ...slip, spec: { foo: 1 } }));
    expect(response?.whole?.message).toMatch(/, and 1 more$/);
    expect(response?.whole?.refusal).toMatchObject({ code: "ERR_POLICY", class: "misconfigured", retry: false });
  });
});

describe("a file with two documents of which one is broken", () => {
  // An error denies where any of the policies asked fails closed, as in Kyverno.
  const good = broken({ metadata: { name: "good" }, spec: { failurePolicy: "Ignore" } });
  it.each([
    ["the first, in a field", `${broken({ ...slip, spec: { failurePolicy: "Ignore" } })}\n---\n${good}`, true],
    ["the second, in a field", `${good}\n---\n${broken({ ...slip, spec: { failurePolicy: "Ignore" } })}`, true],
    ["the first, as YAML", `a: [\n---\n${good}`, false],
    ["the second, as YAML", `${good}\n---\na: [\n`, false],
  ])("%s", async (_, text, allowed) => {
    const { policies } = await loadPolicies([{ source: "p.yaml", text }], crypto);
    const decision = await ask(await createWorld(), policies, createRequest(pod(SIGNED)));
    expect(decision.responses.map(({ policy, images }) => [policy, images[0]?.status])).toContainEqual([
      "good",
      "pass",
    ]);
    expect(decision.responses).toHaveLength(2);
    expect(decision.allowed).toBe(allowed);
  });

  it("an exception that is not loaded lets nothing off and refuses nothing", async () => {
    const exception =
      "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e, namespace: n}\nspec: {foo: 1}\n";
    const { policies, exceptions, problems } = await loadPolicies(
      [{ source: "p.yaml", text: `${exception}---\n${good}` }],
      crypto,
    );
    expect([policies.length, exceptions.length, problems[0]?.code]).toEqual([1, 0, "ERR_POLICY_EXCEPTION"]);
    expect((await ask(await createWorld(), policies, createRequest(pod(SIGNED)))).allowed).toBe(true);
  });
});
