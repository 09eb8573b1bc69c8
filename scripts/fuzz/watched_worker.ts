/** A worker that is watched: one that takes too long or too much is ended, and what it was at is told. */
import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import type { Batch, BatchResult } from "./protocol.ts";

/** Mebibytes of heap a worker may use; beyond, it ends itself and the mutant is reported. */
export const MAX_WORKER_HEAP_MEBIBYTES = 384;
/** Resident memory of a worker, at most. An idle one has about 120 MB. */
export const MAX_WORKER_BYTES = 768 * 1024 * 1024;

/** How often a busy worker is looked at. */
const LOOK_MILLISECONDS = 100;
/** How long a worker may take to start, on a busy machine. */
const START_MILLISECONDS = 60_000;

/** A batch that came back, or the mutant at which it did not. */
export type Answer =
  | { readonly result: BatchResult }
  | { readonly lost: number; readonly why: string };

export interface WatchedWorker {
  readonly run: (batch: Batch) => Promise<Answer>;
  readonly end: () => void;
}

/**
 * Starts a worker.
 *
 * @param file The bundle.
 * @param progressFile Where the worker writes the number of the mutant it is at.
 */
export async function startWorker(file: string, progressFile: string): Promise<WatchedWorker> {
  const child = fork(file, [progressFile], {
    execArgv: [`--max-old-space-size=${MAX_WORKER_HEAP_MEBIBYTES}`, "--enable-source-maps"],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  await told(child, START_MILLISECONDS);
  const progress = openSync(progressFile, "r");
  const mutantAtWork = (): number => {
    const place = new Uint8Array(4);
    readSync(progress, place, 0, 4, 0);
    return new DataView(place.buffer).getUint32(0, true);
  };
  return {
    run: (batch) => runWatched(child, batch, mutantAtWork),
    end() {
      child.kill("SIGKILL");
      closeSync(progress);
      rmSync(progressFile, { force: true });
    },
  };
}

function told(child: ChildProcess, milliseconds: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Cannot start a worker: it says nothing")), milliseconds);
    child.once("exit", (code) => reject(new Error(`Cannot start a worker: it ended with ${code}`)));
    child.once("message", (message) => {
      clearTimeout(timer);
      child.removeAllListeners("exit");
      resolve(message);
    });
  });
}

/** A mutant that has not come back after so many times its bound, by the clock, never will. */
const PATIENCE = 4;

function runWatched(child: ChildProcess, batch: Batch, mutantAtWork: () => number): Promise<Answer> {
  return new Promise((resolve) => {
    let seen = -1;
    let since = performance.now();
    const finish = (answer: Answer): void => {
      clearInterval(timer);
      child.removeAllListeners();
      resolve(answer);
    };
    const timer = setInterval(() => {
      const mutant = mutantAtWork();
      if (mutant !== seen) [seen, since] = [mutant, performance.now()];
      const waited = performance.now() - since;
      if (waited > batch.bound * PATIENCE + LOOK_MILLISECONDS) {
        finish({ lost: mutant, why: `did not come back within ${Math.round(waited)} ms, expected ${batch.bound}` });
      }
    }, LOOK_MILLISECONDS);
    child.once("exit", (code, signal) => {
      finish({ lost: mutantAtWork(), why: `ended the process (${signal ?? code}): out of memory or worse` });
    });
    child.once("error", (error) => finish({ lost: mutantAtWork(), why: `ended the process: ${error.message}` }));
    child.once("message", (result: BatchResult) => finish({ result }));
    child.send(batch);
  });
}
