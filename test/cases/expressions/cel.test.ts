import { describe, expect, it } from "vitest";
import { EngineError } from "../../../src/errors.ts";
import { celError, type CelProgram, type CelValue, loadCel } from "../../../src/expressions/mod.ts";
import { QUANTITY_CEL_FUNCTIONS } from "../../../src/policy/functions/cel_quantity.ts";
import { MATCH_VARIABLES } from "../../../src/policy/match_conditions.ts";
import { expectSame } from "../../peers/deviations.ts";
import vectors from "../../vectors/kubernetes_cel.json" with { type: "json" };

const compile = await loadCel({ variables: MATCH_VARIABLES, functions: QUANTITY_CEL_FUNCTIONS });

const run = (program: CelProgram, object: unknown = {}, left = 100_000): CelValue =>
  program.evaluate({ object, oldObject: null, request: vectors.request }, { left });

/** What an expression comes to, as the program of the vectors writes it: only that it failed, not its words. */
function answer(expression: string): string {
  let program: CelProgram;
  try {
    program = compile(expression);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "ERR_EXPRESSION", message: expect.stringMatching(/^\d+:\d+: ./) });
    return "error";
  }
  try {
    const value = run(program, vectors.object);
    if (typeof value === "boolean") return `bool ${value}`;
    if (typeof value === "bigint") return `int ${value}`;
    return typeof value === "string" ? `string ${JSON.stringify(value)}` : (value as { type: string }).type;
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "ERR_EXPRESSION" });
    return "failure";
  }
}

/** Where we differ: three that are refused when they are loaded, one that is read. */
const DIFFERENT = new Map([
  ['{1: "x"}[1u] == "x"', "cel-key-of-another-type"],
  ['string(timestamp("2026-03-01T10:20:30.5+02:00")) == "2026-03-01T08:20:30.5Z"', "cel-timestamp-text"],
  ["object.?nope.optMap(x, x == 1).orValue(true)", "cel-optional-macros"],
  ["[1, 2].exists(i, v, v == 2)", "cel-two-variables"],
]);

describe("CEL answers as the API server does", () => {
  it.each(vectors.rows)("$expression", (row) => {
    const { error, failure, value } = row as { error?: string; failure?: string; value?: string };
    const theirs = error !== undefined ? "error" : failure !== undefined ? "failure" : value;
    expectSame(answer(row.expression), theirs, DIFFERENT.get(row.expression), row.expression);
  });

  it("says what failed as the API server does", () => {
    const said = ["no such key: missing", "index out of bounds: 5", "division by zero", "modulus by zero"];
    for (const row of vectors.rows as readonly { expression: string; failure?: string }[]) {
      if (!said.includes(row.failure ?? "")) continue;
      expect(() => run(compile(row.expression), vectors.object), row.expression).toThrow(row.failure);
    }
    expect(said.every((one) => vectors.rows.some((row) => "failure" in row && row.failure === one))).toBe(true);
  });
});

describe("loadCel()", () => {
  it("names line and column of what is no expression", () => {
    expect(() => compile("true &&\n  foo(1)")).toThrow("2:3: undeclared reference to 'foo'");
    expect(() => compile("1 +")).toThrow(/^1:4: /);
    expect(() => compile("request.foo == 'x'")).toThrow("1:9: No such key: foo");
  });

  it("bounds how long, how deep and how large an expression is", () => {
    expect(() => compile(`"${"a".repeat(20_000)}" == "a"`)).toThrow(/expected at most 16384/);
    expect(() => compile(`${"(".repeat(5_000)}true${")".repeat(5_000)}`)).toThrow(EngineError);
    expect(() => compile(`${"!".repeat(5_000)}true`)).toThrow(EngineError);
    expect(() => compile(`${"object.a[".repeat(1_000)}0${"]".repeat(1_000)}`)).toThrow(EngineError);
  });

  it("ends what takes too many steps, and nothing absorbs that", () => {
    const list = Array.from({ length: 300 }, (_, at) => at);
    const nested = compile("object.l.all(a, object.l.all(b, object.l.all(c, a + b + c >= 0))) || true");
    const started = performance.now();
    expect(() => run(nested, { l: list })).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }) as Error);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(run(nested, { l: [1, 2] })).toBe(true);
    const doubling = compile("object.l.all(a, object.t.replace('', object.t).replace('', object.t) != '')");
    expect(() => run(doubling, { l: list, t: "x".repeat(1_000) })).toThrow(/too many steps/);
  });

  it("matches regular expressions in linear time", () => {
    const evil = compile("object.t.matches('^(a+)+$')");
    const started = performance.now();
    expect(run(evil, { t: `${"a".repeat(5_000)}!` })).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it("sees members that objects have of themselves as absent", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(run(compile(`has(object.${name})`))).toBe(false);
      expect(run(compile(`"${name}" in object`), JSON.parse(`{"${name}":1}`))).toBe(true);
    }
  });

  it("takes functions that are handed in", async () => {
    const functions = [{
      signature: "double(string, int): string",
      evaluate: (values: readonly never[]): CelValue => {
        const [text, times] = values as unknown as readonly [string, bigint];
        if (times > 3n) throw celError("too often");
        return text.repeat(Number(times));
      },
    }];
    const make = await loadCel({ variables: { object: "dyn" }, functions });
    expect(make('double("ab", 2) == "abab"').evaluate({ object: 1 }, { left: 100 })).toBe(true);
    expect(() => make('double("ab", 4)').evaluate({ object: 1 }, { left: 100 })).toThrow("too often");
    expect(() => make('double(2, "ab")')).toThrow(/no matching overload/);
    expect(() => make("double(object, 2)").evaluate({ object: 1 }, { left: 100 })).toThrow("no such overload");
  });
});
