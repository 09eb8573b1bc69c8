/** The load gate of `imageRegistryCredentials`. */
import { expect, it } from "vitest";
import { registryCredentials } from "../../../src/policy/registry_fields.ts";
import { MAX_PULL_SECRETS } from "../../../src/policy/registry_views.ts";
import { openGate } from "../../../src/policy/schema.ts";

function read(value: unknown, namespace = "") {
  const gate = openGate("F", () => ({ line: 1, column: 1 }));
  return {
    fields: registryCredentials(namespace)(value, ["c"], gate),
    problems: gate.problems.map(({ path }) => path),
  };
}

it.each<[unknown, unknown]>([
  [{ secrets: ["a"] }, { secrets: [{ namespace: "kyverno", name: "a" }], own: false }],
  [{ secrets: ["apps/a.b"], providers: ["github"] }, { secrets: [{ namespace: "apps", name: "a.b" }], own: true }],
  [{ providers: ["default", "google"] }, { secrets: [], own: true }],
  [{ secrets: [], providers: [] }, undefined],
  [{}, undefined],
])("reads %j", (value, expected) => expect(read(value)).toEqual({ fields: expected, problems: [] }));

it.each<[unknown, string]>([
  [{ secrets: [""] }, "c.secrets[0]"],
  [{ secrets: ["a/b/c"] }, "c.secrets[0]"],
  [{ secrets: ["../a"] }, "c.secrets[0]"],
  [{ secrets: ["A"] }, "c.secrets[0]"],
  [{ secrets: [1] }, "c.secrets[0]"],
  [{ secrets: "a" }, "c.secrets"],
  [{ secrets: Array.from({ length: MAX_PULL_SECRETS + 1 }, (_, index) => `s${index}`) }, "c.secrets"],
  [{ providers: ["ecr"] }, "c.providers[0]"],
  [{ helpers: ["amazon"] }, "c.helpers"],
  ["a", "c"],
])("refuses %j", (value, path) => expect(read(value).problems).toEqual([path]));

/** `"policy-secrets"`: a Policy is written by whoever may write in its namespace. */
it.each<[unknown, readonly string[]]>([
  [{ secrets: ["team/a"] }, []],
  [{ secrets: ["kyverno/a"] }, ["c.secrets[0]"]],
  [{ secrets: ["team/a", "a"] }, ["c.secrets[1]"]],
])("of a Policy of the namespace team reads its own Secrets alone: %j", (value, problems) => {
  expect(read(value, "team").problems).toEqual(problems);
});
