/**
 * What an AdmissionReview does not say of a request and the cluster knows: labels of its namespace, roles of its user.
 */
import { isJsonObject, printable } from "../encoding/mod.ts";
import { ConfigurationError, UnavailableError } from "../errors.ts";
import type { Cluster } from "../ports.ts";
import { withinDeadline } from "./deadline.ts";
import type { PolicyRequest } from "./policy.ts";
import { NO_ROLES, rolesOf, type UserRoles } from "./user_info.ts";

/** Facts about one request. Each is asked for when a rule first needs it, and at most once. */
export interface ClusterFacts {
  /**
   * Labels of the namespace the object is in; none for an object that is in no namespace.
   *
   * @throws {ConfigurationError} `ERR_CLUSTER_MISSING` without a cluster, `ERR_CLUSTER_FORBIDDEN`.
   * @throws {UnavailableError} `ERR_CLUSTER` when it does not answer, or has no such namespace.
   */
  readonly namespaceLabels: () => Promise<ReadonlyMap<string, string>>;
  /**
   * Roles that are bound to the user, to one of its groups, or to its service account.
   *
   * @throws As {@link namespaceLabels}.
   */
  readonly roles: () => Promise<UserRoles>;
}

/** What a rule asks of the cluster, as a role would allow it. */
export type ClusterNeed = "get namespaces" | "list rolebindings" | "list clusterrolebindings";

const RBAC = "rbac.authorization.k8s.io/v1";

/**
 * The facts of a request.
 *
 * @param cluster Without one, whoever asks gets an error: what is not known is not taken for nothing.
 */
export function createClusterFacts(
  request: PolicyRequest,
  cluster: Cluster | undefined,
  signal: AbortSignal,
): ClusterFacts {
  const ask = async <T>(what: string, question: (cluster: Cluster) => Promise<T>): Promise<T> => {
    if (cluster !== undefined) return await withinDeadline(question(cluster), signal, `reading ${what}`);
    throw new ConfigurationError("ERR_CLUSTER_MISSING", `Cannot read ${what}: no cluster is known here`);
  };
  let labels: Promise<ReadonlyMap<string, string>> | undefined;
  let roles: Promise<UserRoles> | undefined;
  return {
    namespaceLabels: () => labels ??= readLabels(request.namespace, ask, signal),
    roles: () => roles ??= readRoles(request.userInfo, ask, signal),
  };
}

type Ask = <T>(what: string, question: (cluster: Cluster) => Promise<T>) => Promise<T>;

async function readLabels(name: string, ask: Ask, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  if (name === "") return new Map();
  const what = `the labels of namespace "${printable(name)}"`;
  const address = { apiVersion: "v1", kind: "Namespace", namespace: "", name };
  const found = await ask(what, (cluster) => cluster.get(address, { signal }));
  if (found === undefined) throw new UnavailableError("ERR_CLUSTER", `Cannot read ${what}: there is no such namespace`);
  const metadata = isJsonObject(found) ? found["metadata"] : undefined;
  const labels = isJsonObject(metadata) ? metadata["labels"] : undefined;
  const entries = isJsonObject(labels) ? Object.entries(labels) : [];
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

async function readRoles(user: PolicyRequest["userInfo"], ask: Ask, signal: AbortSignal): Promise<UserRoles> {
  // Nothing is bound to nobody.
  if (user.username === "" && user.groups.length === 0) return NO_ROLES;
  const what = `the roles of user "${printable(user.username)}"`;
  const [roleBindings, clusterRoleBindings] = await ask(what, (cluster) =>
    Promise.all([
      cluster.list({ apiVersion: RBAC, kind: "RoleBinding", namespace: "" }, { signal }),
      cluster.list({ apiVersion: RBAC, kind: "ClusterRoleBinding", namespace: "" }, { signal }),
    ]));
  return rolesOf(user, roleBindings, clusterRoleBindings);
}
