/** One reference → outcomes of its signatures, until one is verified. */
import { ConfigurationError, type Refusal, refusal, UnavailableError } from "../../errors.ts";
import { type CallOptions, principalOf, type Reference, repositoryName, wasAskedEverywhere } from "../../oci/mod.ts";
import { watchRevocation } from "../evidence.ts";
import type { Trust } from "../trust/mod.ts";
import { type ArtifactOutcome, firstRefusal, verdict, type VerificationOutcome } from "./outcome.ts";
import { outcomeOfError, skippedOutcome, verifySignature } from "./signature.ts";
import { explainMissingSignature } from "./unsigned.ts";
import { requireMetadata, type WantedMetadata } from "./user_metadata.ts";
import type { ArtifactView, SignatureSource, SignedArtifact, ViewPorts } from "./view.ts";

/** Signatures of one artifact tried at most, unless the caller says otherwise: notation's number. */
export const MAX_SIGNATURES = 100;
/** Signatures fetched at the same time, once the first has not verified. */
export const MAX_PARALLEL_SIGNATURES = 4;

/** What bounds and narrows one verification. */
export interface ArtifactOptions {
  /** Signatures tried at most; a whole number from 1. */
  readonly maxSignatures?: number;
  /** What a signature must have signed beside the artifact: the first that has it all and is good verifies. */
  readonly userMetadata?: WantedMetadata;
}

/**
 * Verifies an artifact: whether one of its signatures is by someone trusted. A signature that is broken, foreign or
 * gone does not stand in the way of a good one.
 *
 * @param reference With a digest, its tag is not looked at.
 * @returns `verified` with the first signature that verified, in the registry's order. `inconclusive` when none did and
 * at least one could not be judged; otherwise `failed`, with `SIGNATURE_MISSING` when there is none. `skipped` when the
 * level skips every validation: then no signature is asked for.
 * @throws {EngineError} When the artifact or its list of signatures could not be had: never "no signature".
 *
 * Spec: Notary Project, signing-and-verification-workflow.md, "Verification steps".
 */
export async function verifyArtifact(
  reference: Reference,
  trust: Trust,
  view: ArtifactView,
  options: ArtifactOptions = {},
): Promise<ArtifactOutcome> {
  const limit = readLimit(options.maxSignatures ?? MAX_SIGNATURES);
  if (verdict(skippedOutcome(trust)) === "skipped") {
    const descriptor = await view.resolve(reference);
    const name = `${repositoryName(reference)}@${descriptor.digest}`;
    return { reference: name, descriptor, verdict: "skipped", outcomes: [], signatureCount: 0, asked: [] };
  }
  const wanted: Wanted = {
    trust,
    ...(options.userMetadata === undefined ? {} : { userMetadata: options.userMetadata }),
  };
  const { artifact, outcomes } = await trySignatures(reference, wanted, view, limit);
  const summary = summaryOf(artifact);
  if (artifact.signatures.length === 0) {
    const missing = await explainMissingSignature(artifact, view.call);
    return { ...summary, verdict: "failed", outcomes, ...missing };
  }
  if (endsVerified(outcomes)) return { ...summary, verdict: "verified", outcomes };
  const undecided = outcomes.find(isUndecided);
  const exceeded = artifact.signatures.length > limit && outcomes.length === limit ? { limit } : {};
  return {
    ...summary,
    ...exceeded,
    verdict: undecided === undefined ? "failed" : "inconclusive",
    outcomes,
    refusal: summarize(artifact, outcomes, undecided, exceeded.limit),
  };
}

/** What a signature has to be. */
interface Wanted extends Pick<ArtifactOptions, "userMetadata"> {
  readonly trust: Trust;
}

function summaryOf({ name, descriptor, signatures, asked }: SignedArtifact) {
  return { reference: name, descriptor, signatureCount: signatures.length, asked };
}

function endsVerified(outcomes: readonly VerificationOutcome[]): boolean {
  const last = outcomes.at(-1);
  return last !== undefined && verdict(last) === "verified";
}

function isUndecided(outcome: VerificationOutcome): boolean {
  return verdict(outcome) === "inconclusive";
}

function readLimit(maxSignatures: number): number {
  if (Number.isSafeInteger(maxSignatures) && maxSignatures > 0) return maxSignatures;
  throw new ConfigurationError(
    "ERR_CONFIG",
    `Cannot bound the signatures tried: maxSignatures is ${maxSignatures}, expected a whole number from 1`,
  );
}

/** Tries what is listed; before a refusal also what is listed elsewhere, as a half-migrated registry has it. */
async function trySignatures(
  reference: Reference,
  wanted: Wanted,
  view: ArtifactView,
  limit: number,
): Promise<{ readonly artifact: SignedArtifact; readonly outcomes: readonly VerificationOutcome[] }> {
  const artifact = await view.signatures(reference);
  const outcomes = await tryInOrder(artifact, artifact.signatures.slice(0, limit), wanted, view);
  const allAsked = wasAskedEverywhere(artifact);
  // Once the time is over the other place cannot be asked: a doubt may stand for it, a failure may not.
  const timeIsOver = view.call.signal.aborted && outcomes.some(isUndecided);
  if (endsVerified(outcomes) || allAsked || timeIsOver) return { artifact, outcomes };
  const united = await view.signatures(reference, { everywhere: true });
  const tried = new Set(outcomes.map(({ signature }) => signature?.digest));
  const others = united.signatures.filter(({ descriptor }) => !tried.has(descriptor.digest));
  const more = await tryInOrder(united, others.slice(0, limit - outcomes.length), wanted, view);
  return { artifact: united, outcomes: [...outcomes, ...more] };
}

/**
 * One first, so that a good signature costs no more than itself; then several at a time, judged in their order. When
 * the time is over the next one stands for all that were not tried: it is not known what they are.
 */
async function tryInOrder(
  artifact: SignedArtifact,
  signatures: readonly SignatureSource[],
  wanted: Wanted,
  view: ArtifactView,
): Promise<readonly VerificationOutcome[]> {
  const outcomes: VerificationOutcome[] = [];
  for (let start = 0; start < signatures.length;) {
    const batch = signatures.slice(start, start + (start === 0 ? 1 : MAX_PARALLEL_SIGNATURES));
    start += batch.length;
    if (view.call.signal.aborted) return [...outcomes, ...batch.slice(0, 1).map((source) => outOfTime(source, wanted))];
    for (const outcome of await Promise.all(batch.map((source) => tryOne(artifact, source, wanted, view)))) {
      outcomes.push(outcome);
      if (verdict(outcome) === "verified") return outcomes;
    }
  }
  return outcomes;
}

function outOfTime({ descriptor, ways }: SignatureSource, { trust }: Wanted): VerificationOutcome {
  const error = new UnavailableError("ERR_DEADLINE", "Cannot try this signature and those after it: ran out of time");
  return { ...outcomeOfError(error, trust), signature: descriptor, ways };
}

async function tryOne(
  artifact: SignedArtifact,
  source: SignatureSource,
  { trust, userMetadata }: Wanted,
  { ports, call }: ArtifactView,
): Promise<VerificationOutcome> {
  const where = { signature: source.descriptor, ways: source.ways };
  try {
    const outcome = await findOrVerify(artifact, source, trust, ports, call);
    return { ...requireMetadata(outcome, userMetadata), ...where };
  } catch (thrown) {
    return { ...outcomeOfError(thrown, trust), ...where };
  }
}

/** Facts that were kept, else those found now, which are kept. */
async function findOrVerify(
  { descriptor: artifact, repository }: SignedArtifact,
  source: SignatureSource,
  trust: Trust,
  ports: ViewPorts,
  call: CallOptions,
): Promise<VerificationOutcome> {
  // What is kept has not been to the chain doctor.
  const evidence = ports.diagnose === "every" ? undefined : ports.evidence;
  // Where it cannot be told who asks, nothing that was kept is for them.
  const principal = evidence && await principalOf(repository, call).catch(() => undefined);
  if (evidence === undefined || principal === undefined) {
    return await verifySignature(await source.envelope(), artifact, trust, { ...ports, ...call }, source.integrity());
  }
  const question = { envelope: await source.blob(), artifact, trust, principal };
  const known = await evidence.find(question);
  if (known !== undefined) return known;
  const revocation = watchRevocation(ports.revocation);
  const { revocation: _asked, ...others } = ports;
  const watched = revocation.checker === undefined ? others : { ...others, revocation: revocation.checker };
  const envelope = await source.envelope();
  const since = ports.now();
  const outcome = await verifySignature(envelope, artifact, trust, { ...watched, ...call }, source.integrity());
  await evidence.keep(question, outcome, { envelope, revocation, since });
  return outcome;
}

/** The first that could not be judged gives the code, as a retry may help; else the limit; else the first. */
function summarize(
  { name, signatures }: SignedArtifact,
  outcomes: readonly VerificationOutcome[],
  undecided: VerificationOutcome | undefined,
  limit: number | undefined,
): Refusal {
  const reasons = outcomes.map((outcome) => {
    const reason = firstRefusal(outcome);
    return `"${outcome.signature?.digest ?? "?"}": ${reason?.message ?? "not verified"}`;
  });
  const list = reasons.slice(0, MAX_REASONS).join("; ") + (reasons.length > MAX_REASONS ? "; …" : "");
  const found = limit === undefined
    ? `none of ${outcomes.length} signatures verified`
    : `it has ${signatures.length} signatures, none of the first ${limit} verified`;
  const message = `Cannot verify "${name}": ${found}: ${list}`;
  if (limit !== undefined && undecided === undefined) return refusal("SIGNATURE_LIMIT_EXCEEDED", message);
  const decisive = undecided ?? outcomes[0];
  return refusal((decisive === undefined ? undefined : firstRefusal(decisive)?.code) ?? "ERR_INTERNAL", message);
}

/** Reasons put into one message; the outcomes have them all. */
const MAX_REASONS = 5;
