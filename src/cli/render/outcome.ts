/** The outcome of a verification: notation's sentences for people, all of it as data for programs. */
import { printable } from "../../encoding/mod.ts";
import { kindOfRefusal, type Refusal, refusal } from "../../errors.ts";
import {
  type ArtifactOutcome,
  firstRefusal,
  nearestMiss,
  resultReferenceText,
  VALIDATION_ORDER,
  verdict,
  type VerificationOutcome,
} from "../../notary/mod.ts";
import { MAX_PRINTED_MESSAGE } from "../report.ts";
import { renderColumns } from "./columns.ts";
import { sortedMembers } from "./json.ts";
import { descriptorValue } from "./referrers.ts";

/** Longest key or value of user metadata that is printed whole. */
const MAX_PRINTED_METADATA = 8192;

/** Signatures whose reason is printed after a failure. */
export const MAX_PRINTED_REASONS = 20;

/** What notation 1.3 prints after a success: the sentence, and the user metadata of the good signature as a table. */
export function renderSuccess(
  { reference, outcomes, verdict }: Pick<ArtifactOutcome, "reference" | "outcomes" | "verdict">,
): string {
  if (verdict === "skipped") return `Trust policy is configured to skip signature verification for ${reference}\n`;
  const sentence = `Successfully verified signature for ${reference}\n`;
  const metadata = Object.entries(sortedMembers(outcomes.at(-1)?.userMetadata ?? {}));
  if (metadata.length === 0) return sentence;
  const shown = (text: string): string => printable(text, MAX_PRINTED_METADATA);
  const rows = metadata.map(([key, value]) => [shown(key), shown(value)]);
  return `${sentence}\nThe artifact was signed with the following user metadata.\n\n` +
    renderColumns([["KEY", "VALUE"], ...rows]);
}

/** What notation 1.3 says of validations that did not pass and that the level only reports. */
export function renderWarnings({ outcomes, verdict }: Pick<ArtifactOutcome, "outcomes" | "verdict">): string {
  const validations = outcomes.at(-1)?.validations;
  if (verdict !== "verified" || validations === undefined) return "";
  return VALIDATION_ORDER.map((type) => {
    const { action, result } = validations[type];
    if (!("refusal" in result)) return "";
    const reason = printable(resultReferenceText(result) ?? result.refusal.message, MAX_PRINTED_MESSAGE);
    return `Warning: ${type} was set to "${action}" and failed with error: ${reason}\n`;
  }).join("");
}

/** What is said after a failure: notation's line, then where signatures were looked for or why each was refused. */
export interface Failure {
  readonly refusal: Refusal;
  readonly line: string;
  readonly advice: readonly string[];
  /** Whether the refusal's own sentence adds to the advice. */
  readonly reason: boolean;
}

/**
 * Makes the sentences of a failure.
 *
 * @param explained Whether the reasons have been printed already.
 */
export function renderFailure(outcome: ArtifactOutcome, explained: boolean): Failure {
  const { reference, outcomes } = outcome;
  const why = outcome.refusal ??
    refusal("ERR_INTERNAL", `Cannot verify "${reference}": the verdict is "${outcome.verdict}" without a reason`);
  if (why.code === "SIGNATURE_MISSING") {
    return {
      refusal: why,
      line: `Error: signature verification failed: no signature is associated with "${reference}", ` +
        "make sure the artifact was signed successfully",
      // The refusal's own sentence names every place that was asked.
      advice: [],
      reason: !explained,
    };
  }
  const printed = outcomes.slice(0, explained ? 0 : MAX_PRINTED_REASONS);
  const reasons = printed.flatMap((signature) => {
    const found = firstRefusal(signature);
    const name = `Signature ${signature.signature?.digest ?? "without manifest"}`;
    if (found === undefined) return [`${name}: no reason`];
    const nearest = nearestMiss(signature);
    return [
      `${name}: ${found.code} (${kindOfRefusal(found)}): ${printable(found.message)}`,
      `  Next: ${found.nextStep}`,
      ...(nearest === undefined ? [] : [`  Chain: ${nearest.message}`]),
    ];
  });
  const more = outcomes.length - printed.length;
  return {
    refusal: why,
    line: storeLine(outcome) ??
      `Error: signature verification failed for all the signatures associated with ${reference}`,
    advice: more > 0 && !explained ? [...reasons, `Signature: and ${more} more`] : reasons,
    reason: false,
  };
}

/** Codes of trust stores that cannot be used, and what notation advises. */
const STORE_ADVICE: Readonly<Record<string, string>> = {
  ERR_TRUST_STORE: "",
  ERR_TRUST_STORE_EMPTY: "Use command 'notation cert add' to create and add trusted certificates to the trust store",
};

/** What the library puts before a sentence about a store of timestamp authorities, and the command does not print. */
const TIMESTAMP_PREFIX = "failed to load tsa trust store with error: ";

/** Of all reasons, notation names this one: an enforced validation that had no trust store. */
function storeLine({ outcomes, limit }: ArtifactOutcome): string | undefined {
  if (limit !== undefined) return undefined;
  for (const { validations } of outcomes) {
    for (const { action, result } of VALIDATION_ORDER.map((type) => validations[type])) {
      if (action !== "enforce" || !("refusal" in result)) continue;
      const advice = STORE_ADVICE[result.refusal.code];
      const { reference, referenceCause } = result.evidence;
      if (advice === undefined || typeof reference !== "string") continue;
      const second = advice !== "" ? advice : referenceCause;
      const first = reference.replace(TIMESTAMP_PREFIX, "");
      const sentences = second === undefined ? first : `${first}. ${String(second)}`;
      return `Error: ${printable(sentences, MAX_PRINTED_MESSAGE)}`;
    }
  }
  return undefined;
}

/** All that was found, as JSON data: the same that `--explain` prints. */
export function outcomeValue(outcome: ArtifactOutcome): Record<string, unknown> {
  return {
    reference: outcome.reference,
    descriptor: descriptorValue(outcome.descriptor),
    verdict: outcome.verdict,
    refusal: outcome.refusal,
    asked: outcome.asked,
    limit: outcome.limit,
    signatureCount: outcome.signatureCount,
    signatures: outcome.outcomes.map(signatureValue),
  };
}

/** The same of a file and its one signature. @param path The file as the user typed it. */
export function blobOutcomeValue(path: string, outcome: VerificationOutcome): Record<string, unknown> {
  return {
    reference: path,
    verdict: verdict(outcome),
    refusal: firstRefusal(outcome),
    signatures: [signatureValue(outcome)],
  };
}

function signatureValue(outcome: VerificationOutcome): Record<string, unknown> {
  const validations = VALIDATION_ORDER.map((type) => {
    const { action, result } = outcome.validations[type];
    return [type, { action, ...result }] as const;
  });
  return {
    digest: outcome.signature?.digest,
    ways: outcome.ways,
    verdict: verdict(outcome),
    certificateChain: outcome.certificateChain,
    validations: {
      ...Object.fromEntries(validations),
      targetArtifact: { action: "enforce", ...outcome.targetArtifact },
    },
    chain: outcome.chain,
    timestampChain: outcome.timestampChain,
    // What a signature that is not verified says of itself is nobody's word.
    userMetadata: verdict(outcome) === "verified" ? sortedMembers(outcome.userMetadata) : undefined,
  };
}
