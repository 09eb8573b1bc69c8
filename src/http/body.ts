/** Response bodies read under a limit, and waiting that ends when the deadline does. */

import { UnavailableError } from "../errors.ts";

/** The bytes of a body, as far as they were read. */
export interface Body {
  readonly bytes: Uint8Array;
  /** Whether there was more than the limit: then the bytes are not all of it and must not be used. */
  readonly exceeded: boolean;
}

/**
 * Reads a body and stops one byte after the limit, whatever `Content-Length` said.
 *
 * @param limit Bytes, counted after any content encoding was undone.
 * @throws Whatever the stream throws, and the signal's reason.
 */
export async function readBody(response: Response, limit: number, signal: AbortSignal): Promise<Body> {
  const declared = Number(response.headers.get("content-length") ?? Number.NaN);
  if (declared > limit && response.headers.get("content-encoding") === null) {
    dropBody(response);
    return { bytes: new Uint8Array(0), exceeded: true };
  }
  if (response.body === null) return { bytes: new Uint8Array(0), exceeded: false };
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    while (true) {
      const { done, value } = await orAbort(reader.read(), signal);
      if (done) return { bytes: join(chunks, length), exceeded: false };
      length += value.length;
      if (length > limit) return { bytes: new Uint8Array(0), exceeded: true };
      chunks.push(value);
    }
  } finally {
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
