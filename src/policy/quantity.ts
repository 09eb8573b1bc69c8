/** Quantities of Kubernetes, such as `100m` and `1.5Gi`, compared without rounding (apimachinery, resource.Quantity). */

/** A number as a fraction of whole numbers; the denominator is positive. */
export interface Quantity {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Characters of a quantity at most. */
const MAX_LENGTH = 64;

/** Powers of ten an exponent may have at most. */
const MAX_EXPONENT = 60;

const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

/** @returns `undefined` when the text is no quantity. */
export function parseQuantity(text: string): Quantity | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [, sign, whole = "", fraction = "", suffix = ""] =
    /^([+-]?)(\d*)(?:\.(\d*))?([A-Za-z]*|[eE][+-]?\d+)$/.exec(text) ?? [];
  if (sign === undefined || whole + fraction === "") return undefined;
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  const scale = 10n ** BigInt(fraction.length);
  const binary = Object.hasOwn(BINARY, suffix) ? BINARY[suffix] : undefined;
  if (binary !== undefined) return { numerator: digits << BigInt(binary), denominator: scale };
  const exponent = /^[eE][+-]?\d+$/.test(suffix)
    ? Number(suffix.slice(1))
    : Object.hasOwn(DECIMAL, suffix)
    ? DECIMAL[suffix]
    : undefined;
  if (exponent === undefined || Math.abs(exponent) > MAX_EXPONENT) return undefined;
  return exponent < 0
    ? { numerator: digits, denominator: scale * 10n ** BigInt(-exponent) }
    : { numerator: digits * 10n ** BigInt(exponent), denominator: scale };
}

/** @returns Below, at or above 0, as the first is less than, equal to or greater than the second. */
export function compareQuantities(one: Quantity, other: Quantity): number {
  const difference = one.numerator * other.denominator - other.numerator * one.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
