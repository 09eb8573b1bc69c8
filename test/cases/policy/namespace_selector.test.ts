import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../../src/errors.ts";
import { type AskedCluster, clusterOf, namespaceWith } from "./clusters.ts";
import { load, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, NOW } from "./world.ts";

const UNSIGNED = podWith(["ghcr.io/kyverno/test-verify-image:unsigned"]);

/** The example policy for namespaces in production. */
const PRODUCTION = {
  rule: {
    match: { any: [{ resources: { kinds: ["Pod"], namespaceSelector: { matchLabels: { env: "prod*" } } } }] },
  },
};

async function decide(changes: object, cluster: Pick<AskedCluster, "get" | "list" | "read"> | undefined) {
  const world = await createWorld();
  return await ask(world, await load(policyDocument(changes)), createRequest({ object: UNSIGNED }), {
    ports: { open: world.open, crypto, now: () => NOW, ...(cluster === undefined ? {} : { cluster }) },
  });
}

describe("namespaceSelector", () => {
  it("goes by the labels the namespace has when the request comes, whatever the object says", async () => {
    expect((await decide(PRODUCTION, clusterOf(namespaceWith("default", { env: "production" })))).allowed).toBe(false);
    const elsewhere = clusterOf(namespaceWith("default", { env: "test" }), namespaceWith("other", { env: "prod" }));
    expect(await decide(PRODUCTION, elsewhere)).toMatchObject({ allowed: true, responses: [] });
    expect(elsewhere.asked).toEqual(["get Namespace default"]);
  });

  it("asks once in a request, for however many rules", async () => {
    const [rule] = (policyDocument(PRODUCTION)["spec"] as { rules: readonly object[] }).rules;
    const rules = ["one", "two", "three"].map((name) => ({ ...rule, name }));
    const cluster = clusterOf(namespaceWith("default", { env: "prod" }));
    const { responses } = await decide({ spec: { rules } }, cluster);
    expect(responses.map((response) => response.rule)).toEqual(["one", "two", "three"]);
    expect(cluster.asked).toEqual(["get Namespace default"]);
  });

  it("in an exclusion exempts no namespace whose labels are not known", async () => {
    const rule = { exclude: { any: [{ resources: { namespaceSelector: { matchLabels: { env: "dev" } } } }] } };
    expect((await decide({ rule }, undefined)).allowed).toBe(false);
    expect((await decide({ rule }, clusterOf(namespaceWith("default", { env: "dev" })))).allowed).toBe(true);
  });

  it.each<[name: string, cluster: Partial<AskedCluster> | undefined, code: string]>([
    ["there is no cluster", undefined, "ERR_CLUSTER_MISSING"],
    ["the cluster has no such namespace", clusterOf(), "ERR_CLUSTER"],
    [
      "the cluster does not answer",
      { ...clusterOf(), get: () => Promise.reject(new UnavailableError("ERR_CLUSTER", "Cannot get")) },
      "ERR_CLUSTER",
    ],
  ])("is an error, not another rule, when %s", async (_name, cluster, code) => {
    const decision = await decide(PRODUCTION, cluster as AskedCluster | undefined);
    expect(decision.allowed).toBe(false);
    expect(decision.responses[0]?.whole).toMatchObject({ status: "error", refusal: { code } });
    expect(decision.message).toContain("failed to match the request");
  });

  it("says what it needs", async () => {
    const [policy] = await load(policyDocument(PRODUCTION));
    expect(policy?.needs).toEqual(["get namespaces"]);
  });

  it("takes odd namespaces for ones without labels", async () => {
    for (const odd of [{}, { metadata: 1 }, { metadata: { labels: [] } }, { metadata: { labels: { env: 1 } } }, "x"]) {
      const cluster = { ...clusterOf(), get: () => Promise.resolve(odd) };
      expect(await decide(PRODUCTION, cluster)).toMatchObject({ allowed: true, responses: [] });
    }
  });
});
