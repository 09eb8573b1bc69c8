/** Kinds of Kubernetes' own API, and the rule by which the others are mostly called. */
import type { ClusterKind } from "../ports.ts";

/** How the API calls a kind. */
export interface KindEntry extends ClusterKind {
  /** Its name in paths: `configmaps`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/**
 * apiVersion → kinds with namespaces, and kinds without, each as `Kind` or, where the rule does not hold,
 * `Kind plural`.
 */
const GROUPS: readonly (readonly [apiVersion: string, namespaced: string, clusterScoped?: string])[] = [
  [
    "v1",
    "ConfigMap, Endpoints, Event, LimitRange, PersistentVolumeClaim, Pod, PodTemplate, ReplicationController, " +
    "ResourceQuota, Secret, Service, ServiceAccount",
    "Namespace, Node, PersistentVolume",
  ],
  ["apps/v1", "ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet"],
  ["autoscaling/v1", "HorizontalPodAutoscaler"],
  ["autoscaling/v2", "HorizontalPodAutoscaler"],
  ["batch/v1", "CronJob, Job"],
  ["coordination.k8s.io/v1", "Lease"],
  ["discovery.k8s.io/v1", "EndpointSlice"],
  ["events.k8s.io/v1", "Event"],
  ["networking.k8s.io/v1", "Ingress, NetworkPolicy", "IngressClass"],
  ["policy/v1", "PodDisruptionBudget"],
  ["rbac.authorization.k8s.io/v1", "Role, RoleBinding", "ClusterRole, ClusterRoleBinding"],
  ["storage.k8s.io/v1", "CSIStorageCapacity", "CSIDriver, CSINode, StorageClass, VolumeAttachment"],
  [
    "admissionregistration.k8s.io/v1",
    "",
    "MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, " +
    "ValidatingWebhookConfiguration",
  ],
  ["apiextensions.k8s.io/v1", "", "CustomResourceDefinition"],
  ["apiregistration.k8s.io/v1", "", "APIService"],
  ["certificates.k8s.io/v1", "", "CertificateSigningRequest"],
  ["flowcontrol.apiserver.k8s.io/v1", "", "FlowSchema, PriorityLevelConfiguration"],
  ["node.k8s.io/v1", "", "RuntimeClass"],
  ["scheduling.k8s.io/v1", "", "PriorityClass"],
];

/** Every kind of Kubernetes' own API that this program has heard of; their names in paths never change. */
export const KINDS: readonly KindEntry[] = GROUPS.flatMap(([apiVersion, namespaced, clusterScoped = ""]) => [
  ...entries(apiVersion, namespaced, true),
  ...entries(apiVersion, clusterScoped, false),
]);

function entries(apiVersion: string, kinds: string, namespaced: boolean): readonly KindEntry[] {
  return kinds.split(", ").filter((kind) => kind !== "").map((kind) => ({
    apiVersion,
    kind,
    plural: guessPlural(kind),
    namespaced,
  }));
}

const byKind: ReadonlyMap<string, KindEntry> = new Map(
  KINDS.map((entry) => [`${entry.apiVersion} ${entry.kind}`, entry]),
);

/** The table's entry of a kind. */
export function knownKind({ apiVersion, kind }: ClusterKind): KindEntry | undefined {
  return byKind.get(`${apiVersion} ${kind}`);
}

/**
 * What a kind is called in paths unless its definition says otherwise: `networkpolicies`, `ingresses`, `pods`.
 *
 * Spec: Kubernetes, `meta.UnsafeGuessKindToResource`, as kubectl guesses it.
 */
export function guessPlural(kind: string): string {
  const name = kind.toLowerCase();
  if (name === "endpoints") return name;
  if (name.endsWith("s")) return `${name}es`;
  return name.endsWith("y") ? `${name.slice(0, -1)}ies` : `${name}s`;
}
