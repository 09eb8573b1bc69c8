/** Who is trusted, for which artifacts, how strictly (Notary Project, trust-store-trust-policy.md). */
export { type AnchorFault, findAnchorFault } from "./anchor.ts";
export { MAX_TRUST_POLICY_BYTES, TRUST_POLICY_LINK } from "./document.ts";
export { findOverlap, matchIdentity, readIdentity, type SubjectIdentity, type TrustedIdentities } from "./identity.ts";
export {
  AUDIT,
  LEVELS,
  overrideLevel,
  PERMISSIVE,
  SKIP,
  STRICT,
  type ValidationAction,
  type ValidationType,
  type VerificationLevel,
} from "./level.ts";
export { trustOfStatement } from "./load.ts";
export {
  type BlobStatement,
  type OciStatement,
  parseBlobTrustPolicy,
  parseOciTrustPolicy,
  type TrustPolicy,
} from "./policy.ts";
export { statementForArtifact, statementForBlob } from "./selection.ts";
export type { TrustPolicyStatement } from "./statement.ts";
export {
  checkTrustAnchors,
  createMemoryTrustStore,
  innerReferenceOf,
  missingStore,
  readTrustStore,
  type TrustStore,
  type TrustStoreCause,
  type TrustStoreFile,
  type TrustStoreName,
} from "./store.ts";
export type { Trust, TrustStoreType, UnusableStore } from "./trust.ts";
