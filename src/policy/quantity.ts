/** Quantities of Kubernetes, such as `100m` and `1.5Gi`, compared as apimachinery keeps them (resource.Quantity). */
import { parseAmount } from "./functions/quantities.ts";

/** A number as a fraction of whole numbers; the denominator is positive. */
export interface Quantity {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** @returns `undefined` when the text is no quantity. */
export function parseQuantity(text: string): Quantity | undefined {
  // Without a digit every suffix would be 0, and so the same as every other.
  const amount = /\d/.test(text) ? parseAmount(text) : undefined;
  if (amount === undefined) return undefined;
  const { unscaled, scale } = amount;
  return scale < 0
    ? { numerator: unscaled * 10n ** BigInt(-scale), denominator: 1n }
    : { numerator: unscaled, denominator: 10n ** BigInt(scale) };
}

/** @returns Below, at or above 0, as the first is less than, equal to or greater than the second. */
export function compareQuantities(one: Quantity, other: Quantity): number {
  const difference = one.numerator * other.denominator - other.numerator * one.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
