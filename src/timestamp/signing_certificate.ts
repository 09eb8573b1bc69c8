/** Which certificate of a token signed it: the one that was signed over, never the one that happens to be there. */
import { HASH_OIDS } from "../crypto/mod.ts";
import { equalBytes } from "../encoding/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import type { Certificate } from "../x509/mod.ts";
import type { CertificateIdentifier } from "./cms.ts";
import type { SignedAttributes } from "./signed_attributes.ts";
import type { Tolerates } from "./strict.ts";
import type { TokenSigner } from "./token.ts";

/** The signer's certificate, or why there is none. */
export type SigningCertificateSearch =
  | { readonly certificate: Certificate; readonly attributes: SignedAttributes }
  | { readonly problem: string; readonly reference?: string };

/**
 * Finds the certificate by the signer's issuer and serial number, and holds it against the signed attribute: its hash,
 * and where the attribute names issuer and serial number too, those.
 *
 * The first version of the attribute names certificates by SHA-1, which anybody could have made another one for: alone
 * it is not enough, beside the second it is not looked at.
 *
 * Spec: RFC 5816, section 2.2; RFC 5035, section 4; RFC 5652, section 5.3.
 */
export async function findSigningCertificate(
  { version, certificate: identifier, attributes }: TokenSigner,
  certificates: readonly Certificate[],
  crypto: Pick<CryptoProvider, "digest">,
  tolerates?: Tolerates,
): Promise<SigningCertificateSearch> {
  if (attributes?.signingCertificate === undefined) return { ...missing(attributes) };
  const { hashOid, hash, issuerSerial } = attributes.signingCertificate;
  if (issuerSerial !== undefined && issuerSerial.issuer === undefined) {
    return {
      problem: "the signed attribute about its certificate names the issuer in another way than by its name",
      reference: "issuer name is missing in IssuerSerial",
    };
  }
  const named = issuerSerial?.issuer === undefined ? undefined : { ...issuerSerial, issuer: issuerSerial.issuer };
  const certificate = certificates.find((candidate) => isIdentified(candidate, named ?? identifier));
  if (certificate === undefined) {
    return {
      problem: `the certificate that signed it is not among the ${certificates.length} it carries`,
      reference: "signing certificate not found in the timestamp token",
    };
  }
  const algorithm = HASH_OIDS.get(hashOid);
  if (algorithm === undefined) {
    return {
      problem: `the signed attribute hashes its certificate with ${hashOid}, expected SHA-256, SHA-384 or SHA-512`,
      reference: "unsupported certificate hash algorithm in SigningCertificateV2 attribute",
    };
  }
  if (!equalBytes(hash, await crypto.digest(algorithm, certificate.der))) {
    return {
      problem: "the hash of its certificate is not the one that was signed",
      reference: "signing certificate hash does not match CertHash in signed attribute",
    };
  }
  if (identifier === undefined) return { problem: "its signer is not named by issuer and serial number" };
  if (version !== 1) {
    return {
      problem: `its signer has version ${version}, expected 1, which names issuer and serial number`,
      reference: `cms verification failure: invalid signer info version: only version 1 is supported; got ${version}`,
    };
  }
  if (!isIdentified(certificate, identifier) && tolerates?.("timestamp-signer-identifier") !== true) {
    return { problem: "its signer is named by another issuer and serial number than the certificate that was signed" };
  }
  return { certificate, attributes };
}

function missing(attributes: SignedAttributes | undefined): { readonly problem: string; readonly reference: string } {
  const reference = "failed to get SigningCertificateV2 from signed attributes: attribute not found";
  if (attributes === undefined) return { problem: "it has no signed attributes", reference };
  return attributes.hasVersion1
    ? { problem: "its certificate is named by SHA-1 alone, expected signing-certificate v2", reference }
    : { problem: "the signed attributes do not name its certificate", reference };
}

function isIdentified({ issuer, serialNumber }: Certificate, identifier: CertificateIdentifier | undefined): boolean {
  return identifier !== undefined && equalBytes(issuer.der, identifier.issuer) &&
    serialNumber === identifier.serialNumber;
}
