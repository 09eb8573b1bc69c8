import { describe, expect, it } from "vitest";
import { compileQuery, MAX_EXPRESSION_CHARACTERS, STANDARD_FUNCTIONS } from "../../../src/expressions/mod.ts";
import { answer, expectRow, functions, jmespathRows, thrownBy } from "../../run/jmespath_rows.ts";

const standard = jmespathRows.filter(({ expression }) => {
  try {
    return [...compileQuery(expression).functions].every((name) => name !== "sum" && STANDARD_FUNCTIONS.has(name));
  } catch {
    return true;
  }
});

describe("compileQuery() answers as Kyverno's command line", () => {
  it("on several hundred expressions", () => expect(standard.length).toBeGreaterThan(350));

  it.each(standard)("$expression", (row) => expectRow(row));
});

describe("compileQuery() knows what an expression reads and calls", () => {
  it.each([
    ["a.b.c", ["a"], []],
    ["a.b || c[0].d", ["a", "c"], []],
    ["length(a) > `1` && to_string(b[?c].d)", ["a", "b"], ["length", "to_string"]],
    ["a | b", ["a"], []],
    ["`1`", [], []],
    ["sort_by(a, &b.c)", ["a"], ["sort_by"]],
    ["{x: a, y: [b, c]}", ["a", "b", "c"], []],
    ["map(&length(x), a)", ["a"], ["map", "length"]],
  ])("%s", (text, roots, called) => {
    const query = compileQuery(text);
    expect([...query.roots ?? []].sort()).toEqual(roots);
    expect([...query.functions].sort()).toEqual([...called].sort());
  });

  it.each(["@", "@.a", "[0]", "length(@)", "*"])("%s may read everything", (text) => {
    expect(compileQuery(text).roots).toBeUndefined();
  });
});

describe("an expression ends", () => {
  const long = (unit: string) => unit.repeat(Math.floor(MAX_EXPRESSION_CHARACTERS / unit.length) - 4);

  it.each([
    ["parentheses", long("(")],
    ["negations", long("!")],
    ["members", long("a.") + "a"],
    ["projections", long("*.") + "*"],
    ["lists", long("[")],
    ["filters", long("[?")],
    ["references", long("&")],
    ["calls", long("f(")],
    ["literals", "`" + "[".repeat(5_000) + "]".repeat(5_000) + "`"],
    ["quotes", long('"')],
    ["backslashes", "'" + long("\\")],
    ["too many characters", "a".repeat(MAX_EXPRESSION_CHARACTERS + 1)],
  ])("with an error, soon: %s", (_, text) => {
    const started = performance.now();
    expect(thrownBy(() => compileQuery(text)).code).toBe("ERR_EXPRESSION");
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it.each([
    ["many alternatives", "a" + long("||a"), 190],
    ["many items", `[${"a,".repeat(8_000)}a]`, 8_001],
  ])("with an answer where nothing nests: %s", (name, text, count) => {
    if (name === "many items") expect(answer(text, { a: 1 })).toEqual({ value: Array(count).fill(1) });
    else expect(thrownBy(() => compileQuery(text)).message).toContain("nested more than 200 levels deep");
  });

  it.each([
    ["lists of lists", "[@,@]" + " | [@,@]".repeat(60)],
    ["lists made flat", "[@,@]" + " | [@,@][]".repeat(60)],
    ["a text of a list of lists", "[@,@]" + " | [@,@]".repeat(60) + " | to_string(@)"],
    ["two lists of lists compared", `[${"[@,@] | ".repeat(50)}@, ${"[@,@] | ".repeat(50)}@] | [0] == [1]`],
    ["a text doubled", "'ab'" + " | join('', [@,@])".repeat(60)],
    ["a text in a text", "'" + "a".repeat(4_000) + "' | replace_all(@, '', @) | replace_all(@, '', @)"],
    [
      "matches that each read to the end",
      "join('', map(&'a', `[" + "1,".repeat(7_000) + "1]`)) | regex_replace_all('(?:a*b)?', join('', [@,@,@]), '')",
    ],
    [
      "replacements of replacements",
      "'aaaaaaaaaaaaaaaaaaaa'" + " | regex_replace_all('a', @, 'aaaaaaaaaaaaaaaaaaaaaaaa')".repeat(40),
    ],
  ])("at a bound, which is no null: %s", (_, text) => {
    const started = performance.now();
    const { code } = thrownBy(() => compileQuery(`[${text}][]`).evaluate({ a: 1 }, functions));
    expect(code).toBe("ERR_TOO_LARGE");
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
