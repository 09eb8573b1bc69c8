/**
 * What a Kubernetes cluster holds, asked of its API server or of YAML files: the port `Cluster`, made real.
 *
 * ```ts
 * const cluster = createResourcesCluster([{ source: "objects.yaml", text }]);
 * await cluster.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "keys" }, { signal });
 * ```
 */
export { createResourcesCluster } from "./resources.ts";
export type { ResourceFile } from "./resource_files.ts";
