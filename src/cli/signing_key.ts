/** The key a command signs with: a name in notation's `signingkeys.json`, or two files. */
import { MAX_KEY_FILE_BYTES, parsePrivateKey } from "../crypto/mod.ts";
import { isJsonObject, type JsonObject, parseJson, printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError, toEngineError } from "../errors.ts";
import { createLocalSigner } from "../notary/mod.ts";
import type { Host, SignatureProvider } from "../ports.ts";
import { text, usage } from "./flags.ts";
import { notationFolder } from "./notation_folder.ts";
import { readCertificates } from "./trust.ts";

/** Bytes of `signingkeys.json` read at most. */
export const MAX_SIGNING_KEYS_BYTES = 1024 * 1024;

/** Which key signs. */
export const SIGNING_KEY_FLAGS = {
  key: text("signing key name, for a key of notation's key list; its default key when no key is given", undefined, {
    short: "k",
  }),
  "key-file": text("sign with the private key in this PEM file; needs --cert-file", undefined, { value: "FILE" }),
  "cert-file": text("certificate chain of --key-file, PEM or DER, leaf first", undefined, { value: "FILE" }),
} as const;

/** The values of {@link SIGNING_KEY_FLAGS}. */
export interface SigningKeyFlags {
  readonly key: string | undefined;
  readonly "key-file": string | undefined;
  readonly "cert-file": string | undefined;
}

interface KeyFiles {
  readonly keyPath: string;
  readonly certPath: string;
}

/**
 * Opens the key the flags name.
 *
 * @throws {ConfigurationError} `ERR_USAGE`; `ERR_CONFIG` for a key list that cannot be used; `ERR_FILE`, `ERR_KEY`,
 * `ERR_KEY_ENCRYPTED`, `ERR_KEY_MISMATCH`
 */
export async function openSigningKey(flags: SigningKeyFlags, host: Host): Promise<SignatureProvider> {
  const { keyPath, certPath } = filesOf(flags) ?? await findKey(flags.key, host);
  const chain = await readCertificates(certPath, host.files);
  const bytes = await host.files.read(keyPath, MAX_KEY_FILE_BYTES);
  try {
    return await createLocalSigner(parsePrivateKey(bytes), chain);
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw thrown;
    throw new ConfigurationError(thrown.code, `${thrown.message} ("${printable(keyPath)}")`);
  }
}

function filesOf(flags: SigningKeyFlags): KeyFiles | undefined {
  const { key, "key-file": keyPath, "cert-file": certPath } = flags;
  if (keyPath === undefined && certPath === undefined) return undefined;
  if (key !== undefined) throw usage("--key and --key-file name two keys, expected one of them");
  if (keyPath === undefined) throw usage("missing --key-file FILE: --cert-file has the certificates of its key");
  if (certPath === undefined) throw usage("missing --cert-file FILE: the certificate chain of --key-file, leaf first");
  return { keyPath, certPath };
}

/** A key of notation's list, by name or the default one, in notation's words where there is none. */
async function findKey(name: string | undefined, host: Host): Promise<KeyFiles> {
  const path = `${notationFolder(host)}/signingkeys.json`;
  const list = await readKeyList(path, host);
  const wanted = name ?? list.defaultKey;
  if (wanted === undefined) {
    throw usage("default signing key not set. Please set default signing key or specify a key name");
  }
  const found = list.keys.filter((key) => key["name"] === wanted);
  const [key] = found;
  if (key === undefined) throw usage(`signing key ${printable(wanted)} not found`);
  const refuse = (what: string): ConfigurationError =>
    new ConfigurationError(
      "ERR_CONFIG",
      `Cannot use signing key "${printable(wanted)}" of "${printable(path)}": ${what}`,
    );
  if (found.length > 1) throw refuse(`${found.length} keys have this name`);
  if (key["pluginName"] !== undefined) {
    throw refuse(`it is behind the plugin "${printable(String(key["pluginName"]), 200)}", expected a key in files`);
  }
  const { keyPath, certPath } = key;
  if (typeof keyPath !== "string" || typeof certPath !== "string") {
    throw refuse('"keyPath" and "certPath" are no texts');
  }
  return { keyPath, certPath };
}

interface KeyList {
  readonly keys: readonly JsonObject[];
  readonly defaultKey?: string;
}

async function readKeyList(path: string, { files }: Host): Promise<KeyList> {
  if (await files.kind(path) === undefined) return { keys: [] };
  const refuse = (what: string): ConfigurationError =>
    new ConfigurationError("ERR_CONFIG", `Cannot read signing keys of "${printable(path)}": ${what}`);
  const bytes = await files.read(path, MAX_SIGNING_KEYS_BYTES);
  let document: unknown;
  try {
    document = parseJson(bytes);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw refuse(toEngineError(thrown, "Cannot parse JSON").message);
  }
  if (!isJsonObject(document)) throw refuse("it is no object");
  const keys: unknown = document["keys"] ?? [];
  if (!Array.isArray(keys) || !keys.every(isJsonObject)) throw refuse('"keys" is no list of keys');
  const defaultKey = document["default"] ?? undefined;
  if (defaultKey !== undefined && typeof defaultKey !== "string") throw refuse('"default" is no name');
  return { keys, ...(defaultKey === undefined || defaultKey === "" ? {} : { defaultKey }) };
}
