/**
 * The Notary Project specifications: envelopes, trust, verification.
 *
 * ```ts
 * const view = createArtifactView({ open, crypto, now }, { signal });
 * const trust = { name: "release", level: STRICT, trustAnchors: { ca: certificates, signingAuthority: [] } };
 * const { verdict, refusal } = await verifyArtifact(parseReference(text), trust, view);
 * ```
 */
export type { TimestampOptions } from "./countersign.ts";
export { fetchEnvelope, listSignatures, SIGNATURE_ARTIFACT_TYPE, type SignatureList } from "./discover.ts";
export type {
  AttributeTime,
  Envelope,
  EnvelopeBytes,
  EnvelopeMediaType,
  ExtendedAttribute,
  SignedAttributes,
  SigningScheme,
  UnsignedAttributes,
} from "./envelope/envelope.ts";
export { type ReferenceCause, referenceOf } from "./envelope/refuse.ts";
export { decodeEnvelope, isEnvelopeMediaType, MAX_ENVELOPE_BYTES } from "./envelope/formats.ts";
export {
  type ReadOptions,
  type RelaxedRule,
  STRICT_RULES,
  type StrictRule,
  type StrictRuleFacts,
} from "./envelope/strict_rules.ts";
export { type Payload, readPayload } from "./envelope/payload.ts";
export { formatRfc3339 } from "./envelope/rfc3339.ts";
export { type InspectedCertificate, type InspectedTimestamp, inspectEnvelope, type Inspection } from "./inspect.ts";
export {
  DEFAULT_BLOB_MEDIA_TYPE,
  pushSignature,
  RESERVED_METADATA_PREFIX,
  signArtifact,
  signBlob,
  signDescriptor,
  type SignedEnvelope,
  type SigningPorts,
  type SignOptions,
} from "./sign.ts";
export { createLocalSigner } from "./signers/local.ts";
export {
  type AnchorFault,
  AUDIT,
  type BlobStatement,
  checkTrustAnchors,
  createMemoryTrustStore,
  findAnchorFault,
  findOverlap,
  innerReferenceOf,
  LEVELS,
  MAX_TRUST_POLICY_BYTES,
  missingStore,
  type OciStatement,
  overrideLevel,
  parseBlobTrustPolicy,
  parseOciTrustPolicy,
  PERMISSIVE,
  readIdentity,
  readTrustStore,
  SKIP,
  statementForArtifact,
  statementForBlob,
  STRICT,
  type SubjectIdentity,
  type Trust,
  TRUST_POLICY_LINK,
  type TrustedIdentities,
  trustOfStatement,
  type TrustPolicy,
  type TrustPolicyStatement,
  type TrustStore,
  type TrustStoreCause,
  type TrustStoreFile,
  type TrustStoreName,
  type TrustStoreType,
  type ValidationAction,
  type ValidationType,
  type VerificationLevel,
} from "./trust/mod.ts";
export {
  createEvidenceStore,
  ENGINE_VERSION,
  type EvidenceQuestion,
  type EvidenceRests,
  type EvidenceSettings,
  type EvidenceStore,
  MAX_EVIDENCE_AGE_SECONDS,
  type RevocationWatch,
  watchRevocation,
} from "./evidence.ts";
export { type Blob, verifyBlob } from "./verify/blob.ts";
export { type ArtifactOptions, MAX_SIGNATURES, verifyArtifact } from "./verify/artifact.ts";
export {
  type AttestationOutcome,
  MAX_ATTESTATION_BYTES,
  MAX_ATTESTATION_DEPTH,
  MAX_ATTESTATION_VALUES,
  type VerifiedAttestation,
  verifyAttestation,
} from "./verify/attestation.ts";
export type { CertificateFacts } from "./verify/certificate_facts.ts";
export { MAX_CHILDREN_VERIFIED, verifyArtifactOrChildren } from "./verify/children.ts";
export type { ChainDiagnosis, DiagnosedCertificate, DiagnosedRule } from "./verify/chain_doctor.ts";
export { type ChainFinding, type ChainFindingId, FINDINGS } from "./verify/chain_findings.ts";
export {
  type ArtifactOutcome,
  type Evidence,
  firstRefusal,
  nearestMiss,
  VALIDATION_ORDER,
  type ValidationResult,
  type Verdict,
  verdict,
  type VerificationOutcome,
} from "./verify/outcome.ts";
export { referenceText, resultReferenceText, signatureReferenceText } from "./verify/reference_text.ts";
export { type VerificationPorts, verifyEnvelopeBytes, verifySignature } from "./verify/signature.ts";
export {
  type ArtifactView,
  type AttestationSource,
  type AttestedArtifact,
  createArtifactView,
  type SignatureSource,
  type SignedArtifact,
  type ViewPorts,
} from "./verify/view.ts";
