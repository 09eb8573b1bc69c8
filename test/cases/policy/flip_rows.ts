/** One flip for every field of a policy that is enforced, under the headings of `docs/policies.md`. */
import { SBOM, tagged } from "./attested.ts";
import { clusterOf as clusterWith, configMap } from "./cluster.ts";
import { clusterOf, clusterRoleBinding, namespaceWith, roleBinding } from "./clusters.ts";
import { ADMITTED, DENIED, type Flip, type Json, NOT_LOADED, type Scene, SIGNED, UNSIGNED } from "./flip_scenes.ts";
import { policyDocument, trusting } from "./policies.ts";

/** What stands in place of what, with everything else the same. */
const flip = (before: Scene, after: Scene, told: Flip["told"], both: Scene = {}): Flip => ({
  before: { ...both, ...before },
  after: { ...both, ...after },
  told,
});

const SKIPPED = "preconditions not met";
const SOMEONE = { kind: "User", name: "someone" };

/** Of filters, the first selects the Pod and the second does not: who is not asked about is admitted. */
const selecting = (block: (more: Json) => Json, both: Scene = {}) => (before: Json, after: Json, more: Scene = {}) =>
  flip({ rule: { match: block(before) } }, { rule: { match: block(after) } }, [DENIED, ADMITTED], { ...both, ...more });

const LOOKING_AT_USERS: Scene = { apiVersion: "kyverno.io/v1", spec: { background: false } };
const PODS: Json = { kinds: ["Pod"] };
const byBlock = selecting((more) => more, LOOKING_AT_USERS);
const byFilter = selecting((more) => ({ any: [{ resources: PODS, ...more }] }), LOOKING_AT_USERS);
const byResources = selecting((more) => ({ any: [{ resources: { ...PODS, ...more } }] }));
const bySelector = (before: Json, after: Json) => byResources({ selector: before }, { selector: after });
const byExpression = (before: Json, after: Json) =>
  bySelector({ matchExpressions: [before] }, { matchExpressions: [after] });

const ROLES = {
  cluster: clusterOf(roleBinding("default", "deployer", SOMEONE), clusterRoleBinding("admin", SOMEONE)),
};

const verifying = (before: Json, after: Json, told: Flip["told"], both: Scene = {}) =>
  flip({ verify: { ...both.verify, ...before } }, { verify: { ...both.verify, ...after } }, told, both);

/** The rule applies only where the variable `v` is `x`: the unsigned image is denied then. */
const reading = (before: Json, after: Json, key = "v", told: Flip["told"] = [DENIED, SKIPPED], both: Scene = {}) => {
  const rule = (entry: Json) => ({
    rule: {
      context: [{ name: "v", ...entry }],
      preconditions: { all: [{ key: `{{ ${key} }}`, operator: "Equals", value: "x" }] },
    },
  });
  return flip(rule(before), rule(after), told, both);
};

const ruleOf = (changes: Scene): Json => (policyDocument(changes)["spec"] as { rules: readonly Json[] }).rules[0] ?? {};

const PASSES = ruleOf({ rule: { name: "passes" } });
const REFUSES = ruleOf({ verify: { attestors: [{ entries: [trusting("impostor")] }] } });

const UNREACHABLE: Scene = { isDown: true };
const configured = (webhookConfiguration: Json): Scene => ({
  spec: { failurePolicy: undefined, webhookTimeoutSeconds: undefined, webhookConfiguration },
});

const NEVER = { any: [{ key: "a", operator: "Equals", value: "b" }] };
const ALWAYS = { any: [{ key: "a", operator: "Equals", value: "a", message: "it is so" }] };
const UNPINNED: Scene = { verify: { mutateDigest: false } };
const denying = (before: Json, after: Json, told: Flip["told"]) =>
  verifying({ validate: before }, { validate: after }, told, { image: SIGNED });

const GOOD: Scene = { image: tagged("good"), verify: { imageReferences: ["registry.example/attestations*"] } };
const attesting = (before: Json, after: Json, told: Flip["told"] = [ADMITTED, DENIED], more: Json = {}) => {
  const entry = (one: Json) => ({ attestations: [{ type: SBOM, ...one }], ...more });
  return verifying(entry(before), entry(after), told, GOOD);
};

const sets = (before: Json, after: Json, told: Flip["told"] = [ADMITTED, DENIED]) =>
  verifying({ attestors: [before] }, { attestors: [after] }, told, { image: SIGNED });
const entries = (before: Json, after: Json, told?: Flip["told"]) =>
  sets({ entries: [before] }, { entries: [after] }, told);
const certificates = (
  name: string,
  { certificates: { cert } = { cert: "" } }: { certificates?: { cert: string } },
) => ({ certificates: { [name]: cert } });
const [OWN, OTHER] = [trusting("fixture-signer"), trusting("impostor")];

/** Heading of the page → field → its flip. */
export const FLIPS: Readonly<Record<string, Readonly<Record<string, Flip>>>> = {
  "The document": {
    apiVersion: flip({ apiVersion: "kyverno.io/v1" }, { apiVersion: "kyverno.io/v2beta1" }, [DENIED, NOT_LOADED], {
      rule: { match: { resources: PODS } },
    }),
    kind: flip({ kind: "ClusterPolicy" }, { kind: "Policy" }, [DENIED, ADMITTED], { metadata: { namespace: "other" } }),
    metadata: flip({ metadata: { name: "one" } }, { metadata: { name: "other" } }, ["\n\none:", "\n\nother:"]),
    spec: flip({}, { spec: { validationFailureAction: "Audit" } }, [DENIED, ADMITTED], UNPINNED),
  },
  "`metadata`": {
    name: flip({ metadata: { name: "one" } }, { metadata: { name: "other" } }, ["\n\none:", "\n\nother:"]),
    namespace: flip({ metadata: { namespace: "default" } }, { metadata: { namespace: "other" } }, [DENIED, ADMITTED], {
      kind: "Policy",
    }),
    annotations: flip(
      {},
      { metadata: { annotations: { "pod-policies.kyverno.io/autogen-controllers": "none" } } },
      [DENIED, ADMITTED],
      {
        request: {
          group: "apps",
          kind: "Deployment",
          object: {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: "test", namespace: "default" },
            spec: { template: { spec: { containers: [{ name: "c", image: UNSIGNED }] } } },
          },
        },
      },
    ),
  },
  "`spec`": {
    rules: flip({ spec: { rules: [PASSES] } }, { spec: { rules: [PASSES, REFUSES] } }, [ADMITTED, DENIED], {
      image: SIGNED,
    }),
    applyRules: flip(
      { spec: { rules: [PASSES, REFUSES], applyRules: "All" } },
      { spec: { rules: [PASSES, REFUSES], applyRules: "One" } },
      [DENIED, ADMITTED],
      { image: SIGNED },
    ),
    failurePolicy: flip({}, { spec: { failurePolicy: "Ignore" } }, [DENIED, ADMITTED], UNREACHABLE),
    validationFailureAction: flip({}, { spec: { validationFailureAction: "Audit" } }, [DENIED, ADMITTED], UNPINNED),
    validationFailureActionOverrides: flip(
      {},
      { spec: { validationFailureActionOverrides: [{ action: "Audit", namespaces: ["default"] }] } },
      [DENIED, ADMITTED],
      UNPINNED,
    ),
    webhookTimeoutSeconds: flip({}, { spec: { webhookTimeoutSeconds: 5 } }, ["waits 30 s", "waits 5 s"]),
    webhookConfiguration: flip(
      configured({}),
      configured({ failurePolicy: "Ignore" }),
      [DENIED, ADMITTED],
      UNREACHABLE,
    ),
    admission: flip({ spec: { admission: true } }, { spec: { admission: false } }, [DENIED, NOT_LOADED]),
    background: flip({ spec: { background: false } }, { spec: { background: true } }, [DENIED, NOT_LOADED], {
      rule: { match: { any: [{ resources: PODS, subjects: [SOMEONE] }] } },
    }),
  },
  "`spec.webhookConfiguration`": {
    failurePolicy: flip(
      configured({ failurePolicy: "Fail" }),
      configured({ failurePolicy: "Ignore" }),
      [DENIED, ADMITTED],
      UNREACHABLE,
    ),
    timeoutSeconds: flip(configured({ timeoutSeconds: 7 }), configured({ timeoutSeconds: 5 }), [
      "waits 7 s",
      "waits 5 s",
    ]),
    matchConditions: flip(
      configured({ matchConditions: [{ name: "c", expression: "object.metadata.name == 'test'" }] }),
      configured({ matchConditions: [{ name: "c", expression: "object.metadata.name != 'test'" }] }),
      [DENIED, ADMITTED],
    ),
  },
  "`spec.rules[]`": {
    name: flip({ rule: { name: "one" } }, { rule: { name: "other" } }, ["  one:", "  other:"]),
    match: byBlock({ any: [{ resources: PODS }] }, { any: [{ resources: { kinds: ["Deployment"] } }] }),
    exclude: flip({}, { rule: { exclude: { any: [{ resources: { names: ["test"] } }] } } }, [DENIED, ADMITTED]),
    verifyImages: verifying({}, { imageReferences: ["other.example/*"] }, [DENIED, ADMITTED]),
    context: reading({ variable: { value: "x" } }, { variable: { value: "y" } }),
    preconditions: flip({ rule: { preconditions: ALWAYS } }, { rule: { preconditions: NEVER } }, [DENIED, ADMITTED]),
    imageExtractors: flip(
      {
        rule: {
          match: { any: [{ resources: PODS }] },
          imageExtractors: { Pod: [{ path: "/spec/containers/*/image" }] },
        },
      },
      {
        rule: { match: { any: [{ resources: PODS }] }, imageExtractors: { Pod: [{ path: "/spec/elsewhere/image" }] } },
      },
      [DENIED, ADMITTED],
    ),
    reportProperties: flip({ rule: { reportProperties: { a: "b" } } }, { rule: { reportProperties: { a: "c" } } }, [
      "property a=b",
      "property a=c",
    ]),
  },
  "`context[]`": {
    name: reading({ variable: { value: "x" } }, { name: "w", variable: { value: "x" } }, "v", [DENIED, NOT_LOADED]),
    configMap: reading(
      { configMap: { name: "keys", namespace: "default" } },
      { configMap: { name: "keys", namespace: "other" } },
      "v.data.key",
      [DENIED, SKIPPED],
      {
        cluster: clusterWith({
          "ConfigMap default/keys": configMap({ key: "x" }),
          "ConfigMap other/keys": configMap({ key: "y" }),
        }),
      },
    ),
    apiCall: reading({ apiCall: { urlPath: "/api/v1/one" } }, { apiCall: { urlPath: "/api/v1/other" } }, "v.key", [
      DENIED,
      SKIPPED,
    ], {
      cluster: clusterWith({ "/api/v1/one": { key: "x" }, "/api/v1/other": { key: "y" } }),
    }),
    imageRegistry: reading(
      { imageRegistry: { reference: SIGNED } },
      { imageRegistry: { reference: UNSIGNED } },
      "v.identifier == 'signed' && 'x' || 'y'",
    ),
    variable: reading({ variable: { value: "x" } }, { variable: { value: "y" } }),
  },
  "`match` and `exclude`": {
    any: byBlock({ any: [{ resources: PODS }] }, { any: [{ resources: { ...PODS, names: ["other"] } }] }),
    all: byBlock({ all: [{ resources: PODS }] }, { all: [{ resources: { ...PODS, names: ["other"] } }] }),
    resources: byBlock({ resources: PODS }, { resources: { ...PODS, names: ["other"] } }),
    roles: byBlock({ resources: PODS, roles: ["default:deployer"] }, { resources: PODS, roles: ["default:no"] }, ROLES),
    clusterRoles: byBlock(
      { resources: PODS, clusterRoles: ["admin"] },
      { resources: PODS, clusterRoles: ["no"] },
      ROLES,
    ),
    subjects: byBlock({ resources: PODS, subjects: [SOMEONE] }, {
      resources: PODS,
      subjects: [{ ...SOMEONE, name: "nobody" }],
    }),
  },
  "A filter of `any` or `all`": {
    resources: byFilter({ resources: PODS }, { resources: { kinds: ["Deployment"] } }),
    roles: byFilter({ roles: ["default:deployer"] }, { roles: ["default:no"] }, ROLES),
    clusterRoles: byFilter({ clusterRoles: ["admin"] }, { clusterRoles: ["no"] }, ROLES),
    subjects: byFilter({ subjects: [SOMEONE] }, { subjects: [{ ...SOMEONE, name: "nobody" }] }),
  },
  "`resources`": {
    kinds: byResources({ kinds: ["Pod"] }, { kinds: ["Deployment"] }),
    name: byResources({ name: "te*" }, { name: "other" }),
    names: byResources({ names: ["test"] }, { names: ["other"] }),
    namespaces: byResources({ namespaces: ["default"] }, { namespaces: ["other"] }),
    annotations: byResources({ annotations: { a: "b" } }, { annotations: { a: "c" } }),
    selector: byResources({ selector: { matchLabels: { a: "b" } } }, { selector: { matchLabels: { a: "c" } } }),
    namespaceSelector: byResources(
      { namespaceSelector: { matchLabels: { env: "prod" } } },
      { namespaceSelector: { matchLabels: { env: "test" } } },
      { cluster: clusterOf(namespaceWith("default", { env: "prod" })) },
    ),
    operations: byResources({ operations: ["CREATE"] }, { operations: ["UPDATE"] }),
  },
  "`selector`": {
    matchLabels: bySelector({ matchLabels: { a: "b" } }, { matchLabels: { a: "c" } }),
    matchExpressions: byExpression({ key: "a", operator: "Exists" }, { key: "a", operator: "DoesNotExist" }),
  },
  "`selector.matchExpressions[]`": {
    key: byExpression({ key: "a", operator: "Exists" }, { key: "z", operator: "Exists" }),
    operator: byExpression({ key: "a", operator: "In", values: ["b"] }, { key: "a", operator: "NotIn", values: ["b"] }),
    values: byExpression({ key: "a", operator: "In", values: ["b"] }, { key: "a", operator: "In", values: ["c"] }),
  },
  "`verifyImages[]`": {
    type: verifying({}, { type: "Cosign" }, [DENIED, NOT_LOADED]),
    failureAction: verifying({ failureAction: "Enforce" }, { failureAction: "Audit" }, [DENIED, ADMITTED], UNPINNED),
    imageReferences: verifying({}, { imageReferences: ["other.example/*"] }, [DENIED, ADMITTED]),
    skipImageReferences: verifying({}, { skipImageReferences: ["*:unsigned"] }, [DENIED, ADMITTED]),
    attestors: verifying({}, { attestors: [{ entries: [OTHER] }] }, [ADMITTED, DENIED], { image: SIGNED }),
    mutateDigest: verifying({}, { mutateDigest: false }, ["pins 1 images", "pins 0 images"], {
      image: SIGNED,
    }),
    verifyDigest: verifying({ verifyDigest: true }, { verifyDigest: false }, [DENIED, ADMITTED], {
      ...UNPINNED,
      image: SIGNED,
      phase: "validate",
    }),
    required: verifying({ required: true }, { required: false }, [DENIED, ADMITTED], {
      verify: { mutateDigest: false, verifyDigest: false },
      phase: "validate",
    }),
    attestations: attesting({}, { type: "other/type" }),
    validate: denying({ deny: { conditions: NEVER } }, { deny: { conditions: ALWAYS } }, [ADMITTED, DENIED]),
    imageRegistryCredentials: verifying(
      { imageRegistryCredentials: { providers: ["default"] } },
      { imageRegistryCredentials: { provider: ["default"] } },
      [DENIED, NOT_LOADED],
    ),
  },
  "`attestations[]`": {
    name: attesting({ name: "sbom" }, { name: "other" }, [ADMITTED, NOT_LOADED], {
      validate: { deny: { conditions: { all: [{ key: "{{ sbom.bomFormat }}", operator: "Equals", value: "x" }] } } },
    }),
    type: attesting({ type: SBOM }, { type: "other/type" }),
    predicateType: attesting({ type: undefined, predicateType: SBOM }, {
      type: undefined,
      predicateType: "other/type",
    }),
    attestors: attesting({ attestors: [{ entries: [OWN] }] }, { attestors: [{ entries: [OTHER] }] }),
    conditions: attesting({ conditions: [ALWAYS] }, { conditions: [NEVER] }),
  },
  "`validate`": {
    message: denying({ message: "one thing", deny: { conditions: ALWAYS } }, {
      message: "another",
      deny: { conditions: ALWAYS },
    }, ["one thing", "another"]),
    deny: denying({ deny: { conditions: NEVER } }, { deny: { conditions: ALWAYS } }, [ADMITTED, DENIED]),
  },
  "`deny`": {
    conditions: denying({ deny: { conditions: NEVER } }, { deny: { conditions: ALWAYS } }, [ADMITTED, DENIED]),
  },
  "`imageRegistryCredentials`": {
    providers: verifying(
      { imageRegistryCredentials: { providers: ["default"] } },
      { imageRegistryCredentials: { providers: ["other"] } },
      [DENIED, NOT_LOADED],
    ),
    secrets: verifying(
      { imageRegistryCredentials: { secrets: ["apps/regcred"] } },
      { imageRegistryCredentials: { secrets: ["apps/reg/cred"] } },
      [DENIED, NOT_LOADED],
    ),
  },
  "`attestors[]`": {
    count: sets({ count: 1, entries: [OWN, OTHER] }, { count: 2, entries: [OWN, OTHER] }),
    entries: sets({ entries: [OWN] }, { entries: [OTHER] }),
  },
  "`entries[]`": {
    certificates: entries(OWN, OTHER),
    attestor: entries({ attestor: { entries: [OWN] } }, { attestor: { entries: [OTHER] } }),
    annotations: entries({ ...OWN, annotations: {} }, { ...OWN, annotations: { a: "b" } }, [ADMITTED, NOT_LOADED]),
  },
  "`certificates`": {
    cert: entries(certificates("cert", OWN), certificates("cert", OTHER)),
    certChain: entries(certificates("certChain", OWN), certificates("certChain", OTHER)),
  },
};
