/**
 * A signer asked: its key, which may sign now or not, and its signature. Whatever it throws becomes an error with a
 * code.
 */
import { keySpecOf, signatureAlgorithmOfKey, signatureBytes } from "../../crypto/mod.ts";
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError, EngineError, UnavailableError } from "../../errors.ts";
import { orAbort } from "../../http/mod.ts";
import type { CryptoProvider, PublicKey, SignatureAlgorithm, SignatureProvider } from "../../ports.ts";
import { type Certificate, formatName, readCertificate, validAt, validateSigningChain } from "../../x509/mod.ts";
import { MAX_CHAIN_CERTIFICATES } from "../envelope/certificate_chain.ts";
import { formatRfc3339 } from "../envelope/rfc3339.ts";

/** A key that may sign at the signing time. */
export interface ReadyKey {
  /** Leaf first; it meets every rule of the Notary Project and is valid now. */
  readonly chain: readonly Certificate[];
  /** Of the first certificate. */
  readonly publicKey: PublicKey;
  readonly algorithm: SignatureAlgorithm;
}

/**
 * Asks a signer for its key, and applies every rule its chain has to meet at the signing time.
 *
 * @throws {ConfigurationError} `CERTIFICATE_CHAIN_INVALID`, `CERTIFICATE_EXPIRED`, `CERTIFICATE_NOT_YET_VALID`,
 * `ERR_KEY_MISMATCH`, `ERR_SIGNER_ANSWER`
 * @throws {MalformedError} `ERR_CERTIFICATE`
 * @throws {UnavailableError} `ERR_SIGNER`, `ERR_DEADLINE`
 *
 * Spec: Notary Project, signature-specification.md, "Certificate Requirements".
 */
export async function askKey(
  signer: SignatureProvider,
  crypto: Pick<CryptoProvider, "verify">,
  at: Date,
  signal: AbortSignal,
): Promise<ReadyKey> {
  const { keySpec, certificateChain } = await ask("describe its key", signal, () => signer.describeKey({ signal }));
  if (!Array.isArray(certificateChain) || !certificateChain.every((der) => der instanceof Uint8Array)) {
    throw unusable("its certificate chain is no list of DER encodings");
  }
  const chain = certificateChain.map((der: Uint8Array) => readCertificate(der.slice()));
  const [leaf] = chain;
  if (leaf === undefined || chain.length > MAX_CHAIN_CERTIFICATES) {
    throw chainInvalid(`${chain.length} certificates, expected 1 to ${MAX_CHAIN_CERTIFICATES}`);
  }
  const { failures: [failure] } = await validateSigningChain(chain, crypto);
  if (failure !== undefined) throw chainInvalid(`${failure.message} (rule ${failure.rule})`);
  for (const certificate of chain) checkValidity(certificate, at);
  const { publicKey } = leaf;
  if (publicKey.type === "unsupported" || keySpecOf(publicKey) !== keySpec) {
    const found = publicKey.type === "unsupported" ? publicKey.oid : keySpecOf(publicKey);
    throw mismatch(`the key is "${printable(String(keySpec), 40)}", that of ${named(leaf)} is "${found}"`);
  }
  return { chain, publicKey, algorithm: signatureAlgorithmOfKey(publicKey) };
}

/**
 * Asks a signer for a signature; that it fits is for the caller to verify.
 *
 * @throws {ConfigurationError} `ERR_SIGNER_ANSWER` when it cannot be one of this key.
 * @throws {UnavailableError} `ERR_SIGNER`, `ERR_DEADLINE`
 */
export async function askSignature(
  signer: SignatureProvider,
  { publicKey }: ReadyKey,
  signedBytes: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const signature: unknown = await ask("sign", signal, () => signer.sign(signedBytes, { signal }));
  const expected = signatureBytes(publicKey);
  if (signature instanceof Uint8Array && signature.length === expected) return signature;
  const found = signature instanceof Uint8Array ? `${signature.length} bytes` : "no bytes";
  const form = publicKey.type === "EC" ? ", r and s one after the other and not DER" : "";
  throw unusable(`its signature has ${found}, expected ${expected}${form}`);
}

/** Key and certificate are of two pairs. */
export function mismatch(what: string): ConfigurationError {
  return new ConfigurationError("ERR_KEY_MISMATCH", `Cannot sign: key and certificate do not belong together: ${what}`);
}

function chainInvalid(what: string): ConfigurationError {
  return new ConfigurationError("CERTIFICATE_CHAIN_INVALID", `Cannot sign with this certificate chain: ${what}`);
}

function unusable(what: string): ConfigurationError {
  return new ConfigurationError("ERR_SIGNER_ANSWER", `Cannot sign: the signer's answer cannot be used: ${what}`);
}

function checkValidity(certificate: Certificate, at: Date): void {
  if (validAt(certificate, at)) return;
  const [from, to] = [certificate.notBefore, certificate.notAfter].map((instant) => formatRfc3339({ instant }));
  throw new ConfigurationError(
    at < certificate.notBefore ? "CERTIFICATE_NOT_YET_VALID" : "CERTIFICATE_EXPIRED",
    `Cannot sign with ${named(certificate)}: it is valid from ${from} to ${to}, ` +
      `not at the signing time ${formatRfc3339({ instant: at })}`,
  );
}

function named({ subject }: Certificate): string {
  return `certificate "${printable(formatName(subject))}"`;
}

async function ask<Answer>(what: string, signal: AbortSignal, question: () => Promise<Answer>): Promise<Answer> {
  try {
    signal.throwIfAborted();
    return await orAbort(question(), signal);
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    if (signal.aborted) {
      throw new UnavailableError("ERR_DEADLINE", `Cannot sign: ran out of time waiting for the signer to ${what}`, {
        cause: thrown,
      });
    }
    const reason = printable(thrown instanceof Error ? thrown.message : String(thrown), 300);
    throw new UnavailableError("ERR_SIGNER", `Cannot sign: the signer did not ${what}: ${reason}`, { cause: thrown });
  }
}
