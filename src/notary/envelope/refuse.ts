/**
 * How envelopes are refused: with the format in the message and a code that says whether form or attribute is at fault.
 */
import { EngineError, MalformedError } from "../../errors.ts";

/** What the reference implementation says of the same envelope, carried as the cause of an error. */
export interface ReferenceCause {
  readonly reference: string;
}

/** The reference's sentence for an error, where there is one. */
export function referenceOf({ cause }: EngineError): string | undefined {
  if (typeof cause !== "object" || cause === null || !("reference" in cause)) return undefined;
  return typeof cause.reference === "string" ? cause.reference : undefined;
}

/**
 * The bytes are not an envelope of this format.
 *
 * @param cause Only where the reference refuses before it looks at the signature, so that its sentence is certain.
 */
export function refuseFormat(format: string, what: string, cause?: ReferenceCause): never {
  throw new MalformedError("ERR_ENVELOPE_FORMAT", `Cannot decode ${format} envelope: ${what}`, { cause });
}

/** The envelope is well-formed, but an attribute is missing, misplaced or malformed. */
export function refuseAttribute(format: string, attribute: string | number, what: string): never {
  const name = typeof attribute === "string" ? `"${attribute}"` : `label ${attribute}`;
  throw new MalformedError("ERR_ENVELOPE_ATTRIBUTE", `Cannot accept ${name} of the ${format} envelope: ${what}`);
}

/**
 * Runs a reader of bytes or text and says of what it refuses where in the envelope it stood.
 *
 * @throws {MalformedError} `ERR_ENVELOPE_FORMAT` in place of the reader's own code, `ERR_TOO_LARGE` apart.
 */
export function reading<Value>(format: string, where: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.code === "ERR_TOO_LARGE") throw cause;
    throw new MalformedError("ERR_ENVELOPE_FORMAT", `Cannot decode ${format} envelope: "${where}": ${cause.message}`, {
      cause,
    });
  }
}
