/**
 * Rules that the real Kyverno CLI v1.15.2 does not take because of their variables, conditions or context entries, with
 * the reason it gives: shown to be so by `test/peers/conditions.test.ts`.
 */
import { equals } from "./variable_rows.ts";

type Json = Readonly<Record<string, unknown>>;

export interface RefusedVariableRow {
  readonly name: string;
  readonly rule: Json;
  readonly background?: boolean;
  /** Below the rule. */
  readonly path: string;
  /** All of the reason, or its beginning where what follows is a parser's own sentence. */
  readonly reason: string;
}

const KNOWN =
  'must match regex "request|serviceAccountName|serviceAccountNamespace|element|elementIndex|@|images|image|([a-z_0-9]+\\()[^{}]" or patterns';
const KNOWN_IN_BACKGROUND =
  'must match regex "request\\.|element|elementIndex|@|images|images\\.|image\\.|([a-z_0-9]+\\()[^{}]" or patterns';
const INVALID = "policy contains invalid variables: variable substitution failed for rule r0: ";
const IN_BACKGROUND =
  "only select variables are allowed in background mode. Set spec.background=false to disable background mode for this policy rule: ";

const KEY = "preconditions.all[0].key";
const key = (text: string): Json => ({ preconditions: equals(text, "x") });
const context = (...entries: readonly Json[]): Json => ({ context: entries, preconditions: equals("x", "x") });

export const REFUSED_VARIABLES: readonly RefusedVariableRow[] = [
  {
    name: "a name that nobody knows",
    rule: key("{{nope.foo}}"),
    path: KEY,
    reason: `${INVALID}variable nope.foo ${KNOWN} []`,
  },
  {
    name: "no expression",
    rule: key("{{ }}"),
    path: KEY,
    reason: `${INVALID}failed to resolve  at path /preconditions/all/0/key: invalid query (nil)`,
  },
  {
    name: "no JMESPath",
    rule: key("{{ foo( }}"),
    path: KEY,
    reason: `${INVALID}failed to resolve foo( at path /preconditions/all/0/key: invalid JMESPath query foo(: `,
  },
  {
    name: "an index that is a variable",
    rule: key("{{ request.object.list[{{request.x}}] }}"),
    path: KEY,
    reason:
      `${INVALID}failed to resolve request.object.list[null] at path /preconditions/all/0/key: invalid JMESPath query request.object.list[null]: `,
  },
  {
    name: "an inner name that nobody knows",
    rule: key("{{ x.{{ y }} }}"),
    path: KEY,
    reason: `${INVALID}variable y ${KNOWN} []`,
  },
  {
    name: "nothing but a variable in a variable",
    rule: key("{{ {{ request.x }} }}"),
    path: KEY,
    reason: `${INVALID}variable null ${KNOWN} []`,
  },
  {
    name: "an element",
    rule: key("{{ element }}"),
    path: KEY,
    reason: "variable 'element' present outside of foreach at path /preconditions/all/0/key",
  },
  {
    name: "a name like an element",
    rule: key("{{ elementFoo }}"),
    path: KEY,
    reason: "variable 'elementFoo' present outside of foreach at path /preconditions/all/0/key",
  },
  {
    name: "who asks, in background",
    rule: key("{{ request.userInfo }}"),
    background: true,
    path: KEY,
    reason: `${IN_BACKGROUND}variable {{ request.userInfo }} is not allowed `,
  },
  {
    name: "roles, in background",
    rule: key("{{request.roles}}"),
    background: true,
    path: KEY,
    reason: `${IN_BACKGROUND}variable {{request.roles}} is not allowed `,
  },
  {
    name: "the service account, in background",
    rule: key("{{serviceAccountName}}"),
    background: true,
    path: KEY,
    reason: `${IN_BACKGROUND}variable {{serviceAccountName}} is not allowed `,
  },
  {
    name: "its namespace, in background",
    rule: key("{{ serviceAccountNamespace }}"),
    background: true,
    path: KEY,
    reason: `${IN_BACKGROUND}variable {{ serviceAccountNamespace }} is not allowed `,
  },
  {
    name: "all of the request, in background",
    rule: key("{{ request }}"),
    background: true,
    path: KEY,
    reason: `${INVALID}variable request ${KNOWN_IN_BACKGROUND} []`,
  },
  {
    name: "all of the image, in background",
    rule: key("{{ image }}"),
    background: true,
    path: KEY,
    reason: `${INVALID}variable image ${KNOWN_IN_BACKGROUND} []`,
  },
  {
    name: "what no ConfigMap has",
    rule: { context: [{ name: "v", configMap: { name: "a", namespace: "b" } }], ...key("{{ v.foo }}") },
    path: KEY,
    reason: `${INVALID}variable v.foo ${KNOWN} [v.data v.metadata v.data.* v.metadata.*]`,
  },
  {
    name: "no value",
    rule: { preconditions: { all: [{ key: "a", operator: "Equals" }] } },
    path: "preconditions.all[0]",
    reason: "entered value of `key`, `value` or `operator` is missing or misspelled",
  },
  {
    name: "an operation that is none",
    rule: { preconditions: equals("{{request.operation}}", "MAKE") },
    path: "preconditions.all[0].value",
    reason:
      "unknown value 'MAKE' found under the 'value' field. Only the following values are allowed: [CREATE, UPDATE, DELETE, CONNECT]",
  },
  {
    name: "an operation in a list that is none",
    rule: { preconditions: { any: equals("{{ request.operation }}", ["CREATE", "MAKE"]).all } },
    path: "preconditions.any[0].value",
    reason:
      "unknown value 'MAKE' found under the 'value' field. Only the following values are allowed: [CREATE, UPDATE, DELETE, CONNECT]",
  },
  {
    name: "an entry without a name",
    rule: context({ name: "", variable: { value: "x" } }),
    path: "context[0]",
    reason: "a name is required for context entries",
  },
  {
    name: "an entry that hides the request",
    rule: context({ name: "request", variable: { value: "x" } }),
    path: "context[0].name",
    reason: "entry name request is invalid as it conflicts with a pre-defined variable request",
  },
  {
    name: "an entry below images",
    rule: context({ name: "images.x", variable: { value: "x" } }),
    path: "context[0].name",
    reason: "entry name images.x is invalid as it conflicts with a pre-defined variable images",
  },
  {
    name: "a variable without a value",
    rule: context({ name: "v", variable: { value: null } }),
    path: "context[0].variable",
    reason: "a variable must define a value or a jmesPath expression",
  },
  {
    name: "a variable that is only a default",
    rule: context({ name: "v", variable: { default: "x" } }),
    path: "context[0].variable",
    reason: "a variable must define a value or a jmesPath expression",
  },
  {
    name: "a default that nothing leads to",
    rule: context({ name: "v", variable: { value: "x", default: "y" } }),
    path: "context[0].variable",
    reason: "a variable must define a default value only when a jmesPath expression is defined",
  },
  {
    name: "a query that is none",
    rule: context({ name: "v", variable: { jmesPath: "foo(" } }),
    path: "context[0].variable.jmesPath",
    reason: "failed to parse JMESPath foo(: ",
  },
  {
    name: "a query of a call that is none",
    rule: context({ name: "v", apiCall: { urlPath: "/a", jmesPath: "foo(" } }),
    path: "context[0].apiCall.jmesPath",
    reason: "failed to parse JMESPath foo(: ",
  },
  {
    name: "no image",
    rule: context({ name: "v", imageRegistry: { reference: "" } }),
    path: "context[0].imageRegistry",
    reason: "a ref is required for imageRegistry context entry",
  },
  {
    name: "an image that is none",
    rule: context({ name: "v", imageRegistry: { reference: "A b" } }),
    path: "context[0].imageRegistry.reference",
    reason: "bad image: A b: ",
  },
];
