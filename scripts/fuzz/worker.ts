/** A process that makes and judges mutants: batches in, counts and failures out. */
import { Buffer } from "node:buffer";
import { openSync, writeSync } from "node:fs";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { makeCertificateMutant } from "./kind_certificate.ts";
import { makeCrlMutant } from "./kind_crl.ts";
import { makeEnvelopeMutant } from "./kind_envelope.ts";
import { makeOcspMutant } from "./kind_ocsp.ts";
import { makeTokenMutant } from "./kind_token.ts";
import {
  type Judgement,
  type KindName,
  type MakeMutant,
  MAX_STEPS,
  type Mutant,
  planOf,
  type Resigned,
  type Stage,
} from "./kinds.ts";
import type { Batch, BatchResult, Failure } from "./protocol.ts";

const MAKERS: Readonly<Record<KindName, MakeMutant>> = {
  envelope: makeEnvelopeMutant,
  token: makeTokenMutant,
  certificate: makeCertificateMutant,
  crl: makeCrlMutant,
  ocsp: makeOcspMutant,
};

// Refusals are errors: a long trace of each would take longer than the rest.
Error.stackTraceLimit = 6;

/** Mutants after which waiting events are let in. */
const BREATH = 32;

// Which mutant is at work, for whoever watches: readable also while this process is busy for ever.
const progress = openSync(process.argv[2] as string, "w");
const place = Buffer.alloc(4);
function showProgress(mutant: number): void {
  place.writeUInt32LE(mutant);
  writeSync(progress, place, 0, 4, 0);
}

const stray: string[] = [];
process.on("unhandledRejection", (reason) => stray.push(`a rejection that nobody handles: ${tell(reason)}`));

function tell(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const places = (error.stack ?? "").split("\n").slice(1, 5).map((line) => line.trim());
  return `${error.name}: ${error.message} (${places.join(", ")})`;
}

interface Judged {
  readonly mutant: Mutant;
  readonly judgement?: Judgement;
  readonly fault?: string;
  readonly milliseconds: number;
}

/** Milliseconds of work of this process: on a busy machine time passes without any. */
const workDone = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const timePassed = () => performance.now();

async function judge(
  { seed, kind }: Batch,
  number: number,
  { kept, clock = timePassed }: { readonly kept?: readonly number[]; readonly clock?: () => number } = {},
): Promise<Judged> {
  const mutant = MAKERS[kind](planOf(seed, kind, number, kept));
  const started = clock();
  try {
    const judgement = await mutant.judge();
    const milliseconds = clock() - started;
    return { mutant, judgement, milliseconds, ...(judgement.fault === undefined ? {} : { fault: judgement.fault }) };
  } catch (error) {
    return { mutant, fault: `threw ${tell(error)}`, milliseconds: clock() - started };
  }
}

/** The inputs with the fewest changes that show a fault. */
async function minimise(batch: Batch, number: number): Promise<readonly Uint8Array[] | undefined> {
  const steps = Array.from({ length: planOf(batch.seed, batch.kind, number).steps.length }, (_, index) => index);
  if (steps.length === 1) return undefined;
  const subsets = steps.flatMap((one) => [[one], steps.filter((other) => other !== one)])
    .filter(({ length }) => length < steps.length && length < MAX_STEPS)
    .sort((a, b) => a.length - b.length);
  for (const kept of subsets) {
    const { fault, mutant } = await judge(batch, number, { kept });
    if (fault !== undefined) return mutant.inputs;
  }
  return undefined;
}

function failureOf({ kind }: Batch, number: number, { original, resigned, inputs }: Mutant, fault: string): Failure {
  return { kind, mutant: number, fault, original, resigned, inputs };
}

async function run(batch: Batch): Promise<BatchResult> {
  const { kind, from, count, bound } = batch;
  const stages: Record<Stage, number> = { outer: 0, inner: 0, signature: 0, chain: 0, accepted: 0 };
  const resigned: Record<Resigned, number> = { "no": 0, "right key": 0, "other key": 0 };
  const outcomes: Record<string, number> = {};
  const failures: Failure[] = [];
  const workBefore = workDone();
  let slowestMilliseconds = 0;
  for (let number = from; number < from + count; number++) {
    showProgress(number);
    if (batch.onlyMake) {
      failures.push(failureOf(batch, number, MAKERS[kind](planOf(batch.seed, kind, number)), ""));
      continue;
    }
    let judged = await judge(batch, number);
    // Once more, by the work done, which takes longer to ask for: the machine may have been busy with something else.
    if (judged.milliseconds > bound) judged = await judge(batch, number, { clock: workDone });
    const { mutant, judgement, milliseconds } = judged;
    const fault = judged.fault ??
      (milliseconds > bound ? `took ${Math.round(milliseconds)} ms, expected ${bound}` : undefined);
    slowestMilliseconds = Math.max(slowestMilliseconds, milliseconds);
    resigned[mutant.resigned]++;
    for (const stage of judgement?.stages ?? []) stages[stage]++;
    const outcome = judgement?.outcome ?? "exception";
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (fault !== undefined) {
      const smaller = await minimise(batch, number);
      failures.push({ ...failureOf(batch, number, mutant, fault), ...(smaller === undefined ? {} : { smaller }) });
    }
    if (number % BREATH === 0 || number === from + count - 1) await setImmediate();
    for (const what of stray.splice(0)) {
      failures.push(failureOf(batch, number, mutant, `this or one shortly before left ${what}`));
    }
  }
  return {
    kind,
    made: batch.onlyMake ? 0 : count,
    stages,
    resigned,
    outcomes,
    failures,
    slowestMilliseconds,
    workMilliseconds: workDone() - workBefore,
    memoryBytes: process.memoryUsage.rss(),
  };
}

process.on("message", (batch: Batch) => void run(batch).then((result) => process.send?.(result)));
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
