/** Functions over objects and lists. */
import { isJsonObject } from "../../encoding/mod.ts";
import { compareText, equalValues, type ExpressionFunction } from "../../expressions/mod.ts";
import { functionFailure, textOfNumber } from "./failure.ts";

type JsonObject = Readonly<Record<string, unknown>>;
type List = readonly unknown[];

const OBJECT_OR_LIST = ["object", "array"] as const;

export const OBJECT_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  ["label_match", {
    parameters: [["object"], ["object"]],
    evaluate: (labels: JsonObject, found: JsonObject) =>
      Object.entries(labels).every(([name, value]) => Object.hasOwn(found, name) && equalValues(found[name], value)),
  }],
  ["lookup", { parameters: [OBJECT_OR_LIST, ["string", "number"]], evaluate: lookup }],
  ["items", { parameters: [OBJECT_OR_LIST, ["string"], ["string"]], evaluate: items }],
  ["object_from_lists", { parameters: [["array"], ["array"]], evaluate: objectFromLists }],
];

function lookup(where: JsonObject | List, key: string | number): unknown {
  if (Array.isArray(where)) {
    if (typeof key !== "number") throw functionFailure("lookup", "argument #2 is not of type Number");
    if (!Number.isSafeInteger(key)) {
      throw functionFailure("lookup", `argument #2: expected an integer number but got: ${key}`);
    }
    return where[key] ?? null;
  }
  if (typeof key !== "string") throw functionFailure("lookup", "argument #2 is not of type String");
  return isJsonObject(where) && Object.hasOwn(where, key) ? where[key] : null;
}

/** Members by name, or items by index. */
function items(where: JsonObject | List, keyName: string, valueName: string): List {
  const pairs: readonly (readonly [string | number, unknown])[] = Array.isArray(where)
    ? [...where.entries()]
    : Object.entries(where).sort(([one], [other]) => compareText(one, other));
  return pairs.map(([key, value]) => Object.fromEntries([[keyName, key], [valueName, value]]));
}

function objectFromLists(names: List, values: List): JsonObject {
  return Object.fromEntries(names.map((name, index) => [nameOf(name), values[index] ?? null]));
}

function nameOf(value: unknown): string {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  if (typeof value === "number") return textOfNumber(value);
  throw functionFailure("object_from_lists", "argument #1 is not of type StringArray");
}
