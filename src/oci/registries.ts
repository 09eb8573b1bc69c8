/** What is configured of single registries, as JSON: `{"ghcr.io": {"mirrors": ["https://mirror.example/v2/ghcr"]}}`. */
import { isJsonObject, type JsonObject, type JsonValue, printable } from "../encoding/mod.ts";
import { isHost, MAX_MIRRORS, mirrorFault } from "./mirrors.ts";

/** Mirrors of one registry at most: each may cost its patience before the next is asked. */
export const MAX_MIRRORS_OF_REGISTRY = 8;

/** Token endpoints of one registry at most. */
export const MAX_REALM_HOSTS = 8;

/** What is configured of one registry. */
export interface RegistryConfiguration {
  /** Base URLs that are asked before it, in order. */
  readonly mirrors: readonly string[];
  /** Whether it is spoken to over plain HTTP. */
  readonly plainHttp: boolean;
  /** File of CAs, PEM, that may vouch for it beside those everybody believes. */
  readonly certificateAuthority?: string;
  /** Hosts, with port where they have one, of token endpoints of another site that may see its credentials. */
  readonly realmHosts: readonly string[];
}

const KEYS = ["mirrors", "plainHttp", "certificateAuthority", "realmHosts"] as const;

/**
 * Reads the registries of a configuration.
 *
 * @param value An object by registry host, with port where it has one.
 * @param refuse Makes the error of a fault, which is safe to print.
 * @returns By host, in lower case.
 * @throws What `refuse` makes.
 */
export function readRegistries(
  value: JsonValue,
  refuse: (fault: string) => Error,
): ReadonlyMap<string, RegistryConfiguration> {
  if (!isJsonObject(value)) throw refuse('"registries" is no object, expected registry hosts and what is set for each');
  const entries = Object.entries(value);
  if (entries.length > MAX_MIRRORS) {
    throw refuse(`"registries" has ${entries.length} hosts, expected at most ${MAX_MIRRORS}`);
  }
  const read = new Map<string, RegistryConfiguration>();
  for (const [host, settings] of entries) {
    const at = `"registries"."${printable(host)}"`;
    if (!isHost(host)) throw refuse(`${at} is no registry host, expected a host with an optional :port`);
    if (read.has(host.toLowerCase())) throw refuse(`${at}: the host is there twice, expected once`);
    if (!isJsonObject(settings)) {
      throw refuse(`${at} is no object, expected an object with the keys ${KEYS.join(", ")}`);
    }
    read.set(host.toLowerCase(), readRegistry(host, settings, (fault) => refuse(`${at}${fault}`)));
  }
  return read;
}

function readRegistry(host: string, settings: JsonObject, refuse: (fault: string) => Error): RegistryConfiguration {
  const unknown = Object.keys(settings).find((key) => !KEYS.some((known) => known === key));
  if (unknown !== undefined) {
    throw refuse(`: unknown key "${printable(unknown)}", expected ${KEYS.map((key) => `"${key}"`).join(", ")}`);
  }
  const { mirrors = [], plainHttp = false, certificateAuthority, realmHosts = [] } = settings;
  if (typeof plainHttp !== "boolean") throw refuse('."plainHttp" is neither true nor false');
  if (certificateAuthority !== undefined && (typeof certificateAuthority !== "string" || certificateAuthority === "")) {
    throw refuse('."certificateAuthority" is no text, expected the name of a PEM file');
  }
  if (plainHttp && certificateAuthority !== undefined) {
    throw refuse(' has "plainHttp" and "certificateAuthority", expected one of them: plain HTTP has no certificates');
  }
  return {
    mirrors: readMirrors(host, mirrors, refuse),
    plainHttp,
    realmHosts: readRealmHosts(realmHosts, refuse),
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
  };
}

function readRealmHosts(hosts: JsonValue, refuse: (fault: string) => Error): readonly string[] {
  if (!Array.isArray(hosts)) throw refuse('."realmHosts" is no list, expected hosts with an optional :port');
  if (hosts.length > MAX_REALM_HOSTS) {
    throw refuse(`."realmHosts" has ${hosts.length} hosts, expected at most ${MAX_REALM_HOSTS}`);
  }
  return hosts.map((host: JsonValue, index): string => {
    if (typeof host === "string" && isHost(host)) return host.toLowerCase();
    throw refuse(`."realmHosts"[${index}] is no host, expected a host with an optional :port`);
  });
}

function readMirrors(host: string, mirrors: JsonValue, refuse: (fault: string) => Error): readonly string[] {
  if (!Array.isArray(mirrors)) throw refuse('."mirrors" is no list, expected URLs');
  if (mirrors.length > MAX_MIRRORS_OF_REGISTRY) {
    throw refuse(`."mirrors" has ${mirrors.length} URLs, expected at most ${MAX_MIRRORS_OF_REGISTRY}`);
  }
  return mirrors.map((url: JsonValue, index): string => {
    const fault = typeof url === "string" ? mirrorFault(host, url) : "it is no text, expected a URL";
    if (typeof url === "string" && fault === undefined) return url;
    throw refuse(`."mirrors"[${index}]: ${fault}`);
  });
}
