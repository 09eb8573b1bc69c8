/**
 * The component beside the same code on Node: size, start, time of a question, memory. `npm run bench:wasm`.
 *
 * Every host asks the same four questions of `wasm-host/node/measure.ts`, each of them 30 times, in a process of its own.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { MEASURED, type Measurement } from "../wasm-host/node/measure.ts";
import { ROOT } from "./build/bundles.ts";
import { type Command, COMPONENT, HOSTS, missingProgram, prepareHost } from "./wasm/hosts.ts";

const TIMES = 30;

const COLUMNS: readonly string[] = ["start", "first", ...MEASURED.map((_, index) => `question ${index + 1}`), "peak"];

function measured([program, ...args]: Command): Measurement {
  const { status, stdout } = spawnSync(program, [...args, "--times", String(TIMES)], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}`);
  return JSON.parse(stdout);
}

function row(name: string, cells: readonly string[]): string {
  return [name.padEnd(28), ...cells.map((cell) => cell.padStart(12))].join("");
}

function rowOf(
  name: string,
  { startMilliseconds, firstMilliseconds, medianMilliseconds, peakBytes }: Measurement,
): string {
  const times = [startMilliseconds, firstMilliseconds, ...medianMilliseconds].map((time) => `${time.toFixed(1)} ms`);
  return row(name, [...times, `${Math.round(peakBytes / 1e6)} MB`]);
}

function main(): number {
  if (!existsSync(COMPONENT)) {
    console.error("Cannot measure: there is no dist/edge-notary.wasm, expected it from npm run build:wasm");
    return 1;
  }
  const bytes = readFileSync(COMPONENT);
  const megabytes = (size: number) => `${(size / 1e6).toFixed(1)} MB`;
  console.log(`edge-notary.wasm: ${megabytes(bytes.length)}, ${megabytes(gzipSync(bytes).length)} after gzip\n`);
  MEASURED.forEach((name, index) => console.log(`question ${index + 1}: ${name}`));
  console.log(`\n${row("", COLUMNS)}`);
  const node = prepareHost("node");
  console.log(rowOf("Node, without a component", measured([...node, "--native"])));
  for (const host of HOSTS) {
    const missing = missingProgram(host);
    if (missing === undefined) console.log(rowOf(`component in ${host}`, measured(prepareHost(host))));
    else console.log(row(`component in ${host}`, [`no ${missing}`]));
  }
  return 0;
}

process.exitCode = main();
