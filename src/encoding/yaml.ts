/**
 * YAML documents with the line and column of every node; the only importer of the YAML library.
 *
 * The schema is the one Kubernetes reads manifests with, so that a document means here what it means to `kubectl apply`:
 * YAML 1.2's core, and from YAML 1.1 `yes`, `no`, `on`, `off`, `y`, `n` as booleans, a leading zero for octal integers,
 * and merge keys (`<<`). Duplicate keys, unknown tags and aliases that multiply are refused.
 */
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, Scalar, type ScalarTag } from "yaml";
import type { Document, ParsedNode } from "yaml";
import { ConfigurationError } from "../errors.ts";
import { printable } from "./text.ts";

/** Characters of YAML text read at most. */
export const MAX_YAML_BYTES = 4 * 1024 * 1024;
/** Documents of one text read at most. */
export const MAX_YAML_DOCUMENTS = 1000;
/** Nodes that aliases may expand to, as the library counts them. */
export const MAX_YAML_ALIASES = 100;
/** Levels of nesting read at most. */
export const MAX_YAML_DEPTH = 100;

/** Where a node begins, both from 1. */
export interface YamlPosition {
  readonly line: number;
  readonly column: number;
}

/** One document of a YAML text; empty documents are left out. */
export interface YamlDocument {
  /** From 1, empty documents counted. */
  readonly index: number;
  /** Objects, arrays, strings, numbers, booleans and null. */
  readonly value: unknown;
  /** Where the value at a path begins; where its nearest existing ancestor does when there is none. */
  readonly locate: (path: readonly (string | number)[]) => YamlPosition;
}

const BOOLEAN = /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/;
const OCTAL = /^[-+]?0[0-7_]+$/;

const kubernetesBoolean: ScalarTag = {
  identify: () => false,
  default: true,
  tag: "tag:yaml.org,2002:bool",
  test: BOOLEAN,
  resolve: (text) => /^[yY]|^[oO][nN]$/.test(text),
};

const kubernetesOctal: ScalarTag = {
  identify: () => false,
  default: true,
  tag: "tag:yaml.org,2002:int",
  test: OCTAL,
  resolve: (text) => {
    const digits = text.replace(/[-+_]/g, "");
    return (text.startsWith("-") ? -1 : 1) * Number.parseInt(digits, 8);
  },
};

function refuse(source: string, position: YamlPosition, what: string, cause?: unknown): never {
  throw new ConfigurationError(
    "ERR_YAML",
    `Cannot parse ${printable(source)}:${position.line}:${position.column}: ${what}`,
    { cause },
  );
}

/**
 * The documents of a YAML text in their order.
 *
 * @param text YAML; JSON is YAML too.
 * @param source Names the text in messages: a file.
 * @throws {ConfigurationError} `ERR_YAML` as `source:line:column`; `ERR_TOO_LARGE` beyond {@link MAX_YAML_BYTES}.
 */
export function parseYaml(text: string, source: string): readonly YamlDocument[] {
  if (text.length > MAX_YAML_BYTES) {
    throw new ConfigurationError(
      "ERR_TOO_LARGE",
      `Cannot parse ${printable(source)}: ${text.length} characters, expected at most ${MAX_YAML_BYTES}`,
    );
  }
  const lineCounter = new LineCounter();
  const position = (offset: number): YamlPosition => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const parsed = parseDocuments(text, source, lineCounter);
  if (parsed.length > MAX_YAML_DOCUMENTS) {
    refuse(source, { line: 1, column: 1 }, `${parsed.length} documents, expected at most ${MAX_YAML_DOCUMENTS}`);
  }
  const documents: YamlDocument[] = [];
  for (const [at, document] of parsed.entries()) {
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) refuse(source, position(problem.pos[0]), printable(problem.message, 200), problem);
    const root = document.contents as ParsedNode | null;
    if (root === null || (isScalar(root) && root.value === null)) continue;
    documents.push({
      index: at + 1,
      value: toValue(document, source, position(root.range[0])),
      locate: (path) => position(offsetOf(document, path)),
    });
  }
  return documents;
}

function parseDocuments(text: string, source: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  try {
    const documents = parseAllDocuments(text, {
      lineCounter,
      prettyErrors: false,
      logLevel: "silent",
      schema: "core",
      merge: true,
      strict: true,
      uniqueKeys: true,
      customTags: (tags) => [kubernetesBoolean, kubernetesOctal, ...tags],
    });
    return documents as readonly Document.Parsed[];
  } catch (cause) {
    // The library recurses: text nested deeper than the stack is the one way to make it throw.
    refuse(source, { line: 1, column: 1 }, "nested too deeply", cause);
  }
}

function toValue(document: Document.Parsed, source: string, start: YamlPosition): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_YAML_ALIASES });
  } catch (cause) {
    refuse(source, start, printable(cause instanceof Error ? cause.message : String(cause), 200), cause);
  }
  if (isDeeper(value, MAX_YAML_DEPTH)) refuse(source, start, `more than ${MAX_YAML_DEPTH} levels of nesting`);
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** Offset of the node at the path, or of the last one on the way to it. */
function offsetOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of [undefined, ...path]) {
    if (step !== undefined) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => keyText(key) === String(step));
        if (pair === undefined) return offset;
        node = pair.value ?? pair.key;
        // The key of a pair is what people look for; its value may be lines below.
        if (isNode(pair.key) && pair.key.range) offset = pair.key.range[0];
        if (isAlias(node)) node = node.resolve(document);
        continue;
      }
      if (!isSeq(node)) return offset;
      node = node.items[Number(step)];
    }
    if (isAlias(node)) {
      if (node.range) offset = node.range[0];
      node = node.resolve(document);
      continue;
    }
    if (!isNode(node)) return offset;
    if (node.range) offset = node.range[0];
  }
  return offset;
}

function keyText(key: unknown): string {
  return String(key instanceof Scalar ? key.value : key);
}
