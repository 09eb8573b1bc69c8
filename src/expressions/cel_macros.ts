/** The macros of CEL: `has`, `all`, `exists`, `exists_one`, `filter` and `map`. */
import type { EngineError } from "../errors.ts";
import { attempt, type Frame, memberOf, truthOf } from "./cel_frame.ts";
import type { Node } from "./cel_nodes.ts";
import { type CelValue, isMap, isObject, noSuchOverload, spend } from "./cel_values.ts";

/** Evaluates a node. */
type Evaluate = (node: Node, frame: Frame) => CelValue;

/**
 * The value of a macro.
 *
 * @returns `undefined` when the call is none.
 */
export function evaluateMacro(
  name: string,
  receiver: Node | undefined,
  args: readonly Node[],
  frame: Frame,
  evaluate: Evaluate,
): CelValue | undefined {
  const [first, second, third] = args;
  if (receiver === undefined) return name === "has" && first?.op === "." ? has(first.args, frame, evaluate) : undefined;
  if (first?.op !== "id" || second === undefined) return undefined;
  const within = (item: CelValue, node: Node = second): CelValue => evaluate(node, bind(frame, first.args, item));
  switch (name) {
    case "all":
      return quantify(itemsOf(evaluate(receiver, frame), frame), false, (item) => truthOf(within(item)));
    case "exists":
      return quantify(itemsOf(evaluate(receiver, frame), frame), true, (item) => truthOf(within(item)));
    case "exists_one":
      return itemsOf(evaluate(receiver, frame), frame).filter((item) => truthOf(within(item))).length === 1;
    case "filter":
      return itemsOf(evaluate(receiver, frame), frame).filter((item) => truthOf(within(item)));
    case "map": {
      const items = itemsOf(evaluate(receiver, frame), frame);
      if (third === undefined) return items.map((item) => within(item));
      return items.filter((item) => truthOf(within(item))).map((item) => within(item, third));
    }
    default:
      return undefined;
  }
}

function bind(frame: Frame, name: string, value: CelValue): Frame {
  return { ...frame, variables: new Map([...frame.variables, [name, value]]) };
}

/** Items of a list, keys of a map. */
function itemsOf(value: CelValue, frame: Frame): readonly CelValue[] {
  const items = Array.isArray(value) ? value as readonly CelValue[] : isMap(value) ? value.keys() : undefined;
  if (items === undefined) throw noSuchOverload();
  spend(frame.budget, items.length);
  return items;
}

/** One item that settles it, settles it, whatever others fail with. */
function quantify(items: readonly CelValue[], settled: boolean, test: (item: CelValue) => boolean): boolean {
  let failure: EngineError | undefined;
  for (const item of items) {
    const answer = attempt(() => test(item));
    if (answer === settled) return settled;
    if (typeof answer !== "boolean") failure ??= answer;
  }
  if (failure !== undefined) throw failure;
  return !settled;
}

/** Whether the last field is there; the fields before it have to be. */
function has([from, field]: readonly [Node, string], frame: Frame, evaluate: Evaluate): boolean {
  const value = evaluate(from, frame);
  if (isObject(value) && value.type === "optional") {
    return value.value !== undefined && memberOf(value.value, field) !== undefined;
  }
  if (!isMap(value)) throw noSuchOverload();
  return memberOf(value, field) !== undefined;
}
