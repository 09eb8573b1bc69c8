/** Files and processes as Node and Deno share them: both have `node:fs`, `node:path` and `node:process`. */
import { appendFile as appendBytes, chmod, open, readdir, stat, writeFile as writeWhole } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ConfigurationError } from "../errors.ts";
import type { ByteRanges, Files, FolderEntry } from "../ports.ts";

/** Read and written by this user, and by nobody else. */
const PRIVATE = 0o600;

/** Entries of a folder, counted through all levels, at most. */
export const MAX_FOLDER_ENTRIES = 100_000;

/** How many folders up from this file the package's own folder may be: `src/runtime/` and `dist/chunks/` are two. */
const MAX_FOLDERS_UP = 4;

export const files: Files = { read, ranges, list, kind, entries };

async function read(path: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await attempt(path, () => open(path, "r"));
  try {
    const entry = await attempt(path, () => handle.stat());
    if (entry.isDirectory()) throw new ConfigurationError("ERR_FILE", `Cannot read "${path}": ${reason("EISDIR")}`);
    const { size } = entry;
    if (size > maxBytes) throw tooLarge(path, size, maxBytes);
    // Read to the end and not to `size`: a pipe or /dev/stdin says 0.
    const chunks: Uint8Array[] = [];
    let total = 0;
    while (true) {
      const buffer = new Uint8Array(Math.max(64 * 1024, Math.min(size + 1, maxBytes + 1)));
      const { bytesRead } = await attempt(path, () => handle.read(buffer, 0, buffer.length, null));
      if (bytesRead === 0) break;
      total += bytesRead;
      if (total > maxBytes) throw tooLarge(path, total, maxBytes);
      chunks.push(buffer.subarray(0, bytesRead));
    }
    if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
    const whole = new Uint8Array(total);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  } finally {
    await handle.close();
  }
}

/** The file is opened for each piece, so that nobody has to close it. */
async function ranges(path: string): Promise<ByteRanges> {
  const { size } = await attempt(path, () => stat(path));
  return {
    size,
    read: async (offset, length) => {
      const handle = await attempt(path, () => open(path, "r"));
      try {
        const buffer = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
        let total = 0;
        while (total < buffer.length) {
          const { bytesRead } = await attempt(
            path,
            () => handle.read(buffer, total, buffer.length - total, offset + total),
          );
          if (bytesRead === 0) break;
          total += bytesRead;
        }
        return buffer.subarray(0, total);
      } finally {
        await handle.close();
      }
    },
  };
}

function tooLarge(path: string, bytes: number, maxBytes: number): ConfigurationError {
  return new ConfigurationError(
    "ERR_FILE",
    `Cannot read "${path}": it has ${bytes} bytes or more, at most ${maxBytes}`,
  );
}

async function list(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    const entries = await attempt(folder, () => readdir(join(folder, relative), { withFileTypes: true }));
    for (const entry of entries) {
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) await walk(path);
      else found.push(path);
      if (found.length > MAX_FOLDER_ENTRIES) {
        throw new ConfigurationError("ERR_FILE", `Cannot list "${folder}": more than ${MAX_FOLDER_ENTRIES} files`);
      }
    }
  };
  await walk("");
  return found.sort();
}

async function kind(path: string): Promise<"file" | "folder" | "other" | undefined> {
  try {
    const entry = await stat(path);
    return entry.isFile() ? "file" : entry.isDirectory() ? "folder" : "other";
  } catch {
    return undefined;
  }
}

async function entries(folder: string): Promise<readonly FolderEntry[] | undefined> {
  let found;
  try {
    found = await attempt(folder, () => readdir(folder, { withFileTypes: true }));
  } catch (thrown) {
    const cause = thrown instanceof ConfigurationError ? thrown.cause : undefined;
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw thrown;
  }
  if (found.length > MAX_FOLDER_ENTRIES) {
    throw new ConfigurationError("ERR_FILE", `Cannot list "${folder}": more than ${MAX_FOLDER_ENTRIES} files`);
  }
  return found.map((entry): FolderEntry => {
    const kind = entry.isSymbolicLink() ? "link" : entry.isFile() ? "file" : entry.isDirectory() ? "folder" : "other";
    return { name: entry.name, kind };
  }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new ConfigurationError("ERR_FILE", `Cannot read "${path}": ${reason(code)}`, { cause });
  }
}

function reason(code: string): string {
  if (code === "ENOENT") return "it does not exist";
  if (code === "EACCES" || code === "EPERM" || code === "NotCapable") return "no permission";
  if (code === "EISDIR") return "it is a folder, expected a file";
  if (code === "ENOTDIR") return "part of its path is a file, expected a folder";
  return code;
}

/**
 * Writes a file, whole.
 *
 * @param options Without `replace`, a file that exists is left as it is; nobody gets in between looking and writing.
 * With `isPrivate` others may not read it: one that is there is closed to them before anything is written.
 * @throws {ConfigurationError} `ERR_FILE`
 */
export async function writeFile(
  path: string,
  bytes: Uint8Array,
  { replace, isPrivate = false }: { readonly replace: boolean; readonly isPrivate?: boolean },
): Promise<void> {
  const flag = replace ? "w" : "wx";
  await attemptToWrite(path, async () => {
    // A mode is only of a file that is made; a pipe or terminal keeps what it has.
    if (isPrivate && replace && await kind(path) === "file") await chmod(path, PRIVATE);
    await writeWhole(path, bytes, isPrivate ? { flag, mode: PRIVATE } : { flag });
  });
}

/**
 * Writes to the end of a file, which is made where there is none: it says what runs in a cluster, so others may not
 * read it.
 *
 * @throws {ConfigurationError} `ERR_FILE`
 */
export async function appendFile(path: string, bytes: Uint8Array): Promise<void> {
  await attemptToWrite(path, () => appendBytes(path, bytes, { mode: PRIVATE }));
}

async function attemptToWrite(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const why = code === "ENOENT" ? "its folder does not exist" : code === "EEXIST" ? "it exists" : reason(code);
    throw new ConfigurationError("ERR_FILE", `Cannot write "${path}": ${why}`, { cause });
  }
}

/**
 * Where this user's programs keep their configuration: `$XDG_CONFIG_HOME` or `~/.config`;
 * `~/Library/Application Support` on macOS and `%AppData%` on Windows. Without a home, or with a relative
 * `XDG_CONFIG_HOME`, there is no such place.
 */
export function configFolder(
  platform: string = process.platform,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const absent = (text: string | undefined) => (text === "" ? undefined : text);
  const home = absent(variables["HOME"]);
  switch (platform) {
    case "win32":
      return absent(variables["AppData"] ?? variables["APPDATA"]);
    case "darwin":
      return home === undefined ? undefined : `${home}/Library/Application Support`;
    default: {
      const folder = absent(variables["XDG_CONFIG_HOME"]);
      if (folder !== undefined) return folder.startsWith("/") ? folder : undefined;
      return home === undefined ? undefined : `${home}/.config`;
    }
  }
}

/**
 * The folder of this package: the nearest one above this module that has a `package.json`. The same for the source and
 * for the built files below `dist/`.
 */
export async function packageFolder(): Promise<string> {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < MAX_FOLDERS_UP; up++, folder = dirname(folder)) {
    if ((await kind(join(folder, "package.json"))) === "file") return folder;
    if (folder.endsWith(sep)) break;
  }
  throw new ConfigurationError("ERR_FILE", `Cannot find the package's folder: no "package.json" above this program`);
}

/** Size of one file of the page at most. */
const MAX_PAGE_FILE_BYTES = 4 * 1024 * 1024;

/** The files of the built page by name, such as `index.html`; empty when `npm run build` has not run. */
export async function readPage(): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = join(await packageFolder(), "dist", "page");
  if ((await kind(folder)) !== "folder") return new Map();
  const names = await list(folder);
  const bodies = await Promise.all(names.map((name) => read(join(folder, name), MAX_PAGE_FILE_BYTES)));
  return new Map(names.map((name, index) => [name, bodies[index] ?? new Uint8Array()]));
}
