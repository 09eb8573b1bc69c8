/**
 * JMESPath (jmespath.org, specification), with the one rule Kyverno adds: a key that an object does not have is an error
 * and not `null`. The error is taken for `null` inside comparisons, arguments, filters, projections, pipes and `||`.
 */
import { compile } from "jmespath";
import { isJsonObject, printable } from "../encoding/mod.ts";
import { ConfigurationError, MalformedError } from "../errors.ts";
import { callFunction, type FunctionTable, referenceTo } from "./functions.ts";

declare module "jmespath" {
  /** The library's parser; its published types leave it out. */
  function compile(expression: string): ASTNode;
}

/** A node of the library's tree. */
interface ASTNode {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly children?: readonly ASTNode[];
}

/** Characters of an expression at most. */
export const MAX_EXPRESSION_CHARACTERS = 16_384;

/** Nodes of expressions that one evaluation may visit, so that projections over projections end. */
export const MAX_EXPRESSION_STEPS = 1_000_000;

/** Levels of nesting of an expression at most. */
export const MAX_EXPRESSION_DEPTH = 200;

/** An expression, compiled. */
export interface Query {
  readonly text: string;
  /** Names it may read of the document's own members; `undefined` when it may read all of the document. */
  readonly roots: ReadonlySet<string> | undefined;
  /**
   * @param document JSON.
   * @throws {ConfigurationError} `ERR_EXPRESSION_KEY` when a key is not there; `ERR_EXPRESSION` when a function is given
   * what it does not take, or the expression visits more than {@link MAX_EXPRESSION_STEPS} nodes.
   */
  readonly evaluate: (document: unknown, functions: FunctionTable) => unknown;
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
  if (depthOf(tree) > MAX_EXPRESSION_DEPTH) throw refuse(text, `nested more than ${MAX_EXPRESSION_DEPTH} levels deep`);
  const roots = new Set<string>();
  const all = collectRoots(tree, roots);
  return {
    text,
    roots: all ? undefined : roots,
    evaluate: (document, functions) => {
      const result = visit(tree, document, { functions, steps: 0, text });
      if (isMissing(result)) {
        throw new ConfigurationError("ERR_EXPRESSION_KEY", `Unknown key "${printable(result.key, 200)}" in path`);
      }
      return result;
    },
  };
}

function parse(text: string): ASTNode {
  try {
    return compile(text);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw refuse(text, "nested too deep");
    throw refuse(text, thrown instanceof Error ? printable(thrown.message, 200) : "it cannot be parsed");
  }
}

function refuse(text: string, reason: string): MalformedError {
  return new MalformedError("ERR_EXPRESSION", `Cannot parse the expression "${printable(text, 200)}": ${reason}`);
}

function depthOf(tree: ASTNode): number {
  let depth = 0;
  for (let level: readonly ASTNode[] = [tree]; level.length > 0; depth++) level = level.flatMap(childrenOf);
  return depth;
}

const isNode = (child: unknown): child is ASTNode => isJsonObject(child) && typeof child["type"] === "string";

function childrenOf(node: ASTNode): readonly ASTNode[] {
  const { children = [], value } = node;
  return [...children, ...(node.type === "KeyValuePair" ? [value] : [])].filter(isNode);
}

/**
 * Collects the members of the document that a node, evaluated on the document, may read.
 *
 * @returns Whether it may read all of it.
 */
function collectRoots(node: ASTNode, roots: Set<string>): boolean {
  const [left, ...others] = childrenOf(node);
  switch (node.type) {
    case "Field":
      roots.add(node.name ?? "");
      return false;
    case "Literal":
      return false;
    case "Identity":
    case "Current":
    case "Index":
    case "Slice":
      return true;
    // Only what stands on the left sees the document; the rest sees what the left gave.
    case "Subexpression":
    case "IndexExpression":
    case "Pipe":
    case "Projection":
    case "FilterProjection":
    case "ValueProjection":
      return left === undefined || collectRoots(left, roots);
    // An expression handed to a function is applied to what the function chooses.
    case "ExpressionReference":
      return false;
    default:
      return [...(left === undefined ? [] : [left]), ...others].map((child) => collectRoots(child, roots)).some(
        Boolean,
      );
  }
}

/** A key that was not there: an answer that most places take for `null`. */
interface Missing {
  readonly [MISSING]: true;
  readonly key: string;
}

const MISSING = Symbol("missing key");

const isMissing = (value: unknown): value is Missing => typeof value === "object" && value !== null && MISSING in value;

const orNull = (value: unknown): unknown => isMissing(value) ? null : value;

interface Evaluation {
  readonly functions: FunctionTable;
  readonly text: string;
  steps: number;
}

function visit(node: ASTNode, value: unknown, evaluation: Evaluation): unknown {
  if (++evaluation.steps > MAX_EXPRESSION_STEPS) {
    throw new ConfigurationError(
      "ERR_EXPRESSION",
      `Cannot evaluate "${printable(evaluation.text, 200)}": it visits more than ${MAX_EXPRESSION_STEPS} nodes`,
    );
  }
  const { type, name = "", value: literal, children = [] } = node;
  const [left = IDENTITY, right = IDENTITY, third = IDENTITY] = children;
  const of = (child: ASTNode, input: unknown) => visit(child, input, evaluation);
  const settled = (child: ASTNode, input: unknown) => orNull(visit(child, input, evaluation));
  switch (type) {
    case "Field":
      if (!isJsonObject(value)) return null;
      return Object.hasOwn(value, name) ? value[name] : { [MISSING]: true, key: name };
    case "Identity":
    case "Current":
      return value;
    case "Literal":
      return literal;
    case "Subexpression":
    case "IndexExpression": {
      const found = of(left, value);
      return isMissing(found) ? found : of(right, found);
    }
    case "Index":
      return Array.isArray(value) ? value.at(literal as number) ?? null : null;
    case "Slice":
      return Array.isArray(value) ? slice(value, children as unknown as SliceParts) : null;
    case "Pipe":
      return settled(right, settled(left, value));
    case "OrExpression": {
      const found = settled(left, value);
      return isFalse(found) ? settled(right, value) : found;
    }
    case "AndExpression": {
      const found = settled(left, value);
      return isFalse(found) ? found : of(right, value);
    }
    case "NotExpression":
      return isFalse(settled(left, value));
    case "Comparator":
      return compare(name, settled(left, value), settled(right, value));
    case "Projection":
      return project(settled(left, value), (item) => settled(right, item));
    case "FilterProjection":
      return project(
        settled(left, value),
        (item) => isFalse(settled(third, item)) ? null : settled(right, item),
      );
    case "ValueProjection": {
      const found = settled(left, value);
      return isJsonObject(found) ? project(Object.values(found), (item) => settled(right, item)) : null;
    }
    case "Flatten": {
      const found = settled(left, value);
      return Array.isArray(found) ? found.flat() : null;
    }
    case "MultiSelectList":
      return value === null ? null : children.map((child) => settled(child, value));
    case "MultiSelectHash":
      return value === null ? null : Object.fromEntries(children.map((child) => {
        const pair = child as unknown as { readonly name: string; readonly value: ASTNode };
        return [pair.name, settled(pair.value, value)];
      }));
    case "Function":
      return callFunction(evaluation.functions, name, children.map((child) => settled(child, value)));
    case "ExpressionReference":
      return referenceTo((item) => settled(left, item));
    default:
      throw refuse(evaluation.text, `"${printable(type)}" is no part of JMESPath`);
  }
}

const IDENTITY: ASTNode = { type: "Identity" };

function project(list: unknown, each: (item: unknown) => unknown): readonly unknown[] | null {
  if (!Array.isArray(list)) return null;
  return list.map(each).filter((item) => item !== null && item !== undefined);
}

function isFalse(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function compare(operator: string, left: unknown, right: unknown): boolean | null {
  if (operator === "EQ") return equalValues(left, right);
  if (operator === "NE") return !equalValues(left, right);
  if (typeof left !== "number" || typeof right !== "number") return null;
  switch (operator) {
    case "GT":
      return left > right;
    case "GTE":
      return left >= right;
    case "LT":
      return left < right;
    default:
      return left <= right;
  }
}

/** Whether two JSON values are the same, whatever the order of their names. */
export function equalValues(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length &&
      one.every((item, index) => equalValues(item, other[index]));
  }
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && equalValues(one[name], other[name]));
}

type SliceParts = readonly [number | null, number | null, number | null];

/** Spec: JMESPath, "Slices". */
function slice(list: readonly unknown[], [from, to, by]: SliceParts): readonly unknown[] {
  const step = by ?? 1;
  if (step === 0) throw new ConfigurationError("ERR_EXPRESSION", "Invalid slice, step cannot be 0");
  const start = from === null ? (step < 0 ? list.length - 1 : 0) : bound(list.length, from, step);
  const stop = to === null ? (step < 0 ? -1 : list.length) : bound(list.length, to, step);
  const found: unknown[] = [];
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) found.push(list[at]);
  return found;
}

function bound(length: number, given: number, step: number): number {
  const at = given < 0 ? given + length : given;
  if (at < 0) return step < 0 ? -1 : 0;
  return at < length ? at : step < 0 ? length - 1 : length;
}
