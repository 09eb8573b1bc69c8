/** What no variable may stand for: numbers and switches, and images that whoever asks lets off. */
import { describe, expect, it } from "vitest";
import deviations from "../../peers/deviations.json" with { type: "json" };
import { loadPolicies } from "../../../src/policy/mod.ts";
import { clusterOf, configMap } from "./cluster.ts";
import { load, policyDocument, trusting } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const UNSIGNED = "ghcr.io/kyverno/test-verify-image:unsigned";
const VARIABLE = "{{ keys.data.value }}";
const keys = { name: "keys", configMap: { name: "keys", namespace: "default" } };

/** What is wrong with the example policy, changed so. */
async function problemsOf(verify: Json, context: readonly Json[] = [keys]) {
  const document = policyDocument({
    apiVersion: "kyverno.io/v1",
    spec: { background: false },
    rule: { context },
    verify,
  });
  return (await loadPolicies([{ source: "p", text: JSON.stringify(document) }], crypto)).problems;
}

const AT = "spec.rules[0].verifyImages[0]";
const counted = (count: unknown): Json => ({ count, entries: [trusting("fixture-signer")] });

describe("a variable that stands for no text", () => {
  it.each<[string, Json, string]>([
    ["type", { type: VARIABLE }, "one of its words"],
    ["mutateDigest", { mutateDigest: VARIABLE }, "true or false"],
    ["verifyDigest", { verifyDigest: VARIABLE }, "true or false"],
    ["required", { required: VARIABLE }, "true or false"],
    ["useCache", { useCache: VARIABLE }, "true or false"],
    ["attestors[0].count", { attestors: [counted(VARIABLE)] }, "a number"],
    ["attestors[0].entries[0].attestor.count", {
      attestors: [{ entries: [{ attestor: counted(VARIABLE) }] }],
    }, "a number"],
    ["attestations[0].attestors[1].count", {
      attestations: [{ type: "sbom/x", attestors: [counted(1), counted(VARIABLE)] }],
    }, "a number"],
  ])("is refused at load in %s", async (field, verify, expected) => {
    const problems = await problemsOf(verify);
    expect(problems).toMatchObject([{ path: `${AT}.${field}`, code: "ERR_VARIABLE" }]);
    expect(problems[0]?.reason).toBe(
      `a variable stands here, expected ${expected}: Kyverno's definition takes no text`,
    );
  });

  it("is none where text is expected", async () => {
    const attestors = [{ count: 1, entries: [{ certificates: { cert: VARIABLE } }] }];
    expect(await problemsOf({ attestors, attestations: [{ type: VARIABLE, name: "a", attestors }] })).toEqual([]);
  });
});

describe("skipImageReferences", () => {
  const skipping = (pattern: string, context?: readonly Json[]) =>
    problemsOf({ skipImageReferences: ["a*", pattern] }, context);
  const variable = (more: Json, name = "chosen") => ({ name, variable: more });

  it.each<[string, string, (readonly Json[])?]>([
    ["the object", "{{ request.object.metadata.annotations.skip }}"],
    ["the request in a longer text", "ghcr.io/{{ request.name }}*"],
    ["the namespace", "ghcr.io/{{ request.namespace }}/*"],
    ["the images", "{{ images.containers.c0.reference }}"],
    ["who asks", "{{ serviceAccountName }}*"],
    ["its own place", "{{ @ }}"],
    ["all there is", "{{ keys(@)[0] }}"],
    ["the request inside of another variable", "{{ keys.data.{{ request.object.metadata.name }} }}"],
    ["the request inside of a function", "{{ to_lower(request.object.metadata.name) }}"],
    ["an entry made of the request", "{{ chosen }}", [variable({ jmesPath: "request.object.metadata.name" })]],
    ["an entry made of its text", "{{ chosen }}", [variable({ value: "{{ request.object.metadata.name }}" })]],
    ["an entry that falls back on it", "{{ chosen }}", [
      keys,
      variable({ jmesPath: "keys.data.skip", default: "{{ request.name }}" }),
    ]],
    ["an entry of such an entry", "{{ second }}", [
      variable({ jmesPath: "request.name" }),
      variable({ jmesPath: "chosen" }, "second"),
    ]],
    ["a ConfigMap that the request chooses", "{{ keys.data.skip }}", [
      { name: "keys", configMap: { name: "{{ request.object.metadata.labels.keys }}", namespace: "default" } },
    ]],
    ["a path that the request chooses", "{{ found }}", [
      { name: "found", apiCall: { urlPath: "/api/v1/namespaces/{{ request.namespace }}/configmaps/keys" } },
    ]],
  ])("is refused when it reads %s", async (_, pattern, context) => {
    const problems = await skipping(pattern, context);
    expect(problems.filter(({ reason }) => reason.includes("let his own images off"))).toMatchObject([
      { path: `${AT}.skipImageReferences[1]`, code: "ERR_VARIABLE" },
    ]);
    expect(deviations.map(({ id }) => id)).toContain("chosen-skip");
  });

  it.each<[string, string, (readonly Json[])?]>([
    ["a ConfigMap", "{{ keys.data.skip }}"],
    ["a value", "{{ chosen }}", [variable({ value: "ghcr.io/*" })]],
    ["a value of a value that has the request's names", "{{ chosen }}", [
      variable({ value: { request: "ghcr.io/*" }, jmesPath: "request" }),
    ]],
    ["an entry beside one that reads the request", "{{ chosen }}", [
      variable({ jmesPath: "request.name" }, "other"),
      variable({ value: "ghcr.io/*" }),
    ]],
  ])("is taken when it reads %s", async (_, pattern, context) => {
    expect(await skipping(pattern, context)).toEqual([]);
  });

  it("lets off what a ConfigMap says, and nothing a Pod says", async () => {
    const rule = { context: [keys] };
    const verify = { skipImageReferences: ["{{ keys.data.skip }}"] };
    const policies = await load(policyDocument({ apiVersion: "kyverno.io/v1", rule, verify }));
    const annotated = { ...podWith([UNSIGNED]), metadata: { name: "test", annotations: { skip: "*" } } };
    const decide = async (skip: string) => {
      const cluster = clusterOf({ "ConfigMap default/keys": configMap({ skip }) });
      const world = await createWorld();
      const ports = { open: world.open, crypto, now: () => new Date("2027-01-01T00:00:00Z"), cluster };
      return (await ask(world, policies, createRequest({ object: annotated }), { ports })).allowed;
    };
    expect(await decide("ghcr.io/kyverno/*")).toBe(true);
    expect(await decide("ghcr.io/other/*")).toBe(false);
  });
});
