/** Conditions: `any` and `all` of key, operator, value, over what variables stand for (Kyverno, "Preconditions"). */
import { isJsonObject, printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import { stepsThrough } from "../expressions/mod.ts";
import { formatGoValue } from "./go_value.ts";
import type { Operands } from "./membership.ts";
import { CONDITION_REFUSALS } from "./message.ts";
import { OPERATORS } from "./operators.ts";
import {
  describe,
  enforced,
  type FieldTable,
  isRecord,
  listOf,
  oneOf,
  type Reader,
  readFields,
  text,
} from "./schema.ts";
import type { VariableScope } from "./scope.ts";
import { hasVariable, substitute } from "./variables.ts";

/** Conditions of one block at most. */
export const MAX_CONDITIONS = 256;

/** One comparison; key, value and message may hold variables. */
export interface Condition {
  readonly key: unknown;
  readonly operator: string;
  readonly value: unknown;
  readonly message: string;
}

/** Holds when one of `any` holds, if there are some, and every one of `all`. */
export interface ConditionBlock {
  readonly any?: readonly Condition[];
  readonly all: readonly Condition[];
}

/** What conditions came to. */
export interface ConditionsAnswer {
  readonly holds: boolean;
  /** Messages of the conditions that decided, joined as Kyverno joins them. */
  readonly message: string;
}

const CONDITION = {
  key: enforced<{ readonly given: unknown }>((given) => ({ given })),
  operator: enforced(oneOf(...Object.keys(OPERATORS))),
  value: enforced<{ readonly given: unknown }>((given) => ({ given })),
  message: enforced(text),
} satisfies FieldTable;

const condition: Reader<Condition> = (value, path, gate) => {
  const fields = readFields(value, path, CONDITION, gate);
  if (fields === undefined) return undefined;
  const { key, operator, value: against, message = "" } = fields;
  const isMissing = (name: string) => !isRecord(value) || (value[name] ?? null) === null;
  if (key === undefined || against === undefined || isMissing("operator")) {
    return void gate.refuse(path, CONDITION_REFUSALS.missing);
  }
  if (operator === undefined) return undefined;
  const unknown = unknownOperation(key.given, against.given);
  if (unknown !== undefined) return void gate.refuse([...path, "value"], CONDITION_REFUSALS.operation(unknown));
  return { key: key.given, operator, value: against.given, message };
};

/** What is compared with the request's operation and is none: such a condition would never hold, or always. */
function unknownOperation(key: unknown, value: unknown): string | undefined {
  if (typeof key !== "string" || key.replaceAll(" ", "") !== "{{request.operation}}") return undefined;
  const operations = ["CREATE", "UPDATE", "DELETE", "CONNECT"];
  const given = Array.isArray(value) ? value : [value];
  const unknown = given.find((one) => typeof one !== "string" || !(operations.includes(one) || hasVariable(one)));
  return unknown === undefined ? undefined : formatGoValue(unknown);
}

const conditionList: Reader<readonly Condition[]> = (value, path, gate) => {
  if (Array.isArray(value) && value.length > MAX_CONDITIONS) {
    return void gate.refuse(path, `${value.length} conditions, expected at most ${MAX_CONDITIONS}`);
  }
  return listOf(condition)(value, path, gate);
};

const BLOCK = { any: enforced(conditionList), all: enforced(conditionList) } satisfies FieldTable;

/** Reads `preconditions` of `kyverno.io/v2beta1`; where there are none, the rule always applies. */
export const preconditionBlock: Reader<ConditionBlock> = (value, path, gate) => {
  const before = gate.problems.length;
  const fields = readFields(value, path, BLOCK, gate);
  if (fields === undefined || gate.problems.length > before) return undefined;
  const { any, all = [] } = fields;
  if (any?.length === 0) return void gate.refuse([...path, "any"], CONDITION_REFUSALS.neverHolds);
  return { ...(any === undefined ? {} : { any }), all };
};

/** Reads `preconditions` of `kyverno.io/v1`: a block, or the older form, a list of conditions that all have to hold. */
export const preconditions: Reader<ConditionBlock> = orList(preconditionBlock);

/** Reads `{ any, all }`. A block that asks nothing is refused: it would hold whatever is looked at. */
export const conditionBlock: Reader<ConditionBlock> = (value, path, gate) => {
  const block = preconditionBlock(value, path, gate);
  if (block === undefined || (block.any?.length ?? 0) + block.all.length > 0) return block;
  return void gate.refuse(path, "0 conditions, expected 1 or more under any or all");
};

/** Reads `deny.conditions`: a block, or the older form, a list of conditions that all have to hold. */
export const conditionsOrList: Reader<ConditionBlock> = orList(conditionBlock);

function orList(block: Reader<ConditionBlock>): Reader<ConditionBlock> {
  return (value, path, gate) => {
    if (Array.isArray(value)) {
      const all = conditionList(value, path, gate);
      return all === undefined ? undefined : { all };
    }
    return isRecord(value)
      ? block(value, path, gate)
      : void gate.refuse(path, `${describe(value)}, expected any or all`);
  };
}

/**
 * Evaluates a block.
 *
 * @param messages Whether variables in the conditions' messages are resolved.
 * @returns Of a block that holds the messages of what held, else of what did not; evaluation stops where it is decided.
 * @throws {EngineError} The code of a variable that could not be resolved, in Kyverno's words.
 */
export async function evaluateBlock(
  { any, all }: ConditionBlock,
  scope: VariableScope,
  messages: "as written" | "resolved",
): Promise<ConditionsAnswer> {
  const say = async (one: Condition) => messages === "resolved" ? await messageOf(one, scope) : printable(one.message);
  const held: string[] = [];
  const refuted: string[] = [];
  let holds = true;
  if (any !== undefined) {
    holds = false;
    for (const one of any) {
      holds = await evaluate(one, scope);
      (holds ? held : refuted).push(await say(one));
      if (holds) break;
    }
  }
  for (const one of all) {
    const answer = await evaluate(one, scope);
    (answer ? held : refuted).push(await say(one));
    if (answer) continue;
    holds = false;
    break;
  }
  return { holds, message: (holds ? held : refuted).filter((message) => message !== "").join("; ") };
}

/** Evaluates blocks, all of which have to hold; the first that does not decides. */
export async function evaluateBlocks(
  blocks: readonly ConditionBlock[],
  scope: VariableScope,
): Promise<ConditionsAnswer> {
  const messages: string[] = [];
  for (const block of blocks) {
    const answer = await evaluateBlock(block, scope, "resolved");
    if (!answer.holds) return answer;
    messages.push(answer.message);
  }
  return { holds: true, message: messages.filter((message) => message !== "").join(";") };
}

async function evaluate({ key, operator, value }: Condition, scope: VariableScope): Promise<boolean> {
  const compare = OPERATORS[operator];
  if (compare === undefined) {
    throw new ConfigurationError(
      "ERR_POLICY_FIELD",
      `failed to create handler for condition operator: ${printable(operator)}`,
    );
  }
  const found = await substituted(key, scope, "key");
  const against = await substitutedValue(value, scope);
  scope.spend(stepsThrough(found) + stepsThrough(against.value));
  return compare({ key: found, keyIsPattern: !anyVariable(key), ...against, spend: scope.spend });
}

/** The value, and where in it `*` and `?` count: not in what whoever asks has a say in. */
async function substitutedValue(value: unknown, scope: VariableScope): Promise<Pick<Operands, "value" | "isPattern">> {
  const watch = async (one: unknown, path: string) => {
    let chosen = false;
    const found = await substituted(one, scope.watched(() => chosen = true), "value", path);
    return { found, chosen };
  };
  if (!Array.isArray(value)) {
    const { found, chosen } = await watch(value, "");
    return { value: found, isPattern: () => !chosen };
  }
  const items: Awaited<ReturnType<typeof watch>>[] = [];
  for (const [index, item] of value.entries()) items.push(await watch(item, `/${index}`));
  return { value: items.map(({ found }) => found), isPattern: (index) => items[index]?.chosen === false };
}

async function substituted(
  value: unknown,
  scope: VariableScope,
  part: "key" | "value",
  path = "",
): Promise<unknown> {
  try {
    return await substitute(value, scope, path);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const message = `failed to substitute variables in condition ${part}: ${thrown.message}`;
    throw new EngineError(thrown.code, message, { cause: thrown });
  }
}

/** The condition's own sentence; a variable in it that cannot be resolved leaves it as written. */
async function messageOf({ message }: Condition, scope: VariableScope): Promise<string> {
  if (!hasVariable(message)) return printable(message);
  try {
    const found = await substitute(message, scope, "");
    return printable(typeof found === "string" ? found : JSON.stringify(found));
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return printable(message);
  }
}

function anyVariable(value: unknown): boolean {
  if (typeof value === "string") return hasVariable(value);
  if (Array.isArray(value)) return value.some(anyVariable);
  return isJsonObject(value) && Object.values(value).some(anyVariable);
}
