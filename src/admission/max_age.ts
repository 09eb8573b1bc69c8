/** How long evidence is kept, as people write it. */
import { parseDuration, printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";

/** A day: certificates are revoked, and what nobody looks at again grows old. */
export const MAX_MAX_AGE_SECONDS = 86_400;

/**
 * Reads a duration such as `10m`, `90s` or `0`.
 *
 * @param name Of the flag or variable, for messages.
 * @returns Seconds, 0 for "keep nothing".
 * @throws {ConfigurationError} `ERR_CONFIG` when it is no duration of 0 to {@link MAX_MAX_AGE_SECONDS}.
 */
export function readMaxAge(text: string, name: string): number {
  const read = parseDuration(text);
  const seconds = "fault" in read ? undefined : Number(read.nanoseconds) / 1e9;
  if (seconds !== undefined && seconds >= 0 && seconds <= MAX_MAX_AGE_SECONDS) return seconds;
  throw new ConfigurationError(
    "ERR_CONFIG",
    `Cannot keep evidence: ${name} is "${printable(text, 80)}", expected a duration from 0 to 24h such as 10m`,
  );
}
