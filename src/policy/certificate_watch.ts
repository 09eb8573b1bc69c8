/** Which certificates a policy trusts, and which of them end soon: what only they vouch for is then refused. */
import { type Certificate, formatName } from "../x509/mod.ts";
import type { AttestorSet } from "./attestors.ts";
import type { ImageVerification } from "./image_rule.ts";
import type { CompiledPolicy } from "./policy.ts";

/** Days before its end at which a certificate is named. */
export const EXPIRY_WARNING_DAYS = 30;

/** Certificates of one policy that are watched; those read from the cluster may change with every request. */
export const MAX_WATCHED_CERTIFICATES = 1_000;

/** A certificate that a policy trusts. */
export interface TrustedCertificate {
  /** RFC 4514 text, as notation prints it. */
  readonly subject: string;
  readonly notAfter: Date;
}

/** What a policy was seen to trust so far. */
export interface CertificateWatch {
  readonly note: (entries: readonly Pick<ImageVerification, "attestors" | "attestations">[]) => void;
  readonly list: () => readonly TrustedCertificate[];
}

/** Watches one policy. Of more certificates than are watched, the one seen first is forgotten first. */
export function createCertificateWatch(): CertificateWatch {
  const seen = new Map<string, TrustedCertificate>();
  let last: unknown;
  return {
    note: (entries) => {
      // A rule without variables reads the same every time.
      if (entries === last) return;
      last = entries;
      for (const certificate of entries.flatMap(certificatesOf)) {
        const subject = formatName(certificate.subject);
        const { notAfter } = certificate;
        const key = `${notAfter.getTime()} ${subject}`;
        if (seen.has(key)) continue;
        if (seen.size >= MAX_WATCHED_CERTIFICATES) seen.delete(seen.keys().next().value ?? "");
        seen.set(key, { subject, notAfter });
      }
    },
    list: () => [...seen.values()],
  };
}

function certificatesOf(
  { attestors, attestations }: Pick<ImageVerification, "attestors" | "attestations">,
): readonly Certificate[] {
  return [...attestors, ...attestations.flatMap((attestation) => attestation.attestors)].flatMap(certificatesOfSet);
}

function certificatesOfSet({ entries }: AttestorSet): readonly Certificate[] {
  return entries.flatMap((entry) =>
    entry.kind === "attestor" ? certificatesOfSet(entry.set) : Object.values(entry.trust.trustAnchors).flat()
  );
}

/** A certificate that ends soon, or has ended. */
export interface ExpiringCertificate extends TrustedCertificate {
  /** `namespace/name` for a namespaced policy. */
  readonly policy: string;
}

/**
 * The certificates that end within {@link EXPIRY_WARNING_DAYS}, those that have ended first.
 *
 * @param policies Certificates written in them, and those read from the cluster so far.
 */
export function expiringCertificates(
  policies: readonly Pick<CompiledPolicy, "name" | "namespace" | "certificates">[],
  at: Date,
): readonly ExpiringCertificate[] {
  const until = at.getTime() + EXPIRY_WARNING_DAYS * 86_400_000;
  return policies
    .flatMap(({ name, namespace, certificates }) =>
      certificates().map((one) => ({ ...one, policy: namespace === "" ? name : `${namespace}/${name}` }))
    )
    .filter(({ notAfter }) => notAfter.getTime() <= until)
    .sort((one, other) => one.notAfter.getTime() - other.notAfter.getTime());
}
