/**
 * Layouts that the real oras writes, as folders and archives, are read as oras and notation read them; and `discover
 * --platform` is that of oras. The tar programs of this machine write every form of tar there is.
 */
import { gzipSync } from "node:zlib";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { describeIf } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";
import { openSideBySide, type SideBySide, sortUnordered } from "./side_by_side.ts";
import { mustRun, runTool, type ToolResult } from "./tools.ts";

const IMAGE = { repository: "ghcr.io/kyverno/test-verify-image", tag: "signed" };
const CERTIFICATE = resolve("test/fixtures/keys/fixture-signer.crt.pem");

let side: SideBySide;
let folder: string;

async function open(): Promise<void> {
  side = await openSideBySide("olareg");
  folder = mkdtempSync(join(tmpdir(), "edge-notary-layouts-"));
  const reference = side.address(IMAGE);
  const oras = (...args: readonly string[]) =>
    mustRun(peerPaths().oras, args, { folder, environment: { HOME: folder } });
  await oras("backup", "--plain-http", "--no-tty", "--include-referrers", "--output", "backup.tar", reference);
  await oras("backup", "--plain-http", "--no-tty", "--include-referrers", "--output", "backup", reference);
  await oras("cp", "--no-tty", "--from-plain-http", "--to-oci-layout", "-r", reference, "copied:signed");
  writeFileSync(join(folder, "backup.tar.gz"), gzipSync(readFileSync(join(folder, "backup.tar"))));
}

async function close(): Promise<void> {
  await side?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

const theirs = (tool: "oras" | "notation", args: readonly string[]): Promise<ToolResult> =>
  runTool(peerPaths()[tool], args, { folder, environment: { HOME: folder, NOTATION_EXPERIMENTAL: "1" } });

/** Ours, in the same folder, so that paths are the same. */
const ours = (args: readonly string[]): Promise<ToolResult> =>
  side.ours(args.map((arg) => arg.replace("./", `${folder}/`)));

/** What is printed in no order by a tool, in ours. */
const unordered = (text: string) => sortUnordered(text).split("\n").map((line) => line.replace(/[│├└─ ]/g, "")).sort();

describeIf("tools", "layouts of oras", () => {
  beforeAll(open);
  afterAll(close);

  it.each(["backup", "copied", "backup.tar"])("%s: the tree of discover is that of oras", async (path) => {
    for (const more of [[], ["-v=false"], ["--depth", "1"]]) {
      const args = ["discover", ...more, "--oci-layout", `./${path}:${IMAGE.tag}`];
      const [mine, peer] = await Promise.all([ours(args), theirs("oras", args)]);
      expect([mine.exitCode, mine.stderr]).toEqual([peer.exitCode, peer.stderr]);
      const named = mine.stdout.replaceAll(`${folder}/`, "./");
      expect(unordered(named)).toEqual(unordered(peer.stdout));
      expect(named.split("\n").length).toBeGreaterThan(3);
    }
  });

  it.each(["backup", "copied"])("%s: list is that of notation", async (path) => {
    const args = ["list", "--oci-layout", `./${path}:${IMAGE.tag}`];
    const [mine, peer] = await Promise.all([ours(args), theirs("notation", args)]);
    expect(peer.exitCode, peer.stderr).toBe(0);
    expect(mine.stdout.replaceAll(`${folder}/`, "./")).toBe(peer.stdout);
  });

  it.each(["backup", "copied", "backup.tar", "backup.tar.gz"])(
    "%s: every signature verifies, offline",
    async (path) => {
      const args = ["verify", "--offline", "--oci-layout", "--cert", CERTIFICATE, `./${path}:${IMAGE.tag}`];
      const { exitCode, stdout, stderr } = await ours(args);
      expect(exitCode, stderr).toBe(0);
      expect(stdout).toContain("Successfully verified signature");
    },
  );

  it.each(["v7", "ustar", "pax", "gnu"])("reads what tar writes as %s", async (format) => {
    const file = join(folder, `${format}.tar`);
    await mustRun("tar", [`--format=${format}`, "-cf", file, "-C", join(folder, "backup"), "."]);
    const [mine, peer] = await Promise.all([
      ours(["list", "--oci-layout", `./${format}.tar:${IMAGE.tag}`]),
      ours(["list", "--oci-layout", `./backup:${IMAGE.tag}`]),
    ]);
    expect(mine.exitCode, mine.stderr).toBe(0);
    expect(mine.stdout.replaceAll(`${format}.tar`, "backup")).toBe(peer.stdout);
  });

  it.each([
    ["list", "backup"],
    ["list", "backup:"],
    ["list", "backup@"],
    ["list", "backup:nope"],
    ["list", ":signed"],
    ["list", `backup@sha256:${"0".repeat(64)}`],
    ["verify", "backup:signed"],
  ])("%s %s fails in notation's words", async (command, operand) => {
    const args = [command, "--oci-layout", operand];
    const [mine, peer] = await Promise.all([
      side.ours(args.map((arg) => existsSync(join(folder, arg.split(/[:@]/)[0] || "-")) ? join(folder, arg) : arg)),
      theirs("notation", args),
    ]);
    const said = peer.stderr.split("\n").filter((line) => line.startsWith("Error: "));
    expect([mine.exitCode, mine.stdout]).toEqual([peer.exitCode, peer.stdout]);
    expect(mine.stderr.replaceAll(`${folder}/`, "").split("\n")[0]).toBe(said[0]);
  });

  it.each(["backup", "backup:", "backup:nope", ":signed"])("discover %s fails in oras' words", async (operand) => {
    const args = ["discover", "--oci-layout", operand];
    const mine = await side.ours(args.map((arg) => arg.startsWith("backup") ? join(folder, arg) : arg));
    const peer = await theirs("oras", args);
    expect(mine.exitCode).toBe(peer.exitCode);
    expect(mine.stderr.replaceAll(`${folder}/`, "").split("\n")[0]).toBe(peer.stderr.split("\n")[0]);
  });

  /** notation looks a text up that cannot be a tag or a digest; here it is refused. */
  it.each(["backup:bad/tag", "backup@sha256:abc"])("list %s is refused as what it is", async (operand) => {
    const args = ["list", "--oci-layout", operand];
    const mine = await side.ours(args.map((arg) => arg.startsWith("backup") ? join(folder, arg) : arg));
    const peer = await theirs("notation", args);
    expect([mine.exitCode, peer.exitCode]).toEqual([1, 1]);
    const said = peer.stderr.split("\n").filter((line) => line.startsWith("Error: "));
    expectSame(mine.stderr.split("\n")[0], said[0], "layout-reference-strict", operand);
  });

  it("the root in JSON has no annotation of the layout's list", async () => {
    const args = ["discover", "--format", "json", "--depth", "1", "--oci-layout", `./backup:${IMAGE.tag}`];
    const [mine, peer] = await Promise.all([ours(args), theirs("oras", args)]);
    const [read, readPeer] = [JSON.parse(mine.stdout), JSON.parse(peer.stdout)];
    expectSame(read.annotations, readPeer.annotations, "layout-root-annotations", "discover --format json");
    expect([read.digest, read.size, read.referrers.length]).toEqual([
      readPeer.digest,
      readPeer.size,
      readPeer.referrers.length,
    ]);
  });
});

describeIf("tools", "discover --platform", () => {
  beforeAll(open);
  afterAll(close);

  const questions = ["signed", "child-only", "child-only-amd64"].flatMap((tag) =>
    [
      "linux/amd64",
      "linux/arm64",
      "linux/arm64/v8",
      "linux",
      "windows/amd64",
      "linux/amd64:1",
      "linux/",
      "/amd64",
      "a/b/c/d",
      "",
    ]
      .map((platform) => ({ tag, platform }))
  );

  it.each(questions)("of $tag for '$platform' is that of oras", async ({ tag, platform }) => {
    const reference = side.address({ repository: "registry.example/index", tag });
    for (const more of [[], ["--format", "json"]]) {
      const args = ["discover", ...more, "--platform", platform, "--plain-http", reference];
      const [mine, peer] = await Promise.all([side.ours(args), side.oras(args)]);
      expect([mine.exitCode, mine.stdout], peer.stderr).toEqual([peer.exitCode, sortUnordered(peer.stdout)]);
      const [first = ""] = peer.stderr.split("\n");
      expect(mine.stderr.slice(0, first.length)).toBe(first);
    }
  });
});
