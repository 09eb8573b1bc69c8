/**
 * Trust policies, trust stores and levels: the real notation and this program verify by the same folders and agree on
 * verdict, exit code, standard output and sentences, but for what is on the closed list.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";
import { openSideBySide, type SideBySide } from "./side_by_side.ts";
import type { ToolResult } from "./tools.ts";
import { fixtureBytes, type StoreEntry, type TrustRow } from "./trust_row.ts";
import { TRUST_ROWS } from "./trust_rows.ts";

/** The kind of document, which notation names since it knows two. */
const KIND = { id: "trust-policy-kind", word: /\boci (?=trust policy)/g } as const;

let side: SideBySide;
let home: string;

/** Writes notation's folder for a row. */
function writeConfiguration(
  folder: string,
  { policy, file = "trustpolicy.json", linked, stores = {} }: TrustRow,
): void {
  mkdirSync(folder, { recursive: true });
  if (policy !== undefined) {
    const text = typeof policy === "string" ? policy : JSON.stringify(policy);
    const path = join(folder, linked === true ? "elsewhere.json" : file);
    writeFileSync(path, text.replaceAll("HOST", side.registry.host));
    if (linked === true) symlinkSync(path, join(folder, file));
  }
  for (const [path, entry] of Object.entries(stores)) writeEntry(join(folder, "truststore", "x509", path), entry);
}

function writeEntry(path: string, entry: StoreEntry): void {
  mkdirSync(dirname(path), { recursive: true });
  if (typeof entry === "string") writeFileSync(path, fixtureBytes(entry));
  else if (entry instanceof Uint8Array) writeFileSync(path, entry);
  else if ("link" in entry) symlinkSync(resolve("test/fixtures", entry.link), path);
  else mkdirSync(path, { recursive: true });
}

/** What notation too would print: without our code, reason and next step. */
function sentences({ stderr }: ToolResult): string {
  return stderr.split("\n").filter((line) => /^(?:Warning|Error): /.test(line)).join("\n");
}

function verdictOf({ exitCode, stdout }: ToolResult): TrustRow["verdict"] {
  if (exitCode !== 0) return "failed";
  return stdout.startsWith("Trust policy is configured to skip") ? "skipped" : "verified";
}

describeIf("tools", "notation's trust policies and trust stores", () => {
  beforeAll(async () => {
    side = await openSideBySide("olareg");
    home = mkdtempSync(join(tmpdir(), "edge-notary-trust-"));
  });
  afterAll(async () => {
    await side?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it.each(TRUST_ROWS.map((row, index) => ({ ...row, index })))("$name: $verdict", async (row) => {
    const configuration = join(home, String(row.index));
    writeConfiguration(configuration, row);
    const { image = "ghcr.io/kyverno/test-verify-image:signed" } = row;
    const [repository = "", tag = ""] = image.split(":");
    const args = ["verify", "--insecure-registry", side.address({ repository, tag })];
    const [ours, theirs] = await Promise.all([
      side.ours(args, { configuration }),
      side.notation(args, { configuration }),
    ]);
    expect(verdictOf(ours), ours.stderr).toBe(row.verdict);
    expectSame(verdictOf(ours), verdictOf(theirs), row.verdictDeviation, `verdict: ${theirs.stderr}`);
    if (row.verdict === "failed") {
      expect(ours.stdout).toBe("");
      expect(ours.stderr).toMatch(/^Code: [A-Z_]+ \(/m);
      expect(ours.stderr).toMatch(/^Next: \S/m);
    }
    if (row.verdictDeviation !== undefined) return;
    expect({ stdout: ours.stdout, exitCode: ours.exitCode }).toEqual({
      stdout: theirs.stdout,
      exitCode: theirs.exitCode,
    });
    const named = sentences(ours);
    const plain = named.replace(KIND.word, "");
    if (plain !== named && row.deviation === undefined) {
      expectSame(named, sentences(theirs), KIND.id, "kind of document");
    }
    expectSame(plain, sentences(theirs), row.deviation, "sentences");
  });
});
