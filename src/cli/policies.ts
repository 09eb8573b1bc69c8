/** Files and folders of Kubernetes manifests, read; policies of them, loaded. */
import { decodeUtf8, printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { type LoadedPolicies, loadPolicies, type PolicyFile } from "../policy/mod.ts";
import type { Files, Host } from "../ports.ts";

/** Bytes of one file at most; the API server stores no object larger than 1.5 MiB. */
export const MAX_POLICY_FILE_BYTES = 4 * 1024 * 1024;

/** Files of all folders together at most. */
export const MAX_POLICY_FILES = 1_000;

/**
 * Loads every file, and every `.yaml`, `.yml` and `.json` file below every folder, in the order given and by name.
 *
 * @throws {ConfigurationError} `ERR_FILE` when one is missing, too large, no text, or a folder holds no such file.
 */
export async function readPolicies(
  paths: readonly string[],
  host: Pick<Host, "files" | "ports">,
): Promise<LoadedPolicies> {
  return await loadPolicies(await readManifests(paths, "policies", host), host.ports.crypto);
}

/**
 * The texts of files, and of the `.yaml`, `.yml` and `.json` files below folders, in the order given and by name.
 *
 * @param what Names them in messages: `policies`.
 * @throws As {@link readPolicies}.
 */
export async function readManifests(
  paths: readonly string[],
  what: string,
  { files }: Pick<Host, "files">,
): Promise<readonly PolicyFile[]> {
  const sources: string[] = [];
  for (const path of paths) sources.push(...await manifestFiles(path, what, files));
  if (sources.length > MAX_POLICY_FILES) {
    throw new ConfigurationError(
      "ERR_FILE",
      `Cannot load ${what}: ${sources.length} files, at most ${MAX_POLICY_FILES}`,
    );
  }
  const texts: PolicyFile[] = [];
  for (const source of sources) {
    texts.push({ source, text: decodeUtf8(await files.read(source, MAX_POLICY_FILE_BYTES), "ERR_YAML") });
  }
  return texts;
}

async function manifestFiles(path: string, what: string, files: Files): Promise<readonly string[]> {
  if (await files.kind(path) !== "folder") return [path];
  const found = (await files.list(path)).filter((name) => /\.(?:ya?ml|json)$/.test(name));
  if (found.length === 0) {
    throw new ConfigurationError(
      "ERR_FILE",
      `Cannot load ${what} of "${printable(path)}": no .yaml, .yml or .json file in it`,
    );
  }
  return found.map((name) => `${path.replace(/\/+$/, "")}/${name}`);
}
