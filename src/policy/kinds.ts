/** Policy files → compiled policies: the table of apiVersion and kind, and what is wrong with the rest. */
import { parseYaml, printable, type YamlDocument } from "../encoding/mod.ts";
import { EngineError } from "../errors.ts";
import { compileClusterPolicy, type PolicyDocument } from "./cluster_policy.ts";
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
  /** Everything that was not taken. While there is one, somebody is not protected as they think. */
  readonly problems: readonly PolicyProblem[];
}

type Compile = (document: PolicyDocument, gate: Gate) => CompiledPolicy | undefined;

/** Every kind that is known: apiVersion and kind → how it is compiled. */
const KINDS:
  readonly (Pick<PolicyDocument, "version" | "kind"> & { readonly apiVersion: string; readonly compile: Compile })[] = [
    { apiVersion: "kyverno.io/v1", version: "v1", kind: "ClusterPolicy", compile: compileClusterPolicy },
    { apiVersion: "kyverno.io/v1", version: "v1", kind: "Policy", compile: compileClusterPolicy },
    { apiVersion: "kyverno.io/v2beta1", version: "v2beta1", kind: "ClusterPolicy", compile: compileClusterPolicy },
    { apiVersion: "kyverno.io/v2beta1", version: "v2beta1", kind: "Policy", compile: compileClusterPolicy },
  ];

/**
 * Compiles every policy in the files. A document that cannot be used becomes a problem and takes no other down.
 *
 * @param files Empty documents are passed over.
 * @param crypto Proves which of the certificates may vouch.
 */
export async function loadPolicies(files: readonly PolicyFile[], crypto: ProofPorts): Promise<LoadedPolicies> {
  const policies = new Map<string, CompiledPolicy>();
  const problems: PolicyProblem[] = [];
  for (const file of files) {
    const source = printable(file.source);
    for (const document of readDocuments(file.text, source, problems)) {
      const gate = openGate(source, document.locate);
      const policy = compileDocument(document.value, source, gate);
      await gate.settle(crypto);
      problems.push(...gate.problems);
      if (policy === undefined || gate.problems.length > 0) continue;
      const key = `${policy.namespace}/${policy.name}`;
      const first = policies.get(key);
      if (first === undefined) policies.set(key, policy);
      else problems.push(duplicate(policy, first, source, document));
    }
  }
  return { policies: [...policies.values()], problems };
}

function compileDocument(value: unknown, file: string, gate: Gate): CompiledPolicy | undefined {
  if (!isRecord(value)) {
    return void gate.refuse([], `${describe(value)}, expected a policy`, "ERR_POLICY_KIND");
  }
  const { apiVersion, kind } = value;
  const known = KINDS.find((one) => one.apiVersion === apiVersion && one.kind === kind);
  if (known === undefined) {
    const expected = [...new Set(KINDS.map((one) => `${one.apiVersion} ${one.kind}`))].join(", ");
    const found = `${describe(apiVersion)} ${describe(kind)}`;
    return void gate.refuse([], `apiVersion and kind are ${found}, expected one of ${expected}`, "ERR_POLICY_KIND");
  }
  return known.compile({ file, value, version: known.version, kind: known.kind }, gate);
}

function duplicate(
  policy: CompiledPolicy,
  first: CompiledPolicy,
  file: string,
  { locate }: YamlDocument,
): PolicyProblem {
  const reason = `a policy "${policy.name}" is already in ${first.source}: one of them would stand for both`;
  return { file, ...locate(["metadata", "name"]), path: "metadata.name", code: "ERR_POLICY", reason };
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
