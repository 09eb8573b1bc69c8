/** Policy files → compiled policies: the table of apiVersion and kind, and what is wrong with the rest. */
import { parseYaml, printable, type YamlDocument } from "../encoding/mod.ts";
import { EngineError } from "../errors.ts";
import { compileClusterPolicy, type PolicyDocument } from "./cluster_policy.ts";
import { standInFor } from "./stand_in.ts";
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
  /**
   * In the order of the files and their documents; each that was taken has a name of its own. What stands in for one
   * that was not has {@link CompiledPolicy.problems}.
   */
  readonly policies: readonly CompiledPolicy[];
  /** PolicyExceptions, as the policies; they count where whoever evaluates says so. */
  readonly exceptions: readonly PolicyException[];
  /** Everything that was not taken. While there is one, somebody is not protected as they think. */
  readonly problems: readonly PolicyProblem[];
}

/** What became of a document. */
type Compiled = { readonly policy: CompiledPolicy } | { readonly exception: PolicyException };

type Document = Readonly<Record<string, unknown>>;

/** How documents of one kind are compiled, and what is made of one that cannot be. */
interface Kind {
  readonly compile: (value: Document, file: string, gate: Gate) => Compiled | undefined;
  /** Nothing for what only lets requests off: without it more is refused, not less. */
  readonly standIn?: (value: Document, file: string, problems: readonly PolicyProblem[]) => CompiledPolicy;
}

const policyOf = (version: PolicyDocument["version"], kind: PolicyDocument["kind"]): Kind => ({
  compile: (value, file, gate) => {
    const policy = compileClusterPolicy({ file, value, version, kind }, gate);
    return policy === undefined ? undefined : { policy };
  },
  standIn: (value, file, problems) => standInFor({ value, version, file, problems }),
});

const exceptionOf: Kind = {
  compile: (value, file, gate) => {
    const refuse: Gate["refuse"] = (path, reason, code = "ERR_POLICY_EXCEPTION") => gate.refuse(path, reason, code);
    const exception = readException(value, file, { ...gate, refuse });
    return exception === undefined ? undefined : { exception };
  },
};

/** Every kind that is known: apiVersion and kind → what becomes of its documents. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ["kyverno.io/v1 ClusterPolicy", policyOf("v1", "ClusterPolicy")],
  ["kyverno.io/v1 Policy", policyOf("v1", "Policy")],
  ["kyverno.io/v2beta1 ClusterPolicy", policyOf("v2beta1", "ClusterPolicy")],
  ["kyverno.io/v2beta1 Policy", policyOf("v2beta1", "Policy")],
  ["kyverno.io/v2beta1 PolicyException", exceptionOf],
  ["kyverno.io/v2 PolicyException", exceptionOf],
]);

/**
 * Compiles every policy in the files. A document that cannot be used becomes a problem and takes no other down; where
 * it may be a policy, something stands in for it that refuses what the policy may have been about.
 *
 * @param files Empty documents are passed over.
 * @param crypto Proves which of the certificates may vouch.
 */
export async function loadPolicies(files: readonly PolicyFile[], crypto: ProofPorts): Promise<LoadedPolicies> {
  const policies: CompiledPolicy[] = [];
  const names = new Map<string, CompiledPolicy>();
  const exceptions = new Map<string, PolicyException>();
  const problems: PolicyProblem[] = [];
  for (const file of files) {
    const source = printable(file.source);
    const refuse = (document: unknown, ...found: readonly PolicyProblem[]): void => {
      problems.push(...found);
      policies.push(...standInsFor(document, source, found));
    };
    for (const document of readDocuments(file.text, source, (problem) => refuse(undefined, problem))) {
      const gate = openGate(source, document.locate);
      const compiled = compileDocument(document.value, source, gate);
      await gate.settle(crypto);
      if (compiled === undefined || gate.problems.length > 0) {
        refuse(document.value, ...gate.problems);
        continue;
      }
      const first = "policy" in compiled ? keep(names, compiled.policy) : keep(exceptions, compiled.exception);
      if (first !== undefined) refuse(document.value, duplicate(first, compiled, source, document));
      else if ("policy" in compiled) policies.push(compiled.policy);
    }
  }
  return { policies, exceptions: [...exceptions.values()], problems };
}

function standInsFor(
  document: unknown,
  file: string,
  problems: readonly PolicyProblem[],
): readonly CompiledPolicy[] {
  const kind = kindOf(document);
  if (kind === undefined || !isRecord(document)) return [standInFor({ file, problems })];
  return kind.standIn === undefined ? [] : [kind.standIn(document, file, problems)];
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
  const known = kindOf(value);
  if (known === undefined) {
    const { apiVersion, kind } = value;
    const expected = [...KINDS.keys()].join(", ");
    const found = `${describe(apiVersion)} ${describe(kind)}`;
    return void gate.refuse([], `apiVersion and kind are ${found}, expected one of ${expected}`, "ERR_POLICY_KIND");
  }
  return known.compile(value, file, gate);
}

function kindOf(value: unknown): Kind | undefined {
  if (!isRecord(value)) return undefined;
  const { apiVersion, kind } = value;
  return typeof apiVersion === "string" && typeof kind === "string" ? KINDS.get(`${apiVersion} ${kind}`) : undefined;
}

function duplicate(first: Named, compiled: Compiled, file: string, { locate }: YamlDocument): PolicyProblem {
  const isPolicy = "policy" in compiled;
  const what = `${isPolicy ? "a policy" : "an exception"} "${first.name}" is already in ${first.source}`;
  const code = isPolicy ? "ERR_POLICY" : "ERR_POLICY_EXCEPTION";
  const reason = `${what}: one of them would stand for both`;
  return { file, ...locate(["metadata", "name"]), path: "metadata.name", code, reason };
}

/** The documents of a file; when one is no YAML, those that are. */
function readDocuments(text: string, source: string, refuse: Refuse): readonly YamlDocument[] {
  try {
    return parseYaml(text, source);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const parts = splitDocuments(text);
    if (parts.length > 1 && thrown.code !== "ERR_TOO_LARGE") {
      return parts.flatMap((part) => readPart(part, source, refuse));
    }
    refuse(problemOf(thrown, source, 0));
    return [];
  }
}

/** Takes what is wrong with a document that is no YAML. */
type Refuse = (problem: PolicyProblem) => void;

/** One document of a file. */
interface Part {
  readonly text: string;
  /** Lines of the file before it. */
  readonly before: number;
}

function readPart({ text, before }: Part, source: string, refuse: Refuse): readonly YamlDocument[] {
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
    refuse(problemOf(thrown, source, before));
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
