/** Trust stores as folders of certificate files: `truststore/x509/TYPE/NAME/*` in notation's folder. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, toEngineError } from "../errors.ts";
import {
  missingStore,
  readTrustStore,
  type TrustStore,
  type TrustStoreCause,
  type TrustStoreFile,
  type TrustStoreName,
} from "../notary/mod.ts";
import type { CryptoProvider, Files } from "../ports.ts";

/** Bytes of a certificate file at most. */
export const MAX_CERTIFICATE_FILE_BYTES = 1024 * 1024;

/** Files of one trust store at most. */
export const MAX_TRUST_STORE_FILES = 1_000;

/** What a folder's store needs of the outside world. */
export interface FolderPorts {
  readonly files: Pick<Files, "entries" | "read">;
  readonly crypto: Pick<CryptoProvider, "verify">;
  /** Told of what is passed over. */
  readonly warn: (message: string) => void;
}

/**
 * Reads trust stores from notation's folder. Every file counts, whatever its name; links are refused, as what they lead
 * to may change behind the administrator's back; folders within a store are passed over with a warning.
 *
 * @param folder Notation's folder.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trust Store".
 */
export function createFolderTrustStore(folder: string, { files, crypto, warn }: FolderPorts): TrustStore {
  return async (store) => {
    const { type, name } = store;
    const siblings = `${folder}/truststore/x509/${type}`;
    const path = `${siblings}/${name}`;
    const entry = (await listed(store, siblings, files))?.find((sibling) => sibling.name === name);
    if (entry === undefined) throw missingStore(store);
    if (entry.kind !== "folder") {
      throw unusable(store, `"${printable(path)}" is no folder, expected one and no link`, {
        reference: `the trust store ${name} of type ${type} with path ${path} is not a regular directory (symlinks ` +
          "are not supported)",
      });
    }
    const entries = await listed(store, path, files) ?? [];
    const wrong = entries.find(({ kind }) => kind === "link" || kind === "other");
    if (wrong !== undefined) {
      throw unusable(store, `"${printable(`${path}/${wrong.name}`)}" is no file, expected files and no links`, {
        reference: `trusted certificate ${wrong.name} in trust store ${name} of type ${type} is not a regular file ` +
          "(directories or symlinks are not supported)",
      });
    }
    for (const within of entries.filter(({ kind }) => kind === "folder")) {
      warn(`the folder "${within.name}" in trust store "${type}:${name}" is passed over: a store has files only`);
    }
    const names = entries.filter(({ kind }) => kind === "file").map((file) => file.name);
    if (names.length > MAX_TRUST_STORE_FILES) {
      throw unusable(
        store,
        `"${printable(path)}" has ${names.length} files, expected at most ${MAX_TRUST_STORE_FILES}`,
      );
    }
    const read: TrustStoreFile[] = [];
    for (const file of names) read.push({ name: file, content: await content(store, path, file, files) });
    return await readTrustStore(store, read, crypto);
  };
}

async function listed(store: TrustStoreName, path: string, files: FolderPorts["files"]) {
  try {
    return await files.entries(path);
  } catch (thrown) {
    const { message } = toEngineError(thrown, "Cannot list the folder");
    throw unusable(store, message, {
      reference: `failed to access the trust store "${store.name}" of type "${store.type}"`,
    });
  }
}

async function content(
  store: TrustStoreName,
  path: string,
  file: string,
  files: FolderPorts["files"],
): Promise<Uint8Array> {
  try {
    return await files.read(`${path}/${file}`, MAX_CERTIFICATE_FILE_BYTES);
  } catch (thrown) {
    const { message } = toEngineError(thrown, "Cannot read the file");
    throw unusable(store, message, {
      reference: `failed to read the trusted certificate ${file} in trust store ${store.name} of type ${store.type}`,
    });
  }
}

function unusable({ type, name }: TrustStoreName, what: string, cause?: TrustStoreCause): ConfigurationError {
  return new ConfigurationError("ERR_TRUST_STORE", `Cannot use trust store "${type}:${name}": ${what}`, { cause });
}
