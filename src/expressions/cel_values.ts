/** The values of CEL expressions: their types, equality and order (CEL specification, "Values"). */
import { ConfigurationError, MalformedError } from "../errors.ts";

/** A value of CEL. `bigint` is `int`, `number` is `double`, an array is a list. */
export type CelValue = null | boolean | bigint | number | string | Uint8Array | readonly CelValue[] | CelObject;

/** Values that have no counterpart in JavaScript. */
export type CelObject = CelMap | CelUint | CelOptional | CelType | CelTimestamp | CelDuration | CelOpaque;

export interface CelMap {
  readonly type: "map";
  /** `undefined` when the key is not there. */
  readonly get: (key: CelValue) => CelValue | undefined;
  readonly keys: () => readonly CelValue[];
}

export interface CelUint {
  readonly type: "uint";
  readonly value: bigint;
}

export interface CelOptional {
  readonly type: "optional";
  readonly value?: CelValue;
}

export interface CelType {
  readonly type: "type";
  readonly name: string;
}

export interface CelTimestamp {
  readonly type: "google.protobuf.Timestamp";
  readonly nanoseconds: bigint;
}

export interface CelDuration {
  readonly type: "google.protobuf.Duration";
  readonly nanoseconds: bigint;
}

/** A value of a library's own type; two are equal when their texts are. */
export interface CelOpaque {
  readonly type: "net.IP" | "net.CIDR" | "kubernetes.URL" | "kubernetes.Quantity";
  readonly text: string;
  readonly value: unknown;
}

/** An expression failed; `||`, `&&`, `all` and `exists` may absorb it. */
export function celError(message: string): ConfigurationError {
  return new ConfigurationError("ERR_EXPRESSION", message);
}

/** Steps that one evaluation has left; a step is a node, or some of the characters and items that it goes through. */
export interface Budget {
  left: number;
}

/** Characters that cost one step. */
const CHARACTERS_PER_STEP = 10;

/**
 * Takes steps from a budget.
 *
 * @throws {MalformedError} `ERR_TOO_LARGE` when none is left: nothing absorbs that.
 */
export function spend(budget: Budget, steps: number): void {
  budget.left -= steps;
  if (budget.left < 0) {
    throw new MalformedError(
      "ERR_TOO_LARGE",
      "Cannot evaluate the expression: it takes too many steps for this request",
    );
  }
}

/** Steps that going through a value takes. */
export function sizeOf(value: CelValue): number {
  if (typeof value === "string" || value instanceof Uint8Array) return Math.ceil(value.length / CHARACTERS_PER_STEP);
  return Array.isArray(value) ? value.length : 0;
}

/** JSON as CEL has it: whole numbers are `int`, objects are maps, read member by member. */
export function fromJson(value: unknown): CelValue {
  switch (typeof value) {
    case "number":
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case "string":
    case "boolean":
    case "bigint":
      return value;
    case "object":
      if (value === null) return null;
      if (Array.isArray(value)) return value.map(fromJson);
      return mapOfJson(value as Readonly<Record<string, unknown>>);
    default:
      return null;
  }
}

function mapOfJson(object: Readonly<Record<string, unknown>>): CelMap {
  return {
    type: "map",
    get: (key) => typeof key === "string" && Object.hasOwn(object, key) ? fromJson(object[key]) : undefined,
    keys: () => Object.keys(object),
  };
}

/**
 * A map of entries.
 *
 * @throws {ConfigurationError} `ERR_EXPRESSION` when a key is no key; of two that are equal the last counts.
 */
export function mapOf(entries: readonly (readonly [CelValue, CelValue])[]): CelMap {
  const members = new Map<string, readonly [CelValue, CelValue]>();
  for (const entry of entries) {
    const name = keyOf(entry[0]);
    if (name === undefined) throw celError(`unsupported key type: ${typeName(entry[0])}`);
    members.set(name, entry);
  }
  return {
    type: "map",
    get: (key) => members.get(keyOf(key) ?? "")?.[1],
    keys: () => [...members.values()].map(([key]) => key),
  };
}

/** Equal numbers are one key, whatever their type. */
function keyOf(key: CelValue): string | undefined {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "boolean" || typeof key === "bigint") return `${typeof key === "boolean" ? "b" : "n"}${key}`;
  if (typeof key === "number") return Number.isInteger(key) ? `n${BigInt(key)}` : undefined;
  return isObject(key) && key.type === "uint" ? `n${key.value}` : undefined;
}

/** Whether a value is one of {@link CelObject}. */
export function isObject(value: CelValue): value is CelObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

export const isMap = (value: CelValue): value is CelMap => isObject(value) && value.type === "map";

/** Name of a value's type, as `type()` gives it. */
export function typeName(value: CelValue): string {
  switch (typeof value) {
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "boolean":
      return "bool";
    case "string":
      return "string";
    default:
      if (value === null) return "null_type";
      if (Array.isArray(value)) return "list";
      if (value instanceof Uint8Array) return "bytes";
      return (value as CelObject).type;
  }
}

/** The number a value is, for comparisons across the types of numbers. */
export function numeric(value: CelValue): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return isObject(value) && value.type === "uint" ? value.value : undefined;
}

/** Whether two values are equal; values of different types are not, numbers aside. */
export function areEqual(one: CelValue, other: CelValue, budget: Budget): boolean {
  spend(budget, 1);
  const numbers = [numeric(one), numeric(other)];
  // `==` and not `===`: 1 and 1n are one number.
  if (numbers[0] !== undefined && numbers[1] !== undefined) return numbers[0] == numbers[1];
  if (typeof one === "string" || typeof other === "string") {
    spend(budget, Math.min(sizeOf(one), sizeOf(other)));
    return one === other;
  }
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length &&
      one.every((item, index) => areEqual(item, other[index] as CelValue, budget));
  }
  if (one instanceof Uint8Array) {
    return other instanceof Uint8Array && one.length === other.length && one.every((byte, at) => byte === other[at]);
  }
  if (!isObject(one) || !isObject(other)) return one === other;
  return areEqualObjects(one, other, budget);
}

function areEqualObjects(one: CelObject, other: CelObject, budget: Budget): boolean {
  if (one.type === "map" && other.type === "map") {
    const keys = one.keys();
    return keys.length === other.keys().length && keys.every((key) => {
      const [mine, theirs] = [one.get(key), other.get(key)];
      return mine !== undefined && theirs !== undefined && areEqual(mine, theirs, budget);
    });
  }
  if (one.type === "optional" && other.type === "optional") {
    if (one.value === undefined || other.value === undefined) return one.value === other.value;
    return areEqual(one.value, other.value, budget);
  }
  if ("nanoseconds" in one && "nanoseconds" in other) {
    return one.type === other.type && one.nanoseconds === other.nanoseconds;
  }
  if (one.type === "type" && other.type === "type") return one.name === other.name;
  return "text" in one && "text" in other && one.type === other.type && one.text === other.text;
}

/**
 * The order of two values: negative, zero, positive; `undefined` for NaN.
 *
 * @throws {ConfigurationError} `ERR_EXPRESSION` when they have none.
 */
export function compare(one: CelValue, other: CelValue, budget: Budget): number | undefined {
  const [a, b] = [numeric(one), numeric(other)];
  if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : a == b ? 0 : undefined;
  if (typeof one === "string" && typeof other === "string") {
    spend(budget, Math.min(sizeOf(one), sizeOf(other)));
    return compareTexts(one, other);
  }
  if (typeof one === "boolean" && typeof other === "boolean") return Number(one) - Number(other);
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    const at = one.findIndex((byte, index) => byte !== other[index]);
    return at < 0 ? one.length - other.length : (one[at] ?? 0) - (other[at] ?? -1);
  }
  if (isObject(one) && isObject(other) && one.type === other.type && "nanoseconds" in one && "nanoseconds" in other) {
    return one.nanoseconds < other.nanoseconds ? -1 : one.nanoseconds > other.nanoseconds ? 1 : 0;
  }
  throw noSuchOverload();
}

export const noSuchOverload = (): ConfigurationError => celError("no such overload");

/** By code points, as UTF-8 orders them. */
function compareTexts(one: string, other: string): number {
  const [mine, theirs] = [[...one], [...other]];
  const at = mine.findIndex((character, index) => character !== theirs[index]);
  if (at < 0) return mine.length - theirs.length;
  return (mine[at]?.codePointAt(0) ?? 0) - (theirs[at]?.codePointAt(0) ?? -1);
}
