/**
 * JMESPath (jmespath.org, specification), with the one rule Kyverno adds: a key that an object does not have is an
 * error and not `null`. The error is taken for `null` inside comparisons, arguments, filters, projections, pipes and
 * `||`.
 */
import { isJsonObject, printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError, MalformedError } from "../errors.ts";
import { boundsExceeded, isBoundsError, MAX_VALUE_NODES, measure, type StepMeter } from "./bounds.ts";
import { equalValues } from "./equal.ts";
import { callFunction, type FunctionTable, referenceTo } from "./functions.ts";
import { type Expression, parseExpression, partsOf, type SliceParts } from "./parser.ts";

/** Characters of an expression at most. */
export const MAX_EXPRESSION_CHARACTERS = 16_384;

/**
 * Steps one evaluation may take, so that projections over projections end: a node visited is one, and so are sixteen
 * characters, an item or a member that a function is given or gives.
 */
export const MAX_EXPRESSION_STEPS = 1_000_000;

/** An expression, compiled. */
export interface Query {
  readonly text: string;
  /** Names it may read of the document's own members; `undefined` when it may read all of the document. */
  readonly roots: ReadonlySet<string> | undefined;
  /** Functions it may call. */
  readonly functions: ReadonlySet<string>;
  /**
   * @param document JSON.
   * @param meter Is told of every step, together with other evaluations.
   * @throws {ConfigurationError} `ERR_EXPRESSION_KEY` when a key is not there; `ERR_EXPRESSION` when a function is
   * given what it does not take; `ERR_TOO_LARGE` beyond {@link MAX_EXPRESSION_STEPS}.
   */
  readonly evaluate: (document: unknown, functions: FunctionTable, meter?: StepMeter) => unknown;
}

/**
 * Compiles an expression.
 *
 * @throws {MalformedError} `ERR_EXPRESSION` when it is none.
 *
 * Spec: JMESPath, "Grammar"; Kyverno, JMESPath, "Missing keys".
 */
export function compileQuery(text: string): Query {
  if (text.length > MAX_EXPRESSION_CHARACTERS) {
    throw refuse(text, `${text.length} characters, expected at most ${MAX_EXPRESSION_CHARACTERS}`);
  }
  const tree = parse(text);
  if (tree.type === "reference" || hasStrayReference(tree)) throw refuse(text, "& stands only before an argument");
  const roots = new Set<string>();
  const all = collectRoots(tree, roots);
  const called = new Set<string>();
  collectFunctions(tree, called);
  return {
    text,
    roots: all ? undefined : roots,
    functions: called,
    evaluate: (document, functions, meter) => {
      const result = visit(tree, document, { functions, steps: 0, text, meter });
      if (isMissing(result)) {
        throw new ConfigurationError("ERR_EXPRESSION_KEY", `Unknown key "${printable(result.key, 200)}" in path`);
      }
      if (measure(result) > MAX_VALUE_NODES) throw boundsExceeded(text, `more than ${MAX_VALUE_NODES} values`);
      return result;
    },
  };
}

function parse(text: string): Expression {
  try {
    return parseExpression(text);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw refuse(text, thrown.message);
  }
}

function refuse(text: string, reason: string): MalformedError {
  return new MalformedError("ERR_EXPRESSION", `Cannot parse the expression "${printable(text, 200)}": ${reason}`);
}

/** Whether an expression is handed to anything but a function: what it would be there, nothing could print. */
function hasStrayReference(expression: Expression): boolean {
  const parts = partsOf(expression);
  if (expression.type !== "call" && parts.some(({ type }) => type === "reference")) return true;
  return parts.some(hasStrayReference);
}

function collectFunctions(expression: Expression, called: Set<string>): void {
  if (expression.type === "call") called.add(expression.name);
  for (const part of partsOf(expression)) collectFunctions(part, called);
}

/**
 * Collects the members of the document that an expression, evaluated on the document, may read.
 *
 * @returns Whether it may read all of it.
 */
function collectRoots(expression: Expression, roots: Set<string>): boolean {
  switch (expression.type) {
    case "field":
      roots.add(expression.name);
      return false;
    case "literal":
      return false;
    case "current":
    case "index":
    case "slice":
      return true;
    // Only what stands on the left sees the document; the rest sees what the left gave.
    case "chain":
    case "pipe":
    case "projection":
    case "filter":
    case "values":
      return collectRoots(expression.left, roots);
    // An expression handed to a function is applied to what the function chooses.
    case "reference":
      return false;
    default:
      return partsOf(expression).map((part) => collectRoots(part, roots)).some(Boolean);
  }
}

/** A key that was not there: an answer that most places take for `null`. */
interface Missing {
  readonly [MISSING]: true;
  readonly key: string;
}

const MISSING = Symbol("missing key");

const isMissing = (value: unknown): value is Missing => typeof value === "object" && value !== null && MISSING in value;

interface Evaluation {
  readonly functions: FunctionTable;
  readonly text: string;
  readonly meter: StepMeter | undefined;
  steps: number;
}

function spend(evaluation: Evaluation, steps: number): void {
  evaluation.meter?.(steps);
  evaluation.steps += steps;
  if (evaluation.steps <= MAX_EXPRESSION_STEPS) return;
  throw boundsExceeded(evaluation.text, `more than ${MAX_EXPRESSION_STEPS} steps`);
}

/** A value, `null` where a key was missing. */
function settle(expression: Expression, value: unknown, evaluation: Evaluation): unknown {
  const found = visit(expression, value, evaluation);
  return isMissing(found) ? null : found ?? null;
}

/** The left of a filter, `[]` or `.*`: there Kyverno takes every failure for `null`, not only a missing key. */
function attempt(expression: Expression, value: unknown, evaluation: Evaluation): unknown {
  try {
    return settle(expression, value, evaluation);
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || isBoundsError(thrown)) throw thrown;
    return null;
  }
}

function visit(expression: Expression, value: unknown, evaluation: Evaluation): unknown {
  spend(evaluation, 1);
  const settled = (part: Expression, input: unknown) => settle(part, input, evaluation);
  switch (expression.type) {
    case "field":
      if (!isJsonObject(value)) return null;
      if (Object.hasOwn(value, expression.name)) return value[expression.name];
      return { [MISSING]: true, key: expression.name };
    case "current":
      return value;
    case "literal":
      return expression.value;
    case "chain": {
      const found = visit(expression.left, value, evaluation);
      return isMissing(found) ? found : visit(expression.right, found, evaluation);
    }
    case "index":
      return Array.isArray(value) ? value.at(expression.index) ?? null : null;
    case "slice":
      return Array.isArray(value) ? slice(value, expression.parts) : null;
    case "pipe":
      return settled(expression.right, settled(expression.left, value));
    case "or": {
      const found = settled(expression.left, value);
      return isFalse(found) ? settled(expression.right, value) : found;
    }
    case "and": {
      const found = settled(expression.left, value);
      return isFalse(found) ? found : visit(expression.right, value, evaluation);
    }
    case "not":
      return isFalse(settled(expression.operand, value));
    case "comparison":
      return compare(expression.operator, settled(expression.left, value), settled(expression.right, value));
    case "projection":
      return project(settled(expression.left, value), (item) => settled(expression.right, item));
    case "filter":
      return project(
        attempt(expression.left, value, evaluation),
        (item) => isFalse(settled(expression.condition, item)) ? null : settled(expression.right, item),
      );
    case "values": {
      const found = attempt(expression.left, value, evaluation);
      if (!isJsonObject(found)) return null;
      // Kyverno's interpreter asks about as many nulls as there are members first, which functions behind it see.
      const members = Object.values(found);
      return project([...members.map(() => null), ...members], (item) => settled(expression.right, item));
    }
    case "flatten": {
      const found = attempt(expression.operand, value, evaluation);
      if (!Array.isArray(found)) return null;
      const flat = found.flat();
      spend(evaluation, flat.length);
      return flat;
    }
    case "list":
      return isNull(value) ? null : expression.items.map((item) => settled(item, value));
    case "object":
      if (isNull(value)) return null;
      return Object.fromEntries(expression.members.map(([name, member]) => [name, settled(member, value)]));
    case "call":
      return call(expression, value, evaluation);
    case "reference":
      return referenceTo((item) => settled(expression.operand, item));
  }
}

function call(expression: Extract<Expression, { type: "call" }>, value: unknown, evaluation: Evaluation): unknown {
  const values = expression.values.map((argument) => settle(argument, value, evaluation));
  const { weight = 1, steps } = evaluation.functions.get(expression.name) ?? {};
  spend(evaluation, weight * values.reduce<number>((sum, given) => sum + costOf(given), 0));
  if (steps !== undefined) spend(evaluation, steps(...values));
  const result = callFunction(evaluation.functions, expression.name, values);
  spend(evaluation, costOf(result));
  return result;
}

function costOf(value: unknown): number {
  if (typeof value === "string") return value.length >> 4;
  if (Array.isArray(value)) return value.length;
  return isJsonObject(value) ? Object.keys(value).length : 0;
}

const isNull = (value: unknown): boolean => value === null || value === undefined;

function project(list: unknown, each: (item: unknown) => unknown): readonly unknown[] | null {
  if (!Array.isArray(list)) return null;
  return list.map(each).filter((item) => !isNull(item));
}

function isFalse(value: unknown): boolean {
  if (isNull(value) || value === false || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function compare(operator: string, left: unknown, right: unknown): boolean | null {
  if (operator === "==") return equalValues(left, right);
  if (operator === "!=") return !equalValues(left, right);
  if (typeof left !== "number" || typeof right !== "number") return null;
  switch (operator) {
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "<":
      return left < right;
    default:
      return left <= right;
  }
}

/** Spec: JMESPath, "Slices". */
function slice(list: readonly unknown[], [from, to, by]: SliceParts): readonly unknown[] {
  const step = by ?? 1;
  if (step === 0) throw new ConfigurationError("ERR_EXPRESSION", "Invalid slice, step cannot be 0");
  const start = from === undefined ? (step < 0 ? list.length - 1 : 0) : bound(list.length, from, step);
  const stop = to === undefined ? (step < 0 ? -1 : list.length) : bound(list.length, to, step);
  const found: unknown[] = [];
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) found.push(list[at]);
  return found;
}

function bound(length: number, given: number, step: number): number {
  const at = given < 0 ? given + length : given;
  if (at < 0) return step < 0 ? -1 : 0;
  return at < length ? at : step < 0 ? length - 1 : length;
}
