/** Settings as people write them, in a flag or a variable. */
import { parseDuration, printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { MAX_CACHE_MEMORY_BYTES, MIN_CACHE_MEMORY_BYTES } from "./keep.ts";
import { MESSAGE_STYLES, type MessageStyle, NO_MATCH_ANSWERS, type NoMatch } from "../policy/mod.ts";

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

/** More requests than any decision has the time for. */
export const MAX_MAX_REQUESTS = 100_000;

/** Most that may be in flight for one decision: a registry has others to answer, too. */
export const MAX_MAX_IN_FLIGHT = 100;

/**
 * Reads how many requests one decision may make, in all or at the same time.
 *
 * @param name Of the flag or variable, for messages.
 * @param most Largest number taken: {@link MAX_MAX_REQUESTS}, {@link MAX_MAX_IN_FLIGHT}.
 * @throws {ConfigurationError} `ERR_CONFIG` when it is no whole number from 1 to `most`.
 */
export function readMaxRequests(text: string, name: string, most = MAX_MAX_REQUESTS): number {
  const requests = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (requests >= 1 && requests <= most) return requests;
  throw new ConfigurationError(
    "ERR_CONFIG",
    `Cannot bound requests: ${name} is "${printable(text, 80)}", expected a whole number from 1 to ${most}`,
  );
}

/**
 * Reads how denials are written.
 *
 * @param name Of the flag or variable, for messages.
 * @throws {ConfigurationError} `ERR_CONFIG` when there is no such style.
 */
export function readMessageStyle(text: string, name: string): MessageStyle {
  const found = MESSAGE_STYLES.find((style) => style === text);
  if (found !== undefined) return found;
  throw new ConfigurationError(
    "ERR_CONFIG",
    `Cannot write denials: ${name} is "${printable(text, 80)}", expected one of ${MESSAGE_STYLES.join(", ")}`,
  );
}

/**
 * Reads what becomes of images that no rule is about.
 *
 * @param name Of the flag or variable, for messages.
 * @throws {ConfigurationError} `ERR_CONFIG` when there is no such answer.
 */
export function readNoMatch(text: string, name: string): NoMatch {
  const found = NO_MATCH_ANSWERS.find((answer) => answer === text);
  if (found !== undefined) return found;
  throw new ConfigurationError(
    "ERR_CONFIG",
    `Cannot judge images that no rule is about: ${name} is "${printable(text, 80)}", ` +
      `expected one of ${NO_MATCH_ANSWERS.join(", ")}`,
  );
}

const SIZE_UNITS = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/**
 * Reads a size such as `64MiB` or `1GiB`.
 *
 * @param name Of the flag or variable, for messages.
 * @returns Bytes.
 * @throws {ConfigurationError} `ERR_CONFIG` when it is no size from {@link MIN_CACHE_MEMORY_BYTES} to
 * {@link MAX_CACHE_MEMORY_BYTES}.
 */
export function readMemorySize(text: string, name: string): number {
  const [, count, unit] = /^([0-9]{1,8})(KiB|MiB|GiB)$/.exec(text) ?? [];
  const bytes = unit === undefined ? 0 : Number(count) * SIZE_UNITS[unit as keyof typeof SIZE_UNITS];
  if (bytes >= MIN_CACHE_MEMORY_BYTES && bytes <= MAX_CACHE_MEMORY_BYTES) return bytes;
  throw new ConfigurationError(
    "ERR_CONFIG",
    `Cannot bound the memory of caches: ${name} is "${
      printable(text, 80)
    }", expected a size from 1MiB to 16GiB such as 64MiB`,
  );
}
