/**
 * `webhookConfiguration.matchConditions`: CEL that says of a request whether the policy is asked (Kubernetes, "Matching
 * requests: matchConditions").
 */
import { type CelProgram, loadCel } from "../expressions/mod.ts";
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import { QUANTITY_CEL_FUNCTIONS } from "./functions/cel_quantity.ts";
import { POLICY_REFUSALS } from "./message.ts";
import type { KubernetesObject, PolicyRequest } from "./policy.ts";
import { enforced, type FieldTable, listOf, type Reader, readFields, text } from "./schema.ts";

/** Conditions of a policy at most, as the API server has it. */
export const MAX_MATCH_CONDITIONS = 64;

/** Steps that all conditions of a policy may take together for one request. */
export const MAX_MATCH_CONDITION_STEPS = 2_500_000;

/** One condition as read. */
interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

/** Conditions, ready to be asked. */
export interface MatchConditions {
  /**
   * Whether all hold, found out once for each request. One that does not settles it, whatever others fail with.
   *
   * @throws {ConfigurationError} `ERR_EXPRESSION` when one fails and none is false.
   * @throws {EngineError} `ERR_TOO_LARGE` beyond {@link MAX_MATCH_CONDITION_STEPS}, whatever failed before.
   */
  readonly hold: (request: PolicyRequest) => Promise<boolean>;
}

const GROUP_VERSION_KIND = { group: "string", version: "string", kind: "string" };
const GROUP_VERSION_RESOURCE = { group: "string", version: "string", resource: "string" };

/** What conditions may name, as the API server types it. */
export const MATCH_VARIABLES = {
  object: "dyn",
  oldObject: "dyn",
  request: {
    kind: GROUP_VERSION_KIND,
    resource: GROUP_VERSION_RESOURCE,
    subResource: "string",
    requestKind: GROUP_VERSION_KIND,
    requestResource: GROUP_VERSION_RESOURCE,
    requestSubResource: "string",
    name: "string",
    namespace: "string",
    operation: "string",
    userInfo: {
      username: "string",
      uid: "string",
      groups: "list<string>",
      extra: "map<string, list<string>>",
    },
    dryRun: "bool",
    options: "dyn",
  },
} as const;

const CONDITION = { name: enforced(text), expression: enforced(text) } satisfies FieldTable;

const condition: Reader<MatchCondition> = (value, path, gate) => {
  const fields = readFields(value, path, CONDITION, gate);
  if (fields === undefined) return undefined;
  const { name = "", expression = "" } = fields;
  if (name === "" || expression === "") return void gate.refuse(path, "a match condition needs name and expression");
  return { name, expression };
};

/** Reads `matchConditions`; whether they are expressions is proven when the gate settles. */
export const matchConditions: Reader<MatchConditions> = (value, path, gate) => {
  const before = gate.problems.length;
  const conditions = listOf(condition)(value, path, gate) ?? [];
  if (conditions.length > MAX_MATCH_CONDITIONS) {
    return void gate.refuse(path, `${conditions.length} match conditions, expected at most ${MAX_MATCH_CONDITIONS}`);
  }
  for (const [index, { name }] of conditions.entries()) {
    if (conditions.findIndex((one) => one.name === name) === index) continue;
    gate.refuse([...path, index, "name"], `a match condition "${printable(name, 80)}" is already there`);
  }
  if (gate.problems.length > before) return undefined;
  const programs = conditions.map(({ expression }) => lazily(() => compileCondition(expression)));
  for (const [index, program] of programs.entries()) {
    gate.prove([...path, index, "expression"], async () => {
      try {
        return void await program();
      } catch (thrown) {
        if (!(thrown instanceof EngineError)) throw thrown;
        return { reason: POLICY_REFUSALS.matchCondition(thrown.message), code: thrown.code };
      }
    });
  }
  const compiled = lazily(() => Promise.all(programs.map((program) => program())));
  const answers = new WeakMap<PolicyRequest, Promise<boolean>>();
  return {
    hold: (request) => {
      const known = answers.get(request);
      if (known !== undefined) return known;
      const answer = compiled().then((all) => evaluateAll(conditions, all, request));
      answers.set(request, answer);
      return answer;
    },
  };
};

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}

const compiler = lazily(() => loadCel({ variables: MATCH_VARIABLES, functions: QUANTITY_CEL_FUNCTIONS }));

async function compileCondition(expression: string): Promise<CelProgram> {
  const program = (await compiler())(expression);
  if (program.type === "bool") return program;
  throw new ConfigurationError("ERR_EXPRESSION", `must evaluate to bool but got ${program.type}`);
}

function evaluateAll(
  conditions: readonly MatchCondition[],
  programs: readonly CelProgram[],
  request: PolicyRequest,
): boolean {
  const { object = null, oldObject = null } = request;
  const variables = { object, oldObject, request: requestOf(request) };
  const budget = { left: MAX_MATCH_CONDITION_STEPS };
  const failures: EngineError[] = [];
  for (const [index, program] of programs.entries()) {
    try {
      if (program.evaluate(variables, budget) === false) return false;
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      const name = printable(conditions[index]?.name ?? "", 80);
      const failure = new EngineError(thrown.code, `match condition "${name}": ${thrown.message}`, { cause: thrown });
      // What took too long once would take it again.
      if (thrown.code === "ERR_TOO_LARGE") throw failure;
      failures.push(failure);
    }
  }
  if (failures[0] !== undefined) throw failures[0];
  return true;
}

/** The AdmissionRequest without the objects, which have names of their own. */
function requestOf(request: PolicyRequest): KubernetesObject {
  const { group, version, kind, subresource, namespace, name, operation, userInfo, dryRun } = request;
  const { object: _, oldObject: __, uid: ___, ...given } = request.admissionRequest ?? {};
  return {
    ...(subresource === "" ? {} : { subResource: subresource }),
    ...(namespace === "" ? {} : { namespace }),
    ...given,
    kind: { group, version, kind },
    name,
    operation,
    userInfo: given["userInfo"] ?? userInfo,
    dryRun,
  };
}
