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
