/**
 * Whether a CRL is about a certificate: its issuer, and what its issuingDistributionPoint says (RFC 5280, section
 * 6.3.3).
 */
import { contextTag, equalBytes, writeDer } from "../encoding/mod.ts";
import { type Certificate, extensionOf, sameName } from "../x509/mod.ts";
import { unknown, type UnknownAnswer } from "./answer.ts";
import type { Crl } from "./crl.ts";
import type { DistributionPoint, IssuingDistributionPoint, PointName } from "./distribution_points.ts";

const DIRECTORY_NAME = contextTag(4, "constructed");

/**
 * Why a CRL is not about a certificate; `undefined` when it is.
 *
 * Indirect CRLs, which list certificates of several issuers, are not evaluated: they say nothing here.
 *
 * @param point The distribution point of the certificate that led to the CRL; `undefined` for a CRL that was supplied.
 *
 * Spec: RFC 5280, section 6.3.3, steps b.1 and b.2.
 */
export function scopeFault(
  crl: Crl,
  certificate: Certificate,
  point: DistributionPoint | undefined,
): UnknownAnswer | undefined {
  if (!sameName(crl.issuer, certificate.issuer)) return unknown("issuer", "is the CRL of another issuer");
  const scope = crl.issuingDistributionPoint;
  if (scope === undefined) return undefined;
  if (scope.indirect) return unknown("indirect", "is an indirect CRL, which is not evaluated here");
  const isCa = extensionOf(certificate, "basicConstraints")?.value.isCa === true;
  if (scope.onlyAttributeCertificates) return unknown("scope", "is about attribute certificates only");
  if (scope.onlyUserCertificates && isCa) {
    return unknown("scope", "is about user certificates only, and this is a CA's");
  }
  if (scope.onlyCaCertificates && !isCa) return unknown("scope", "is about CA certificates only, and this is none");
  if (scope.name === undefined || sharesName(scope.name, point?.name ?? ownName(certificate))) return undefined;
  return unknown("scope", "is the CRL of another distribution point");
}

/** A point without a name stands for the issuer's own entry in a directory. */
function ownName({ issuer }: Certificate): PointName {
  return { full: [writeDer(DIRECTORY_NAME, issuer.der)] };
}

function sharesName(one: PointName, other: PointName): boolean {
  if (one.relative !== undefined) return other.relative !== undefined && equalBytes(one.relative, other.relative);
  return one.full.some((name) => other.full.some((candidate) => equalBytes(name, candidate)));
}

/** Whether another issuer keeps the CRL of a distribution point. */
export function isKeptByAnother({ crlIssuers }: DistributionPoint, { issuer }: Certificate): boolean {
  return crlIssuers.length > 0 && !crlIssuers.some((name) => equalBytes(name, issuer.der));
}

/** Whether two CRLs are about the same certificates, as a delta and its base have to be. */
export function isSameScope(one: Crl, other: Crl): boolean {
  const [a, b] = [one, other].map(({ extensions }) => extensions.get(ISSUING_DISTRIBUTION_POINT_OID)?.value);
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

const ISSUING_DISTRIBUTION_POINT_OID = "2.5.29.28";

/** The reasons a CRL covers for a certificate that was led to it by a distribution point. */
export function coveredReasons(
  scope: IssuingDistributionPoint | undefined,
  point: DistributionPoint,
): ReadonlySet<number> {
  return scope === undefined
    ? point.reasons
    : new Set([...point.reasons].filter((reason) => scope.reasons.has(reason)));
}
