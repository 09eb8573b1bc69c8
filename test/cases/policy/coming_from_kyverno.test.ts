/** `docs/kyverno.md` against `docs/policies.md`, the tables of functions and operators, and the list of differences. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { kyvernoFunctions } from "../../../src/policy/functions/table.ts";
import { OPERATORS } from "../../../src/policy/operators.ts";

interface Row {
  readonly field: string;
  readonly here: string;
  readonly compared: string;
  readonly why: string;
  readonly ids: readonly string[];
}

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const page = read("docs/kyverno.md");
const deviations: readonly { readonly id: string; readonly peer: string; readonly section: string; reason: string }[] =
  JSON
    .parse(read("test/peers/deviations.json"));

/** Cells of a line of a table, as they read. */
const cellsOf = (line: string) =>
  line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replace(/\\([^A-Za-z0-9\s])/g, "$1"));

const sections = page.split(/^##+ /m).slice(1).map((text) => ({
  heading: text.split("\n", 1)[0] ?? "",
  rows: text.split("\n").filter((line) => line.startsWith("|")).slice(2).map(cellsOf),
}));

function compared(heading: string): readonly Row[] {
  const rows = sections.find((section) => section.heading === heading)?.rows ?? [];
  return rows.map(([field = "", here = "", same = "", why = "", ids = ""]) => ({
    field: field.replaceAll("`", ""),
    here,
    compared: same,
    why,
    ids: [...ids.matchAll(/`([^`]+)`/g)].map(([, id = ""]) => id),
  }));
}

/** What the other page says of the fields of each object; the load gate is held against that. */
const documented = read("docs/policies.md").split(/^## /m).slice(1).flatMap((text) => {
  const rows = [...text.matchAll(/^\| `(\w+)`\s*\| (\w+)\s*\|/gm)].map(([, field = "", here = ""]) => ({
    field,
    here,
  }));
  return /\n\| field\s/.test(text) ? [{ heading: text.split("\n", 1)[0] ?? "", rows }] : [];
});

const SUPPORT: Readonly<Record<string, string>> = { enforced: "supported", refused: "refused", ignored: "ignored" };

describe("docs/kyverno.md", () => {
  it.each(documented)("says of $heading what becomes of each field", ({ heading, rows }) => {
    expect(compared(heading).map(({ field, here }) => ({ field, here })))
      .toEqual(rows.map(({ field, here }) => ({ field, here: SUPPORT[here] })));
  });

  const all = sections.flatMap(({ heading }) => heading === "Every difference" ? [] : compared(heading));

  it("says why wherever something is different, and compares everything", () => {
    expect(all.length).toBeGreaterThan(130);
    expect(all.filter((row) => !["same", "different"].includes(row.compared))).toEqual([]);
    expect(all.filter((row) => row.compared === "different" && row.why.length < 5)).toEqual([]);
    expect(all.filter((row) => row.compared === "same" && row.ids.length > 0)).toEqual([]);
    expect(all.filter(({ here }) => !Object.values(SUPPORT).includes(here))).toEqual([]);
  });

  const ofKyverno = deviations.filter(({ peer }) => peer === "kyverno");

  it("names differences that are listed, and lists every one as it stands", () => {
    const ids = ofKyverno.map(({ id }) => id);
    expect(all.flatMap((row) => row.ids).filter((id) => !ids.includes(id))).toEqual([]);
    const listed = sections.find(({ heading }) => heading === "Every difference")?.rows ?? [];
    expect(listed).toEqual(ofKyverno.map(({ id, section, reason }) => [`\`${id}\``, section, reason]));
  });

  it("names every function and every operator, and none that does not exist", () => {
    const listed = (beginning: string) => {
      const paragraph = page.split("\n\n").find((one) => one.startsWith(beginning))?.slice(beginning.length) ?? "";
      return [...paragraph.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
    };
    const functions = [...kyvernoFunctions({ now: () => new Date(0) }).keys()];
    expect(listed("Every function, with one row each against `kyverno jp query`: ")).toEqual(functions.toSorted());
    expect(listed("Every operator: ")).toEqual(Object.keys(OPERATORS));
  });

  it("is what README.md, docs/policies.md and docs/cli.md lead to", () => {
    expect(read("README.md")).toContain("(docs/kyverno.md)");
    expect(read("docs/policies.md")).toContain("(kyverno.md)");
  });
});
