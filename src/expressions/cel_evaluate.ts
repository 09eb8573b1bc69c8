/** Evaluates a CEL expression that has been read (CEL specification, "Evaluation"). */
import type { Node } from "./cel_nodes.ts";
import { printable } from "../encoding/mod.ts";
import { attempt, type Frame, memberOf, truthOf } from "./cel_frame.ts";
import { callCelFunction } from "./cel_functions.ts";
import { evaluateMacro } from "./cel_macros.ts";
import { arithmetic, negate } from "./cel_operators.ts";
import {
  areEqual,
  type Budget,
  celError,
  type CelOptional,
  type CelValue,
  compare,
  isMap,
  isObject,
  mapOf,
  noSuchOverload,
  spend,
} from "./cel_values.ts";

/** Names that stand for types. */
const TYPES: ReadonlySet<string> = new Set([
  "bool",
  "bytes",
  "double",
  "int",
  "list",
  "map",
  "null_type",
  "string",
  "type",
  "uint",
]);

/**
 * The value of a node.
 *
 * @throws {ConfigurationError} `ERR_EXPRESSION` when it has none.
 * @throws {MalformedError} `ERR_TOO_LARGE` when the budget is spent.
 */
export function evaluateNode(node: Node, frame: Frame): CelValue {
  spend(frame.budget, 1);
  const evaluate = (one: Node): CelValue => evaluateNode(one, frame);
  switch (node.op) {
    case "value":
      return literal(node.args);
    case "id":
      return variable(node.args, frame);
    case ".":
      return selectField(evaluate(node.args[0]), node.args[1]);
    case ".?":
      return selectOptional(evaluate(node.args[0]), node.args[1]);
    case "[]":
      return selectField(evaluate(node.args[0]), evaluate(node.args[1]));
    case "[?]":
      return selectOptional(evaluate(node.args[0]), evaluate(node.args[1]));
    case "list":
      return node.args.map(evaluate);
    case "map":
      return mapOf(node.args.map(([key, value]) => [evaluate(key), evaluate(value)] as const));
    case "?:": {
      const [condition, then, otherwise] = node.args;
      return evaluate(truthOf(evaluate(condition)) ? then : otherwise);
    }
    case "&&":
      return either(node.args, false, frame);
    case "||":
      return either(node.args, true, frame);
    case "!_":
      return !truthOf(evaluate(node.args));
    case "-_":
      return negate(evaluate(node.args));
    case "call":
      return call(node.args[0], undefined, node.args[1], frame);
    case "rcall":
      return call(node.args[0], node.args[1], node.args[2], frame);
    default:
      return binary(node.op, evaluate(node.args[0]), evaluate(node.args[1]), frame.budget);
  }
}

function literal(value: unknown): CelValue {
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    return { type: "uint", value: BigInt((value as { valueOf: () => bigint }).valueOf()) };
  }
  return value as CelValue;
}

function variable(name: string, { variables }: Frame): CelValue {
  const found = variables.get(name);
  if (found !== undefined) return found;
  if (TYPES.has(name)) return { type: "type", name };
  throw celError(`no such attribute(s): ${printable(name)}`);
}

/** Either operand of `&&` and `||` settles it; what fails counts only when neither does. */
function either([left, right]: readonly [Node, Node], settled: boolean, frame: Frame): boolean {
  const first = attempt(() => truthOf(evaluateNode(left, frame)));
  if (first === settled) return settled;
  const second = attempt(() => truthOf(evaluateNode(right, frame)));
  if (second === settled) return settled;
  if (typeof first !== "boolean") throw first;
  if (typeof second !== "boolean") throw second;
  return second;
}

function selectField(value: CelValue, key: CelValue): CelValue {
  if (isObject(value) && value.type === "optional") return selectOptional(value, key);
  const found = memberOf(value, key);
  if (found !== undefined) return found;
  if (Array.isArray(value)) throw celError(`index out of bounds: ${String(key)}`);
  throw celError(`no such key: ${printable(String(key), 80)}`);
}

function selectOptional(value: CelValue, key: CelValue): CelOptional {
  const from = isObject(value) && value.type === "optional" ? value.value : value;
  if (from === undefined) return { type: "optional" };
  const found = memberOf(from, key);
  return found === undefined ? { type: "optional" } : { type: "optional", value: found };
}

/** Groups of functions that look like values. */
const NAMESPACES: ReadonlySet<string> = new Set(["sets", "optional"]);

function call(name: string, receiver: Node | undefined, args: readonly Node[], frame: Frame): CelValue {
  const made = evaluateMacro(name, receiver, args, frame, evaluateNode);
  if (made !== undefined) return made;
  if (receiver?.op === "id" && NAMESPACES.has(receiver.args) && !frame.variables.has(receiver.args)) {
    const values = args.map((arg) => evaluateNode(arg, frame));
    return callCelFunction(frame.functions, `${receiver.args}_${name}`, false, values, frame.budget);
  }
  const all = receiver === undefined ? args : [receiver, ...args];
  const values = all.map((arg) => evaluateNode(arg, frame));
  return callCelFunction(frame.functions, name, receiver !== undefined, values, frame.budget);
}

function binary(operator: string, one: CelValue, other: CelValue, budget: Budget): CelValue {
  switch (operator) {
    case "==":
      return areEqual(one, other, budget);
    case "!=":
      return !areEqual(one, other, budget);
    case "in":
      return contains(other, one, budget);
    case "<":
      return (compare(one, other, budget) ?? NaN) < 0;
    case "<=":
      return (compare(one, other, budget) ?? NaN) <= 0;
    case ">":
      return (compare(one, other, budget) ?? NaN) > 0;
    case ">=":
      return (compare(one, other, budget) ?? NaN) >= 0;
    default:
      return arithmetic(operator, one, other, budget);
  }
}

function contains(container: CelValue, value: CelValue, budget: Budget): boolean {
  if (Array.isArray(container)) return container.some((item) => areEqual(item, value, budget));
  if (isMap(container)) return container.get(value) !== undefined;
  throw noSuchOverload();
}
