/** Who asks: subjects of rules, and the roles that bindings give a user (Kyverno, "Match/Exclude"; Kubernetes RBAC). */
import { isJsonObject } from "../encoding/mod.ts";
import { POLICY_REFUSALS } from "./message.ts";
import type { PolicyRequest } from "./policy.ts";
import { describe, enforced, type FieldTable, type Gate, type Path, type Reader, readFields, text } from "./schema.ts";
import { matchWildcard } from "./wildcard.ts";

/** A user, a group or a service account that a rule names; names are patterns. */
export interface Subject {
  readonly kind: "User" | "Group" | "ServiceAccount";
  readonly name: string;
  /** Of a service account; `""` for the others. */
  readonly namespace: string;
}

/** The roles of a user, sorted. */
export interface UserRoles {
  /** `namespace:name`. */
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
}

/** The roles of somebody to whom nothing is bound. */
export const NO_ROLES: UserRoles = { roles: [], clusterRoles: [] };

type User = PolicyRequest["userInfo"];

/** Whether the user is one of the subjects. */
export function isSubject(subjects: readonly Subject[], { username, groups }: User): boolean {
  return subjects.some(({ kind, name, namespace }) => {
    if (kind === "Group") return groups.some((group) => matchWildcard(name, group));
    return matchWildcard(kind === "User" ? name : serviceAccountUser(namespace, name), username);
  });
}

/** Name of the user that a service account is for the API server. */
const serviceAccountUser = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

/**
 * The roles that bindings give a user: directly, through a group, or as a service account. A service account without
 * namespace is one of the binding's.
 *
 * @param roleBindings Objects as the API server lists them; what has another shape binds nobody.
 *
 * Spec: Kyverno, "Match/Exclude", `roles` and `clusterRoles`; Kubernetes, RBAC, RoleBinding.
 */
export function rolesOf(
  user: User,
  roleBindings: readonly unknown[],
  clusterRoleBindings: readonly unknown[],
): UserRoles {
  const bound = [
    ...roleBindings.map((binding) => readBinding(binding, true)),
    ...clusterRoleBindings.map((binding) => readBinding(binding, false)),
  ].filter((binding) => binding !== undefined && binding.subjects.some((subject) => binds(subject, binding, user)))
    .map((binding) => binding as Binding);
  const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
  return {
    roles: sorted(
      bound.filter(({ role, namespaced }) => namespaced && role.kind === "Role")
        .map(({ namespace, role }) => `${namespace}:${role.name}`),
    ),
    clusterRoles: sorted(bound.filter(({ role }) => role.kind === "ClusterRole").map(({ role }) => role.name)),
  };
}

interface Binding {
  readonly namespaced: boolean;
  /** `""` for a ClusterRoleBinding. */
  readonly namespace: string;
  readonly role: { readonly kind: string; readonly name: string };
  readonly subjects: readonly Readonly<Record<string, unknown>>[];
}

function readBinding(value: unknown, namespaced: boolean): Binding | undefined {
  if (!isJsonObject(value) || !isJsonObject(value["roleRef"])) return undefined;
  const { kind, name } = value["roleRef"];
  if (typeof kind !== "string" || typeof name !== "string") return undefined;
  const metadata = isJsonObject(value["metadata"]) ? value["metadata"] : {};
  const namespace = namespaced && typeof metadata["namespace"] === "string" ? metadata["namespace"] : "";
  const subjects = (Array.isArray(value["subjects"]) ? value["subjects"] : []).filter(isJsonObject);
  return { namespaced, namespace, role: { kind, name }, subjects };
}

function binds(
  subject: Readonly<Record<string, unknown>>,
  { namespace }: Binding,
  { username, groups }: User,
): boolean {
  const { kind, name } = subject;
  if (typeof name !== "string") return false;
  if (kind === "Group") return groups.includes(name);
  if (kind === "User") return username === name;
  const own = typeof subject["namespace"] === "string" && subject["namespace"] !== ""
    ? subject["namespace"]
    : namespace;
  return kind === "ServiceAccount" && own !== "" && username === serviceAccountUser(own, name);
}

/** Whether one of a user's roles is among those a rule names; names are exact, as Kyverno's. */
export function hasRole(wanted: readonly string[], roles: readonly string[]): boolean {
  return wanted.some((role) => roles.includes(role));
}

const SUBJECT = {
  kind: enforced(text),
  name: enforced(text),
  namespace: enforced(text),
  apiGroup: enforced(text),
} satisfies FieldTable;

/** Reads a subject of a rule. */
export const subject: Reader<Subject> = (value, path, gate) => {
  const before = gate.problems.length;
  const fields = readFields(value, path, SUBJECT, gate);
  if (fields === undefined || gate.problems.length > before) return undefined;
  const { kind = "", name = "", namespace = "" } = fields;
  const known = (["User", "Group", "ServiceAccount"] as const).find((one) => one === kind);
  if (known === undefined) return void gate.refuse([...path, "kind"], POLICY_REFUSALS.subjectKind(describe(kind)));
  if (name === "") return void gate.refuse(path, "name is missing, expected text");
  if (known === "ServiceAccount" && namespace === "") {
    return void gate.refuse(path, POLICY_REFUSALS.subjectNamespace);
  }
  return { kind: known, name, namespace };
};

/** Reads a role of a namespace. */
export const namespacedRole: Reader<string> = (value, path, gate) => {
  const found = text(value, path, gate);
  if (found === undefined || found.split(":").length === 2) return found;
  return void gate.refuse(path, POLICY_REFUSALS.roleFormat);
};

/** Whom a filter is about; empty lists ask nothing. */
export interface UserFilter {
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
  readonly subjects: readonly Subject[];
}

/** Names of the lists that a filter has. */
export function userFieldsOf(filter: UserFilter): readonly (keyof UserFilter)[] {
  return (["roles", "clusterRoles", "subjects"] as const).filter((field) => filter[field].length > 0);
}

/**
 * Refuses a filter that looks at who asks, in a policy that is also held against what exists: nobody asks there.
 *
 * @param path Of the filter.
 */
export function refuseInBackground(filter: UserFilter, path: Path, gate: Gate): void {
  const [first] = userFieldsOf(filter);
  if (first === undefined) return;
  gate.refuse(
    [...path, first],
    POLICY_REFUSALS.background(`invalid variable used at path: ${kyvernoPath(path)}/${first}`),
  );
}

/** `spec/rules[0]/match/any[1]`, as Kyverno names places. */
function kyvernoPath(path: Path): string {
  return path.map((step) => typeof step === "number" ? `[${step}]` : `/${step}`).join("").slice(1);
}
