/** What the variables of one rule see, for one request: named values, each read when it is first asked for. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import { compileQuery, type FunctionTable, type Query } from "../expressions/mod.ts";

/** The names and values a variable may use. */
export interface VariableScope {
  /**
   * The value of a JMESPath expression.
   *
   * @throws {EngineError} `ERR_EXPRESSION`, `ERR_EXPRESSION_KEY`, or the code of an entry that could not be read; the
   * message is Kyverno's, without the place.
   */
  readonly query: (expression: string) => Promise<unknown>;
  /** The same names and some more; of two with one name the new one counts. */
  readonly with: (values: Readonly<Record<string, unknown>>) => VariableScope;
}

/** Reads a value when it is first asked for. The scope it is given knows all names, and that this one is being read. */
export type LazyValue = (scope: VariableScope) => Promise<unknown>;

/**
 * Makes a scope.
 *
 * @param values By name.
 * @param lazy Read at most once each, however often they are asked for; they hide `values` of the same name.
 */
export function createScope(
  values: Readonly<Record<string, unknown>>,
  lazy: ReadonlyMap<string, LazyValue>,
  functions: FunctionTable,
): VariableScope {
  const read = new Map<string, Promise<unknown>>();
  const scopeOf = (known: ReadonlyMap<string, unknown>, reading: readonly string[]): VariableScope => {
    const load = async (name: string): Promise<unknown> => {
      const loader = lazy.get(name);
      if (loader === undefined || known.has(name)) return known.get(name);
      if (reading.includes(name)) {
        const circle = [...reading.slice(reading.indexOf(name)), name].map((one) => printable(one, 80)).join(" → ");
        throw new ConfigurationError("ERR_VARIABLE", `context entries refer to one another in a circle: ${circle}`);
      }
      const started = read.get(name) ?? loader(scopeOf(known, [...reading, name]));
      read.set(name, started);
      return await started;
    };
    return {
      query: async (expression) => {
        const query = compile(expression.trim());
        const names = query.roots ?? new Set([...Object.keys(values), ...known.keys(), ...lazy.keys()]);
        const members: [string, unknown][] = [];
        for (const name of names) {
          if (known.has(name) || lazy.has(name)) members.push([name, await load(name)]);
          else if (Object.hasOwn(values, name)) members.push([name, values[name]]);
        }
        return evaluate(query, Object.fromEntries(members), functions);
      },
      with: (more) => scopeOf(new Map([...known, ...Object.entries(more)]), reading),
    };
  };
  return scopeOf(new Map(), []);
}

/** Expressions whose reading is kept; the one read longest ago goes first. */
export const MAX_KEPT_QUERIES = 1_024;

const kept = new Map<string, Query>();

/** Policies ask the same expressions with every request. */
function compile(expression: string): Query {
  if (expression === "") throw new ConfigurationError("ERR_EXPRESSION", "invalid query (nil)");
  const known = kept.get(expression);
  if (known !== undefined) return known;
  try {
    const query = compileQuery(expression);
    if (kept.size >= MAX_KEPT_QUERIES) kept.delete(kept.keys().next().value ?? "");
    kept.set(expression, query);
    return query;
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw new ConfigurationError(
      "ERR_EXPRESSION",
      `incorrect query ${printable(expression, 400)}: ${thrown.message}`,
      { cause: thrown },
    );
  }
}

function evaluate(query: Query, document: Readonly<Record<string, unknown>>, functions: FunctionTable): unknown {
  try {
    return query.evaluate(document, functions);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw new EngineError(thrown.code, `JMESPath query failed: ${thrown.message}`, { cause: thrown });
  }
}
