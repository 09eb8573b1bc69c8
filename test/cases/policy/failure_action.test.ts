/**
 * Which action a failing rule has: of its entries, of the namespace, of the policy; and what the gate says of
 * overrides.
 */
import { describe, expect, it } from "vitest";
import { loadPolicies } from "../../../src/policy/mod.ts";
import type { Cluster } from "../../../src/ports.ts";
import { clusterOf, namespaceWith } from "./clusters.ts";
import { load, type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, NOW } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const UNSIGNED = `${REPOSITORY}:unsigned`;

/** What becomes of an unsigned image in a namespace: `Enforce` blocks it. */
async function actionIn(namespace: string, spec: Json, verify: Json = {}, cluster?: Cluster): Promise<string> {
  const world = await createWorld();
  const policies = await load(policyDocument({ spec, verify: { mutateDigest: false, ...verify } }));
  const request = createRequest({ namespace, object: podWith([UNSIGNED]) });
  const ports = { open: world.open, crypto, now: () => NOW, ...(cluster === undefined ? {} : { cluster }) };
  const { allowed, responses } = await ask(world, policies, request, { ports: ports as never });
  expect(allowed).toBe(responses[0]?.action === "Audit");
  return responses[0]?.action ?? "";
}

const overrides = (...given: readonly Json[]): Json => ({ validationFailureActionOverrides: given });
const production = { action: "Enforce", namespaces: ["prod"] };
const development = { action: "Audit", namespaces: ["dev-*"] };
const audit = { validationFailureAction: "Audit" };

describe("validationFailureActionOverrides", () => {
  const rows: readonly (readonly [spec: Json, namespace: string, action: string])[] = [
    [{ ...audit, ...overrides(production) }, "prod", "Enforce"],
    [{ ...audit, ...overrides(production) }, "prod-2", "Audit"],
    [overrides(development), "dev-1", "Audit"],
    [overrides(development), "dev", "Enforce"],
    [overrides(production, development), "prod", "Enforce"],
    [overrides({ action: "audit", namespaces: ["a", "b"] }), "b", "Audit"],
    [overrides({ action: "enforce", namespaces: ["?"] }, { action: "Audit", namespaces: ["dev"] }), "dev", "Audit"],
    [{ ...audit, ...overrides({ action: "Enforce", namespaces: ["*"] }) }, "any", "Enforce"],
  ];

  it.each(rows)("%j in %s: %s", async (spec, namespace, action) => {
    expect(await actionIn(namespace, spec)).toBe(action);
  });

  it("counts the first that fits", async () => {
    const labelled = { namespaceSelector: { matchLabels: { tier: "test" } } };
    const cluster = () => clusterOf(namespaceWith("web", { tier: "test" }));
    const first = overrides({ action: "Audit", ...labelled }, { action: "Enforce", namespaces: ["web"] });
    expect(await actionIn("web", first, {}, cluster())).toBe("Audit");
    const second = overrides({ action: "Enforce", namespaces: ["web"] }, { action: "Audit", ...labelled });
    expect(await actionIn("web", second, {}, cluster())).toBe("Enforce");
  });

  it("asks the cluster for labels only where a name does not settle it, and where a rule has something to say", async () => {
    const labelled = { action: "Audit", namespaces: ["web"], namespaceSelector: { matchLabels: { tier: "test" } } };
    for (
      const [labels, namespace, action, asked] of [
        [{ tier: "test" }, "web", "Audit", ["get Namespace web"]],
        [{ tier: "prod" }, "web", "Enforce", ["get Namespace web"]],
        [{ tier: "test" }, "other", "Enforce", []],
      ] as const
    ) {
      const cluster = clusterOf(namespaceWith("web", labels), namespaceWith("other", labels));
      expect(await actionIn(namespace, overrides(labelled), {}, cluster)).toBe(action);
      expect(cluster.asked).toEqual(asked);
    }
  });

  it('enforces where nobody can tell the labels: "override-labels-unknown"', async () => {
    const labelled = { action: "Audit", namespaceSelector: { matchLabels: { tier: "test" } } };
    expect(await actionIn("web", { ...audit, ...overrides(labelled) })).toBe("Enforce");
    expect(await actionIn("web", { ...audit, ...overrides(labelled) }, {}, clusterOf())).toBe("Enforce");
  });

  it("decides nothing for entries with an action of their own", async () => {
    expect(await actionIn("prod", overrides(production), { failureAction: "Audit" })).toBe("Audit");
    expect(await actionIn("dev-1", overrides(development), { failureAction: "Enforce" })).toBe("Enforce");
  });

  it("says what it needs of the cluster", async () => {
    const needsOf = async (given: Json) => (await load(policyDocument({ spec: overrides(given) })))[0]?.needs;
    expect(await needsOf(production)).toEqual([]);
    expect(await needsOf({ action: "Audit", namespaceSelector: { matchLabels: { a: "b" } } })).toEqual([
      "get namespaces",
    ]);
  });
});

describe("the gate of overrides", () => {
  const at = "spec.validationFailureActionOverrides";
  const rows: readonly (readonly [given: unknown, path: string, reason: string])[] = [
    [[{}], `${at}[0]`, "action is missing, expected Audit or Enforce"],
    [
      [{ action: "Deny", namespaces: ["a"] }],
      `${at}[0].action`,
      '"Deny", expected one of Audit, Enforce, audit, enforce',
    ],
    [[{ action: "Audit" }], `${at}[0]`, "0 namespaces and no namespaceSelector: it would never apply"],
    [[{ action: "Audit", namespaces: [] }], `${at}[0]`, "0 namespaces and no namespaceSelector: it would never apply"],
    [
      [{ action: "Audit", namespaces: ["a"] }, { action: "Enforce", namespaces: ["b", "a"] }],
      `${at}[1].namespaces`,
      `conflicting namespaces found in path: ${at}[1].namespaces: a`,
    ],
    [
      [{ action: "Audit", namespaces: ["a*"] }, { action: "Enforce", namespaces: ["ab"] }],
      `${at}[1].namespaces`,
      `path: ${at}[1].namespaces: wildcard pattern 'a*' matches with namespace 'ab'`,
    ],
    [
      [{ action: "Enforce", namespaces: ["ab"] }, { action: "Audit", namespaces: ["a*"] }],
      `${at}[1].namespaces`,
      `path: ${at}[1].namespaces: wildcard pattern 'a*' matches with namespace 'ab'`,
    ],
    [
      [{ action: "Enforce", namespaces: ["a*"] }, { action: "Audit", namespaces: ["ab*"] }],
      `${at}[1].namespaces`,
      `path: ${at}[1].namespaces: wildcard pattern 'a*' conflicts with the pattern 'ab*'`,
    ],
  ];

  const problemsOf = async (changes: PolicyChanges) =>
    (await loadPolicies([{ source: "p", text: JSON.stringify(policyDocument(changes)) }], crypto)).problems;

  it.each(rows)("%j", async (given, path, reason) => {
    const problems = await problemsOf({ spec: { validationFailureActionOverrides: given } });
    expect(problems.map((problem) => [problem.path, problem.reason])).toEqual([[path, reason]]);
  });

  it("takes overrides of one action that overlap", async () => {
    const spec = overrides(production, { action: "Enforce", namespaces: ["p*"] });
    expect(await problemsOf({ spec })).toEqual([]);
  });

  it("refuses them in a Policy, which has one namespace", async () => {
    const problems = await problemsOf({
      kind: "Policy",
      metadata: { namespace: "prod" },
      spec: overrides(production),
    });
    expect(problems.map(({ path, reason }) => [path, reason])).toEqual([
      [at, "Use of validationFailureActionOverrides is supported only with ClusterPolicy"],
    ]);
  });
});
