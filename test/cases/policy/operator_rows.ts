/**
 * Every operator, over keys and values of every type: what the real Kyverno answers stands in `test/vectors/policy`.
 */

export const OPERATOR_NAMES = [
  "Equals",
  "NotEquals",
  "In",
  "NotIn",
  "AnyIn",
  "AllIn",
  "AnyNotIn",
  "AllNotIn",
  "GreaterThan",
  "GreaterThanOrEquals",
  "LessThan",
  "LessThanOrEquals",
  "DurationGreaterThan",
  "DurationGreaterThanOrEquals",
  "DurationLessThan",
  "DurationLessThanOrEquals",
] as const;

/** Texts that are patterns, numbers, quantities, durations, versions, ranges, JSON; numbers, truths, lists, objects. */
export const KEYS: readonly unknown[] = [
  ...["", "abc", "a*", "*", "12", "12.5", "10", "0", "0.1", "-5", " 5", "5 ", "1e3", "1Gi", "1024Mi", "100m"],
  ...["1h", "90m", "60s", "1.2.3", "v1.2.3", "1-3", "2-5", "5-10", "1h-2h", "true", '["a"]'],
  ...[5, 5.5, 0, 3600, true, false],
  ...[["a", "b"], [], ["5", "6"], ["a*"], { a: "b" }, {}],
];

export const VALUES: readonly unknown[] = [
  ...["", "abc", "a*", "?bc", "*", "12", "12.0", "0", "1Gi", "1024Mi", "100m", "1h", "60m", "1.2.3", "1.2.4-rc.1"],
  ...["1.10.0", "1-3", "2-5", "1h-2h", "1Gi-3Gi", "1.0.0-2.0.0", "!2-5", "true", "a,b", "a|b", ">5", "<=10", "!abc"],
  ...["10 | 20", '["a","b"]', "[1,2]", '{"a":1}', "null"],
  ...[5, 5.5, 0, 3600, true, false],
  ...[["a", "b"], ["a", "b", "c"], ["x"], [], ["a*"], ["5", "6"], [5, 6], [true], { a: "b" }, {}],
];

/** One comparison. */
export interface OperatorRow {
  readonly operator: string;
  readonly key: unknown;
  readonly value: unknown;
}

/** Every operator with every key and every value, in this order. */
export const OPERATOR_ROWS: readonly OperatorRow[] = OPERATOR_NAMES.flatMap((operator) =>
  KEYS.flatMap((key) => VALUES.map((value) => ({ operator, key, value })))
);
