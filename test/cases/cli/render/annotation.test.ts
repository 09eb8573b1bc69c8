import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { UNSAFE_CHARACTERS } from "./unsafe_characters.ts";
import { renderAnnotation } from "../../../../src/cli/render/annotation.ts";

interface Vectors {
  readonly rows: readonly { readonly key: string; readonly value: string; readonly line: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../../vectors/annotation_lines.json", import.meta.url), "utf8"),
) as Vectors;

describe("renderAnnotation() writes the line that oras's YAML encoder writes", () => {
  it.each(vectors.rows)("$line", ({ key, value, line }) => {
    expect(renderAnnotation(key, value)).toBe(line);
  });
});

describe("renderAnnotation() keeps to one line where the encoder does not", () => {
  it.each([
    ["several lines", "multi\nline", '"multi\\nline"'],
    ["a line break at the end", "multi\nline\n", '"multi\\nline\\n"'],
    ["a carriage return", "over\rwritten", '"over\\rwritten"'],
    ["next line", "a\u0085b", '"a\\Nb"'],
    ["line and paragraph separator", "a\u2028b\u2029c", '"a\\Lb\\Pc"'],
    ["right-to-left override", "a\u202eb", '"a\\u202Eb"'],
    ["bidirectional isolates", "\u2066a\u2069", '"\\u2066a\\u2069"'],
    ["a lone surrogate", "a\ud800b", '"a\\uD800b"'],
    ["an escape sequence beside quotes", '\u001b]0;"title"\u0007', '"\\e]0;\\"title\\"\\a"'],
  ])("%s", (_, value, quoted) => {
    expect(renderAnnotation("k", value)).toBe(`k: ${quoted}`);
    expect(renderAnnotation(value, "v")).toBe(`${quoted}: v`);
  });

  it("everything that is unsafe to print, which a YAML reader reads back", () => {
    for (const character of UNSAFE_CHARACTERS) {
      const line = renderAnnotation("k", `a${character}b`);
      expect(line).toMatch(/^k: "a[ -~]+b"$/);
      expect(parse(line)).toEqual({ k: `a${character}b` });
    }
  });
});
