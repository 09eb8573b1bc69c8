/** Files that are signed, and the files of their detached signatures, named as notation names them. */
import { printable } from "../encoding/mod.ts";
import { type EnvelopeBytes, MAX_ENVELOPE_BYTES } from "../notary/mod.ts";
import type { Files } from "../ports.ts";
import { usage } from "./flags.ts";
import { readFormat, SIGNATURE_FORMATS, type SignatureFormat } from "./signing.ts";

/** Bytes of a file that is signed or verified at most: its digest is computed at once. */
export const MAX_BLOB_BYTES = 1024 * 1024 * 1024;

/** The one path a command was given. @throws {ConfigurationError} `ERR_USAGE` */
export function onlyPath(command: string, what: string, operands: readonly string[]): string {
  const [path, second] = operands;
  if (path === undefined) {
    throw usage(
      `missing file path to the ${what}: use \`edge-notary ${command} --help\` to see what parameters are required`,
    );
  }
  if (second !== undefined) {
    throw usage(`${operands.length} paths, expected 1: "${printable(second)}" is one too many`);
  }
  return path;
}

/**
 * Where the signature of a file is put: beside it, or in another folder, as `<name>.<format>.sig`.
 *
 * @param folder By default the file's own.
 */
export function signaturePath(path: string, format: SignatureFormat, folder?: string): string {
  const name = `${path}.${format}.sig`;
  return folder === undefined ? name : `${folder.replace(/\/$/, "")}/${fileName(name)}`;
}

/**
 * Reads the file of a signature; the format is the last but one part of its name.
 *
 * @throws {ConfigurationError} `ERR_USAGE` for a name that is none of a signature, `ERR_FILE`
 */
export async function readSignatureFile(path: string, files: Files): Promise<EnvelopeBytes> {
  const name = fileName(path);
  const refuse = (why: string) => usage(`invalid signature filename ${printable(name)}. ${why}`);
  const parts = name.split(".");
  if (parts.at(-1) !== "sig") throw refuse("The file extension must be .sig");
  const format = parts.length < 3 ? undefined : parts.at(-2);
  if (format === undefined) {
    throw refuse("A valid signature file name must contain signature format and .sig file extension");
  }
  return { mediaType: SIGNATURE_FORMATS[readFormat(format)], bytes: await files.read(path, MAX_ENVELOPE_BYTES) };
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
