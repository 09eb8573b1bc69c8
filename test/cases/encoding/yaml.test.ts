import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../../src/errors.ts";
import { parseYaml } from "../../../src/encoding/mod.ts";
import { MAX_YAML_ALIASES, MAX_YAML_BYTES, MAX_YAML_DEPTH, MAX_YAML_DOCUMENTS } from "../../../src/encoding/yaml.ts";

const values = (text: string) => parseYaml(text, "f.yaml").map(({ value }) => value);

/** Answers of sigs.k8s.io/yaml v1.5.0 `YAMLToJSON("a: …")`, recorded from a run of it. */
const KUBERNETES_SCALARS: readonly (readonly [text: string, json: string])[] = [
  ["yes", '{"a":true}'],
  ["no", '{"a":false}'],
  ["on", '{"a":true}'],
  ["off", '{"a":false}'],
  ["y", '{"a":true}'],
  ["n", '{"a":false}'],
  ["Y", '{"a":true}'],
  ["N", '{"a":false}'],
  ["Yes", '{"a":true}'],
  ["NO", '{"a":false}'],
  ["On", '{"a":true}'],
  ["OFF", '{"a":false}'],
  ["true", '{"a":true}'],
  ["True", '{"a":true}'],
  ["FALSE", '{"a":false}'],
  ["tRue", '{"a":"tRue"}'],
  ["yEs", '{"a":"yEs"}'],
  ["~", '{"a":null}'],
  ["null", '{"a":null}'],
  ["Null", '{"a":null}'],
  ["nULL", '{"a":"nULL"}'],
  ["''", '{"a":""}'],
  ['"yes"', '{"a":"yes"}'],
  ["'0644'", '{"a":"0644"}'],
  ["0644", '{"a":420}'],
  ["0o17", '{"a":15}'],
  ["0O17", '{"a":15}'],
  ["0b11", '{"a":3}'],
  ["-0b11", '{"a":-3}'],
  ["0x1F", '{"a":31}'],
  ["-0x1f", '{"a":-31}'],
  ["1_000", '{"a":1000}'],
  ["089", '{"a":89}'],
  ["-010", '{"a":-8}'],
  ["+5", '{"a":5}'],
  ["0", '{"a":0}'],
  ["-0", '{"a":0}'],
  ["00", '{"a":0}'],
  ["0_7", '{"a":7}'],
  ["1e3", '{"a":1000}'],
  ["1.5", '{"a":1.5}'],
  [".5", '{"a":0.5}'],
  ["5.", '{"a":5}'],
  ["-1.5e-3", '{"a":-0.0015}'],
  ["1.5.1", '{"a":"1.5.1"}'],
  ["2001-01-01", '{"a":"2001-01-01"}'],
  ["2001-01-01T00:00:00Z", '{"a":"2001-01-01T00:00:00Z"}'],
  ["12:30:45", '{"a":"12:30:45"}'],
  ["<<", '{"a":"<<"}'],
  ["=", '{"a":"="}'],
  ["1,000", '{"a":"1,000"}'],
  ["0x", '{"a":"0x"}'],
  ["0b2", '{"a":"0b2"}'],
  ["9007199254740991", '{"a":9007199254740991}'],
  ["a b", '{"a":"a b"}'],
  ["!!str 12", '{"a":"12"}'],
  ["!!int 0x10", '{"a":16}'],
  ["yes please", '{"a":"yes please"}'],
];

/** Answers of its `YAMLToJSONStrict`. */
const KUBERNETES_DOCUMENTS: readonly (readonly [text: string, json: string])[] = [
  ["on: 1", '{"true":1}'],
  ["y: 1", '{"true":1}'],
  ["1: a", '{"1":"a"}'],
  ["0644: a", '{"420":"a"}'],
  ["1.5: a", '{"1.5":"a"}'],
  ["~: a", "error"],
  ["a: &x {q: 1}\nb:\n  <<: *x\n  r: 2", '{"a":{"q":1},"b":{"q":1,"r":2}}'],
  ["a: &x [1]\nb: *x", '{"a":[1],"b":[1]}'],
  ["a: |\n  x\n  y\n", '{"a":"x\\ny\\n"}'],
  ["a: >-\n  x\n  y\n", '{"a":"x y"}'],
  ["a: 1\na: 2", "error"],
  ["{a: 1, b: [c, d]}", '{"a":1,"b":["c","d"]}'],
  ["a: &x {q: 1}\nb:\n  q: 3\n  <<: *x", "error"],
];

describe("parseYaml()", () => {
  it.each(KUBERNETES_SCALARS)("reads the scalar %j as Kubernetes does", (text, json) => {
    expect(values(`a: ${text}`)).toEqual([JSON.parse(json)]);
  });

  it.each(KUBERNETES_DOCUMENTS)("reads the document %j as Kubernetes does", (text, json) => {
    if (json === "error") expect(() => values(text)).toThrow(expect.objectContaining({ code: "ERR_YAML" }));
    else expect(values(text)).toEqual([JSON.parse(json)]);
  });

  it("numbers the documents and leaves empty ones out", () => {
    const documents = parseYaml("# nothing\n---\na: 1\n---\n---\nb: 2\n...\n", "f.yaml");
    expect(documents.map(({ index, value }) => [index, value])).toEqual([[1, { a: 1 }], [3, { b: 2 }]]);
    expect(parseYaml("", "f.yaml")).toEqual([]);
  });

  it.each([
    ["a duplicate key", "a:\n  x: 1\n  y: 2\n  x: 3", 4, 3],
    ["a key twice once as a number", "1: a\n'1': b", 2, 1],
    ["a key twice behind a boolean's spellings", "on: a\nyes: b", 2, 1],
    ["a flow that does not close", "a: [1,", 1, 7],
    ["a tab for indentation", "a:\n\t- b", 2, 1],
    ["an unknown tag", "a: 1\nb: !ruby/object {}", 2, 4],
    ["a tag that makes no JSON", "a: !!binary aGk=", 1, 4],
    ["a key that is a mapping", "a: 1\n? {b: c}\n: d", 2, 3],
    ["a key that is null", "a: 1\n~: d", 2, 1],
    ["infinity", "a:\n  - .inf", 2, 5],
    ["a merge of a number", "a:\n  <<: 1", 2, 3],
    ["a merge of a key that was written", "a: &x {q: 1}\nb:\n  q: 3\n  <<: *x", 4, 3],
    ["two merges", "a: &x {q: 1}\nb:\n  <<: *x\n  <<: *x", 4, 3],
    ["an alias without an anchor", "a: *x", 1, 4],
    ["an alias to what it stands in", "a: &x\n  - *x", 2, 5],
    ["an anchor of an earlier document", "a: &x 1\n---\nb: *x", 3, 4],
  ])("refuses %s as file:line:column", (_, text, line, column) => {
    expect(() => parseYaml(text, "policies/a.yaml")).toThrow(ConfigurationError);
    expect(() => parseYaml(text, "policies/a.yaml")).toThrow(
      expect.objectContaining({
        code: "ERR_YAML",
        message: expect.stringContaining(`Cannot parse policies/a.yaml:${line}:${column}: `),
      }),
    );
  });

  it("refuses aliases that multiply, without multiplying them", () => {
    const letters = [..."abcdefghijklmnop"];
    const bomb = letters.map((letter, index) =>
      `${letter}: &${letter} [${index === 0 ? "x" : Array(10).fill(`*${letters[index - 1]}`).join(",")}]`
    );
    const started = performance.now();
    expect(() => values(bomb.join("\n"))).toThrow("nodes");
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("takes a written key over a merged one, and the first of two merged ones", () => {
    const text = "a: &x {q: 1, r: 1}\nb: &y {r: 2, s: 2}\nc:\n  <<: [*x, *y]\n  q: 3";
    expect(values(text)).toMatchObject([{ c: { q: 3, r: 1, s: 2 } }]);
  });

  it("reads one anchor used many times", () => {
    const text = `base: &x {a: 1}\nall:\n${"  - *x\n".repeat(500)}`;
    expect(values(text)).toEqual([{ base: { a: 1 }, all: Array(500).fill({ a: 1 }) }]);
  });

  it("reads exactly as deep as its bound, aliases followed", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(() => values(nested(MAX_YAML_DEPTH))).not.toThrow();
    expect(() => values(nested(MAX_YAML_DEPTH + 1))).toThrow("levels of nesting");
    const chain = Array.from(
      { length: 120 },
      (_, index) => `a${index}: &a${index} [${index === 0 ? 1 : `*a${index - 1}`}]`,
    );
    expect(() => values(chain.join("\n"))).toThrow("levels of nesting");
    expect(() => values("[".repeat(50_000))).toThrow(expect.objectContaining({ code: "ERR_YAML" }));
  });

  it.each(["[", "{a: ", "- ", "? ", "a: ", "- [", "[{"])("refuses %j without end, deep as the text is long", (unit) => {
    const started = performance.now();
    expect(() => values(unit.repeat(100_000))).toThrow(expect.objectContaining({ code: "ERR_YAML" }));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("refuses blocks that go deeper line by line", () => {
    const text = Array.from({ length: 1000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n");
    expect(() => values(text)).toThrow("more than 100 levels of nesting");
  });

  it("refuses more aliases than its bound", () => {
    const aliases = (count: number) => `- &x a\n${"- *x\n".repeat(count)}`;
    expect(values(aliases(MAX_YAML_ALIASES))[0]).toHaveLength(MAX_YAML_ALIASES + 1);
    expect(() => values(aliases(MAX_YAML_ALIASES + 1))).toThrow(`more than ${MAX_YAML_ALIASES} aliases`);
  });

  it("refuses more text and more documents than its bounds", () => {
    expect(() => values("#".repeat(MAX_YAML_BYTES + 1))).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }));
    expect(() => values("---\na: 1\n".repeat(MAX_YAML_DOCUMENTS + 1))).toThrow("documents, expected at most");
  });

  it("compares the keys of a large mapping in linear time", () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join("\n");
    const started = performance.now();
    expect(Object.keys(values(text)[0] as object)).toHaveLength(20_000);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("makes __proto__ an own property", () => {
    const [value] = values("__proto__: {polluted: true}") as [object];
    expect(Object.hasOwn(value, "__proto__")).toBe(true);
    expect("polluted" in {}).toBe(false);
  });

  it("reads any JSON value as JSON.parse does", () => {
    const json = fc.jsonValue({ maxDepth: 4, stringUnit: "grapheme-ascii" }).filter((value) => value !== null);
    fc.assert(fc.property(json, (value) => {
      const text = JSON.stringify(value, null, 1);
      expect(JSON.stringify(values(text)[0])).toBe(JSON.stringify(JSON.parse(text)));
    }));
  });

  it("answers any text with documents or a ConfigurationError", () => {
    const characters = fc.constantFrom(...`ab01:-?[]{},&*!|>'"%@#~ \t\n`);
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 24 }), (text) => {
        try {
          values(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("YamlDocument.locate()", () => {
  const [document] = parseYaml(
    [
      "---",
      "kind: Policy",
      "spec:",
      "  rules:",
      "    - name: one",
      "      verify: {count: 1}",
      "    - &two",
      "      name: two",
      "    - *two",
    ].join("\n"),
    "f.yaml",
  );

  it.each([
    [[], 2, 1],
    [["spec"], 3, 1],
    [["spec", "rules"], 4, 3],
    [["spec", "rules", 0], 5, 7],
    [["spec", "rules", 0, "verify", "count"], 6, 16],
    [["spec", "rules", 1, "name"], 8, 7],
    [["spec", "rules", 2, "name"], 8, 7],
    [["spec", "rules", 0, "missing", "deeper"], 5, 7],
    [["spec", "rules", 9], 4, 3],
    [["kind", "x"], 2, 1],
  ])("%j begins at %d:%d", (path, line, column) => {
    expect(document?.locate(path)).toEqual({ line, column });
  });

  it("counts lines in the whole text, not in the document", () => {
    expect(parseYaml("a: 1\n---\nb:\n  c: 2", "f")[1]?.locate(["b", "c"])).toEqual({ line: 4, column: 3 });
  });
});
