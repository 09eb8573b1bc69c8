/**
 * One flip for every field of what stands inside of the documented objects: conditions, entries, subjects, overrides.
 */
import { clusterOf, configMap } from "./cluster.ts";
import { clusterOf as clusterHolding, namespaceWith } from "./clusters.ts";
import { ADMITTED, DENIED, type Flip, type Json, type Scene, SIGNED, UNSIGNED } from "./flip_scenes.ts";

type Rows = Readonly<Record<string, Flip>>;

const conditions = (given: Json): Scene => ({ image: SIGNED, verify: { validate: { deny: { conditions: given } } } });
const SO = { key: "a", operator: "Equals", value: "a", message: "one thing" };
const condition = (more: Json, told: Flip["told"] = [DENIED, ADMITTED]): Flip => ({
  before: conditions({ all: [SO] }),
  after: conditions({ all: [{ ...SO, ...more }] }),
  told,
});
const NOT_SO = { ...SO, value: "b" };

const cluster = clusterOf({
  "ConfigMap default/keys": configMap({ key: "x" }),
  "ConfigMap default/others": configMap({ key: "y" }),
  "ConfigMap other/keys": configMap({ key: "y" }),
  "/api/v1/one": { key: "x" },
  "/api/v1/other": { key: "y" },
});

/** The rule applies only where the variable is `x`: the unsigned image is denied then, else nobody asks about it. */
const reading = (kind: string, before: Json, after: Json, key = "v"): Flip => {
  const scene = (entry: Json): Scene => ({
    cluster,
    rule: {
      context: [{ name: "v", [kind]: entry }],
      preconditions: { all: [{ key: `{{ ${key} }}`, operator: "Equals", value: "x" }] },
    },
  });
  return { before: scene(before), after: scene(after), told: [DENIED, "preconditions not met"] };
};

const [ONE, MISSING] = ["/api/v1/one", "/api/v1/missing"];
const kept = { value: { a: "x", b: "y" } };

const asked = (more: Json): Scene => ({
  spec: { background: false },
  rule: {
    match: { any: [{ resources: { kinds: ["Pod"] }, subjects: [{ kind: "User", name: "someone", ...more }] }] },
  },
});
const asAccount = (more: Json): Scene => ({
  ...asked({ kind: "ServiceAccount", name: "builder", ...more }),
  request: { userInfo: { username: "system:serviceaccount:default:builder", groups: [] } },
});
const matching = (expression: string): Scene => ({
  spec: {
    failurePolicy: undefined,
    webhookTimeoutSeconds: undefined,
    webhookConfiguration: { matchConditions: [{ name: "c", expression }] },
  },
});
const overriding = (more: Json): Scene => ({
  spec: { validationFailureActionOverrides: [{ action: "Enforce", namespaces: ["default"], ...more }] },
  verify: { mutateDigest: false },
});

const labelled = (env: string): Json => ({
  action: "Audit",
  namespaces: undefined,
  namespaceSelector: { matchLabels: { env } },
});
const labels = clusterHolding(namespaceWith("default", { env: "prod" }));

/** Object → some of its fields. */
export const INNER_FLIPS: Readonly<Record<string, Rows>> = {
  "condition": {
    key: condition({ key: "b" }),
    operator: condition({ operator: "NotEquals" }),
    value: condition({ value: "b" }),
    message: condition({ message: "another" }, ["one thing", "another"]),
  },
  "conditions": {
    any: { before: conditions({ any: [SO, NOT_SO] }), after: conditions({ any: [NOT_SO] }), told: [DENIED, ADMITTED] },
    all: { before: conditions({ all: [SO] }), after: conditions({ all: [SO, NOT_SO] }), told: [DENIED, ADMITTED] },
  },
  "context[].configMap": {
    name: reading(
      "configMap",
      { name: "keys", namespace: "default" },
      { name: "others", namespace: "default" },
      "v.data.key",
    ),
    namespace: reading(
      "configMap",
      { name: "keys", namespace: "default" },
      { name: "keys", namespace: "other" },
      "v.data.key",
    ),
  },
  "context[].apiCall": {
    urlPath: reading("apiCall", { urlPath: ONE }, { urlPath: "/api/v1/other" }, "v.key"),
    jmesPath: reading("apiCall", { urlPath: ONE, jmesPath: "key" }, { urlPath: ONE, jmesPath: "'y'" }),
    default: reading("apiCall", { urlPath: MISSING, default: "x" }, { urlPath: MISSING, default: "y" }),
  },
  "context[].imageRegistry": {
    reference: reading(
      "imageRegistry",
      { reference: SIGNED },
      { reference: UNSIGNED },
      "v.identifier == 'signed' && 'x' || 'y'",
    ),
    jmesPath: reading("imageRegistry", { reference: SIGNED, jmesPath: "'x'" }, { reference: SIGNED, jmesPath: "'y'" }),
  },
  "context[].variable": {
    value: reading("variable", { value: "x" }, { value: "y" }),
    jmesPath: reading("variable", { ...kept, jmesPath: "a" }, { ...kept, jmesPath: "b" }),
    default: reading("variable", { ...kept, jmesPath: "c", default: "x" }, { ...kept, jmesPath: "c", default: "y" }),
  },
  "subject": {
    kind: { before: asked({}), after: asked({ kind: "Group" }), told: [DENIED, ADMITTED] },
    name: { before: asked({}), after: asked({ name: "nobody" }), told: [DENIED, ADMITTED] },
    namespace: {
      before: asAccount({ namespace: "default" }),
      after: asAccount({ namespace: "other" }),
      told: [DENIED, ADMITTED],
    },
  },
  "matchConditions[]": {
    expression: { before: matching("true"), after: matching("false"), told: [DENIED, ADMITTED] },
  },
  "validationFailureActionOverrides[]": {
    action: { before: overriding({}), after: overriding({ action: "Audit" }), told: [DENIED, ADMITTED] },
    namespaces: {
      before: overriding({ action: "Audit", namespaces: ["other"] }),
      after: overriding({ action: "Audit", namespaces: ["default"] }),
      told: [DENIED, ADMITTED],
    },
    namespaceSelector: {
      before: { ...overriding(labelled("test")), cluster: labels },
      after: { ...overriding(labelled("prod")), cluster: labels },
      told: [DENIED, ADMITTED],
    },
  },
};
