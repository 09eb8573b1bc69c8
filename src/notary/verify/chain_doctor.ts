/**
 * The chain doctor: a certificate chain held against every rule, and against the trust store. It tells people what to
 * mend and judges nothing: no verdict reads a word of it. It asks nobody and takes what is there already.
 */
import { printable } from "../../encoding/mod.ts";
import type { CryptoProvider } from "../../ports.ts";
import {
  type Certificate,
  type CertificateReport,
  type ChainRole,
  reportSigningChain,
  reportTimestampingChain,
  type RuleReport,
} from "../../x509/mod.ts";
import type { Trust, TrustStoreType } from "../trust/mod.ts";
import { type CertificateFacts, describeCertificates } from "./certificate_facts.ts";
import { type ChainFinding, type ChainFindingId, nearestFirst, type TrustedCertificate } from "./chain_findings.ts";
import { explainLinks, findAnchor, finding, presentedOf } from "./nearest_anchor.ts";

/** One rule held against one certificate; `validity` is that it is valid when it counts. */
export interface DiagnosedRule extends Omit<RuleReport, "rule"> {
  readonly rule: RuleReport["rule"] | "validity";
}

/** A certificate of the chain, examined. */
export interface DiagnosedCertificate extends CertificateFacts {
  /** Place in the chain, the leaf being 0. */
  readonly index: number;
  readonly role: ChainRole;
  readonly rules: readonly DiagnosedRule[];
}

/** What the doctor says of one chain. */
export interface ChainDiagnosis {
  /** Leaf first. */
  readonly certificates: readonly DiagnosedCertificate[];
  /** The trust anchor in the chain and its place; absent where there is none. */
  readonly anchor?: TrustedCertificate & { readonly index: number; readonly role: ChainRole };
  /** What stands in the way of trust or nearly gives it, the nearest first. */
  readonly findings: readonly ChainFinding[];
}

/** The time certificates have to be valid at. */
export interface Instant {
  readonly earliest: Date;
  readonly latest: Date;
  /** What it is: `verification time`, `timestamp`, `authentic signing time`. */
  readonly basis: string;
}

/** A chain and everything it is held against. */
export interface Patient {
  /** Leaf first. */
  readonly chain: readonly Certificate[];
  /** The type of trust store that counts for it; `tsa` for a timestamp authority's. */
  readonly type: TrustStoreType;
  readonly trust: Trust;
  /** Instant of verification. */
  readonly at: Date;
  readonly counts: Instant;
}

/**
 * Examines a chain.
 *
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: Notary Project, signature-specification.md, "Certificate Requirements"; trust-store-trust-policy.md, "Signature
 * Verification details"; RFC 5280, section 6.1.
 */
export async function diagnoseChain(
  patient: Patient,
  crypto: Pick<CryptoProvider, "digest" | "verify">,
): Promise<ChainDiagnosis> {
  const { chain, type, counts } = patient;
  const [reports, facts, trust] = await Promise.all([
    (type === "tsa" ? reportTimestampingChain : reportSigningChain)(chain, crypto),
    describeCertificates(chain, crypto),
    findAnchor(patient, crypto),
  ]);
  const certificates = reports.flatMap((report): readonly DiagnosedCertificate[] => {
    const [certificate, known] = [chain[report.index], facts[report.index]];
    if (certificate === undefined || known === undefined) return [];
    return [{ ...known, ...report, rules: [...report.rules, validity(certificate, counts)] }];
  });
  const links = await explainLinks(patient, brokenLinks(reports), crypto);
  const signedByCa = failed(reports[0], "leaf-basic-constraints") ? await caSigned(chain, crypto) : [];
  // A chain that is cut short resembles nothing: what it lacks is the answer.
  const resemblances = links.length === 0 ? trust.findings : trust.findings.filter(({ id }) => !STRANGERS.includes(id));
  const findings = nearestFirst([...links, ...signedByCa, ...resemblances]);
  const holder = certificates[trust.position ?? -1];
  return holder === undefined || trust.anchor === undefined
    ? { certificates, findings }
    : { certificates, anchor: { ...trust.anchor, index: holder.index, role: holder.role }, findings };
}

const STRANGERS: readonly ChainFindingId[] = ["leaf-of-no-ca", "nothing-in-common"];

/** Places where the chain does not go on to the issuer. */
function brokenLinks(reports: readonly CertificateReport[]): readonly number[] {
  const rules = ["issued-by-the-next", "root-self-signed", "self-issued"] as const;
  return reports.filter((report) => rules.some((rule) => failed(report, rule))).map(({ index }) => index);
}

function failed(report: CertificateReport | undefined, rule: RuleReport["rule"]): boolean {
  return report?.rules.some((one) => one.rule === rule && one.status === "failed") === true;
}

async function caSigned(
  [leaf]: readonly Certificate[],
  crypto: Pick<CryptoProvider, "digest" | "verify">,
): Promise<readonly ChainFinding[]> {
  if (leaf === undefined) return [];
  const certificate = await presentedOf(leaf, 0, crypto);
  const message = `"${printable(certificate.subject)}" is a CA and signed the artifact itself`;
  return [{ ...finding("ca-signed", message), certificate }];
}

const VALIDITY_SECTION = 'Notary Project, trust-store-trust-policy.md, "Signature Verification details", authentic ' +
  "timestamp; RFC 5280, section 6.1.3 (a) (2)";

function validity({ notBefore, notAfter }: Certificate, { earliest, latest, basis }: Instant): DiagnosedRule {
  const valid = notBefore <= earliest && latest <= notAfter;
  const instant = earliest.getTime() === latest.getTime()
    ? earliest.toISOString()
    : `${earliest.toISOString()} to ${latest.toISOString()}`;
  const found = `valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}`;
  const expected = `valid at the ${basis}, ${instant}`;
  const rule = { rule: "validity", section: VALIDITY_SECTION, found, expected } as const;
  return valid
    ? { ...rule, status: "passed" }
    : { ...rule, status: "failed", message: `is ${found}, expected ${expected}` };
}
