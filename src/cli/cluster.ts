/** The cluster policies may ask, as the flags of `serve` say. */
import { createResourcesCluster } from "../cluster/mod.ts";
import type { Cluster, Host } from "../ports.ts";
import { list } from "./flags.ts";
import { readManifests } from "./policies.ts";

/** Where the state of the cluster is. */
export const CLUSTER_FLAGS = {
  resources: list(
    "what the cluster holds: objects of this file, or of every .yaml, .yml and .json file of this folder; may be repeated",
    {
      value: "FILE|DIR",
    },
  ),
} as const;

/** The values of {@link CLUSTER_FLAGS}. */
export interface ClusterFlags {
  readonly resources: readonly string[];
}

/**
 * Opens the cluster the flags name.
 *
 * @returns `undefined` when they name none: what a policy needs to know of the cluster is then an error.
 */
export async function openCluster({ resources }: ClusterFlags, host: Host): Promise<Cluster | undefined> {
  if (resources.length === 0) return undefined;
  return createResourcesCluster(await readManifests(resources, "resources", host));
}
