import { describe, expect, it } from "vitest";
import { renderStartup } from "../../../src/cli/render/startup.ts";
import { load, policyDocument } from "../policy/policies.ts";

const start = { url: "http://127.0.0.1:9443", problems: [], examples: "examples" };

describe("renderStartup() of policies that ask the cluster", () => {
  const excluding = policyDocument({
    spec: { background: false },
    rule: {
      exclude: { any: [{ clusterRoles: ["a"] }, { resources: { namespaceSelector: { matchLabels: { a: "b" } } } }] },
    },
  });
  const needs = "    asks     the cluster to get namespaces, list clusterrolebindings, list rolebindings";

  it("says what they ask", async () => {
    const policies = await load(excluding);
    expect(renderStartup({ ...start, policies, cluster: "https://api" })).toContain(`${needs}\n`);
  });

  it("says that without a cluster what depends on it is an error", async () => {
    const policies = await load(excluding);
    expect(renderStartup({ ...start, policies })).toContain(
      `${needs}: none is given, so what depends on it is an error\n`,
    );
  });

  it("says nothing of the cluster where nothing is asked of it", async () => {
    expect(renderStartup({ ...start, policies: await load(policyDocument()) })).not.toContain("asks");
  });
});
