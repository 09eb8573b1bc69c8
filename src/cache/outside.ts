/** A store outside of this process made usable, and the keys that takes. */
import { decodeBase64 } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { OutsideStore, Ports } from "../ports.ts";
import { type GuardOptions, guardStore } from "./guarded.ts";
import { MAX_STORED_BYTES, type SealedCache, type SealOptions, sealStore } from "./sealed.ts";

/** Bytes of a key at least: as many as its tags have. */
export const MIN_CACHE_KEY_BYTES = 32;

/** Bytes of a key at most. */
export const MAX_CACHE_KEY_BYTES = 128;

/** Keys at most: one in use, one to come, and some to spare. */
export const MAX_CACHE_KEYS = 4;

/** Characters of a tenant's name at most. */
export const MAX_TENANT_CHARACTERS = 200;

/** Makes a cache of a store: guarded against its failures, sealed against whoever else may write to it. */
export function createOutsideCache(
  store: OutsideStore,
  ports: Pick<Ports, "now" | "sleep" | "log">,
  options: SealOptions & Pick<GuardOptions, "afterAnswer">,
): SealedCache {
  return sealStore(guardStore(store, ports, { ...options, maxBytes: MAX_STORED_BYTES }), ports, options);
}

/**
 * The keys of a key file: base64, one a line; the first seals, all open.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` when there is none, there are too many, or one is too short or no base64;
 * the message never shows it.
 */
export function parseCacheKeys(text: string, source: string): readonly [Uint8Array, ...Uint8Array[]] {
  const refuse = (fault: string) => new ConfigurationError("ERR_CONFIG", `Cannot read keys of "${source}": ${fault}`);
  const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length > MAX_CACHE_KEYS) throw refuse(`it has ${lines.length}, expected at most ${MAX_CACHE_KEYS}`);
  const [first, ...others] = lines.map((line, index) => {
    const expected = `expected ${MIN_CACHE_KEY_BYTES} to ${MAX_CACHE_KEY_BYTES} bytes as base64`;
    const key = readBase64(line);
    if (key === undefined) throw refuse(`key ${index + 1} is no base64, ${expected}`);
    if (key.length >= MIN_CACHE_KEY_BYTES && key.length <= MAX_CACHE_KEY_BYTES) return key;
    throw refuse(`key ${index + 1} has ${key.length} bytes, ${expected}`);
  });
  if (first === undefined) throw refuse("it is empty, expected one a line, as `openssl rand -base64 32` makes them");
  return [first, ...others];
}

function readBase64(line: string): Uint8Array | undefined {
  try {
    return decodeBase64(line);
  } catch {
    // The cause would quote what is a secret.
    return undefined;
  }
}

/**
 * The name of a tenant.
 *
 * @throws {ConfigurationError} `ERR_CONFIG`
 */
export function readTenant(text: string, name: string): string {
  if (text !== "" && text.length <= MAX_TENANT_CHARACTERS) return text;
  throw new ConfigurationError(
    "ERR_CONFIG",
    `Cannot separate caches: ${name} has ${text.length} characters, expected 1 to ${MAX_TENANT_CHARACTERS}`,
  );
}
