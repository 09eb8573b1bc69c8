/** What the variables of one rule see, for one request: named values, each read when it is first asked for. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import { compileQuery, type FunctionTable, type Query, type StepMeter } from "../expressions/mod.ts";

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
  /** The same names and some more; of two with one name the old one counts. */
  readonly beneath: (values: Readonly<Record<string, unknown>>) => VariableScope;
  /** The same names and one more, whose value is read at most once; it sees the names there were before it. */
  readonly withLazy: (name: string, read: LazyValue) => VariableScope;
  /** The same names; calls back whenever a value is read that whoever asks has a say in. */
  readonly watched: (isChosen: () => void) => VariableScope;
  /** Is told of steps that are taken with values, beside those of expressions. */
  readonly spend: StepMeter;
  /** The value of an expression over a document of its own, with this scope's functions; messages are bare. */
  readonly search: (expression: string, document: unknown) => unknown;
}

/** Reads a value when it is first asked for. */
export type LazyValue = (scope: VariableScope) => Promise<unknown>;

/** A value, or how it is read for an expression that names it. */
type Source = ({ readonly value: unknown } | { readonly read: (expression: string) => Promise<unknown> }) & {
  /** Whether whoever asks has a say in it; known once it was read. */
  readonly isChosen: () => boolean;
};

/**
 * Makes a scope.
 *
 * @param values By name.
 * @param perExpression Values that depend on what is asked of them.
 * @param meter Is told of every step of an evaluation.
 */
export function createScope(
  values: Readonly<Record<string, unknown>>,
  functions: FunctionTable,
  perExpression: Readonly<Record<string, (expression: string) => Promise<unknown>>> = {},
  meter?: StepMeter,
): VariableScope {
  return scopeOf(
    () =>
      new Map([
        ...sourcesOf(values),
        ...Object.entries(perExpression).map(([name, read]): [string, Source] => [name, { read, isChosen: always }]),
      ]),
    {
      run: (query, document) => query.evaluate(document, functions, meter),
      spend: (steps) => meter?.(steps),
      touch: () => undefined,
    },
  );
}

const always = (): boolean => true;

/** Evaluates a query over a document. */
type Run = (query: Query, document: unknown) => unknown;

/** How a scope evaluates, and whom it tells. */
interface Evaluator {
  readonly run: Run;
  readonly spend: StepMeter;
  /** Is called when a value is read that whoever asks has a say in. */
  readonly touch: () => void;
}

/** @param list Lists the sources once somebody asks: most rules have no variable, and pay for none. */
function scopeOf(list: () => ReadonlyMap<string, Source>, evaluator: Evaluator): VariableScope {
  const { run, spend, touch } = evaluator;
  let listed: ReadonlyMap<string, Source> | undefined;
  const sources = () => listed ??= list();
  const scope: VariableScope = {
    query: async (expression) => {
      const query = compile(expression.trim());
      const known = sources();
      const members: [string, unknown][] = [];
      for (const name of query.roots ?? known.keys()) {
        const source = known.get(name);
        if (source === undefined) continue;
        try {
          members.push([name, "value" in source ? source.value : await source.read(expression)]);
        } finally {
          if (source.isChosen()) touch();
        }
      }
      return evaluate(query, Object.fromEntries(members), run);
    },
    with: (more) => scopeOf(() => new Map([...sources(), ...sourcesOf(more)]), evaluator),
    beneath: (more) => scopeOf(() => new Map([...sourcesOf(more), ...sources()]), evaluator),
    withLazy: (name, read) => {
      let started: Promise<unknown> | undefined;
      let chosen = false;
      const before = scope.watched(() => chosen = true);
      const source: Source = { read: () => started ??= read(before), isChosen: () => chosen };
      return scopeOf(() => new Map([...sources(), [name, source]]), evaluator);
    },
    watched: (isChosen) => scopeOf(sources, { ...evaluator, touch: isChosen }),
    spend,
    search: (expression, document) => run(keepQuery(expression), document),
  };
  return scope;
}

const sourcesOf = (values: Readonly<Record<string, unknown>>): readonly [string, Source][] =>
  Object.entries(values).map(([name, value]) => [name, { value, isChosen: always }]);

/** Expressions whose reading is kept; the one read longest ago goes first. */
export const MAX_KEPT_QUERIES = 1_024;

const kept = new Map<string, Query>();

/** Policies ask the same expressions with every request. */
function keepQuery(expression: string): Query {
  const known = kept.get(expression);
  if (known !== undefined) return known;
  const query = compileQuery(expression);
  if (kept.size >= MAX_KEPT_QUERIES) kept.delete(kept.keys().next().value ?? "");
  kept.set(expression, query);
  return query;
}

function compile(expression: string): Query {
  if (expression === "") throw new ConfigurationError("ERR_EXPRESSION", "invalid query (nil)");
  try {
    return keepQuery(expression);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw new ConfigurationError(
      "ERR_EXPRESSION",
      `incorrect query ${printable(expression, 400)}: ${thrown.message}`,
      { cause: thrown },
    );
  }
}

function evaluate(query: Query, document: Readonly<Record<string, unknown>>, run: Run): unknown {
  try {
    return run(query, document);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw new EngineError(thrown.code, `JMESPath query failed: ${thrown.message}`, { cause: thrown });
  }
}
