/** What an evaluation of CEL goes by, and the steps that operators and macros share. */
import { EngineError } from "../errors.ts";
import type { CelFunctions } from "./cel_functions.ts";
import { type Budget, celError, type CelValue, isMap, isObject, noSuchOverload } from "./cel_values.ts";

/** What an evaluation goes by. */
export interface Frame {
  readonly variables: ReadonlyMap<string, CelValue>;
  readonly functions: CelFunctions;
  readonly budget: Budget;
}

/** What was read, or what it failed with; the end of the budget is no failure that anything could absorb. */
export function attempt(read: () => boolean): boolean | EngineError {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === "ERR_EXPRESSION") return thrown;
    throw thrown;
  }
}

/** A condition's value. */
export function truthOf(value: CelValue): boolean {
  if (typeof value === "boolean") return value;
  throw noSuchOverload();
}

/** A member of a map or list; `undefined` when it is not there. */
export function memberOf(value: CelValue, key: CelValue): CelValue | undefined {
  if (isMap(value)) return value.get(key);
  if (!Array.isArray(value)) throw noSuchOverload();
  const index = isObject(key) && key.type === "uint" ? key.value : key;
  if (typeof index === "bigint" || (typeof index === "number" && Number.isInteger(index))) return value[Number(index)];
  throw celError("unsupported index type in list");
}
