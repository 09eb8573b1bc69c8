/** Selections that both the real Kyverno CLI and this engine make: who asks, and labels of the namespace. */

type Json = Readonly<Record<string, unknown>>;

/** Who asks, and where. */
export interface Setting {
  readonly name: string;
  readonly username: string;
  readonly groups: readonly string[];
  /** `namespace:name`. */
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
  /** Of the namespace `default`. */
  readonly labels: Readonly<Record<string, string>>;
}

export const SETTINGS: readonly Setting[] = [
  {
    name: "a developer in production",
    username: "jane@example.com",
    groups: ["devs", "system:authenticated"],
    roles: ["default:deploy", "test:view"],
    clusterRoles: ["edit"],
    labels: { env: "prod", team: "a" },
  },
  {
    name: "a service account in a namespace without labels",
    username: "system:serviceaccount:ci:deployer",
    groups: ["system:serviceaccounts", "system:serviceaccounts:ci"],
    roles: [],
    clusterRoles: ["cluster-admin"],
    labels: {},
  },
];

const PODS: Json = { kinds: ["Pod"] };
const inNamespace = (namespaceSelector: Json): Json => ({ any: [{ resources: { ...PODS, namespaceSelector } }] });
const by = (who: Json): Json => ({ any: [{ resources: PODS, ...who }] });
const expression = (operator: string, ...values: readonly string[]): Json => ({
  matchExpressions: [{ key: "env", operator, ...(values.length === 0 ? {} : { values }) }],
});

/** `match` and `exclude` of rules, by a name that may be a policy's. */
export const SELECTIONS: readonly (readonly [name: string, match: Json, exclude?: Json])[] = [
  ["everybody", by({})],
  ["user", by({ subjects: [{ kind: "User", name: "jane@example.com" }] })],
  ["user-pattern", by({ subjects: [{ kind: "User", name: "*@example.com" }] })],
  ["any-user", by({ subjects: [{ kind: "User", name: "*" }] })],
  ["group", by({ subjects: [{ kind: "Group", name: "devs" }] })],
  ["group-pattern", by({ subjects: [{ kind: "Group", name: "system:serviceaccounts*" }] })],
  ["service-account", by({ subjects: [{ kind: "ServiceAccount", name: "deployer", namespace: "ci" }] })],
  ["service-account-pattern", by({ subjects: [{ kind: "ServiceAccount", name: "*", namespace: "c?" }] })],
  ["other-service-account", by({ subjects: [{ kind: "ServiceAccount", name: "deployer", namespace: "cd" }] })],
  ["role", by({ roles: ["default:deploy"] })],
  ["role-of-another-namespace", by({ roles: ["test:deploy"] })],
  ["role-pattern", by({ roles: ["*:deploy"] })],
  ["cluster-role", by({ clusterRoles: ["edit", "view"] })],
  ["cluster-role-pattern", by({ clusterRoles: ["*"] })],
  ["role-and-user", by({ roles: ["test:view"], subjects: [{ kind: "Group", name: "devs" }] })],
  ["role-and-other-user", by({ roles: ["test:view"], subjects: [{ kind: "Group", name: "ops" }] })],
  ["not-admins", by({}), { any: [{ clusterRoles: ["cluster-admin"] }] }],
  ["not-devs", by({}), { any: [{ subjects: [{ kind: "Group", name: "devs" }] }] }],
  ["not-devs-elsewhere", by({}), {
    any: [{ resources: { namespaces: ["test"] }, subjects: [{ kind: "Group", name: "devs" }] }],
  }],
  ["not-both", by({}), { all: [{ clusterRoles: ["edit"] }, { subjects: [{ kind: "Group", name: "devs" }] }] }],
  ["not-both-of-which-one", by({}), { all: [{ clusterRoles: ["edit"] }, { clusterRoles: ["view"] }] }],
  ["label", inNamespace({ matchLabels: { env: "prod" } })],
  ["other-label", inNamespace({ matchLabels: { env: "test" } })],
  ["label-pattern", inNamespace({ matchLabels: { "e*": "pr?d" } })],
  ["two-labels", inNamespace({ matchLabels: { env: "prod", team: "b" } })],
  ["in", inNamespace(expression("In", "prod", "test"))],
  ["not-in", inNamespace(expression("NotIn", "prod"))],
  ["exists", inNamespace(expression("Exists"))],
  ["does-not-exist", inNamespace(expression("DoesNotExist"))],
  ["not-production", by({}), { any: [{ resources: { namespaceSelector: { matchLabels: { env: "prod" } } } }] }],
  ["production-or-devs", {
    any: [
      { resources: { ...PODS, namespaceSelector: { matchLabels: { env: "test" } } } },
      { resources: PODS, subjects: [{ kind: "Group", name: "devs" }] },
    ],
  }],
  ["production-and-devs", {
    all: [
      { resources: { ...PODS, namespaceSelector: { matchLabels: { env: "prod" } } } },
      { resources: PODS, subjects: [{ kind: "Group", name: "devs" }] },
    ],
  }],
];

/** The policy of a selection: its images are at an address where nobody answers, so a rule that is asked says so. */
export function policyOf([name, match, exclude]: (typeof SELECTIONS)[number], certificate: string): Json {
  return {
    apiVersion: "kyverno.io/v1",
    kind: "ClusterPolicy",
    metadata: { name, annotations: { "pod-policies.kyverno.io/autogen-controllers": "none" } },
    spec: {
      validationFailureAction: "Enforce",
      background: false,
      rules: [{
        name: "rule",
        match,
        ...(exclude === undefined ? {} : { exclude }),
        verifyImages: [{
          type: "Notary",
          imageReferences: ["*"],
          attestors: [{ entries: [{ certificates: { cert: certificate } }] }],
        }],
      }],
    },
  };
}
