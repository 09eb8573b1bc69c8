/** Looks a certificate up in the CRLs of its distribution points (RFC 5280, section 6.3.3). */
import type { Certificate } from "../x509/mod.ts";
import { type OkAnswer, type RevocationAnswer, unknown, type UnknownAnswer } from "./answer.ts";
import { type Crl, decodeCrl, MAX_CRL_BYTES } from "./crl.ts";
import { coveredReasons, isKeptByAnother } from "./crl_scope.ts";
import { type CrlQuestion, deltaPoints, judgeCrl, judgeCrlWithDelta } from "./crl_status.ts";
import { ALL_REASONS, type DistributionPoint, readDistributionPoints } from "./distribution_points.ts";
import { answerOrUnknown, type AskedSource, type Findings, type Inquiry } from "./inquiry.ts";
import { CRL_TIMEOUT_MILLISECONDS } from "./in_flight.ts";

const CRL_DISTRIBUTION_POINTS_OID = "2.5.29.31";
const SUPPLIED = "supplied CRL";

/** Stands for a certificate that names no distribution point: CRLs that were supplied may still list it. */
const NO_POINT: DistributionPoint = { name: undefined, urls: [], reasons: ALL_REASONS, crlIssuers: [] };

/**
 * Asks until a CRL says that the certificate is revoked, or CRLs that cover every reason say that it is not. Of the
 * URLs of one distribution point, which stand for the same CRL, the first that answers well is enough.
 *
 * Spec: RFC 5280, section 6.3.3; Notary Project, trust-store-trust-policy.md, "CRL".
 */
export async function askCrls(certificate: Certificate, issuer: Certificate, inquiry: Inquiry): Promise<Findings> {
  const points = await answerOrUnknown(() => Promise.resolve(pointsOf(certificate)));
  if ("status" in points) return { asked: [{ method: "crl", source: "cRLDistributionPoints", answer: points }] };
  const asked: AskedSource[] = [];
  const covered = new Set<number>();
  let answer: OkAnswer | undefined;
  for (const point of points.length === 0 && inquiry.suppliedCrls.length > 0 ? [NO_POINT] : points) {
    const isCovered = () => [...point.reasons].every((reason) => covered.has(reason));
    if (isCovered()) continue;
    for await (const found of askPoint(point, { certificate, issuer }, inquiry)) {
      asked.push(found);
      if (found.answer.status === "revoked") return { asked, answer: found.answer };
      if (found.answer.status === "unknown") continue;
      for (const reason of found.reasons) covered.add(reason);
      answer = sooner(answer, found.answer);
      if (isCovered()) break;
    }
  }
  if (answer === undefined) return { asked };
  if ([...ALL_REASONS].every((reason) => covered.has(reason))) return { asked, answer };
  const partial = unknown("reasons", "cover only some of the reasons for which it may be revoked");
  return { asked: [...asked, { method: "crl", source: "its CRLs together", answer: partial }] };
}

function pointsOf({ extensions }: Certificate): readonly DistributionPoint[] {
  const extension = extensions.get(CRL_DISTRIBUTION_POINTS_OID);
  return extension === undefined ? [] : readDistributionPoints(extension.value, "cRLDistributionPoints");
}

/** All CRLs together may be believed until the first of them is over. */
function sooner(one: OkAnswer | undefined, other: OkAnswer): OkAnswer {
  return one !== undefined && one.nextUpdate < other.nextUpdate ? one : other;
}

type Subject = Pick<CrlQuestion, "certificate" | "issuer">;
interface FoundCrl extends AskedSource {
  readonly reasons: ReadonlySet<number>;
}

/** What each CRL of a distribution point says: those supplied, then those behind its URLs. */
async function* askPoint(point: DistributionPoint, subject: Subject, inquiry: Inquiry): AsyncGenerator<FoundCrl> {
  const found = (source: string, answer: RevocationAnswer, crl?: Crl): FoundCrl => ({
    method: "crl",
    source,
    answer,
    reasons: coveredReasons(crl?.issuingDistributionPoint, point),
  });
  if (isKeptByAnother(point, subject.certificate)) {
    const source = point.urls[0] ?? "a distribution point";
    return yield found(source, unknown("indirect", "is kept by another issuer, which is not evaluated here"));
  }
  const question: CrlQuestion = {
    ...subject,
    point,
    at: inquiry.at,
    ...(inquiry.signedAt === undefined ? {} : { signedAt: inquiry.signedAt }),
  };
  const supplied: FoundCrl[] = [];
  for (const crl of inquiry.suppliedCrls) {
    if (crl.baseNumber !== undefined) continue;
    const answer = await answerOrUnknown(() => judgeWithChanges(crl, question, inquiry));
    const isOther = answer.status === "unknown" && (answer.problem === "issuer" || answer.problem === "scope");
    if (!isOther) supplied.push(found(SUPPLIED, answer, crl));
  }
  // An older list next to a newer one: the worse counts.
  yield* supplied.filter(({ answer }) => answer.status === "revoked");
  yield* supplied.filter(({ answer }) => answer.status !== "revoked");
  for (const url of point.urls) {
    const { answer, crl } = await askUrl(url, question, inquiry);
    yield found(url, answer, crl);
  }
  if (point !== NO_POINT && point.urls.length === 0) {
    yield found("a distribution point", unknown("source-refused", "names no URL"));
  }
}

/** A kept CRL that does not tell any more is fetched again. */
async function askUrl(
  url: string,
  question: CrlQuestion,
  inquiry: Inquiry,
): Promise<{ readonly answer: RevocationAnswer; readonly crl?: Crl }> {
  const kept = inquiry.crls.get(url, inquiry.at);
  if (kept !== undefined) {
    const answer = await answerOrUnknown(() => judgeWithChanges(kept, question, inquiry));
    if (answer.status !== "unknown") return { answer, crl: kept };
  }
  const crl = await fetchCrl(url, inquiry);
  if ("status" in crl) return { answer: crl };
  const answer = await answerOrUnknown(() => judgeWithChanges(crl, question, inquiry));
  if (answer.status !== "unknown") keep(url, crl, inquiry);
  return { answer, crl };
}

/** Read once for all who asked for it at the same time: a CRL may be long. */
const decoded = new WeakMap<Uint8Array, Crl>();

async function fetchCrl(url: string, inquiry: Inquiry): Promise<Crl | UnknownAnswer> {
  const request = { url, accept: "application/pkix-crl", maxBytes: MAX_CRL_BYTES };
  const bytes = await inquiry.fetch(request, CRL_TIMEOUT_MILLISECONDS);
  if ("status" in bytes) return bytes;
  const crl = decoded.get(bytes) ?? await answerOrUnknown(() => Promise.resolve(decodeCrl(bytes)));
  if (!("status" in crl)) decoded.set(bytes, crl);
  return crl;
}

function keep(url: string, crl: Crl, { crls, at }: Inquiry): void {
  if (crl.nextUpdate !== undefined) crls.put(url, crl, crl.der.length, at, crl.nextUpdate);
}

/** Judges a complete CRL, with the changes since where there are some. */
async function judgeWithChanges(base: Crl, question: CrlQuestion, inquiry: Inquiry): Promise<RevocationAnswer> {
  const { crypto } = inquiry.ports;
  const points = deltaPoints(base, question.certificate);
  if (points.length === 0) return await judgeCrl(base, question, crypto);
  let problem = await judgeCrlWithDelta(base, undefined, question, crypto);
  // What the complete CRL says for good needs no delta, and neither does one that may not be believed.
  if (problem.status !== "unknown" || problem.problem !== "delta" || base.baseNumber !== undefined) return problem;
  for (const delta of inquiry.suppliedCrls.filter(({ baseNumber }) => baseNumber !== undefined)) {
    const answer = await judgeCrlWithDelta(base, delta, question, crypto);
    if (answer.status !== "unknown") return answer;
  }
  for (const url of points.flatMap(({ urls }) => urls)) {
    const answer = await askDeltaUrl(url, base, question, inquiry);
    if (answer.status !== "unknown") return answer;
    problem = answer;
  }
  return problem;
}

async function askDeltaUrl(
  url: string,
  base: Crl,
  question: CrlQuestion,
  inquiry: Inquiry,
): Promise<RevocationAnswer> {
  const { crypto } = inquiry.ports;
  const kept = inquiry.crls.get(url, inquiry.at);
  if (kept !== undefined) {
    const answer = await judgeCrlWithDelta(base, kept, question, crypto);
    if (answer.status !== "unknown") return answer;
  }
  const delta = await fetchCrl(url, inquiry);
  if ("status" in delta) return unknown("delta", `has a delta at a URL that ${delta.message}`);
  const answer = await judgeCrlWithDelta(base, delta, question, crypto);
  if (answer.status !== "unknown") keep(url, delta, inquiry);
  return answer;
}
