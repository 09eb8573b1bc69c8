/**
 * Credentials of this user: the files of `docker login` and `podman login`, and the programs they name. Files are read
 * when first asked, and again when what was read is old.
 */
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import {
  credentialFromAuths,
  type DockerConfig,
  firstOf,
  MAX_CREDENTIALS_BYTES,
  programFor,
  readDockerConfig,
  serverOf,
} from "../oci/mod.ts";
import type { CredentialSource } from "../ports.ts";
import { askCredentialProgram } from "./credential_program.ts";
import { files } from "./files.ts";

/** How long a file that was read is believed. */
export const FILE_LIFETIME_MILLISECONDS = 30_000;

/** How long the answer of a credential program is believed: less than any token lives that they give. */
export const PROGRAM_LIFETIME_MILLISECONDS = 60_000;

/** A file, and how messages name it. */
export interface RegistryConfigFile {
  readonly path: string;
  readonly where: string;
}

/**
 * The files asked for credentials, in their order: Docker's, the one `$REGISTRY_AUTH_FILE` names, and Podman's.
 *
 * @param variables The environment.
 */
export function registryConfigFiles(
  variables: Readonly<Record<string, string | undefined>> = process.env,
  home: string = homedir(),
): readonly RegistryConfigFile[] {
  const named = (path: string, owner: string) => ({ path, where: `${owner} "${printable(basename(path), 100)}"` });
  const { DOCKER_CONFIG, REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR } = variables;
  return [
    named(join(DOCKER_CONFIG || join(home, ".docker"), "config.json"), "Docker's configuration"),
    ...(REGISTRY_AUTH_FILE ? [named(REGISTRY_AUTH_FILE, "$REGISTRY_AUTH_FILE")] : []),
    ...(XDG_RUNTIME_DIR ? [named(join(XDG_RUNTIME_DIR, "containers", "auth.json"), "Podman's")] : []),
  ];
}

/** The credentials of several files: the first that has some for a repository. */
export function createUserCredentials(configFiles: readonly RegistryConfigFile[]): CredentialSource {
  return firstOf(configFiles.map(({ path, where }) => createRegistryConfig(path, where)));
}

/**
 * The credentials of one file. A file that is absent has none.
 *
 * @throws {ConfigurationError} From the source: `ERR_FILE` when the file cannot be read, `ERR_CREDENTIALS` when it or a
 * program's answer is not of the expected form.
 * @throws {UnavailableError} `ERR_CREDENTIALS_UNAVAILABLE` when a program does not end in time.
 */
export function createRegistryConfig(path: string, where: string): CredentialSource {
  const load = keep(FILE_LIFETIME_MILLISECONDS, async () => await readConfig(path, where));
  const ask = keep(PROGRAM_LIFETIME_MILLISECONDS, askCredentialProgram);
  return async (asked) => {
    const read = await load("");
    if (read === undefined) return undefined;
    const { config, isWritableByOthers } = read;
    const program = programFor(config, asked);
    if (program !== undefined) {
      if (isWritableByOthers) {
        throw new ConfigurationError(
          "ERR_CREDENTIALS",
          `Cannot run docker-credential-${program.name}: ${where}, which names it, may be written by every user of this machine`,
        );
      }
      const found = await ask(JSON.stringify([program.name, serverOf(asked.host)]), {
        name: program.name,
        server: serverOf(asked.host),
        source: `"${program.member}" of ${where}, docker-credential-${program.name}`,
      });
      if (found !== undefined) return found;
    }
    const named = isWritableByOthers ? `${where}, which every user of this machine may write` : where;
    return credentialFromAuths(config, asked, named);
  };
}

interface ReadConfig {
  readonly config: DockerConfig;
  readonly isWritableByOthers: boolean;
}

async function readConfig(path: string, where: string): Promise<ReadConfig | undefined> {
  if (await files.kind(path) === undefined) return undefined;
  const config = readDockerConfig(await files.read(path, MAX_CREDENTIALS_BYTES), where);
  return { config, isWritableByOthers: await mayOthersWrite(path) };
}

/** Windows has no such modes: there everything looks writable for everyone. */
async function mayOthersWrite(path: string): Promise<boolean> {
  return process.platform !== "win32" && ((await stat(path)).mode & 0o002) !== 0;
}

/** Keeps what was answered for a while, and asks once for all who ask meanwhile. A failure is not kept. */
function keep<Rest extends readonly unknown[], Answer>(
  lifetimeMilliseconds: number,
  ask: (...rest: Rest) => Promise<Answer>,
): (key: string, ...rest: Rest) => Promise<Answer> {
  const kept = new Map<string, { readonly answer: Promise<Answer>; readonly until: number }>();
  return async (key, ...rest) => {
    const now = performance.now();
    const before = kept.get(key);
    if (before !== undefined && now < before.until) return await before.answer;
    const answer = ask(...rest);
    const entry = { answer, until: now + lifetimeMilliseconds };
    kept.set(key, entry);
    try {
      return await answer;
    } catch (thrown) {
      if (kept.get(key) === entry) kept.delete(key);
      throw thrown;
    }
  };
}
