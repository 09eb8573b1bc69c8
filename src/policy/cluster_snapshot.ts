/** One request's view of the cluster: what was answered once is not asked again, so all rules see the same. */
import type { Cluster } from "../ports.ts";

/** A cluster that answers each question at most once, refusals included. */
export function snapshotOf(cluster: Cluster): Cluster {
  const answers = new Map<string, Promise<unknown>>();
  const once = <T>(question: readonly unknown[], ask: () => Promise<T>): Promise<T> => {
    const key = JSON.stringify(question);
    const known = answers.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const answer = ask();
    answers.set(key, answer);
    return answer;
  };
  return {
    get: (object, options) => {
      const { apiVersion, kind, namespace, name } = object;
      return once(["get", apiVersion, kind, namespace, name], () => cluster.get(object, options));
    },
    list: (objects, options) => {
      const { apiVersion, kind, namespace, labelSelector } = objects;
      return once(["list", apiVersion, kind, namespace, labelSelector], () => cluster.list(objects, options));
    },
    read: (path, options) => once(["read", path], () => cluster.read(path, options)),
  };
}
