/** Context entries of type `apiCall`: what the API server answers at a path. */
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import { type ContextEntry, type ContextSources, inOtherWords, isAbsence } from "../context.ts";
import { CONTEXT_REFUSALS } from "../message.ts";
import { enforced, type FieldTable, oneOf, type Reader, readFields, refused, text } from "../schema.ts";
import type { VariableScope } from "../scope.ts";
import { hasVariable, substituteInExpression } from "../variables.ts";
import { queryText } from "./query.ts";
import { faultOfPath, fillPath } from "./url_path.ts";

const urlPath = (own: string): Reader<string> => (value, path, gate) => {
  const found = text(value, path, gate);
  if (found === undefined || hasVariable(found)) return found;
  const fault = faultOfPath(found, own);
  return fault === undefined ? found : void gate.refuse(path, fault);
};

const tableOf = (own: string) => ({
  urlPath: enforced(urlPath(own)),
  method: enforced(oneOf("GET")),
  jmesPath: enforced(queryText),
  default: enforced<{ readonly given: unknown }>((given) => ({ given })),
  data: refused("only GET is asked of the cluster: a request with a body could change it"),
  service: refused("services are not called: where a policy's variables come from would be anybody's to answer"),
} satisfies FieldTable);

/**
 * Reads `apiCall`.
 *
 * @param own Namespace of the policy, the only one it may read from; `""` for a ClusterPolicy.
 */
export const apiCallEntry = (own: string): Reader<(name: string) => ContextEntry["load"]> => (value, path, gate) => {
  const before = gate.problems.length;
  const fields = readFields(value, path, tableOf(own), gate);
  if (fields === undefined || gate.problems.length > before) return undefined;
  const { urlPath: address = "", jmesPath = "", default: fallback } = fields;
  if (address === "") return void gate.refuse(path, CONTEXT_REFUSALS.urlPath);
  return (name) => async (scope, sources) => {
    const answer = await inOtherWords(
      () => fetchAnswer(name, { address, own, fallback }, scope, sources),
      (message) => `failed to fetch data for APICall: ${message}`,
    );
    return await inOtherWords(
      () => store(name, answer, jmesPath, scope, sources),
      (message) => `failed to store data for APICall: ${message}`,
    );
  };
};

/** What was answered, or stands for it. */
interface Answer {
  readonly value: unknown;
  readonly isDefault: boolean;
}

/** What is asked. */
interface Question {
  readonly address: string;
  readonly own: string;
  readonly fallback: { readonly given: unknown } | undefined;
}

async function fetchAnswer(
  name: string,
  { address, own, fallback }: Question,
  scope: VariableScope,
  { ports, signal }: ContextSources,
): Promise<Answer> {
  const path = await inOtherWords(
    () => fillPath(address, scope),
    (message) => `failed to substitute variables in context entry ${name} ${printable(address, 400)}: ${message}`,
  );
  try {
    const value = await inOtherWords(
      async () => {
        const fault = faultOfPath(path, own);
        if (fault !== undefined) throw new ConfigurationError("ERR_CLUSTER_PATH", fault);
        if (ports.cluster === undefined) {
          throw new ConfigurationError("ERR_CLUSTER_MISSING", "no cluster is known here that could be asked");
        }
        const found = await ports.cluster.read(path, { signal });
        if (found !== undefined) return found;
        throw new ConfigurationError("ERR_VARIABLE", "the server could not find the requested resource");
      },
      (message) => `failed to GET resource with raw url\n: ${printable(path, 400)}: ${message}`,
    );
    return { value, isDefault: false };
  } catch (thrown) {
    if (fallback === undefined || !isAbsence(thrown)) throw thrown;
    return { value: fallback.given, isDefault: true };
  }
}

async function store(
  name: string,
  { value, isDefault }: Answer,
  jmesPath: string,
  scope: VariableScope,
  { charge }: ContextSources,
): Promise<unknown> {
  if (jmesPath === "" || isDefault) {
    return await inOtherWords(
      () => (charge(value), value),
      (message) => `failed to add resource data to context entry ${name}: ${message}`,
    );
  }
  const query = await inOtherWords(
    () => substituteInExpression(jmesPath, scope, ""),
    (message) =>
      `failed to substitute variables in context entry ${name} JMESPath ${printable(jmesPath, 400)}: ${message}`,
  );
  const found = await inOtherWords(
    () => {
      if (typeof query === "string") return scope.search(query, value);
      throw new ConfigurationError("ERR_EXPRESSION", "it is no text");
    },
    (message) => `failed to apply JMESPath ${printable(String(query), 400)} for context entry ${name}: ${message}`,
  );
  return await inOtherWords(
    () => (charge(found), found),
    (message) => `failed to add APICall results for context entry ${name}: ${message}`,
  );
}
