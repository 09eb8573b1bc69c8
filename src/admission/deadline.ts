/**
 * One time budget per request, from the deadline the API server sends. The answer leaves before it: past it, an answer
 * is worth nothing, and with `failurePolicy: Ignore` in the webhook's configuration even admits.
 */
import { UnavailableError } from "../errors.ts";

/** What Kubernetes gives a webhook that names no timeout. */
export const DEFAULT_TIMEOUT_MILLISECONDS = 10_000;

/** The longest timeout Kubernetes accepts for a webhook. */
export const MAX_TIMEOUT_MILLISECONDS = 30_000;

/** Kept back from the budget for writing the answer and its way to the API server; half of it for a late decision. */
export const DEADLINE_MARGIN_MILLISECONDS = 500;

/** The margin is no larger part of a short budget than this. */
const MARGIN_SHARE = 0.25;

const MILLISECONDS_OF_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * The budget of a request.
 *
 * @param timeout The query parameter `timeout` as the API server sends it, a Go duration such as `10s` or `1m0s`.
 * @param fallbackMilliseconds Used when it is absent. One that cannot be read counts as what Kubernetes gives by
 * default.
 * @returns Milliseconds, more than 0 and at most {@link MAX_TIMEOUT_MILLISECONDS}.
 */
export function budgetOf(timeout: string | undefined, fallbackMilliseconds: number): number {
  if (timeout === undefined) return Math.min(fallbackMilliseconds, MAX_TIMEOUT_MILLISECONDS);
  const asked = parseGoDuration(timeout);
  return Math.min(asked === undefined || asked <= 0 ? DEFAULT_TIMEOUT_MILLISECONDS : asked, MAX_TIMEOUT_MILLISECONDS);
}

/** A Go duration → milliseconds, or `undefined` when the text is none. */
export function parseGoDuration(text: string): number | undefined {
  if (text.length > 40 || !/^(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let milliseconds = 0;
  for (const [, amount = "0", unit = ""] of text.matchAll(/(\d+(?:\.\d*)?)([a-zµμ]+)/g)) {
    milliseconds += Number(amount) * (MILLISECONDS_OF_UNIT[unit] ?? 0);
  }
  return milliseconds;
}

/** A budget that runs. */
export interface Deadline {
  /** Aborts when it is time to stop working, or when the client has gone. */
  readonly signal: AbortSignal;
  /** Milliseconds from its start to that instant, where no client goes earlier. */
  readonly workMilliseconds: number;
  /**
   * Waits for work, but not beyond the last instant at which an answer still arrives: even work that ignores the signal
   * cannot hold the answer.
   *
   * @param doing What is said to have run out of time, such as `reading the request`.
   * @throws {UnavailableError} `ERR_DEADLINE`
   */
  readonly wait: <T>(work: Promise<T>, doing: string) => Promise<T>;
  /** Stops the clock: every timer is gone. */
  readonly end: () => void;
}

/**
 * Starts a budget.
 *
 * @param budgetMilliseconds From {@link budgetOf}.
 * @param client Aborts when nobody waits for the answer any more.
 */
export function startDeadline(budgetMilliseconds: number, client?: AbortSignal): Deadline {
  const margin = Math.min(DEADLINE_MARGIN_MILLISECONDS, budgetMilliseconds * MARGIN_SHARE);
  const controller = new AbortController();
  const gone = () => controller.abort(client?.reason);
  if (client?.aborted) gone();
  client?.addEventListener("abort", gone, { once: true });
  let expire: () => void = () => {};
  const expired = new Promise<void>((resolve) => {
    expire = resolve;
  });
  // One timer at a time: most requests end before the first.
  let timer = setTimeout(() => {
    controller.abort(new DOMException("the admission deadline is near", "TimeoutError"));
    timer = setTimeout(expire, margin / 2);
  }, budgetMilliseconds - margin);
  const seconds = budgetMilliseconds / 1_000;
  return {
    signal: controller.signal,
    workMilliseconds: budgetMilliseconds - margin,
    wait: (work, doing) =>
      Promise.race([
        work,
        expired.then(() => {
          throw new UnavailableError(
            "ERR_DEADLINE",
            `Cannot decide: ran out of time at ${doing}, of ${seconds} s in all`,
          );
        }),
      ]),
    end: () => {
      clearTimeout(timer);
      client?.removeEventListener("abort", gone);
    },
  };
}
