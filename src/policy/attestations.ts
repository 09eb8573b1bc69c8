/**
 * Attestations of an image: referrers by type, verified, then opened to conditions.
 *
 * What Kyverno asks of the first referrer of a type is asked here of each in its turn, whole: all that is asked for has
 * to be true of one and the same attestation.
 */
import { type Refusal, refusal } from "../errors.ts";
import type { ArtifactOutcome, AttestationSource, AttestedArtifact } from "../notary/mod.ts";
import { type Digest, wasAskedEverywhere } from "../oci/mod.ts";
import { type Asking, type AttestationRule, failureOf, type Tried, tryAttestation } from "./attestation.ts";
import { withinDeadline } from "./deadline.ts";
import type { ImageInfo } from "./images.ts";
import { attestationsFailed, moreAttestations, noMatchingAttestations } from "./message.ts";
import type { EvaluationContext } from "./policy.ts";
import type { VariableScope } from "./scope.ts";

/** Attestations of one type tried at most: Kyverno's number of referrers. */
export const MAX_ATTESTATIONS_TRIED = 50;

/** Reasons put into one message; the outcomes have them all. */
export const MAX_ATTESTATION_REASONS = 5;

/** The image that is attested about. */
export interface AttestedImage {
  readonly image: ImageInfo;
  /** Once its signatures have been verified. */
  readonly digest?: Digest;
}

/** What came of asking for attestations. */
export type AttestationsAnswer =
  & { readonly outcomes: readonly ArtifactOutcome[] }
  & (
    | { readonly verified: true; readonly digest: Digest; readonly scope: VariableScope }
    | {
      readonly verified: false;
      /** Kyverno's sentence. */
      readonly message: string;
      readonly refusals: readonly Refusal[];
      /** Absent when it could not be resolved. */
      readonly digest?: Digest;
    }
  );

/**
 * Asks for each attestation in its turn; the first that is not to be had ends it.
 *
 * @param scope What conditions see beside the attestations, which they see under their names from then on.
 * @returns With the scope in which what was attested can be asked for.
 */
export async function evaluateAttestations(
  rules: readonly AttestationRule[],
  attested: AttestedImage,
  scope: VariableScope,
  context: EvaluationContext,
): Promise<AttestationsAnswer> {
  const outcomes: ArtifactOutcome[] = [];
  let about = attested;
  let seen = scope;
  // One round for the lists of all types; what became of a list its rule learns in its turn.
  for (const { type } of rules) list(about, type, context).catch(() => {});
  for (const [index, rule] of rules.entries()) {
    const answer = await evaluateRule(rule, `.attestations[${index}]`, about, seen, context);
    outcomes.push(...answer.outcomes);
    if (!answer.verified) return { ...answer, outcomes };
    about = { ...about, digest: answer.digest };
    seen = answer.scope;
  }
  if (about.digest !== undefined) return { verified: true, digest: about.digest, scope: seen, outcomes };
  const why = refusal("ERR_INTERNAL", "Cannot verify attestations: none was asked for");
  return { verified: false, message: why.message, refusals: [why], outcomes };
}

function list(
  { image, digest }: AttestedImage,
  type: string,
  { artifacts }: EvaluationContext,
  options: { readonly everywhere?: boolean } = {},
): Promise<AttestedArtifact> {
  const reference = digest === undefined ? image.reference : { ...image.reference, digest };
  return artifacts.attestations(reference, type, options);
}

async function evaluateRule(
  rule: AttestationRule,
  path: string,
  about: AttestedImage,
  scope: VariableScope,
  context: EvaluationContext,
): Promise<AttestationsAnswer> {
  const { image } = about;
  const none = { verified: 0, required: rule.attestors[0]?.count ?? 1 };
  const action = `asking for attestations of ${image.image}`;
  const tried: Tried[] = [];
  let { digest } = about;
  let untried = 0;
  try {
    for await (const { descriptor, attestations } of listsOf(rule.type, about, action, context)) {
      digest = descriptor.digest;
      const asking = { rule, path, name: `${image.name}@${digest}`, scope, context };
      const room = MAX_ATTESTATIONS_TRIED - tried.length;
      untried += Math.max(0, attestations.length - room);
      tried.push(...await tryInOrder(attestations.slice(0, room), asking));
      if (endsFound(tried)) break;
    }
  } catch (thrown) {
    const { error, reason } = failureOf(thrown, action, context);
    tried.push({ outcomes: [], reasons: [reason], refusals: [error.refusal], count: none });
  }
  const outcomes = tried.flatMap((one) => one.outcomes);
  const found = tried.at(-1)?.found;
  if (found !== undefined && digest !== undefined) {
    const seen = rule.name === "" ? scope : scope.with({ [rule.name]: found.payload });
    return { verified: true, digest, scope: seen, outcomes };
  }
  const name = about.digest === undefined ? image.image : `${image.name}@${about.digest}`;
  const summary = tried.length === 0 ? missing(rule, name, none) : summarize(tried, untried, none);
  return { verified: false, outcomes, ...(digest === undefined ? {} : { digest }), ...summary };
}

/**
 * What is listed; and then, for whom that is not enough, what else is listed elsewhere, as a half-migrated registry has
 * it.
 */
async function* listsOf(
  type: string,
  about: AttestedImage,
  action: string,
  context: EvaluationContext,
): AsyncGenerator<AttestedArtifact> {
  const listed = await withinDeadline(list(about, type, context), context.signal, action);
  yield listed;
  if (wasAskedEverywhere(listed)) return;
  const resolved = { ...about, digest: listed.descriptor.digest };
  const united = await withinDeadline(list(resolved, type, context, { everywhere: true }), context.signal, action);
  const before = new Set(listed.attestations.map(({ reference }) => reference.digest));
  yield { ...united, attestations: united.attestations.filter(({ reference }) => !before.has(reference.digest)) };
}

function missing({ type }: AttestationRule, image: string, none: Tried["count"]) {
  const reason = noMatchingAttestations(image, type);
  return { message: attestationsFailed(none, [reason]), refusals: [refusal("ATTESTATION_MISSING", reason)] };
}

function summarize(tried: readonly Tried[], untried: number, none: Tried["count"]) {
  const reasons = tried.flatMap((one) => one.reasons);
  const shown = [
    ...reasons.slice(0, MAX_ATTESTATION_REASONS),
    ...(reasons.length > MAX_ATTESTATION_REASONS ? ["…"] : []),
    ...(untried > 0 ? [moreAttestations(untried)] : []),
  ];
  return {
    message: attestationsFailed(tried[0]?.count ?? none, shown),
    refusals: tried.flatMap((one) => one.refusals),
  };
}

const endsFound = (tried: readonly Tried[]): boolean => tried.at(-1)?.found !== undefined;

/** One after the other, until one is all that is asked for; when the time is over the next one stands for the rest. */
async function tryInOrder(
  sources: readonly AttestationSource[],
  asking: Asking,
): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (const source of sources) {
    tried.push(await tryAttestation(source, asking));
    if (endsFound(tried) || asking.context.signal.aborted) break;
  }
  return tried;
}
