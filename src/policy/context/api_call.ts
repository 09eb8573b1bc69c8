/** Context entries of type `apiCall`: what the API server answers at a path. */
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import { type ContextEntry, type ContextSources, inOtherWords, isAbsence } from "../context.ts";
import { CONTEXT_REFUSALS } from "../message.ts";
import { enforced, type FieldTable, oneOf, type Reader, readFields, refused, text } from "../schema.ts";
import type { VariableScope } from "../scope.ts";
import { hasVariable, substitute } from "../variables.ts";
import { queryText } from "./query.ts";

/** Characters of a path at most, once its variables are put in. */
export const MAX_PATH_CHARACTERS = 4_096;

const urlPath: Reader<string> = (value, path, gate) => {
  const found = text(value, path, gate);
  if (found === undefined || hasVariable(found)) return found;
  const fault = faultOf(found);
  return fault === undefined ? found : void gate.refuse(path, fault);
};

const API_CALL = {
  urlPath: enforced(urlPath),
  method: enforced(oneOf("GET")),
  jmesPath: enforced(queryText),
  default: enforced<{ readonly given: unknown }>((given) => ({ given })),
  data: refused("only GET is asked of the cluster: a request with a body could change it"),
  service: refused("services are not called: where a policy's variables come from would be anybody's to answer"),
} satisfies FieldTable;

/** Reads `apiCall`. */
export const apiCallEntry: Reader<(name: string) => ContextEntry["load"]> = (value, path, gate) => {
  const before = gate.problems.length;
  const fields = readFields(value, path, API_CALL, gate);
  if (fields === undefined || gate.problems.length > before) return undefined;
  const { urlPath: address = "", jmesPath = "", default: fallback } = fields;
  if (address === "") return void gate.refuse(path, CONTEXT_REFUSALS.urlPath);
  return (name) => async (scope, sources) => {
    const answer = await inOtherWords(
      () => fetchAnswer(name, address, fallback, scope, sources),
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

async function fetchAnswer(
  name: string,
  address: string,
  fallback: { readonly given: unknown } | undefined,
  scope: VariableScope,
  { ports, signal }: ContextSources,
): Promise<Answer> {
  const path = await inOtherWords(
    () => substitute(address, scope, "/urlPath"),
    (message) => `failed to substitute variables in context entry ${name} ${printable(address, 400)}: ${message}`,
  );
  try {
    const value = await inOtherWords(
      async () => {
        const fault = typeof path === "string" ? faultOf(path) : "it is no text";
        if (typeof path !== "string" || fault !== undefined) {
          throw new ConfigurationError("ERR_POLICY_FIELD", fault ?? "");
        }
        if (ports.cluster === undefined) {
          throw new ConfigurationError("ERR_CLUSTER_MISSING", "no cluster is known here that could be asked");
        }
        const found = await ports.cluster.read(path, { signal });
        if (found !== undefined) return found;
        throw new ConfigurationError("ERR_VARIABLE", "the server could not find the requested resource");
      },
      (message) => `failed to GET resource with raw url\n: ${printable(String(path), 400)}: ${message}`,
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
    () => substitute(jmesPath, scope, ""),
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

/**
 * What is wrong with a path. Steps up are, in every spelling that a URL knows: what a Pod's author writes into a variable
 * must not lead to another resource than the policy's author chose.
 */
function faultOf(path: string): string | undefined {
  if (path.length > MAX_PATH_CHARACTERS) return `${path.length} characters, expected at most ${MAX_PATH_CHARACTERS}`;
  if (!/^\/[\x21-\x7e]*$/.test(path) || /[\\#]/.test(path)) {
    return 'it is no path of the API, expected "/" and printable ASCII without "#" and "\\"';
  }
  const [plain = ""] = path.split("?");
  const steps = plain.split("/").map((step) => step.replace(/%2e/gi, "."));
  return steps.some((step) => step === "." || step === "..") ? 'it has a step "." or "..", expected none' : undefined;
}
