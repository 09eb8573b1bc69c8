/**
 * The order of the rooms, held against the code (STYLE of the house; `npx tsx scripts/imports.ts` prints the graph).
 */
import { describe, expect, it } from "vitest";
import {
  cycles,
  doorViolations,
  libraryViolations,
  orderViolations,
  readImports,
  readSources,
  roomGraph,
  runtimeNameViolations,
  type SourceFile,
  withoutComments,
} from "../../../scripts/imports.ts";

/** Lines of a file at most. */
const MAX_LINES = 400;

const files = readSources();

describe("the rooms of src/", () => {
  it("have files to judge", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(roomGraph(files).get("admission")).toContain("policy");
  });

  it("import only rooms to their left", () => expect(orderViolations(files)).toEqual([]));
  it("import one another through doors", () => expect(doorViolations(files)).toEqual([]));
  it("keep each library in its file and a runtime's modules in runtime/", () =>
    expect(libraryViolations(files)).toEqual([]));
  it("name a runtime's globals in runtime/ only", () => expect(runtimeNameViolations(files)).toEqual([]));
  it("have no import cycles", () => expect(cycles(files)).toEqual([]));

  it("hold no file of more than 400 lines", () => {
    const long = files.filter(({ lines }) => lines > MAX_LINES).map(({ path, lines }) => `${path}: ${lines}`);
    expect(long).toEqual([]);
  });

  it("have snake_case file names", () => {
    expect(files.map(({ path }) => path).filter((path) => !/^([a-z0-9_]+\/)*[a-z0-9_]+\.ts$/.test(path))).toEqual([]);
  });

  it("name concepts: no file or folder is called after having none", () => {
    const nameless = /(^|[/_])(utils?|helpers?|misc|common|shared|stuff)([/_.]|$)/;
    expect(files.map(({ path }) => path).filter((path) => nameless.test(path))).toEqual([]);
  });

  it("leave nothing for later", () => {
    const marks = files.filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(text.replace(/"[^"\n]*"/g, "")));
    expect(marks.map(({ path }) => path)).toEqual([]);
  });

  it("have doors without code", () => {
    const doors = files.filter(({ path }) => path.endsWith("mod.ts"));
    const code = doors.flatMap(({ path, text }) =>
      withoutComments(text).replace(/export (?:type )?(?:\*|\{[^}]*\}) from "[^"]+";/g, "").trim() === "" ? [] : [path]
    );
    expect(doors.length).toBeGreaterThan(6);
    expect(code).toEqual([]);
  });

  it("export by name, but for the worker, whose platform asks for a default", () => {
    const defaults = files.filter(({ text }) => /^export default\b/m.test(text)).map(({ path }) => path);
    expect(defaults).toEqual(["admission/worker.ts"]);
  });
});

describe("the judge of imports", () => {
  const judge = (path: string, text: string): SourceFile => ({
    path,
    text,
    lines: text.split("\n").length - 1,
    imports: readImports(path, text),
  });

  it("sees every form of import, and none in comments", () => {
    const text = `import { a } from "./a.ts";
import type { B } from "./b.ts";
import "./c.ts";
export * from "./d.ts";
export {
  type E,
  f,
} from "./e.ts";
// import { no } from "./no.ts";
/* import "./no.ts"; */
const later = await import("./f.ts");
`;
    const found = readImports("room/file.ts", text);
    expect(found.map(({ target, line }) => [target, line])).toEqual([
      ["room/a.ts", 1],
      ["room/b.ts", 2],
      ["room/c.ts", 3],
      ["room/d.ts", 4],
      ["room/e.ts", 8],
      ["room/f.ts", 11],
    ]);
  });

  it.each([
    ["a room to the right", "encoding/a.ts", 'import { x } from "../crypto/mod.ts";', orderViolations],
    ["runtime outside an entry point", "policy/a.ts", 'import { x } from "../runtime/node.ts";', orderViolations],
    ["verify from trust", "notary/trust/a.ts", 'import { x } from "../verify/a.ts";', orderViolations],
    ["a file past its door", "policy/a.ts", 'import { x } from "../oci/client.ts";', doorViolations],
    ["node: outside runtime/", "oci/a.ts", 'import { x } from "node:fs";', libraryViolations],
    ["a library in another file", "policy/a.ts", 'import { parse } from "yaml";', libraryViolations],
    ["an unknown library", "policy/a.ts", 'import { x } from "left-pad";', libraryViolations],
    ["a path without extension", "policy/a.ts", 'import { x } from "./b";', libraryViolations],
    ["process", "cli/a.ts", "const a = process.argv;", runtimeNameViolations],
    ["Buffer", "oci/a.ts", "const a = Buffer.from(b);", runtimeNameViolations],
    ["Deno", "cli/a.ts", "const a = Deno.args;", runtimeNameViolations],
  ])("refuses %s", (_, path, text, rule) => {
    expect(rule([judge(path, text)])).toHaveLength(1);
  });

  it("finds a cycle", () => {
    const round = [judge("a/x.ts", 'import { y } from "./y.ts";'), judge("a/y.ts", 'import { x } from "./x.ts";')];
    expect(cycles(round)).toEqual([["a/x.ts", "a/y.ts", "a/x.ts"]]);
  });
});
