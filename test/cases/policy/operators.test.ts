import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createStepMeter } from "../../../src/expressions/mod.ts";
import { OPERATORS } from "../../../src/policy/operators.ts";
import { deviations } from "../../peers/deviations.ts";
import { KEYS, OPERATOR_NAMES, OPERATOR_ROWS, VALUES } from "./operator_rows.ts";

const vector: { readonly answers: Readonly<Record<string, readonly string[]>> } = JSON.parse(
  readFileSync(new URL("../../vectors/policy/operators.json", import.meta.url), "utf8"),
);

const holds = (operator: string, key: unknown, value: unknown, keyIsPattern = true, valueIsPattern = true) =>
  OPERATORS[operator]?.({ key, value, keyIsPattern, isPattern: () => valueIsPattern, spend: createStepMeter() });

describe("OPERATORS", () => {
  it("answers every operator, key and value as the real Kyverno does", () => {
    const differing = OPERATOR_ROWS.filter(({ operator, key, value }) => {
      const theirs = vector.answers[operator]?.[KEYS.indexOf(key)]?.[VALUES.indexOf(value)];
      return holds(operator, key, value) !== (theirs === "1");
    });
    expect(differing).toEqual([]);
  });

  it("has a table in which every operator holds for some rows and not for others", () => {
    expect(OPERATOR_ROWS.length).toBeGreaterThan(20_000);
    expect(Object.keys(vector.answers)).toEqual([...OPERATOR_NAMES]);
    for (const name of OPERATOR_NAMES) expect(new Set(vector.answers[name]?.join(""))).toEqual(new Set("01"));
  });

  it("knows the older names", () => {
    expect([holds("Equal", "a", "a"), holds("Equal", "a", "b")]).toEqual([true, false]);
    expect([holds("NotEqual", "a", "a"), holds("NotEqual", "a", "b")]).toEqual([false, true]);
    expect(Object.keys(OPERATORS).sort()).toEqual([...OPERATOR_NAMES, "Equal", "NotEqual"].sort());
  });

  // The deviation "key-is-no-pattern": what a Pod's author writes must not fit every list.
  it.each<[operator: string, key: unknown, value: unknown, pattern: boolean, plain: boolean]>([
    ["AnyIn", "*", ["dev", "test"], true, false],
    ["AllIn", ["*"], ["dev"], true, false],
    ["In", "d?v", ["dev"], true, false],
    ["AllNotIn", ["*"], ["prod"], false, true],
    ["AnyIn", "dev", ["d*"], true, true],
  ])(
    "takes a key for a pattern only where the policy's author wrote it: %s %j %j",
    (operator, key, value, one, two) => {
      expect(deviations.map(({ id }) => id)).toContain("key-is-no-pattern");
      expect(holds(operator, key, value, true)).toBe(one);
      expect(holds(operator, key, value, false)).toBe(two);
    },
  );

  // The deviation "value-is-no-pattern": what a Pod's author writes must not fit every key.
  it.each<[operator: string, key: unknown, value: unknown, pattern: boolean, plain: boolean]>([
    ["NotEquals", "abc", "*", false, true],
    ["Equals", "abc", "a?c", true, false],
    ["Equals", "*", "*", true, true],
    ["AnyIn", "dev", "d*", true, false],
    ["AnyIn", "dev", ["d*"], true, false],
    ["AllIn", ["dev"], "d*", true, false],
    ["AllIn", ["dev"], '["d*", "dev"]', true, true],
    ["AnyNotIn", ["dev"], ["*"], false, true],
    ["In", "dev", "d*", true, false],
    ["NotIn", "dev", ["*"], false, true],
  ])(
    "takes a value for a pattern only where whoever asks has no say in it: %s %j %j",
    (operator, key, value, one, two) => {
      expect(deviations.map(({ id }) => id)).toContain("value-is-no-pattern");
      expect(holds(operator, key, value, false, true)).toBe(one);
      expect(holds(operator, key, value, false, false)).toBe(two);
    },
  );

  // The deviation "large-numbers": Kyverno writes the number of a policy as 1e+06, and overflows where it counts
  // seconds.
  it("writes a number in digits, and compares one of any size", () => {
    expect(deviations.map(({ id }) => id)).toContain("large-numbers");
    expect(holds("AnyIn", 1_000_000, "1000000")).toBe(true);
    expect(holds("AnyIn", 1_000_000, "1e+06")).toBe(false);
    expect(holds("GreaterThan", 1e21, "1h")).toBe(true);
    expect(holds("DurationLessThan", 1e21, 5)).toBe(false);
  });

  it.each<[operator: string, key: unknown, value: unknown]>([
    ["NotEquals", "a".repeat(1_500_000), `${"*a".repeat(500)}b`],
    ["AllNotIn", Array(3_000).fill("x".repeat(1_000)), Array(3_000).fill("a*b")],
    ["AnyIn", Array(3_000).fill("a*b"), Array(3_000).fill("x".repeat(1_000))],
    ["NotIn", "x".repeat(1_000_000), Array(100).fill("*y")],
    ["AnyIn", "a*b", Array(100).fill("x".repeat(1_000_000))],
  ])("refuses comparisons that would take long: %s", (operator, key, value) => {
    expect(() => holds(operator, key, value)).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }));
  });

  it("compares long lists of plain texts", () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `name-${index}`);
    expect(holds("AllIn", names, names)).toBe(true);
    expect(holds("AnyIn", Array(100_000).fill("x"), names)).toBe(false);
    expect(holds("In", Array(100_000).fill("name-4999"), names)).toBe(true);
    expect(holds("AllNotIn", ["other"], names)).toBe(true);
  });

  it("compares no pattern that would take long", () => {
    expect(holds("AnyIn", "a".repeat(5_000), ["*a".repeat(2_500)])).toBe(false);
    expect(holds("Equals", "a".repeat(5_000), "*a".repeat(2_500))).toBe(false);
    expect(holds("Equals", "a".repeat(5_000), "a".repeat(5_000))).toBe(true);
    expect(holds("AnyNotIn", "a".repeat(5_000), ["a".repeat(5_000)])).toBe(false);
  });

  // What Kyverno ends its process with: a list that holds more than texts.
  it("compares lists that the deprecated operators do not expect", () => {
    expect(holds("In", [1], ["1"])).toBe(true);
    expect(holds("NotIn", [null], ["1"])).toBe(true);
  });
});
