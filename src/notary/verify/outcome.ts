/** `ValidationResult`, `VerificationOutcome`, and `verdict()` over them. */
import { type ErrorCode, type Refusal, refusal } from "../../errors.ts";
import type { Descriptor, ReferrersWay } from "../../oci/mod.ts";
import type { ValidationAction, ValidationType } from "../trust/mod.ts";
import type { RelaxedRule } from "../envelope/strict_rules.ts";
import type { CertificateFacts } from "./certificate_facts.ts";
import type { ChainDiagnosis } from "./chain_doctor.ts";
import type { ChainFinding } from "./chain_findings.ts";

/** What was compared and found; values are text, numbers or instants as ISO 8601 text, safe to print after escaping. */
export type Evidence = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** `inconclusive` means it could not be told: enforced, it never verifies. */
export type ValidationResult =
  | { readonly status: "passed"; readonly evidence: Evidence }
  | { readonly status: "failed"; readonly refusal: Refusal; readonly evidence: Evidence }
  | { readonly status: "inconclusive"; readonly refusal: Refusal; readonly evidence: Evidence }
  | { readonly status: "skipped"; readonly reason: string };

export const passed = (evidence: Evidence = {}): ValidationResult => ({ status: "passed", evidence });

export const failed = (code: ErrorCode, message: string, evidence: Evidence = {}): ValidationResult => ({
  status: "failed",
  refusal: refusal(code, message),
  evidence,
});

export const inconclusive = (code: ErrorCode, message: string, evidence: Evidence = {}): ValidationResult => ({
  status: "inconclusive",
  refusal: refusal(code, message),
  evidence,
});

export const skipped = (reason: string): ValidationResult => ({ status: "skipped", reason });

/** Everything found about one signature of one artifact. */
export interface VerificationOutcome {
  /** The signature manifest; absent for an envelope without a registry. */
  readonly signature?: Descriptor;
  /** By which ways it was found, where it was looked for. */
  readonly ways?: readonly ReferrersWay[];
  /** The envelope's claims; absent when it could not be fetched or decoded. */
  readonly certificateChain: readonly CertificateFacts[];
  /** One entry per validation, so that a forgotten one does not compile. */
  readonly validations: Readonly<
    Record<ValidationType, { readonly action: ValidationAction; readonly result: ValidationResult }>
  >;
  /** Whether the payload's descriptor is the artifact's; enforced at every level. */
  readonly targetArtifact: ValidationResult;
  /** User metadata of the payload; to be believed only when the verdict is `verified`. */
  readonly userMetadata: Readonly<Record<string, string>>;
  /**
   * There only under `compat`: the rules that were passed over. The outcome is then what the reference implementation
   * says, for comparisons; it must not decide anything.
   */
  readonly relaxed?: readonly RelaxedRule[];
  /**
   * What the chain doctor says of the certificate chain: where the chain or the trust in it was refused, and wherever
   * it was asked for. No verdict reads it.
   */
  readonly chain?: ChainDiagnosis;
  /** The same of the timestamp authority's chain. */
  readonly timestampChain?: ChainDiagnosis;
  /** Since when these facts are kept, as ISO 8601 text, when they were not found just now. */
  readonly keptSince?: string;
}

/** `skipped` only when the level asks for no validation at all. */
export type Verdict = "verified" | "failed" | "inconclusive" | "skipped";

/** The order in which validations are judged and reported: the first one that refuses gives the reason. */
export const VALIDATION_ORDER: readonly ValidationType[] = [
  "integrity",
  "authenticity",
  "expiry",
  "authenticTimestamp",
  "revocation",
];

/**
 * Folds an outcome into one word: a validation counts when its action is `enforce`, the comparison with the artifact
 * always. `failed` outweighs `inconclusive`; an enforced validation that was not carried out is `inconclusive`. Under
 * `compat` the word is the reference implementation's, whatever `relaxed` names: it is for comparisons.
 *
 * @returns `verified` when everything enforced passed; `skipped` only when the level skips every validation.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details".
 */
export function verdict(outcome: VerificationOutcome): Verdict {
  if (VALIDATION_ORDER.every((type) => outcome.validations[type].action === "skip")) return "skipped";
  const results = enforcedResults(outcome);
  if (results.some(({ status }) => status === "failed")) return "failed";
  return results.every(({ status }) => status === "passed") ? "verified" : "inconclusive";
}

/**
 * The refusal a person should read first: the first enforced failure, else the first enforced doubt.
 *
 * @returns `undefined` when nothing enforced refused.
 */
export function firstRefusal(outcome: VerificationOutcome): Refusal | undefined {
  const result = decisiveResult(outcome);
  return result?.refusal;
}

/** The result {@link firstRefusal} is taken from, with its evidence. */
export function decisiveResult(
  outcome: VerificationOutcome,
): Extract<ValidationResult, { readonly refusal: Refusal }> | undefined {
  const refusals = enforcedResults(outcome).filter((result) => "refusal" in result);
  return refusals.find(({ status }) => status === "failed") ?? refusals[0];
}

/**
 * What comes nearest to trust in a signature that was refused for its chain, for one line of text. A chain may have
 * faults beside the one thing that decided: advice on them would mislead, such as to trust whoever changed a signature.
 *
 * @returns `undefined` when it was refused for something else, or nothing comes near.
 */
export function nearestMiss(outcome: VerificationOutcome): ChainFinding | undefined {
  const decisive = decisiveResult(outcome);
  const { authenticity } = outcome.validations;
  const code = decisive?.refusal.code;
  // Where the signer's certificate is not the first, the signature was held against the key of another.
  if (code === "SIGNATURE_MISMATCH") return outcome.chain?.findings.find(({ id }) => id === "chain-out-of-order");
  if (code === "TIMESTAMP_AUTHORITY_NOT_TRUSTED") return outcome.timestampChain?.findings[0];
  const isAboutChain = code === "CERTIFICATE_CHAIN_INVALID" ||
    (decisive === authenticity.result && code?.startsWith("IDENTITY_") !== true);
  return isAboutChain ? outcome.chain?.findings[0] : undefined;
}

function enforcedResults(outcome: VerificationOutcome): readonly ValidationResult[] {
  const validations = VALIDATION_ORDER.map((type) => outcome.validations[type]);
  return [
    ...validations.filter(({ action }) => action === "enforce").map(({ result }) => result),
    outcome.targetArtifact,
  ];
}

/** All signatures of one artifact, looked at until one verified. */
export interface ArtifactOutcome {
  /** `registry/repository@digest`: what was verified, resolved once. */
  readonly reference: string;
  readonly descriptor: Descriptor;
  readonly verdict: Verdict;
  /** In the order they were tried; with `verified` the last one is the good one. */
  readonly outcomes: readonly VerificationOutcome[];
  /** How many signatures the artifact has, tried or not. */
  readonly signatureCount: number;
  /** Set when signatures were left untried because this many had failed. */
  readonly limit?: number;
  /** Why not, when the verdict is `failed` or `inconclusive`. */
  readonly refusal?: Refusal;
  /** Of an unsigned index: its children that are signed, as printed in messages; they do not speak for the index. */
  readonly signedChildren?: readonly string[];
  /** Of an index that is not signed, where every child may be in its place: what came of those that were asked. */
  readonly children?: readonly ArtifactOutcome[];
  /** Where signatures were looked for. */
  readonly asked: readonly {
    readonly way: string;
    readonly place: string;
    readonly result: "found" | "absent" | "ignored";
    readonly reason?: string;
  }[];
}
