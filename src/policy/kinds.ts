/** Policy files → compiled policies: the table of apiVersion and kind, and what is wrong with the rest. */
import { parseYaml, printable, type YamlDocument } from "../encoding/mod.ts";
import { EngineError } from "../errors.ts";
import { compileClusterPolicy, type PolicyDocument } from "./cluster_policy.ts";
import { readException } from "./exception_fields.ts";
import type { PolicyException } from "./exceptions.ts";
import type { CompiledPolicy } from "./policy.ts";
import { describe, type Gate, isRecord, openGate, type PolicyProblem, type ProofPorts } from "./schema.ts";

/** Text of a file with policies: YAML documents or JSON. */
export interface PolicyFile {
  /** Names it in messages: its path. */
  readonly source: string;
  readonly text: string;
}

/** What became of policy files. */
export interface LoadedPolicies {
  /** In the order of the files and their documents; each has a name of its own. */
  readonly policies: readonly CompiledPolicy[];
  /** PolicyExceptions, as the policies; they count where whoever evaluates says so. */
  readonly exceptions: readonly PolicyException[];
  /** Everything that was not taken. While there is one, somebody is not protected as they think. */
  readonly problems: readonly PolicyProblem[];
}

/** What became of a document. */
type Compiled = { readonly policy: CompiledPolicy } | { readonly exception: PolicyException };

type Compile = (value: Readonly<Record<string, unknown>>, file: string, gate: Gate) => Compiled | undefined;

const policyOf = (version: PolicyDocument["version"], kind: PolicyDocument["kind"]): Compile => (value, file, gate) => {
  const policy = compileClusterPolicy({ file, value, version, kind }, gate);
  return policy === undefined ? undefined : { policy };
};

const exceptionOf: Compile = (value, file, gate) => {
  const refuse: Gate["refuse"] = (path, reason, code = "ERR_POLICY_EXCEPTION") => gate.refuse(path, reason, code);
  const exception = readException(value, file, { ...gate, refuse });
  return exception === undefined ? undefined : { exception };
};

/** Every kind that is known: apiVersion and kind → how it is compiled. */
const KINDS: ReadonlyMap<string, Compile> = new Map([
  ["kyverno.io/v1 ClusterPolicy", policyOf("v1", "ClusterPolicy")],
  ["kyverno.io/v1 Policy", policyOf("v1", "Policy")],
  ["kyverno.io/v2beta1 ClusterPolicy", policyOf("v2beta1", "ClusterPolicy")],
  ["kyverno.io/v2beta1 Policy", policyOf("v2beta1", "Policy")],
  ["kyverno.io/v2beta1 PolicyException", exceptionOf],
  ["kyverno.io/v2 PolicyException", exceptionOf],
]);

/**
 * Compiles every policy in the files. A document that cannot be used becomes a problem and takes no other down.
 *
 * @param files Empty documents are passed over.
 * @param crypto Proves which of the certificates may vouch.
 */
export async function loadPolicies(files: readonly PolicyFile[], crypto: ProofPorts): Promise<LoadedPolicies> {
  const policies = new Map<string, CompiledPolicy>();
  const exceptions = new Map<string, PolicyException>();
  const problems: PolicyProblem[] = [];
  for (const file of files) {
    const source = printable(file.source);
    for (const document of readDocuments(file.text, source, problems)) {
      const gate = openGate(source, document.locate);
      const compiled = compileDocument(document.value, source, gate);
      await gate.settle(crypto);
      problems.push(...gate.problems);
      if (compiled === undefined || gate.problems.length > 0) continue;
      const first = "policy" in compiled ? keep(policies, compiled.policy) : keep(exceptions, compiled.exception);
      if (first !== undefined) problems.push(duplicate(first, compiled, source, document));
    }
  }
  return { policies: [...policies.values()], exceptions: [...exceptions.values()], problems };
}

/**
 * Keeps what has a name of its own.
 *
 * @returns What has the name already.
 */
function keep<T extends Named>(named: Map<string, T>, one: T): T | undefined {
  const key = `${one.namespace}/${one.name}`;
  const first = named.get(key);
  if (first === undefined) named.set(key, one);
  return first;
}

type Named = Pick<CompiledPolicy, "name" | "namespace" | "source">;

function compileDocument(value: unknown, file: string, gate: Gate): Compiled | undefined {
  if (!isRecord(value)) {
    return void gate.refuse([], `${describe(value)}, expected a policy`, "ERR_POLICY_KIND");
  }
  const { apiVersion, kind } = value;
  const compile = typeof apiVersion === "string" && typeof kind === "string"
    ? KINDS.get(`${apiVersion} ${kind}`)
    : undefined;
  if (compile === undefined) {
    const expected = [...KINDS.keys()].join(", ");
    const found = `${describe(apiVersion)} ${describe(kind)}`;
    return void gate.refuse([], `apiVersion and kind are ${found}, expected one of ${expected}`, "ERR_POLICY_KIND");
  }
  return compile(value, file, gate);
}

function duplicate(first: Named, compiled: Compiled, file: string, { locate }: YamlDocument): PolicyProblem {
  const isPolicy = "policy" in compiled;
  const what = `${isPolicy ? "a policy" : "an exception"} "${first.name}" is already in ${first.source}`;
  const code = isPolicy ? "ERR_POLICY" : "ERR_POLICY_EXCEPTION";
  const reason = `${what}: one of them would stand for both`;
  return { file, ...locate(["metadata", "name"]), path: "metadata.name", code, reason };
}

/** The documents of a file; when one is no YAML, those that are. */
function readDocuments(text: string, source: string, problems: PolicyProblem[]): readonly YamlDocument[] {
  try {
    return parseYaml(text, source);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const parts = splitDocuments(text);
    if (parts.length > 1 && thrown.code !== "ERR_TOO_LARGE") {
      return parts.flatMap((part) => readPart(part, source, problems));
    }
    problems.push(problemOf(thrown, source, 0));
    return [];
  }
}

/** One document of a file. */
interface Part {
  readonly text: string;
  /** Lines of the file before it. */
  readonly before: number;
}

function readPart({ text, before }: Part, source: string, problems: PolicyProblem[]): readonly YamlDocument[] {
  try {
    return parseYaml(text, source).map((document) => ({
      ...document,
      locate: (path) => {
        const { line, column } = document.locate(path);
        return { line: line + before, column };
      },
    }));
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    problems.push(problemOf(thrown, source, before));
    return [];
  }
}

function splitDocuments(text: string): readonly Part[] {
  const lines = text.split("\n");
  // At the beginning of a line this begins a document, even inside a text.
  const starts = lines.flatMap((line, index) => /^---(?:\s|$)/.test(line) ? [index] : []);
  const edges = [0, ...starts.filter((start) => start > 0), lines.length];
  return edges.slice(0, -1).map((before, index) => ({
    text: lines.slice(before, edges[index + 1]).join("\n"),
    before,
  }));
}

function problemOf(error: EngineError, source: string, before: number): PolicyProblem {
  const prefix = `Cannot parse ${source}:`;
  const rest = error.message.startsWith(prefix) ? error.message.slice(prefix.length) : "";
  const [, line = "1", column = "1", reason = error.message] = /^(\d+):(\d+): (.*)$/s.exec(rest) ?? [];
  return { file: source, line: Number(line) + before, column: Number(column), path: "", code: error.code, reason };
}
