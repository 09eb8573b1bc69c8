/** One file and its envelope → one outcome (Notary Project, signing-and-verification-workflow.md, blobs). */
import { ALGORITHMS, digestOf } from "../../crypto/mod.ts";
import type { EnvelopeBytes } from "../envelope/envelope.ts";
import { decodeEnvelope } from "../envelope/formats.ts";
import { readPayload } from "../envelope/payload.ts";
import type { Trust } from "../trust/mod.ts";
import type { ArtifactOptions } from "./artifact.ts";
import { verdict, type VerificationOutcome } from "./outcome.ts";
import { outcomeOfError, skippedOutcome, type VerificationPorts, verifySignature } from "./signature.ts";
import { requireMetadata } from "./user_metadata.ts";

/** Bytes that are in no registry. */
export interface Blob {
  readonly bytes: Uint8Array;
  /** Where it is left out, any that was signed will do. */
  readonly mediaType?: string;
}

/**
 * Verifies the detached signature of a blob: the blob's digest, by the hash that goes with the signing key, and its
 * size must be those that were signed, and the media type where one is expected.
 *
 * @param options The user metadata that must have been signed.
 * @returns What cannot be decoded is an outcome whose integrity failed, not an exception.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details".
 */
export async function verifyBlob(
  blob: Blob,
  signature: EnvelopeBytes,
  trust: Trust,
  ports: VerificationPorts,
  options: Pick<ArtifactOptions, "userMetadata"> = {},
): Promise<VerificationOutcome> {
  const skipped = skippedOutcome(trust);
  if (verdict(skipped) === "skipped") return skipped;
  try {
    const envelope = decodeEnvelope(signature);
    const digest = await digestOf(ports.crypto, blob.bytes, ALGORITHMS[envelope.signatureAlgorithm].hash);
    const mediaType = blob.mediaType ?? readPayload(envelope).targetArtifact.mediaType;
    const outcome = await verifySignature(envelope, { mediaType, digest, size: blob.bytes.length }, trust, ports);
    return requireMetadata(outcome, options.userMetadata);
  } catch (thrown) {
    return outcomeOfError(thrown, trust);
  }
}
