/** Context entries of type `configMap`: the texts of a ConfigMap, and its metadata. */
import { isJsonObject, printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import type { Cluster } from "../../ports.ts";
import { type ContextEntry, type ContextSources, inOtherWords } from "../context.ts";
import { CONTEXT_REFUSALS } from "../message.ts";
import { enforced, type FieldTable, type Reader, readFields, text } from "../schema.ts";
import type { VariableScope } from "../scope.ts";
import { hasVariable, substitute } from "../variables.ts";

const CONFIG_MAP = { name: enforced(text), namespace: enforced(text) } satisfies FieldTable;

/** Where a ConfigMap is looked for when a ClusterPolicy names no namespace. */
export const DEFAULT_NAMESPACE = "default";

/**
 * Reads `configMap`.
 *
 * @param own Namespace of the policy, the only one it may read from; `""` for a ClusterPolicy.
 */
export const configMapEntry = (own: string): Reader<(name: string) => ContextEntry["load"]> => (value, path, gate) => {
  const fields = readFields(value, path, CONFIG_MAP, gate);
  if (fields === undefined) return undefined;
  const { name = "", namespace = "" } = fields;
  if (name === "") return void gate.refuse(path, CONTEXT_REFUSALS.configMapName);
  if (own !== "" && namespace !== "" && namespace !== own && !hasVariable(namespace)) {
    return void gate.refuse([...path, "namespace"], CONTEXT_REFUSALS.otherNamespace(namespace, own));
  }
  return (entry) => async (scope, sources) => {
    const found = await inOtherWords(
      () => fetchConfigMap(entry, { name, namespace, own }, scope, sources),
      (message) => `failed to retrieve config map for context entry ${entry}: ${message}`,
    );
    return await inOtherWords(
      () => (sources.charge(found), found),
      (message) => `failed to add config map for context entry ${entry}: ${message}`,
    );
  };
};

interface Address {
  readonly name: string;
  readonly namespace: string;
  readonly own: string;
}

async function fetchConfigMap(
  entry: string,
  address: Address,
  scope: VariableScope,
  { ports, signal }: ContextSources,
): Promise<unknown> {
  const put = (field: "name" | "namespace") =>
    inOtherWords(
      () => substitute(address[field], scope, ""),
      (message) =>
        `failed to substitute variables in context ${entry} configMap.${field} ` +
        `${printable(address[field], 400)}: ${message}`,
    );
  const name = await put("name");
  const given = await put("namespace");
  const namespace = given === "" ? address.own === "" ? DEFAULT_NAMESPACE : address.own : given;
  if (typeof name !== "string" || typeof namespace !== "string") {
    throw new ConfigurationError("ERR_VARIABLE", "the name or the namespace is no text once its variables are put in");
  }
  if (address.own !== "" && namespace !== address.own) {
    throw new ConfigurationError("ERR_VARIABLE", CONTEXT_REFUSALS.otherNamespace(namespace, address.own));
  }
  return await inOtherWords(
    async () => {
      const { data, metadata } = await getConfigMap(ports.cluster, namespace, name, signal);
      return { data: isJsonObject(data) ? data : null, metadata: isJsonObject(metadata) ? metadata : {} };
    },
    (message) => `failed to get configmap ${printable(namespace, 80)}/${printable(name, 253)} : ${message}`,
  );
}

/**
 * A ConfigMap as the cluster has it.
 *
 * @throws {ConfigurationError} `ERR_CLUSTER_MISSING` without a cluster, `ERR_VARIABLE` when there is no such ConfigMap.
 * @throws {EngineError} As {@link Cluster.get}.
 */
export async function getConfigMap(
  cluster: Cluster | undefined,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  if (cluster === undefined) {
    throw new ConfigurationError("ERR_CLUSTER_MISSING", "no cluster is known here that could be asked");
  }
  // Names come out of variables: only what is one may become part of an address.
  const named = isObjectName(namespace) && isObjectName(name);
  const found = named
    ? await cluster.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name }, { signal })
    : undefined;
  if (!isJsonObject(found)) {
    throw new ConfigurationError("ERR_VARIABLE", `configmaps "${printable(name, 253)}" not found`);
  }
  return found;
}

/** Whether a text may be the name of an object. Spec: Kubernetes, "Object Names and IDs", DNS Subdomain Names. */
export const isObjectName = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(text);
