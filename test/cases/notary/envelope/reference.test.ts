import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { COSE_ROWS, JWS_ROWS } from "./rows.ts";

const { answers }: { answers: Record<string, Record<string, "accepted" | "refused">> } = JSON.parse(
  readFileSync("test/vectors/notary/envelopes.json", "utf8"),
);

/** Where the specification or an RFC forbids what the reference lets pass, and we follow the specification. */
const STRICTER: Readonly<Record<string, readonly string[]>> = {
  "application/jose+json": [
    "a further member",
    "a member in capitals",
    "a member twice",
    "a newline in signature",
    "bits left over in the signature",
    "a protected header twice",
    "cty in capitals",
    "a header protected and unprotected",
    'the signing time "2026-01-01T00:00:00+24:00"',
    'the signing time "2026-01-01T00:00:00,5Z"',
    "x5c in capitals",
  ],
  "application/cose": [
    "a label protected and unprotected",
    "a signing time beyond the year 9999",
    "both signing times",
    "an authority with both times",
    "a chain in both headers",
    "a signing agent that is a number",
    "a timestamp that is text",
  ],
};
/** Where the specification allows what the reference refuses. */
const LAXER: Readonly<Record<string, readonly string[]>> = {
  "application/jose+json": [],
  "application/cose": ["the chain in the protected header"],
};

describe.each([["application/jose+json", JWS_ROWS], ["application/cose", COSE_ROWS]] as const)(
  "the rows of %s",
  (mediaType, rows) => {
    const theirs = answers[mediaType] ?? {};

    it("have an answer of the reference each", () => {
      expect(rows.map(([name]) => name).sort()).toEqual(Object.keys(theirs).sort());
      expect(rows.length).toBeGreaterThan(50);
    });

    it("differ from it in the named ones only", () => {
      const refusedHereOnly = rows.filter(([name, code]) => code !== undefined && theirs[name] === "accepted");
      const refusedThereOnly = rows.filter(([name, code]) => code === undefined && theirs[name] === "refused");
      expect(refusedHereOnly.map(([name]) => name).sort()).toEqual([...STRICTER[mediaType] ?? []].sort());
      expect(refusedThereOnly.map(([name]) => name)).toEqual(LAXER[mediaType]);
    });
  },
);
