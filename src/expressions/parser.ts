/**
 * Tokens → tree, with the binding powers that every JMESPath parser has in common (jmespath.org, specification,
 * "Grammar").
 *
 * A parser of our own: the library there is for it refuses `length(@.name)`, reads `(a b)` as `a` and `foo` between
 * backticks as a text, and policies mean by an expression what Kyverno reads in it.
 */
import { faultAt, readTokens, type Token, type TokenType } from "./tokens.ts";

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

const CURRENT: Expression = { type: "current" };

const POWER: Partial<Record<TokenType, number>> = {
  "|": 1,
  "||": 2,
  "&&": 3,
  "==": 5,
  "!=": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "[]": 9,
  "*": 20,
  "[?": 21,
  ".": 40,
  "!": 45,
  "{": 50,
  "[": 55,
  "(": 60,
};

/** Tokens that bind less end a projection. */
const PROJECTION_POWER = 10;

const powerOf = (type: TokenType): number => POWER[type] ?? 0;

/**
 * Parses an expression.
 *
 * @throws {MalformedError} `ERR_EXPRESSION` when it is none, or nested deeper than {@link MAX_EXPRESSION_DEPTH}.
 */
export function parseExpression(text: string): Expression {
  const tokens = readTokens(text);
  const end = tokens.at(-1) as Token;
  let index = 0;
  let depth = 0;

  const ahead = (count: number): Token => tokens[index + count] ?? end;
  const isNext = (type: TokenType): boolean => ahead(0).type === type;

  function expected(what: string, token: Token = ahead(0)) {
    return faultAt(token.at, `expected ${what}, found ${token.type}`);
  }

  function match(type: TokenType): Token {
    const token = ahead(0);
    if (token.type !== type) throw expected(`"${type}"`);
    index++;
    return token;
  }

  function expression(power: number): Expression {
    if (++depth > MAX_EXPRESSION_DEPTH) {
      throw faultAt(ahead(0).at, `nested more than ${MAX_EXPRESSION_DEPTH} levels deep`);
    }
    const first = ahead(0);
    index++;
    let left = begin(first);
    while (power < powerOf(ahead(0).type)) {
      const token = ahead(0);
      index++;
      left = goOn(token, left);
    }
    depth--;
    return left;
  }

  /** What a token begins. */
  function begin(token: Token): Expression {
    switch (token.type) {
      case "literal":
        return { type: "literal", value: token.value };
      case "name":
        return { type: "field", name: String(token.value) };
      case "quoted name":
        if (isNext("(")) throw faultAt(token.at, "Can't have quoted identifier as function Name");
        return { type: "field", name: String(token.value) };
      case "*":
        return { type: "values", left: CURRENT, right: isNext("]") ? CURRENT : projected(powerOf("*")) };
      case "[?":
        return filtered(CURRENT);
      case "{":
        return members();
      case "[]":
        return flattened(CURRENT);
      case "[":
        if (isNext("number") || isNext(":")) return indexed(CURRENT);
        if (isNext("*") && ahead(1).type === "]") {
          index += 2;
          return { type: "projection", left: CURRENT, right: projected(powerOf("*")) };
        }
        return items();
      case "@":
        return CURRENT;
      case "&":
        return { type: "reference", operand: expression(0) };
      case "!":
        return { type: "not", operand: expression(powerOf("!")) };
      case "(": {
        const inner = expression(0);
        match(")");
        return inner;
      }
      case "end":
        throw faultAt(token.at, "Incomplete expression");
      default:
        throw expected("an expression", token);
    }
  }

  /** What a token makes of what stands before it. */
  function goOn(token: Token, left: Expression): Expression {
    switch (token.type) {
      case ".":
        if (!isNext("*")) return { type: "chain", left, right: afterDot(powerOf(".")) };
        index++;
        return { type: "values", left, right: projected(powerOf(".")) };
      case "|":
        return { type: "pipe", left, right: expression(powerOf("|")) };
      case "||":
        return { type: "or", left, right: expression(powerOf("||")) };
      case "&&":
        return { type: "and", left, right: expression(powerOf("&&")) };
      case "(":
        return call(token, left);
      case "[?":
        return filtered(left);
      case "[]":
        return flattened(left);
      case "[":
        if (isNext("number") || isNext(":")) return indexed(left);
        match("*");
        match("]");
        return { type: "projection", left, right: projected(powerOf("*")) };
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=":
        return { type: "comparison", operator: token.type, left, right: expression(powerOf(token.type)) };
      default:
        throw expected("an operator", token);
    }
  }

  /** Commas between arguments may be left out, and one may follow the last, as in Kyverno's parser. */
  function call(token: Token, called: Expression): Expression {
    const name = called.type === "field" ? called.name : called.type === "literal" ? called.value : undefined;
    if (typeof name !== "string") throw faultAt(token.at, "expected the name of a function before (");
    const values: Expression[] = [];
    while (!isNext(")")) {
      values.push(expression(0));
      if (isNext(",")) index++;
    }
    match(")");
    return { type: "call", name, values };
  }

  function items(): Expression {
    const found = [expression(0)];
    while (!isNext("]")) {
      match(",");
      found.push(expression(0));
    }
    match("]");
    return { type: "list", items: found };
  }

  function members(): Expression {
    const found: [string, Expression][] = [];
    for (;;) {
      const token = ahead(0);
      if (token.type !== "name" && token.type !== "quoted name") throw expected("the name of a member");
      index++;
      match(":");
      found.push([String(token.value), expression(0)]);
      if (isNext(",")) index++;
      else if (isNext("}")) break;
    }
    match("}");
    return { type: "object", members: found };
  }

  function filtered(left: Expression): Expression {
    const condition = expression(0);
    match("]");
    return { type: "filter", left, right: isNext("[]") ? CURRENT : projected(powerOf("[?")), condition };
  }

  function flattened(operand: Expression): Expression {
    return { type: "projection", left: { type: "flatten", operand }, right: projected(powerOf("[]")) };
  }

  function indexed(left: Expression): Expression {
    if (!isNext(":") && ahead(1).type !== ":") {
      const at = number(match("number"));
      match("]");
      return { type: "chain", left, right: { type: "index", index: at } };
    }
    const parts: [number | undefined, number | undefined, number | undefined] = [undefined, undefined, undefined];
    for (let part = 0; !isNext("]") && part < 3;) {
      if (isNext(":")) {
        part++;
        index++;
      } else parts[part] = number(match("number"));
    }
    match("]");
    const sliced: Expression = { type: "chain", left, right: { type: "slice", parts } };
    return { type: "projection", left: sliced, right: projected(powerOf("*")) };
  }

  function number({ value, at }: Token): number {
    const found = BigInt(String(value));
    if (BigInt.asIntN(64, found) !== found) throw faultAt(at, "a number too large for an index");
    return Number(found);
  }

  function afterDot(power: number): Expression {
    if (isNext("name") || isNext("quoted name") || isNext("*")) return expression(power);
    if (isNext("[")) {
      index++;
      return items();
    }
    if (isNext("{")) {
      index++;
      return members();
    }
    throw expected("a name, [ or { after .");
  }

  /** What is applied to each item of a projection. */
  function projected(power: number): Expression {
    if (powerOf(ahead(0).type) < PROJECTION_POWER) return CURRENT;
    if (isNext("[") || isNext("[?")) return expression(power);
    match(".");
    return afterDot(power);
  }

  const tree = expression(0);
  if (!isNext("end")) throw expected("the end");
  if (depthOf(tree) > MAX_EXPRESSION_DEPTH) throw faultAt(0, `nested more than ${MAX_EXPRESSION_DEPTH} levels deep`);
  return tree;
}

/** A chain such as `a.b.c` nests to the left without the parser going deeper. */
function depthOf(tree: Expression): number {
  let depth = 0;
  for (let level: readonly Expression[] = [tree]; level.length > 0; depth++) level = level.flatMap(partsOf);
  return depth;
}

/** The parts of an expression. */
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
