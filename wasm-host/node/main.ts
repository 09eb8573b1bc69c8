/**
 * Runs the table of cases through the component on Node, `npm run wasm -- node`. Ends with 0 only when every answer is as
 * expected. `--times N` measures instead; with `--native` the same code on Node itself.
 */
import process from "node:process";
import { createVerifier } from "../component.ts";
import { ask, CASE_MILLISECONDS, everyCase } from "./ask.ts";
import { startBlockingFetch } from "./blocking_fetch.ts";
import { readCases } from "./cases.ts";
import { compileComponent } from "./component.ts";
import { createNodeHost } from "./host.ts";
import { measure } from "./measure.ts";

const registry = startBlockingFetch(new URL("./fixture_registry.ts", import.meta.url));
let at = 0;
const host = createNodeHost({ fetch: registry.fetch, now: () => at });
const from = performance.now();
const isNative = process.argv.includes("--native");
const verifier = isNative ? createVerifier(host.lent) : await (await compileComponent())(host.lent);
const startMilliseconds = performance.now() - from;

/** Whether every answer is as expected. */
async function runCases(): Promise<boolean> {
  let failed = 0;
  const cases = everyCase(readCases());
  for (const one of cases) {
    at = one.at;
    const found = await host.within(CASE_MILLISECONDS, () => ask(one, verifier));
    if (found.verdict === one.expected.verdict && found.code === one.expected.code) continue;
    failed++;
    console.error(`${one.name}: ${JSON.stringify(found)}, expected ${JSON.stringify(one.expected)}`);
  }
  console.log(`node: ${cases.length - failed} passed, ${failed} failed`);
  return failed === 0 && cases.length > 0;
}

try {
  const times = process.argv.indexOf("--times");
  if (times < 0) process.exitCode = await runCases() ? 0 : 1;
  else {
    const setClock = (milliseconds: number) => void (at = milliseconds);
    const count = Number(process.argv[times + 1]);
    console.log(JSON.stringify(await measure(count, startMilliseconds, verifier, host, setClock)));
  }
} finally {
  await registry.close();
}
