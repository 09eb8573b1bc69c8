/** Trust policies as files in notation's folder. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import {
  type BlobStatement,
  MAX_TRUST_POLICY_BYTES,
  type OciStatement,
  parseBlobTrustPolicy,
  parseOciTrustPolicy,
  type ReferenceCause,
  TRUST_POLICY_LINK,
  type TrustPolicy,
} from "../notary/mod.ts";
import type { Files } from "../ports.ts";

/** Where the policy for artifacts is: the first that exists. The second is the one notation up to 1.3 writes. */
export const OCI_TRUST_POLICY_FILES = ["trustpolicy.oci.json", "trustpolicy.json"] as const;

/** Where the policy for files is. */
export const BLOB_TRUST_POLICY_FILES = ["trustpolicy.blob.json"] as const;

/**
 * Reads the trust policy for artifacts in registries.
 *
 * @param folder Notation's folder.
 * @throws {ConfigurationError} `ERR_TRUST_POLICY_MISSING` when there is none, `ERR_TRUST_POLICY` when it is a link,
 * cannot be read or breaks a rule.
 */
export async function readOciTrustPolicy(folder: string, files: Files): Promise<TrustPolicy<OciStatement>> {
  const { path, bytes } = await readFirst(folder, OCI_TRUST_POLICY_FILES, files);
  return parseOciTrustPolicy(bytes, path);
}

/**
 * Reads the trust policy for files.
 *
 * @param folder Notation's folder.
 * @throws {ConfigurationError} As {@link readOciTrustPolicy}.
 */
export async function readBlobTrustPolicy(folder: string, files: Files): Promise<TrustPolicy<BlobStatement>> {
  const { path, bytes } = await readFirst(folder, BLOB_TRUST_POLICY_FILES, files);
  return parseBlobTrustPolicy(bytes, path);
}

const ADVICE = `To create a trust policy, see: ${TRUST_POLICY_LINK}`;

async function readFirst(
  folder: string,
  names: readonly string[],
  files: Files,
): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  const entries = await files.entries(folder) ?? [];
  const name = names.find((candidate) => entries.some((entry) => entry.name === candidate));
  if (name === undefined) {
    throw new ConfigurationError(
      "ERR_TRUST_POLICY_MISSING",
      `Cannot tell whom to trust: no ${names.map((candidate) => `"${candidate}"`).join(" or ")} in "${
        printable(folder)
      }"`,
      { cause: { reference: `trust policy is not present. ${ADVICE}` } satisfies ReferenceCause },
    );
  }
  const path = `${folder}/${name}`;
  const kind = entries.find((entry) => entry.name === name)?.kind;
  if (kind !== "file") {
    throw new ConfigurationError(
      "ERR_TRUST_POLICY",
      `Cannot use trust policy "${printable(path)}": it is a ${
        kind === "other" ? "device or pipe" : kind
      }, expected a file`,
      {
        cause: {
          reference: `trust policy is not a regular file (symlinks are not supported). ${ADVICE}`,
        } satisfies ReferenceCause,
      },
    );
  }
  try {
    return { path, bytes: await files.read(path, MAX_TRUST_POLICY_BYTES) };
  } catch (thrown) {
    if (!isForbidden(thrown)) throw thrown;
    const reference = "unable to read trust policy due to file permissions, please verify the permissions of ";
    throw new ConfigurationError("ERR_TRUST_POLICY", thrown.message, {
      cause: { reference: reference + path, cause: thrown },
    });
  }
}

/** Whether a file is there and may not be read. */
function isForbidden(thrown: unknown): thrown is ConfigurationError {
  if (!(thrown instanceof ConfigurationError) || !(thrown.cause instanceof Error)) return false;
  return "code" in thrown.cause && ["EACCES", "EPERM"].includes(String(thrown.cause.code));
}
