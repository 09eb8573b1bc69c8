/**
 * Figures taken in one run: one envelope against the bare primitive, two in flight against notation-core-go, a warm
 * `/mutate` against a bare Hono echo route, and what a cold verification costs where every answer of the registry takes
 * 50 ms.
 *
 * `npm run bench`, or `npm run bench -- --check`, which exits 1 when a figure falls short. Needs the built `dist/` and,
 * for the second and the last, Go (`npm run peers`).
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { buildPeers, goReady, peerPaths } from "./peers.ts";

/** Envelope verification with certificates seen before, over the bare `subtle.verify`: at most. */
const MAX_VERIFY_RATIO = 1.25;
/** Two in flight over notation-core-go with two goroutines: at least. */
const MIN_THROUGHPUT_RATIO = 1;
/** Warm `/mutate` over the bare echo: at least. */
const MIN_MUTATE_RATIO = 0.5;
/** Rounds of a cold verification by tag, and what may be added to their time. */
const COLD_ROUNDS = 4;
const MAX_COLD_EXTRA_MILLISECONDS = 20;
/** A Pod of ten images over one image: at most. */
const MAX_POD_RATIO = 1.5;
/** Load runs of each server, in turn; the median of the pairs' ratios counts. */
const LOAD_PAIRS = 5;
const LOAD_SECONDS = 2;
const LOAD_CONNECTIONS = 8;

interface VerifyFigures {
  readonly runtime: string;
  readonly bareMicroseconds: number;
  readonly wholeMicroseconds: number;
  readonly ratio: number;
  readonly twoInFlightPerSecond: number;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const rows: { readonly what: string; readonly figure: string; readonly bound?: string; readonly holds?: boolean }[] =
  [];

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 120_000 });
  if (status !== 0) throw new Error(`Cannot run "${command} ${args.join(" ")}": ${stderr}`);
  return stdout;
}

function verifyFigures(command: string, args: readonly string[]): VerifyFigures {
  return JSON.parse(run(command, [...args, "scripts/bench/verify.ts"]));
}

function benchVerify(): void {
  const node = verifyFigures(process.execPath, ["--import", "tsx"]);
  const deno = verifyFigures("node_modules/.bin/deno", ["run", "-A"]);
  for (const { runtime, ratio, wholeMicroseconds, bareMicroseconds } of [node, deno]) {
    const figure = `${ratio.toFixed(2)} × (${wholeMicroseconds.toFixed(0)} / ${bareMicroseconds.toFixed(0)} µs)`;
    const what = `${runtime}: one envelope / bare subtle.verify`;
    if (runtime !== "Node") rows.push({ what, figure });
    else rows.push({ what, figure, bound: `≤ ${MAX_VERIFY_RATIO}`, holds: ratio <= MAX_VERIFY_RATIO });
  }
  if (!goReady()) return void rows.push({ what: "Node: two in flight / notation-core-go", figure: "Go is missing" });
  buildPeers("corebench");
  const theirs: number[] = [];
  const ours: number[] = [node.twoInFlightPerSecond];
  for (let i = 0; i < 3; i += 1) {
    if (i > 0) ours.push(verifyFigures(process.execPath, ["--import", "tsx"]).twoInFlightPerSecond);
    const envelope = ["-file", "test/fixtures/envelopes/jws-rsa-2048-self.jws", "-media-type", "application/jose+json"];
    const answer = run(peerPaths().corebench, ["bench", ...envelope, "-seconds", "2", "-workers", "2"]);
    theirs.push(JSON.parse(answer).operationsPerSecond);
  }
  const ratio = median(ours.map((rate, i) => rate / (theirs[i] ?? NaN)));
  rows.push({
    what: "Node: two in flight / notation-core-go, two goroutines",
    figure: `${ratio.toFixed(2)} × (${median(ours).toFixed(0)} / ${median(theirs).toFixed(0)} per s)`,
    bound: `≥ ${MIN_THROUGHPUT_RATIO}`,
    holds: ratio >= MIN_THROUGHPUT_RATIO,
  });
}

/** Starts a server and waits for the first URL it prints. */
function start(command: string, args: readonly string[]): Promise<{ child: ChildProcess; port: string }> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => reject(new Error(`"${command} ${args.join(" ")}" did not start: ${said}`)), 20_000);
    child.once("exit", () => reject(new Error(`"${command} ${args.join(" ")}" ended: ${said}`)));
    child.stdout.on("data", (chunk: Uint8Array) => {
      said += String(chunk);
      const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve({ child, port });
    });
  });
}

function load(port: string, path: string, body: string): number {
  const args = ["scripts/bench/load.mjs", port, path, body, String(LOAD_CONNECTIONS), String(LOAD_SECONDS)];
  const { requests, failures, seconds } = JSON.parse(run(process.execPath, args));
  if (failures > 0) throw new Error(`${failures} of ${requests} answers of ${path} were not 200`);
  return requests / seconds;
}

async function benchMutate(): Promise<void> {
  const body = "examples/signed-pod.json";
  const webhook = await start(process.execPath, ["dist/edge-notary.js", "serve", "--demo", "--listen", "127.0.0.1:0"]);
  const echo = await start(process.execPath, ["--import", "tsx", "scripts/bench/echo.ts"]);
  try {
    load(webhook.port, "/mutate", body);
    load(echo.port, "/echo", body);
    const pairs = Array.from({ length: LOAD_PAIRS }, () => ({
      mutate: load(webhook.port, "/mutate", body),
      echo: load(echo.port, "/echo", body),
    }));
    const ratio = median(pairs.map((pair) => pair.mutate / pair.echo));
    const rate = (of: "mutate" | "echo") => median(pairs.map((pair) => pair[of])).toFixed(0);
    rows.push({
      what: `Node: warm /mutate / bare Hono echo, ${LOAD_CONNECTIONS} connections`,
      figure: `${ratio.toFixed(2)} × (${rate("mutate")} / ${rate("echo")} per s)`,
      bound: `≥ ${MIN_MUTATE_RATIO}`,
      holds: ratio >= MIN_MUTATE_RATIO,
    });
  } finally {
    webhook.child.kill();
    echo.child.kill();
  }
}

/** What one question costs, as `bench/registry.ts` prints it. */
interface Cost {
  readonly milliseconds: number;
  readonly rounds: number;
  readonly requests: number;
}

function benchRegistry(): void {
  if (!goReady()) return void rows.push({ what: "cold verification", figure: "Go is missing" });
  buildPeers("notation", "olareg");
  const said = run(process.execPath, ["--import", "tsx", "scripts/bench/registry.ts"]);
  const { holdMilliseconds, one, pod, ourCommand, notation } = JSON.parse(said) as
    & { readonly holdMilliseconds: number }
    & Readonly<Record<"one" | "pod" | "ourCommand" | "notation", Cost>>;
  const shown = ({ milliseconds, rounds, requests }: Cost) =>
    `${milliseconds.toFixed(0)} ms, ${rounds} rounds, ${requests} requests`;
  const answers = `${holdMilliseconds} ms an answer`;
  const most = COLD_ROUNDS * holdMilliseconds + MAX_COLD_EXTRA_MILLISECONDS;
  rows.push({
    what: `${answers}: cold, one image by tag`,
    figure: shown(one),
    bound: `≤ ${most} ms, ${COLD_ROUNDS} rounds`,
    holds: one.milliseconds <= most && one.rounds <= COLD_ROUNDS,
  });
  const ratio = pod.milliseconds / one.milliseconds;
  rows.push({
    what: `${answers}: cold, a Pod of ten images / one`,
    figure: `${ratio.toFixed(2)} × (${shown(pod)})`,
    bound: `≤ ${MAX_POD_RATIO}, ${COLD_ROUNDS} rounds`,
    holds: ratio <= MAX_POD_RATIO && pod.rounds <= COLD_ROUNDS,
  });
  rows.push({ what: `${answers}: notation verify, its start included`, figure: shown(notation) });
  rows.push({ what: `${answers}: edge-notary verify, its start included`, figure: shown(ourCommand) });
}

benchVerify();
await benchMutate();
benchRegistry();
for (const { what, figure, bound, holds } of rows) {
  console.log(
    `${what.padEnd(58)} ${figure}${bound === undefined ? "" : `   ${bound}: ${holds ? "holds" : "FALLS SHORT"}`}`,
  );
}
if (process.argv.includes("--check") && rows.some(({ holds }) => holds === false)) process.exitCode = 1;
