/** Functions that CEL expressions call: what they take, and which of several of one name is meant. */
import { type Budget, type CelValue, isMap, isObject, noSuchOverload, sizeOf, spend, typeName } from "./cel_values.ts";

/** One function, or one of several with the same name. */
export interface CelFunction {
  /** `matches(string, string): bool`, or `string.matches(string): bool` for one that is called on a value. */
  readonly signature: string;
  /** Whether the library's type checker has it already. */
  readonly builtIn?: true;
  /**
   * @param values The receiver first.
   * @throws {ConfigurationError} `ERR_EXPRESSION` when it has no value for these.
   */
  readonly evaluate: (values: readonly never[], budget: Budget) => CelValue;
}

/** Functions by their name, `.name` for those called on a value, and number of values. */
export type CelFunctions = ReadonlyMap<string, readonly Overload[]>;

interface Overload {
  readonly parameters: readonly string[];
  readonly evaluate: CelFunction["evaluate"];
}

/** A signature taken apart. */
interface Signature {
  readonly receiver?: string;
  readonly name: string;
  readonly parameters: readonly string[];
}

function parseSignature(signature: string): Signature {
  const [, receiver, name = "", list = ""] = /^(?:([\w.<>, ]+)\.)?(\w+)\((.*)\): /.exec(signature) ?? [];
  const parameters = list === "" ? [] : list.split(/, (?![^<]*>)/);
  return { ...(receiver === undefined ? {} : { receiver }), name, parameters };
}

/** Makes a table of functions. */
export function tableOf(functions: readonly CelFunction[]): CelFunctions {
  const table = new Map<string, Overload[]>();
  for (const { signature, evaluate } of functions) {
    const { receiver, name, parameters } = parseSignature(signature);
    const all = receiver === undefined ? parameters : [receiver, ...parameters];
    const key = keyOf(name, receiver !== undefined, all.length);
    table.set(key, [...table.get(key) ?? [], { parameters: all, evaluate }]);
  }
  return table;
}

const keyOf = (name: string, onValue: boolean, count: number): string => `${onValue ? "." : ""}${name}/${count}`;

/** Whether there is a function of that name and number of values, whatever their types. */
export function hasFunction(table: CelFunctions, name: string, onValue: boolean, count: number): boolean {
  return table.has(keyOf(name, onValue, count));
}

/**
 * Calls the function whose parameters the values fit.
 *
 * @throws {ConfigurationError} `ERR_EXPRESSION` when there is none, or it fails.
 */
export function callCelFunction(
  table: CelFunctions,
  name: string,
  onValue: boolean,
  values: readonly CelValue[],
  budget: Budget,
): CelValue {
  for (const value of values) spend(budget, sizeOf(value));
  const overloads = table.get(keyOf(name, onValue, values.length)) ?? [];
  const found = overloads.find(({ parameters }) =>
    values.every((value, at) => fits(value, parameters[at] ?? "", budget))
  );
  if (found === undefined) throw noSuchOverload();
  const result = found.evaluate(values as readonly never[], budget);
  spend(budget, sizeOf(result));
  return result;
}

function fits(value: CelValue, type: string, budget: Budget): boolean {
  const [, item] = /^list<(.+)>$/.exec(type) ?? [];
  if (item !== undefined) {
    if (!Array.isArray(value)) return false;
    spend(budget, value.length);
    return value.every((one) => fits(one, item, budget));
  }
  if (type === "dyn" || /^[A-Z]$/.test(type)) return true;
  if (type === "map") return isMap(value);
  return type === (isObject(value) ? value.type : typeName(value));
}
