/** The same question of several at the same time, asked once. */
import { EngineError } from "../errors.ts";
import { type CallOptions, orAbort, OWN_LIMITS } from "../http/mod.ts";
import type { Ports } from "../ports.ts";

/**
 * How long anybody waits for another's answer before asking for one of their own: on edge platforms a question may end
 * without a word, together with the request it was asked for.
 */
export const SHARED_PATIENCE_MILLISECONDS = 2_500;

/** Questions under way, by what makes them the same. */
export interface Flights<Answer> {
  /**
   * Asks, or waits for the answer to the same question. Nothing is kept: once it is answered, or has failed, the next
   * asks anew.
   *
   * @param key Everything that makes two questions the same, the principal included.
   * @throws What the question of whoever asked threw, unless it was ended by their own time or number of requests: then
   * it is asked again. The signal's reason when that aborts.
   */
  readonly share: (key: string, call: CallOptions, ask: () => Promise<Answer>) => Promise<Answer>;
}

/** Makes a memory of questions under way. */
export function createFlights<Answer>({ sleep }: Pick<Ports, "sleep">): Flights<Answer> {
  const flights = new Map<string, Promise<Answer>>();
  const land = (key: string, flight: Promise<Answer>) => {
    if (flights.get(key) === flight) flights.delete(key);
  };

  /** What another asks for; `undefined` when it is better to ask oneself. */
  async function waitFor(flight: Promise<Answer>, signal: AbortSignal): Promise<Answer | undefined> {
    const answered = new AbortController();
    const patience = sleep(SHARED_PATIENCE_MILLISECONDS, answered.signal).then(() => undefined, () => undefined);
    try {
      return await orAbort(Promise.race([flight, patience]), signal);
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof EngineError && OWN_LIMITS.has(thrown.code))) throw thrown;
      return undefined;
    } finally {
      answered.abort();
    }
  }

  return {
    async share(key, call, ask) {
      for (let running = flights.get(key); running !== undefined; running = flights.get(key)) {
        const answer = await waitFor(running, call.signal);
        if (answer !== undefined) return answer;
        land(key, running);
      }
      const flight = ask();
      flights.set(key, flight);
      try {
        return await flight;
      } finally {
        land(key, flight);
      }
    },
  };
}
