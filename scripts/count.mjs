// Adds the suites' JSON reports to the counts of single steps and prints the closing line of .ci/run.
// Arguments: passed, failed, the folder of the reports, the suites' names. A suite without a report, without a passed
// test, or that ended badly without saying by which test (`SUITE.failed` lies beside its report), is a failure; so is a
// skipped test, because here everything a test may need is installed.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const [, , passedSteps, failedSteps, folder, ...suites] = process.argv;
let passed = Number(passedSteps);
let failed = Number(failedSteps);
let skipped = 0;

for (const suite of suites) {
  try {
    const report = JSON.parse(readFileSync(join(folder, `${suite}.json`), "utf8"));
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    skipped += report.numPendingTests + report.numTodoTests;
    const brokenFiles = report.testResults.filter((file) =>
      file.status === "failed" && file.assertionResults.length === 0
    );
    failed += brokenFiles.length;
    const explained = report.numFailedTests + brokenFiles.length > 0;
    if (report.numPassedTests === 0 || (!explained && existsSync(join(folder, `${suite}.failed`)))) failed += 1;
    console.log(
      `${suite}: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped`,
    );
  } catch (error) {
    failed += 1;
    console.log(`${suite}: no report (${error instanceof Error ? error.message : error})`);
  }
}

console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || skipped > 0 ? 1 : 0;
