/**
 * Questions that several ask at the same time are asked once, and nobody waits for longer than for a question of one's
 * own.
 */
import { encodeHex } from "../encoding/mod.ts";
import { type CallOptions, orAbort, type RequestBudget } from "../http/mod.ts";
import type { Ports } from "../ports.ts";
import { type AnswerProblem, unknown, type UnknownAnswer } from "./answer.ts";
import { fetchAnswer, type RevocationRequest } from "./fetch.ts";

/** Milliseconds an OCSP responder has for its answer, redirects included. */
export const OCSP_TIMEOUT_MILLISECONDS = 2_000;
/** Milliseconds a server has for a CRL, redirects included. */
export const CRL_TIMEOUT_MILLISECONDS = 5_000;

/** What asking needs of the outside world. */
export type FetchPorts = Pick<Ports, "fetch" | "sleep">;

/**
 * Asks, or waits for the answer to the same question of somebody else.
 *
 * @param call The caller's own time, and what its requests are taken from where it is the one who asks.
 * @returns The bytes, one array for all who asked, or why there are none. Never rejects.
 */
export type SharedFetch = (
  request: RevocationRequest,
  timeoutMilliseconds: number,
  call?: Partial<CallOptions>,
) => Promise<Uint8Array | UnknownAnswer>;

interface Flight {
  readonly answer: Promise<Uint8Array | UnknownAnswer>;
  /** Ends the question when nobody waits any more. */
  readonly abandoned: AbortController;
  waiting: number;
}

/** Makes a way to ask that remembers what is under way. */
export function createSharedFetch(ports: FetchPorts, privateHosts: ReadonlySet<string>): SharedFetch {
  const flights = new Map<string, Flight>();
  const start = (key: string, request: RevocationRequest, budget: RequestBudget | undefined): Flight => {
    const abandoned = new AbortController();
    const answer = fetchAnswer(request, ports, privateHosts, {
      signal: abandoned.signal,
      ...(budget === undefined ? {} : { budget }),
    });
    const flight = { answer, abandoned, waiting: 0 };
    flights.set(key, flight);
    return flight;
  };
  const wait = async (key: string, flight: Flight, signal: AbortSignal) => {
    flight.waiting++;
    try {
      return await orAbort(flight.answer, signal);
    } finally {
      // Answered or given up: whoever asks from now on asks anew, and never inherits what hangs.
      if (flights.get(key) === flight) flights.delete(key);
      if (--flight.waiting === 0) flight.abandoned.abort();
    }
  };
  return async (request, timeoutMilliseconds, { signal, budget } = {}) => {
    const key = `${request.url} ${request.body === undefined ? "" : encodeHex(request.body.bytes)}`;
    const limit = startLimit(timeoutMilliseconds, ports, signal);
    try {
      limit.signal.throwIfAborted();
      const running = flights.get(key);
      if (running !== undefined) {
        const answer = await wait(key, running, limit.signal);
        // On the edge a question ends with the request it was asked for, and with its budget: that is not our failure.
        if (!("status" in answer) || !ENDED_BY_OTHERS.has(answer.problem)) return answer;
      }
      return await wait(key, start(key, request, budget), limit.signal);
    } catch {
      return unknown("unreachable", `did not answer within ${limit.describe()}`);
    } finally {
      limit.end();
    }
  };
}

const ENDED_BY_OTHERS: ReadonlySet<string> = new Set<AnswerProblem>(["unreachable", "request-budget"]);

interface Limit {
  readonly signal: AbortSignal;
  readonly describe: () => string;
  readonly end: () => void;
}

/** Aborts after a time, or with the signal, whichever is first. */
function startLimit(milliseconds: number, { sleep }: FetchPorts, outer: AbortSignal | undefined): Limit {
  const controller = new AbortController();
  const over = new AbortController();
  const stop = () => controller.abort(outer?.reason);
  if (outer?.aborted) stop();
  outer?.addEventListener("abort", stop, { once: true });
  sleep(milliseconds, over.signal).then(
    () => controller.abort(new DOMException("no answer in time", "TimeoutError")),
    () => {},
  );
  return {
    signal: controller.signal,
    describe: () => outer?.aborted ? "the time that was left" : `${milliseconds / 1000} s`,
    end: () => {
      over.abort();
      outer?.removeEventListener("abort", stop);
    },
  };
}
