import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { locateJson } from "../../../../src/notary/trust/position.ts";

type Path = readonly (string | number)[];

/** Every path of a JSON value. */
function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries = Array.isArray(value)
    ? value.map((entry, index) => pathsOf(entry, [...path, index]))
    : Object.entries(value).map(([name, entry]) => pathsOf(entry, [...path, name]));
  return [path, ...entries.flat()];
}

const MARK = "☞ here ☜";

/** The value with another one at a path. */
function replaceAt(value: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined) return MARK;
  if (Array.isArray(value)) return value.map((entry, index) => index === step ? replaceAt(entry, rest) : entry);
  return Object.fromEntries(
    Object.entries(value as object).map(([name, entry]) => [name, name === step ? replaceAt(entry, rest) : entry]),
  );
}

describe("locateJson()", () => {
  it("finds every value where another one put in its place stands", () => {
    const keys = fc.string({ unit: "grapheme-ascii", maxLength: 6 }).filter((key) => key !== "__proto__");
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        fc.boolean(),
        fc.integer(),
        fc.string({ unit: "grapheme-ascii" }),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(keys, tie("tree"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, fc.constantFrom(0, 1, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        for (const path of pathsOf(value)) {
          const marked = JSON.stringify(replaceAt(value, path), undefined, indent);
          const lines = marked.slice(0, marked.indexOf(`"${MARK}"`)).split("\n");
          const expected = { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
          expect(locateJson(text, path), `${JSON.stringify(path)} in ${text}`).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["a name that is missing", '{"a": 1}', ["b"]],
    ["a position behind the end", "[1, 2]", [2]],
    ["a name in a list", "[1]", ["a"]],
    ["a position in an object", '{"0": 1}', [0]],
    ["a value below a text", '{"a": "b"}', ["a", "b"]],
    ["anything in nothing", "", [0]],
  ])("finds nothing for %s", (_, text, path) => expect(locateJson(text, path)).toBeUndefined());
});
