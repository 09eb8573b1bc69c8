/** `inspect`: an envelope → what it claims. */
import { decodeEnvelope, inspectEnvelope } from "../../src/notary/mod.ts";
import type { CryptoProvider } from "../../src/ports.ts";
import { ownBytes } from "../../src/runtime/wasm.ts";
import {
  type AttributeRecord,
  attributeRecords,
  type CertificateRecord,
  certificateRecord,
  type DescriptorRecord,
  descriptorRecord,
  type EnvelopeRecord,
} from "./records.ts";

export interface InspectionRecord {
  readonly mediaType: string;
  readonly signatureAlgorithm: string;
  readonly signingScheme: string;
  readonly signingTime: string | undefined;
  readonly expiry: string | undefined;
  readonly signingAgent: string | undefined;
  readonly hasTimestamp: boolean;
  readonly certificates: readonly CertificateRecord[];
  readonly targetArtifact: DescriptorRecord;
  readonly userMetadata: readonly AttributeRecord[];
}

/** @throws {EngineError} As `decodeEnvelope` and `inspectEnvelope`. */
export async function inspect(
  { mediaType, content }: EnvelopeRecord,
  crypto: CryptoProvider,
): Promise<InspectionRecord> {
  const inspection = await inspectEnvelope(decodeEnvelope({ mediaType, bytes: ownBytes(content) }), crypto);
  const { signedAttributes, unsignedAttributes, targetArtifact } = inspection;
  const { signingScheme, signingTime, authenticSigningTime, expiry } = signedAttributes;
  return {
    mediaType: inspection.mediaType,
    signatureAlgorithm: inspection.signatureAlgorithm,
    signingScheme,
    signingTime: (signingTime ?? authenticSigningTime)?.instant.toISOString(),
    expiry: expiry?.instant.toISOString(),
    signingAgent: unsignedAttributes.signingAgent,
    hasTimestamp: unsignedAttributes.timestampSignature !== undefined,
    certificates: inspection.certificates.map(certificateRecord),
    targetArtifact: descriptorRecord(targetArtifact),
    userMetadata: attributeRecords(targetArtifact.annotations ?? {}),
  };
}
