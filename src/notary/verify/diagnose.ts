/**
 * When the chain doctor is called, and with what: after the judgement, about refused chains unless every one is asked
 * for.
 */
import type { CryptoProvider } from "../../ports.ts";
import { readTimestampToken } from "../../timestamp/mod.ts";
import { type Certificate, sameName } from "../../x509/mod.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { Trust } from "../trust/mod.ts";
import { STORE_OF_SCHEME } from "./authenticity.ts";
import { type ChainDiagnosis, diagnoseChain, type Instant } from "./chain_doctor.ts";
import { issuerAmong } from "./nearest_anchor.ts";
import type { ValidationResult, VerificationOutcome } from "./outcome.ts";

/** What the doctor needs. */
export interface DoctorPorts {
  readonly crypto: CryptoProvider;
  readonly now: () => Date;
  readonly diagnose?: "refused" | "every";
}

/** The members of an outcome the doctor writes. */
export type Diagnoses = Pick<VerificationOutcome, "chain" | "timestampChain">;

/** Nothing: one value, so that a verified signature costs nothing. */
const NONE: Diagnoses = {};

/**
 * Diagnoses the chains of a judged signature.
 *
 * @returns Nothing for what was not refused, unless every chain is asked for; and nothing where it could not be
 * computed, as the judgement says that already.
 */
export async function diagnose(
  envelope: Envelope,
  outcome: VerificationOutcome,
  trust: Trust,
  { crypto, now, diagnose: which = "refused" }: DoctorPorts,
): Promise<Diagnoses> {
  const { integrity, authenticity, authenticTimestamp } = outcome.validations;
  const every = which === "every";
  const chain = every || "refusal" in integrity.result || "refusal" in authenticity.result;
  const timestampChain = envelope.unsignedAttributes.timestampSignature !== undefined &&
    trust.trustAnchors.tsa !== undefined && (every || isAboutAuthority(authenticTimestamp.result));
  if (!chain && !timestampChain) return NONE;
  try {
    const at = now();
    const counts = instantOf(authenticTimestamp.result, at);
    const type = STORE_OF_SCHEME[envelope.signedAttributes.signingScheme];
    return {
      ...(chain
        ? { chain: await diagnoseChain({ chain: envelope.certificateChain, type, trust, at, counts }, crypto) }
        : {}),
      ...(timestampChain ? { timestampChain: await diagnoseAuthority(envelope, trust, at, counts, crypto) } : {}),
    };
  } catch {
    return NONE;
  }
}

function isAboutAuthority(result: ValidationResult): boolean {
  return "refusal" in result && result.refusal.code.startsWith("TIMESTAMP_AUTHORITY_");
}

/** The instants that were compared, from what was found; the instant of verification where nothing was. */
function instantOf(result: ValidationResult, at: Date): Instant {
  const found = "evidence" in result ? result.evidence : {};
  const read = (value: unknown): Date | undefined => {
    const instant = typeof value === "string" ? new Date(value) : undefined;
    return instant === undefined || Number.isNaN(instant.getTime()) ? undefined : instant;
  };
  const instant = read(found["instant"]) ?? at;
  return {
    earliest: read(found["earliest"]) ?? instant,
    latest: read(found["latest"]) ?? instant,
    basis: read(found["instant"]) === undefined ? "verification time" : String(found["basis"]),
  };
}

async function diagnoseAuthority(
  { unsignedAttributes: { timestampSignature } }: Envelope,
  trust: Trust,
  at: Date,
  counts: Instant,
  crypto: CryptoProvider,
): Promise<ChainDiagnosis> {
  const token = readTimestampToken(timestampSignature ?? new Uint8Array());
  const presented = inOrder(token.certificates);
  // A timestamp may leave its root out: where the trust store has it, it belongs to the chain.
  const last = presented[presented.length - 1];
  const root = last === undefined || sameName(last.issuer, last.subject)
    ? undefined
    : await issuerAmong(last, trust.trustAnchors.tsa ?? [], crypto);
  const chain = root === undefined ? presented : [...presented, root];
  return await diagnoseChain({ chain, type: "tsa", trust, at, counts }, crypto);
}

/** Tokens hold their certificates in any order: the one that issued no other first, then each one's issuer by name. */
function inOrder(certificates: readonly Certificate[]): readonly Certificate[] {
  const issued = (issuer: Certificate, other: Certificate) =>
    issuer !== other && sameName(issuer.subject, other.issuer) && !sameName(other.issuer, other.subject);
  const leaf = certificates.find((one) => !certificates.some((other) => issued(one, other)));
  const chain: Certificate[] = [];
  for (let next = leaf; next !== undefined && !chain.includes(next);) {
    chain.push(next);
    const last: Certificate = next;
    next = certificates.find((one) => issued(one, last));
  }
  return chain;
}
