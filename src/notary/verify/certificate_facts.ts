/** A certificate as named in reports; described once. */
import type { CryptoProvider } from "../../ports.ts";
import { type Certificate, fingerprint, formatName } from "../../x509/mod.ts";

/** A certificate as named in reports. */
export interface CertificateFacts {
  /** As Go prints it: `CN=…,O=…,C=…`. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex SHA-256. */
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

const facts = new WeakMap<Certificate, CertificateFacts>();

/**
 * The facts about each certificate, at once where they are known already.
 *
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 */
export function describeCertificates(
  certificates: readonly Certificate[],
  crypto: Pick<CryptoProvider, "digest">,
): readonly CertificateFacts[] | Promise<readonly CertificateFacts[]> {
  const known = certificates.flatMap((certificate) => facts.get(certificate) ?? []);
  if (known.length === certificates.length) return known;
  return Promise.all(certificates.map((certificate) => describeCertificate(certificate, crypto)));
}

/**
 * Subject and fingerprint as evidence: a name alone does not tell certificates apart. The subject alone where no digest
 * can be computed.
 */
export async function identify(
  certificate: Certificate,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<{ readonly subject: string; readonly fingerprint?: string }> {
  const subject = formatName(certificate.subject);
  const digits = await fingerprint(certificate, crypto).catch(() => undefined);
  return digits === undefined ? { subject } : { subject, fingerprint: digits };
}

/** As {@link describeCertificates}, of one. */
async function describeCertificate(
  certificate: Certificate,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<CertificateFacts> {
  const known = facts.get(certificate);
  if (known !== undefined) return known;
  const described = {
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    fingerprint: await fingerprint(certificate, crypto),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
  };
  facts.set(certificate, described);
  return described;
}
