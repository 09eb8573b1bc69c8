/**
 * edge-notary: Notary Project signatures verified anywhere JavaScript runs.
 *
 * ```ts
 * const ports = createWebPorts({ write: console.error });
 * const open = createRegistryClient(ports, { ...DEFAULT_REGISTRY_SETTINGS, mirrors });
 * const view = createArtifactView({ ...ports, open }, { signal: AbortSignal.timeout(10_000) });
 * const trust = { name: "release", level: STRICT, trustAnchors: { ca: parseCertificates(pem), signingAuthority: [] } };
 * const { verdict, refusal } = await verifyArtifact(parseReference("ghcr.io/org/app:1.0"), trust, view);
 * ```
 */
export * from "./errors.ts";
export type * from "./ports.ts";
export {
  createNobleProvider,
  createWebCryptoProvider,
  digestOf,
  ecdsaDerToRaw,
  parseDigest,
  parsePrivateKey,
  type PrivateKey,
  withFallback,
} from "./crypto/mod.ts";
export {
  type Certificate,
  fingerprint,
  formatName,
  parseCertificates,
  readCertificate,
  validateSigningChain,
} from "./x509/mod.ts";
export { createRequestBudget, type RequestBudget } from "./http/mod.ts";
export {
  type AwsIdentity,
  createEcrSource,
  createPushClient,
  createRegistryClient,
  DEFAULT_REGISTRY_SETTINGS,
  type Descriptor,
  type Digest,
  firstOf,
  type Layout,
  type LayoutSource,
  openLayout,
  type OpenRepository,
  type OpenWritableRepository,
  parseReference,
  rangesOf,
  readLayout,
  type Reference,
  type RegistrySettings,
  type Repository,
  type WritableRepository,
} from "./oci/mod.ts";
export {
  type ArtifactOutcome,
  type ArtifactView,
  createArtifactView,
  createLocalSigner,
  createMemoryTrustStore,
  decodeEnvelope,
  type Envelope,
  type EnvelopeBytes,
  findAnchorFault,
  firstRefusal,
  inspectEnvelope,
  type Inspection,
  parseBlobTrustPolicy,
  parseOciTrustPolicy,
  pushSignature,
  type ReadOptions,
  readPayload,
  signArtifact,
  signBlob,
  signDescriptor,
  type SignedEnvelope,
  type SignOptions,
  statementForArtifact,
  statementForBlob,
  STRICT,
  STRICT_RULES,
  type StrictRule,
  type TimestampOptions,
  type Trust,
  trustOfStatement,
  type TrustPolicy,
  type TrustStore,
  type ValidationResult,
  type ValidationType,
  type Verdict,
  verdict,
  type VerificationOutcome,
  verifyArtifact,
  verifyBlob,
  verifyEnvelopeBytes,
  verifySignature,
} from "./notary/mod.ts";
export {
  createRecorder,
  decodeRecording,
  encodeRecording,
  openReplay,
  type RecordablePorts,
  type Recorder,
  type Recording,
} from "./record/mod.ts";
export { createRevocationChecker, type RevocationChecker, type RevocationSettings } from "./revocation/mod.ts";
export { createWebPorts, openWebTls, type WebPortOptions } from "./runtime/web.ts";
