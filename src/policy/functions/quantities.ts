/** Arithmetic with quantities of Kubernetes, as apimachinery's `resource.Quantity` reads, rounds and writes them. */

/** How a quantity is written: `1500m`, `1536Mi`, `1500e-3`. */
type Format = "decimal" | "binary" | "exponent";

/** `unscaled` × 10^−`scale`. */
export interface Amount {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: Format;
}

/** Characters of a quantity at most. */
const MAX_LENGTH = 64;

/** Powers of ten an exponent may have at most. */
const MAX_EXPONENT = 60;

const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

const MAX_INT64 = 2n ** 63n - 1n;

/** Digits that apimachinery counts with machine integers. */
const FAST_DIGITS = 18;

/** Digits behind the point that a quantity keeps. */
const NANO = 9;

/**
 * Reads a quantity. A text without digits such as `m` is 0, as apimachinery has it.
 *
 * @returns `undefined` when the text is none.
 */
export function parseAmount(text: string): Amount | undefined {
  if (text === "" || text.length > MAX_LENGTH) return undefined;
  const [, sign, leading = "", fraction = "", suffix = ""] =
    /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[+-]?\d*)$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const whole = leading.replace(/^0+/, "") || "0";
  const unit = readSuffix(suffix);
  if (unit === undefined) return undefined;
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  const length = whole.length + fraction.length;
  if (unit.format === "binary") {
    const exponent = unit.power * 10;
    const fast = fraction === "" && 14 - whole.length - Math.floor(exponent * 3 / 10) >= 0;
    if (fast) return { unscaled: digits << BigInt(exponent), scale: 0, format: "binary" };
    return rounded({ unscaled: digits << BigInt(exponent), scale: fraction.length, format: "binary" });
  }
  const amount = { unscaled: digits, scale: fraction.length - unit.power, format: unit.format };
  return length <= FAST_DIGITS && amount.scale <= NANO ? amount : rounded(amount);
}

function readSuffix(suffix: string): { readonly power: number; readonly format: Format } | undefined {
  if (Object.hasOwn(DECIMAL, suffix)) return { power: DECIMAL[suffix] ?? 0, format: "decimal" };
  const binary = BINARY.indexOf(suffix);
  if (binary > 0) return { power: binary, format: "binary" };
  if (!/^[eE][+-]?\d+$/.test(suffix)) return undefined;
  const power = Number(suffix.slice(1));
  return Math.abs(power) <= MAX_EXPONENT ? { power, format: "exponent" } : undefined;
}

/** Whoever asks for something gets something: what is below a billionth is rounded away from zero. */
function rounded({ unscaled, scale, format }: Amount): Amount {
  if (unscaled === 0n) return { unscaled, scale, format };
  const size = unscaled < 0n ? -unscaled : unscaled;
  const divisor = powerOfTen(scale - NANO);
  let kept = scale <= NANO ? size * powerOfTen(NANO - scale) : (size + divisor - 1n) / divisor;
  let keptScale = NANO;
  if (format === "binary" && kept > MAX_INT64 * powerOfTen(NANO)) [kept, keptScale] = [MAX_INT64, 0];
  const isSmall = format === "binary" && kept < powerOfTen(NANO) && keptScale === NANO;
  return { unscaled: unscaled < 0n ? -kept : kept, scale: keptScale, format: isSmall ? "decimal" : format };
}

const powerOfTen = (exponent: number): bigint => 10n ** BigInt(Math.max(exponent, 0));

/** @param sign 1 adds, -1 subtracts. The format is that of the first, unless that is zero. */
export function addAmounts(one: Amount, other: Amount, sign: 1n | -1n): Amount {
  const scale = Math.max(one.scale, other.scale);
  return {
    unscaled: atScale(one, scale) + sign * atScale(other, scale),
    scale,
    format: one.unscaled === 0n ? other.format : one.format,
  };
}

/** The amount times another one's number. */
export function multiplyAmount(one: Amount, by: Amount): Amount {
  return { unscaled: one.unscaled * by.unscaled, scale: one.scale + by.scale, format: one.format };
}

/**
 * The amount divided by another one's number, with no more digits behind the point than the longer has; towards zero.
 */
export function divideAmount(one: Amount, by: Amount): Amount {
  const scale = Math.max(one.scale, by.scale);
  const shift = scale - one.scale + by.scale;
  const unscaled = shift >= 0
    ? one.unscaled * powerOfTen(shift) / by.unscaled
    : one.unscaled / (by.unscaled * powerOfTen(-shift));
  return { unscaled, scale, format: one.format };
}

/** The nearest number, by way of a product, as apimachinery approximates it. */
export function approximateAmount({ unscaled, scale }: Amount): number {
  return scale === 0 ? Number(unscaled) : Number(unscaled) * Number(`1e${-scale}`);
}

function atScale({ unscaled, scale }: Amount, wanted: number): bigint {
  return unscaled * powerOfTen(wanted - scale);
}

/**
 * Writes an amount in its canonical form.
 *
 * @returns `undefined` when there is no suffix for it: above `E`, below `n`.
 */
export function formatAmount(amount: Amount): string | undefined {
  const { unscaled, scale, format } = amount;
  if (unscaled === 0n) return "0";
  const whole = wholeOf(amount);
  if (format === "binary" && whole !== undefined && (whole <= -1024n || whole >= 1024n)) return formatBinary(whole);
  let [digits, exponent] = [unscaled, -scale];
  while (digits % 10n === 0n) {
    digits /= 10n;
    exponent++;
  }
  while (exponent % 3 !== 0) {
    digits *= 10n;
    exponent--;
  }
  if (format === "exponent") return exponent === 0 ? `${digits}` : `${digits}e${exponent}`;
  const suffix = Object.keys(DECIMAL).find((name) => DECIMAL[name] === exponent);
  return suffix === undefined ? undefined : `${digits}${suffix}`;
}

function wholeOf({ unscaled, scale }: Amount): bigint | undefined {
  if (scale <= 0) return unscaled * powerOfTen(-scale);
  const divisor = powerOfTen(scale);
  return unscaled % divisor === 0n ? unscaled / divisor : undefined;
}

function formatBinary(whole: bigint): string | undefined {
  let [digits, power] = [whole, 0];
  while (digits % 1024n === 0n) {
    digits /= 1024n;
    power++;
  }
  const suffix = BINARY[power];
  return suffix === undefined ? undefined : `${digits}${suffix}`;
}
