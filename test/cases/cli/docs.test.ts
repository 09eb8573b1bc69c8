/** docs/cli.md: every command in it runs, prints what the page says, and every flag is on the page. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { runInMemory } from "./memory_host.ts";

const read = (name: string) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
const examplesOf = (text: string) =>
  [...text.matchAll(/```console\n\$ edge-notary (.+)\n([\s\S]*?)```/g)].map(([, command = "", output = ""]) => ({
    command,
    output,
  }));

const page = read("cli.md");
const examples = examplesOf(page);

/** What changes whenever the fixtures are made anew, and what depends on the machine. */
function masked(text: string): string {
  return text
    .replace(/sha256:[0-9a-f]{64}/g, "sha256:…")
    .replace(/\b[0-9a-f]{64}\b/g, "…")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "…")
    .replace(/\b[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\b/g, "…")
    .replace(/^(Version|Runtime|Crypto): .*$/gm, (_, label: string) => `${label}:     …`);
}

describe("docs/cli.md", () => {
  it("has an example for each command that can run in a page", () => {
    const verbs = new Set(examples.map(({ command }) => command.split(" ")[0]));
    expect([...verbs].sort()).toEqual(["discover", "inspect", "list", "verify", "version"]);
  });

  it.each([...examples, ...examplesOf(read("registries.md").split("## Air-gapped")[1] ?? "")])(
    "edge-notary $command",
    async ({ command, output }) => {
      const { stdout, stderr } = await runInMemory(command.split(" "));
      expect(masked(stdout + stderr)).toBe(masked(output));
    },
  );

  it.each(COMMANDS)("lists every flag of $name", ({ name, flags }) => {
    const section = new RegExp(`^## ${name}\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, "m").exec(page)?.[1] ?? "";
    const common = /^## Where registries are\n([\s\S]*?)(?=^## )/m.exec(page)?.[1] ?? "";
    expect(section).not.toBe("");
    const missing = Object.entries(flags)
      .flatMap(([flag, { short }]) => [`--${flag}`, ...(short === undefined ? [] : [`-${short}`])])
      .filter((flag) => !new RegExp(`\`${flag}[ \`]`).test(section + common));
    expect(missing).toEqual([]);
  });
});
