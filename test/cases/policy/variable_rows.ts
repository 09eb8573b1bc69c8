/**
 * Rules about preconditions and variables, with what the real Kyverno CLI v1.15.2 says of each: shown to be so by
 * `test/peers/conditions.test.ts`.
 */

type Json = Readonly<Record<string, unknown>>;

/** One rule and its answer; `pass` says that the preconditions hold. */
export interface VariableRow {
  readonly name: string;
  readonly context?: readonly Json[];
  readonly preconditions: unknown;
  readonly result: "pass" | "skip" | "error";
  readonly message?: string;
  /** Why we answer something else, and what. */
  readonly deviation?: { readonly id: string; readonly result: "pass" | "skip" | "error"; readonly message?: string };
}

/** One condition: is the key the value? */
export const equals = (key: unknown, value: unknown, message?: string) => ({
  all: [{ key, operator: "Equals", value, ...(message === undefined ? {} : { message }) }],
});

export const notMet = "preconditions not met";
const inKey = "failed to evaluate preconditions: failed to substitute variables in condition key: ";
export const unresolved = (name: string, why: string) => `${inKey}failed to resolve ${name} at path : ${why}`;
export const missing = (key: string) => `JMESPath query failed: Unknown key "${key}" in path`;

export const VARIABLE_ROWS: readonly VariableRow[] = [
  {
    name: "a label",
    preconditions: equals("{{request.object.metadata.labels.a}}", "b"),
    result: "pass",
  },
  {
    name: "a label that is not there",
    preconditions: equals("{{request.object.metadata.labels.foo}}", "x"),
    result: "error",
    message: unresolved("request.object.metadata.labels.foo", missing("foo")),
  },
  {
    name: "a label that is not there, or what stands for it",
    preconditions: equals("{{request.object.metadata.labels.foo || ''}}", ""),
    result: "pass",
  },
  {
    name: "a value that is not there",
    preconditions: equals("x", "{{request.object.metadata.labels.foo}}"),
    result: "error",
    message: "failed to evaluate preconditions: failed to substitute variables in condition value: failed to resolve " +
      `request.object.metadata.labels.foo at path : ${missing("foo")}`,
  },
  {
    name: "a place inside of a value",
    preconditions: { all: [{ key: "x", operator: "AnyIn", value: ["a", "{{request.object.foo}}"] }] },
    result: "error",
    message: "failed to evaluate preconditions: failed to substitute variables in condition value: failed to resolve " +
      `request.object.foo at path /1: ${missing("foo")}`,
  },
  { name: "text and a variable", preconditions: equals("ns-{{request.namespace}}", "ns-default"), result: "pass" },
  {
    name: "two variables",
    preconditions: equals("{{request.namespace}}/{{request.operation}}", "default/CREATE"),
    result: "pass",
  },
  {
    name: "a variable in a variable",
    preconditions: equals("{{request.{{request.object.metadata.annotations.field}}}}", "default"),
    result: "pass",
  },
  {
    name: "a list in a text, as JSON",
    preconditions: equals("-{{ request.object.spec.containers[].name }}", '-["c0"]'),
    result: "pass",
  },
  { name: "null in a text", preconditions: equals("-{{ request.foo || null }}", "-null"), result: "pass" },
  { name: "null alone", preconditions: equals("{{ request.foo || null }}", "x"), result: "skip", message: notMet },
  {
    name: "an object",
    preconditions: equals("{{ request.object.metadata.labels | {a: a} }}", { a: "b" }),
    result: "pass",
  },
  {
    name: "a name of a member that is a variable",
    preconditions: equals({ "{{request.namespace}}": "x" }, { default: "x" }),
    result: "pass",
  },
  {
    name: "braces that are escaped",
    preconditions: equals("\\{{ request.namespace }}", "\\{{ request.namespace }}"),
    result: "pass",
  },
  {
    name: "braces that a variable holds",
    preconditions: equals("{{ request.object.metadata.labels.braces }}", "default"),
    result: "skip",
    message: notMet,
  },
  {
    name: "braces that a variable holds, in a longer text",
    preconditions: equals("x{{ request.object.metadata.labels.braces }}", "xdefault"),
    result: "pass",
    deviation: { id: "variable-not-rescanned", result: "skip", message: notMet },
  },
  {
    name: "a variable that is not looked at again",
    preconditions: equals("x{{- request.object.metadata.labels.braces }}", "xdefault"),
    result: "skip",
    message: notMet,
  },
  { name: "its own place", preconditions: equals("{{ @ }}", "x"), result: "skip", message: notMet },
  {
    name: "its own place in a list",
    preconditions: { all: [{ key: "x", operator: "AnyIn", value: ["{{ @ }}"] }] },
    result: "skip",
    message: notMet,
  },
  { name: "images", preconditions: equals("{{ images.containers.c0.registry }}", "ghcr.io"), result: "pass" },
  {
    name: "an image's path",
    preconditions: equals("{{ images.containers.c0.path }}", "kyverno/test-verify-image"),
    result: "pass",
  },
  {
    name: "an image's name",
    preconditions: equals("{{ images.containers.c0.name }}", "test-verify-image"),
    result: "pass",
  },
  { name: "an image's tag", preconditions: equals("{{ images.containers.c0.tag }}", "signed"), result: "pass" },
  {
    name: "an image's digest, where it has none",
    preconditions: equals("{{ images.containers.c0.digest }}", ""),
    result: "error",
    message: unresolved("images.containers.c0.digest", missing("digest")),
  },
  {
    name: "an image's reference",
    preconditions: equals("{{ images.containers.c0.reference }}", "ghcr.io/kyverno/test-verify-image:signed"),
    result: "pass",
  },
  {
    name: "an image's reference with tag",
    preconditions: equals("{{ images.containers.c0.referenceWithTag }}", "ghcr.io/kyverno/test-verify-image:signed"),
    result: "pass",
  },
  {
    name: "an image's place",
    preconditions: equals("{{ images.containers.c0.jsonPointer }}", "/spec/containers/0/image"),
    result: "pass",
  },
  {
    name: "images of a list that is not there",
    preconditions: equals("{{ images.initContainers.c0.tag }}", "x"),
    result: "error",
    message: unresolved("images.initContainers.c0.tag", missing("initContainers")),
  },
  {
    name: "the image, which only attestations see",
    preconditions: equals("{{ image.tag }}", "x"),
    result: "error",
    message: unresolved("image.tag", missing("image")),
  },
  { name: "the operation", preconditions: equals("{{ request.operation }}", "CREATE"), result: "pass" },
  { name: "the object that was", preconditions: equals("{{ request.oldObject || 'none' }}", "none"), result: "pass" },
  {
    name: "a function that nobody knows",
    preconditions: equals("{{ unknown_fn(request) }}", "x"),
    result: "error",
    message: unresolved("unknown_fn(request)", "JMESPath query failed: unknown function: unknown_fn"),
  },
  { name: "no preconditions", preconditions: {}, result: "pass" },
  { name: "an empty list", preconditions: [], result: "pass" },
  { name: "the older list", preconditions: [...equals("a", "a").all, ...equals("b", "b").all], result: "pass" },
  {
    name: "the older list, the second",
    preconditions: [...equals("a", "a", "A").all, ...equals("b", "c", "B").all],
    result: "skip",
    message: `${notMet}; B`,
  },
  {
    name: "any, the second",
    preconditions: { any: [...equals("a", "b").all, ...equals("b", "b").all] },
    result: "pass",
  },
  {
    name: "any and all",
    preconditions: { any: equals("a", "a", "A").all, all: equals("b", "c", "B").all },
    result: "skip",
    message: `${notMet}; B`,
  },
  {
    name: "none of any, and all",
    preconditions: {
      any: [...equals("a", "b", "A").all, ...equals("a", "c", "B").all],
      all: equals("b", "b", "C").all,
    },
    result: "skip",
    message: `${notMet}; A; B`,
  },
  {
    name: "none of any, nor of all",
    preconditions: {
      any: equals("a", "b", "A").all,
      all: [...equals("b", "c", "B").all, ...equals("c", "d", "C").all],
    },
    result: "skip",
    message: `${notMet}; A; B`,
  },
  {
    name: "any that decides before what cannot be read",
    preconditions: { any: [...equals("a", "a").all, ...equals("{{ request.foo }}", "x").all] },
    result: "pass",
  },
  {
    name: "variables in a message",
    preconditions: equals("a", "b", "no {{request.namespace}}"),
    result: "skip",
    message: `${notMet}; no {{request.namespace}}`,
  },
];
