/** The closing line of `.ci/run`, which must not say that all is well when it is not. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const GOOD = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

describe("scripts/count.mjs", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "edge-notary-count-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function count(report: unknown, { endedBadly = false, failedSteps = 0 } = {}) {
    if (report !== undefined) writeFileSync(join(folder, "cases.json"), JSON.stringify(report));
    if (endedBadly) writeFileSync(join(folder, "cases.failed"), "");
    const args = ["scripts/count.mjs", "2", String(failedSteps), folder, "cases"];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return [status, stdout.trimEnd().split("\n").at(-1)];
  }

  it("adds tests to steps", () => {
    expect(count(GOOD)).toEqual([0, "5 passed, 0 failed, 0 skipped"]);
  });

  it.each([
    ["a failed step", GOOD, { failedSteps: 1 }, "5 passed, 1 failed, 0 skipped"],
    ["a failed test", { ...GOOD, numFailedTests: 2 }, { endedBadly: true }, "5 passed, 2 failed, 0 skipped"],
    ["a skipped test", { ...GOOD, numPendingTests: 1 }, {}, "5 passed, 0 failed, 1 skipped"],
    ["a suite without a test", { ...GOOD, numPassedTests: 0 }, {}, "2 passed, 1 failed, 0 skipped"],
    ["an error outside of any test", GOOD, { endedBadly: true }, "5 passed, 1 failed, 0 skipped"],
    ["no report", undefined, {}, "2 passed, 1 failed, 0 skipped"],
    [
      "a file that could not be read",
      { ...GOOD, testResults: [{ status: "failed", assertionResults: [] }] },
      { endedBadly: true },
      "5 passed, 1 failed, 0 skipped",
    ],
  ])("fails on %s", (_, report, ended, line) => {
    expect(count(report, ended)).toEqual([1, line]);
  });
});
