/** `PolicyRequest`, `CompiledPolicy`, `RuleResponse`, `Decision`: what every kind of policy shares. */
import type { Refusal } from "../errors.ts";
import type { Cluster, CryptoProvider, Ports } from "../ports.ts";
import type { Digest, OpenRepository } from "../oci/mod.ts";
import type { ArtifactOutcome, ArtifactView, EvidenceStore } from "../notary/mod.ts";
import type { StepMeter } from "../expressions/mod.ts";
import type { RevocationChecker } from "../revocation/mod.ts";
import type { TrustedCertificate } from "./certificate_watch.ts";
import type { RegistryViews } from "./registry_views.ts";
import type { ClusterFacts, ClusterNeed } from "./cluster_facts.ts";
import type { PolicyException } from "./exceptions.ts";
import type { Noun } from "./message.ts";
import type { IgnoredField, PolicyProblem } from "./schema.ts";

/** A Kubernetes object as JSON: nothing about it is known but that it is an object. */
export type KubernetesObject = Readonly<Record<string, unknown>>;

export type Operation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/** What an admission request asks, free of its transport. */
export interface PolicyRequest {
  readonly uid: string;
  readonly operation: Operation;
  /** `""` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** `""` when none, else such as `ephemeralcontainers`. */
  readonly subresource: string;
  /** `""` for cluster-scoped objects. */
  readonly namespace: string;
  /** `""` while `generateName` has not made one. */
  readonly name: string;
  /** Absent on DELETE. */
  readonly object?: KubernetesObject;
  readonly oldObject?: KubernetesObject;
  readonly dryRun: boolean;
  readonly userInfo: { readonly username: string; readonly groups: readonly string[] };
  /** The AdmissionRequest as it came, which variables read as `request`; made of the members above when left out. */
  readonly admissionRequest?: KubernetesObject;
}

/** Kyverno's rule results. */
export type RuleStatus = "pass" | "fail" | "warning" | "error" | "skip";

/** One image a rule looked at. */
export interface ImageResponse {
  /** As Kyverno prints it: `ghcr.io/kyverno/test-verify-image:unsigned`. */
  readonly image: string;
  /** JSON Pointer of the value in the object. */
  readonly pointer: string;
  /** Name of the container. */
  readonly container: string;
  readonly status: RuleStatus;
  /** Kyverno's sentence. */
  readonly message: string;
  /** Set when the rule pins this image: verified, mutateDigest, and no digest there yet. */
  readonly pin?: { readonly value: string; readonly digest: Digest };
  /** Resolved once per request; the annotation and the message name it. */
  readonly digest?: Digest;
  /** Why not; absent for pass and skip. */
  readonly refusal?: Refusal;
  /** What was found at the registry, for `--explain`, logs and JSON. */
  readonly outcomes: readonly ArtifactOutcome[];
}

/** What a rule answered as a whole, without looking at any image: it does not apply after all, or cannot be asked. */
export interface WholeRuleResponse {
  readonly status: "skip" | "error";
  /** Kyverno's sentence. */
  readonly message: string;
  /** Why not; absent for a rule that does not apply. */
  readonly refusal?: Refusal;
  /** JSON Pointers of the images that the rule is known to be about: those its `imageReferences` fit. */
  readonly pointers: readonly string[];
}

/** What one rule of one policy answered. */
export interface RuleResponse {
  readonly policy: string;
  /** `""` for a ClusterPolicy. */
  readonly policyNamespace: string;
  /** As Kyverno names it, with `autogen-` for controllers. */
  readonly rule: string;
  readonly action: "Enforce" | "Audit";
  readonly failurePolicy: "Fail" | "Ignore";
  /** What the policy's annotations make of its trust, such as `verification-level=permissive`; absent where nothing. */
  readonly extensions?: readonly string[];
  /** What the rule adds to each of its results in reports. */
  readonly reportProperties?: ReadonlyMap<string, string>;
  /** In their order in the resource. */
  readonly images: readonly ImageResponse[];
  /** Set when the rule looked at no image; then {@link images} is empty. */
  readonly whole?: WholeRuleResponse;
}

/** Which of the two admission webhooks asks: `mutate` verifies and pins, `validate` judges what will be stored. */
export type Phase = "mutate" | "validate";

/** The part of the outside world a policy evaluation uses. */
export type PolicyPorts = Pick<Ports, "now"> & {
  readonly crypto: CryptoProvider;
  readonly open: OpenRepository;
  /** Asks whether certificates are revoked; without it nobody does. */
  readonly revocation?: RevocationChecker;
  /** What the cluster holds; without it a rule that needs to know is an error. */
  readonly cluster?: Cluster;
  /** Facts of signatures verified before; without it each request proves its own. What they mean is decided anew. */
  readonly evidence?: EvidenceStore;
};

/** A policy ready to be asked. Compiled once, asked many times, never changed. */
export interface CompiledPolicy {
  readonly name: string;
  readonly namespace: string;
  /** Of the document; reports say what they say of the policy. */
  readonly annotations: ReadonlyMap<string, string>;
  /** Where it was read from, for messages: file and document. */
  readonly source: string;
  /** Fields that are accepted and have no effect here, each with its reason. */
  readonly ignored: readonly IgnoredField[];
  /** Why it was not taken, where this stands in for it and refuses; empty for a policy that was. */
  readonly problems: readonly PolicyProblem[];
  /** Kinds whose images its extractors find, wherever those stand. */
  readonly extractedKinds: ReadonlySet<string>;
  /** Seconds; Kyverno's default is 10. */
  readonly timeoutSeconds: number;
  readonly failurePolicy: "Fail" | "Ignore";
  /** What its rules may ask of the cluster, as a role would allow it; without a cluster those rules are errors. */
  readonly needs: readonly ClusterNeed[];
  /** What its attestors trust: certificates written in it, and those that were read from the cluster so far. */
  readonly certificates: () => readonly TrustedCertificate[];
  /** Responses of the rules that match the request, in the policy's order; empty when none matches. */
  readonly evaluate: (request: PolicyRequest, context: EvaluationContext) => Promise<readonly RuleResponse[]>;
}

/** What is shared by every policy asked about one request. */
export interface EvaluationContext {
  readonly ports: PolicyPorts;
  readonly phase: Phase;
  readonly signal: AbortSignal;
  /** What messages say was signed. */
  readonly noun: Noun;
  /** What only the cluster knows of the request; asked for once, by the first rule that needs it. */
  readonly facts: ClusterFacts;
  /** The exceptions that count, the same to every policy. */
  readonly exceptions: () => Promise<readonly PolicyException[]>;
  /** Counts what the expressions of all rules cost. */
  readonly meter: StepMeter;
  /** One request's view of the registries: the same reference gives the same digest and the same envelopes. */
  readonly artifacts: ArtifactView;
  /** The same with the credentials a rule names; {@link artifacts} for none. */
  readonly views: RegistryViews;
}

/** An operation of RFC 6902. */
export interface PatchOperation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

/** What is answered. */
export interface Decision {
  readonly allowed: boolean;
  /** Why not, in Kyverno's frame; `""` when allowed. */
  readonly message: string;
  /** Empty when nothing is changed or the request is denied. */
  readonly patches: readonly PatchOperation[];
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
  /** Images that no rule is about, as Kyverno prints them; empty where nobody had to be asked. */
  readonly unmatched: readonly string[];
  /** The data all renderings are made of. */
  readonly responses: readonly RuleResponse[];
}
