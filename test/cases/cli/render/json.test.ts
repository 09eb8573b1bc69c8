import { describe, expect, it } from "vitest";
import { UNSAFE_CHARACTERS } from "./unsafe_characters.ts";
import { renderJson, sortedMembers } from "../../../../src/cli/render/json.ts";

describe("renderJson()", () => {
  it("escapes what Go's encoder escapes and what a terminal obeys, and reads back the same", () => {
    const value = { k: 'a <b> & "c"\u2028\u2029\u007f\u009b\u202e\u001b[31m\b\f\n\r\t\\ é 日本 😀' };
    const text = renderJson(value, 2);
    expect(text).toBe(
      '{\n  "k": "a \\u003cb\\u003e \\u0026 \\"c\\"\\u2028\\u2029\\u007f\\u009b\\u202e\\u001b[31m\\b\\f\\n\\r\\t\\\\ é 日本 😀"\n}\n',
    );
    expect(JSON.parse(text)).toEqual(value);
  });

  it("escapes everything that is unsafe to print, and reads back the same", () => {
    for (const character of UNSAFE_CHARACTERS) {
      const text = renderJson([`a${character}b`], 2);
      expect(text.slice(5, -3)).toMatch(/^[ -~]+$/);
      expect(JSON.parse(text)).toEqual([`a${character}b`]);
    }
  });

  it("indents by four as notation 1.3 does, with empty lists, empty maps and null", () => {
    expect(renderJson({ a: [], b: {}, c: null, d: undefined, e: [1] }, 4)).toBe(
      '{\n    "a": [],\n    "b": {},\n    "c": null,\n    "e": [\n        1\n    ]\n}\n',
    );
  });

  it("keeps a member named __proto__", () => {
    const members = JSON.parse('{"z": "1", "__proto__": "2", "a": "3"}') as Record<string, string>;
    expect(renderJson(sortedMembers(members), 2)).toBe('{\n  "__proto__": "2",\n  "a": "3",\n  "z": "1"\n}\n');
  });
});
