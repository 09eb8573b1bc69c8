import { describe, expect, it } from "vitest";
import { type BlockMap, renderFoldedYaml, renderUnfoldedYaml } from "../../../src/policy/folded_yaml.ts";
import folded from "../../vectors/folded_yaml.json" with { type: "json" };
import unfolded from "../../vectors/unfolded_yaml.json" with { type: "json" };

describe("renderFoldedYaml() writes what go-yaml 2.4 writes", () => {
  it.each(folded.rows)("$name", ({ value, text }) => {
    expect(renderFoldedYaml(value as unknown as BlockMap)).toBe(text);
  });
});

describe("renderUnfoldedYaml() writes what go-yaml 3.0 writes", () => {
  it.each(unfolded.rows)("$name", ({ value, text }) => {
    expect(renderUnfoldedYaml(value as unknown as BlockMap)).toBe(text);
  });
});
