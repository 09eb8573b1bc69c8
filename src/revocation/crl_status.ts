/** A CRL, its delta and one certificate → what they say of it (RFC 5280, section 6.3.3). Pure: nobody is asked here. */
import { decodeHex } from "../encoding/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import { type Certificate, extensionOf, verifyCertificateSignature } from "../x509/mod.ts";
import {
  currentTimes,
  isAhead,
  type RevocationAnswer,
  type RevokedAnswer,
  unknown,
  type UnknownAnswer,
} from "./answer.ts";
import { type Crl, type CrlEntry, entriesFor } from "./crl.ts";
import { isSameScope, scopeFault } from "./crl_scope.ts";
import { type DistributionPoint, readDistributionPoints } from "./distribution_points.ts";
import { wasSignedBefore } from "./ocsp.ts";

/** What a CRL is judged by. */
export interface CrlQuestion {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly at: Date;
  /** When the artifact was signed, where an authority vouches for it. */
  readonly signedAt?: Date;
  /** The distribution point that led to the CRL; absent for a CRL that was supplied. */
  readonly point?: DistributionPoint;
}

type Crypto = Pick<CryptoProvider, "verify">;

const FRESHEST_CRL_OID = "2.5.29.46";

/**
 * Where the delta of a CRL is, as the CRL says, else as the certificate says.
 *
 * @returns Nothing when there are no deltas: then the CRL alone tells.
 * @throws {MalformedError} `ERR_DER`
 *
 * Spec: RFC 5280, sections 4.2.1.15 and 5.2.6.
 */
export function deltaPoints(base: Crl, certificate: Certificate): readonly DistributionPoint[] {
  if (base.freshest.length > 0) return base.freshest;
  const named = certificate.extensions.get(FRESHEST_CRL_OID);
  return named === undefined ? [] : readDistributionPoints(named.value, "freshestCRL");
}

/**
 * Judges a complete CRL by itself: that it is its issuer's, about this certificate, and of now.
 *
 * A certificate it lists for good is revoked even when the CRL has expired, because such an entry is never taken back.
 *
 * @throws {MalformedError} `ERR_DER` when an entry for the certificate is malformed.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: RFC 5280, section 6.3.3; Notary Project, trust-store-trust-policy.md, "CRL".
 */
export async function judgeCrl(base: Crl, question: CrlQuestion, crypto: Crypto): Promise<RevocationAnswer> {
  const judged = await judgeBase(base, question, crypto);
  return judged.final ?? statusOf(base, judged.entries, question);
}

/**
 * Judges a complete CRL together with the changes since. Like the complete one, a delta that has expired still tells
 * what is revoked for good.
 *
 * @param delta `undefined` when it could not be had.
 * @throws {MalformedError} `ERR_DER`
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: RFC 5280, sections 5.2.4 and 6.3.3.
 */
export async function judgeCrlWithDelta(
  base: Crl,
  delta: Crl | undefined,
  question: CrlQuestion,
  crypto: Crypto,
): Promise<RevocationAnswer> {
  const judged = await judgeBase(base, question, crypto);
  if (judged.final !== undefined) return judged.final;
  if (delta === undefined) return unknown("delta", "has changes that could not be had");
  const ofDelta = ({ problem, message }: UnknownAnswer) => unknown(problem, `has a delta that ${message}`);
  const fault = pairFault(base, delta) ?? await crlFault(delta, question, crypto);
  if (fault !== undefined) return ofDelta(fault);
  // Of equal numbers both say the same: the complete CRL is already that fresh.
  const changes = delta.number === base.number ? [] : entriesOf(delta, question);
  const forGood = changes.find(isForGood);
  if (forGood !== undefined) return revokedBy(delta, forGood);
  const times = currentTimes(delta, question.at);
  if ("status" in times) return ofDelta(times);
  // RFC 5280 gives entries no order: a hold is lifted only where nothing in the delta says that it stands.
  const entries = changes.length === 0 ? judged.entries : changes.filter(({ reason }) => reason !== "removeFromCRL");
  return statusOf(base, entries, question, times.nextUpdate);
}

/** Only a hold can be lifted again. Spec: RFC 5280, section 5.3.1. */
function isForGood({ reason }: CrlEntry): boolean {
  return reason !== "certificateHold" && reason !== "removeFromCRL";
}

/** What a complete CRL says for good, or else its entries, the CRL being valid now. */
async function judgeBase(
  base: Crl,
  question: CrlQuestion,
  crypto: Crypto,
): Promise<{ readonly final: RevocationAnswer } | { readonly final?: never; readonly entries: readonly CrlEntry[] }> {
  if (base.baseNumber !== undefined) return { final: unknown("delta", "is a delta CRL, expected a complete one") };
  const fault = await crlFault(base, question, crypto);
  if (fault !== undefined) return { final: fault };
  const entries = entriesOf(base, question);
  const forGood = entries.find(isForGood);
  if (forGood !== undefined) return { final: revokedBy(base, forGood) };
  const times = currentTimes(base, question.at);
  if ("status" in times) return { final: times };
  if (entries.some(({ reason }) => reason === "removeFromCRL")) {
    return { final: unknown("malformed", "takes an entry back, which only a delta CRL may do") };
  }
  return { entries };
}

/** Entries that count: not those whose key went bad after an authority saw the signature. */
function entriesOf(crl: Crl, { certificate, signedAt }: CrlQuestion): readonly CrlEntry[] {
  return entriesFor(crl, decodeHex(certificate.serialNumber))
    .filter(({ extensions }) => !wasSignedBefore(extensions, signedAt));
}

function statusOf(
  base: Crl,
  entries: readonly CrlEntry[],
  { at }: CrlQuestion,
  deltaNextUpdate?: Date,
): RevocationAnswer {
  const [entry] = entries;
  if (entry !== undefined) return revokedBy(base, entry);
  const times = currentTimes(base, at);
  if ("status" in times) return times;
  const { thisUpdate, nextUpdate } = times;
  const sooner = deltaNextUpdate !== undefined && deltaNextUpdate < nextUpdate;
  return { status: "ok", thisUpdate, nextUpdate: sooner ? deltaNextUpdate : nextUpdate };
}

function revokedBy({ thisUpdate, nextUpdate }: Crl, { revokedAt, reason }: CrlEntry): RevokedAnswer {
  return {
    status: "revoked",
    revokedAt,
    ...(reason === undefined ? {} : { reason }),
    thisUpdate,
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
  };
}

/** Why nothing in a CRL may be believed, its age apart. */
async function crlFault(
  crl: Crl,
  { certificate, issuer, at, point }: CrlQuestion,
  crypto: Crypto,
): Promise<UnknownAnswer | undefined> {
  const scope = scopeFault(crl, certificate, point);
  if (scope !== undefined) return scope;
  const [oid] = crl.unknownCritical;
  if (oid !== undefined) {
    return unknown("critical-extension", `has the critical extension ${oid}, which is not known here`);
  }
  if (isAhead(crl.thisUpdate, at)) {
    return unknown("not-yet-valid", `is of ${crl.thisUpdate.toISOString()}, which is after ${at.toISOString()}`);
  }
  const usages = extensionOf(issuer, "keyUsage")?.value;
  if (usages !== undefined && !usages.has("cRLSign")) {
    return unknown("issuer", "is signed by an issuer whose keyUsage has no cRLSign");
  }
  if (await signatureFits(crl, issuer, crypto)) return undefined;
  return unknown("signature", "is not signed by the key of the issuer");
}

/** Why a delta does not continue a complete CRL. Spec: RFC 5280, section 5.2.4. */
function pairFault(base: Crl, delta: Crl): UnknownAnswer | undefined {
  const refuse = (what: string) => unknown("delta", what);
  if (delta.baseNumber === undefined) return refuse("is a complete CRL, expected a delta CRL");
  if (base.number === undefined || delta.number === undefined) {
    return refuse("cannot be put in order: a number is missing");
  }
  if (!isSameScope(base, delta)) return refuse("is about other certificates");
  if (delta.baseNumber > base.number) {
    return refuse(`starts from CRL ${delta.baseNumber}, which is after ${base.number}`);
  }
  if (delta.number < base.number) return refuse(`is number ${delta.number}, which is before ${base.number}`);
  return undefined;
}

/** Computed once per CRL and issuer: a CRL may be long. */
const proven = new WeakMap<Crl, WeakMap<Certificate, boolean>>();

async function signatureFits(crl: Crl, issuer: Certificate, crypto: Crypto): Promise<boolean> {
  const byIssuer = proven.get(crl) ?? new WeakMap<Certificate, boolean>();
  proven.set(crl, byIssuer);
  const known = byIssuer.get(issuer);
  if (known !== undefined) return known;
  const fits = await verifyCertificateSignature(crl, issuer, crypto);
  byIssuer.set(issuer, fits);
  return fits;
}
