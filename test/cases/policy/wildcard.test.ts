import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchWildcard, MAX_PATTERN_LENGTH, remainders } from "../../../src/policy/wildcard.ts";
import vectors from "../../vectors/kyverno_selection.json" with { type: "json" };

describe("matchWildcard()", () => {
  it.each(vectors.wildcards)(
    "answers $matches for $pattern and $text, as Kyverno does",
    ({ pattern, text, matches }) => {
      expect(matchWildcard(pattern, text)).toBe(matches);
    },
  );

  it("takes no longer for stars that cannot be satisfied", () => {
    const pattern = "a*".repeat(MAX_PATTERN_LENGTH / 2 - 1) + "b";
    const from = performance.now();
    expect(matchWildcard(pattern, "a".repeat(1024))).toBe(false);
    // Backtracking into every star would take longer than the universe has been there.
    expect(performance.now() - from).toBeLessThan(2_000);
  });

  it("finds what a pattern was made from", () => {
    fc.assert(fc.property(fc.array(fc.constantFrom("a", "b", "/", ":", "é")), fc.array(fc.nat(9)), (text, holes) => {
      const pattern = text.map((character, at) => holes.includes(at) ? "?" : holes.includes(at + 5) ? "*" : character);
      expect(matchWildcard(pattern.join(""), text.join(""))).toBe(true);
    }));
  });
});

describe("remainders()", () => {
  it("leaves what matches the rest, and nothing else does", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
    const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 5 });
    fc.assert(fc.property(word, letters, letters, (pattern, head, tail) => {
      const byRest = remainders(pattern, head).some((rest) => matchWildcard(rest, tail));
      expect(byRest).toBe(matchWildcard(pattern, head + tail));
    }));
  });
});
