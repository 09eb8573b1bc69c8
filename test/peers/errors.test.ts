/**
 * What cannot be done, asked of this program and of the real notation and oras: nothing on standard output, the same
 * exit code, and the same first sentence or an entry of the closed list that says why not.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";
import { freePort } from "./registries.ts";
import {
  type BothRegistries,
  images,
  openBothRegistries,
  REGISTRY_KINDS,
  type SideBySide,
  sortUnordered,
} from "./side_by_side.ts";
import type { ToolResult } from "./tools.ts";

interface Case {
  readonly name: string;
  /**
   * Behind the command; `REPO` stands for the seed's repository, `HOST` for the registry, `CLOSED` for a closed port.
   */
  readonly args: readonly string[];
  /** The entry that says why the sentence differs; without one it has to be equal. */
  readonly deviation?: string;
}

const DIGEST = `sha256:${"0".repeat(64)}`;
const bad = (name: string, reference: string): Case => ({ name, args: [reference], deviation: "reference" });

/** Asked of every command, in both kinds of registry. */
const MISSING: readonly Case[] = [
  { name: "a tag that is missing", args: ["REPO:missing"] },
  { name: "a digest that is missing", args: [`REPO@${DIGEST}`] },
  { name: "a repository that is missing", args: ["HOST/no/such:v1"] },
];

/** Asked of every command; no registry has a say in them. */
const REFERENCES: readonly Case[] = [
  { name: "a registry that does not answer", args: ["CLOSED/x:v1"], deviation: "connection" },
  { name: "a name longer than any registry takes", args: [`HOST/${"a".repeat(300)}:v1`], deviation: "long-name" },
  { name: "neither tag nor digest", args: ["REPO"] },
  { name: "no registry", args: ["test-verify-image:signed"] },
  bad("nothing", ""),
  bad("capitals", "HOST/Kyverno/image:v1"),
  bad("a path that climbs", "HOST/a/../b:v1"),
  bad("a tag with a blank", "REPO:bad tag"),
  bad("a tag that is too long", `REPO:${"a".repeat(129)}`),
  bad("a short digest", "REPO@sha256:abc"),
  bad("a digest in capitals", `REPO@sha256:${"A".repeat(64)}`),
  bad("a digest of an unknown kind", "REPO@md5:d41d8cd98f00b204e9800998ecf8427e"),
  bad("an escape sequence", "REPO:signed\u001b[31m"),
  bad("a URL", "http://HOST/image:v1"),
];

const FLAGS: readonly Case[] = [
  { name: "an unknown flag", args: ["--frob", "REPO:signed"] },
  { name: "an unknown flag with a value", args: ["--frob=1", "REPO:signed"] },
  { name: "an unknown letter", args: ["-z", "REPO:signed"] },
  { name: "flags with three dashes", args: ["---x", "REPO:signed"] },
];

const NOTATION: readonly Case[] = [
  ...REFERENCES,
  ...FLAGS,
  { name: "no reference", args: [] },
  { name: "--max-signatures 0", args: ["--max-signatures", "0", "REPO:signed"] },
  { name: "--max-signatures -1", args: ["--max-signatures", "-1", "REPO:signed"] },
  { name: "--max-signatures without a value", args: ["REPO:signed", "--max-signatures"] },
  { name: "--max-signatures abc", args: ["--max-signatures", "abc", "REPO:signed"], deviation: "value" },
  { name: "--insecure-registry=maybe", args: ["--insecure-registry=maybe", "REPO:signed"], deviation: "value" },
];

const ORAS: readonly Case[] = [
  ...REFERENCES,
  ...FLAGS,
  { name: "no reference", args: [] },
  { name: "two references", args: ["REPO:signed", "REPO:unsigned"] },
  { name: "--depth 0", args: ["--depth", "0", "REPO:signed"] },
  { name: "--depth without a value", args: ["REPO:signed", "--depth"] },
  { name: "--format and -o", args: ["--format", "json", "-o", "tree", "REPO:signed"] },
  { name: "--depth x", args: ["--depth", "x", "REPO:signed"], deviation: "value" },
  { name: "-v=maybe", args: ["-v=maybe", "REPO:signed"], deviation: "value" },
  { name: "--format yaml", args: ["--format", "yaml", "REPO:signed"], deviation: "value" },
  { name: "--distribution-spec v9", args: ["--distribution-spec", "v9", "REPO:signed"], deviation: "value" },
  { name: "--format go-template", args: ["--format", "go-template", "REPO:signed"], deviation: "template" },
];

/** Names of the list for each tool: what they say differs for one reason, but in each tool's words. */
const ENTRIES = {
  notation: {
    explained: "error-explained",
    reference: "reference-reason",
    connection: "connection-text",
    "long-name": "long-name",
    value: "flag-value-words",
    template: "",
  },
  oras: {
    explained: "discover-error-explained",
    reference: "discover-reference-reason",
    connection: "discover-connection-text",
    "long-name": "discover-long-name",
    value: "discover-flag-value-words",
    template: "go-templates",
  },
} as const;
type Tool = keyof typeof ENTRIES;

let closedPort = 0;

function fill(args: readonly string[], { registry: { host } }: SideBySide): readonly string[] {
  return args.map((arg) =>
    arg.replace("REPO", `${host}/kyverno/test-verify-image`).replace("HOST", host)
      .replace("CLOSED", `127.0.0.1:${closedPort}`)
  );
}

/** The tool's own name is its own. */
const named = (tool: Tool, stderr: string) =>
  stderr.replaceAll(new RegExp(`(?<=["\`]|Usage: )${tool} (?=\\w)`, "g"), "edge-notary ");

function expectRefused(tool: Tool, { name, deviation }: Case, ours: ToolResult, theirs: ToolResult): void {
  expect({ stdout: ours.stdout, exitCode: ours.exitCode }, name).toEqual({ stdout: "", exitCode: 1 });
  expect({ stdout: theirs.stdout, exitCode: theirs.exitCode }, name).toEqual({ stdout: "", exitCode: 1 });
  expect(ours.stderr, name).toMatch(/\nCode: [A-Z_]+ \(.*\)\nNext: .*\n$/);
  // deno-lint-ignore no-control-regex
  expect(ours.stderr, name).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  const entries: Readonly<Record<string, string>> = ENTRIES[tool];
  const expected = named(tool, theirs.stderr);
  const sentence = ours.stderr.slice(0, expected.length);
  expectSame(sentence, expected, deviation === undefined ? undefined : entries[deviation] ?? "", name);
  expectSame(ours.stderr, expected, entries["explained"], name);
}

describeIf("tools", "errors side by side", () => {
  let both: BothRegistries;
  beforeAll(async () => {
    both = await openBothRegistries();
    closedPort = await freePort();
  });
  afterAll(async () => {
    await both?.close();
  });

  const options = (command: string) => command === "verify" ? { trustAnchors: ["keys/fixture-signer.crt.pem"] } : {};

  for (const kind of REGISTRY_KINDS) {
    const all = kind === "olareg";
    for (const command of ["inspect", "list", "verify"]) {
      it.each(all ? [...MISSING, ...NOTATION] : MISSING)(`notation ${command} on ${kind}: $name`, async (row) => {
        const side = both.at(kind);
        // A flag that wants a value takes whatever follows: nothing may.
        const insecure = row.args.some((arg) => arg.startsWith("--insecure")) ? [] : ["--insecure-registry"];
        const args = [command, ...insecure, ...fill(row.args, side)];
        const wants = row.args.at(-1) === "--max-signatures" ? {} : options(command);
        const [ours, theirs] = await Promise.all([side.ours(args, wants), side.notation(args, options(command))]);
        expectRefused("notation", row, ours, theirs);
      });
    }

    it.each(all ? [...MISSING, ...ORAS] : MISSING)(`oras discover on ${kind}: $name`, async (row) => {
      const side = both.at(kind);
      const args = ["discover", "--plain-http", ...fill(row.args, side)];
      const [ours, theirs] = await Promise.all([side.ours(args), side.oras(args)]);
      expectRefused("oras", row, ours, theirs);
    });
  }

  it("an unknown output format of inspect", async () => {
    const side = both.at("olareg");
    const args = ["inspect", "-o", "yaml", ...fill(["REPO:signed"], side)];
    const [ours, theirs] = await Promise.all([side.ours(args), side.notation(args)]);
    expectRefused("notation", { name: "-o yaml", args }, ours, theirs);
  });

  it.each(["inspect", "list", "verify"])("a second reference of %s is refused, not ignored", async (command) => {
    const side = both.at("olareg");
    const args = [command, "--insecure-registry", ...fill(["REPO:signed", "REPO:unsigned"], side)];
    const [ours, theirs] = await Promise.all([
      side.ours(args, options(command)),
      side.notation(args, options(command)),
    ]);
    expectSame([ours.exitCode, ours.stdout], [theirs.exitCode, theirs.stdout], "one-reference", command);
    expect([ours.exitCode, ours.stdout, theirs.exitCode]).toEqual([1, "", 0]);
  });

  it.each([["frob"], ["--frob"]])("no command: %s", async (argument) => {
    const side = both.at("olareg");
    const [ours, theirs] = await Promise.all([side.ours([argument]), side.notation([argument])]);
    expect([ours.exitCode, ours.stdout]).toEqual([theirs.exitCode, theirs.stdout]);
    const first = (stderr: string) => stderr.split("\n")[0];
    expect(first(ours.stderr)).toBe(first(theirs.stderr)?.replace('"notation"', '"edge-notary"'));
  });

  // The tag decides nothing where there is a digest, for any of the three.
  it.each(["inspect", "list", "verify", "discover"])(
    "%s looks at the digest, not at the tag beside it",
    async (command) => {
      const side = both.at("distribution");
      const [image] = images;
      const reference = `${fill(["REPO:missing"], side)[0]}@${image?.digest}`;
      const tool = command === "discover" ? side.oras : side.notation;
      const args = [command, command === "discover" ? "--plain-http" : "--insecure-registry", reference];
      if (command === "discover") args.push("-v=false");
      const [ours, theirs] = await Promise.all([side.ours(args, options(command)), tool(args, options(command))]);
      expect(ours.exitCode).toBe(0);
      expect({ ...ours }).toEqual({ ...theirs, stdout: sortUnordered(theirs.stdout) });
    },
  );

  it.each(["inspect", "list", "verify", "discover"])("%s as a process of its own ends with 1", async (command) => {
    const side = both.at("olareg");
    const args = [command, ...fill(["REPO:missing"], side)];
    const ours = await side.oursAsProcess(args, options(command));
    const theirs = command === "discover"
      ? await side.oras([...args, "--plain-http"])
      : await side.notation([...args, "--insecure-registry"], options(command));
    expectRefused(command === "discover" ? "oras" : "notation", { name: command, args }, ours, theirs);
  });
});
