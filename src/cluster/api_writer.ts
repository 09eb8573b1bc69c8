/** Objects written to an API server: each becomes what is given, and nothing else is changed. */
import { encodeUtf8, printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { ClusterObject, ClusterWriter } from "../ports.ts";
import type { ClusterAccess } from "./access.ts";
import { collectionPath, requireNames } from "./api_path.ts";
import { createDiscovery } from "./discovery.ts";
import { knownKind } from "./kinds.ts";
import { type ClusterPorts, createAsk, MAX_OBJECT_BYTES } from "./question.ts";

/** Who the API server writes down as the owner of the fields that are set. */
export const FIELD_MANAGER = "edge-notary";

/** Bytes of an object that is written at most; etcd keeps no object larger than 1.5 MiB. */
export const MAX_WRITTEN_BYTES = 1024 * 1024;

/**
 * Makes what writes to an API server.
 *
 * @param access From a kubeconfig or a service account, which needs leave to `create` and `patch` what is written.
 * @param ports As those of `createApiServerCluster`.
 *
 * Spec: Kubernetes, "Server-Side Apply".
 */
export function createApiServerWriter(access: ClusterAccess, ports: ClusterPorts): ClusterWriter {
  const ask = createAsk(access, ports);
  const discover = createDiscovery(ask, ports.now);
  return {
    apply: async (object, { signal }) => {
      const { apiVersion, kind, metadata: { name, namespace = "" } } = object;
      const action = `Cannot write the ${printable(kind, 80)} "${
        printable(namespace === "" ? name : `${namespace}/${name}`, 200)
      }"`;
      requireNames({ apiVersion, kind, namespace, name }, action);
      const body = encodeUtf8(JSON.stringify(object));
      if (body.length > MAX_WRITTEN_BYTES) {
        throw new ConfigurationError(
          "ERR_TOO_LARGE",
          `${action}: it has ${body.length} bytes, expected at most ${MAX_WRITTEN_BYTES}`,
        );
      }
      const entry = knownKind(object) ?? await discover(object, action, signal);
      if (entry === undefined) throw missingKind(object, action, access);
      if (entry.namespaced !== (namespace !== "")) {
        const where = entry.namespaced ? "a" : "no";
        throw new ConfigurationError("ERR_CLUSTER_PATH", `${action}: a ${kind} is in ${where} namespace`);
      }
      const path = `${collectionPath(apiVersion, namespace, entry.plural)}/${encodeURIComponent(name)}`;
      const query = `fieldManager=${FIELD_MANAGER}&force=true`;
      const answer = await ask({ action, path: `${path}?${query}`, maxBytes: MAX_OBJECT_BYTES, signal, apply: body });
      if (answer === undefined) throw missingKind(object, action, access);
    },
  };
}

function missingKind({ apiVersion, kind }: ClusterObject, action: string, { server }: ClusterAccess) {
  const what = `${printable(apiVersion, 80)} ${printable(kind, 80)}`;
  return new ConfigurationError("ERR_CLUSTER_KIND", `${action}: ${server} has no ${what}, or not this namespace`);
}
