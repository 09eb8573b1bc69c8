/** Authentic timestamp: whether the certificates were valid when it counts. */
import { printable } from "../../encoding/mod.ts";
import { MalformedError, toEngineError } from "../../errors.ts";
import type { CryptoProvider } from "../../ports.ts";
import {
  matchTimestamp,
  readTimestampToken,
  type TimestampRange,
  type TimestampRefusal,
  type TimestampToken,
  type Tolerates,
  verifyTimestamp,
} from "../../timestamp/mod.ts";
import { type Certificate, formatName, validAt } from "../../x509/mod.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { passesOver, type Relaxations } from "../envelope/strict_rules.ts";
import { referenceOf } from "../envelope/refuse.ts";
import type { Trust } from "../trust/mod.ts";
import { identify } from "./certificate_facts.ts";
import { type Evidence, failed, inconclusive, passed, type ValidationResult } from "./outcome.ts";

/** Judges the revocation of a chain that is proven, leaf first. */
export type ChainRevocation = (chain: readonly Certificate[]) => ValidationResult | Promise<ValidationResult>;

/**
 * Compares the validity periods of all certificates with the instant that counts: under
 * `notary.x509.signingAuthority` the authority's signing time; under `notary.x509` the whole interval of a timestamp by
 * a trusted authority, or without one the instant of verification.
 *
 * A timestamp is evaluated when the trust names timestamp authorities, with `afterCertExpiry` only once a certificate
 * has expired. Otherwise it neither helps nor harms, and the evidence says so. Where it is evaluated it is required,
 * and so is that its authority's certificates are not revoked, whatever the level says of the signer's.
 *
 * @param envelope An envelope whose integrity is proven.
 * @param at Instant of verification, from `ports.now()`.
 * @param relaxations For an envelope read with `compat`: takes up what is passed over.
 * @returns `failed` with `CERTIFICATE_NOT_YET_VALID` or `CERTIFICATE_EXPIRED` for the first certificate outside its
 * period, with `TIMESTAMP_MISSING`, `ERR_TIMESTAMP`, `TIMESTAMP_MISMATCH`, `TIMESTAMP_INVALID`,
 * `TIMESTAMP_AUTHORITY_NOT_TRUSTED`, `TIMESTAMP_AUTHORITY_INVALID` or `TRUST_ANCHOR_MISSING` for a timestamp that
 * proves nothing, with `TIMESTAMP_OUTSIDE_VALIDITY` for one that does, of another time; what `revocation` finds of the
 * authority's chain; and `inconclusive` when it could not be computed.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details", authentic timestamp.
 */
export async function validateAuthenticTimestamp(
  envelope: Envelope,
  trust: Trust,
  at: Date,
  crypto: CryptoProvider,
  revocation: ChainRevocation,
  relaxations?: Relaxations,
): Promise<ValidationResult> {
  const { signingScheme, authenticSigningTime } = envelope.signedAttributes;
  if (signingScheme === "notary.x509" && isTimestampNeeded(envelope, trust, at)) {
    try {
      return await validateTimestamp(envelope, trust, crypto, revocation, relaxations);
    } catch (thrown) {
      return couldNotTell(thrown);
    }
  }
  const timestamp = envelope.unsignedAttributes.timestampSignature === undefined ? "absent" : "not evaluated";
  const authority = signingScheme === "notary.x509.signingAuthority" ? authenticSigningTime : undefined;
  const instant = authority?.instant ?? at;
  const latest = authority?.isLater === true ? new Date(instant.getTime() + 1) : instant;
  const finer = latest === instant ? "" : " and a fraction of a millisecond";
  const basis = authority === undefined ? "verification time" : "authentic signing time";
  for (const certificate of envelope.certificateChain) {
    if (validAt(certificate, instant) && validAt(certificate, latest)) continue;
    const early = instant < certificate.notBefore;
    return failed(
      early ? "CERTIFICATE_NOT_YET_VALID" : "CERTIFICATE_EXPIRED",
      describe(certificate, early, `the ${basis} is ${instant.toISOString()}${finer}`),
      {
        ...await identify(certificate, crypto),
        ...period(certificate),
        basis,
        instant: instant.toISOString(),
        ...(authority?.offsetMinutes === undefined ? {} : { offsetMinutes: authority.offsetMinutes }),
        timestamp,
      },
    );
  }
  return passed({ basis, instant: instant.toISOString(), ...commonPeriod(envelope.certificateChain), timestamp });
}

/** A store that is named and cannot be used is still a store: it makes timestamps count. */
function isTimestampNeeded({ certificateChain }: Envelope, trust: Trust, at: Date): boolean {
  if (trust.trustAnchors.tsa === undefined && trust.unusableStores?.tsa === undefined) return false;
  return trust.verifyTimestamp !== "afterCertExpiry" || certificateChain.some(({ notAfter }) => at > notAfter);
}

async function validateTimestamp(
  { unsignedAttributes: { timestampSignature }, signature, certificateChain }: Envelope,
  trust: Trust,
  crypto: CryptoProvider,
  revocation: ChainRevocation,
  relaxations: Relaxations | undefined,
): Promise<ValidationResult> {
  if (timestampSignature === undefined) {
    return failed(
      "TIMESTAMP_MISSING",
      `Cannot tell when the signature was made: it has no timestamp, and "${printable(trust.name)}" asks for one`,
      { basis: "timestamp", timestamp: "absent", trust: trust.name },
    );
  }
  const tolerates: Tolerates | undefined = relaxations && ((rule) => passesOver(relaxations, rule));
  const token = readTimestampToken(timestampSignature, tolerates);
  const anchors = trust.unusableStores?.tsa === undefined ? trust.trustAnchors.tsa ?? [] : [];
  // That nobody is trusted is said of timestamps that are of this signature.
  const judged = anchors.length === 0
    ? await matchTimestamp(token, signature, crypto, tolerates)
    : await verifyTimestamp(token, signature, anchors, crypto, tolerates);
  if (!("trusted" in judged)) return noAuthorities(trust);
  if (!judged.trusted) return refused(judged, { basis: "timestamp", ...claims(token), trust: trust.name });
  const evidence = found(judged.range, judged.authorityChain);
  return await outsideRange(certificateChain, judged.range, evidence, crypto) ??
    ofAuthority(await revocation(judged.authorityChain), evidence);
}

function refused({ refusal: { code, message }, reference }: TimestampRefusal, evidence: Evidence): ValidationResult {
  return failed(code, message, reference === undefined ? evidence : { ...evidence, reference });
}

function noAuthorities({ name, unusableStores }: Trust): ValidationResult {
  const unusable = unusableStores?.tsa;
  if (unusable === undefined) {
    return failed(
      "TRUST_ANCHOR_MISSING",
      `Cannot accept the timestamp: "${printable(name)}" trusts no certificate of type tsa`,
      { store: "tsa", trust: name },
    );
  }
  const { reference } = unusable.evidence;
  return failed(unusable.code, unusable.message, {
    store: "tsa",
    trust: name,
    ...unusable.evidence,
    ...(reference === undefined ? {} : { reference: `failed to load tsa trust store with error: ${reference}` }),
  });
}

/** What a token that proves nothing says of itself. */
function claims({ certificates }: TimestampToken): Evidence {
  return { timestamp: "not trusted", presented: certificates.map(({ subject }) => formatName(subject)) };
}

function found({ genTime, accuracySeconds, text }: TimestampRange, chain: readonly Certificate[]) {
  const [authority = "", ...issuers] = chain.map(({ subject }) => formatName(subject));
  return {
    basis: "timestamp",
    instant: genTime.toISOString(),
    accuracySeconds,
    earliest: text.earliest,
    latest: text.latest,
    authority,
    issuers,
  } as const;
}

/** The token was made somewhere between two instants: a certificate must have been valid at both. */
async function outsideRange(
  chain: readonly Certificate[],
  { earliest, latest, text }: TimestampRange,
  evidence: Evidence,
  crypto: CryptoProvider,
): Promise<ValidationResult | undefined> {
  for (const certificate of chain) {
    const early = earliest < certificate.notBefore;
    if (!early && latest <= certificate.notAfter) continue;
    return failed(
      "TIMESTAMP_OUTSIDE_VALIDITY",
      describe(certificate, early, `the timestamp was made from ${text.earliest} to ${text.latest}`),
      {
        ...evidence,
        ...await identify(certificate, crypto),
        ...period(certificate),
        side: early ? "before" : "after",
        timestamp: "trusted",
      },
    );
  }
  return undefined;
}

function ofAuthority(result: ValidationResult, evidence: Evidence): ValidationResult {
  const trusted = { ...evidence, timestamp: "trusted" };
  switch (result.status) {
    case "passed":
      return passed({ ...trusted, authorityRevocation: String(result.evidence["status"] ?? "ok") });
    case "skipped":
      return passed({ ...trusted, authorityRevocation: "skipped" });
    default:
      return { ...result, evidence: { ...result.evidence, ...trusted, purpose: "timestamping" } };
  }
}

/** Malformed input is an answer about the timestamp; everything else that was thrown is none. */
function couldNotTell(thrown: unknown): ValidationResult {
  const error = toEngineError(thrown, "Cannot evaluate the timestamp");
  const message = printable(error.message);
  if (!(thrown instanceof MalformedError)) {
    return inconclusive(error.code, `Cannot tell whether the timestamp is good: ${message}`, { basis: "timestamp" });
  }
  const reference = referenceOf(error);
  return failed(error.code, message, {
    basis: "timestamp",
    timestamp: "unreadable",
    ...(reference === undefined
      ? {}
      : { reference: `failed to parse timestamp countersignature with error: ${reference}` }),
  });
}

function period({ notBefore, notAfter }: Certificate) {
  return { notBefore: notBefore.toISOString(), notAfter: notAfter.toISOString() };
}

/** When all of them are valid: from the latest beginning to the earliest end. */
function commonPeriod(chain: readonly Certificate[]) {
  const beginning = Math.max(...chain.map(({ notBefore }) => notBefore.getTime()));
  const end = Math.min(...chain.map(({ notAfter }) => notAfter.getTime()));
  return { validFrom: new Date(beginning).toISOString(), validUntil: new Date(end).toISOString() };
}

function describe(certificate: Certificate, early: boolean, compared: string): string {
  const { notBefore, notAfter } = period(certificate);
  const bound = early ? `is valid from ${notBefore} on` : `was valid until ${notAfter}`;
  return `Cannot rely on certificate "${printable(formatName(certificate.subject))}": it ${bound}, ${compared}`;
}
