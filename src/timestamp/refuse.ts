/** How what is no timestamp token is refused. */
import { EngineError, type ErrorCode, MalformedError } from "../errors.ts";

/** @throws {MalformedError} `ERR_TIMESTAMP`, or `code`. */
export function refuseToken(what: string, code: ErrorCode = "ERR_TIMESTAMP", cause?: unknown): never {
  throw new MalformedError(code, `Cannot read timestamp token: ${what}`, { cause });
}

/**
 * Runs a reader of DER and says of what it refuses where in the token it stood.
 *
 * @throws {MalformedError} `ERR_TIMESTAMP` in place of the reader's own code.
 */
export function readingToken<Value>(where: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.code === "ERR_TIMESTAMP") throw cause;
    return refuseToken(`"${where}": ${cause.message}`, "ERR_TIMESTAMP", cause);
  }
}
