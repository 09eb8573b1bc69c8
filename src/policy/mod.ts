/**
 * Kyverno policies: which images a request may run.
 *
 * ```ts
 * const { policies, problems } = await loadPolicies([{ source: "policy.yaml", text }], crypto);
 * const decision = await evaluate(policies, request, { ports, phase: "mutate", signal });
 * decision.allowed; // and .message, .patches, .warnings, .responses
 * ```
 *
 * What policies ask of the cluster is answered by `ports.cluster`: from an API server, or from YAML files.
 *
 * ```ts
 * const access = await readKubeconfig("kubeconfig", { ports: { files, now } });
 * const cluster = createApiServerCluster(access, { ...ports, fetch: openWebTls(access.tls, ports) });
 * ```
 */
export {
  type ClusterAccess,
  type ClusterPorts,
  createApiServerCluster,
  createApiServerWriter,
  createResourcesCluster,
  type KubeconfigOptions,
  readKubeconfig,
  readServiceAccount,
  type ResourceFile,
} from "../cluster/mod.ts";
export { createClusterExceptions, type ExceptionSource } from "./cluster_exceptions.ts";
export { exceptionsIn, ignoredException, type PolicyException } from "./exceptions.ts";
export { type LoadedPolicies, loadPolicies, type PolicyFile } from "./kinds.ts";
export { needsNoPolicy } from "./changes.ts";
export { decide, evaluate, type EvaluateOptions } from "./decision.ts";
export { type ExpiringCertificate, expiringCertificates, EXPIRY_WARNING_DAYS } from "./certificate_watch.ts";
export type {
  CompiledPolicy,
  Decision,
  EvaluationContext,
  ImageResponse,
  KubernetesObject,
  Operation,
  PatchOperation,
  Phase,
  PolicyPorts,
  PolicyRequest,
  RuleResponse,
  RuleStatus,
} from "./policy.ts";
export {
  policyReport,
  REPORT_FORMATS,
  type Reported,
  type ReportFormat,
  type ReportResult,
  resourceReport,
} from "./report.ts";
export type { IgnoredField, PolicyProblem } from "./schema.ts";
export { MESSAGE_STYLES, type MessageStyle, type Noun } from "./message.ts";
export { NO_MATCH_ANSWERS, type NoMatch } from "./unmatched.ts";
export { MAX_IMAGES } from "./images.ts";
