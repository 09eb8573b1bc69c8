/** One envelope and one artifact → one outcome: every validation of the Notary Project, each with its result. */
import { MalformedError, toEngineError } from "../../errors.ts";
import { printable } from "../../encoding/mod.ts";
import type { RequestBudget } from "../../http/mod.ts";
import type { Descriptor } from "../../oci/mod.ts";
import type { CryptoProvider, Ports } from "../../ports.ts";
import type { RevocationChecker } from "../../revocation/mod.ts";
import type { Envelope, EnvelopeBytes } from "../envelope/envelope.ts";
import { decodeEnvelope } from "../envelope/formats.ts";
import { readPayload } from "../envelope/payload.ts";
import { referenceOf } from "../envelope/refuse.ts";
import type { ReadOptions, Relaxations } from "../envelope/strict_rules.ts";
import type { Trust, ValidationType } from "../trust/mod.ts";
import { validateAuthenticTimestamp } from "./authentic_timestamp.ts";
import { validateAuthenticity } from "./authenticity.ts";
import { validateExpiry } from "./expiry.ts";
import { validateIntegrity } from "./integrity.ts";
import { type CertificateFacts, describeCertificates } from "./certificate_facts.ts";
import { diagnose } from "./diagnose.ts";
import { failed, inconclusive, passed, skipped, type ValidationResult, type VerificationOutcome } from "./outcome.ts";
import { type RevocationQuestion, validateRevocation } from "./revocation.ts";
import { validateTargetArtifact } from "./target_artifact.ts";

/** What verification asks of the outside world. */
export type VerificationPorts = Pick<Ports, "crypto" | "now"> & {
  /** Asks whether certificates are revoked; without it nobody does, and those that could be count as unknown. */
  readonly revocation?: RevocationChecker;
  /** Ends what the checker asks of others. */
  readonly signal?: AbortSignal;
  /** What the checker's requests are taken from. */
  readonly budget?: RequestBudget;
  /** Which chains the chain doctor looks at: those that were refused (default), or every one. */
  readonly diagnose?: "refused" | "every";
};

/**
 * Verifies an envelope: whether someone trusted signed this artifact, and still stands by it. The verdict is
 * `verdict()` of what is returned.
 *
 * @param artifact The artifact as resolved; its media type, digest and size must be those that were signed.
 * @param known The envelope's integrity where it is known already; by default it is computed.
 * @returns One result per validation; nothing is judged of an envelope whose integrity is not proven.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details".
 */
export async function verifySignature(
  envelope: Envelope,
  artifact: Descriptor,
  trust: Trust,
  ports: VerificationPorts,
  known?: Promise<ValidationResult>,
): Promise<VerificationOutcome> {
  const relaxations: Relaxations | undefined = envelope.relaxed === undefined ? undefined : new Set(envelope.relaxed);
  const integrity = known ?? validateIntegrity(envelope, ports.crypto, relaxations);
  // What does not depend on the primitive is worked out while it is computed, and given out only when it fits.
  const [judged, proven, certificateChain] = await Promise.all([
    judge(envelope, artifact, trust, ports, integrity, relaxations),
    integrity,
    describeChain(envelope, ports.crypto),
  ]);
  const outcome = proven.status === "passed"
    ? assemble(proven, judged, trust, certificateChain)
    : { ...unproven(proven, trust), certificateChain };
  const relaxed = relaxations === undefined ? {} : { relaxed: [...relaxations] };
  return { ...outcome, ...relaxed, ...await diagnose(envelope, outcome, trust, ports) };
}

function assemble(
  integrity: ValidationResult,
  { validations, ...rest }: Awaited<ReturnType<typeof judge>>,
  { level: { actions } }: Trust,
  certificateChain: readonly CertificateFacts[],
): VerificationOutcome {
  return {
    certificateChain,
    validations: { integrity: { action: actions.integrity, result: integrity }, ...validations },
    ...rest,
  };
}

/** Everything but integrity. */
async function judge(
  envelope: Envelope,
  artifact: Descriptor,
  trust: Trust,
  { crypto, now, ...asking }: VerificationPorts,
  integrity: Promise<ValidationResult>,
  relaxations: Relaxations | undefined,
) {
  const at = now();
  const validation = <Result>(type: ValidationType, validate: () => Result) => {
    const action = trust.level.actions[type];
    return { action, result: action === "skip" ? SKIPPED_BY_LEVEL : validate() };
  };
  const authenticity = validation("authenticity", () => validateAuthenticity(envelope, trust, crypto));
  const authenticTimestamp = validation(
    "authenticTimestamp",
    () =>
      validateAuthenticTimestamp(
        envelope,
        trust,
        at,
        crypto,
        (certificateChain) => validateRevocation({ certificateChain }, questionOf(asking), crypto),
        relaxations,
      ),
  );
  const expiry = validation("expiry", () => validateExpiry(envelope.signedAttributes, at));
  const revocation = validation("revocation", async () => {
    const question = questionOf(asking, envelope);
    // Whoever pushed the envelope chose its certificates and the URLs in them: those of a stranger are not asked.
    const isKnown = question !== undefined && (await integrity).status === "passed" &&
      (await authenticity.result).status === "passed";
    return await validateRevocation(envelope, isKnown ? question : undefined, crypto);
  });
  const compared = compareArtifact(envelope, artifact, relaxations);
  return {
    validations: {
      authenticity: { action: authenticity.action, result: await authenticity.result },
      expiry,
      authenticTimestamp: { action: authenticTimestamp.action, result: await authenticTimestamp.result },
      revocation: { action: revocation.action, result: await revocation.result },
    },
    ...compared,
  };
}

/** @param envelope Whose authentic signing time counts; left out for the chain of a timestamp. */
function questionOf(
  { revocation: checker, signal, budget }: Pick<VerificationPorts, "revocation" | "signal" | "budget">,
  envelope?: Envelope,
): RevocationQuestion | undefined {
  if (checker === undefined) return undefined;
  const { signingScheme, authenticSigningTime } = envelope?.signedAttributes ?? {};
  const signedAt = signingScheme === "notary.x509.signingAuthority" ? authenticSigningTime?.instant : undefined;
  return {
    checker,
    ...(signal === undefined ? {} : { signal }),
    ...(budget === undefined ? {} : { budget }),
    ...(signedAt === undefined ? {} : { signedAt }),
  };
}

/**
 * Verifies an envelope from its bytes. What cannot be decoded is an outcome whose integrity failed, not an exception.
 *
 * @param artifact `undefined` when there is only the envelope: then what it says about its artifact is taken as it is,
 * and the evidence of `targetArtifact` says so.
 * @param options With `compat` the outcome is the reference implementation's; for comparisons, never for a decision.
 */
export async function verifyEnvelopeBytes(
  bytes: EnvelopeBytes,
  artifact: Descriptor | undefined,
  trust: Trust,
  ports: VerificationPorts,
  options: ReadOptions = {},
): Promise<VerificationOutcome> {
  try {
    const envelope = decodeEnvelope(bytes, options);
    const compared = artifact ?? readPayload(envelope).targetArtifact;
    const outcome = await verifySignature(envelope, compared, trust, ports);
    if (artifact !== undefined || outcome.targetArtifact.status !== "passed") return outcome;
    return { ...outcome, targetArtifact: passed({ digest: compared.digest, compared: NOT_COMPARED }) };
  } catch (thrown) {
    const outcome = outcomeOfError(thrown, trust);
    return options.compat === undefined ? outcome : { ...outcome, relaxed: [] };
  }
}

const NOT_COMPARED = "nothing: no artifact was given, this is what the signature names";

/**
 * The outcome of a signature that could not be read: `failed` when its bytes are at fault, `inconclusive` when they
 * could not be had.
 *
 * @param thrown What decoding or fetching threw.
 */
export function outcomeOfError(thrown: unknown, trust: Trust): VerificationOutcome {
  const error = toEngineError(thrown, "Cannot read the signature");
  const message = printable(error.message);
  const reference = referenceOf(error);
  const evidence = reference === undefined ? {} : { reference };
  const denied = error.refusal.class === "denied" && !FETCHED_IN_VAIN.includes(error.code);
  return unproven((denied ? failed : inconclusive)(error.code, message, evidence), trust);
}

/** A signature that was listed and is gone says nothing about itself. */
const FETCHED_IN_VAIN: readonly string[] = ["ERR_REGISTRY_NOT_FOUND"];

const SKIPPED_BY_LEVEL = skipped("the verification level skips it");
const NOT_REACHED = skipped("the integrity of the signature is not proven");

/** Nothing an envelope says is used before its integrity is proven. */
function unproven(integrity: ValidationResult, { level: { actions } }: Trust): VerificationOutcome {
  const notReached = (type: ValidationType) => ({ action: actions[type], result: NOT_REACHED });
  return {
    certificateChain: [],
    validations: {
      integrity: { action: actions.integrity, result: integrity },
      authenticity: notReached("authenticity"),
      expiry: notReached("expiry"),
      authenticTimestamp: notReached("authenticTimestamp"),
      revocation: notReached("revocation"),
    },
    targetArtifact: NOT_REACHED,
    userMetadata: {},
  };
}

/** The outcome when the level asks for no validation at all. */
export function skippedOutcome(trust: Trust): VerificationOutcome {
  const outcome = unproven(SKIPPED_BY_LEVEL, trust);
  return { ...outcome, targetArtifact: SKIPPED_BY_LEVEL };
}

function compareArtifact(
  envelope: Envelope,
  artifact: Descriptor,
  relaxations: Relaxations | undefined,
): Pick<VerificationOutcome, "targetArtifact" | "userMetadata"> {
  try {
    const signed = readPayload(envelope, relaxations).targetArtifact;
    return { targetArtifact: validateTargetArtifact(signed, artifact), userMetadata: signed.annotations ?? {} };
  } catch (thrown) {
    const { code, message } = toEngineError(thrown, "Cannot read the signed payload");
    const judged = thrown instanceof MalformedError ? failed : inconclusive;
    return { targetArtifact: judged(code, printable(message)), userMetadata: {} };
  }
}

/** For reports only: where it cannot be computed the chain is left out, and the validations say why. */
async function describeChain(
  { certificateChain }: Envelope,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<readonly CertificateFacts[]> {
  try {
    return await describeCertificates(certificateChain, crypto);
  } catch {
    return [];
  }
}
