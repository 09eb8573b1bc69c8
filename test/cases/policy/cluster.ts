/** A cluster in memory, with a count of what is asked. */
import { UnavailableError } from "../../../src/errors.ts";
import type { Cluster } from "../../../src/ports.ts";

/** A cluster of a test. */
export interface FakeCluster extends Cluster {
  /** What was asked, in order: `get ConfigMap default/keys`, `read /api/v1/…`. */
  readonly asked: readonly string[];
}

/**
 * @param objects `Kind namespace/name` or a path → what is there; "down" cannot be asked for.
 */
export function clusterOf(objects: Readonly<Record<string, unknown>>): FakeCluster {
  const asked: string[] = [];
  const find = (question: string, key: string): Promise<unknown> => {
    asked.push(question);
    const found = Object.hasOwn(objects, key) ? objects[key] : undefined;
    return found === "down"
      ? Promise.reject(new UnavailableError("ERR_CLUSTER", `Cannot ask the API server for "${key}": it is down`))
      : Promise.resolve(found);
  };
  return {
    asked,
    get: ({ kind, namespace, name }) => find(`get ${kind} ${namespace}/${name}`, `${kind} ${namespace}/${name}`),
    list: async ({ kind, namespace }) => [await find(`list ${kind} ${namespace}`, `${kind} ${namespace}/`)],
    read: (path) => find(`read ${path}`, path),
  };
}

/** A ConfigMap with these texts. */
export const configMap = (data: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "keys", namespace: "default", labels },
  data,
});
