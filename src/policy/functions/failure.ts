/** What Kyverno's functions say when they cannot answer, and how they write numbers where they take texts. */
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";

/** The failure of a function, in Kyverno's words. */
export function functionFailure(name: string, reason: string): ConfigurationError {
  return new ConfigurationError("ERR_EXPRESSION", `JMESPath function '${name}': ${printable(reason, 400)}`);
}

/** A failure that Kyverno tells without the name of the function. */
export function bareFailure(reason: string): ConfigurationError {
  return new ConfigurationError("ERR_EXPRESSION", printable(reason, 400));
}

/**
 * A number as Kyverno writes it where a text is expected: with the digits a number of 32 bits needs, never with an
 * exponent.
 */
export function textOfNumber(value: number): string {
  const single = Math.fround(value);
  let shortest = String(single);
  for (let digits = 1; digits <= 9; digits++) {
    const text = single.toPrecision(digits);
    if (Math.fround(Number(text)) !== single) continue;
    shortest = text;
    break;
  }
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(shortest) ?? [];
  const point = whole.length + Number(exponent);
  const digits = (whole + fraction).padEnd(point, "0");
  const padded = point <= 0 ? "0".repeat(1 - point) + digits : digits;
  const at = Math.max(point, 1);
  const rest = padded.slice(at).replace(/0+$/, "");
  return `${sign}${padded.slice(0, at)}${rest === "" ? "" : `.${rest}`}`;
}

/** A text or number as text. */
export const textOf = (value: string | number): string => typeof value === "number" ? textOfNumber(value) : value;
