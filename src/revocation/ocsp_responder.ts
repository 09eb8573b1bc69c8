/**
 * Who may sign an OCSP response: the issuer of the certificate in question, or a responder the issuer made for this
 * purpose (RFC 6960, section 4.2.2.2). Never the certificate in question, whoever issued it.
 */
import { equalBytes, printable } from "../encoding/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import {
  type Certificate,
  extensionOf,
  formatName,
  sameName,
  validAt,
  verifyCertificateSignature,
} from "../x509/mod.ts";
import { unknown, type UnknownAnswer } from "./answer.ts";
import { keyBits } from "./certificate_id.ts";
import type { BasicResponse, ResponderId } from "./ocsp_response.ts";

/** `id-kp-OCSPSigning`. */
const OCSP_SIGNING_OID = "1.3.6.1.5.5.7.3.9";

/** Extensions a responder's certificate may mark critical: those looked at here, and those that do not matter here. */
const UNDERSTOOD_EXTENSIONS: ReadonlySet<string> = new Set([
  "2.5.29.14", // subjectKeyIdentifier
  "2.5.29.15", // keyUsage
  "2.5.29.17", // subjectAltName
  "2.5.29.19", // basicConstraints
  "2.5.29.31", // cRLDistributionPoints
  "2.5.29.32", // certificatePolicies
  "2.5.29.35", // authorityKeyIdentifier
  "2.5.29.37", // extKeyUsage
  "1.3.6.1.5.5.7.1.1", // authorityInfoAccess
  "1.3.6.1.5.5.7.48.1.5", // id-pkix-ocsp-nocheck
]);

/** The certificates that matter to a response, and when. */
export interface ResponderContext {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly at: Date;
}

/** Who signed a response: nobody else is left to ask about when it is the issuer. */
export type Signer = { readonly by: "issuer" } | { readonly by: "responder"; readonly responder: Certificate };

type Crypto = Pick<CryptoProvider, "digest" | "verify">;

/**
 * Finds out who signed a response, and that they may.
 *
 * @returns The signer, the signature being proven; otherwise `responder-not-authorized` or `signature`.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: RFC 6960, section 4.2.2.2. Notary Project, trust-store-trust-policy.md, "OCSP".
 */
export async function findSigner(
  response: BasicResponse,
  context: ResponderContext,
  crypto: Crypto,
): Promise<Signer | UnknownAnswer> {
  const { issuer } = context;
  const namesIssuer = await isNamed(response.responder, issuer, crypto);
  if (namesIssuer && await verifyCertificateSignature(response, issuer, crypto)) return { by: "issuer" };
  let problem = namesIssuer
    ? unknown("signature", "names the issuer as its signer, whose key did not sign it")
    : unknown(
      "responder-not-authorized",
      "is signed by someone who is not the issuer and whose certificate is missing",
    );
  for (const responder of response.certificates) {
    if (equalBytes(responder.der, issuer.der) || !await isNamed(response.responder, responder, crypto)) continue;
    const fault = await delegationFault(responder, context, crypto);
    if (fault !== undefined) {
      problem = unknown("responder-not-authorized", `is signed by ${nameOf(responder)}, ${fault}`);
    } else if (await verifyCertificateSignature(response, responder, crypto)) {
      return { by: "responder", responder };
    } else {
      problem = unknown("signature", `names ${nameOf(responder)} as its signer, whose key did not sign it`);
    }
  }
  return problem;
}

async function isNamed(id: ResponderId, certificate: Certificate, crypto: Crypto): Promise<boolean> {
  if ("name" in id) return sameName(id.name, certificate.subject);
  return equalBytes(id.keyHash, await crypto.digest("sha1", keyBits(certificate)));
}

/** Why the issuer did not make this certificate a responder that may be believed now. */
async function delegationFault(
  responder: Certificate,
  { certificate, issuer, at }: ResponderContext,
  crypto: Crypto,
): Promise<string | undefined> {
  if (equalBytes(responder.publicKey.spki, certificate.publicKey.spki)) {
    return "which has the key of the certificate in question";
  }
  if (extensionOf(responder, "extKeyUsage")?.value.includes(OCSP_SIGNING_OID) !== true) {
    return "which is not made for OCSP: its extKeyUsage has no OCSPSigning";
  }
  const usages = extensionOf(responder, "keyUsage")?.value;
  if (usages !== undefined && !usages.has("digitalSignature") && !usages.has("contentCommitment")) {
    return "whose keyUsage has no digitalSignature";
  }
  for (const { oid, critical } of responder.extensions.values()) {
    if (critical && !UNDERSTOOD_EXTENSIONS.has(oid)) return `which has the critical extension ${oid}`;
  }
  if (!sameName(responder.issuer, issuer.subject) || !await verifyCertificateSignature(responder, issuer, crypto)) {
    return "which the issuer of the certificate in question did not issue";
  }
  if (validAt(responder, at)) return undefined;
  const { notBefore, notAfter } = responder;
  return `which is valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}, asked at ${at.toISOString()}`;
}

function nameOf({ subject }: Certificate): string {
  return `"${printable(formatName(subject))}"`;
}
