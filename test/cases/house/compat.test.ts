import { describe, expect, it } from "vitest";
import { readSources, roomOf, withoutComments } from "../../../scripts/imports.ts";

/** Rooms from which something is decided for somebody. */
const DECIDING = ["policy", "admission", "cli", "page", "runtime"];

describe("compat, which is for comparisons only", () => {
  const sources = readSources();

  it.each(DECIDING)("is not to be switched on by anything in src/%s", (room) => {
    const files = sources.filter(({ path }) => roomOf(path) === room);
    expect(files.length).toBeGreaterThan(0);
    const named = files.filter(({ text }) => /\bcompat\b|\brelaxations\b/.test(withoutComments(text)));
    expect(named.map(({ path }) => path)).toEqual([]);
  });

  it("is switched on nowhere in src: only who calls the library can", () => {
    const switched = sources.filter(({ text }) => /\bcompat:\s*true\s*[,}]/.test(withoutComments(text)));
    expect(switched.map(({ path }) => path)).toEqual([]);
    expect(sources.some(({ text }) => /\bcompat\?: true;/.test(text)), "where the option stands").toBe(true);
  });
});
