/**
 * docs/cli.md: every command in it runs, prints what the page says, and every flag is on the page. docs/registries.md:
 * every command of ours runs, with files and a registry made for the page.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { readLayout, serveLayouts } from "../../../src/oci/mod.ts";
import type { Handler } from "../../../src/ports.ts";
import { files as realFiles } from "../../../src/runtime/files.ts";
import { makeTar } from "../../run/tar_maker.ts";
import { makeTlsFamily } from "../../run/tls.ts";
import { type MemoryHostOptions, runInMemory } from "./memory_host.ts";

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

  it.each(examples)("edge-notary $command", async ({ command, output }) => {
    const { stdout, stderr } = await runInMemory(command.split(" "));
    expect(masked(stdout + stderr)).toBe(masked(output));
  });

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

describe("docs/registries.md", () => {
  const text = read("registries.md");
  const shell = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => block.trim().split("\n"));
  const folder = "test/fixtures/layouts/test-verify-image";
  let options: MemoryHostOptions;

  beforeAll(async () => {
    const layout = filesBelow(folder);
    const tar = makeTar([...layout].map(([path, content]) => ({ name: path.slice(folder.length + 1), content })));
    const cert = "test/fixtures/keys/fixture-signer.crt.pem";
    const packaged = [...layout, ...filesBelow("examples")].map(([path, content]) => [`./${path}`, content] as const);
    const [, config = ""] = /## Private CAs[\s\S]*?```json\n([\s\S]*?)```/.exec(text) ?? [];
    const served = await readLayout({ files: realFiles, folder }, createWebCryptoProvider());
    const registry = serveLayouts(new Map([["app", served]]));
    const authority = makeTlsFamily().authority;
    options = {
      files: {
        ...Object.fromEntries([...layout, ...packaged]),
        [cert]: readFileSync(cert),
        "signer.crt.pem": readFileSync(cert),
        "image.tar": tar,
        "image.tar.gz": gzipSync(tar),
        "corp-ca.pem": authority,
        "config.json": config,
        "cache.key": `${btoa("k".repeat(32))}\n`,
      },
      // Only who believes the CA gets to the registry.
      apiServer: ({ certificateAuthorities }): Handler =>
        certificateAuthorities === authority ? registry : () => Response.error(),
      openStore: () =>
        Promise.resolve({
          name: "the page's store",
          get: () => Promise.resolve(undefined),
          set: () => Promise.resolve(),
          close: () => Promise.resolve(),
        }),
    };
  });

  it("has examples with what they print", () => {
    expect(examplesOf(text)).toHaveLength(text.match(/```console\n/g)?.length ?? 0);
    expect(text.match(/^\$ /gm)).toHaveLength(examplesOf(text).length);
  });

  it.each(examplesOf(text))("edge-notary $command", async ({ command, output }) => {
    const { stdout, stderr } = await runInMemory(command.split(" "), options);
    expect(masked(stdout + stderr)).toBe(masked(output));
  });

  it.each(shell.filter((line) => line.startsWith("edge-notary ")))("%s", async (line) => {
    const { status, stderr } = await runInMemory(line.split(" ").slice(1), options);
    expect(status, stderr).toBe(0);
  });

  it("has commands of others only to make what ours read, and one that needs Deno", () => {
    const others = shell.filter((line) => !line.startsWith("edge-notary ")).map((line) => line.split(" ")[0]);
    expect(others).toEqual(["openssl", "deno", "oras", "gzip"]);
  });
});

/** The files of a folder and below, by path. */
function filesBelow(folder: string): ReadonlyMap<string, Uint8Array> {
  const paths = (readdirSync(folder, { recursive: true }) as string[]).map((name) => `${folder}/${name}`);
  return new Map(paths.filter((path) => statSync(path).isFile()).map((path) => [path, readFileSync(path)]));
}
