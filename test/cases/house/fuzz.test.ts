/**
 * Fuzzing, in small: nothing is found in the engine as it is, and every planted bug is. `npm run fuzz` does it at
 * length.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { afterAll, describe, expect, it } from "vitest";
import { bundleWorker } from "../../../scripts/fuzz/bundle.ts";
import { type CampaignResult, runCampaign } from "../../../scripts/fuzz/campaign.ts";
import { KINDS } from "../../../scripts/fuzz/kinds.ts";
import { type FuzzOptions, readOptions } from "../../../scripts/fuzz/options.ts";
import { PLANTED, type PlantedBug } from "../../../scripts/fuzz/planted.ts";
import { MIN_WELL_FORMED_SHARE } from "../../../scripts/fuzz/report.ts";

/** Each test starts processes: slow where the machine is busy. */
const TIMEOUT_MILLISECONDS = 180_000;
const SEED = "20260701";
const folder = mkdtempSync(join(tmpdir(), "edge-notary-fuzz-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function campaign(args: readonly string[], bug?: PlantedBug): Promise<CampaignResult> {
  const options = readOptions(["--seed", SEED, ...args]) as FuzzOptions;
  expect(options).toMatchObject({ seed: Number(SEED) });
  const bundle = await bundleWorker(bug);
  try {
    return await runCampaign(options, bundle.file, dirname(bundle.file), () => {});
  } finally {
    bundle.remove();
  }
}

/** What one mutant proved another need not: which signatures are computed depends on who made the mutants before. */
function withoutComputed(totals: CampaignResult["totals"]) {
  return [...totals].map(([kind, { stages: { signature: _, ...stages }, ...rest }]) => ({ kind, stages, ...rest }));
}

describe("fuzzing", () => {
  it("finds nothing in the engine", async () => {
    const found = await campaign(["--mutants", "1000"]);
    expect(found.failures).toEqual([]);
    expect([...found.totals.keys()]).toEqual([...KINDS]);
    for (const { made, stages, outcomes } of found.totals.values()) {
      expect(made).toBe(200);
      expect(stages.outer).toBeGreaterThan(MIN_WELL_FORMED_SHARE * made);
      for (const count of Object.values(stages)) expect(count).toBeGreaterThan(0);
      expect(Object.keys(outcomes).length).toBeGreaterThan(3);
    }
  }, TIMEOUT_MILLISECONDS);

  it("makes as many as were asked for whatever the time, with one worker the same as with two", async () => {
    const one = await campaign(["--mutants", "150", "--minutes", "0", "--workers", "1"]);
    const two = await campaign(["--mutants", "150"]);
    expect(one.totals.get("crl")?.made).toBe(30);
    expect(withoutComputed(two.totals)).toEqual(withoutComputed(one.totals));
  }, TIMEOUT_MILLISECONDS);

  it.each(Object.entries(PLANTED))("finds the planted bug %s", async (_, bug) => {
    const { failures, endedEarly } = await campaign(
      ["--mutants", "3000", "--only", bug.kind, "--failures", "1", "--bound", "500"],
      bug,
    );
    expect(failures.map(({ kind }) => kind)).toEqual([bug.kind]);
    expect(failures[0]?.inputs.length).toBeGreaterThan(0);
    expect(failures[0]?.fault).toMatch(bug.found);
    expect(endedEarly).toBe(true);
  }, TIMEOUT_MILLISECONDS);

  it("plants nothing when the text is no longer there, and says so", async () => {
    const bug = { ...(PLANTED["signed-attributes"] as PlantedBug), text: "no such text" };
    await expect(bundleWorker(bug)).rejects.toThrow(/no longer/);
    const file = { ...bug, file: "no_such_file.ts" };
    await expect(bundleWorker(file)).rejects.toThrow(/not part of the bundle/);
  }, TIMEOUT_MILLISECONDS);

  it("saves the input, says how to see it again, and ends with 1", () => {
    const command = (...args: readonly string[]) =>
      spawnSync(process.execPath, ["--import", "tsx", "scripts/fuzz.ts", ...args], { encoding: "utf8" });
    const planted = ["--planted", "signed-attributes", "--only", "token", "--save", folder, "--seed", SEED];
    const { status, stdout } = command(...planted, "--mutants", "2000", "--failures", "1");
    const [, mutant = ""] =
      /again: .*--seed 20260701 --only token --mutant (\d+) --planted signed-attributes/.exec(stdout) ?? [];
    expect({ status, mutant }).toEqual({ status: 1, mutant: expect.stringMatching(/^\d+$/) });
    expect(readdirSync(folder)).toContain(`token-20260701-${mutant}.bin`);
    const again = command(...planted, "--mutant", mutant);
    expect(again.stdout).toContain(`FOUND: token, mutant ${mutant}: accepted, although the signed digest`);
    expect(again.status).toBe(1);
    const good = command("--only", "token", "--mutant", mutant, "--save", folder, "--seed", SEED);
    expect(good.stdout).toContain("seed 20260701: nothing found");
    expect(good.status).toBe(0);
    expect(existsSync(join("node_modules", ".cache", `edge-notary-fuzz-${good.pid}`))).toBe(false);
  }, TIMEOUT_MILLISECONDS);

  it("understands what it is asked, or says what it does not", () => {
    expect(readOptions(["--help"])).toBeUndefined();
    expect(readOptions(["--minutes", "0.5"])).toMatchObject({ minutes: 0.5, kinds: KINDS, workers: 2 });
    for (
      const args of [["--only", "jws"], ["--planted", "x"], ["--mutant", "1"], ["--seed", "-1"], ["--seed", "a"], ["x"]]
    ) {
      expect(readOptions(args)).toEqual(expect.any(String));
    }
  });
});
