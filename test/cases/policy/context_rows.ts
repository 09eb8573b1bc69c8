/** Rules with context entries, with what the real Kyverno CLI v1.15.2 says of each, as in `variable_rows.ts`. */
import { equals, missing, notMet, unresolved, type VariableRow } from "./variable_rows.ts";

type Json = Readonly<Record<string, unknown>>;

const variable = (given: Json, name = "v"): Json => ({ name, variable: given });

/** The value of entries, compared with `x` unless the row says otherwise. */
const entries = (
  name: string,
  context: readonly Json[],
  result: VariableRow["result"],
  message?: string,
  preconditions: unknown = equals("{{ v }}", "x"),
): VariableRow => ({ name, context, preconditions, result, ...(message === undefined ? {} : { message }) });

export const CONTEXT_ROWS: readonly VariableRow[] = [
  entries("a value", [variable({ value: "x" })], "pass"),
  entries(
    "a value with a variable",
    [variable({ value: "{{request.namespace}}" })],
    "pass",
    undefined,
    equals("{{v}}", "default"),
  ),
  entries(
    "a query in a value that finds nothing",
    [variable({ value: { a: { b: "x" } }, jmesPath: "a.c" })],
    "error",
    unresolved("v", 'failed to apply jmespath a.c to variable <nil>: Unknown key "c" in path'),
  ),
  entries(
    "a query in a value with a default",
    [variable({ value: { a: { b: "y" } }, jmesPath: "a.c", default: "x" })],
    "pass",
  ),
  entries("a query in a value", [variable({ value: { a: { b: "x" } }, jmesPath: "a.b" })], "pass"),
  entries(
    "a query that finds nothing",
    [variable({ jmesPath: "request.object.metadata.foo" })],
    "error",
    unresolved("v", `failed to apply jmespath request.object.metadata.foo to variable <nil>: ${missing("foo")}`),
  ),
  entries("a query that finds nothing, with a default", [
    variable({ jmesPath: "request.object.metadata.foo", default: "x" }),
  ], "pass"),
  entries(
    "a query that finds an empty text",
    [variable({ jmesPath: "request.object.metadata.foo || ''", default: "x" })],
    "skip",
    notMet,
  ),
  entries(
    "a query that finds null",
    [variable({ jmesPath: "request.object.metadata.foo || null" })],
    "error",
    unresolved("v", "failed to add context entry for variable v since it evaluated to nil"),
  ),
  entries("a query that finds null, with a default", [
    variable({ jmesPath: "request.object.metadata.foo || null", default: "x" }),
  ], "pass"),
  entries(
    "a query in a value that finds null, with a default",
    [variable({ value: { a: null }, jmesPath: "a", default: "x" })],
    "error",
    unresolved("v", "failed to add context entry for variable v since it evaluated to nil"),
  ),
  entries(
    "a value that cannot be resolved",
    [variable({ value: "{{ request.object.foo }}" })],
    "error",
    unresolved(
      "v",
      `failed to substitute variables in context entry v {{ request.object.foo }}: failed to resolve request.object.foo at path : ${
        missing("foo")
      }`,
    ),
  ),
  entries(
    "a place in a value that cannot be resolved",
    [variable({ value: { a: "{{ request.object.foo }}" } })],
    "error",
    unresolved(
      "v",
      `failed to substitute variables in context entry v map[a:{{ request.object.foo }}]: failed to resolve request.object.foo at path /a: ${
        missing("foo")
      }`,
    ),
  ),
  entries(
    "an entry behind",
    [variable({ value: "{{ w }}" }), variable({ value: "x" }, "w")],
    "error",
    unresolved(
      "v",
      `failed to substitute variables in context entry v {{ w }}: failed to resolve w at path : ${missing("w")}`,
    ),
  ),
  entries("an entry before", [variable({ value: "x" }, "w"), variable({ value: "{{ w }}" })], "pass"),
  entries(
    "an entry of the same name",
    [variable({ value: "a" }), variable({ value: "{{ v }}b" })],
    "pass",
    undefined,
    equals("{{v}}", "ab"),
  ),
  entries(
    "itself",
    [variable({ value: "{{ v }}" })],
    "error",
    unresolved(
      "v",
      `failed to substitute variables in context entry v {{ v }}: failed to resolve v at path : ${missing("v")}`,
    ),
  ),
  entries(
    "two that name each other",
    [variable({ value: "{{ w }}" }), variable({ value: "{{ v }}" }, "w")],
    "error",
    unresolved(
      "v",
      `failed to substitute variables in context entry v {{ w }}: failed to resolve w at path : ${missing("w")}`,
    ),
  ),
  entries(
    "an object that replaces another",
    [variable({ value: { a: "1" } }), variable({ value: { b: "2" } })],
    "pass",
    undefined,
    equals("{{v}}", { b: "2" }),
  ),
  entries("a name with a dash", [variable({ value: "x" }, "my-v")], "pass", undefined, equals('{{ "my-v" }}', "x")),
  entries("a name with a dot", [variable({ value: "x" }, "my.v")], "pass", undefined, equals('{{ "my.v" }}', "x")),
  entries(
    "a list, of which one",
    [variable({ value: ["{{request.namespace}}"], jmesPath: "[0]" })],
    "pass",
    undefined,
    equals("{{v}}", "default"),
  ),
  entries(
    "a value that cannot be resolved, with a default",
    [variable({ value: "{{ request.foo }}", jmesPath: "a", default: "y" })],
    "error",
    unresolved(
      "v",
      `failed to substitute variables in context entry v {{ request.foo }}: failed to resolve request.foo at path : ${
        missing("foo")
      }`,
    ),
  ),
  entries(
    "a default that cannot be resolved",
    [variable({ jmesPath: "a", default: "{{ request.foo }}" })],
    "error",
    unresolved(
      "v",
      `failed to substitute variables in context entry v {{ request.foo }}: failed to resolve request.foo at path : ${
        missing("foo")
      }`,
    ),
  ),
  entries(
    "a query that cannot be resolved",
    [variable({ jmesPath: "{{ request.foo }}" })],
    "error",
    unresolved(
      "v",
      `failed to substitute variables in context entry v {{ request.foo }}: failed to resolve request.foo at path : ${
        missing("foo")
      }`,
    ),
  ),
  entries(
    "a query that is no text",
    [variable({ jmesPath: "{{ request.object.metadata.labels }}" })],
    "error",
    unresolved("v", "jmespath value must be a string v {{ request.object.metadata.labels }}: <nil>"),
  ),
  entries("a query that comes out of a variable", [
    variable({ value: { b: "x" }, jmesPath: "{{ request.object.metadata.labels.a }}" }),
  ], "pass"),
  entries(
    "a query with an unknown function",
    [variable({ jmesPath: "unknown_f(request.namespace)" })],
    "error",
    unresolved(
      "v",
      "failed to apply jmespath unknown_f(request.namespace) to variable <nil>: JMESPath query failed: unknown function: unknown_f",
    ),
  ),
  entries(
    "a query in a value with an unknown function",
    [variable({ value: "x", jmesPath: "unknown_f(@)" })],
    "error",
    unresolved("v", "failed to apply jmespath unknown_f(@) to variable <nil>: unknown function: unknown_f"),
  ),
  entries(
    "an entry that nobody asks for",
    [variable({ value: "{{ request.object.foo }}" })],
    "pass",
    undefined,
    equals("x", "x"),
  ),
];
