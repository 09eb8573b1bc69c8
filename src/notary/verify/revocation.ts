/** Revocation: whether the certificates are still good. */
import { printable } from "../../encoding/mod.ts";
import type { AskedSource, CertificateRevocation, CheckOptions, RevocationChecker } from "../../revocation/mod.ts";
import type { CryptoProvider } from "../../ports.ts";
import { type Certificate, formatName, revocationSources } from "../../x509/mod.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { identify } from "./certificate_facts.ts";
import { type Evidence, failed, inconclusive, passed, type ValidationResult } from "./outcome.ts";

/** Who can be asked, and what bounds and narrows the question. */
export interface RevocationQuestion extends CheckOptions {
  readonly checker: RevocationChecker;
}

/**
 * Tells whether every certificate but the root is free of revocation.
 *
 * @param envelope Its chain, leaf first, which integrity or the timestamp's verification has proven.
 * @param question Without it nobody is asked: a certificate that names neither an OCSP responder nor a CRL is
 * `nonRevokable`, and one that names some could be revoked without our knowing.
 * @param crypto For the fingerprint of a certificate that is refused; without it the evidence has its subject alone.
 * @returns `passed` when every certificate is `ok` or `nonRevokable`; `failed` with `CERTIFICATE_REVOKED` when one is
 * revoked; otherwise `inconclusive` with `REVOCATION_UNKNOWN`, or with `REVOCATION_NOT_CHECKED` when nobody was asked.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Certificate Revocation Evaluation".
 */
export async function validateRevocation(
  envelope: Pick<Envelope, "certificateChain">,
  question?: RevocationQuestion,
  crypto?: Pick<CryptoProvider, "digest">,
): Promise<ValidationResult> {
  const named = async (certificate: Certificate): Promise<Evidence> =>
    crypto === undefined ? { subject: formatName(certificate.subject) } : { ...await identify(certificate, crypto) };
  if (question === undefined) return await withoutAsking(envelope, named);
  const { checker, ...options } = question;
  const found = await checker.check(envelope.certificateChain, options);
  // The reference names the one nearest to the leaf.
  const revoked = found.find(({ status }) => status === "revoked");
  if (revoked !== undefined) return refuseRevoked(revoked, await named(revoked.certificate));
  const unclear = found.find(({ status }) => status === "unknown");
  if (unclear !== undefined) return refuseUnclear(unclear, await named(unclear.certificate));
  if (found.every(({ status }) => status === "nonRevokable")) return NON_REVOKABLE;
  return passed({ status: "ok", certificates: found.flatMap(describe) });
}

async function withoutAsking(
  { certificateChain }: Pick<Envelope, "certificateChain">,
  named: (certificate: Certificate) => Promise<Evidence>,
): Promise<ValidationResult> {
  // From the root down, as the reference reports the certificate nearest to the root.
  for (let index = certificateChain.length - 2; index >= 0; index--) {
    const certificate = certificateChain[index];
    if (certificate === undefined) continue;
    const sources = revocationSources(certificate);
    if (sources.length === 0) continue;
    const subject = formatName(certificate.subject);
    const shown = sources.map((source) => printable(source));
    return inconclusive(
      "REVOCATION_NOT_CHECKED",
      `Cannot tell whether certificate "${printable(subject)}" is revoked: ` +
        `it names ${shown.map((source) => `"${source}"`).join(", ")}, which was not asked`,
      { ...await named(certificate), sources: shown, status: "unknown" },
    );
  }
  return NON_REVOKABLE;
}

const NON_REVOKABLE = passed({ status: "nonRevokable" });

function refuseRevoked(revocation: CertificateRevocation, named: Evidence): ValidationResult {
  const { certificate, asked, answer } = revocation;
  const subject = formatName(certificate.subject);
  const source = asked.at(-1);
  const since = answer?.status === "revoked" ? answer.revokedAt.toISOString() : "";
  const reason = answer?.status === "revoked" && answer.reason !== undefined ? ` for ${answer.reason}` : "";
  return failed(
    "CERTIFICATE_REVOKED",
    `Cannot rely on certificate "${printable(subject)}": it was revoked at ${since}${reason}, ` +
      `says "${printable(source?.source ?? "")}"`,
    { ...named, status: "revoked", ...decisive(revocation), asked: asked.map(tell) },
  );
}

function refuseUnclear({ certificate, asked, anybodyAsked }: CertificateRevocation, named: Evidence): ValidationResult {
  const subject = formatName(certificate.subject);
  const last = asked.at(-1);
  const problem = last?.answer.status === "unknown" ? last.answer.problem : "not-asked";
  return inconclusive(
    // Where nobody was asked, for want of a network or of permission, asking again changes nothing.
    anybodyAsked ? "REVOCATION_UNKNOWN" : "REVOCATION_NOT_CHECKED",
    `Cannot tell whether certificate "${printable(subject)}" is revoked: ${asked.map(tell).join("; ")}`,
    {
      ...named,
      status: "unknown",
      problem,
      ...(last === undefined ? {} : { method: last.method, url: last.source }),
      asked: asked.map(tell),
    },
  );
}

/** Where the answer that decided came from, and its times. */
function decisive({ asked, answer }: CertificateRevocation): Evidence {
  const source = asked.findLast((one) => one.answer.status !== "unknown");
  if (answer === undefined || source === undefined) return {};
  return {
    method: source.method,
    url: source.source,
    thisUpdate: answer.thisUpdate.toISOString(),
    ...(answer.nextUpdate === undefined ? {} : { nextUpdate: answer.nextUpdate.toISOString() }),
    ...(answer.status !== "revoked" ? {} : {
      revokedAt: answer.revokedAt.toISOString(),
      ...(answer.reason === undefined ? {} : { reason: answer.reason }),
    }),
  };
}

/** `ocsp "http://…" expired at …`. */
function tell({ method, source, answer }: AskedSource): string {
  const what = answer.status === "unknown"
    ? answer.message
    : answer.status === "ok"
    ? `says ok until ${answer.nextUpdate.toISOString()}`
    : `says revoked at ${answer.revokedAt.toISOString()}`;
  return `${method} "${printable(source)}" ${what}`;
}

/** One line per certificate that could be revoked and is not. */
function describe({ certificate, asked, answer }: CertificateRevocation): readonly string[] {
  const source = asked.findLast((one) => one.answer.status === "ok");
  if (answer === undefined || source === undefined) return [];
  return [`${formatName(certificate.subject)}: ${tell(source)}`];
}
