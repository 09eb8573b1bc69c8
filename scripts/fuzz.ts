/**
 * Fuzzing: `npm run fuzz -- --mutants 1000000` changes good inputs a million times, however long it takes, and looks
 * for an exception without a type, an answer that does not come, memory that grows, and a yes that should be a no.
 *
 * `--help` says what else may be asked for; `fuzz/` has one file per kind of input and per encoding.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { bundleWorker } from "./fuzz/bundle.ts";
import { runCampaign } from "./fuzz/campaign.ts";
import { type FuzzOptions, HELP, readOptions } from "./fuzz/options.ts";
import { PLANTED } from "./fuzz/planted.ts";
import { formatFailure, formatReport, MIN_WELL_FORMED_SHARE, tooMalformed } from "./fuzz/report.ts";

async function fuzz(options: FuzzOptions): Promise<number> {
  const { seed, planted, save, kinds } = options;
  const bug = planted === undefined ? undefined : PLANTED[planted];
  const saved = save === undefined ? mkdtempSync(join(tmpdir(), "edge-notary-fuzz-")) : resolve(save);
  console.log(`seed ${seed}; ${kinds.join(", ")}${bug === undefined ? "" : `; planted: ${bug.about}`}`);
  const bundle = await bundleWorker(bug);
  try {
    const result = await runCampaign(options, bundle.file, dirname(bundle.file), (failure) => {
      console.log(`\n${formatFailure(failure, options, saved)}`);
    });
    console.log(`\n${formatReport(result)}`);
    const malformed = options.mutant === undefined && !result.endedEarly ? tooMalformed(result) : [];
    if (malformed.length > 0) {
      console.log(`TOO FEW WELL-FORMED, expected ${100 * MIN_WELL_FORMED_SHARE} %: ${malformed.join(", ")}`);
    }
    if (result.endedEarly) console.log(`ended after ${result.failures.length} failures`);
    if (result.failures.length + malformed.length === 0) console.log(`seed ${seed}: nothing found`);
    return result.failures.length + malformed.length === 0 ? 0 : 1;
  } finally {
    bundle.remove();
  }
}

const options = readOptions(process.argv.slice(2));
if (options === undefined) {
  console.log(HELP);
} else if (typeof options === "string") {
  console.error(`Cannot fuzz: ${options}`);
  process.exitCode = 2;
} else {
  process.exitCode = await fuzz(options).catch((error: unknown) => {
    console.error(`Cannot fuzz: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  });
}
