import { describe, expect, it } from "vitest";
import { loadPolicies, type RuleResponse } from "../../../src/policy/mod.ts";
import { load, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const podLabelled = (labels: Json) =>
  podWith(["ghcr.io/kyverno/test-verify-image:signed"], {
    metadata: { name: "test", namespace: "default", labels },
  });

/** What a rule with these preconditions answers, and what was asked of the registry for it. */
async function answer(preconditions: unknown, more: Json = {}, labels: Json = { a: "b" }) {
  const world = await createWorld();
  const rule = { preconditions, ...more };
  const policies = await load(policyDocument({ apiVersion: "kyverno.io/v1", rule }));
  const decision = await ask(world, policies, createRequest({ object: podLabelled(labels) }));
  const [response] = decision.responses as readonly [RuleResponse];
  return { decision, response, asked: world.asked };
}

const all = (key: unknown, operator: string, value: unknown, message?: string) => ({
  all: [{ key, operator, value, ...(message === undefined ? {} : { message }) }],
});

describe("preconditions", () => {
  // Each reads as it would for Kyverno, were the value of a label no pattern.
  it.each<[name: string, value: unknown, holds: boolean]>([
    ["the policy's own", "?", true],
    ["the policy's own, in a list", ["x", "?"], true],
    ["a label", "{{ request.object.metadata.labels.any }}", false],
    ["a label, in a list", ["{{ request.object.metadata.labels.any }}"], false],
    ["the policy's own, beside a label that is the same", ["{{ request.object.metadata.labels.any }}", "?"], true],
    ["a label in part", "?{{ request.object.metadata.labels.none }}", false],
    ["an entry of the policy", "{{ fixed }}", true],
    ["an entry that asks an entry of the policy", "{{ again }}", true],
    ["an entry that asks the request", "{{ labels.any }}", false],
    ["an entry that asks such an entry", "{{ twice }}", false],
    ["an entry whose default stands for what the request does not have", "{{ absent }}", false],
    ["an expression that reads everything", "{{ @ | fixed }}", false],
    ["an expression that reads nothing", "{{ to_string('?') }}", true],
  ])("take a value for a pattern where whoever asks has no say in it: %s", async (_, value, holds) => {
    const { response } = await answer(all("a", "AnyIn", value), {
      context: [
        { name: "fixed", variable: { value: "?" } },
        { name: "again", variable: { jmesPath: "fixed" } },
        { name: "labels", variable: { jmesPath: "request.object.metadata.labels" } },
        { name: "twice", variable: { jmesPath: "labels.any" } },
        { name: "absent", variable: { jmesPath: "request.object.metadata.labels.no", default: "?" } },
      ],
    }, { a: "b", any: "?", none: "" });
    expect(response.whole?.status).toBe(holds ? undefined : "skip");
  });

  it("that hold let the rule look at its images", async () => {
    const { decision, response } = await answer(all("{{ request.object.metadata.labels.a }}", "Equals", "b"));
    expect(decision.allowed).toBe(true);
    expect(response.images).toMatchObject([{ status: "pass" }]);
    expect(response.whole).toBeUndefined();
  });

  it("that do not hold skip the rule, in silence and without a request", async () => {
    const { decision, response, asked } = await answer(all("{{ request.namespace }}", "Equals", "other"));
    expect(response).toMatchObject({ images: [], whole: { status: "skip", message: "preconditions not met" } });
    expect(decision).toMatchObject({ allowed: true, warnings: [], patches: [] });
    expect(asked).toEqual([]);
  });

  // Recorded from the Kyverno CLI v1.15.2.
  it.each<[name: string, preconditions: unknown, status: string, message: string]>([
    [
      "a message, in which variables stay as written",
      all("{{request.object.metadata.labels.a}}", "Equals", "c", "no {{request.namespace}}"),
      "skip",
      "preconditions not met; no {{request.namespace}}",
    ],
    [
      "the older list, with a message",
      [{ key: "a", operator: "Equals", value: "b", message: "M" }],
      "skip",
      "preconditions not met; M",
    ],
    [
      "a key that is not there",
      all("{{request.object.metadata.labels.foo}}", "Equals", "x"),
      "error",
      "failed to evaluate preconditions: failed to substitute variables in condition key: " +
      'failed to resolve request.object.metadata.labels.foo at path : JMESPath query failed: Unknown key "foo" in path',
    ],
    [
      "a function that nobody knows",
      all("{{ unknown_fn(request) }}", "Equals", "x"),
      "error",
      "failed to evaluate preconditions: failed to substitute variables in condition key: " +
      "failed to resolve unknown_fn(request) at path : JMESPath query failed: unknown function: unknown_fn",
    ],
    ["its own place, which is the object", all("{{ @ }}", "Equals", "x"), "skip", "preconditions not met"],
  ])("answer as Kyverno: %s", async (_, preconditions, status, message) => {
    const { decision, response } = await answer(preconditions);
    expect(response.whole).toMatchObject({ status, message });
    expect(decision.allowed).toBe(status === "skip");
  });

  it.each<[name: string, preconditions: unknown]>([
    ["a default for what is not there", all("{{request.object.metadata.labels.foo || ''}}", "Equals", "")],
    ["none", {}],
    ["an empty list", []],
    ["the older list", [{ key: "a", operator: "Equals", value: "a" }]],
    ["any, of which one holds", { any: [all("a", "Equals", "b").all[0], all("a", "Equals", "a").all[0]] }],
  ])("hold as for Kyverno: %s", async (_, preconditions) => {
    const { response } = await answer(preconditions);
    expect(response.images).toMatchObject([{ status: "pass" }]);
  });

  it("that cannot be evaluated deny, with the variable's own code", async () => {
    const { decision, response } = await answer(all("{{ request.object.foo }}", "Equals", "x"));
    expect(decision.allowed).toBe(false);
    expect(response.whole?.refusal).toMatchObject({ code: "ERR_EXPRESSION_KEY", class: "misconfigured", retry: false });
  });

  it.each<[name: string, preconditions: unknown, path: string, reason: string | RegExp]>([
    [
      "no operator",
      { all: [{ key: "a", value: "a" }] },
      "spec.rules[0].preconditions.all[0]",
      "entered value of `key`, `value` or `operator` is missing or misspelled",
    ],
    [
      "no value",
      { any: [{ key: "a", operator: "Equals" }] },
      "spec.rules[0].preconditions.any[0]",
      "entered value of `key`, `value` or `operator` is missing or misspelled",
    ],
    [
      "an operator that is none",
      all("a", "Is", "a"),
      "spec.rules[0].preconditions.all[0].operator",
      /^"Is", expected one of Equal, /,
    ],
    [
      "an operation that is none",
      all("{{ request.operation }}", "AnyIn", ["CREATE", "MAKE"]),
      "spec.rules[0].preconditions.all[0].value",
      "unknown value 'MAKE' found under the 'value' field. Only the following values are allowed: " +
      "[CREATE, UPDATE, DELETE, CONNECT]",
    ],
    ["any of none", { any: [] }, "spec.rules[0].preconditions.any", /the rule would never apply$/],
    ["a text", "x", "spec.rules[0].preconditions", /expected any or all$/],
    [
      "too many",
      { all: new Array(257).fill(all("a", "Equals", "a").all[0]) },
      "spec.rules[0].preconditions.all",
      /257/,
    ],
  ])("are refused with %s", async (_, preconditions, path, reason) => {
    const document = policyDocument({ apiVersion: "kyverno.io/v1", rule: { preconditions } });
    const { problems } = await loadPolicies([{ source: "p.json", text: JSON.stringify(document) }], crypto);
    const found = problems.find((problem) => problem.path === path)?.reason;
    if (typeof reason === "string") expect(found).toBe(reason);
    else expect(found).toMatch(reason);
  });
});
