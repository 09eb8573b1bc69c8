/**
 * A proxy before a registry that writes down every request and holds every answer for a fixed time, so that requests
 * made together and requests made one after another can be told apart.
 */
import { createServer, type OutgoingHttpHeaders, request as forward, type Server } from "node:http";
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
  /** Most requests that were open at the same time since the last `reset`. */
  readonly mostAtOnce: number;
  reset(): void;
  close(): Promise<void>;
}

/** Answers held this long make sequential requests at least this far apart: more than a busy machine loses. */
export const HOLD_MILLISECONDS = 150;

export interface ProxyOptions {
  /** How long every answer is held. */
  readonly holdMilliseconds?: number;
  /** Whether it wants an anonymous bearer token, which `/token` gives, for everything else. */
  readonly bearer?: boolean;
}

const TOKEN = "anonymous-token";

export async function startCountingProxy(
  upstreamPort: number,
  { holdMilliseconds = HOLD_MILLISECONDS, bearer = false }: ProxyOptions = {},
): Promise<CountingProxy> {
  let requests: CountedRequest[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const server: Server = createServer((incoming, outgoing) => {
    const arrived = performance.now();
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    outgoing.once("close", () => atOnce--);
    const answerLater = (status: number, headers: OutgoingHttpHeaders, body: Uint8Array) =>
      setTimeout(() => {
        outgoing.writeHead(status, headers);
        outgoing.end(body);
        const { method = "", url: path = "" } = incoming;
        requests.push({ method, path, status, arrived, answered: performance.now() });
      }, holdMilliseconds);
    if (bearer && incoming.url?.startsWith("/token?")) {
      answerLater(200, { "content-type": "application/json" }, encode(JSON.stringify({ token: TOKEN })));
      return;
    }
    if (bearer && incoming.headers.authorization !== `Bearer ${TOKEN}`) {
      const challenge = `Bearer realm="http://${incoming.headers.host}/token",service="proxy"`;
      answerLater(401, { "www-authenticate": challenge }, new Uint8Array());
      return;
    }
    const upstream = forward(
      { host: "127.0.0.1", port: upstreamPort, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        const chunks: Uint8Array[] = [];
        answer.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        answer.on("end", () => answerLater(answer.statusCode ?? 502, answer.headers, concat(chunks)));
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
    get mostAtOnce() {
      return mostAtOnce;
    },
    reset() {
      requests = [];
      mostAtOnce = atOnce;
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

const encode = (text: string) => new TextEncoder().encode(text);

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
