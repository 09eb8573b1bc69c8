import { describe, expect, it } from "vitest";
import { parseApiPath } from "../../../src/cluster/api_path.ts";

/** Listed as "api-call-path": Kyverno would ask for these. */
describe("parseApiPath()", () => {
  it.each([
    "/api/v1/namespaces",
    "/api/v1/namespaces/default/secrets/keys",
    "/apis/apps/v1/namespaces/default/deployments/web/scale",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
    "/apis/metrics.k8s.io/v1beta1/nodes",
    "/api/v1/pods?labelSelector=app%3Dweb,tier%21%3Ddb&limit=5",
    "/api/v1/pods?fieldSelector=spec.nodeName%3Da",
    "/version",
  ])("reads %s", (text) => {
    const url = new URL(text, "https://api.example");
    const { segments, query } = parseApiPath(text);
    // What is sent is what was read: no part of it means something else to a URL.
    expect(url.pathname + url.search).toBe(text);
    expect(`/${segments.join("/")}`).toBe(url.pathname);
    expect([...query]).toEqual([...url.searchParams]);
  });

  it.each([
    "",
    "/",
    "api/v1/pods",
    "//evil.example/api/v1",
    "https://evil.example/api/v1/pods",
    "/metrics",
    "/logs/kube-apiserver.log",
    "/api/v1/../../metrics",
    "/api/v1/./pods",
    "/api//v1/pods",
    "/api/v1/pods/",
    "/api/v1/%2e%2e/metrics",
    "/api/v1/namespaces/a%2fb/pods",
    "/api/v1\\namespaces",
    "/api/v1/pods#x",
    "/api/v1/pods?labelSelector=a#x",
    "/api/v1/pods?watch=true",
    "/api/v1/pods?limit=1&limit=2",
    "/api/v1/pods?limit=0",
    "/api/v1/pods?limit=5?x",
    "/api/v1/pods?",
    "/api/v1/pods?labelSelector=a==b==c",
    "/api/v1/pods?labelSelector=%zz",
    "/api/v1/pods?labelSelector=a b",
    "/api/v1/pods a",
    "/api/v1/pods\n",
    "/api/v1/pödchen",
    "/api/v1/namespaces/a/services/b/proxy/metrics",
    "/api/v1/nodes/a/proxy/pods",
    `/api/v1/${"a".repeat(254)}`,
    `/api/v1/${"a/".repeat(3_000)}b`,
  ])("refuses %j", (text) => {
    expect(() => parseApiPath(text)).toThrowError(expect.objectContaining({ code: "ERR_CLUSTER_PATH" }) as Error);
  });
});
