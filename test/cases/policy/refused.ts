/** Rows of refused policies: what differs from the example policy, where the problem is and what it says. */
import { expect } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { loadPolicies, type PolicyProblem } from "../../../src/policy/mod.ts";
import { type PolicyChanges, policyDocument } from "./policies.ts";

/** A sentence in full is Kyverno's; elsewhere the part that tells one refusal from another. */
export type RefusedRow = readonly [name: string, changes: PolicyChanges, path: string, reason: string | RegExp];

/** The policy is not loaded, and the problem says why at the line and column its path leads to. */
export async function expectRefused([, changes, path, reason]: RefusedRow): Promise<void> {
  const text = JSON.stringify(policyDocument(changes), null, 1);
  const { policies, problems } = await loadPolicies([{ source: "p.yaml", text }], createWebCryptoProvider());
  // What stands in for it.
  expect(policies.map(({ problems }) => problems)).toEqual([problems]);
  const problem = problems.find((one) => one.path === path);
  expect(problem, JSON.stringify(problems)).toBeDefined();
  const expected = typeof reason === "string" ? reason : expect.stringMatching(reason);
  expect(problem).toMatchObject({ file: "p.yaml", code: expect.stringMatching(/^ERR_/), reason: expected });
  expectToBeAt(text, problem as PolicyProblem);
}

/** What stands at the line and column is what the path names; of a field that is missing, what it is missing in. */
function expectToBeAt(text: string, { line, column, path }: PolicyProblem): void {
  const rest = text.split("\n").slice(line - 1).join("\n").slice(column - 1);
  const steps = [...path.matchAll(/\["([^"]+)"\]|\[(\d+)\]|([\w-]+)/g)].map((step) =>
    step[1] ?? step[2] ?? step[3] ?? ""
  );
  let value: unknown = JSON.parse(text);
  let name: string | undefined;
  for (const step of steps) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) break;
    name = Array.isArray(value) ? undefined : step;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  const beginning = name === undefined ? JSON.stringify(value, null, 1).slice(0, 1) : JSON.stringify(name);
  expect(rest.startsWith(beginning), `${path} at ${line}:${column}: ${rest.slice(0, 40)}`).toBe(true);
}
