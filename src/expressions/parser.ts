/**
 * Text → tree (jmespath.org, specification, "Grammar"). The library parses; what it knows beyond the grammar that
 * policies have (arithmetic, `let`, `$`, `? :`) is refused, and so is what Kyverno's parser refuses.
 */
import { compile } from "@jmespath-community/jmespath";
import { isJsonObject, printable } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";

/** Levels of nesting of an expression at most. */
export const MAX_EXPRESSION_DEPTH = 200;

/** `left` is evaluated first, and the other part sees what it gave. */
export type Expression =
  | { readonly type: "current" }
  | { readonly type: "literal"; readonly value: unknown }
  | { readonly type: "field"; readonly name: string }
  | { readonly type: "index"; readonly index: number }
  | { readonly type: "slice"; readonly parts: SliceParts }
  | { readonly type: "chain" | "pipe"; readonly left: Expression; readonly right: Expression }
  | { readonly type: "or" | "and"; readonly left: Expression; readonly right: Expression }
  | { readonly type: "comparison"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: "projection" | "values"; readonly left: Expression; readonly right: Expression }
  | {
    readonly type: "filter";
    readonly left: Expression;
    readonly right: Expression;
    readonly condition: Expression;
  }
  | { readonly type: "not" | "flatten" | "reference"; readonly operand: Expression }
  | { readonly type: "list"; readonly items: readonly Expression[] }
  | { readonly type: "object"; readonly members: readonly (readonly [string, Expression])[] }
  | { readonly type: "call"; readonly name: string; readonly values: readonly Expression[] };

/** From, to, by. */
export type SliceParts = readonly [number | undefined, number | undefined, number | undefined];

/**
 * Parses an expression.
 *
 * @throws {MalformedError} `ERR_EXPRESSION` when it is none, or nested deeper than {@link MAX_EXPRESSION_DEPTH}.
 */
export function parseExpression(text: string): Expression {
  boundNesting(text);
  return translate(parse(withJsonTexts(text)), 0);
}

/**
 * Writes raw strings as JSON literals. A backslash in a raw string is itself for Kyverno, and only `\\'` is an escape;
 * the library follows a later version of the specification, in which two of them are one.
 */
function withJsonTexts(text: string): string {
  return text.replace(PIECE, (piece, open: string | undefined) => {
    if (open !== undefined) throw fault(`what begins with ${open} has no end`);
    if (!piece.startsWith("'")) return piece;
    const json = JSON.stringify(piece.slice(1, -1).replaceAll("\\'", "'"));
    return `\`${json.replaceAll("`", "\\u0060")}\``;
  });
}

/** A quoted name, a literal, a raw string, each whole; or the mark of one that does not end. */
const PIECE = /"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\'|\\(?!'))*'|(["`'])/gs;

const OPENING = "([{";
const CLOSING = ")]}";

/** The library calls itself for each level: what opens too often is refused before it begins. */
function boundNesting(text: string): void {
  let open = 0;
  for (const character of text.replace(PIECE, (piece) => piece.startsWith("`") ? piece : "")) {
    if (OPENING.includes(character) || character === "!" || character === "&") open++;
    else if (CLOSING.includes(character)) open = Math.max(0, open - 1);
    if (open > MAX_EXPRESSION_DEPTH * 2) throw tooDeep();
  }
}

function parse(text: string): unknown {
  try {
    return compile(text);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw tooDeep();
    throw fault(
      thrown instanceof Error ? printable(thrown.message.replace(/^Syntax error: /, ""), 200) : "it cannot be parsed",
    );
  }
}

const COMPARISONS: Readonly<Record<string, string>> = { EQ: "==", NE: "!=", LT: "<", LTE: "<=", GT: ">", GTE: ">=" };

const PAIRS: Readonly<Record<string, "chain" | "pipe" | "or" | "and" | "projection" | "values">> = {
  Subexpression: "chain",
  IndexExpression: "chain",
  Pipe: "pipe",
  OrExpression: "or",
  AndExpression: "and",
  Projection: "projection",
  ValueProjection: "values",
};

const OPERANDS: Readonly<Record<string, "not" | "flatten" | "reference">> = {
  NotExpression: "not",
  Flatten: "flatten",
  ExpressionReference: "reference",
};

/** The library's tree, brought to ours. */
function translate(node: unknown, depth: number): Expression {
  if (depth > MAX_EXPRESSION_DEPTH) throw tooDeep();
  if (!isJsonObject(node)) throw fault("it cannot be parsed");
  const { type: name = "", left, right, child, children } = node;
  const type = String(name);
  const under = (part: unknown) => translate(part, depth + 1);
  const pair = Object.hasOwn(PAIRS, type) ? PAIRS[type] : undefined;
  if (pair !== undefined) return { type: pair, left: under(left), right: under(right) };
  const operand = Object.hasOwn(OPERANDS, type) ? OPERANDS[type] : undefined;
  if (operand !== undefined) return { type: operand, operand: under(child) };
  switch (type) {
    case "Identity":
    case "Current":
      return { type: "current" };
    case "Literal":
      return { type: "literal", value: finite(node["value"]) };
    case "Field":
      return { type: "field", name: String(node["name"]) };
    case "Index":
      return { type: "index", index: whole(node["value"]) };
    case "Slice":
      return { type: "slice", parts: [step(node["start"]), step(node["stop"]), step(node["step"])] };
    case "Comparator": {
      const operator = COMPARISONS[String(node["name"])];
      if (operator === undefined) break;
      return { type: "comparison", operator, left: under(left), right: under(right) };
    }
    case "FilterProjection":
      return { type: "filter", left: under(left), right: under(right), condition: under(node["condition"]) };
    case "MultiSelectList":
      return { type: "list", items: listOf(children).map(under) };
    case "MultiSelectHash":
      return {
        type: "object",
        members: listOf(children).filter(isJsonObject).map((one) =>
          [String(one["name"]), under(one["value"])] as const
        ),
      };
    case "Function":
      return { type: "call", name: String(node["name"]), values: listOf(children).map(under) };
  }
  throw fault(`"${printable(type, 80)}" is no part of JMESPath as policies have it`);
}

const listOf = (value: unknown): readonly unknown[] => Array.isArray(value) ? value : [];

const step = (value: unknown): number | undefined => typeof value === "number" ? whole(value) : undefined;

function whole(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw fault("an index is no whole number that can be counted to");
}

/** A number in JSON may be too large for any type there is. */
function finite(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw fault("a number is too large");
  return value;
}

const fault = (what: string): MalformedError => new MalformedError("ERR_EXPRESSION", what);

const tooDeep = (): MalformedError => fault(`nested more than ${MAX_EXPRESSION_DEPTH} levels deep`);

/** The expressions an expression is made of. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.type) {
    case "not":
    case "flatten":
    case "reference":
      return [expression.operand];
    case "list":
      return expression.items;
    case "object":
      return expression.members.map(([, value]) => value);
    case "call":
      return expression.values;
    case "filter":
      return [expression.left, expression.right, expression.condition];
    default:
      return "left" in expression ? [expression.left, expression.right] : [];
  }
}
