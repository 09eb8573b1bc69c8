/**
 * YAML documents with the line and column of every node; the only importer of the YAML library.
 *
 * The schema is the one Kubernetes reads manifests with, so that a document means here what it means to
 * `kubectl apply`: YAML 1.2's core, and from YAML 1.1 `yes`, `no`, `on`, `off`, `y`, `n` as booleans, a leading zero
 * for octal integers, and merge keys (`<<`). Duplicate keys, unknown tags and aliases that multiply are refused.
 */
import { Composer, isAlias, isMap, isNode, isScalar, isSeq, Lexer, LineCounter, Parser } from "yaml";
import type { Alias, CST, Document, Node, ScalarTag, YAMLMap } from "yaml";
import { ConfigurationError } from "../errors.ts";
import { printable } from "./text.ts";

/** Characters of YAML text read at most. */
export const MAX_YAML_BYTES = 4 * 1024 * 1024;
/** Documents of one text read at most. */
export const MAX_YAML_DOCUMENTS = 1000;
/** Nodes of one document read at most, each alias counted as all it stands for. */
export const MAX_YAML_NODES = 500_000;
/** Aliases of one document read at most: the library looks for each among all before it. */
export const MAX_YAML_ALIASES = 1000;
/** Levels of nesting read at most, those behind aliases included. */
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

/** The booleans of YAML 1.1 that YAML 1.2 reads as text. */
const kubernetesBoolean: ScalarTag = {
  identify: () => false,
  default: true,
  tag: "tag:yaml.org,2002:bool",
  test: /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/,
  resolve: (text) => /^(?:y|on)/i.test(text),
};

/** Integers as Go's `strconv.ParseInt` with base 0 reads them once underscores are taken out: `0644` is 420. */
const kubernetesInteger: ScalarTag = {
  identify: () => false,
  default: true,
  tag: "tag:yaml.org,2002:int",
  test: /^[-+]?(?:0_*[bB][01_]+|0[0-7_]*|0_*[oO][0-7_]+|0_*[xX][0-9a-fA-F_]+|[1-9][0-9_]*)$/,
  resolve: (text) => {
    const digits = text.replace(/[-+_]/g, "");
    const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
    return text.startsWith("-") ? 0 - Number(octal) : Number(octal);
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
  const refuseAt: RefuseAt = (offset, what, cause) => refuse(source, position(offset), what, cause);
  const parsed = parseDocuments(text, lineCounter, refuseAt);
  if (parsed.length > MAX_YAML_DOCUMENTS) {
    refuse(source, { line: 1, column: 1 }, `${parsed.length} documents, expected at most ${MAX_YAML_DOCUMENTS}`);
  }
  const documents: YamlDocument[] = [];
  for (const [at, document] of parsed.entries()) {
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) refuse(source, position(problem.pos[0]), printable(problem.message, 200), problem);
    const root = document.contents as Node | null;
    if (root === null || (isScalar(root) && root.value === null)) continue;
    checkNode(root, 1, {
      anchors: new Map(),
      aliases: 0,
      refuse: (node, what) => refuse(source, position(node.range?.[0] ?? 0), what),
    });
    documents.push({
      index: at + 1,
      // Aliases become references to one value, so nothing is multiplied; how often was bounded above.
      value: document.toJS({ maxAliasCount: -1 }),
      locate: (path) => position(offsetOf(document, path)),
    });
  }
  return documents;
}

type RefuseAt = (offset: number, what: string, cause?: unknown) => never;

function parseDocuments(text: string, lineCounter: LineCounter, refuseAt: RefuseAt): readonly Document.Parsed[] {
  const composer = new Composer({
    lineCounter,
    prettyErrors: false,
    logLevel: "silent",
    schema: "core",
    merge: true,
    strict: true,
    // The library compares every key with every other of its mapping; checkNode() does it with a set.
    uniqueKeys: false,
    resolveKnownTags: false,
    customTags: (tags) => [kubernetesBoolean, kubernetesInteger, ...tags],
  });
  try {
    return [...composer.compose(readTokens(text, lineCounter, refuseAt))];
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    return refuseAt(0, "the YAML library cannot read it", cause);
  }
}

/** Beside the collections that are open: the document, and the scalar that is being read. */
const OTHER_OPEN_TOKENS = 2;

/**
 * The text as the library's own parser cuts it, with nesting bounded while it is read: the library recurses, and what
 * comes near the end of the stack ends the whole process where it compiles a pattern there.
 */
function* readTokens(text: string, lineCounter: LineCounter, refuseAt: RefuseAt): Generator<CST.Token> {
  lineCounter.addNewLine(0);
  const parser = new Parser(lineCounter.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_YAML_DEPTH + OTHER_OPEN_TOKENS) {
      refuseAt(parser.offset, `more than ${MAX_YAML_DEPTH} levels of nesting`);
    }
  }
  yield* parser.end();
}

/** What a node stands for once aliases are followed. */
interface Extent {
  readonly nodes: number;
  readonly levels: number;
  /** Of a mapping: its keys, merged ones included. */
  readonly names?: ReadonlySet<string>;
}

interface NodeCheck {
  /** Of the anchored nodes read so far; undefined while one is being read. */
  readonly anchors: Map<string, Extent | undefined>;
  /** Aliases read so far. */
  aliases: number;
  readonly refuse: (node: Node, what: string) => never;
}

/** Refuses what the library lets pass, and measures what the node stands for. */
function checkNode(node: Node, depth: number, check: NodeCheck): Extent {
  if (depth > MAX_YAML_DEPTH) check.refuse(node, `more than ${MAX_YAML_DEPTH} levels of nesting`);
  if (isAlias(node)) return checkAlias(node, depth, check);
  if (node.anchor !== undefined) check.anchors.set(node.anchor, undefined);
  let extent: Extent = { nodes: 1, levels: 1 };
  if (isMap(node)) extent = checkMapping(node, depth, check);
  else if (isSeq(node)) {
    for (const item of node.items) extent = grow(extent, item, depth, check).extent;
  } else if (typeof node.value === "number" && !Number.isFinite(node.value)) {
    check.refuse(node, `"${printable(node.source ?? "", 40)}" is no number JSON can hold`);
  }
  if (node.anchor !== undefined) check.anchors.set(node.anchor, extent);
  return extent;
}

function grow(extent: Extent, child: unknown, depth: number, check: NodeCheck) {
  if (!isNode(child)) return { extent, added: undefined };
  const added = checkNode(child, depth + 1, check);
  const nodes = extent.nodes + added.nodes;
  if (nodes > MAX_YAML_NODES) check.refuse(child, `more than ${MAX_YAML_NODES} nodes`);
  return { extent: { nodes, levels: Math.max(extent.levels, added.levels + 1) }, added };
}

function checkAlias(alias: Alias, depth: number, check: NodeCheck): Extent {
  if (++check.aliases > MAX_YAML_ALIASES) check.refuse(alias, `more than ${MAX_YAML_ALIASES} aliases`);
  const extent = check.anchors.get(alias.source);
  if (extent === undefined) {
    const reason = check.anchors.has(alias.source) ? "stands inside what it names" : "names nothing before it";
    return check.refuse(alias, `the alias "${printable(alias.source, 40)}" ${reason}`);
  }
  if (depth + extent.levels - 1 > MAX_YAML_DEPTH) check.refuse(alias, `more than ${MAX_YAML_DEPTH} levels of nesting`);
  return extent;
}

/** A key merged after it was written is refused: Kubernetes takes the merged one, YAML the written one. */
function checkMapping(map: YAMLMap, depth: number, check: NodeCheck): Extent {
  const written = new Set<string>();
  const merged = new Set<string>();
  let merges = 0;
  let extent: Extent = { nodes: 1, levels: 1 };
  for (const { key, value } of map.items) {
    if (!isScalar(key) || key.value === null) {
      return check.refuse(isNode(key) ? key : map, "a key that is neither text nor number");
    }
    const twice = (name: string) => check.refuse(key, `the key "${printable(name, 80)}" occurs twice`);
    // The library's value of a plain `<<` is a symbol.
    if (typeof key.value !== "symbol") {
      const name = keyText(key);
      if (written.has(name)) twice(name);
      written.add(name);
      extent = grow(extent, key, depth, check).extent;
      extent = grow(extent, value, depth, check).extent;
      continue;
    }
    if (++merges > 1) twice("<<");
    for (const source of isSeq(value) ? value.items : [value]) {
      const { extent: grown, added } = grow(extent, source, depth, check);
      if (added?.names === undefined) return check.refuse(key, "a merge of something that is no mapping");
      for (const name of added.names) {
        if (written.has(name)) twice(name);
        merged.add(name);
      }
      extent = grown;
    }
  }
  for (const name of merged) written.add(name);
  return { ...extent, names: written };
}

/** Offset of the node at the path, or of the last one on the way to it; of an entry in a mapping, where its key is. */
function offsetOf(document: Document.Parsed, path: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? node.range?.[0] ?? 0 : 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => keyText(key) === String(step));
      if (pair === undefined) return offset;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (!isNode(node)) return offset;
      offset = node.range?.[0] ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

/** The name a key becomes in the value. */
function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
