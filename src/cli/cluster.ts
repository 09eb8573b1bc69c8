/** The cluster policies may ask, as the flags of `serve` say. */
import {
  type ClusterAccess,
  createApiServerCluster,
  createApiServerWriter,
  createResourcesCluster,
  readKubeconfig,
  readServiceAccount,
} from "../cluster/mod.ts";
import type { Cluster, ClusterWriter, Host } from "../ports.ts";
import { list, text, toggle, usage } from "./flags.ts";
import { readManifests } from "./policies.ts";

/** Where the state of the cluster is. */
export const CLUSTER_FLAGS = {
  context: text("context of the kubeconfig; its current one unless said otherwise", undefined, { value: "NAME" }),
  "in-cluster": toggle("ask the API server of the cluster this runs in, as the service account of its Pod"),
  kubeconfig: text("ask the API server of this kubeconfig", undefined, { value: "FILE" }),
  resources: list("answer what policies ask of the cluster from this file, or this folder; may be repeated", {
    value: "FILE|DIR",
  }),
} as const;

/** The values of {@link CLUSTER_FLAGS}. */
export interface ClusterFlags {
  readonly context: string | undefined;
  readonly "in-cluster": boolean;
  readonly kubeconfig: string | undefined;
  readonly resources: readonly string[];
}

/** What answers for the cluster. */
export interface OpenedCluster {
  readonly port: Cluster;
  /** Writes there; files are only read. */
  readonly writer?: ClusterWriter;
  /** For people: `https://10.0.0.1:6443 as user "ada" of context "dev"`. */
  readonly name: string;
}

/**
 * Opens the cluster the flags name. An API server is not asked before a policy does.
 *
 * @returns `undefined` when they name none: what a policy needs to know of the cluster is then an error.
 * @throws {ConfigurationError} `ERR_USAGE` when they name more than one.
 */
export async function openCluster(flags: ClusterFlags, host: Host): Promise<OpenedCluster | undefined> {
  const { context, kubeconfig, resources, "in-cluster": inCluster } = flags;
  const named = [
    ...(resources.length > 0 ? ["--resources"] : []),
    ...(kubeconfig === undefined ? [] : ["--kubeconfig"]),
    ...(inCluster ? ["--in-cluster"] : []),
  ];
  if (named.length > 1) throw usage(`${named.join(" and ")} name different clusters, expected one of them`);
  if (context !== undefined && kubeconfig === undefined) throw usage("--context needs --kubeconfig FILE");
  if (resources.length > 0) {
    const port = createResourcesCluster(await readManifests(resources, "resources", host));
    return { port, name: `the objects in ${resources.join(", ")}` };
  }
  const { files, variable, ports } = host;
  if (inCluster) return open(await readServiceAccount({ files, variable, now: ports.now }), host);
  if (kubeconfig === undefined) return undefined;
  const options = { ports: { files, now: ports.now }, ...(context === undefined ? {} : { context }) };
  return open(await readKubeconfig(kubeconfig, options), host);
}

function open(access: ClusterAccess, { ports, openTls }: Host): OpenedCluster {
  const fetch = access.server.startsWith("https:") ? openTls(access.tls) : ports.fetch;
  const { server, account } = access;
  const asking = { ...ports, fetch };
  return {
    port: createApiServerCluster(access, asking),
    writer: createApiServerWriter(access, asking),
    name: `${server} as ${account}`,
  };
}
