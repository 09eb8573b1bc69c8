/** Registries as commands reach them: the flags that say how, and the repositories they open. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { createRequestBudget } from "../http/mod.ts";
import {
  type CallOptions,
  createPushClient,
  createRegistryClient,
  type OpenRepository,
  type OpenWritableRepository,
  parseImageText,
  parseReference,
  type Reference,
  type RegistryConfiguration,
  type RegistrySettings,
} from "../oci/mod.ts";
import type { Host, Ports } from "../ports.ts";
import { parseMirrorFlags, readConfiguration } from "./configuration.ts";
import { type CredentialFlags, readCredentials, REGISTRY_CONFIG_FLAG } from "./credentials.ts";
import { count, list, text, toggle } from "./flags.ts";
import { LAYOUT_FLAGS, type LayoutFlags, openLayouts, readLayoutReference } from "./layouts.ts";
import { OFFLINE_FLAG } from "./offline.ts";
import { RECORDING_FLAGS } from "./recording.ts";
import { openRegistryFetch } from "./registry_tls.ts";

/** How long a command waits for registries when `--timeout` does not say, in seconds. */
export const DEFAULT_TIMEOUT_SECONDS = 60;

/** The longest `--timeout`: a day. */
export const MAX_TIMEOUT_SECONDS = 86_400;

/** Longest reference that is printed whole: none that is longer can be read. */
export const MAX_PRINTED_REFERENCE = 1024;

/** Where registries are, for every command that asks one. */
export const ADDRESS_FLAGS = {
  "ca-file": text("believe the CAs of this PEM file too, of any registry", undefined, { value: "FILE" }),
  config: text("read from a JSON file where registries are and what they may do; see docs/registries.md", undefined, {
    value: "FILE",
  }),
  "insecure-registry": toggle("use HTTP protocol while connecting to registries. Should be used only for testing"),
  mirror: list("ask this registry in place of HOST; may be repeated", { value: "HOST=URL" }),
  ...OFFLINE_FLAG,
  "plain-http": toggle("allow insecure connections to registry without SSL check"),
  ...REGISTRY_CONFIG_FLAG,
} as const;

/** How long to wait for the registry. */
export const TIMEOUT_FLAG = { timeout: count("seconds to wait for the registry", DEFAULT_TIMEOUT_SECONDS) } as const;

/** The same, a layout in place of them all, and how long to wait. */
export const REGISTRY_FLAGS = {
  ...ADDRESS_FLAGS,
  ...RECORDING_FLAGS,
  ...LAYOUT_FLAGS,
  ...TIMEOUT_FLAG,
} as const;

/** The values of {@link ADDRESS_FLAGS}. */
export interface AddressFlags extends CredentialFlags, LayoutFlags {
  readonly "ca-file": string | undefined;
  readonly config: string | undefined;
  readonly "insecure-registry": boolean;
  readonly mirror: readonly string[];
  readonly "plain-http": boolean;
}

/**
 * Opens repositories as the flags say. A mirror given as flag goes before the one of the configuration file.
 *
 * @throws {ConfigurationError} `ERR_USAGE`, `ERR_CONFIG`, `ERR_FILE`, `ERR_LAYOUT`
 */
export async function openRegistries(flags: AddressFlags, host: Host): Promise<OpenRepository> {
  const credentials = await readCredentials(flags, host);
  const layouts = openLayouts(flags, host);
  if (layouts !== undefined) return layouts;
  const { settings, fetch } = await readSettings(flags, host);
  return createRegistryClient({ ...host.ports, fetch, credentials }, settings);
}

/** The same to write to. @throws {ConfigurationError} `ERR_USAGE`, `ERR_CONFIG`, `ERR_FILE` */
export async function openRegistriesForPush(
  flags: Omit<AddressFlags, keyof LayoutFlags>,
  host: Host,
): Promise<OpenWritableRepository> {
  const { settings, fetch } = await readSettings(flags, host);
  return createPushClient({ ...host.ports, fetch, credentials: await readCredentials(flags, host) }, settings);
}

/** How registries are spoken to, and by which `fetch`. */
async function readSettings(
  flags: Omit<AddressFlags, keyof LayoutFlags>,
  host: Host,
): Promise<{ readonly settings: RegistrySettings; readonly fetch: Ports["fetch"] }> {
  const replaced = parseMirrorFlags(flags.mirror);
  const { config } = flags;
  const configured = config === undefined ? undefined : await readConfiguration(config, host.files);
  const registries = configured?.registries ?? new Map<string, RegistryConfiguration>();
  const plainHttp = [...registries].filter((entry) => entry[1].plainHttp).map(([name]) => name);
  const folder = (config ?? "").replace(/[^/]*$/, "");
  return {
    settings: {
      mirrors: new Map([...(configured?.mirrors ?? []), ...replaced]),
      mirrorsBefore: new Map([...registries].map(([name, { mirrors }]) => [name, mirrors])),
      allowedHosts: configured?.allowedHosts ?? new Set(),
      realmHosts: new Map([...registries].map(([name, { realmHosts }]) => [name, new Set(realmHosts)])),
      plainHttp: flags["plain-http"] || flags["insecure-registry"] ? "all" : new Set(plainHttp),
      redirect: "manual",
    },
    fetch: await openRegistryFetch(flags["ca-file"], registries, folder, host),
  };
}

/**
 * A signal that aborts after the flag's seconds.
 *
 * @throws {ConfigurationError} `ERR_USAGE` when it is no positive number or too large.
 */
export function deadline(seconds: number): AbortSignal {
  if (seconds < 1 || seconds > MAX_TIMEOUT_SECONDS) {
    throw new ConfigurationError("ERR_USAGE", `timeout value ${seconds} must be between 1 and ${MAX_TIMEOUT_SECONDS}`);
  }
  return AbortSignal.timeout(seconds * 1000);
}

/** Requests of one command: more than any has the time for, so that `--timeout` decides. */
export const MAX_COMMAND_REQUESTS = 100_000;

/** What a command's calls take: its deadline, and requests that know of it. @throws {ConfigurationError} `ERR_USAGE` */
export function startCall(seconds: number, { now }: Pick<Ports, "now">): CallOptions {
  const endsAt = new Date(now().getTime() + seconds * 1000);
  return { signal: deadline(seconds), budget: createRequestBudget({ maxRequests: MAX_COMMAND_REQUESTS, endsAt }) };
}

/**
 * Reads the reference of an artifact, which names its registry, or the path of its layout, and a tag or a digest.
 *
 * @throws {EngineError} `ERR_REFERENCE`
 */
export function readReference(typed: string, isLayout = false): Reference {
  if (isLayout) return readLayoutReference(typed);
  const missing = missingPart(typed);
  if (missing === undefined) return parseReference(typed);
  const form = "registry/repository:tag or registry/repository@digest";
  const message = `Cannot parse reference "${printable(typed)}": no ${missing}, expected ${form}`;
  throw new ConfigurationError("ERR_REFERENCE", message);
}

/** What a reference lacks that is well-formed so far; nothing is filled in for it, as it may not be what is meant. */
export function missingPart(typed: string): "registry or repository" | "tag or digest" | undefined {
  try {
    const { registryGiven, tag, digest } = parseImageText(typed);
    if (!registryGiven) return "registry or repository";
    return tag === undefined && digest === undefined ? "tag or digest" : undefined;
  } catch {
    // It is wrong rather than incomplete: whoever parses it says in what.
    return undefined;
  }
}

/** What a registry is asked for: the digest where there is one, as it says more than the tag. */
export function tagOrDigest({ tag, digest }: Reference): string {
  return digest ?? tag ?? "";
}
