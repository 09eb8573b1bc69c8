/** The configuration file, and the flags that say the same: mirrors of registries, and where they may send us. */
import { isJsonObject, type JsonValue, parseJson, printable } from "../encoding/mod.ts";
import { ConfigurationError, toEngineError } from "../errors.ts";
import {
  isHost,
  MAX_MIRRORS,
  mirrorFault,
  parseMirrors,
  readRegistries,
  type RegistryConfiguration,
} from "../oci/mod.ts";
import type { Files } from "../ports.ts";

/** Bytes of a configuration file at most. */
export const MAX_CONFIGURATION_BYTES = 64 * 1024;

/** Allowed hosts at most. */
export const MAX_ALLOWED_HOSTS = 1_000;

/** What a configuration file says. */
export interface Configuration {
  /** Registry host, such as `ghcr.io` → URL of the registry that is asked in its place. */
  readonly mirrors: ReadonlyMap<string, string>;
  /** Hosts, with or without port, of private networks that registries may send us to. */
  readonly allowedHosts: ReadonlySet<string>;
  /** By registry host, what is set for it alone. */
  readonly registries: ReadonlyMap<string, RegistryConfiguration>;
}

const KEYS = ["mirrors", "allowedHosts", "registries"] as const;
const KEYS_TEXT = KEYS.map((key) => `"${key}"`).join(" or ");

/**
 * Reads a configuration file: `{"mirrors": {"ghcr.io": "http://127.0.0.1:5000"}, "allowedHosts": ["10.0.0.7:9000"]}`,
 * and `registries` as {@link readRegistries} has them.
 *
 * @throws {ConfigurationError} `ERR_FILE` when it cannot be read, `ERR_CONFIG` naming the key that is wrong or unknown.
 */
export async function readConfiguration(path: string, files: Files): Promise<Configuration> {
  const bytes = await files.read(path, MAX_CONFIGURATION_BYTES);
  const refuse = (reason: string, cause?: unknown): ConfigurationError =>
    new ConfigurationError("ERR_CONFIG", `Cannot read configuration "${printable(path)}": ${reason}`, { cause });
  const document = parse(bytes, refuse);
  if (!isJsonObject(document)) throw refuse(`it is no object, expected an object with the keys ${KEYS_TEXT}`);
  const unknown = Object.keys(document).find((key) => !KEYS.some((known) => known === key));
  if (unknown !== undefined) throw refuse(`unknown key "${printable(unknown)}", expected ${KEYS_TEXT}`);
  const mirrors = document["mirrors"] ?? {};
  if (!isJsonObject(mirrors)) throw refuse('"mirrors" is no object, expected registry hosts and their mirrors');
  const entries = Object.entries(mirrors);
  if (entries.length > MAX_MIRRORS) throw refuse(`${entries.length} mirrors, expected at most ${MAX_MIRRORS}`);
  const checked = entries.map(([host, url]): readonly [string, string] => {
    const key = `"mirrors"."${printable(host)}"`;
    if (typeof url !== "string") throw refuse(`${key} is no text, expected the URL of a registry`);
    const wrong = mirrorFault(host, url);
    if (wrong !== undefined) throw refuse(`${key}: ${wrong}`);
    return [host, url];
  });
  const registries = readRegistries(document["registries"] ?? {}, refuse);
  const twice = [...registries].find(([host, { mirrors: before }]) =>
    before.length > 0 && entries.some(([replaced]) => replaced.toLowerCase() === host)
  );
  if (twice !== undefined) {
    const where = `"mirrors"."${printable(twice[0])}" and "registries"."${printable(twice[0])}"."mirrors"`;
    throw refuse(`${where}: one asks in place of the registry, the other before it, expected one of them`);
  }
  return {
    mirrors: new Map(checked),
    allowedHosts: readAllowedHosts(document["allowedHosts"] ?? [], refuse),
    registries,
  };
}

function readAllowedHosts(hosts: JsonValue, refuse: (reason: string) => ConfigurationError): ReadonlySet<string> {
  if (!Array.isArray(hosts)) throw refuse('"allowedHosts" is no list, expected hosts with an optional :port');
  if (hosts.length > MAX_ALLOWED_HOSTS) {
    throw refuse(`"allowedHosts" has ${hosts.length} hosts, expected at most ${MAX_ALLOWED_HOSTS}`);
  }
  const names = hosts.map((host: JsonValue, index): string => {
    if (typeof host === "string" && isHost(host)) return host;
    const found = typeof host === "string" ? `"${printable(host)}" is no host` : "it is no text";
    throw refuse(`"allowedHosts"[${index}]: ${found}, expected a host with an optional :port`);
  });
  return new Set(names);
}

function parse(bytes: Uint8Array, refuse: (reason: string, cause?: unknown) => ConfigurationError): JsonValue {
  try {
    return parseJson(bytes);
  } catch (thrown) {
    throw refuse(toEngineError(thrown, "Cannot parse JSON").message, thrown);
  }
}

/**
 * Reads the values of `--mirror`.
 *
 * @param values Each `HOST=URL`.
 * @throws {ConfigurationError} `ERR_USAGE`
 */
export function parseMirrorFlags(values: readonly string[]): ReadonlyMap<string, string> {
  return parseMirrors(values, (fault, value) => {
    const where = value === undefined ? "" : `invalid argument "${printable(value)}" for "--mirror" flag: `;
    return new ConfigurationError("ERR_USAGE", `${where}${fault}`);
  });
}
