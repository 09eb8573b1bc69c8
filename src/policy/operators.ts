/** The operators of conditions (Kyverno, "Preconditions", "Operators"): two values → whether the condition holds. */
import { parseDuration } from "../encoding/mod.ts";
import { equalJson } from "./changes.ts";
import { allIn, allNotIn, anyIn, anyNotIn, fits, isIn, isNotIn, type Operands } from "./membership.ts";
import { compareQuantities, parseQuantity } from "./quantity.ts";
import { compareVersions, parseVersion } from "./version.ts";

type Comparing = Pick<Operands, "isPattern" | "spend">;

type Operator = (operands: Operands) => boolean;

/** By name. A name that is not here is refused when the policy is loaded. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Equal: equals,
  Equals: equals,
  NotEqual: notEquals,
  NotEquals: notEquals,
  In: isIn,
  NotIn: isNotIn,
  AnyIn: anyIn,
  AllIn: allIn,
  AnyNotIn: anyNotIn,
  AllNotIn: allNotIn,
  GreaterThan: ordered((order) => order > 0),
  GreaterThanOrEquals: ordered((order) => order >= 0),
  LessThan: ordered((order) => order < 0),
  LessThanOrEquals: ordered((order) => order <= 0),
  DurationGreaterThan: durations((order) => order > 0),
  DurationGreaterThanOrEquals: durations((order) => order >= 0),
  DurationLessThan: durations((order) => order < 0),
  DurationLessThanOrEquals: durations((order) => order <= 0),
};

function equals({ key, value, ...how }: Operands): boolean {
  switch (typeof key) {
    case "boolean":
      return key === value;
    case "number":
      return typeof value === "string" ? parseNumber(value) === key : key === value;
    case "string":
      return equalText(key, value, how) ?? false;
    default:
      return key !== null && equalJson(key, value);
  }
}

/** What is of another type is different; `null`, which is nothing, is not even that. */
function notEquals({ key, value, ...how }: Operands): boolean {
  switch (typeof key) {
    case "boolean":
      return key !== value;
    case "number":
      return typeof value === "string" ? parseNumber(value) !== key : key !== value;
    case "string": {
      const same = equalText(key, value, how);
      return same === undefined ? isUnequal(key, value) : !same;
    }
    default:
      return key !== null && key !== undefined && !equalJson(key, value);
  }
}

/** @returns `undefined` when the two cannot be compared. */
function equalText(key: string, value: unknown, { isPattern, spend }: Comparing): boolean | undefined {
  const seconds = bothDurations(key, value);
  if (seconds !== undefined) return seconds[0] === seconds[1];
  if (typeof value !== "string") return undefined;
  const quantity = parseQuantity(key);
  if (quantity === undefined || value === "") return isPattern(0) ? fits(value, key, spend) : value === key;
  const other = parseQuantity(value);
  return other === undefined ? undefined : compareQuantities(quantity, other) === 0;
}

/** A quantity and a text that is none are neither equal nor unequal to Kyverno. */
function isUnequal(key: string, value: unknown): boolean {
  return typeof value !== "string" || parseQuantity(key) === undefined;
}

/** Numbers, durations, quantities or versions, whichever both are; otherwise nothing holds. */
function ordered(holds: (order: number) => boolean): Operator {
  return ({ key, value }) => {
    const order = compareOrdered(key, value);
    return order !== undefined && holds(order);
  };
}

function compareOrdered(key: unknown, value: unknown): number | undefined {
  if (typeof key !== "string" && typeof key !== "number") return undefined;
  const seconds = bothDurations(key, value);
  if (seconds !== undefined) return seconds[0] - seconds[1];
  if (typeof key === "string" && typeof value === "string") {
    const [one, other] = [parseQuantity(key), parseQuantity(value)];
    if (one !== undefined && other !== undefined) return compareQuantities(one, other);
  }
  const number = typeof key === "number" ? key : parseNumber(key);
  if (number !== undefined) {
    // A number in a text counts seconds, too, where the other is a duration.
    const counted = bothDurations(number, value);
    if (counted !== undefined) return counted[0] - counted[1];
    const other = typeof value === "number" ? value : typeof value === "string" ? parseNumber(value) : undefined;
    return other === undefined ? undefined : number - other;
  }
  const [one, other] = [parseVersion(String(key)), typeof value === "string" ? parseVersion(value) : undefined];
  return one === undefined || other === undefined ? undefined : compareVersions(one, other);
}

/** Seconds of both, when one at least is written as a duration; a number counts seconds. */
function bothDurations(key: unknown, value: unknown): readonly [number, number] | undefined {
  const [one, other] = [writtenDuration(key), writtenDuration(value)];
  if (one === undefined && other === undefined) return undefined;
  const [first, second] = [one ?? wholeSeconds(key), other ?? wholeSeconds(value)];
  return first === undefined || second === undefined ? undefined : [first, second];
}

function writtenDuration(value: unknown): number | undefined {
  if (typeof value !== "string" || value === "0") return undefined;
  const parsed = parseDuration(value);
  return "nanoseconds" in parsed ? Number(parsed.nanoseconds) / 1e9 : undefined;
}

const wholeSeconds = (value: unknown): number | undefined => typeof value === "number" ? Math.trunc(value) : undefined;

/** The deprecated operators that know durations only. */
function durations(holds: (order: number) => boolean): Operator {
  const seconds = (value: unknown): number | undefined => {
    if (typeof value !== "string") return wholeSeconds(value);
    const parsed = parseDuration(value);
    return "nanoseconds" in parsed ? Number(parsed.nanoseconds) / 1e9 : undefined;
  };
  return ({ key, value }) => {
    const [one, other] = [seconds(key), seconds(value)];
    return one !== undefined && other !== undefined && holds(one - other);
  };
}

/** A decimal number as Go reads it. */
function parseNumber(text: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}
