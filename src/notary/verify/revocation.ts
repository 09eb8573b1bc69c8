/** Revocation: whether the certificates are still good. */
import { printable } from "../../encoding/mod.ts";
import { formatName, revocationSources } from "../../x509/mod.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { inconclusive, passed, type ValidationResult } from "./outcome.ts";

/**
 * Tells whether every certificate but the root is free of revocation. Nobody is asked: a certificate that names neither
 * an OCSP responder nor a CRL is `nonRevokable`, and one that names some could be revoked without our knowing.
 *
 * @param envelope An envelope whose integrity is proven.
 * @returns `passed` when every certificate is `nonRevokable`; otherwise `inconclusive` with `REVOCATION_NOT_CHECKED`.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Certificate Revocation Evaluation".
 */
export function validateRevocation(envelope: Pick<Envelope, "certificateChain">): ValidationResult {
  // From the root down, as the reference reports the certificate nearest to the root.
  for (let index = envelope.certificateChain.length - 2; index >= 0; index--) {
    const certificate = envelope.certificateChain[index];
    if (certificate === undefined) continue;
    const sources = revocationSources(certificate);
    if (sources.length === 0) continue;
    const subject = formatName(certificate.subject);
    const shown = sources.map((source) => printable(source));
    return inconclusive(
      "REVOCATION_NOT_CHECKED",
      `Cannot tell whether certificate "${printable(subject)}" is revoked: ` +
        `it names ${shown.map((source) => `"${source}"`).join(", ")}, which was not asked`,
      { subject, sources: shown, status: "unknown" },
    );
  }
  return NON_REVOKABLE;
}

const NON_REVOKABLE = passed({ status: "nonRevokable" });
