import { describe, expect, it } from "vitest";
import { loadPolicies, type RuleResponse } from "../../../src/policy/mod.ts";
import type { LazyValue } from "../../../src/policy/scope.ts";
import {
  hasOpenBraces,
  hasVariable,
  MAX_SUBSTITUTED_CHARACTERS,
  MAX_VARIABLE_DEPTH,
  parseTemplate,
  substitute,
} from "../../../src/policy/variables.ts";
import { createScope } from "../../../src/policy/scope.ts";
import { STANDARD_FUNCTIONS } from "../../../src/expressions/mod.ts";
import { deviations, expectSame } from "../../peers/deviations.ts";
import { POD } from "../../peers/kyverno_rules.ts";
import { CONTEXT_ROWS } from "./context_rows.ts";
import { load, policyDocument } from "./policies.ts";
import { REFUSED_VARIABLES } from "./refused_variables.ts";
import { createRequest } from "./requests.ts";
import { VARIABLE_ROWS } from "./variable_rows.ts";
import { ask, createWorld, crypto } from "./world.ts";

const scope = createScope({ a: "x", list: ["1"], braces: "{{ a }}", nothing: null }, STANDARD_FUNCTIONS);
const put = (value: unknown) => substitute(value, scope, "/at");

describe("a rule with variables", () => {
  it.each([...VARIABLE_ROWS, ...CONTEXT_ROWS])("answers as Kyverno: $name", async (row) => {
    const { name, context, preconditions, result, message, deviation } = row;
    const rule = { ...(context === undefined ? {} : { context }), preconditions };
    const document = policyDocument({ apiVersion: "kyverno.io/v1", spec: { background: false }, rule });
    const policies = await load({ ...document });
    const decision = await ask(await createWorld(), policies, createRequest({ object: POD }));
    const [response] = decision.responses as readonly [RuleResponse];
    const ours = response.whole === undefined
      ? { result: response.images[0]?.status }
      : { result: response.whole.status, message: response.whole.message };
    const theirs = { result, ...(message === undefined ? {} : { message }) };
    expectSame<unknown>(ours, theirs, deviation?.id, name);
    if (deviation !== undefined) expect(ours).toEqual({ result: deviation.result, message: deviation.message });
  });

  it.each(REFUSED_VARIABLES)(
    "is refused as Kyverno does: $name",
    async ({ rule, background = false, path, reason }) => {
      const changes = { apiVersion: "kyverno.io/v1", spec: { background }, rule: { name: "r0", ...rule } };
      const document = policyDocument(changes);
      const { problems } = await loadPolicies([{ source: "p", text: JSON.stringify(document) }], crypto);
      const [problem] = problems;
      expect(problem?.path).toBe(`spec.rules[0].${path}`);
      if (reason.endsWith(": ")) expect(problem?.reason.startsWith(reason), problem?.reason).toBe(true);
      else expect(problem?.reason).toBe(reason);
    },
  );

  it.each<[id: string, key: string, reason: RegExp]>([
    ["unbalanced-variable", "{{ request.namespace", /^braces "\{\{" open here that never close/],
    ["unbalanced-variable", "{{ to_string('{') }}", /^braces "\{\{" open here that never close/],
    ["reference-refused", "$(./../operator)", /^references such as/],
    [
      "variable-depth",
      "{{".repeat(MAX_VARIABLE_DEPTH + 1) + "a" + "}}".repeat(MAX_VARIABLE_DEPTH + 1),
      /inside one another$/,
    ],
  ])("is refused where Kyverno would read it as text or for ever (%s): %s", async (id, key, reason) => {
    expect(deviations.map((one) => one.id)).toContain(id);
    const rule = { preconditions: { all: [{ key, operator: "Equals", value: "x" }] } };
    const text = JSON.stringify(policyDocument({ apiVersion: "kyverno.io/v1", rule }));
    const { problems } = await loadPolicies([{ source: "p", text }], crypto);
    expect(problems).toMatchObject([{ path: "spec.rules[0].preconditions.all[0].key", code: "ERR_VARIABLE" }]);
    expect(problems[0]?.reason).toMatch(reason);
  });
});

describe("parseTemplate()", () => {
  it.each<[text: string, parts: unknown]>([
    ["", []],
    ["a", ["a"]],
    ["{{a}}", [{ variable: ["a"] }]],
    ["x{{ a }}y", ["x", { variable: [" a "] }, "y"]],
    ["{{ {b: a} }}", [{ variable: [" {b: a} "] }]],
    ["{{ a.{{ b }} }}", [{ variable: [" a.", { variable: [" b "] }, " "] }]],
    ["\\{{ a }}", ["{{ a }}"]],
    ["{{ a", ["{{", " a"]],
    ["{{ a {{ b }}", ["{{", " a ", { variable: [" b "] }]],
    ["a }} b", ["a }} b"]],
  ])("takes %j apart", (text, parts) => {
    expect(parseTemplate(text)).toEqual(parts);
  });

  it("reads the longest text of open braces once", () => {
    expect(() => parseTemplate("{{".repeat(100_000))).toThrow(`more than ${MAX_VARIABLE_DEPTH} of them`);
    expect(parseTemplate(`${"{{ a }} ".repeat(10_000)}`).length).toBe(20_000);
  });
});

describe("hasVariable() and hasOpenBraces()", () => {
  it.each<[text: string, variable: boolean, open: boolean]>([
    ["a", false, false],
    ["{{ a }}", true, false],
    ["\\{{ a }}", false, false],
    ["{{ a", false, true],
    ["{{ a {{ b }}", true, true],
    ["{{ a {{ b }} }}", true, false],
    ["{ a }", false, false],
  ])("look at %j", (text, variable, open) => {
    expect([hasVariable(text), hasOpenBraces(text)]).toEqual([variable, open]);
  });
});

describe("substitute()", () => {
  it.each<[given: unknown, found: unknown]>([
    ["{{ list }}", ["1"]],
    ["{{ nothing }}", null],
    ["-{{ nothing }}-{{ list }}", '-null-["1"]'],
    [{ "{{ a }}": ["{{ a }}", 1, true, null] }, { x: ["x", 1, true, null] }],
    ["{{ braces }}", "{{ a }}"],
    ["\\{{ a }}", "{{ a }}"],
    ["{{- a }}", "x"],
  ])("puts values into %j", async (given, found) => {
    expect(await put(given)).toEqual(found);
  });

  // The deviation "variable-not-rescanned".
  it("never reads a value for variables, so that whoever writes the object asks nothing", async () => {
    expect(deviations.map(({ id }) => id)).toContain("variable-not-rescanned");
    expect(await put("x{{ braces }}")).toBe("x{{ a }}");
  });

  it("names the place of what it cannot resolve", async () => {
    await expect(put({ "a/b": ["{{ foo }}"] })).rejects.toMatchObject({
      code: "ERR_EXPRESSION_KEY",
      message: 'failed to resolve foo at path /at/a\\/b/0: JMESPath query failed: Unknown key "foo" in path',
    });
  });

  it("makes no text longer than it may be", async () => {
    const long = createScope({ a: "x".repeat(MAX_SUBSTITUTED_CHARACTERS / 2) }, STANDARD_FUNCTIONS);
    await expect(substitute("{{ a }}{{ a }}", long, "/at")).resolves.toHaveLength(MAX_SUBSTITUTED_CHARACTERS);
    await expect(substitute("{{ a }}{{ a }}+", long, "/at")).rejects.toMatchObject({ code: "ERR_TOO_LARGE" });
  });

  it("takes no list for the name of a member", async () => {
    await expect(put({ "{{ list }}": 1 })).rejects.toMatchObject({
      message: 'expected string after substituting variables in key "{{ list }}"',
    });
  });

  it("leaves what is resolved later", async () => {
    expect(await substitute({ a: "{{ a }}", b: "{{ a }}" }, scope, "", (place) => place === "/b")).toEqual({
      a: "x",
      b: "{{ a }}",
    });
  });
});

describe("createScope()", () => {
  const counted = () => {
    let times = 0;
    const read: LazyValue = () => Promise.resolve(++times);
    return { read, times: () => times };
  };

  it("reads a lazy value once, when it is first asked for", async () => {
    const { read, times } = counted();
    const lazy = scope.withLazy("n", read);
    expect(await lazy.query("a")).toBe("x");
    expect(times()).toBe(0);
    expect(await Promise.all([lazy.query("n"), lazy.query("n"), lazy.with({ b: 1 }).query("n")])).toEqual([1, 1, 1]);
    expect(times()).toBe(1);
  });

  it("hides a name by a later one, and shows the former one to it", async () => {
    const named = scope.withLazy("a", async (before) => `${await before.query("a")}!`);
    expect(await named.query("a")).toBe("x!");
    expect(await named.with({ a: "y" }).query("a")).toBe("y");
    expect(await scope.query("a")).toBe("x");
  });

  it("refuses no expression at all", async () => {
    await expect(scope.query(" ")).rejects.toMatchObject({ code: "ERR_EXPRESSION", message: "invalid query (nil)" });
  });

  it("gives a failure to everybody who asks", async () => {
    const lazy = scope.withLazy("n", () => Promise.reject(new Error("no")));
    await expect(lazy.query("n")).rejects.toThrow("no");
    await expect(lazy.query("n")).rejects.toThrow("no");
  });

  it("sees no name of all objects", async () => {
    await expect(scope.query("constructor")).rejects.toMatchObject({ code: "ERR_EXPRESSION_KEY" });
    await expect(scope.query("toString")).rejects.toMatchObject({ code: "ERR_EXPRESSION_KEY" });
  });
});
