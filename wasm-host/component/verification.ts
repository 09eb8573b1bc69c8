/** `verify`: a reference or an envelope, and whom to trust → a verdict with what was found. */
import { parseDigest } from "../../src/crypto/mod.ts";
import {
  type ArtifactOutcome,
  createArtifactView,
  firstRefusal,
  verdict,
  verifyArtifact,
  verifyEnvelopeBytes,
  type ViewPorts,
} from "../../src/notary/mod.ts";
import { type Descriptor, parseReference, repositoryName } from "../../src/oci/mod.ts";
import { ownBytes } from "../../src/runtime/wasm.ts";
import {
  type DescriptorRecord,
  descriptorRecord,
  type EnvelopeRecord,
  optionalRefusal,
  type RefusalRecord,
  type SignatureRecord,
  signatureRecord,
} from "./records.ts";
import type { TrustFor } from "./trust.ts";

export interface SignedArtifactRecord {
  readonly envelope: EnvelopeRecord;
  readonly artifact: DescriptorRecord;
  readonly repository?: string | undefined;
}

export type SubjectRecord =
  | { readonly tag: "reference"; readonly val: string }
  | { readonly tag: "envelope"; readonly val: SignedArtifactRecord };

export interface VerificationRecord {
  readonly verdict: ArtifactOutcome["verdict"];
  readonly reference: string | undefined;
  readonly artifact: DescriptorRecord | undefined;
  readonly refusal: RefusalRecord | undefined;
  readonly signatures: readonly SignatureRecord[];
}

/** Verifies an artifact of a registry. @throws {EngineError} As `verifyArtifact`. */
export async function verifyReference(
  text: string,
  trustFor: TrustFor,
  ports: ViewPorts,
  signal: AbortSignal,
): Promise<VerificationRecord> {
  const reference = parseReference(text);
  const view = createArtifactView(ports, { signal });
  const digest = reference.digest ?? (await view.resolve(reference)).digest;
  const trust = await trustFor(`${repositoryName(reference)}@${digest}`);
  const { descriptor, outcomes, refusal, ...outcome } = await verifyArtifact(reference, trust, view);
  return {
    verdict: outcome.verdict,
    reference: outcome.reference,
    artifact: descriptorRecord(descriptor),
    refusal: optionalRefusal(refusal),
    signatures: outcomes.map(signatureRecord),
  };
}

/** Verifies an envelope the host has; what cannot be decoded is a verdict, too. */
export async function verifySignedArtifact(
  { envelope, artifact, repository }: SignedArtifactRecord,
  trustFor: TrustFor,
  ports: Pick<ViewPorts, "crypto" | "now" | "revocation">,
  signal: AbortSignal,
): Promise<VerificationRecord> {
  const descriptor = descriptorOf(artifact);
  const trust = await trustFor(`${repository ?? ""}@${descriptor.digest}`);
  const bytes = { mediaType: envelope.mediaType, bytes: ownBytes(envelope.content) };
  const outcome = await verifyEnvelopeBytes(bytes, descriptor, trust, { ...ports, signal });
  return {
    verdict: verdict(outcome),
    reference: undefined,
    artifact: descriptorRecord(descriptor),
    refusal: optionalRefusal(firstRefusal(outcome)),
    signatures: [signatureRecord(outcome)],
  };
}

function descriptorOf({ mediaType, digest, size }: DescriptorRecord): Descriptor {
  return { mediaType, digest: parseDigest(digest), size: Number(size) };
}
