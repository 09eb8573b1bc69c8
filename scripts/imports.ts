/**
 * The rooms of `src/` and who imports whom, read from the code: `npx tsx scripts/imports.ts` prints the graph; the test
 * `test/cases/house/imports.test.ts` holds the rules against it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../src/", import.meta.url));

/** Each room and the rooms it may import: those to its left in the order of the house. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  ports: ["errors"],
  encoding: ["errors", "ports"],
  http: ["errors", "ports", "encoding"],
  crypto: ["errors", "ports", "encoding"],
  x509: ["errors", "ports", "encoding", "crypto"],
  expressions: ["errors", "ports", "encoding"],
  oci: ["errors", "ports", "encoding", "http", "crypto"],
  cache: ["errors", "ports", "encoding", "http", "crypto"],
  cluster: ["errors", "ports", "encoding", "http", "crypto"],
  record: ["errors", "ports", "encoding", "http", "crypto"],
  revocation: ["errors", "ports", "encoding", "http", "crypto", "x509"],
  timestamp: ["errors", "ports", "encoding", "http", "crypto", "x509"],
  notary: ["errors", "ports", "encoding", "http", "crypto", "x509", "oci", "cache", "revocation", "timestamp"],
  policy: [
    "errors",
    "ports",
    "encoding",
    "http",
    "expressions",
    "crypto",
    "x509",
    "oci",
    "cluster",
    "cache",
    "revocation",
    "timestamp",
    "notary",
  ],
  admission: [
    "errors",
    "ports",
    "encoding",
    "http",
    "crypto",
    "x509",
    "oci",
    "cluster",
    "cache",
    "revocation",
    "timestamp",
    "notary",
    "policy",
  ],
  cli: [
    "errors",
    "ports",
    "encoding",
    "http",
    "expressions",
    "crypto",
    "x509",
    "oci",
    "cluster",
    "cache",
    "revocation",
    "timestamp",
    "notary",
    "policy",
    "admission",
    "record",
  ],
  page: ["errors", "ports", "encoding", "crypto", "x509", "oci", "revocation", "timestamp", "notary"],
  runtime: ["errors", "ports", "encoding", "http", "crypto", "oci"],
  mod: [
    "errors",
    "ports",
    "encoding",
    "http",
    "crypto",
    "x509",
    "oci",
    "record",
    "revocation",
    "timestamp",
    "notary",
    "runtime",
  ],
};

/** Inside notary: envelope ← signers, and envelope ← trust ← verify; the files beside them may use all three. */
export const NOTARY_FLOORS: Readonly<Record<string, readonly string[]>> = {
  envelope: [],
  signers: ["envelope"],
  trust: ["envelope"],
  verify: ["envelope", "trust"],
};

/** The files a runtime's ports may be imported by. */
export const ENTRY_POINTS: readonly string[] = ["cli/main.ts", "admission/worker.ts", "page/main.ts", "mod.ts"];

/** Third-party libraries, each with the only files that may import it. */
export const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  "@noble/curves": ["crypto/noble.ts", "crypto/noble_ecdsa.ts", "crypto/noble_primitives.ts"],
  "@noble/hashes": [
    "crypto/hmac.ts",
    "crypto/noble.ts",
    "crypto/noble_hashes.ts",
    "crypto/noble_primitives.ts",
    "crypto/text_digest.ts",
  ],
  "@jmespath-community/jmespath": ["expressions/parser.ts"],
  "@marcbachmann/cel-js": ["expressions/cel.ts"],
  "@redis/client": ["runtime/cache/redis.ts"],
  hono: ["admission/app.ts", "admission/worker.ts"],
  re2js: ["expressions/regular_expression.ts"],
  yaml: ["encoding/yaml.ts"],
};

export interface SourceFile {
  /** Below `src/`, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Below `src/`, for a relative specifier. */
  readonly target?: string;
  readonly typeOnly: boolean;
}

/** A rule that does not hold. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** Every TypeScript file of a folder, sorted, with its imports. */
export function readSources(folder: string = root): readonly SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => path.split(sep).join("/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
    .sort()
    .map((path) => {
      const text = readFileSync(join(folder, path), "utf8");
      return { path, text, lines: text.split("\n").length - 1, imports: readImports(path, text) };
    });
}

/** The imports and re-exports of a file, `import()` and type imports included; comments do not count. */
export function readImports(path: string, text: string): readonly Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  const forms = [
    /^\s*(?:import|export)\s+(type\s)?[^"';]*?\bfrom\s*"([^"]+)"/gm,
    /^\s*import\s+()"([^"]+)"/gm,
    /\bimport\(\s*()"([^"]+)"\s*\)/g,
  ];
  for (const form of forms) {
    for (const match of code.matchAll(form)) {
      const specifier = match[2] ?? "";
      const line = code.slice(0, match.index + match[0].length).split("\n").length;
      const target = specifier.startsWith(".")
        ? normalize(join(dirname(path), specifier)).split(sep).join("/")
        : undefined;
      found.push({
        specifier,
        line,
        typeOnly: (match[1] ?? "") !== "" || importsTypesOnly(match[0]),
        ...(target === undefined ? {} : { target }),
      });
    }
  }
  return found.sort((left, right) => left.line - right.line);
}

/** Whether every name between the braces of an import is a type. */
function importsTypesOnly(statement: string): boolean {
  const names = /^\s*(?:import|export)\s*\{([^}]*)\}/.exec(statement)?.[1]?.split(",").filter((name) =>
    name.trim() !== ""
  );
  return names !== undefined && names.every((name) => name.trim().startsWith("type "));
}

/** The code with comments blanked out, so that lines keep their numbers. */
export function withoutComments(text: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, " ");
  // Strings and templates first, so that "//" inside one is no comment.
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (all, string: string | undefined) => string ?? blank(all),
  );
}

/** The room of a file: its first folder, or its own name for a file at the top. */
export function roomOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? path.replace(/\.ts$/, "") : path.slice(0, slash);
}

/** Room → rooms it imports, sorted. */
export function roomGraph(files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    const from = roomOf(file.path);
    const edges = graph.get(from) ?? new Set();
    graph.set(from, edges);
    for (const { target } of file.imports) {
      if (target !== undefined && roomOf(target) !== from) edges.add(roomOf(target));
    }
  }
  return new Map([...graph].map(([room, edges]) => [room, [...edges].sort()]));
}

/** Imports that go against the order of the house. */
export function orderViolations(files: readonly SourceFile[]): readonly Violation[] {
  return eachImport(files, (file, { target }) => {
    if (target === undefined) return undefined;
    const [from, to] = [roomOf(file.path), roomOf(target)];
    const allowed = ROOMS[from];
    if (allowed === undefined) return `room "${from}" is not in the order of the house`;
    if (from === to) return floorViolation(file.path, target);
    if (to === "runtime" && ENTRY_POINTS.includes(file.path)) return undefined;
    // A worker entry of the admission room is where a policy's text meets the ports.
    return allowed.includes(to) ? undefined : `"${from}" imports "${to}", which is not to its left`;
  });
}

function floorViolation(path: string, target: string): string | undefined {
  const floor = (file: string) => /^notary\/([a-z]+)\//.exec(file)?.[1];
  const [from, to] = [floor(path), floor(target)];
  if (from === undefined || to === undefined || from === to) return undefined;
  return NOTARY_FLOORS[from]?.includes(to)
    ? undefined
    : `"notary/${from}" imports "notary/${to}", which is not to its left`;
}

/** Imports from another room that do not go through its door. A runtime's file is its own door. */
export function doorViolations(files: readonly SourceFile[]): readonly Violation[] {
  return eachImport(files, (file, { target }) => {
    if (target === undefined || roomOf(file.path) === roomOf(target)) return undefined;
    const isDoor = target === `${roomOf(target)}/mod.ts` || !target.includes("/") || roomOf(target) === "runtime";
    return isDoor ? undefined : `imports "${target}" past the door "${roomOf(target)}/mod.ts"`;
  });
}

/** Libraries outside the files they belong to, and modules of a runtime outside `runtime/`. */
export function libraryViolations(files: readonly SourceFile[]): readonly Violation[] {
  return eachImport(files, (file, { specifier, target }) => {
    if (target !== undefined) return target.endsWith(".ts") ? undefined : `"${specifier}" carries no ".ts"`;
    if (specifier.startsWith("node:")) {
      return roomOf(file.path) === "runtime" ? undefined : `imports "${specifier}" outside runtime/`;
    }
    const library = Object.keys(LIBRARIES).find((name) => specifier === name || specifier.startsWith(`${name}/`));
    if (library === undefined) return `imports "${specifier}", which is no library of this house`;
    return LIBRARIES[library]?.includes(file.path)
      ? undefined
      : `imports "${specifier}", which belongs to another file`;
  });
}

/** Names of one runtime outside `runtime/`. */
export function runtimeNameViolations(files: readonly SourceFile[]): readonly Violation[] {
  const names = /\bDeno\.|\bprocess\.|\bBuffer\b|\brequire\(|\b__dirname\b/;
  return files.filter((file) => roomOf(file.path) !== "runtime").flatMap((file) =>
    withoutComments(file.text).split("\n").flatMap((text, index) => {
      // What stands in quotes is text for people.
      const name = names.exec(text.replace(/"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g, '""'))?.[0];
      return name === undefined ? [] : [{ file: file.path, line: index + 1, reason: `"${name}" outside runtime/` }];
    })
  );
}

/**
 * Import cycles between files, each once, as the files it runs through. Types alone make none: nothing of them is left
 * when it runs.
 */
export function cycles(files: readonly SourceFile[]): readonly (readonly string[])[] {
  const targets = new Map(
    files.map((file) => [file.path, file.imports.flatMap(({ target, typeOnly }) => typeOnly ? [] : target ?? [])]),
  );
  const state = new Map<string, "open" | "done">();
  const found: string[][] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      found.push([...trail.slice(trail.indexOf(path)), path]);
      return;
    }
    state.set(path, "open");
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const { path } of files) visit(path, []);
  return found;
}

function eachImport(
  files: readonly SourceFile[],
  judge: (file: SourceFile, imported: Import) => string | undefined,
): readonly Violation[] {
  return files.flatMap((file) =>
    file.imports.flatMap((imported) => {
      const reason = judge(file, imported);
      return reason === undefined ? [] : [{ file: file.path, line: imported.line, reason }];
    })
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const files = readSources();
  for (const room of Object.keys(ROOMS)) {
    const members = files.filter(({ path }) => roomOf(path) === room);
    if (members.length === 0) continue;
    const lines = members.reduce((sum, file) => sum + file.lines, 0);
    const edges = roomGraph(files).get(room) ?? [];
    console.log(
      `${room.padEnd(10)} ${String(members.length).padStart(3)} files ${String(lines).padStart(6)} lines  ← ${
        edges.join(", ")
      }`,
    );
  }
}
