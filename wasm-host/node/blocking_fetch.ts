/** A `fetch` that blocks: a worker thread asks, this thread sleeps until the answer is there or the time is over. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { LentRequest, LentResponse } from "../../src/runtime/wasm.ts";

/** What the worker says. */
export type Answer =
  & { readonly id: number }
  & (
    | { readonly response: LentResponse }
    | { readonly unreachable: string }
  );

/** What `answered` holds once it is known that nothing will be answered. */
const NEVER = -1;

/** A thread begins without the loader this one may have: `--import tsx` does not reach it on Node 20. */
const LOAD_TYPESCRIPT = `
const { workerData: { tsx, module, answered } } = require("node:worker_threads");
import(tsx).then(({ register }) => { register(); return import(module); }).catch((error) => {
  console.error("Cannot start the thread that asks:", error);
  Atomics.store(answered, 0, ${NEVER});
  Atomics.notify(answered, 0);
});
`;

/** Its loader of TypeScript, as a module: what `require` finds beside it is in another form. */
function loaderUrl(): string {
  const path = createRequire(import.meta.url).resolve("tsx/esm/api").replace(/\.cjs$/, ".mjs");
  return pathToFileURL(path).href;
}

export interface Question {
  readonly id: number;
  readonly request: LentRequest;
  readonly milliseconds: number;
}

export interface BlockingFetch {
  /**
   * Asks, and waits at most so long.
   *
   * @throws `{ payload: { tag: "deadline" } }`, or `unreachable` with the reason: as the interface `host` says it.
   */
  readonly fetch: (request: LentRequest, milliseconds: number) => LentResponse;
  readonly close: () => Promise<void>;
}

/**
 * Starts the worker.
 *
 * @param answers URL of a module whose `default` is a handler of the Fetch form; the network answers when it is left out.
 */
export function startBlockingFetch(answers?: URL): BlockingFetch {
  const { port1: ours, port2: theirs } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(LOAD_TYPESCRIPT, {
    eval: true,
    workerData: {
      port: theirs,
      answered,
      answers: answers?.href,
      tsx: loaderUrl(),
      module: new URL("./fetch_worker.ts", import.meta.url).href,
    },
    transferList: [theirs],
  });
  worker.unref();
  let id = 0;
  return {
    fetch: (request, milliseconds) => {
      const end = performance.now() + milliseconds;
      const question: Question = { id: ++id, request, milliseconds };
      ours.postMessage(question);
      for (;;) {
        const seen = Atomics.load(answered, 0);
        const message = receiveMessageOnPort(ours)?.message as Answer | undefined;
        // The answer to a question that was given up may still come; it is nobody's.
        if (message !== undefined && message.id === id) return read(message);
        if (message !== undefined) continue;
        if (seen === NEVER) throw fetchError({ tag: "unreachable", val: "the thread that asks did not start" });
        const left = end - performance.now();
        if (left <= 0 || Atomics.wait(answered, 0, seen, left) === "timed-out") throw fetchError({ tag: "deadline" });
      }
    },
    close: async () => {
      ours.close();
      await worker.terminate();
    },
  };
}

function read(answer: Answer): LentResponse {
  if ("response" in answer) return answer.response;
  throw fetchError({ tag: "unreachable", val: answer.unreachable });
}

/** An error of the interface `host`, as transpiled components take it. */
export function fetchError(payload: { readonly tag: string; readonly val?: string }): Error {
  return Object.assign(new Error(payload.val ?? payload.tag), { payload });
}
