import { describe, it } from "vitest";
import type { PolicyChanges } from "./policies.ts";
import { expectRefused, type RefusedRow } from "./refused.ts";

const VERIFY = "spec.rules[0].verifyImages[0]";
const match = (resources: Record<string, unknown>): PolicyChanges => ({ rule: { match: { any: [{ resources }] } } });

const CONDITIONS = "spec.webhookConfiguration.matchConditions";
const conditions = (...matchConditions: readonly Record<string, unknown>[]): PolicyChanges => ({
  spec: { webhookConfiguration: { matchConditions } },
});

const excluding = (filter: Record<string, unknown>): PolicyChanges => ({
  spec: { background: false },
  rule: { exclude: { any: [filter] } },
});

const REFUSED: readonly RefusedRow[] = [
  ["an unknown field of the policy", { metadata: {}, spec: { rulez: [] } }, "spec.rulez", /no such field/],
  ["an unknown field of a rule", { rule: { foo: 1 } }, "spec.rules[0].foo", /no such field/],
  ["an unknown field of an entry", { verify: { foo: 1 } }, `${VERIFY}.foo`, /no such field/],
  ["a field like a property of all objects", { verify: { constructor: 1 } }, `${VERIFY}.constructor`, /no such field/],
  [
    "an annotation of ours",
    { metadata: { annotations: { "edge-notary.dev/x": "1" } } },
    'metadata.annotations["edge-notary.dev/x"]',
    /^no such annotation, expected one of verification-level, /,
  ],
  ["an annotation that is no text", { metadata: { annotations: { a: 1 } } }, "metadata.annotations.a", "expected text"],
  [
    "autogen for all",
    { metadata: { annotations: { "pod-policies.kyverno.io/autogen-controllers": "all" } } },
    'metadata.annotations["pod-policies.kyverno.io/autogen-controllers"]',
    "Autogen annotation does not support 'all' anymore, remove the annotation or set it to a valid value",
  ],
  ["no rules", { spec: { rules: undefined } }, "spec.rules", /^0 rules, expected 1 or more/],
  ["rules that are null", { spec: { rules: null } }, "spec.rules", /^0 rules, expected 1 or more/],
  ["an empty list of rules", { spec: { rules: [] } }, "spec.rules", /^0 rules, expected 1 or more/],
  ["kinds without images", match({ kinds: ["Pods", "ConfigMap"] }), "spec.rules[0].match", /would look at none$/],
  [
    "kinds without images in one of all filters",
    { rule: { match: { all: [{ resources: { kinds: ["Pod"] } }, { resources: { kinds: ["pod"] } }] } } },
    "spec.rules[0].match",
    /would look at none$/,
  ],
  ["no name", { metadata: { name: undefined } }, "metadata.name", /missing/],
  ["a long name", { metadata: { name: "n".repeat(64) } }, "metadata.name", /64 characters, expected at most 63/],
  ["a name that is none", { metadata: { name: "A\nb" } }, "metadata.name", /"A\\nb", expected lower-case/],
  ["a Policy without a namespace", { kind: "Policy" }, "metadata.namespace", /missing/],
  ["a wrong type", { spec: { failurePolicy: "fail" } }, "spec.failurePolicy", '"fail", expected one of Fail, Ignore'],
  ["a wrong action", { spec: { validationFailureAction: "Warn" } }, "spec.validationFailureAction", /expected one of/],
  [
    "a timeout of 0",
    { spec: { webhookTimeoutSeconds: 0 } },
    "spec.webhookTimeoutSeconds",
    /^the timeout value must be between 1 and 30 seconds/,
  ],
  [
    "a timeout of 31",
    { spec: { webhookTimeoutSeconds: undefined, webhookConfiguration: { timeoutSeconds: 31 } } },
    "spec.webhookConfiguration.timeoutSeconds",
    /^the timeout value must be between 1 and 30 seconds/,
  ],
  [
    "a timeout that is no number",
    { spec: { webhookTimeoutSeconds: "30" } },
    "spec.webhookTimeoutSeconds",
    '"30", expected a whole number',
  ],
  [
    "two timeouts",
    { spec: { webhookConfiguration: { timeoutSeconds: 9 } } },
    "spec.webhookTimeoutSeconds",
    "remove the deprecated field and use spec.webhookConfiguration.timeoutSeconds instead",
  ],
  [
    "two failure policies",
    { spec: { webhookConfiguration: { failurePolicy: "Fail" } } },
    "spec.failurePolicy",
    "remove the deprecated field and use spec.webhookConfiguration.failurePolicy instead",
  ],
  [
    "match conditions that do not parse",
    conditions({ name: "a", expression: "object.metadata.name ==" }),
    `${CONDITIONS}[0].expression`,
    /^match conditions compilation errors: 1:24: /,
  ],
  [
    "match conditions that name what is not there",
    conditions({
      name: "a",
      expression: "object.metadata.name == 'a' && authorizer.path('/x').check('get').allowed()",
    }),
    `${CONDITIONS}[0].expression`,
    /^match conditions compilation errors: 1:\d+: /,
  ],
  [
    "match conditions over a field the request has not",
    conditions({ name: "a", expression: "request.object.metadata.name == 'a'" }),
    `${CONDITIONS}[0].expression`,
    "match conditions compilation errors: 1:9: No such key: object",
  ],
  [
    "match conditions over the namespace, which the API server does not hand to them",
    conditions({ name: "a", expression: "namespaceObject.metadata.name == 'a'" }),
    `${CONDITIONS}[0].expression`,
    "match conditions compilation errors: 1:1: Unknown variable: namespaceObject",
  ],
  [
    "match conditions that are no question",
    conditions({ name: "a", expression: "object.metadata.name" }),
    `${CONDITIONS}[0].expression`,
    "match conditions compilation errors: must evaluate to bool but got dyn",
  ],
  [
    "two match conditions of one name",
    conditions({ name: "a", expression: "true" }, { name: "a", expression: "false" }),
    `${CONDITIONS}[1].name`,
    /is already there/,
  ],
  [
    "a match condition without name",
    conditions({ expression: "true" }),
    `${CONDITIONS}[0]`,
    /needs name and expression/,
  ],
  [
    "a match condition's field that is none",
    conditions({ name: "a", expression: "true", message: "m" }),
    `${CONDITIONS}[0].message`,
    /no such field/,
  ],
  [
    "65 match conditions",
    conditions(...Array.from({ length: 65 }, (_, at) => ({ name: `c${at}`, expression: "true" }))),
    CONDITIONS,
    /expected at most 64/,
  ],
  [
    "admission off",
    { spec: { admission: false } },
    "spec.admission",
    "disabling admission processing is only allowed with validation policies",
  ],
  [
    "generateExistingOnPolicyUpdate",
    { spec: { generateExistingOnPolicyUpdate: true } },
    "spec.generateExistingOnPolicyUpdate",
    "remove the deprecated field and use spec.generate[*].generateExisting instead",
  ],
  ["applyRules", { spec: { applyRules: "Some" } }, "spec.applyRules", /expected one of All, One/],
  ["rules that are no list", { spec: { rules: {} } }, "spec.rules", /expected a list/],
  ["a rule that is none", { spec: { rules: ["x"] } }, "spec.rules[0]", /expected an object/],
  ["a rule without a name", { rule: { name: undefined } }, "spec.rules[0]", /missing/],
  ["a long rule name", { rule: { name: "r".repeat(64) } }, "spec.rules[0].name", /expected text of 1 to 63/],
  ["a rule name of two lines", { rule: { name: "a\nb" } }, "spec.rules[0].name", /one line/],
  [
    "no operation",
    { rule: { verifyImages: undefined } },
    "spec.rules[0]",
    "No operation defined in the rule 'verify-signature-notary'.(supported operations: mutate,validate,generate,verifyImages)",
  ],
  [
    "two operations",
    { rule: { validate: { message: "x" } } },
    "spec.rules[0]",
    "Multiple operations defined in the rule 'verify-signature-notary', only one operation (mutate,validate,generate,verifyImages) is allowed per rule",
  ],
  [
    "cel-preconditions-refused",
    { rule: { celPreconditions: [] } },
    "spec.rules[0].celPreconditions",
    /validate\.cel/,
  ],
  [
    "no match",
    { rule: { match: undefined } },
    "spec.rules[0]",
    /^at least one element must be specified in a kind block/,
  ],
  [
    "match without kinds",
    match({ names: ["a"] }),
    "spec.rules[0].match.any[0].resources",
    /^at least one element must be specified in a kind block/,
  ],
  [
    "every kind",
    match({ kinds: ["*"] }),
    "spec.rules[0].match.any[0].resources.kinds[0]",
    "wildcard policy does not support rule type",
  ],
  [
    "a kind selector that is none",
    match({ kinds: ["a/b/c/d/e"] }),
    "spec.rules[0].match.any[0].resources.kinds[0]",
    /expected Kind/,
  ],
  [
    "any and all",
    { rule: { match: { any: [{ resources: { kinds: ["Pod"] } }], all: [{ resources: { kinds: ["Pod"] } }] } } },
    "spec.rules[0].match",
    "Can't specify any and all together",
  ],
  [
    "any and resources",
    {
      apiVersion: "kyverno.io/v1",
      rule: { match: { any: [{ resources: { kinds: ["Pod"] } }], resources: { kinds: ["Pod"] } } },
    },
    "spec.rules[0].match",
    "can't specify any/all together with match resources",
  ],
  [
    "exclude: any and resources",
    {
      apiVersion: "kyverno.io/v1",
      rule: { exclude: { any: [{ resources: { kinds: ["Pod"] } }], resources: { kinds: ["Pod"] } } },
    },
    "spec.rules[0].exclude",
    "can't specify any/all together with exclude resources",
  ],
  [
    "resources in v2beta1",
    { rule: { match: { resources: { kinds: ["Pod"] } } } },
    "spec.rules[0].match.resources",
    /v2beta1/,
  ],
  [
    "name and names",
    match({ kinds: ["Pod"], name: "a", names: ["b"] }),
    "spec.rules[0].match.any[0].resources",
    "Both name and names can not be specified together",
  ],
  [
    "an empty selector",
    match({ kinds: ["Pod"], selector: {} }),
    "spec.rules[0].match.any[0].resources.selector",
    "The requirements are not specified in selector",
  ],
  [
    "an operator",
    match({ kinds: ["Pod"], selector: { matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] } }),
    "spec.rules[0].match.any[0].resources.selector.matchExpressions[0].operator",
    /expected one of In/,
  ],
  [
    "In without values",
    match({ kinds: ["Pod"], selector: { matchExpressions: [{ key: "a", operator: "In" }] } }),
    "spec.rules[0].match.any[0].resources.selector.matchExpressions[0]",
    /expected 1 or more/,
  ],
  [
    "Exists with values",
    match({ kinds: ["Pod"], selector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] } }),
    "spec.rules[0].match.any[0].resources.selector.matchExpressions[0]",
    /expected none/,
  ],
  [
    "labels that are no text",
    match({ kinds: ["Pod"], selector: { matchLabels: { a: true } } }),
    "spec.rules[0].match.any[0].resources.selector.matchLabels.a",
    'labels and annotations supports only string values, "use double quotes around the non string values"',
  ],
  [
    "labels of namespaces that are no text",
    match({ kinds: ["Pod"], namespaceSelector: { matchLabels: { a: 1 } } }),
    "spec.rules[0].match.any[0].resources.namespaceSelector.matchLabels.a",
    'labels and annotations supports only string values, "use double quotes around the non string values"',
  ],
  [
    "an operation",
    match({ kinds: ["Pod"], operations: ["create"] }),
    "spec.rules[0].match.any[0].resources.operations[0]",
    /expected one of CREATE/,
  ],
  [
    "a pattern without end",
    match({ kinds: ["Pod"], names: ["n".repeat(1025)] }),
    "spec.rules[0].match.any[0].resources.names[0]",
    /1025 characters/,
  ],
  ...([["roles", ["a:b"]], ["clusterRoles", ["admin"]], ["subjects", [{ kind: "User", name: "a" }]]] as const).map((
    [field, value],
  ): RefusedRow => [
    `${field} in the background`,
    { rule: { exclude: { any: [{ [field]: value }] } } },
    `spec.rules[0].exclude.any[0].${field}`,
    "only select variables are allowed in background mode. Set spec.background=false to disable background mode for " +
    `this policy rule: invalid variable used at path: spec/rules[0]/exclude/any[0]/${field} `,
  ]),
  [
    "clusterRoles beside resources in the background",
    { rule: { match: { all: [{ resources: { kinds: ["Pod"] }, clusterRoles: ["admin"] }] } } },
    "spec.rules[0].match.all[0].clusterRoles",
    /this policy rule: invalid variable used at path: spec\/rules\[0\]\/match\/all\[0\]\/clusterRoles $/,
  ],
  [
    "a role without namespace",
    excluding({ roles: ["admin"] }),
    "spec.rules[0].exclude.any[0].roles[0]",
    "Role is expected to be in namespace:name format",
  ],
  [
    "a subject of unknown kind",
    excluding({ subjects: [{ kind: "Robot", name: "a" }] }),
    "spec.rules[0].exclude.any[0].subjects[0].kind",
    `kind must be 'User', 'Group', or 'ServiceAccount' ("Robot")`,
  ],
  [
    "a subject without name",
    excluding({ subjects: [{ kind: "User" }] }),
    "spec.rules[0].exclude.any[0].subjects[0]",
    /name is missing/,
  ],
  [
    "a service account without namespace",
    excluding({ subjects: [{ kind: "ServiceAccount", name: "a" }] }),
    "spec.rules[0].exclude.any[0].subjects[0]",
    "namespace is required when Kind is ServiceAccount",
  ],
  [
    "a subject's field that is none",
    excluding({ subjects: [{ kind: "User", name: "a", groups: [] }] }),
    "spec.rules[0].exclude.any[0].subjects[0].groups",
    /no such field/,
  ],
  [
    "user-beside-any",
    {
      apiVersion: "kyverno.io/v1",
      spec: { background: false },
      rule: { exclude: { any: [{ resources: { kinds: ["Pod"] } }], subjects: [{ kind: "User", name: "a" }] } },
    },
    "spec.rules[0].exclude.subjects",
    /not looked at beside any or all/,
  ],
  [
    "clusterRoles directly under exclude in v2beta1",
    { spec: { background: false }, rule: { exclude: { clusterRoles: ["a"] } } },
    "spec.rules[0].exclude.clusterRoles",
    /v2beta1 has no such field/,
  ],
  [
    "who asks and no kind",
    { spec: { background: false }, rule: { match: { any: [{ clusterRoles: ["a"] }] } } },
    "spec.rules[0].match.any[0]",
    /the kind attribute is mandatory/,
  ],
  [
    "namespaces in a Policy",
    {
      kind: "Policy",
      metadata: { namespace: "a" },
      rule: { match: { any: [{ resources: { kinds: ["Pod"], namespaces: ["b"] } }] } },
    },
    "spec.rules[0].match.any[0].resources.namespaces",
    "Filtering namespaces not allowed in namespaced policies",
  ],
  [
    "a variable in match",
    match({ kinds: ["Pod"], names: ["{{ x }}"] }),
    "spec.rules[0].match.any[0].resources.names[0]",
    'rule "verify-signature-notary" should not have variables in match section',
  ],
  [
    "a variable in exclude",
    { rule: { exclude: { any: [{ resources: { kinds: ["Pod"], annotations: { "{{ x }}": "a" } } }] } } },
    'spec.rules[0].exclude.any[0].resources.annotations["{{ x }}"]',
    'rule "verify-signature-notary" should not have variables in exclude section',
  ],
  [
    "a variable in an image reference",
    { verify: { imageReferences: ["{{ x }}*"] } },
    `${VERIFY}.imageReferences[0]`,
    'rule "verify-signature-notary" should not have variables in image reference section',
  ],
];

describe("loadPolicies() refuses fields of policies and rules", () => {
  it.each(REFUSED)("%s", (...row) => expectRefused(row));
});
