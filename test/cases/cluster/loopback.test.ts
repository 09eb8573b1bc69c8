/** A kubeconfig, TLS with a client certificate and HTTP together, over loopback. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createApiServerCluster,
  createApiServerWriter,
  createResourcesCluster,
  readKubeconfig,
} from "../../../src/cluster/mod.ts";
import type { Cluster } from "../../../src/ports.ts";
import { openNodeTls } from "../../../src/runtime/node_tls.ts";
import { sleep } from "../../../src/runtime/web.ts";
import { kubeconfigOf, type LoopbackApiServer, startApiServer } from "../../run/api_server.ts";
import { createFiles } from "../cli/memory_files.ts";

const signal = AbortSignal.timeout(60_000);
const text = `
{apiVersion: v1, kind: ConfigMap, metadata: {name: keys, namespace: team-a, labels: {use: trust}}, data: {a: b}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: more, namespace: team-a}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "system:node"}}
`;
const held = createResourcesCluster([{ source: "objects.yaml", text }]);
let server: LoopbackApiServer;

beforeAll(async () => {
  server = await startApiServer(held, "right-token");
});
afterAll(() => server.close());

async function open(kubeconfig: string): Promise<Cluster> {
  const ports = { files: createFiles({ config: kubeconfig }), now: () => new Date() };
  const access = await readKubeconfig("config", { ports });
  return createApiServerCluster(access, { fetch: openNodeTls(access.tls), now: ports.now, sleep });
}

describe("an API server with a CA of its own", () => {
  it.each([["a client certificate", "certificate"], ["a token", { token: "right-token" }]] as const)(
    "answers %s as the objects themselves do",
    async (_, user) => {
      const cluster = await open(kubeconfigOf(server, user));
      const maps = { apiVersion: "v1", kind: "ConfigMap", namespace: "team-a" };
      const roles = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", namespace: "" };
      for (const object of [{ ...maps, name: "keys" }, { ...maps, name: "none" }, { ...roles, name: "system:node" }]) {
        expect(await cluster.get(object, { signal })).toEqual(await held.get(object, { signal }));
      }
      for (const objects of [maps, { ...maps, labelSelector: "use in (trust)" }, { ...maps, namespace: "" }, roles]) {
        expect(await cluster.list(objects, { signal })).toEqual(await held.list(objects, { signal }));
      }
      const path = "/api/v1/namespaces/team-a/configmaps?labelSelector=use%21%3Dtrust";
      expect(await cluster.read(path, { signal })).toEqual(await held.read(path, { signal }));
    },
  );

  it("keeps what is applied, and what is applied after it in its place", async () => {
    const files = createFiles({ config: kubeconfigOf(server, "certificate") });
    const now = () => new Date();
    const access = await readKubeconfig("config", { ports: { files, now } });
    const writer = createApiServerWriter(access, { fetch: openNodeTls(access.tls), now, sleep });
    const report = (results: readonly string[]) => ({
      apiVersion: "wgpolicyk8s.io/v1alpha2",
      kind: "PolicyReport",
      metadata: { name: "edge-notary-u", namespace: "team-a" },
      results,
    });
    for (const results of [["one"], ["two", "three"]]) await writer.apply(report(results), { signal });
    const path = "/apis/wgpolicyk8s.io/v1alpha2/namespaces/team-a/policyreports/edge-notary-u";
    expect([...server.reports]).toEqual([[path, report(["two", "three"])]]);
  });

  it("refuses another token, by the account's name", async () => {
    const cluster = await open(kubeconfigOf(server, { token: "wrong-token" }));
    const asked = cluster.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "team-a", name: "keys" }, { signal });
    await expect(asked).rejects.toMatchObject({
      code: "ERR_CLUSTER_FORBIDDEN",
      message: expect.stringContaining('does not know user "ada" of context "loopback"') as string,
    });
  });

  it("is not believed when another CA made its certificate: it is not even asked", async () => {
    const stranger = await startApiServer(held, "right-token");
    try {
      const before = server.asked.length;
      const wrong = kubeconfigOf({ ...server, family: stranger.family }, { token: "right-token" });
      const asked = (await open(wrong)).read("/api/v1/namespaces", { signal });
      await expect(asked).rejects.toMatchObject({ code: "ERR_CLUSTER" });
      expect(server.asked).toHaveLength(before);
    } finally {
      await stranger.close();
    }
  });
});
