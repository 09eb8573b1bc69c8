/** Rules about what makes Pods, and which of a policy's rules are asked. */
import { describe, expect, it } from "vitest";
import type { PolicyRequest } from "../../../src/policy/mod.ts";
import { load, type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, digestOf } from "./world.ts";

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const SIGNED = `${REPOSITORY}:signed`;
const UNSIGNED = `${REPOSITORY}:unsigned`;

const policy = (changes: PolicyChanges = {}) => load(policyDocument(changes));
const pod = (...images: readonly string[]) => createRequest({ object: podWith(images) });

describe("controllers", () => {
  type Controller = readonly [kind: string, group: string, spec: (pod: unknown) => unknown, rule: string];
  const controllers: readonly Controller[] = [
    ...["Deployment", "DaemonSet", "StatefulSet", "ReplicaSet"].map((kind) =>
      [kind, "apps", (pod: unknown) => ({ template: { spec: pod } }), "autogen-verify-signature-notary"] as const
    ),
    ["Job", "batch", (pod: unknown) => ({ template: { spec: pod } }), "autogen-verify-signature-notary"],
    ["ReplicationController", "", (pod: unknown) => ({ template: { spec: pod } }), "autogen-verify-signature-notary"],
    [
      "CronJob",
      "batch",
      (pod: unknown) => ({ jobTemplate: { spec: { template: { spec: pod } } } }),
      "autogen-cronjob-verify-signature-notary",
    ],
  ];

  it.each(controllers)("a %s is judged and pinned by its Pod template", async (kind, group, spec, rule) => {
    const request = (image: string): PolicyRequest =>
      createRequest({
        kind,
        group,
        object: { kind, metadata: { name: "test" }, spec: spec({ containers: [{ name: "c", image }] }) } as never,
      });
    const blocked = await ask(await createWorld(), await policy(), request(UNSIGNED));
    expect(blocked.message).toContain(`resource ${kind}/default/test was blocked`);
    expect(blocked.responses.map((response) => response.rule)).toEqual([rule]);
    const admitted = await ask(await createWorld(), await policy(), request(SIGNED));
    expect(admitted.patches.at(-1)).toMatchObject({ op: "replace", value: `${SIGNED}@${digestOf(SIGNED)}` });
    expect(admitted.patches.at(-1)?.path).toMatch(/\/template\/spec\/containers\/0\/image$/);
  });

  it("are left alone where the annotation says so", async () => {
    const metadata = { annotations: { "pod-policies.kyverno.io/autogen-controllers": "none" } };
    const object = { metadata: {}, spec: { template: { spec: { containers: [{ name: "c", image: UNSIGNED }] } } } };
    const request = createRequest({ kind: "Deployment", group: "apps", object });
    expect((await ask(await createWorld(), await policy({ metadata }), request)).responses).toEqual([]);
  });
});

describe("applyRules", () => {
  const rules = ["first", "second"].map((name) => ({
    ...(policyDocument()["spec"] as { rules: [object] }).rules[0],
    name,
  }));

  it.each([["All", ["first", "second"]], ["One", ["first"]]])("%s", async (applyRules, asked) => {
    const annotations = { "pod-policies.kyverno.io/autogen-controllers": "none" };
    const { responses } = await ask(
      await createWorld(),
      await policy({ metadata: { annotations }, spec: { applyRules, rules } }),
      pod(UNSIGNED),
    );
    expect(responses.map(({ rule }) => rule)).toEqual(asked);
  });
});
