/** Functions over numbers, quantities such as `1.5Gi` and durations such as `1h30m`. What can be both is a quantity. */
import { formatDuration, parseDuration } from "../../encoding/mod.ts";
import type { ExpressionFunction } from "../../expressions/mod.ts";
import { functionFailure } from "./failure.ts";
import {
  addAmounts,
  type Amount,
  approximateAmount,
  divideAmount,
  formatAmount,
  multiplyAmount,
  parseAmount,
} from "./quantities.ts";

const ANY = ["any"] as const;
const NUMBER = ["number"] as const;

const ZERO_DIVISOR = "Zero divisor passed";
const MISMATCH = "Types mismatch";
const NOT_WHOLE = "Non-integer argument(s) passed for modulo";

export const ARITHMETIC_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  ["add", { parameters: [ANY, ANY], evaluate: (one: unknown, other: unknown) => add("add", one, other) }],
  ["sum", { parameters: [["array"]], evaluate: sum }],
  ["subtract", { parameters: [ANY, ANY], evaluate: subtract }],
  ["multiply", { parameters: [ANY, ANY], evaluate: multiply }],
  ["divide", { parameters: [ANY, ANY], evaluate: divide }],
  ["modulo", { parameters: [ANY, ANY], evaluate: modulo }],
  ["round", { parameters: [NUMBER, NUMBER], evaluate: round }],
];

type Operand =
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "quantity"; readonly value: Amount }
  | { readonly type: "duration"; readonly value: bigint };

function operand(name: string, given: unknown): Operand {
  if (typeof given === "number") return { type: "number", value: given };
  if (typeof given === "string") {
    const amount = parseAmount(given);
    if (amount !== undefined) return { type: "quantity", value: amount };
    const duration = parseDuration(given);
    if ("nanoseconds" in duration) return { type: "duration", value: duration.nanoseconds };
  }
  throw functionFailure(name, "invalid operand");
}

function add(name: string, one: unknown, other: unknown): unknown {
  return combine(name, operand(name, one), operand(name, other), 1n);
}

function subtract(one: unknown, other: unknown): unknown {
  return combine("subtract", operand("subtract", one), operand("subtract", other), -1n);
}

/** Adds or subtracts two of a kind. */
function combine(name: string, one: Operand, other: Operand, sign: 1n | -1n): unknown {
  if (one.type === "number" && other.type === "number") return one.value + Number(sign) * other.value;
  if (one.type === "quantity" && other.type === "quantity") {
    return writeAmount(name, addAmounts(one.value, other.value, sign));
  }
  if (one.type === "duration" && other.type === "duration") return writeDuration(one.value + sign * other.value);
  throw functionFailure(name, MISMATCH);
}

function sum(list: readonly unknown[]): unknown {
  const [first, ...others] = list;
  if (list.length === 0) throw functionFailure("sum", "at least one element in the array is required");
  return others.reduce<unknown>((total, item) => add("sum", total, item), first);
}

function multiply(left: unknown, right: unknown): unknown {
  const [one, other] = [operand("multiply", left), operand("multiply", right)];
  if (one.type === "number") {
    return other.type === "number" ? one.value * other.value : multiplied(other, one.value);
  }
  if (other.type === "number") return multiplied(one, other.value);
  throw functionFailure("multiply", MISMATCH);
}

function multiplied(one: Exclude<Operand, { readonly type: "number" }>, by: number): string {
  if (one.type === "duration") return durationOfSeconds(secondsOf(one.value) * by);
  return writeAmount("multiply", multiplyAmount(one.value, amountOfNumber("multiply", by)));
}

function divide(left: unknown, right: unknown): unknown {
  const [one, other] = [operand("divide", left), operand("divide", right)];
  if (one.type === "number" && other.type !== "number") throw functionFailure("divide", MISMATCH);
  if (other.type !== "number" && other.type !== one.type) throw functionFailure("divide", MISMATCH);
  if (numberOf(other) === 0) throw functionFailure("divide", ZERO_DIVISOR);
  if (one.type === other.type) return numberOf(one) / numberOf(other);
  if (one.type === "duration") return durationOfSeconds(secondsOf(one.value) / numberOf(other));
  if (one.type !== "quantity") throw functionFailure("divide", MISMATCH);
  return writeAmount("divide", divideAmount(one.value, amountOfNumber("divide", numberOf(other))));
}

/** A quantity's number, a duration's seconds. */
function numberOf({ type, value }: Operand): number {
  if (type === "number") return value;
  return type === "duration" ? secondsOf(value) : approximateAmount(value);
}

function modulo(left: unknown, right: unknown): unknown {
  const [one, other] = [operand("modulo", left), operand("modulo", right)];
  if (one.type !== other.type) throw functionFailure("modulo", MISMATCH);
  if (one.type === "duration" && other.type === "duration") {
    if (other.value === 0n) throw functionFailure("modulo", ZERO_DIVISOR);
    return formatDuration(one.value % other.value);
  }
  const [dividend, divisor] = [wholeNumber(numberOf(one)), wholeNumber(numberOf(other))];
  if (divisor === 0n) throw functionFailure("modulo", ZERO_DIVISOR);
  const rest = dividend % divisor;
  return one.type === "quantity" ? writeAmount("modulo", { ...one.value, unscaled: rest, scale: 0 }) : Number(rest);
}

function wholeNumber(value: number): bigint {
  if (!Number.isInteger(value) || BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) {
    throw functionFailure("modulo", NOT_WHOLE);
  }
  return BigInt(value);
}

/** Halves go away from zero. */
function round(value: number, digits: number): number {
  if (!Number.isSafeInteger(digits)) throw functionFailure("round", "Non-integer argument(s) passed for round off");
  if (digits < 0) throw functionFailure("round", "argument is out of bounds");
  const shift = 10 ** digits;
  const shifted = value * shift;
  const whole = Math.trunc(shifted);
  return (Math.abs(shifted - whole) >= 0.5 ? whole + Math.sign(shifted) : whole) / shift;
}

function amountOfNumber(name: string, value: number): Amount {
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  // Go writes such numbers with an exponent, and a quotient has no more digits than its two numbers are written with.
  const amount = parseAmount(exponent < -4 || exponent >= 6 ? value.toExponential() : String(value));
  if (amount === undefined) throw functionFailure(name, "invalid operand");
  return amount;
}

/** Kyverno writes what no suffix is for without any, which is another amount. */
function writeAmount(name: string, amount: Amount): string {
  const text = formatAmount(amount);
  if (text === undefined) throw functionFailure(name, "the result is out of the range of quantities");
  return text;
}

const SECOND = 1_000_000_000n;

const secondsOf = (nanoseconds: bigint): number =>
  Number(nanoseconds / SECOND) + Number(nanoseconds % SECOND) / Number(SECOND);

/** What does not fit is the least duration there is, as where Kyverno runs. */
function durationOfSeconds(seconds: number): string {
  const nanoseconds = Math.trunc(seconds * Number(SECOND));
  const fits = Number.isFinite(nanoseconds) && Math.abs(nanoseconds) < 2 ** 63;
  return formatDuration(fits ? BigInt(nanoseconds) : -(2n ** 63n));
}

const writeDuration = (nanoseconds: bigint): string => formatDuration(BigInt.asIntN(64, nanoseconds));
