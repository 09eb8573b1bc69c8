/**
 * Arithmetic of CEL: integers of 64 bits that never wrap around, texts, lists, times (CEL specification, "Numbers").
 */
import { type Budget, celError, type CelValue, isObject, noSuchOverload, sizeOf, spend } from "./cel_values.ts";

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

/** An `int`, where it is one. */
export function intOf(value: bigint): bigint {
  if (value < MIN_INT || value > MAX_INT) throw celError("integer overflow");
  return value;
}

/** A `uint`, where it is one. */
export function uintOf(value: bigint): CelValue {
  if (value < 0n || value > MAX_UINT) throw celError("unsigned integer overflow");
  return { type: "uint", value };
}

/** Minus a number. */
export function negate(value: CelValue): CelValue {
  if (typeof value === "bigint") return intOf(-value);
  if (typeof value === "number") return -value;
  throw noSuchOverload();
}

/**
 * One value and another.
 *
 * @param operator One of `+ - * / %`.
 * @throws {ConfigurationError} `ERR_EXPRESSION` on overflow, division by zero, or values that do not go together.
 */
export function arithmetic(operator: string, one: CelValue, other: CelValue, budget: Budget): CelValue {
  spend(budget, sizeOf(one) + sizeOf(other));
  if (typeof one === "bigint" && typeof other === "bigint") return intOf(whole(operator, one, other));
  if (typeof one === "number" && typeof other === "number") return float(operator, one, other);
  if (isObject(one) && isObject(other)) {
    if (one.type === "uint" && other.type === "uint") return uintOf(whole(operator, one.value, other.value));
    if ("nanoseconds" in one && "nanoseconds" in other) return times(operator, one, other);
  }
  if (operator !== "+") throw noSuchOverload();
  if (typeof one === "string" && typeof other === "string") return one + other;
  if (Array.isArray(one) && Array.isArray(other)) return [...one, ...other];
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Uint8Array.from([...one, ...other]);
  throw noSuchOverload();
}

function whole(operator: string, one: bigint, other: bigint): bigint {
  switch (operator) {
    case "+":
      return one + other;
    case "-":
      return one - other;
    case "*":
      return one * other;
    case "/":
      if (other === 0n) throw celError("division by zero");
      return one / other;
    default:
      if (other === 0n) throw celError("modulus by zero");
      return one % other;
  }
}

function float(operator: string, one: number, other: number): number {
  switch (operator) {
    case "+":
      return one + other;
    case "-":
      return one - other;
    case "*":
      return one * other;
    case "/":
      return one / other;
    default:
      throw noSuchOverload();
  }
}

const DURATION = "google.protobuf.Duration";
const TIMESTAMP = "google.protobuf.Timestamp";

/** The first and the last instant there is, in nanoseconds. */
const MIN_TIME = -62_135_596_800_000_000_000n;
const MAX_TIME = 253_402_300_799_999_999_999n;

interface Instant {
  readonly type: typeof DURATION | typeof TIMESTAMP;
  readonly nanoseconds: bigint;
}

/** A timestamp, where it is one. */
export function timestampOf(nanoseconds: bigint): CelValue {
  if (nanoseconds < MIN_TIME || nanoseconds > MAX_TIME) throw celError("timestamp overflow");
  return { type: TIMESTAMP, nanoseconds };
}

/** A duration, where it is one. */
export function durationOf(nanoseconds: bigint): CelValue {
  if (nanoseconds < MIN_INT || nanoseconds > MAX_INT) throw celError("duration overflow");
  return { type: DURATION, nanoseconds };
}

function times(operator: string, one: Instant, other: Instant): CelValue {
  const kinds = `${one.type === TIMESTAMP ? "t" : "d"}${operator}${other.type === TIMESTAMP ? "t" : "d"}`;
  switch (kinds) {
    case "t+d":
    case "d+t":
      return timestampOf(one.nanoseconds + other.nanoseconds);
    case "t-d":
      return timestampOf(one.nanoseconds - other.nanoseconds);
    case "t-t":
    case "d-d":
      return durationOf(one.nanoseconds - other.nanoseconds);
    case "d+d":
      return durationOf(one.nanoseconds + other.nanoseconds);
    default:
      throw noSuchOverload();
  }
}
