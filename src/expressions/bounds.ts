/** Bounds on what expressions make: an expression may hold what the object under review says. */
import { ConfigurationError, EngineError } from "../errors.ts";
import { printable } from "../encoding/mod.ts";

/** Values an expression may give, a value that stands in several places counted in each. */
export const MAX_VALUE_NODES = 1_000_000;

/** Characters of a text that a function makes at most. */
export const MAX_TEXT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Steps that all JMESPath expressions of one request, and the comparisons of what they give, may take together: some
 * seconds of work, during which nobody else is served. What a step is, `MAX_EXPRESSION_STEPS` says.
 */
export const MAX_REQUEST_STEPS = 5_000_000;

/**
 * Counts steps of many evaluations.
 *
 * @throws {ConfigurationError} `ERR_TOO_LARGE` when together they are too many.
 */
export type StepMeter = (steps: number) => void;

/** Makes what counts the steps of one request. */
export function createStepMeter(): StepMeter {
  let spent = 0;
  return (steps) => {
    spent += steps;
    if (spent <= MAX_REQUEST_STEPS) return;
    const most = `more than ${MAX_REQUEST_STEPS} steps for one request`;
    throw new ConfigurationError("ERR_TOO_LARGE", `Cannot evaluate the expressions of all rules: ${most}`);
  };
}

/** The refusal of an expression that does too much. */
export function boundsExceeded(expression: string, what: string): EngineError {
  return new ConfigurationError("ERR_TOO_LARGE", `Cannot evaluate "${printable(expression, 200)}": ${what}`);
}

/** The refusal of a text that would be too long. */
export function textTooLong(): EngineError {
  return new ConfigurationError(
    "ERR_TOO_LARGE",
    `Cannot evaluate the expression: a text of more than ${MAX_TEXT_CHARACTERS} characters`,
  );
}

/** Whether an evaluation ended because of a bound, which is never taken for `null`. */
export function isBoundsError(error: EngineError): boolean {
  return error.code === "ERR_TOO_LARGE";
}

/**
 * Steps that it takes to go through a value once, where no expression counts them: one for every sixteen values and
 * characters.
 */
export function stepsThrough(value: unknown): number {
  let size = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    size += typeof next === "string" ? 1 + next.length : 1;
    if (typeof next === "object" && next !== null) { for (const item of Object.values(next)) waiting.push(item); }
  }
  return Math.floor(size / 16);
}

/** How many values a value is made of, itself included; counts up to one more than {@link MAX_VALUE_NODES}. */
export function measure(value: unknown): number {
  let count = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0 && count <= MAX_VALUE_NODES) {
    const next = waiting.pop();
    count++;
    if (typeof next === "object" && next !== null) { for (const item of Object.values(next)) waiting.push(item); }
  }
  return count;
}
