/**
 * Which certificates may vouch: the one check of trust stores, of `--cert`, of the page and of certificates in
 * policies.
 */
import { equalBytes, printable } from "../../encoding/mod.ts";
import type { CryptoProvider } from "../../ports.ts";
import { type Certificate, extensionOf, formatName, quoteText, verifyCertificateSignature } from "../../x509/mod.ts";
import type { TrustStoreType } from "./trust.ts";

/** Why a certificate may not vouch. */
export interface AnchorFault {
  /** Names the certificate, says what it is and what was expected. Safe to print. */
  readonly what: string;
  /** The reference implementation's sentence about the certificate. */
  readonly reference: string;
  /** Which of the reference's two checks says no: that of every store, or that of roots in `tsa`. */
  readonly check: "vouching" | "root";
}

/**
 * Finds the first certificate that may not be in a store of this type: `ca` and `signingAuthority` take CAs and
 * self-signed signing certificates, `tsa` takes roots. Their validity is not looked at: that of the signature's own
 * chain is, when it is verified.
 *
 * @returns `undefined` when all of them may vouch.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trust Store".
 */
export async function findAnchorFault(
  type: TrustStoreType,
  certificates: readonly Certificate[],
  crypto: Pick<CryptoProvider, "verify">,
): Promise<AnchorFault | undefined> {
  for (const certificate of certificates) {
    const fault = await anchorFault(type, certificate, crypto);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

async function anchorFault(
  type: TrustStoreType,
  certificate: Certificate,
  crypto: Pick<CryptoProvider, "verify">,
): Promise<AnchorFault | undefined> {
  let proven: Promise<boolean> | undefined;
  // By signature alone: the name is looked at where a root is asked for.
  const isSelfSigned = () => proven ??= verifyCertificateSignature(certificate, certificate, crypto);
  const subject = formatName(certificate.subject);
  if (!isAuthority(certificate) && !await isSelfSigned()) {
    return {
      what: `"${
        printable(subject)
      }" is neither a CA nor self-signed, expected a CA or a self-signed signing certificate`,
      reference: `certificate with subject ${quoteText(subject)} is not a CA certificate or self-signed signing ` +
        "certificate",
      check: "vouching",
    };
  }
  if (type !== "tsa") return undefined;
  const fault = await rootFault(certificate, isSelfSigned);
  return fault === undefined ? undefined : {
    what: `"${printable(subject)}" ${fault.rule}, expected a root of timestamp authorities`,
    reference: `certificate with subject ${quoteText(subject)} is not a root CA certificate: ${fault.reference}`,
    check: "root",
  };
}

function isAuthority(certificate: Certificate): boolean {
  return extensionOf(certificate, "basicConstraints")?.value.isCa === true;
}

async function rootFault(
  certificate: Certificate,
  isSelfSigned: () => Promise<boolean>,
): Promise<{ readonly rule: string; readonly reference: string } | undefined> {
  const constraints = extensionOf(certificate, "basicConstraints")?.value;
  const usage = extensionOf(certificate, "keyUsage")?.value;
  const mayIssue = (certificate.version === 3 ? constraints?.isCa === true : constraints?.isCa !== false) &&
    (usage === undefined || usage.has("keyCertSign"));
  if (!mayIssue) {
    return {
      rule: "may not issue certificates",
      reference: "x509: invalid signature: parent certificate cannot sign this kind of certificate",
    };
  }
  if (!await isSelfSigned()) {
    const ecdsa = certificate.publicKey.type === "EC";
    return {
      rule: "is not signed with its own key",
      reference: ecdsa ? "x509: ECDSA verification failure" : "crypto/rsa: verification error",
    };
  }
  const { issuer, subject } = certificate;
  if (equalBytes(issuer.der, subject.der)) return undefined;
  const names = `issuer (${formatName(issuer)}) and subject (${formatName(subject)}) are not the same`;
  return { rule: "has an issuer of another name", reference: names };
}
