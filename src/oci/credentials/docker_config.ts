/**
 * Docker's `config.json` and Podman's `auth.json`, as data: entries of registries, and the programs that know others.
 *
 * ```ts
 * const config = readDockerConfig(bytes, "Docker's configuration");
 * const program = programFor(config, "ghcr.io") ?? chooseEntry(config.auths, question);
 * ```
 */
import { isJsonObject, type JsonValue, printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import type { Credential, CredentialQuestion } from "../../ports.ts";
import { chooseEntry, hostOf, parseCredentials, readRegistryEntries, type RegistryEntry } from "./registry_entries.ts";

/** Such a file, read. */
export interface DockerConfig {
  readonly auths: readonly RegistryEntry[];
  /** Registry host → name of a program. */
  readonly credHelpers: ReadonlyMap<string, string>;
  /** The program for every other registry. */
  readonly credsStore?: string;
}

/** What `docker login` files Docker Hub under, and asks credential programs for. */
export const DOCKER_HUB_SERVER = "https://index.docker.io/v1/";

/** Names of programs follow `docker-credential-`; none leads to another folder. */
const PROGRAM_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/**
 * Reads a file.
 *
 * @param where How messages name it: `Docker's configuration "config.json"`; safe to print.
 * @throws {ConfigurationError} `ERR_CREDENTIALS`
 */
export function readDockerConfig(bytes: Uint8Array, where: string): DockerConfig {
  const document = parseCredentials(bytes, where);
  const { auths, credHelpers, credsStore } = document;
  const named = Object.entries(isJsonObject(credHelpers) ? credHelpers : {});
  const programs = named.map(([host, name]) => [hostOf(host), programName(name, "credHelpers", where)] as const);
  return {
    auths: isJsonObject(auths) ? readRegistryEntries(auths, where) : [],
    credHelpers: new Map(programs),
    ...(credsStore === undefined || credsStore === null || credsStore === ""
      ? {}
      : { credsStore: programName(credsStore, "credsStore", where) }),
  };
}

function programName(name: JsonValue | undefined, member: string, where: string): string {
  if (typeof name === "string" && PROGRAM_NAME.test(name)) return name;
  const found = typeof name === "string" ? `"${printable(name, 100)}"` : "something that is no text";
  throw new ConfigurationError(
    "ERR_CREDENTIALS",
    `Cannot read ${where}: "${member}" names ${found}, expected what follows docker-credential- in a program's name`,
  );
}

/** The program that is to be asked for a registry first, and where it is named. */
export function programFor(
  { credHelpers, credsStore }: DockerConfig,
  { host }: CredentialQuestion,
): { readonly name: string; readonly member: "credHelpers" | "credsStore" } | undefined {
  const own = credHelpers.get(hostOf(host));
  if (own !== undefined) return { name: own, member: "credHelpers" };
  return credsStore === undefined ? undefined : { name: credsStore, member: "credsStore" };
}

/** What a credential program is asked for. */
export const serverOf = (host: string): string => hostOf(host) === "docker.io" ? DOCKER_HUB_SERVER : host;

/**
 * The credentials that stand in the file itself.
 *
 * @throws {ConfigurationError} `ERR_CREDENTIALS` when the entry for this registry cannot be read.
 */
export function credentialFromAuths(
  { auths }: DockerConfig,
  question: CredentialQuestion,
  where: string,
): Credential | undefined {
  return credentialOf(chooseEntry(auths, question), question, `"auths" of ${where}`);
}

/** An entry as a credential. @throws {ConfigurationError} `ERR_CREDENTIALS` when it cannot be read. */
export function credentialOf(
  entry: RegistryEntry | undefined,
  { host }: CredentialQuestion,
  source: string,
): Credential | undefined {
  if (entry?.fault !== undefined) {
    throw new ConfigurationError("ERR_CREDENTIALS", `Cannot use ${source} for "${printable(host)}": ${entry.fault}`);
  }
  return entry?.proof === undefined ? undefined : { ...entry.proof, source };
}
