/** Rules for what makes Pods see the Pod in the template: what their variables name of a Pod, they name there. */
import { describe, expect, it } from "vitest";
import { rewriteReferences } from "../../../src/policy/autogen.ts";
import type { KubernetesObject, PolicyRequest } from "../../../src/policy/mod.ts";
import { load, type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest } from "./requests.ts";
import { ask, createWorld } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const UNSIGNED = `${REPOSITORY}:unsigned`;

/** From Kyverno's own tests of autogen, `TestUpdateGenRuleByte`. */
const REWRITTEN = [
  ["controller", "request.object.spec", "request.object.spec.template.spec"],
  ["controller", "request.oldObject.spec", "request.oldObject.spec.template.spec"],
  ["cronJob", "request.object.spec", "request.object.spec.jobTemplate.spec.template.spec"],
  ["cronJob", "request.oldObject.spec", "request.oldObject.spec.jobTemplate.spec.template.spec"],
  ["controller", "request.object.metadata", "request.object.spec.template.metadata"],
] as const;

describe("rewriteReferences()", () => {
  it.each(REWRITTEN)("in a %s: %s is %s", (template, written, expected) => {
    expect(rewriteReferences(written, template)).toBe(expected);
  });

  it("reaches every text and name, as often as it stands there", () => {
    const rule = {
      "request.object.spec.a": ["{{ request.object.spec.b }} and {{ request.object.metadata.c }}", 5, null, true],
    };
    expect(rewriteReferences(rule, "controller")).toEqual({
      "request.object.spec.template.spec.a": [
        "{{ request.object.spec.template.spec.b }} and {{ request.object.spec.template.metadata.c }}",
        5,
        null,
        true,
      ],
    });
  });

  it("gives back what names no part of a Pod", () => {
    const rule = { a: ["{{ request.namespace }}", { b: "object.spec and request.object.kind" }] };
    expect(rewriteReferences(rule, "cronJob")).toBe(rule);
  });
});

const podSpec = { containers: [{ name: "c", image: UNSIGNED }] };
const template = (labels: Json) => ({ metadata: { labels }, spec: podSpec });

/** Objects that make a Pod with labels, and have none of their own. */
const OBJECTS: readonly (readonly [kind: string, rule: string, make: (labels: Json) => Json])[] = [
  ["Pod", "verify-signature-notary", (labels) => ({ metadata: { name: "test", labels }, spec: podSpec })],
  ["Deployment", "autogen-verify-signature-notary", (labels) => ({
    metadata: { name: "test" },
    spec: { template: template(labels) },
  })],
  ["CronJob", "autogen-cronjob-verify-signature-notary", (labels) => ({
    metadata: { name: "test" },
    spec: { jobTemplate: { spec: { template: template(labels) } } },
  })],
];

const requestFor = (kind: string, object: Json): PolicyRequest =>
  createRequest({ kind, group: kind === "Pod" ? "" : "apps", object: { kind, ...object } as KubernetesObject });

describe("a rule for controllers", () => {
  const decide = async (changes: PolicyChanges, request: PolicyRequest) =>
    await ask(await createWorld(), await load(policyDocument(changes)), request);

  it.each(OBJECTS)("has preconditions about the Pod a %s makes", async (kind, rule, make) => {
    const key = "{{ request.object.metadata.labels.checked || '' }}";
    const preconditions = { all: [{ key, operator: "Equals", value: "yes" }] };
    const asked = await decide({ rule: { preconditions } }, requestFor(kind, make({ checked: "yes" })));
    expect([asked.allowed, asked.responses.map((one) => one.rule)]).toEqual([false, [rule]]);
    const unasked = await decide({ rule: { preconditions } }, requestFor(kind, make({ checked: "no" })));
    expect([unasked.allowed, unasked.responses[0]?.whole?.message]).toEqual([true, "preconditions not met"]);
  });

  it.each(OBJECTS)("has a context about the Pod a %s makes", async (kind, _, make) => {
    const context = [{
      name: "wanted",
      variable: { jmesPath: "request.object.spec.containers[0].name", default: "none" },
    }];
    const preconditions = { all: [{ key: "{{ wanted }}", operator: "Equals", value: "c" }] };
    const { allowed } = await decide({ rule: { context, preconditions } }, requestFor(kind, make({})));
    expect(allowed).toBe(false);
  });

  it.each(OBJECTS)("has attestors about the Pod a %s makes", async (kind, rule, make) => {
    const cert = "{{ request.object.spec.missing }}";
    const verify = { attestors: [{ entries: [{ certificates: { cert } }] }] };
    const { allowed, responses } = await decide({ verify }, requestFor(kind, make({})));
    expect(allowed).toBe(false);
    const path = { Pod: "spec", Deployment: "spec.template.spec", CronJob: "spec.jobTemplate.spec.template.spec" };
    expect(responses.map(({ whole, rule }) => [rule, whole?.message])).toEqual([[
      rule,
      `failed to substitute variables: failed to resolve request.object.${path[kind as "Pod"]}.missing at path ` +
      `/verifyImages/0/attestors/0/entries/0/certificates/cert: JMESPath query failed: Unknown key "missing" in path`,
    ]]);
  });

  it("does not take the extractors along", async () => {
    const imageExtractors = { Deployment: [{ path: "/spec/nowhere" }] };
    const { allowed } = await decide(
      { rule: { imageExtractors } },
      requestFor("Deployment", {
        metadata: { name: "test" },
        spec: { template: template({}) },
      }),
    );
    expect(allowed).toBe(false);
  });

  it("is not made of a rule that is itself called so, and that one is asked as it is written", async () => {
    const [rule] = policyDocument()["spec"] ? [(policyDocument()["spec"] as { rules: [Json] }).rules[0]] : [];
    const rules = [rule, { ...rule, name: "autogen-own" }];
    const { responses } = await decide({ spec: { rules } }, requestFor("Pod", OBJECTS[0]?.[2]({}) ?? {}));
    expect(responses.map((one) => one.rule), 'deviation "autogen-named-rule"')
      .toEqual(["verify-signature-notary", "autogen-own"]);
  });
});
