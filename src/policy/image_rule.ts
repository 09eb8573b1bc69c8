/** One entry of `verifyImages` and one image → what Kyverno answers, for each of the two webhooks. */
import { printable } from "../encoding/mod.ts";
import { type EngineError, type Refusal, refusal, toEngineError, UnavailableError } from "../errors.ts";
import { type ArtifactOutcome, referenceText, type Trust, verifyArtifact } from "../notary/mod.ts";
import type { Digest } from "../oci/mod.ts";
import { type AttestorAnswer, type AttestorsAnswer, type AttestorSet, evaluateAttestors } from "./attestors.ts";
import { withinDeadline } from "./deadline.ts";
import { type ImageInfo, isExempt, isRequired } from "./images.ts";
import {
  failedToParseReference,
  failedToUpdateDigest,
  failedToVerify,
  failedToVerifyImage,
  imageVerified,
  missingDigest,
  mutatedImageDigest,
  noSignature,
  type Noun,
  onlyChildrenSigned,
  ranOutOfTime,
  skippedImage,
  unverifiedImage,
  verifiedImageSignatures,
} from "./message.ts";
import type { EvaluationContext, ImageResponse, RuleStatus } from "./policy.ts";

/** One entry of `verifyImages`, compiled. */
export interface ImageVerification {
  readonly imageReferences: readonly string[];
  readonly skipImageReferences: readonly string[];
  /** Empty: images are pinned but nobody vouches for them. */
  readonly attestors: readonly AttestorSet[];
  readonly mutateDigest: boolean;
  readonly verifyDigest: boolean;
  readonly required: boolean;
}

/** Whose entry it is, for messages. */
export interface RuleName {
  readonly policy: string;
  readonly rule: string;
}

/**
 * What one entry answers about one image.
 *
 * The mutating webhook verifies and pins. The validating one judges what will be stored: there has to be a digest, and
 * what it stands for is verified again, since an annotation that says so is anybody's to write.
 *
 * @returns `undefined` when the entry has nothing to say: it is not about this image, or nothing is asked in this phase.
 */
export async function evaluateImage(
  entry: ImageVerification,
  image: ImageInfo,
  name: RuleName,
  context: EvaluationContext,
): Promise<ImageResponse | undefined> {
  if (!isRequired(image, entry.imageReferences)) return undefined;
  if (isExempt(image, entry.skipImageReferences)) {
    return respond(image, "skip", skippedImage(image.image, name.policy, name.rule));
  }
  return context.phase === "mutate" ? await mutate(entry, image, context) : await validate(entry, image, context);
}

async function mutate(
  entry: ImageVerification,
  image: ImageInfo,
  context: EvaluationContext,
): Promise<ImageResponse | undefined> {
  if (entry.attestors.length === 0) return entry.mutateDigest ? await pinOnly(image, context) : undefined;
  const answer = await askAttestors(entry, image, context);
  const { digest, outcomes } = answer;
  if (answer.verified && digest !== undefined) {
    const pinned = entry.mutateDigest && image.digest === undefined;
    const more = { digest, outcomes, ...(pinned ? { pin: pinTo(image, digest) } : {}) };
    return respond(image, "pass", verifiedImageSignatures(image.image), more);
  }
  const why = chooseRefusal(answer.refusals);
  return respond(image, statusOf(answer), failedToVerifyImage(image.image, answer.reasons), {
    refusal: why,
    outcomes,
    ...resolvedDigest(outcomes),
  });
}

/** Without attestors an entry only turns tags into digests. */
async function pinOnly(image: ImageInfo, context: EvaluationContext): Promise<ImageResponse | undefined> {
  if (image.digest !== undefined) return undefined;
  const { signal, artifacts } = context;
  const action = `resolving ${image.image}`;
  try {
    const { digest } = await withinDeadline(artifacts.resolve(image.reference), signal, action);
    return respond(image, "pass", mutatedImageDigest, { digest, pin: pinTo(image, digest) });
  } catch (thrown) {
    const error = toEngineError(thrown, `Cannot resolve ${image.image}`);
    const late = error.code === "ERR_DEADLINE";
    const message = late ? ranOutOfTime(action) : failedToUpdateDigest(image.image, error.message);
    return respond(image, late ? "fail" : "error", message, { refusal: error.refusal });
  }
}

async function validate(
  entry: ImageVerification,
  image: ImageInfo,
  context: EvaluationContext,
): Promise<ImageResponse | undefined> {
  if (entry.verifyDigest && image.digest === undefined) {
    const message = missingDigest(image.image);
    return respond(image, "fail", message, { refusal: refusal("IMAGE_DIGEST_MISSING", message) });
  }
  if (!entry.required) return undefined;
  const message = unverifiedImage(image.image);
  if (entry.attestors.length === 0) {
    const why = refusal("IMAGE_NOT_VERIFIED", `${message}: the rule has no attestors, so nothing can verify it`);
    return respond(image, "fail", message, { refusal: why });
  }
  const { verified, digest, refusals, outcomes } = await askAttestors(entry, image, context);
  if (verified && digest !== undefined) return respond(image, "pass", imageVerified, { digest, outcomes });
  // What is required and could not be verified is refused even where the registry could not be asked: this is the last
  // look at what will be stored.
  const why = chooseRefusal(refusals);
  return respond(image, "fail", message, { refusal: why, outcomes, ...resolvedDigest(outcomes) });
}

async function askAttestors(
  entry: ImageVerification,
  image: ImageInfo,
  context: EvaluationContext,
): Promise<AttestorsAnswer> {
  return await evaluateAttestors(entry.attestors, (trust) => askAttestor(trust, image, context));
}

async function askAttestor(trust: Trust, image: ImageInfo, context: EvaluationContext): Promise<AttestorAnswer> {
  const { artifacts, signal, noun } = context;
  const action = `verifying ${image.image}`;
  try {
    const outcome = await withinDeadline(verifyArtifact(image.reference, trust, artifacts, {}), signal, action);
    if (outcome.verdict === "verified") return { verified: true, outcome };
    const why = outcome.refusal ?? refusal("ERR_INTERNAL", `Cannot verify ${outcome.reference}: no reason was given`);
    return {
      verified: false,
      reason: failedToVerify(outcome.reference, sentenceOf(outcome, noun)),
      refusal: why,
      outcome,
    };
  } catch (thrown) {
    // An aborted fetch may look like a registry that is down, which a policy may choose to tolerate.
    const error = signal.aborted
      ? new UnavailableError("ERR_DEADLINE", `Ran out of time at ${action}`, { cause: thrown })
      : toEngineError(thrown, `Cannot verify ${image.image}`);
    return { verified: false, reason: await reasonOf(error, image, action, context), refusal: error.refusal };
  }
}

/** What notation says of an outcome; where it has nothing to look at, in the words of whoever asked. */
function sentenceOf(outcome: ArtifactOutcome, noun: Noun): string {
  if (outcome.refusal?.code !== "SIGNATURE_MISSING") return referenceText(outcome);
  return noSignature(outcome.reference, noun) + onlyChildrenSigned(outcome.signedChildren ?? []);
}

/** Kyverno's sentence for an attestor that could not be asked: it tells resolving from everything after. */
async function reasonOf(
  error: EngineError,
  image: ImageInfo,
  action: string,
  { artifacts, signal }: EvaluationContext,
): Promise<string> {
  if (error.code === "ERR_DEADLINE") return ranOutOfTime(action);
  try {
    // The view remembers what became of it, so this asks nobody.
    const { digest } = await withinDeadline(artifacts.resolve(image.reference), signal, action);
    return failedToVerify(`${image.name}@${digest}`, printable(error.message));
  } catch {
    return failedToParseReference(image.image, error.message);
  }
}

/**
 * Kyverno tells a registry that cannot be reached, an error that a policy may choose to tolerate, from every other
 * answer, which is a failure. Where the registry has shown us the artifact, it can be reached: what it then keeps back
 * is a failure, and so is running out of time, which must never admit.
 */
function statusOf({ refusals, outcomes }: AttestorsAnswer): RuleStatus {
  const unreachable = outcomes.length === 0 && refusals.some(({ code }) => code === "ERR_REGISTRY_UNAVAILABLE");
  return unreachable ? "error" : "fail";
}

/** Of several refusals the one that may go away by itself, since then the others may not matter; else the first. */
function chooseRefusal(refusals: readonly Refusal[]): Refusal {
  return refusals.find(({ retry }) => retry) ?? refusals[0] ??
    refusal("IMAGE_NOT_VERIFIED", "Cannot verify the image: no attestor was asked");
}

function resolvedDigest(outcomes: readonly ArtifactOutcome[]): { readonly digest?: Digest } {
  const digest = outcomes[0]?.descriptor.digest;
  return digest === undefined ? {} : { digest };
}

function pinTo(image: ImageInfo, digest: Digest): NonNullable<ImageResponse["pin"]> {
  return { value: `${image.name}:${image.tag}@${digest}`, digest };
}

function respond(
  image: ImageInfo,
  status: RuleStatus,
  message: string,
  more: Partial<Pick<ImageResponse, "pin" | "digest" | "refusal" | "outcomes">> = {},
): ImageResponse {
  const { container, pointer } = image;
  return { image: image.image, pointer, container, status, message, outcomes: [], ...more };
}
