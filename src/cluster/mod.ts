/**
 * What a Kubernetes cluster holds, asked of its API server or of YAML files: the port `Cluster`, made real.
 *
 * ```ts
 * const access = await readKubeconfig("kubeconfig", { ports: { files, now } });
 * const cluster = createApiServerCluster(access, { ...ports, fetch: host.openTls(access.tls) });
 * await cluster.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "keys" }, { signal });
 * ```
 */
export type { ClusterAccess } from "./access.ts";
export { createApiServerCluster } from "./api_server.ts";
export { createApiServerWriter } from "./api_writer.ts";
export { type KubeconfigOptions, readKubeconfig } from "./kubeconfig.ts";
export type { ClusterPorts } from "./question.ts";
export { createResourcesCluster } from "./resources.ts";
export type { ResourceFile } from "./resource_files.ts";
export { readServiceAccount } from "./service_account.ts";
