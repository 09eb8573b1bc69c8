/**
 * Context entries of type `variable`: a value, or a query over what is known, and what stands for it when there is
 * none.
 */
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import { type ContextEntry, inOtherWords, isAbsence } from "../context.ts";
import { formatGoValue } from "../go_value.ts";
import { CONTEXT_REFUSALS } from "../message.ts";
import { enforced, type FieldTable, type Reader, readFields } from "../schema.ts";
import type { VariableScope } from "../scope.ts";
import { substitute, substituteInExpression } from "../variables.ts";
import { queryText } from "./query.ts";

/** A value that may be anything, so that it is told from one that is not there. */
const anything: Reader<{ readonly given: unknown }> = (given) => ({ given });

const VARIABLE = {
  value: enforced(anything),
  jmesPath: enforced(queryText),
  default: enforced(anything),
} satisfies FieldTable;

/** Reads `variable`. */
export const variableEntry: Reader<(name: string) => ContextEntry["load"]> = (value, path, gate) => {
  const fields = readFields(value, path, VARIABLE, gate);
  if (fields === undefined) return undefined;
  const { value: given, jmesPath = "", default: fallback } = fields;
  if (given === undefined && jmesPath === "") return void gate.refuse(path, CONTEXT_REFUSALS.valueOrQuery);
  if (fallback !== undefined && jmesPath === "") return void gate.refuse(path, CONTEXT_REFUSALS.defaultWithoutQuery);
  return (name) => async (scope, { charge }) => {
    const found = await evaluate(name, { given, jmesPath, fallback }, scope);
    if (found === null || found === undefined) {
      throw new ConfigurationError(
        "ERR_VARIABLE",
        `failed to add context entry for variable ${name} since it evaluated to nil`,
      );
    }
    charge(found);
    return found;
  };
};

interface VariableFields {
  readonly given: { readonly given: unknown } | undefined;
  readonly jmesPath: string;
  readonly fallback: { readonly given: unknown } | undefined;
}

async function evaluate(
  name: string,
  { given, jmesPath, fallback }: VariableFields,
  scope: VariableScope,
): Promise<unknown> {
  const put = <T>(value: unknown, work: () => Promise<T>) =>
    inOtherWords(
      work,
      (message) =>
        `failed to substitute variables in context entry ${name} ${printable(formatGoValue(value), 400)}: ${message}`,
    );
  const putValue = (value: unknown) => put(value, () => substitute(value, scope, ""));
  const query = jmesPath === "" ? "" : await put(jmesPath, () => substituteInExpression(jmesPath, scope, ""));
  if (typeof query !== "string") {
    const shown = printable(jmesPath, 400);
    throw new ConfigurationError("ERR_VARIABLE", `jmespath value must be a string ${name} ${shown}: <nil>`);
  }
  const otherwise = fallback === undefined ? null : await putValue(fallback.given);
  const value = given === undefined ? undefined : await putValue(given.given);
  if (query === "") return value;
  try {
    // A query over what is known that finds nothing leaves the default; over a value of its own, `null` is the answer.
    return given === undefined ? await scope.query(query) ?? otherwise : scope.search(query, value);
  } catch (thrown) {
    if (!isAbsence(thrown) || otherwise === null) {
      return await inOtherWords(
        () => Promise.reject(thrown),
        (message) => `failed to apply jmespath ${printable(query, 400)} to variable <nil>: ${message}`,
      );
    }
    return otherwise;
  }
}
