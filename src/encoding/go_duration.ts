/** Durations as Go's programs take them: `12h`, `1h30m`, `1.5h`, `-5s`. */

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "µs": 1_000n,
  "μs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** The longest duration, in nanoseconds: about 292 years. */
export const MAX_DURATION_NANOSECONDS: bigint = 2n ** 63n - 1n;

/** Characters of a duration read at most. */
const MAX_LENGTH = 100;

/** A duration in nanoseconds, or what is wrong with its text, in the words of Go. */
export type ParsedDuration = { readonly nanoseconds: bigint } | { readonly fault: string };

/**
 * Parses a duration.
 *
 * @returns The fault quotes the text: escape it before it is printed.
 *
 * Spec: Go, package time, ParseDuration.
 */
export function parseDuration(text: string): ParsedDuration {
  const invalid = { fault: `time: invalid duration "${text}"` };
  if (text.length > MAX_LENGTH) return invalid;
  const negative = text.startsWith("-");
  let rest = /^[-+]/.test(text) ? text.slice(1) : text;
  if (rest === "0") return { nanoseconds: 0n };
  if (rest === "") return invalid;
  let total = 0n;
  while (rest !== "") {
    const [part, whole = "", fraction = "", unit = ""] = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest) ?? [];
    if (part === undefined || (whole === "" && fraction === "")) return invalid;
    if (unit === "") return { fault: `time: missing unit in duration "${text}"` };
    const scale = Object.hasOwn(NANOSECONDS, unit) ? NANOSECONDS[unit] : undefined;
    if (scale === undefined) return { fault: `time: unknown unit "${unit}" in duration "${text}"` };
    total += BigInt(whole || "0") * scale + (BigInt(fraction || "0") * scale) / 10n ** BigInt(fraction.length);
    if (total > MAX_DURATION_NANOSECONDS) return invalid;
    rest = rest.slice(part.length);
  }
  return { nanoseconds: negative ? -total : total };
}

const UNITS = [["h", 3_600_000_000_000n], ["m", 60_000_000_000n]] as const;
const SMALL_UNITS = [["ns", 1n], ["µs", 1_000n], ["ms", 1_000_000n], ["s", 1_000_000_000n]] as const;

/**
 * A duration as Go prints it: `1h30m0s`, `1.5s`, `2ms`, `0s`.
 *
 * Spec: Go, package time, Duration.String.
 */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return "0s";
  const sign = nanoseconds < 0n ? "-" : "";
  let rest = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const [unit, scale] = SMALL_UNITS.findLast(([, size]) => rest >= size) ?? SMALL_UNITS[0];
  let text = sign;
  for (const [name, size] of UNITS) {
    // Minutes are written behind hours also when there are none.
    if (rest >= size || text !== sign) text += `${rest / size}${name}`;
    rest %= size;
  }
  const fraction = String(rest % scale).padStart(String(scale).length - 1, "0").replace(/0+$/, "");
  return `${text}${rest / scale}${scale === 1n || fraction === "" ? "" : `.${fraction}`}${unit}`;
}
