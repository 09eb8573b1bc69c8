import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { createResourcesCluster } from "../../../src/cluster/mod.ts";

const signal = AbortSignal.timeout(60_000);

const FILE = `
apiVersion: v1
kind: Namespace
metadata: { name: team-a, labels: { tier: gold } }
---
apiVersion: v1
kind: Namespace
metadata: { name: team-b }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: keys, namespace: team-a, labels: { use: trust, size: "3" } }
data: { certificate: PEM }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: keys }
data: { certificate: DEFAULT }
---
apiVersion: v1
kind: Secret
metadata: { name: signer, namespace: team-a }
data: { old: b2xk }
stringData: { "tls.crt": grüße }
---
apiVersion: v1
kind: List
items:
  - { apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: { name: "system:aggregate-to-view" } }
  - { apiVersion: v1, kind: ConfigMap, metadata: { name: another, namespace: team-a } }
---
apiVersion: apps/v1
kind: DeploymentList
metadata: { resourceVersion: "" }
items: [{ metadata: { name: web, namespace: team-b } }]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: oxen.farm.example }
spec: { group: farm.example, scope: Namespaced, names: { kind: Ox, plural: oxen }, versions: [{ name: v1 }] }
---
apiVersion: farm.example/v1
kind: Ox
metadata: { name: bob, namespace: team-b }
---
apiVersion: farm.example/v1
kind: AllowList
metadata: { name: all }
`;

const cluster = createResourcesCluster([{ source: "objects.yaml", text: FILE }]);
const names = (objects: readonly unknown[]) =>
  objects.map((object) => (object as { readonly metadata: { readonly name: string } }).metadata.name);

describe("get()", () => {
  it.each([
    ["an object of a namespace", "v1", "ConfigMap", "team-a", "keys", { data: { certificate: "PEM" } }],
    ["one without a namespace in default", "v1", "ConfigMap", "default", "keys", { data: { certificate: "DEFAULT" } }],
    ["a cluster-scoped one", "rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:aggregate-to-view", {}],
    ["an item of a typed list, completed", "apps/v1", "Deployment", "team-b", "web", {
      apiVersion: "apps/v1",
      kind: "Deployment",
    }],
    ["an object whose kind ends as lists do", "farm.example/v1", "AllowList", "", "all", {}],
  ])("gives %s", async (_, apiVersion, kind, namespace, name, expected) => {
    const found = await cluster.get({ apiVersion, kind, namespace, name }, { signal });
    expect(found).toMatchObject({ metadata: { name }, ...expected });
  });

  it.each([
    ["another name", "v1", "ConfigMap", "team-a", "key"],
    ["another namespace", "v1", "ConfigMap", "team-b", "keys"],
    ["another version", "apps/v1beta1", "Deployment", "team-b", "web"],
    ["another kind", "v1", "Secret", "team-a", "keys"],
  ])("says that there is none: %s", async (_, apiVersion, kind, namespace, name) => {
    expect(await cluster.get({ apiVersion, kind, namespace, name }, { signal })).toBeUndefined();
  });

  it("keeps a Secret as the API server does: stringData becomes data", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", namespace: "team-a", name: "signer" };
    const found = await cluster.get(secret, { signal }) as { readonly data: Readonly<Record<string, string>> };
    expect(found).not.toHaveProperty("stringData");
    expect(found.data["old"]).toBe("b2xk");
    expect(Buffer.from(found.data["tls.crt"] ?? "", "base64").toString("utf8")).toBe("grüße");
  });

  it("gives each Namespace its name as label, as the API server does", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", namespace: "", name: "team-a" };
    expect(await cluster.get(namespace, { signal })).toMatchObject({
      metadata: { labels: { "kubernetes.io/metadata.name": "team-a", tier: "gold" } },
    });
  });

  it.each(["", ".", "..", "a/b", "a?b", "%2e%2e", "a\nb"])("refuses the name %j", async (name) => {
    const asked = cluster.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "default", name }, { signal });
    await expect(asked).rejects.toMatchObject({ code: "ERR_CLUSTER_PATH" });
  });

  it("ends with its signal", async () => {
    const ended = AbortSignal.abort(new Error("over"));
    const asked = cluster.get({ apiVersion: "v1", kind: "Pod", namespace: "a", name: "b" }, { signal: ended });
    await expect(asked).rejects.toThrow("over");
  });
});

describe("list()", () => {
  it.each([
    ["all namespaces, by namespace and name", "", undefined, ["keys", "another", "keys"]],
    ["one namespace", "team-a", undefined, ["another", "keys"]],
    ["by labels", "", "use=trust", ["keys"]],
    ["by absence of a label", "", "use!=trust", ["keys", "another"]],
    ["none", "team-b", undefined, []],
  ])("%s", async (_, namespace, labelSelector, expected) => {
    const asked = { apiVersion: "v1", kind: "ConfigMap", namespace };
    const found = await cluster.list(labelSelector === undefined ? asked : { ...asked, labelSelector }, { signal });
    expect(names(found)).toEqual(expected);
    expect(found.every((object) => (object as { readonly kind: string }).kind === "ConfigMap")).toBe(true);
  });
});

describe("read()", () => {
  it.each([
    ["/api/v1/namespaces/team-a/configmaps/keys", { kind: "ConfigMap", data: { certificate: "PEM" } }],
    ["/api/v1/namespaces/team-a", { kind: "Namespace", metadata: { name: "team-a" } }],
    ["/apis/rbac.authorization.k8s.io/v1/clusterroles/system:aggregate-to-view", { kind: "ClusterRole" }],
    ["/apis/apps/v1/namespaces/team-b/deployments/web", { kind: "Deployment" }],
    ["/apis/farm.example/v1/namespaces/team-b/oxen/bob", { kind: "Ox" }],
    ["/apis/farm.example/v1/allowlists/all", { kind: "AllowList" }],
  ])("gives the object at %s", async (path, expected) => {
    expect(await cluster.read(path, { signal })).toMatchObject(expected);
  });

  it.each([
    ["/api/v1/configmaps", "ConfigMapList", ["keys", "another", "keys"]],
    ["/api/v1/namespaces/team-a/configmaps", "ConfigMapList", ["another", "keys"]],
    ["/api/v1/namespaces/team-a/configmaps?labelSelector=use%3Dtrust", "ConfigMapList", ["keys"]],
    ["/api/v1/configmaps?fieldSelector=metadata.name%3Dkeys,metadata.namespace=default", "ConfigMapList", ["keys"]],
    ["/api/v1/namespaces", "NamespaceList", ["team-a", "team-b"]],
    ["/api/v1/namespaces/team-a/pods", "PodList", []],
    ["/apis/farm.example/v1/oxen", "OxList", ["bob"]],
  ])("lists %s", async (path, kind, expected) => {
    const found = await cluster.read(path, { signal }) as { readonly kind: string; readonly items: readonly unknown[] };
    expect(found.kind).toBe(kind);
    expect(names(found.items)).toEqual(expected);
  });

  it("writes items as the API server does: its own kinds without apiVersion and kind, others with them", async () => {
    expect(await cluster.read("/api/v1/namespaces/team-a/configmaps", { signal })).toEqual({
      kind: "ConfigMapList",
      apiVersion: "v1",
      metadata: { resourceVersion: "" },
      items: [
        { metadata: { name: "another", namespace: "team-a" } },
        {
          metadata: { name: "keys", namespace: "team-a", labels: { use: "trust", size: "3" } },
          data: { certificate: "PEM" },
        },
      ],
    });
    expect(await cluster.read("/apis/farm.example/v1/oxen", { signal })).toMatchObject({
      items: [{ apiVersion: "farm.example/v1", kind: "Ox" }],
    });
  });

  it.each([
    "/api/v1/namespaces/team-a/configmaps/none",
    "/api/v1/gadgets",
    "/apis/none.example/v1/things/one",
  ])("says that there is nothing at %s", async (path) => {
    expect(await cluster.read(path, { signal })).toBeUndefined();
  });

  it.each([
    "/api/v1/namespaces/team-a/configmaps/keys/status",
    "/apis/apps/v1/namespaces/team-b/deployments/web/scale",
    "/version",
    "/api/v1/configmaps?fieldSelector=data.certificate%3DPEM",
  ])("refuses %s, which only a server answers", async (path) => {
    await expect(cluster.read(path, { signal })).rejects.toMatchObject({ code: "ERR_CLUSTER_PATH" });
  });
});

describe("createResourcesCluster() refuses", () => {
  const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
  it.each([
    ["a document that is no object", `${map("a")}---\n- 1\n`, "f.yaml:5:1: expected an object"],
    ["no name", "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", "f.yaml:3:1: metadata.name is no"],
    ["no kind", "apiVersion: v1\nmetadata: {name: a}\n", "f.yaml:1:1: expected an object with apiVersion, kind"],
    ["a wrong kind", "apiVersion: v1\nkind: a/b\nmetadata: {name: a}\n", 'f.yaml:1:1: the kind is "a/b"'],
    ["a wrong apiVersion", "apiVersion: a/b/c\nkind: A\nmetadata: {name: a}\n", 'the apiVersion is "a/b/c"'],
    ["a namespace that is none", "apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: A_}\n", 'namespace is "A_"'],
    [
      "a namespace where there is none",
      "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  namespace: b\n",
      "f.yaml:5:3: a Namespace is in the namespace",
    ],
    ["labels that are no texts", "apiVersion: v1\nkind: A\nmetadata: {name: a, labels: {b: 1}}\n", "no map of texts"],
    [
      "an object twice",
      `${map("a")}---\n${map("a")}`,
      'f.yaml:5:1: the ConfigMap "default/a" is already at f.yaml:1:1',
    ],
    [
      "an object in two versions",
      "{apiVersion: a.b/v1, kind: C, metadata: {name: d}}\n---\n{apiVersion: a.b/v2, kind: C, metadata: {name: d}}\n",
      'f.yaml:3:1: the C "d" is already at f.yaml:1:1',
    ],
    [
      "an item of a list that is no object",
      "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: A\n    metadata: {name: a}\n  - 7\n",
      "f.yaml:7:5: expected an object",
    ],
    ["a list without items", "apiVersion: v1\nkind: List\n", "f.yaml:1:1: a List without items"],
  ])("%s", (_, text, message) => {
    expect(() => createResourcesCluster([{ source: "f.yaml", text }])).toThrowError(
      expect.objectContaining({ code: "ERR_RESOURCES", message: expect.stringContaining(message) as string }) as Error,
    );
  });

  it("what is no YAML, by line", () => {
    expect(() => createResourcesCluster([{ source: "f.yaml", text: "a: [\n" }])).toThrowError(
      expect.objectContaining({ code: "ERR_YAML", message: expect.stringContaining("f.yaml:2:1") as string }) as Error,
    );
  });

  it("more text than its limit", () => {
    const file = { source: "f.yaml", text: "#".repeat(4 * 1024 * 1024) };
    expect(() => createResourcesCluster(new Array(17).fill(file))).toThrowError(
      expect.objectContaining({ code: "ERR_TOO_LARGE" }) as Error,
    );
  });
});
