/** Clusters for the tests of this room: objects in memory, with a list of what was asked. */
import { createResourcesCluster } from "../../../src/cluster/mod.ts";
import type { Cluster } from "../../../src/ports.ts";

/** A cluster that holds objects, and writes down what it is asked: `get Namespace prod`, `list RoleBinding`. */
export interface AskedCluster extends Cluster {
  readonly asked: readonly string[];
}

export function clusterOf(...objects: readonly object[]): AskedCluster {
  const cluster = createResourcesCluster([{ source: "objects.json", text: objects.map(text).join("\n---\n") }]);
  const asked: string[] = [];
  return {
    asked,
    get: (object, options) => (asked.push(`get ${object.kind} ${object.name}`), cluster.get(object, options)),
    list: (objects, options) => (asked.push(`list ${objects.kind}`), cluster.list(objects, options)),
    read: (path, options) => (asked.push(`read ${path}`), cluster.read(path, options)),
  };
}

const text = (object: object): string => JSON.stringify(object);

/** A namespace with labels. */
export const namespaceWith = (name: string, labels: Readonly<Record<string, string>> = {}): object => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels },
});

/** A ClusterRoleBinding of one subject. */
export const clusterRoleBinding = (role: string, subject: object): object => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: `${role}-binding` },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  subjects: [subject],
});

/** A RoleBinding of one subject to a Role. */
export const roleBinding = (namespace: string, role: string, subject: object): object => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name: `${role}-binding`, namespace },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role },
  subjects: [subject],
});
