/** Work that ends when its caller's time does, and work on many things of which only so many are under way. */
import { UnavailableError } from "../errors.ts";

/** One promise per signal, so that a request with many images listens to its deadline once. */
const aborts = new WeakMap<AbortSignal, Promise<void>>();

function aborted(signal: AbortSignal): Promise<void> {
  const known = aborts.get(signal);
  if (known !== undefined) return known;
  const promise = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  aborts.set(signal, promise);
  return promise;
}

/**
 * The work's result, or a refusal as soon as the signal aborts, whether or not the ports it waits for listen to the
 * signal; the work itself goes on unheard.
 *
 * @param action What is being done, such as `resolving ghcr.io/org/app:1`.
 * @throws {UnavailableError} `ERR_DEADLINE` when the signal aborts first.
 */
export async function withinDeadline<T>(work: Promise<T>, signal: AbortSignal, action: string): Promise<T> {
  const late = () => new UnavailableError("ERR_DEADLINE", `Ran out of time at ${action}`);
  // Whatever the work does after it was left alone is nobody's unhandled rejection.
  work.catch(() => {});
  if (signal.aborted) throw late();
  return await Promise.race([work, aborted(signal).then(() => Promise.reject(late()))]);
}

/**
 * The results of work on every item, in the items' order, with at most so many under way at a time.
 *
 * @param limit 1 or more.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
