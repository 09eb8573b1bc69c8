import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../../../src/errors.ts";
import { decodeEnvelope } from "../../../../src/notary/mod.ts";
import { deviations, expectSame } from "../../../peers/deviations.ts";
import { COSE_ROWS, JWS_ROWS } from "./rows.ts";

type Answer = "accepted" | "refused";
const { answers }: { answers: Record<string, Record<string, Answer>> } = JSON.parse(
  readFileSync("test/vectors/notary/envelopes.json", "utf8"),
);

const ours = (mediaType: string, bytes: Uint8Array): Answer => {
  try {
    decodeEnvelope({ mediaType, bytes });
    return "accepted";
  } catch (error) {
    if (error instanceof EngineError) return "refused";
    throw error;
  }
};

describe.each([["application/jose+json", JWS_ROWS], ["application/cose", COSE_ROWS]] as const)(
  "the rows of %s",
  (mediaType, rows) => {
    const theirs = answers[mediaType] ?? {};

    it("have an answer of the reference each", () => {
      expect(rows.map(([name]) => name).sort()).toEqual(Object.keys(theirs).sort());
      expect(rows.length).toBeGreaterThan(50);
    });

    it.each(rows)("say what it says, or differ by an entry of the list: %s", (name, _expected, make, deviation) => {
      expectSame(ours(mediaType, make()), theirs[name], deviation, name);
    });
  },
);

it("the rows use every entry about them of the list of deviations", () => {
  const listed = deviations.filter(({ test }) => test === "test/cases/notary/envelope/rows.ts").map(({ id }) => id);
  const used = new Set([...JWS_ROWS, ...COSE_ROWS].flatMap(([, , , deviation]) => deviation ?? []));
  expect([...used].sort()).toEqual(listed.sort());
});
