/** Quantities of Kubernetes in CEL (Kubernetes, "Kubernetes quantity library"). */
import { celError, type CelFunction, type CelOpaque, type CelValue } from "../../expressions/mod.ts";
import { compareQuantities, parseQuantity, type Quantity } from "../quantity.ts";

const on = (signature: string, evaluate: (...values: never[]) => CelValue): CelFunction => ({
  signature,
  evaluate: (values) => evaluate(...values as never[]),
});

const of = ({ value }: CelOpaque): Quantity => value as Quantity;

/** The same number is the same text. */
function quantityOf({ numerator, denominator }: Quantity): CelOpaque {
  let [one, other] = [numerator < 0n ? -numerator : numerator, denominator];
  while (other > 0n) [one, other] = [other, one % other];
  const divisor = one === 0n ? 1n : one;
  const value = { numerator: numerator / divisor, denominator: denominator / divisor };
  return { type: "kubernetes.Quantity", text: `${value.numerator}/${value.denominator}`, value };
}

function add(one: Quantity, other: Quantity, sign: bigint): CelOpaque {
  return quantityOf({
    numerator: one.numerator * other.denominator + sign * other.numerator * one.denominator,
    denominator: one.denominator * other.denominator,
  });
}

const whole = (value: bigint): Quantity => ({ numerator: value, denominator: 1n });

const isWhole = ({ numerator, denominator }: Quantity): boolean =>
  numerator % denominator === 0n && BigInt.asIntN(64, numerator / denominator) === numerator / denominator;

const sign = (value: number): bigint => BigInt(Math.sign(value));

export const QUANTITY_CEL_FUNCTIONS: readonly CelFunction[] = [
  on("isQuantity(string): bool", (text: string) => parseQuantity(text) !== undefined),
  on("quantity(string): kubernetes.Quantity", (text: string) => {
    const found = parseQuantity(text);
    if (found === undefined) throw celError("quantities must match the regular expression of Kubernetes");
    return quantityOf(found);
  }),
  on("sign(kubernetes.Quantity): int", (one: CelOpaque) => sign(compareQuantities(of(one), whole(0n)))),
  on("kubernetes.Quantity.isInteger(): bool", (one: CelOpaque) => isWhole(of(one))),
  on("kubernetes.Quantity.asInteger(): int", (one: CelOpaque) => {
    if (!isWhole(of(one))) throw celError("cannot convert value to integer");
    return of(one).numerator / of(one).denominator;
  }),
  on(
    "kubernetes.Quantity.asApproximateFloat(): double",
    (one: CelOpaque) => Number(of(one).numerator) / Number(of(one).denominator),
  ),
  on(
    "kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool",
    (one: CelOpaque, other: CelOpaque) => compareQuantities(of(one), of(other)) > 0,
  ),
  on(
    "kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool",
    (one: CelOpaque, other: CelOpaque) => compareQuantities(of(one), of(other)) < 0,
  ),
  on(
    "kubernetes.Quantity.compareTo(kubernetes.Quantity): int",
    (one: CelOpaque, other: CelOpaque) => sign(compareQuantities(of(one), of(other))),
  ),
  on(
    "kubernetes.Quantity.add(kubernetes.Quantity): kubernetes.Quantity",
    (one: CelOpaque, other: CelOpaque) => add(of(one), of(other), 1n),
  ),
  on(
    "kubernetes.Quantity.add(int): kubernetes.Quantity",
    (one: CelOpaque, other: bigint) => add(of(one), whole(other), 1n),
  ),
  on(
    "kubernetes.Quantity.sub(kubernetes.Quantity): kubernetes.Quantity",
    (one: CelOpaque, other: CelOpaque) => add(of(one), of(other), -1n),
  ),
  on(
    "kubernetes.Quantity.sub(int): kubernetes.Quantity",
    (one: CelOpaque, other: bigint) => add(of(one), whole(other), -1n),
  ),
];
