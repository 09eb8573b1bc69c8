import { describe, expect, it } from "vitest";
import { renderFoldedYaml } from "../../../src/policy/folded_yaml.ts";
import vectors from "../../vectors/folded_yaml.json" with { type: "json" };

describe("renderFoldedYaml() writes what go-yaml writes", () => {
  it.each(vectors.rows)("$name", ({ value, text }) => {
    expect(renderFoldedYaml(value as unknown as Record<string, Record<string, string>>)).toBe(text);
  });
});
