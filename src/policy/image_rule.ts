/** One entry of `verifyImages` and one image → what Kyverno answers, for each of the two webhooks. */
import { printable } from "../encoding/mod.ts";
import { type EngineError, type Refusal, refusal, toEngineError, UnavailableError } from "../errors.ts";
import { OWN_LIMITS } from "../http/mod.ts";
import {
  type ArtifactOutcome,
  referenceText,
  type Trust,
  verifyArtifact,
  verifyArtifactOrChildren,
} from "../notary/mod.ts";
import type { Digest } from "../oci/mod.ts";
import type { AttestationRule } from "./attestation.ts";
import { evaluateAttestations } from "./attestations.ts";
import { type AttestorAnswer, type AttestorSet, evaluateAttestors } from "./attestors.ts";
import { withinDeadline } from "./deadline.ts";
import { type DenyRule, evaluateDeny } from "./deny.ts";
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
  notEveryChildSigned,
  type Noun,
  onlyChildrenSigned,
  ranOutOfTime,
  skippedImage,
  unverifiedImage,
  validationFailed,
  validationPassed,
  verifiedImageAttestations,
  verifiedImageSignatures,
} from "./message.ts";
import type { EvaluationContext, ImageResponse, RuleStatus } from "./policy.ts";
import type { RegistryCredentials } from "./registry_views.ts";
import { imageVariables } from "./request_scope.ts";
import type { VariableScope } from "./scope.ts";

/** One entry of `verifyImages`, compiled. */
export interface ImageVerification {
  readonly imageReferences: readonly string[];
  readonly skipImageReferences: readonly string[];
  /** Empty: images are pinned but nobody vouches for them. */
  readonly attestors: readonly AttestorSet[];
  /** Asked for once the attestors are satisfied. */
  readonly attestations: readonly AttestationRule[];
  /** What must not be true, with all that was attested. */
  readonly deny?: DenyRule;
  /** With whose credentials it is looked at; the Pod's or the endpoint's own when left out. */
  readonly credentials?: RegistryCredentials;
  readonly mutateDigest: boolean;
  readonly verifyDigest: boolean;
  readonly required: boolean;
  /** Signatures tried at most; the engine's number when left out. */
  readonly maxSignatures?: number;
  /** What has to be signed where an image is an index: itself (default), or in its place every child. */
  readonly index?: "index" | "all-children";
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
 * @param scope What conditions on attestations see; `image` is added to it.
 * @returns `undefined` when the entry has nothing to say: it is not about this image, or nothing is asked in this
 * phase.
 */
export async function evaluateImage(
  entry: ImageVerification,
  image: ImageInfo,
  name: RuleName,
  scope: VariableScope,
  given: EvaluationContext,
): Promise<ImageResponse | undefined> {
  if (!isRequired(image, entry.imageReferences)) return undefined;
  if (isExempt(image, entry.skipImageReferences)) {
    return respond(image, "skip", skippedImage(image.image, name.policy, name.rule));
  }
  const context = { ...given, artifacts: given.views(entry.credentials) };
  const seen = scope.with({ image: imageVariables(image) });
  if (!isVerified(entry) && entry.deny !== undefined) {
    const denied = await evaluateDeny(entry.deny, seen, context);
    if (denied !== undefined) {
      return respond(image, "fail", validationFailed(denied.reason), { refusal: denied.refusal });
    }
  }
  const verify = () => verifyImage(entry, image, name, seen, context);
  return context.phase === "mutate"
    ? await mutate(entry, image, verify, context)
    : await validate(entry, image, verify);
}

/** What came of everything an entry asks about an image. */
type ImageAnswer =
  & { readonly message: string; readonly outcomes: readonly ArtifactOutcome[] }
  & (
    | { readonly verified: true; readonly digest: Digest }
    | {
      readonly verified: false;
      readonly status: RuleStatus;
      readonly refusal: Refusal;
      /** Absent when it could not be resolved. */
      readonly digest?: Digest;
    }
  );

/** Whether somebody has to vouch for the image. */
const isVerified = ({ attestors, attestations }: ImageVerification): boolean =>
  attestors.length + attestations.length > 0;

/** Its signatures first, then what is attested about it, then what must not be true of all that. */
async function verifyImage(
  entry: ImageVerification,
  image: ImageInfo,
  { rule }: RuleName,
  scope: VariableScope,
  context: EvaluationContext,
): Promise<ImageAnswer> {
  const outcomes: ArtifactOutcome[] = [];
  let { digest } = image;
  let message = verifiedImageSignatures(image.image);
  let seen = scope;
  if (entry.attestors.length > 0) {
    const signed = await evaluateAttestors(entry.attestors, (trust) => askAttestor(trust, entry, image, context));
    outcomes.push(...signed.outcomes);
    const found = signed.digest ?? signed.outcomes[0]?.descriptor.digest;
    if (!signed.verified || found === undefined) {
      const why = { refusal: chooseRefusal(signed.refusals), ...(found === undefined ? {} : { digest: found }) };
      const status = statusOf(signed.refusals, signed.outcomes.length > 0);
      return { verified: false, status, message: failedToVerifyImage(image.image, signed.reasons), outcomes, ...why };
    }
    digest = found;
  }
  if (entry.attestations.length > 0) {
    const about = { image, ...(digest === undefined ? {} : { digest }) };
    const attested = await evaluateAttestations(entry.attestations, about, seen, context);
    outcomes.push(...attested.outcomes);
    if (!attested.verified) {
      const { digest: resolved } = attested;
      const why = {
        refusal: chooseRefusal(attested.refusals),
        ...(resolved === undefined ? {} : { digest: resolved }),
      };
      // Where the image's signatures were verified, the registry was there a moment ago.
      const status = statusOf(attested.refusals, outcomes.length > 0 || resolved !== undefined);
      return { verified: false, status, message: attested.message, outcomes, ...why };
    }
    digest = attested.digest;
    message = verifiedImageAttestations(`${image.name}@${digest}`);
    seen = attested.scope;
  }
  if (digest === undefined) {
    const why = chooseRefusal([]);
    return { verified: false, status: "fail", message: why.message, refusal: why, outcomes };
  }
  if (entry.deny === undefined) return { verified: true, digest, message, outcomes };
  const denied = await evaluateDeny(entry.deny, seen, context);
  if (denied === undefined) return { verified: true, digest, message: validationPassed(rule), outcomes };
  const { reason, refusal: why } = denied;
  return { verified: false, status: "fail", message: validationFailed(reason), refusal: why, digest, outcomes };
}

async function mutate(
  entry: ImageVerification,
  image: ImageInfo,
  verify: () => Promise<ImageAnswer>,
  context: EvaluationContext,
): Promise<ImageResponse | undefined> {
  if (!isVerified(entry)) return entry.mutateDigest ? await pinOnly(image, context) : undefined;
  const { message, ...answer } = await verify();
  if (!answer.verified) {
    const { status, verified: _, ...more } = answer;
    return respond(image, status, message, more);
  }
  const { digest, outcomes } = answer;
  const pinned = entry.mutateDigest && image.digest === undefined;
  return respond(image, "pass", message, { digest, outcomes, ...(pinned ? { pin: pinTo(image, digest) } : {}) });
}

/** Where nobody has to vouch for it, an entry only turns tags into digests. */
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
    return respond(image, OWN_LIMITS.has(error.code) ? "fail" : "error", message, { refusal: error.refusal });
  }
}

async function validate(
  entry: ImageVerification,
  image: ImageInfo,
  verify: () => Promise<ImageAnswer>,
): Promise<ImageResponse | undefined> {
  if (entry.verifyDigest && image.digest === undefined) {
    const message = missingDigest(image.image);
    return respond(image, "fail", message, { refusal: refusal("IMAGE_DIGEST_MISSING", message) });
  }
  if (!entry.required) return undefined;
  const message = unverifiedImage(image.image);
  if (!isVerified(entry)) {
    const why = refusal("IMAGE_NOT_VERIFIED", `${message}: the rule has no attestors, so nothing can verify it`);
    return respond(image, "fail", message, { refusal: why });
  }
  const answer = await verify();
  const { outcomes } = answer;
  if (answer.verified) return respond(image, "pass", imageVerified, { digest: answer.digest, outcomes });
  // What is required and could not be verified is refused even where the registry could not be asked: this is the last
  // look at what will be stored.
  const { refusal: why, digest } = answer;
  return respond(image, "fail", message, { refusal: why, outcomes, ...(digest === undefined ? {} : { digest }) });
}

async function askAttestor(
  trust: Trust,
  { index, maxSignatures }: Pick<ImageVerification, "index" | "maxSignatures">,
  image: ImageInfo,
  context: EvaluationContext,
): Promise<AttestorAnswer> {
  const { artifacts, signal, noun } = context;
  const verify = index === "all-children" ? verifyArtifactOrChildren : verifyArtifact;
  const options = maxSignatures === undefined ? {} : { maxSignatures };
  const action = `verifying ${image.image}`;
  try {
    const outcome = await withinDeadline(verify(image.reference, trust, artifacts, options), signal, action);
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
  const child = outcome.children?.find(({ verdict }) => verdict !== "verified");
  if (child !== undefined) {
    return notEveryChildSigned(outcome.reference, child.descriptor.digest, sentenceOf(child, noun));
  }
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
function statusOf(refusals: readonly Refusal[], shown: boolean): RuleStatus {
  return !shown && refusals.some(({ code }) => code === "ERR_REGISTRY_UNAVAILABLE") ? "error" : "fail";
}

/** Of several refusals the one that may go away by itself, since then the others may not matter; else the first. */
function chooseRefusal(refusals: readonly Refusal[]): Refusal {
  return refusals.find(({ retry }) => retry) ?? refusals[0] ??
    refusal("IMAGE_NOT_VERIFIED", "Cannot verify the image: no attestor was asked");
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
