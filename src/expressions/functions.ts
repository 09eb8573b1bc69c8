/** Functions an expression may call: what they take, and what is checked before they are called. */
import { ConfigurationError } from "../errors.ts";
import { printable } from "../encoding/mod.ts";

/** Types of JMESPath, and lists of one type. `expression` is a reference such as `&name`. */
export type ParameterType =
  | "number"
  | "string"
  | "array"
  | "object"
  | "array of numbers"
  | "array of strings"
  | "expression"
  | "any";

/** An expression handed to a function, as `&name` in `sort_by(people, &name)`. */
export interface Reference {
  /** Its value for one item; a key that is not there is `null`. */
  readonly apply: (value: unknown) => unknown;
}

/** One function. */
export interface ExpressionFunction {
  /** Of each argument the types it may have. */
  readonly parameters: readonly (readonly ParameterType[])[];
  /** Whether the last parameter may come again; without parameters, whether what is given does not matter. */
  readonly variadic?: boolean;
  /** Steps for each that a function of its arguments takes otherwise, where it is slow; 1 when left out. */
  readonly weight?: number;
  /** Steps beside those, where the work is not in proportion to the arguments' size; these may be of any type. */
  readonly steps?: (...values: readonly unknown[]) => number;
  /**
   * @param values As many as there are parameters, each of a type of its own.
   * @throws {EngineError} With a code and a sentence that says what is wrong with the values.
   */
  readonly evaluate: (...values: readonly never[]) => unknown;
}

/** Functions by name. */
export type FunctionTable = ReadonlyMap<string, ExpressionFunction>;

const references = new WeakSet<object>();

/** Makes a reference that {@link callFunction} takes for one. */
export function referenceTo(apply: (value: unknown) => unknown): Reference {
  const reference = { apply };
  references.add(reference);
  return reference;
}

/**
 * Calls a function of the table.
 *
 * @throws {ConfigurationError} `ERR_EXPRESSION` when there is no such function, or the arguments are not what it takes.
 */
export function callFunction(table: FunctionTable, name: string, values: readonly unknown[]): unknown {
  const called = table.get(name);
  if (called === undefined) throw wrong(`unknown function: ${printable(name)}`);
  const { parameters, variadic = false } = called;
  if (variadic ? values.length < parameters.length : values.length !== parameters.length) {
    const expected = `${variadic ? "at least " : ""}${parameters.length}`;
    throw wrong(`${printable(name)} takes ${expected} arguments, it is given ${values.length}`);
  }
  for (const [index, value] of parameters.length === 0 ? [] : values.entries()) {
    const types = parameters[Math.min(index, parameters.length - 1)] ?? [];
    if (types.some((type) => isOfType(value, type))) continue;
    throw wrong(`argument ${index + 1} of ${printable(name)} is ${typeOf(value)}, expected ${types.join(" or ")}`);
  }
  const result = called.evaluate(...values as readonly never[]);
  if (typeof result === "number" && !Number.isFinite(result)) {
    throw wrong(`json: unsupported value: ${goNumber(result)}`);
  }
  return result;
}

const goNumber = (value: number): string => Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";

function isOfType(value: unknown, type: ParameterType): boolean {
  switch (type) {
    case "any":
      return typeOf(value) !== "expression";
    case "array of numbers":
      return Array.isArray(value) && value.every((item) => typeof item === "number");
    case "array of strings":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    default:
      return typeOf(value) === type;
  }
}

/** The JMESPath name of a value's type; `expression` for a reference. */
export function typeOf(value: unknown): "null" | "boolean" | "number" | "string" | "array" | "object" | "expression" {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "object") return references.has(value) ? "expression" : "object";
  return typeof value === "boolean" || typeof value === "number" ? typeof value as "boolean" | "number" : "string";
}

function wrong(message: string): ConfigurationError {
  return new ConfigurationError("ERR_EXPRESSION", message);
}
