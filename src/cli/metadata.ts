/** User metadata as it is typed: `-m key=value`, once per pair. */
import { printable } from "../encoding/mod.ts";
import { RESERVED_METADATA_PREFIX } from "../notary/mod.ts";
import { list, usage } from "./flags.ts";

/** Metadata that must have been signed. */
export const WANTED_METADATA_FLAG = {
  "user-metadata": list(
    "user defined {key}={value} pairs that must be present in the signature for successful verification if provided",
    { short: "m" },
  ),
} as const;

/** Pairs of one signature at most. */
export const MAX_METADATA_PAIRS = 1000;

/**
 * Reads the values of `--user-metadata`, in the words of notation where something is wrong.
 *
 * @param values Each `key=value`, neither half empty; the value may have further equals signs.
 * @throws {ConfigurationError} `ERR_USAGE`
 */
export function parseMetadata(values: readonly string[]): ReadonlyMap<string, string> {
  if (values.length > MAX_METADATA_PAIRS) {
    throw usage(`${values.length} pairs of user metadata, expected at most ${MAX_METADATA_PAIRS}`);
  }
  const metadata = new Map<string, string>();
  for (const pair of values) {
    const equals = pair.indexOf("=");
    if (equals < 1 || equals === pair.length - 1) {
      throw usage('could not parse flag user-metadata: key-value pair requires "=" as separator');
    }
    const key = pair.slice(0, equals);
    if (metadata.has(key)) throw usage(`could not parse flag user-metadata: key "${printable(key)}" is given twice`);
    metadata.set(key, pair.slice(equals + 1));
  }
  return metadata;
}

/**
 * The same for a signature to be made: no key may have the reserved prefix. @throws {ConfigurationError} `ERR_USAGE`
 */
export function parseNewMetadata(values: readonly string[]): Readonly<Record<string, string>> {
  const metadata = parseMetadata(values);
  for (const key of metadata.keys()) {
    if (!key.startsWith(RESERVED_METADATA_PREFIX)) continue;
    const what = `metadata key ${printable(key)} has reserved prefix ${RESERVED_METADATA_PREFIX}`;
    throw usage(`error adding user metadata: ${what}`);
  }
  return Object.fromEntries(metadata);
}
