/** Authentic timestamp: whether the certificates were valid when it counts. */
import { printable } from "../../encoding/mod.ts";
import { type Certificate, formatName, validAt } from "../../x509/mod.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { failed, passed, type ValidationResult } from "./outcome.ts";

/**
 * Compares the validity periods of all certificates with the instant that counts: that of verification under
 * `notary.x509`, the authority's signing time under `notary.x509.signingAuthority`. A timestamp countersignature is
 * not evaluated, because no timestamp authority is trusted: it neither helps nor harms, and the evidence says so.
 *
 * @param envelope An envelope whose integrity is proven.
 * @param at Instant of verification, from `ports.now()`.
 * @returns `failed` with `CERTIFICATE_NOT_YET_VALID` or `CERTIFICATE_EXPIRED` for the first certificate outside its period.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details", authentic timestamp.
 */
export function validateAuthenticTimestamp(envelope: Envelope, at: Date): ValidationResult {
  const { signingScheme, authenticSigningTime } = envelope.signedAttributes;
  const timestamp = envelope.unsignedAttributes.timestampSignature === undefined ? "absent" : "not evaluated";
  const authority = signingScheme === "notary.x509.signingAuthority" ? authenticSigningTime : undefined;
  const instant = authority?.instant ?? at;
  const basis = authority === undefined ? "verification time" : "authentic signing time";
  for (const certificate of envelope.certificateChain) {
    if (validAt(certificate, instant)) continue;
    const early = instant < certificate.notBefore;
    return failed(
      early ? "CERTIFICATE_NOT_YET_VALID" : "CERTIFICATE_EXPIRED",
      describe(certificate, early, instant, basis),
      {
        ...period(certificate),
        basis,
        instant: instant.toISOString(),
        ...(authority?.offsetMinutes === undefined ? {} : { offsetMinutes: authority.offsetMinutes }),
        timestamp,
      },
    );
  }
  return passed({ basis, instant: instant.toISOString(), timestamp });
}

function period(certificate: Certificate) {
  return {
    subject: formatName(certificate.subject),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
  };
}

function describe(certificate: Certificate, early: boolean, instant: Date, basis: string): string {
  const { subject, notBefore, notAfter } = period(certificate);
  const bound = early ? `is valid from ${notBefore} on` : `was valid until ${notAfter}`;
  return `Cannot rely on certificate "${printable(subject)}": it ${bound}, the ${basis} is ${instant.toISOString()}`;
}
