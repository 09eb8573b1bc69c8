/** Response bodies read under a limit, and waiting that ends when the deadline does. */

import { UnavailableError } from "../errors.ts";

/** The bytes of a body, as far as they were read. */
export interface Body {
  readonly bytes: Uint8Array;
  /** Whether there was more than the limit: then the bytes are not all of it and must not be used. */
  readonly exceeded: boolean;
}

/** How long a body may bring next to nothing. */
export const PROGRESS_WINDOW_MILLISECONDS = 3_000;

/** What a body brings at least in each window, but for its last. */
export const MIN_PROGRESS_BYTES = 1_024;

/**
 * A body came so slowly that it was given up: whoever sends a byte now and then keeps a deadline busy, and nothing
 * else.
 */
export class StalledBody extends Error {
  constructor(windowMilliseconds: number = PROGRESS_WINDOW_MILLISECONDS) {
    super(`fewer than ${MIN_PROGRESS_BYTES} bytes came in ${windowMilliseconds / 1000} s`);
    this.name = "StalledBody";
  }
}

/**
 * Reads a body and stops one byte after the limit, whatever `Content-Length` said.
 *
 * @param limit Bytes, counted after any content encoding was undone.
 * @param windowMilliseconds In each of which {@link MIN_PROGRESS_BYTES} have to come.
 * @throws Whatever the stream throws, {@link StalledBody}, and the signal's reason.
 */
export async function readBody(
  response: Response,
  limit: number,
  signal: AbortSignal,
  windowMilliseconds: number = PROGRESS_WINDOW_MILLISECONDS,
): Promise<Body> {
  const declared = Number(response.headers.get("content-length") ?? Number.NaN);
  if (declared > limit && response.headers.get("content-encoding") === null) {
    dropBody(response);
    return { bytes: new Uint8Array(0), exceeded: true };
  }
  if (response.body === null) return { bytes: new Uint8Array(0), exceeded: false };
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let before = 0;
  let watch: ReturnType<typeof setInterval> | undefined;
  const stalled = new Promise<never>((_, reject) => {
    watch = setInterval(() => {
      if (length - before < MIN_PROGRESS_BYTES) reject(new StalledBody(windowMilliseconds));
      before = length;
    }, windowMilliseconds);
  });
  stalled.catch(() => {});
  try {
    while (true) {
      const { done, value } = await Promise.race([orAbort(reader.read(), signal), stalled]);
      if (done) return { bytes: join(chunks, length), exceeded: false };
      length += value.length;
      if (length > limit) return { bytes: new Uint8Array(0), exceeded: true };
      chunks.push(value);
    }
  } finally {
    clearInterval(watch);
    // Cancelling a body that was read to its end does nothing; otherwise it closes the connection.
    reader.cancel().catch(() => {});
  }
}

/** Gives the connection back without reading the body. */
export function dropBody(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/** The error of a deadline that passed while something was waited for. */
export function outOfTime(action: string, waitedFor: string, cause: unknown): UnavailableError {
  return new UnavailableError("ERR_DEADLINE", `${action}: ran out of time waiting for ${waitedFor}`, { cause });
}

/** Settles as the work does, or rejects with the signal's reason as soon as it aborts. */
export function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The innermost reason of a failed `fetch`: runtimes wrap "connection refused" in one or two errors that say less. */
export function networkReason(thrown: unknown): string {
  let reason = "the connection failed";
  let error: unknown = thrown;
  for (let depth = 0; depth < 5 && error instanceof Error; depth++) {
    const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
    if (error.message !== "") reason = error.message;
    error = first ?? error.cause;
  }
  return reason;
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
