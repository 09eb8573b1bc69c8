/**
 * Attestations of an image: referrers by type, verified, then opened to conditions.
 *
 * What Kyverno asks of the first referrer of a type is asked here of each in its turn, whole: all that is asked for has
 * to be true of one and the same attestation.
 */
import { type Refusal, refusal } from "../errors.ts";
import type { ArtifactOutcome, AttestationSource, AttestedArtifact } from "../notary/mod.ts";
import type { Digest } from "../oci/mod.ts";
import { type Asking, type AttestationRule, failureOf, type Tried, tryAttestation } from "./attestation.ts";
import { withinDeadline } from "./deadline.ts";
import type { ImageInfo } from "./images.ts";
import { attestationsFailed, noMatchingAttestations } from "./message.ts";
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
  const { image, digest: known } = about;
  const action = `asking for attestations of ${image.image}`;
  const none = { verified: 0, required: rule.attestors[0]?.count ?? 1 };
  const tried: Tried[] = [];
  let digest = known;
  try {
    const listed = await withinDeadline(list(about, rule.type, context), context.signal, action);
    digest = listed.descriptor.digest;
    const asking = { rule, path, name: `${image.name}@${digest}`, scope, context };
    tried.push(...await tryInOrder(listed.attestations, asking, tried.length));
    if (!endsFound(tried) && !listed.asked.some(({ way }) => way !== "referrers-api") && !context.signal.aborted) {
      // Before a refusal also what is listed elsewhere, as a half-migrated registry has it.
      const united = await withinDeadline(
        list({ image, digest }, rule.type, context, { everywhere: true }),
        context.signal,
        action,
      );
      const before = new Set(listed.attestations.map(({ reference }) => reference.digest));
      const others = united.attestations.filter(({ reference }) => !before.has(reference.digest));
      tried.push(...await tryInOrder(others, asking, tried.length));
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
  return {
    verified: false,
    outcomes,
    ...(digest === undefined ? {} : { digest }),
    ...summarize(tried, rule, known === undefined ? image.image : `${image.name}@${known}`, none),
  };
}

function summarize(tried: readonly Tried[], { type }: AttestationRule, image: string, none: Tried["count"]) {
  if (tried.length === 0) {
    const reason = noMatchingAttestations(image, type);
    return { message: attestationsFailed(none, [reason]), refusals: [refusal("ATTESTATION_MISSING", reason)] };
  }
  const reasons = tried.flatMap((one) => one.reasons);
  const shown = [
    ...reasons.slice(0, MAX_ATTESTATION_REASONS),
    ...(reasons.length > MAX_ATTESTATION_REASONS ? ["…"] : []),
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
  before: number,
): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (const source of sources.slice(0, MAX_ATTESTATIONS_TRIED - before)) {
    tried.push(await tryAttestation(source, asking));
    if (endsFound(tried) || asking.context.signal.aborted) break;
  }
  return tried;
}
