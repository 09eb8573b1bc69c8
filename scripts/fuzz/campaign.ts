/** A whole run: batches of every kind in turn, handed to the workers until time or number are reached. */
import { join } from "node:path";
import { type KindName, type Resigned, type Stage } from "./kinds.ts";
import type { FuzzOptions } from "./options.ts";
import type { Batch, BatchResult, Failure } from "./protocol.ts";
import { MAX_WORKER_BYTES, startWorker, type WatchedWorker } from "./watched_worker.ts";

/** Mutants of one batch, in a run by time: fewer of what takes long, so that every kind gets a like share of it. */
const BATCHES: Readonly<Record<KindName, number>> = {
  envelope: 200,
  token: 60,
  certificate: 500,
  crl: 700,
  ocsp: 1000,
};
/** What is known of one kind so far. */
export interface KindTotals {
  made: number;
  readonly stages: Record<Stage, number>;
  readonly resigned: Record<Resigned, number>;
  readonly outcomes: Record<string, number>;
}

/** What came of a run. */
export interface CampaignResult {
  readonly totals: ReadonlyMap<KindName, KindTotals>;
  readonly failures: readonly Failure[];
  readonly seconds: number;
  /** Of all workers together. */
  readonly workSeconds: number;
  readonly peakBytes: number;
  readonly slowestMilliseconds: number;
  /** Whether it ended before its time because so many failures were found. */
  readonly endedEarly: boolean;
}

/**
 * Runs a campaign.
 *
 * @param file The bundled worker.
 * @param folder Where workers write what they are at.
 * @param onFailure Told of each failure when it is found.
 */
export async function runCampaign(
  options: FuzzOptions,
  file: string,
  folder: string,
  onFailure: (failure: Failure) => void,
): Promise<CampaignResult> {
  const started = performance.now();
  const totals = new Map<KindName, KindTotals>(options.kinds.map((kind) => [kind, emptyTotals()]));
  const failures: Failure[] = [];
  let [peakBytes, slowestMilliseconds, workSeconds] = [0, 0, 0];
  const isFull = () => failures.length >= options.failures;
  // A number of mutants is kept to whatever the time; failures end both.
  const limit = options.mutants === undefined && options.mutant === undefined ? options.minutes * 60_000 : Infinity;
  const next = batches(options, () => performance.now() - started > limit || isFull());
  const add = (failure: Failure): void => {
    if (isFull()) return;
    failures.push(failure);
    onFailure(failure);
  };

  const take = (result: BatchResult): void => {
    addTo(totals.get(result.kind) as KindTotals, result);
    for (const failure of result.failures) add(failure);
    workSeconds += result.workMilliseconds / 1000;
    peakBytes = Math.max(peakBytes, result.memoryBytes);
    slowestMilliseconds = Math.max(slowestMilliseconds, result.slowestMilliseconds);
  };

  const lane = async (number: number): Promise<void> => {
    const start = () => startWorker(file, join(folder, `progress-${number}`));
    let worker: WatchedWorker | undefined = await start();
    try {
      for (let batch = next(); batch !== undefined; batch = next()) {
        for (let left: Batch | undefined = batch; left !== undefined && !isFull();) {
          const answer = await worker.run(left);
          if ("result" in answer) {
            take(answer.result);
            if (answer.result.memoryBytes > MAX_WORKER_BYTES) add(tooMuch(left, answer.result));
            break;
          }
          worker.end();
          worker = undefined;
          worker = await start();
          const lost = await made(worker, left, answer.lost);
          add({ ...lost, fault: answer.why });
          // What came before the lost one is judged again, so that it is counted.
          const before: Batch = { ...left, count: answer.lost - left.from };
          const judged = before.count > 0 ? await worker.run(before) : undefined;
          if (judged !== undefined && "result" in judged) take(judged.result);
          const rest: number = left.from + left.count - answer.lost - 1;
          left = rest > 0 ? { ...left, from: answer.lost + 1, count: rest } : undefined;
        }
      }
    } finally {
      worker?.end();
    }
  };

  await Promise.all(Array.from({ length: options.workers }, (_, number) => lane(number)));
  const seconds = (performance.now() - started) / 1000;
  return { totals, failures, seconds, workSeconds, peakBytes, slowestMilliseconds, endedEarly: isFull() };
}

/** The kinds in turn, each from its first mutant on. */
function batches(options: FuzzOptions, isOver: () => boolean): () => Batch | undefined {
  const { seed, kinds, bound, mutants, mutant } = options;
  const limit = mutant !== undefined ? 1 : mutants === undefined ? Infinity : Math.ceil(mutants / kinds.length);
  const given = new Map<KindName, number>(kinds.map((kind) => [kind, 0]));
  let turn = 0;
  return () => {
    for (let tries = 0; tries < kinds.length; tries++) {
      const kind = kinds[turn++ % kinds.length] as KindName;
      const from = given.get(kind) ?? 0;
      if (from >= limit) continue;
      if (isOver()) return undefined;
      const count = Math.min(BATCHES[kind], limit - from);
      given.set(kind, from + count);
      return { seed, kind, from: (mutant ?? 0) + from, count, bound };
    }
    return undefined;
  };
}

/** A mutant that never came back, made once more without being judged. */
async function made(worker: WatchedWorker, batch: Batch, mutant: number): Promise<Failure> {
  const answer = await worker.run({ ...batch, from: mutant, count: 1, onlyMake: true });
  const [failure] = "result" in answer ? answer.result.failures : [];
  return failure ?? { kind: batch.kind, mutant, fault: "", original: "unknown", resigned: "no", inputs: [] };
}

function tooMuch({ kind, from }: Batch, { memoryBytes }: BatchResult): Failure {
  const fault =
    `this or one of those after it left the process with ${memoryBytes} bytes, expected at most ${MAX_WORKER_BYTES}`;
  return { kind, mutant: from, fault, original: "unknown", resigned: "no", inputs: [] };
}

function emptyTotals(): KindTotals {
  return {
    made: 0,
    stages: { outer: 0, inner: 0, signature: 0, chain: 0, accepted: 0 },
    resigned: { "no": 0, "right key": 0, "other key": 0 },
    outcomes: {},
  };
}

function addTo(totals: KindTotals, { made, stages, resigned, outcomes }: BatchResult): void {
  totals.made += made;
  addAll(totals.stages, stages);
  addAll(totals.resigned, resigned);
  addAll(totals.outcomes, outcomes);
}

function addAll(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}
