/**
 * Kubernetes admission: AdmissionReviews in, decisions out (admission.k8s.io/v1).
 *
 * ```ts
 * const { policies, problems } = await loadPolicies([{ source: "policy.yaml", text }], crypto);
 * const app = createApp({ policies, problems, ports: { now, log, crypto, open } });
 * const answer = await app.fetch(request); // POST /mutate?timeout=10s
 * ```
 */
export { type AppOptions, createApp } from "./app.ts";
export { CONTENT_SECURITY_POLICY } from "./assets.ts";
export {
  budgetOf,
  type Deadline,
  DEADLINE_MARGIN_MILLISECONDS,
  DEFAULT_TIMEOUT_MILLISECONDS,
  MAX_TIMEOUT_MILLISECONDS,
  startDeadline,
} from "./deadline.ts";
export { createTokenDoor, type Door, MIN_TOKEN_CHARACTERS, openDoor, parseTokens } from "./door.ts";
export {
  type CacheOptions,
  DEFAULT_CACHE_MEMORY_BYTES,
  type EvidenceOptions,
  type KeepingOptions,
  MAX_CACHE_MEMORY_BYTES,
  MIN_CACHE_MEMORY_BYTES,
} from "./keep.ts";
export {
  MAX_MAX_AGE_SECONDS,
  MAX_MAX_IN_FLIGHT,
  readMaxAge,
  readMaxRequests,
  readMemorySize,
  readMessageStyle,
  readNoMatch,
} from "./settings.ts";
export { createLogSink, createReporter, type Reporter, type ReportOptions } from "./reports.ts";
export {
  type AdmissionResponse,
  type AdmissionReview,
  MAX_REVIEW_BYTES,
  MAX_REVIEW_DEPTH,
  readAdmissionReview,
  readReviewHeader,
  type ReviewHeader,
  writeAdmissionReview,
  writeRefusal,
} from "./review.ts";
