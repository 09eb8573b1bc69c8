/**
 * A proxy before a registry that writes down every request and holds every answer for a fixed time, so that requests
 * made together and requests made one after another can be told apart.
 */
import { createServer, request as forward, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface CountedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Milliseconds since the proxy's start: when it arrived, when its answer left. */
  readonly arrived: number;
  readonly answered: number;
}

export interface CountingProxy {
  readonly host: string;
  /** Everything since the last `reset`. */
  readonly requests: readonly CountedRequest[];
  reset(): void;
  close(): Promise<void>;
}

/** Answers that are held this long make sequential requests at least this far apart. */
const HOLD_MILLISECONDS = 40;

export async function startCountingProxy(upstreamPort: number): Promise<CountingProxy> {
  let requests: CountedRequest[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    const arrived = performance.now();
    const upstream = forward(
      { host: "127.0.0.1", port: upstreamPort, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        const chunks: Uint8Array[] = [];
        answer.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        answer.on("end", () => {
          setTimeout(() => {
            outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
            outgoing.end(concat(chunks));
            requests.push({
              method: incoming.method ?? "",
              path: incoming.url ?? "",
              status: answer.statusCode ?? 502,
              arrived,
              answered: performance.now(),
            });
          }, HOLD_MILLISECONDS);
        });
      },
    );
    upstream.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return [...requests].sort((a, b) => a.arrived - b.arrived);
    },
    reset() {
      requests = [];
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/**
 * How many times somebody waited for an answer before asking on: a request belongs to a new round when it arrived after
 * the first answer of the round before had left.
 */
export function countRounds(requests: readonly CountedRequest[]): number {
  let rounds = 0;
  let firstAnswer = -Infinity;
  for (const { arrived, answered } of [...requests].sort((a, b) => a.arrived - b.arrived)) {
    if (arrived >= firstAnswer) {
      rounds += 1;
      firstAnswer = answered;
    } else {
      firstAnswer = Math.min(firstAnswer, answered);
    }
  }
  return rounds;
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
