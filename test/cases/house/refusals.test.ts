/** docs/refusals.md against the table of codes, the commands and the fixtures. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { CODES, type ErrorCode, kindOfRefusal } from "../../../src/errors.ts";
import { runInMemory } from "../cli/memory_host.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const page = read("docs/refusals.md");
const codes = Object.keys(CODES) as readonly ErrorCode[];

interface Section {
  readonly code: string;
  /** Text before the list, on one line. */
  readonly about: string;
  /** `Next` → its text, on one line. */
  readonly points: ReadonlyMap<string, string>;
}

const oneLine = (text: string) => text.trim().replace(/\s*\n\s*/g, " ");

const sections: readonly Section[] = page.split(/^### /m).slice(1).map((text) => {
  const [code = "", ...rest] = text.split("\n");
  const [about = "", ...points] = rest.join("\n").replace(/^## [\s\S]*/m, "").split(/^- /m);
  return {
    code,
    about: oneLine(about),
    points: new Map(points.map((point) => {
      const [, name = "", words = ""] = /^\*\*(\w+):\*\* (.*)$/.exec(oneLine(point)) ?? [];
      return [name, words];
    })),
  };
});

/** The table in errors.ts: code → the title of its group, from the comments. */
function groupsOfCodes(): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  let group = "";
  for (const line of read("src/errors.ts").split("\n")) {
    group = /^ {2}\/\/ (.*) \([^)]*\)$/.exec(line)?.[1] ?? group;
    const code = /^ {2}([A-Z][A-Z0-9_]+): /.exec(line)?.[1];
    if (code !== undefined) groups.set(code, group);
  }
  return groups;
}

function groupsOfPage(): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  let group = "";
  for (const line of page.split("\n")) {
    group = /^## (.*)$/.exec(line)?.[1] ?? group;
    const code = /^### (.*)$/.exec(line)?.[1];
    if (code !== undefined) groups.set(code, group);
  }
  return groups;
}

/** Flags of a command line that its command does not have; all of it when there is no such command. */
function unknownParts(line: string): readonly string[] {
  const [program, ...words] = line.split(" ");
  const command = COMMANDS.toSorted((one, other) => other.name.length - one.name.length)
    .find(({ name }) => words.join(" ").startsWith(`${name} `) || words.join(" ") === name);
  if (program !== "edge-notary" || command === undefined) return [line];
  const known = new Set(["--help"]);
  for (const [flag, { short }] of Object.entries(command.flags)) {
    known.add(`--${flag}`);
    if (short !== undefined) known.add(`-${short}`);
  }
  return words.filter((word) => word.startsWith("-") && !known.has(word));
}

/** The command lines within backticks. */
const commandsIn = (text: string) => [...text.matchAll(/`(edge-notary [^`]+)`/g)].map(([, line = ""]) => line);

describe("docs/refusals.md", () => {
  it("has one section for each code, in the order and the groups of the table, and no other", () => {
    expect(sections.map(({ code }) => code)).toEqual(codes);
    expect([...groupsOfPage()]).toEqual([...groupsOfCodes()]);
  });

  it.each(sections)("$code: what it means, its causes, how to see it, what to do", ({ code, about, points }) => {
    const entry = CODES[code as ErrorCode];
    expect(about).toMatch(/^[A-Z].{20,}\.$/);
    expect(points.get("Kind")).toBe(kindOfRefusal(entry));
    expect(points.get("Usually")).toMatch(/^.{20,}\.$/);
    expect(points.get("Next")?.startsWith(`${entry.nextStep}.`), entry.nextStep).toBe(true);
    expect(points.get("See")).toMatch(/^`edge-notary [^`]+`$/);
    const names = ["Kind", "Usually", "See", "Try", "Next", "Rule"];
    expect([...points.keys()]).toEqual(names.filter((name) => points.has(name)));
  });

  it("names no code that does not exist", () => {
    const names = [...page.matchAll(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g)].map(([name]) => name);
    expect(names.length).toBeGreaterThan(codes.length);
    expect(names.filter((name) => !Object.hasOwn(CODES, name) && name !== "NOTATION_CONFIG")).toEqual([]);
  });

  it("has links that lead somewhere", () => {
    const headings = new Set(
      [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
        title.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
      ),
    );
    const links = [...page.matchAll(/\[([^\]]+)\]\(#([^)]+)\)/g)];
    expect(links.length).toBeGreaterThan(30);
    expect(links.filter(([, , to = ""]) => !headings.has(to))).toEqual([]);
    // A link that is called as a code leads to it.
    expect(links.filter(([, text = "", to = ""]) => Object.hasOwn(CODES, text) && text.toLowerCase() !== to))
      .toEqual([]);
  });

  it("names commands and flags that exist", () => {
    const lines = commandsIn(page);
    expect(lines.length).toBeGreaterThan(codes.length);
    expect(lines.flatMap(unknownParts)).toEqual([]);
    expect(unknownParts("edge-notary verify --no-such-flag IMAGE")).toEqual(["--no-such-flag"]);
    expect(unknownParts("edge-notary refuse IMAGE")).toHaveLength(1);
  });

  it("is what README.md and docs/cli.md lead to", () => {
    expect(read("README.md")).toContain("(docs/refusals.md)");
    expect(read("docs/cli.md")).toContain("(refusals.md)");
  });
});

describe("what the page says to try", () => {
  it.each([...page.matchAll(/```console\n\$ edge-notary (.+)\n([\s\S]*?)```/g)].map(([, line = "", output = ""]) => ({
    line,
    output,
  })))("prints what it says: $line", async ({ line, output }) => {
    const { stdout, stderr } = await runInMemory(line.split(" "));
    expect((stdout + stderr).replace(/sha256:[0-9a-f]{64}/g, "sha256:…")).toBe(output);
  });

  const tries = sections.flatMap(({ code, points }) =>
    commandsIn(points.get("Try") ?? "").map((line) => ({ code, line }))
  );

  it("covers the refusals that people meet first", () => {
    expect(tries.map(({ code }) => code)).toEqual(
      expect.arrayContaining([
        "SIGNATURE_MISSING",
        "SIGNER_NOT_TRUSTED",
        "SIGNATURE_MISMATCH",
        "SIGNATURE_EXPIRED",
        "CERTIFICATE_EXPIRED",
        "TARGET_ARTIFACT_MISMATCH",
        "ERR_TRUST_STORE",
      ]),
    );
  });

  it.each(tries)("$code: $line", async ({ code, line }) => {
    const { status, stdout, stderr } = await runInMemory(line.split(" ").slice(1));
    expect(status).toBe(1);
    const entry = CODES[code as ErrorCode];
    const isExplained = stdout.includes("\nVerdict: ");
    // An explanation has a next step of its own, and leads to the page.
    const next = isExplained ? "" : `Next: ${entry.nextStep}\n`;
    expect(stderr).toContain(`Code: ${code} (${kindOfRefusal(entry)})\n${next}`);
    if (isExplained) expect(stdout).toContain(`\nMore:   docs/refusals.md#${code.toLowerCase()}\n`);
  });
});
