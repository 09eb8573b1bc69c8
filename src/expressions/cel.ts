/**
 * CEL: reads and type-checks an expression once, evaluates it many times, in bounded steps. The library reads and
 * checks; it is imported here alone, and evaluates nothing.
 */
import { Environment } from "@marcbachmann/cel-js";
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import { ADDRESS_CEL_FUNCTIONS } from "./cel_addresses.ts";
import { evaluateNode } from "./cel_evaluate.ts";
import { type CelFunction, type CelFunctions, hasFunction, tableOf } from "./cel_functions.ts";
import { KUBERNETES_CEL_FUNCTIONS } from "./cel_kubernetes.ts";
import { childrenOf, type Node } from "./cel_nodes.ts";
import { STANDARD_CEL_FUNCTIONS } from "./cel_standard.ts";
import { type Budget, type CelValue, fromJson } from "./cel_values.ts";

/** Characters of an expression at most. */
export const MAX_CEL_CHARACTERS = 16 * 1024;

/** Nesting of an expression at most. */
export const MAX_CEL_DEPTH = 100;

/** Nodes of an expression at most. */
export const MAX_CEL_NODES = 10_000;

/** A variable's type: `dyn`, a type of CEL, or an object's fields by their types. */
export type CelVariableType = string | { readonly [field: string]: CelVariableType };

/** What expressions may name, beside the functions of the standard and of Kubernetes. */
export interface CelEnvironment {
  readonly variables: Readonly<Record<string, CelVariableType>>;
  readonly functions: readonly CelFunction[];
}

/** An expression that has been read and checked. */
export interface CelProgram {
  /** `bool`, `dyn`, `list<string>`. */
  readonly type: string;
  /**
   * @param variables JSON by name.
   * @param budget Counted down; several evaluations may share one.
   * @throws {ConfigurationError} `ERR_EXPRESSION` when the expression fails.
   * @throws {EngineError} `ERR_TOO_LARGE` when it takes more steps than the budget has.
   */
  readonly evaluate: (variables: Readonly<Record<string, unknown>>, budget: Budget) => CelValue;
}

/** Groups of functions that look like values. */
const NAMESPACES = ["sets"] as const;

/** Opaque types that functions of an environment may take and give. */
const OPAQUE_TYPES = ["net.IP", "net.CIDR", "kubernetes.URL", "kubernetes.Quantity"] as const;

/** What the library calls a type of ours: it knows no names with dots but its own. */
const libraryType = (text: string): string =>
  OPAQUE_TYPES.reduce((found, type) => found.replaceAll(type, type.replace(".", "")), text);

/**
 * Makes the compiler of an environment.
 *
 * Spec: CEL specification, "Syntax", "Evaluation".
 */
export function createCelCompiler({ variables, functions }: CelEnvironment): (expression: string) => CelProgram {
  const library = new Environment({
    enableOptionalTypes: true,
    limits: { maxDepth: MAX_CEL_DEPTH, maxAstNodes: MAX_CEL_NODES },
  });
  for (const type of OPAQUE_TYPES.map(libraryType)) {
    library.registerType(type, { fields: {} });
    library.registerOperator(`${type} == ${type}`, neverCalled);
  }
  for (const name of NAMESPACES) {
    library.registerType(`Namespace${name}`, { fields: {} });
    library.registerVariable(name, `Namespace${name}`);
  }
  for (const [name, type] of Object.entries(variables)) registerVariable(library, name, type);
  const all = [...STANDARD_CEL_FUNCTIONS, ...KUBERNETES_CEL_FUNCTIONS, ...ADDRESS_CEL_FUNCTIONS, ...functions];
  for (const { signature, builtIn } of all) {
    const [, namespace = "", rest = signature] = /^(sets)_(.*)$/.exec(signature) ?? [];
    const known = namespace === "" ? signature : `Namespace${namespace}.${rest}`;
    if (builtIn === undefined) library.registerFunction(libraryType(known), neverCalled);
  }
  const table = tableOf(all);
  return (expression) => compile(expression, library, table);
}

/** The library checks calls, it makes none. */
function neverCalled(): never {
  throw new ConfigurationError("ERR_EXPRESSION", "Cannot call a function: the expression is only being checked");
}

function registerVariable(library: Environment, name: string, type: CelVariableType): void {
  if (typeof type === "string") library.registerVariable(name, type);
  else library.registerVariable(name, { schema: type as never });
}

function compile(expression: string, library: Environment, functions: CelFunctions): CelProgram {
  if (expression.length > MAX_CEL_CHARACTERS) {
    throw wrong(`${expression.length} characters, expected at most ${MAX_CEL_CHARACTERS}`, expression, 0);
  }
  const parsed = readExpression(expression, library);
  const root = parsed.ast as unknown as Node;
  checkNodes(root, functions, expression);
  const { valid, type = "dyn", error } = parsed.check();
  if (!valid) throw wrong(reasonOf(error), expression, startOf(error));
  checkLiterals(root, functions, expression);
  return {
    type,
    evaluate: (variables, budget) => {
      const named = Object.entries(variables).map(([name, value]) => [name, fromJson(value)] as const);
      return evaluateNode(root, { variables: new Map(named), functions, budget });
    },
  };
}

function readExpression(expression: string, library: Environment): ReturnType<Environment["parse"]> {
  try {
    return library.parse(expression);
  } catch (thrown) {
    throw wrong(reasonOf(thrown), expression, startOf(thrown));
  }
}

/** Macros, which look like functions. */
const MACROS: ReadonlySet<string> = new Set([
  "has/1",
  ".all/2",
  ".exists/2",
  ".exists_one/2",
  ".filter/2",
  ".map/2",
  ".map/3",
]);

/** Refuses functions that the library knows and the environment does not. */
function checkNodes(root: Node, functions: CelFunctions, expression: string): void {
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    waiting.push(...childrenOf(node));
    if (node.op !== "call" && node.op !== "rcall") continue;
    const [name] = node.args;
    const receiver = node.op === "rcall" ? node.args[1] : undefined;
    const count = (node.op === "rcall" ? node.args[2] : node.args[1]).length;
    const key = `${receiver === undefined ? "" : "."}${name}/${count}`;
    const grouped = receiver?.op === "id" && hasFunction(functions, `${receiver.args}_${name}`, false, count);
    if (MACROS.has(key) || grouped) continue;
    const all = receiver === undefined ? count : count + 1;
    if (hasFunction(functions, name, receiver !== undefined, all)) continue;
    throw wrong(`undeclared reference to '${name}'`, expression, node.start);
  }
}

/** Conversions, which are made of a literal when the expression is read. */
const CONVERSIONS: ReadonlySet<string> = new Set([
  "bool",
  "bytes",
  "double",
  "duration",
  "int",
  "string",
  "timestamp",
  "uint",
]);

/** Refuses literals that no request could make sense of: what is no number, no time, no regular expression. */
function checkLiterals(root: Node, functions: CelFunctions, expression: string): void {
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    waiting.push(...childrenOf(node));
    if (node.op !== "call" && node.op !== "rcall") continue;
    const args = node.op === "call" ? node.args[1] : node.args[2];
    const [first] = args;
    if (first === undefined || !args.every(isLiteral)) continue;
    const isConversion = node.op === "call" && CONVERSIONS.has(node.args[0]);
    const isMatch = node.op === "rcall" && ["matches", "find", "findAll"].includes(node.args[0]);
    if (!isConversion && !isMatch) continue;
    const nothing: Node = { op: "value", args: "", start: node.start, end: node.end };
    const tried: Node = node.op === "call" ? node : { ...node, args: [node.args[0], nothing, args] };
    try {
      evaluateNode(tried, { variables: new Map(), functions, budget: { left: MAX_CEL_CHARACTERS } });
    } catch (thrown) {
      throw wrong((thrown as Error).message, expression, first.start);
    }
  }
}

const isLiteral = (node: Node): boolean => node.op === "value" || (node.op === "-_" && node.args.op === "value");

/** Line and column, from 1, of a character. */
function wrong(reason: string, expression: string, start: number): EngineError {
  const before = expression.slice(0, start).split("\n");
  const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  return new ConfigurationError("ERR_EXPRESSION", `${place}: ${printable(reason, 300)}`);
}

function reasonOf(thrown: unknown): string {
  const { summary, message } = thrown as { readonly summary?: string; readonly message?: string };
  return summary ?? message?.split("\n")[0] ?? "it is no expression";
}

function startOf(thrown: unknown): number {
  return (thrown as { readonly range?: { readonly start: number } }).range?.start ?? 0;
}
