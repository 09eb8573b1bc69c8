import { describe, expect, it } from "vitest";
import { matchRegularExpression, replaceRegularExpression } from "../../../src/expressions/mod.ts";
import {
  MAX_KEPT_REGULAR_EXPRESSIONS,
  MAX_REGULAR_EXPRESSION_CHARACTERS,
} from "../../../src/expressions/regular_expression.ts";
import { thrownBy } from "../../run/jmespath_rows.ts";

describe("a regular expression takes time in proportion to its text", () => {
  it.each([
    ["(a+)+$", "a".repeat(100_000) + "b"],
    ["(x+x+)+y", "x".repeat(100_000)],
    ["(a|aa)+$", "a".repeat(100_000) + "b"],
    ["^(([a-z])+.)+[A-Z]([a-z])+$", "a".repeat(100_000)],
  ])("%s", (pattern, text) => {
    const started = performance.now();
    expect(matchRegularExpression(pattern, text)).toBe(false);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("a regular expression is refused", () => {
  it.each([
    ["that is too long", "a".repeat(MAX_REGULAR_EXPRESSION_CHARACTERS + 1), "", "ERR_EXPRESSION"],
    ["whose groups nest too deeply", "(".repeat(2_000) + ")".repeat(2_000), "", "ERR_EXPRESSION"],
    ["that looks ahead", "(?=a)", "", "ERR_EXPRESSION"],
    ["that refers back", "(a)\\1", "", "ERR_EXPRESSION"],
    ["that is too large for its text", "a{1000}", "a".repeat(100_000), "ERR_TOO_LARGE"],
  ])("%s", (_, pattern, text, code) => {
    expect(thrownBy(() => matchRegularExpression(pattern, text)).code).toBe(code);
    expect(thrownBy(() => replaceRegularExpression(pattern, text, "", true)).code).toBe(code);
  });
});

it("a pattern means the same after many others", () => {
  for (let index = 0; index < 2 * MAX_KEPT_REGULAR_EXPRESSIONS; index++) {
    expect(matchRegularExpression(`^x${index}$`, `x${index}`)).toBe(true);
  }
  expect(matchRegularExpression("^x0$", "x1")).toBe(false);
  expect(replaceRegularExpression("^x0$", "x0", "y", false)).toBe("y");
});
