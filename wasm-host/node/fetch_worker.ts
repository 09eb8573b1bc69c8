/** The thread that asks for a component that may not: started by `blocking_fetch.ts`. */
import { type MessagePort, workerData } from "node:worker_threads";
import type { LentResponse } from "../../src/runtime/wasm.ts";
import type { Answer, Question } from "./blocking_fetch.ts";

/** Most bytes of an answer that are handed on; the component takes none that large. */
export const MAX_LENT_RESPONSE_BYTES = 64 * 1024 * 1024;

const { port, answered, answers }: { port: MessagePort; answered: Int32Array; answers?: string } = workerData;

type Handler = (request: Request) => Response | Promise<Response>;

const handler: Promise<Handler> = answers === undefined
  ? Promise.resolve(fetch)
  : import(answers).then((module) => module.default);

port.on("message", async ({ id, ...question }: Question) => {
  const answer: Answer = await ask(question).then(
    (response) => ({ id, response }),
    (error) => ({ id, unreachable: error instanceof Error ? error.message : String(error) }),
  );
  port.postMessage(answer);
  Atomics.add(answered, 0, 1);
  Atomics.notify(answered, 0);
});

async function ask({ request, milliseconds }: Omit<Question, "id">): Promise<LentResponse> {
  const { method, url, headers, body } = request;
  const response = await (await handler)(
    new Request(url, {
      method: method.toUpperCase(),
      headers: headers.map(({ name, value }): [string, string] => [name, value]),
      redirect: "manual",
      signal: AbortSignal.timeout(Math.ceil(milliseconds)),
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    }),
  );
  if (Number(response.headers.get("content-length") ?? 0) > MAX_LENT_RESPONSE_BYTES) {
    throw new Error(`the answer has more than ${MAX_LENT_RESPONSE_BYTES} bytes`);
  }
  return {
    status: response.status,
    headers: [...response.headers].map(([name, value]) => ({ name, value })),
    body: await readBounded(response),
  };
}

/** The body, which may be longer than it was said to be. */
async function readBounded({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > MAX_LENT_RESPONSE_BYTES) throw new Error(`the answer has more than ${MAX_LENT_RESPONSE_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
