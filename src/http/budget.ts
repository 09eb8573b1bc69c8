/**
 * How many requests one decision may make, and how many of them at the same time: a registry that answers each question
 * with another one may cost us no more than that.
 */
import { type ErrorCode, UnavailableError } from "../errors.ts";

/** Requests of one decision in flight at the same time, unless the caller says otherwise: what edge platforms allow. */
export const MAX_REQUESTS_IN_FLIGHT = 6;

/**
 * The same for `serve` on platforms without such a bound: each image of a Pod of ten asks for its signatures in two
 * places at once, so that ten images take as long as one. With six in flight they would take twice as long.
 */
export const SERVER_REQUESTS_IN_FLIGHT = 20;

/** Requests of one decision, unless the caller says otherwise: a Pod of 20 signed images takes about 100. */
export const DEFAULT_MAX_REQUESTS = 1_000;

/** Requests of one decision on edge platforms, which count the same way and end the request beyond. */
export const EDGE_MAX_REQUESTS = 50;

/** What travels down every call that may ask somebody outside. */
export interface CallOptions {
  /** The caller's deadline. */
  readonly signal: AbortSignal;
  /** What is taken from with each request; without it only the deadline bounds. */
  readonly budget?: RequestBudget;
}

/** What ends a request for reasons of whoever made it: others who wait for its answer ask for themselves. */
export const OWN_LIMITS: ReadonlySet<string> = new Set<ErrorCode>(["ERR_DEADLINE", "ERR_REQUEST_BUDGET"]);

/** The requests one decision may still make. */
export interface RequestBudget {
  /** When the decision ends, where that is known: nobody waits for what would come later. */
  readonly endsAt?: Date;
  /**
   * Takes one request off, and waits for a place among those in flight.
   *
   * @param action Beginning of the message where none is left: `Cannot fetch …`.
   * @returns Gives the place back, once; to be called when the answer was read.
   * @throws {UnavailableError} `ERR_REQUEST_BUDGET` when none is left; the signal's reason when it aborts first.
   */
  readonly take: (action: string, signal: AbortSignal) => Promise<() => void>;
}

/**
 * Makes a budget.
 *
 * @param limits `maxRequests` in all, {@link DEFAULT_MAX_REQUESTS} when left out; `maxInFlight` at the same time,
 * {@link MAX_REQUESTS_IN_FLIGHT} when left out; both whole numbers from 1. `endsAt` by the clock of the ports.
 */
export function createRequestBudget(
  limits: { readonly maxRequests?: number; readonly maxInFlight?: number; readonly endsAt?: Date } = {},
): RequestBudget {
  const { maxRequests = DEFAULT_MAX_REQUESTS, maxInFlight = MAX_REQUESTS_IN_FLIGHT } = limits;
  const waiting = new Set<() => void>();
  let made = 0;
  let inFlight = 0;

  const giveBack = () => {
    inFlight--;
    const [next] = waiting;
    next?.();
  };
  const place = (): () => void => {
    inFlight++;
    let held = true;
    return () => {
      if (held) giveBack();
      held = false;
    };
  };
  return {
    ...(limits.endsAt === undefined ? {} : { endsAt: limits.endsAt }),
    take: async (action, signal) => {
      signal.throwIfAborted();
      if (made >= maxRequests) {
        throw new UnavailableError(
          "ERR_REQUEST_BUDGET",
          `${action}: the ${maxRequests} requests this decision may make were made`,
        );
      }
      made++;
      if (inFlight < maxInFlight) return place();
      return await new Promise((resolve, reject) => {
        const done = () => {
          waiting.delete(enter);
          signal.removeEventListener("abort", leave);
        };
        const enter = () => {
          done();
          resolve(place());
        };
        const leave = () => {
          done();
          reject(signal.reason);
        };
        waiting.add(enter);
        signal.addEventListener("abort", leave, { once: true });
      });
    },
  };
}
