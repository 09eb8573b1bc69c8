import { describe, expect, it } from "vitest";
import type { Cluster } from "../../../src/ports.ts";
import { deviations } from "../../peers/deviations.ts";
import { clusterOf } from "./cluster.ts";
import { play, said } from "./context_scenes.ts";

describe("who asks", () => {
  const bindings = clusterOf({});
  const roles: Cluster = {
    ...bindings,
    list: ({ kind }) =>
      Promise.resolve(
        kind === "ClusterRoleBinding"
          ? [{
            metadata: { name: "b" },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
            subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "someone" }],
          }]
          : [],
      ),
  };

  it("is known by the roles that the cluster binds", async () => {
    const scene = { context: [], key: "{{ request.clusterRoles }}", value: ["admin"] };
    expect(await said({ ...scene, cluster: roles })).toBe("pass");
    expect(await said({ ...scene, key: "{{ request.roles || `[]` }}", value: [], cluster: roles })).toBe("pass");
    const { response } = await play(scene);
    expect(response.whole).toMatchObject({ status: "error", refusal: { code: "ERR_CLUSTER_MISSING" } });
  });

  // The deviation "service-account-prefix".
  it.each<[username: string, found: string]>([
    ["system:serviceaccount:team:builder", "builder/team"],
    ["someone", "/"],
    ["an-other-user-of-a-name:team:builder", "/"],
  ])("is the service account of %s", async (username, found) => {
    expect(deviations.map(({ id }) => id)).toContain("service-account-prefix");
    const key = "{{ serviceAccountName }}/{{ serviceAccountNamespace }}";
    expect(await said({ context: [], key, value: found, request: { userInfo: { username, groups: [] } } })).toBe(
      "pass",
    );
  });
});
