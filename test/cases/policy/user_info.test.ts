import { describe, expect, it } from "vitest";
import { createClusterFacts } from "../../../src/policy/cluster_facts.ts";
import { compileSelection, type Selection } from "../../../src/policy/match.ts";
import { matchBlock } from "../../../src/policy/match_fields.ts";
import { openGate } from "../../../src/policy/schema.ts";
import { rolesOf } from "../../../src/policy/user_info.ts";
import { UnavailableError } from "../../../src/errors.ts";
import vectors from "../../vectors/kyverno_who_asks.json" with { type: "json" };
import { clusterOf, clusterRoleBinding, namespaceWith, roleBinding } from "./clusters.ts";
import { load, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, NOW } from "./world.ts";

const SIGNAL = new AbortController().signal;
const JANE = { kind: "User", name: "jane" };

/** A block through the load gate; what the gate refuses fails the test. */
function read(section: "match" | "exclude", value: unknown): Selection["match"] {
  const gate = openGate("row.yaml", () => ({ line: 1, column: 1 }));
  const block = matchBlock({ section, version: "v1", namespaced: false, background: false })(value, [section], gate);
  // Vectors are about kinds without images, too: that a rule would look at none is another matter.
  const problems = gate.problems.filter(({ reason }) => !reason.includes("images are looked for"));
  if (block === undefined || problems.length > 0) throw new Error(JSON.stringify(problems));
  return block;
}

describe("compileSelection() knows who asks, and where, as Kyverno does", () => {
  it.each(vectors.matches)("$name: $matches", async (row) => {
    const { match, exclude } = row.rule as { readonly match: unknown; readonly exclude?: unknown };
    const { kind, metadata } = row.object as { kind: string; metadata: { name: string; namespace?: string } };
    const { name, namespace = "" } = metadata;
    const request = createRequest({ kind, name, namespace, object: row.object, userInfo: row.user });
    const bindings = [
      ...row.roles.map((role) => roleBinding(...role.split(":") as [string, string], subjectOf(row.user))),
      ...row.clusterRoles.map((role) => clusterRoleBinding(role, subjectOf(row.user))),
    ];
    const prod = namespaceWith("prod", row.namespaceLabels as Record<string, string>);
    const cluster = { ...clusterOf(...bindings), get: () => Promise.resolve(prod) };
    const select = compileSelection({
      match: read("match", match),
      ...(exclude === undefined ? {} : { exclude: read("exclude", exclude) }),
      policyNamespace: "",
    });
    const selected = select(request);
    const answer = typeof selected === "boolean"
      ? selected
      : await selected(createClusterFacts(request, cluster, SIGNAL));
    expect(answer).toBe(row.matches);
  });
});

const subjectOf = ({ username }: { readonly username: string }) => ({ kind: "User", name: username });

describe("rolesOf() finds the roles Kyverno finds", () => {
  it.each(vectors.roles)("$name", ({ user, roleBindings, clusterRoleBindings, roles, clusterRoles }) => {
    expect(rolesOf(user, roleBindings, clusterRoleBindings)).toEqual({ roles, clusterRoles });
  });

  it("takes what is no binding for none", () => {
    const odd = [null, "x", [], {}, { roleRef: 1 }, { roleRef: { kind: "ClusterRole" } }, {
      roleRef: { kind: "ClusterRole", name: "admin" },
      subjects: [null, 1, { kind: "User" }, { kind: "User", name: 1 }],
    }];
    expect(rolesOf({ username: "jane", groups: [] }, odd, odd)).toEqual({ roles: [], clusterRoles: [] });
  });
});

/** The example policy for everybody but cluster administrators. */
const EXCLUDING = {
  spec: { background: false },
  rule: { exclude: { any: [{ clusterRoles: ["cluster-admin"] }] } },
};

const UNSIGNED = "ghcr.io/kyverno/test-verify-image:unsigned";

const byJane = createRequest({ object: podWith([UNSIGNED]), userInfo: { username: "jane", groups: [] } });

async function decide(changes: object, cluster: ReturnType<typeof clusterOf> | undefined, request = byJane) {
  const world = await createWorld();
  const decision = await ask(
    world,
    await load(
      policyDocument(changes),
      policyDocument({
        ...changes,
        metadata: { name: "another" },
      }),
    ),
    request,
    { ports: { open: world.open, crypto, now: () => NOW, ...(cluster === undefined ? {} : { cluster }) } },
  );
  return { decision, asked: world.asked };
}

describe("a rule that depends on who asks", () => {
  it("admits those whom it excludes and denies the others", async () => {
    const admins = clusterOf(clusterRoleBinding("cluster-admin", JANE));
    expect((await decide(EXCLUDING, admins)).decision).toMatchObject({ allowed: true, responses: [] });
    const viewers = clusterOf(clusterRoleBinding("view", JANE));
    expect((await decide(EXCLUDING, viewers)).decision).toMatchObject({ allowed: false });
  });

  it("asks the cluster once for all rules and policies of a request", async () => {
    const cluster = clusterOf(clusterRoleBinding("view", JANE));
    await decide(EXCLUDING, cluster);
    expect([...cluster.asked].sort()).toEqual(["list ClusterRoleBinding", "list RoleBinding"]);
  });

  it("asks nothing where no image, kind or name would make it apply", async () => {
    const cluster = clusterOf();
    for (
      const request of [
        createRequest({ object: podWith(["registry.example.com/other:1"]) }),
        createRequest({ kind: "ConfigMap", object: { kind: "ConfigMap" } }),
      ]
    ) await decide(EXCLUDING, cluster, request);
    const rule = { exclude: { any: [{ clusterRoles: ["a"] }, { resources: { names: ["te*"] } }] } };
    await decide({ ...EXCLUDING, rule }, cluster);
    expect(cluster.asked).toEqual([]);
  });

  it("is an error without a cluster: never silently another rule", async () => {
    const { decision, asked } = await decide(EXCLUDING, undefined);
    expect(decision.allowed).toBe(false);
    expect(decision.responses[0]?.whole, "cluster-unknown-match").toMatchObject({
      status: "error",
      message: 'failed to match the request: Cannot read the roles of user "jane": no cluster is known here',
      refusal: { code: "ERR_CLUSTER_MISSING" },
    });
    expect(asked).toEqual([]);
  });

  it("is an error when the cluster does not answer, and passes where its policy fails open and audits", async () => {
    const broken = { ...clusterOf(), list: () => Promise.reject(new UnavailableError("ERR_CLUSTER", "Cannot list")) };
    const closed = await decide(EXCLUDING, broken);
    expect(closed.decision.allowed).toBe(false);
    expect(closed.decision.responses[0]?.whole?.refusal).toMatchObject({ code: "ERR_CLUSTER", class: "unavailable" });
    const open = await decide({ ...EXCLUDING, spec: { background: false, failurePolicy: "Ignore" } }, broken);
    expect(open.decision.allowed).toBe(true);
    expect(open.decision.warnings[0]).toMatch(/^policy another.verify-signature-notary: failed to match the request/);
  });

  it("does not wait for a cluster that answers after the deadline", async () => {
    const world = await createWorld();
    const never = { ...clusterOf(), list: () => new Promise<never>(() => {}) };
    const decision = await ask(world, await load(policyDocument(EXCLUDING)), byJane, {
      ports: { open: world.open, crypto, now: () => NOW, cluster: never },
      signal: AbortSignal.timeout(20),
    });
    expect(decision.responses[0]?.whole?.refusal).toMatchObject({ code: "ERR_DEADLINE" });
  });

  it("holds whatever else fails when another part of the selection settles it", async () => {
    const broken = { ...clusterOf(), list: () => Promise.reject(new UnavailableError("ERR_CLUSTER", "Cannot list")) };
    const namespaces = { ...broken, get: () => Promise.resolve(namespaceWith("default", { env: "dev" })) };
    const byLabel = { resources: { namespaceSelector: { matchLabels: { env: "dev" } } } };
    for (const any of [[{ clusterRoles: ["a"] }, byLabel], [byLabel, { clusterRoles: ["a"] }]]) {
      const { decision } = await decide({ ...EXCLUDING, rule: { exclude: { any } } }, namespaces);
      expect(decision).toMatchObject({ allowed: true, responses: [] });
    }
  });

  it("says what it needs", async () => {
    const [policy] = await load(policyDocument(EXCLUDING));
    expect(policy?.needs).toEqual(["list clusterrolebindings", "list rolebindings"]);
    const [plain] = await load(policyDocument({
      spec: { background: false },
      rule: { exclude: { any: [{ subjects: [JANE] }] } },
    }));
    expect(plain?.needs).toEqual([]);
  });
});
