/** Whom a command trusts: the certificates of `--cert`, or what notation's trust policy says about an artifact. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, type EngineError, toEngineError } from "../errors.ts";
import {
  findAnchorFault,
  referenceOf,
  statementForArtifact,
  statementForBlob,
  STRICT,
  type Trust,
  trustOfStatement,
} from "../notary/mod.ts";
import type { Files, Host } from "../ports.ts";
import { type Certificate, parseCertificates } from "../x509/mod.ts";
import { notationFolder } from "./notation_folder.ts";
import { MAX_PRINTED_MESSAGE, report, warn } from "./report.ts";
import { readBlobTrustPolicy, readOciTrustPolicy } from "./trust_policy_file.ts";
import { createFolderTrustStore, MAX_CERTIFICATE_FILE_BYTES } from "./trust_store_folder.ts";

/**
 * Whom to trust for an artifact, `registry/repository@digest`.
 *
 * @throws {ConfigurationError} `TRUST_POLICY_NOT_APPLICABLE` when nobody is named for it.
 */
export type TrustFor = (artifact: string) => Promise<Trust>;

/**
 * Trust in the certificates of some files, strictly and for every artifact: each file is what a file of a trust store
 * is.
 *
 * @throws {ConfigurationError} `ERR_FILE`; `ERR_CONFIG` naming the file that holds no certificate; `ERR_TRUST_STORE`
 * naming a certificate that may not vouch.
 */
export async function trustCertificates(
  paths: readonly string[],
  { files, ports: { crypto } }: Pick<Host, "files" | "ports">,
): Promise<TrustFor> {
  const ca: Certificate[] = [];
  const anchorOrigins = new Map<Certificate, string>();
  for (const path of paths) {
    const certificates = await readCertificates(path, files);
    const fault = await findAnchorFault("ca", certificates, crypto);
    if (fault !== undefined) {
      throw new ConfigurationError(
        "ERR_TRUST_STORE",
        `Cannot trust the certificates of "${printable(path)}": ${fault.what}`,
      );
    }
    ca.push(...certificates);
    for (const certificate of certificates) anchorOrigins.set(certificate, path);
  }
  const name = `--cert ${paths.join(", ")}`;
  const trust = { name, level: STRICT, trustAnchors: { ca, signingAuthority: [] }, anchorOrigins };
  return () => Promise.resolve(trust);
}

/**
 * Trust as the trust policy and the trust stores of notation's folder have it. The policy is read now, a store when a
 * statement that names it is chosen.
 *
 * @throws {ConfigurationError} `ERR_TRUST_POLICY_MISSING`, `ERR_TRUST_POLICY`
 */
export async function trustNotationPolicy(host: Host): Promise<TrustFor> {
  const folder = notationFolder(host);
  const policy = await readOciTrustPolicy(folder, host.files);
  for (const warning of policy.warnings) warn(host, warning);
  const { files, ports: { crypto } } = host;
  const store = createFolderTrustStore(folder, { files, crypto, warn: (message) => warn(host, message) });
  return async (artifact) => await trustOfStatement(statementForArtifact(policy, artifact), store);
}

/**
 * Trust as the trust policy for files has it.
 *
 * @param name Of a statement; `undefined` for the global one.
 * @throws {ConfigurationError} `ERR_TRUST_POLICY_MISSING`, `ERR_TRUST_POLICY`, `TRUST_POLICY_NOT_APPLICABLE`
 */
export async function trustBlobPolicy(host: Host, name: string | undefined): Promise<Trust> {
  const folder = notationFolder(host);
  const policy = await readBlobTrustPolicy(folder, host.files);
  for (const warning of policy.warnings) warn(host, warning);
  const { files, ports: { crypto } } = host;
  const store = createFolderTrustStore(folder, { files, crypto, warn: (message) => warn(host, message) });
  return await trustOfStatement(statementForBlob(policy, name), store);
}

/** Reports that it is not known whom to trust, in the reference's words where it has some. */
export function reportTrust(host: Host, error: EngineError): void {
  const reference = referenceOf(error);
  if (reference === undefined) return report(host, error.refusal);
  const prefix = error.code === "TRUST_POLICY_NOT_APPLICABLE" ? "signature verification failed: " : "";
  report(host, error.refusal, { line: `Error: ${prefix}${printable(reference, MAX_PRINTED_MESSAGE)}` });
}

/**
 * The certificates of a file, PEM or DER, in their order.
 *
 * @throws {ConfigurationError} `ERR_FILE`, or `ERR_CONFIG` naming the file that holds no certificate.
 */
export async function readCertificates(path: string, files: Files): Promise<readonly Certificate[]> {
  const bytes = await files.read(path, MAX_CERTIFICATE_FILE_BYTES);
  const refuse = (reason: string, cause?: unknown): ConfigurationError =>
    new ConfigurationError("ERR_CONFIG", `Cannot read certificates of "${printable(path)}": ${reason}`, { cause });
  let certificates: readonly Certificate[];
  try {
    certificates = parseCertificates(bytes);
  } catch (thrown) {
    const { code, message } = toEngineError(thrown, "Cannot parse certificates");
    throw refuse(`${message} (${code})`, thrown);
  }
  if (certificates.length === 0) throw refuse("it holds no certificate, expected 1 or more as PEM or DER");
  return certificates;
}
