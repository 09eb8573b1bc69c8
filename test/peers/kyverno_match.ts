/** Selections that both the real Kyverno CLI and this engine make: who asks, and labels of the namespace. */
import { type Asker, type FixtureImages, type Json, type KyvernoCase, pod } from "./kyverno_cases.ts";

/** Who asks, and where. */
interface Setting extends Asker {
  readonly name: "developer" | "service account";
  /** Of the namespace `default`. */
  readonly labels: Readonly<Record<string, string>>;
}

const SETTINGS: readonly Setting[] = [
  {
    name: "developer",
    username: "jane@example.com",
    groups: ["devs", "system:authenticated"],
    roles: ["default:deploy", "test:view"],
    clusterRoles: ["edit"],
    labels: { env: "prod", team: "a" },
  },
  {
    name: "service account",
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

/** Whose request a rule is about. */
type Asked = Setting["name"] | "both" | "neither";

/** `match` and `exclude` of rules; what is said beside `any` and `all` is the older form. */
const SELECTIONS: readonly (readonly [name: string, asked: Asked, match: Json, exclude?: Json])[] = [
  ["everybody", "both", by({})],
  ["user", "developer", by({ subjects: [{ kind: "User", name: "jane@example.com" }] })],
  ["user-pattern", "developer", by({ subjects: [{ kind: "User", name: "*@example.com" }] })],
  ["any-user", "both", by({ subjects: [{ kind: "User", name: "*" }] })],
  ["group", "developer", by({ subjects: [{ kind: "Group", name: "devs" }] })],
  ["group-pattern", "service account", by({ subjects: [{ kind: "Group", name: "system:serviceaccounts*" }] })],
  [
    "service-account",
    "service account",
    by({ subjects: [{ kind: "ServiceAccount", name: "deployer", namespace: "ci" }] }),
  ],
  [
    "service-account-pattern",
    "service account",
    by({ subjects: [{ kind: "ServiceAccount", name: "*", namespace: "c?" }] }),
  ],
  [
    "other-service-account",
    "neither",
    by({ subjects: [{ kind: "ServiceAccount", name: "deployer", namespace: "cd" }] }),
  ],
  ["role", "developer", by({ roles: ["default:deploy"] })],
  ["role-of-another-namespace", "neither", by({ roles: ["test:deploy"] })],
  ["role-pattern", "neither", by({ roles: ["*:deploy"] })],
  ["cluster-role", "developer", by({ clusterRoles: ["edit", "view"] })],
  ["cluster-role-pattern", "neither", by({ clusterRoles: ["*"] })],
  ["role-alone", "developer", { resources: PODS, roles: ["default:deploy"] }],
  ["cluster-role-alone", "developer", { resources: PODS, clusterRoles: ["edit"] }],
  ["group-alone", "developer", { resources: PODS, subjects: [{ kind: "Group", name: "devs" }] }],
  ["not-devs-alone", "service account", { resources: PODS }, { subjects: [{ kind: "Group", name: "devs" }] }],
  ["role-and-user", "developer", by({ roles: ["test:view"], subjects: [{ kind: "Group", name: "devs" }] })],
  ["role-and-other-user", "neither", by({ roles: ["test:view"], subjects: [{ kind: "Group", name: "ops" }] })],
  ["not-admins", "developer", by({}), { any: [{ clusterRoles: ["cluster-admin"] }] }],
  ["not-devs", "service account", by({}), { any: [{ subjects: [{ kind: "Group", name: "devs" }] }] }],
  ["not-devs-elsewhere", "both", by({}), {
    any: [{ resources: { namespaces: ["test"] }, subjects: [{ kind: "Group", name: "devs" }] }],
  }],
  ["not-both", "service account", by({}), {
    all: [{ clusterRoles: ["edit"] }, { subjects: [{ kind: "Group", name: "devs" }] }],
  }],
  ["not-both-of-which-one", "both", by({}), { all: [{ clusterRoles: ["edit"] }, { clusterRoles: ["view"] }] }],
  ["label", "developer", inNamespace({ matchLabels: { env: "prod" } })],
  ["other-label", "neither", inNamespace({ matchLabels: { env: "test" } })],
  ["label-pattern", "developer", inNamespace({ matchLabels: { "e*": "pr?d" } })],
  ["two-labels", "neither", inNamespace({ matchLabels: { env: "prod", team: "b" } })],
  ["in", "developer", inNamespace(expression("In", "prod", "test"))],
  ["not-in", "service account", inNamespace(expression("NotIn", "prod"))],
  ["exists", "developer", inNamespace(expression("Exists"))],
  ["does-not-exist", "service account", inNamespace(expression("DoesNotExist"))],
  ["not-production", "service account", by({}), {
    any: [{ resources: { namespaceSelector: { matchLabels: { env: "prod" } } } }],
  }],
  ["production-or-devs", "developer", {
    any: [
      { resources: { ...PODS, namespaceSelector: { matchLabels: { env: "test" } } } },
      { resources: PODS, subjects: [{ kind: "Group", name: "devs" }] },
    ],
  }],
  ["production-and-devs", "developer", {
    all: [
      { resources: { ...PODS, namespaceSelector: { matchLabels: { env: "prod" } } } },
      { resources: PODS, subjects: [{ kind: "Group", name: "devs" }] },
    ],
  }],
];

const KINDS: readonly (readonly [name: string, asked: boolean, resources: Json])[] = [
  ["a kind", true, { kinds: ["Pod"] }],
  ["a kind among others", true, { kinds: ["Deployment", "Pod"] }],
  ["a version", true, { kinds: ["v1/Pod"] }],
  ["a pattern of versions", true, { kinds: ["*/Pod"] }],
  ["another version", false, { kinds: ["v2/Pod", "Deployment"] }],
  ["a pattern of kinds", true, { kinds: ["P?d"] }],
  ["a kind in small letters", false, { kinds: ["pod", "Deployment"] }],
  ["name", true, { kinds: ["Pod"], name: "te*" }],
  ["another name", false, { kinds: ["Pod"], name: "te" }],
  ["names", true, { kinds: ["Pod"], names: ["other", "tes?"] }],
  ["other names", false, { kinds: ["Pod"], names: ["other", "tes"] }],
  ["namespaces", true, { kinds: ["Pod"], namespaces: ["prod", "def*"] }],
  ["other namespaces", false, { kinds: ["Pod"], namespaces: ["prod"] }],
  ["annotations", true, { kinds: ["Pod"], annotations: { team: "a*" } }],
  ["a pattern of annotations", true, { kinds: ["Pod"], annotations: { "te*": "?bc" } }],
  ["other annotations", false, { kinds: ["Pod"], annotations: { team: "a" } }],
  ["labels", true, { kinds: ["Pod"], selector: { matchLabels: { app: "web" } } }],
  ["other labels", false, { kinds: ["Pod"], selector: { matchLabels: { app: "db" } } }],
  ["an expression", true, { kinds: ["Pod"], selector: { matchExpressions: [{ key: "app", operator: "Exists" }] } }],
  ["operations", true, { kinds: ["Pod"], operations: ["UPDATE", "CREATE"] }],
  ["other operations", false, { kinds: ["Pod"], operations: ["UPDATE"] }],
  ["all of them", true, { kinds: ["Pod"], names: ["test"], namespaces: ["default"], operations: ["CREATE"] }],
];

/** Every way to say which resources a rule is about: said by `match`, and by `exclude`. */
export function matchCases({ unsigned }: FixtureImages): readonly KyvernoCase[] {
  const verdict = (asked: boolean): KyvernoCase["expect"] => asked ? "denied" : "admitted";
  const resource = pod([unsigned], {}, { labels: { app: "web" }, annotations: { team: "abc" } });
  return [
    ...SELECTIONS.flatMap(([name, asked, match, exclude]) =>
      SETTINGS.map(({ name: setting, labels, ...user }): KyvernoCase => ({
        name: `who asks: ${name}, a ${setting}`,
        expect: verdict(asked === setting || asked === "both"),
        spec: { background: false },
        ...("resources" in match ? { apiVersion: "kyverno.io/v1" as const } : {}),
        rule: { match, ...(exclude === undefined ? {} : { exclude }) },
        user,
        namespaceLabels: labels,
        resource,
      }))
    ),
    ...KINDS.flatMap(([name, asked, resources]): readonly KyvernoCase[] => [
      { name: `match: ${name}, any`, expect: verdict(asked), rule: { match: { any: [{ resources }] } }, resource },
      { name: `match: ${name}, all`, expect: verdict(asked), rule: { match: { all: [{ resources }] } }, resource },
      {
        name: `match: ${name}, alone`,
        apiVersion: "kyverno.io/v1",
        expect: verdict(asked),
        rule: { match: { resources } },
        resource,
      },
    ]),
    // A rule that excludes whatever it is about is refused.
    ...KINDS.filter(([, , resources]) => Object.keys(resources).length > 1).flatMap(
      ([name, asked, { kinds: _, ...resources }]): readonly KyvernoCase[] => [
        {
          name: `exclude: ${name}, any`,
          expect: verdict(!asked),
          rule: { exclude: { any: [{ resources }] } },
          resource,
        },
        {
          name: `exclude: ${name}, all`,
          expect: verdict(!asked),
          rule: { exclude: { all: [{ resources }] } },
          resource,
        },
        // The older form has to say something beside operations, or the peer refuses it.
        ...(Object.keys(resources).join() === "operations" ? [] : [{
          name: `exclude: ${name}, alone`,
          apiVersion: "kyverno.io/v1" as const,
          expect: verdict(!asked),
          rule: { exclude: { resources } },
          resource,
        }]),
      ],
    ),
  ];
}
