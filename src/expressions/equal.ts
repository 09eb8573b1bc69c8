/** When two JSON values are the same. */
import { isJsonObject } from "../encoding/mod.ts";
import { boundsExceeded, MAX_VALUE_NODES } from "./bounds.ts";

/**
 * Whether two JSON values are the same, whatever the order of their names.
 *
 * @throws {ConfigurationError} `ERR_TOO_LARGE` when they have more than {@link MAX_VALUE_NODES} values to compare.
 */
export function equalValues(one: unknown, other: unknown): boolean {
  return compareValues(one, other, { left: MAX_VALUE_NODES });
}

function compareValues(one: unknown, other: unknown, budget: { left: number }): boolean {
  if (one === other) return true;
  if (--budget.left < 0) throw boundsExceeded("==", `more than ${MAX_VALUE_NODES} values to compare`);
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length &&
      one.every((item, index) => compareValues(item, other[index], budget));
  }
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && compareValues(one[name], other[name], budget));
}
