/** The load gate of a ClusterPolicy or Policy: its metadata and its `spec`. */
import { AUTOGEN_ANNOTATION } from "./autogen.ts";
import type { PolicyDocument } from "./cluster_policy.ts";
import { type ActionOverride, actionOverrides, failureAction } from "./failure_action.ts";
import type { FailureAction } from "./image_fields.ts";
import { type MatchConditions, matchConditions } from "./match_conditions.ts";
import { POLICY_REFUSALS } from "./message.ts";
import { objectName, SERVER_FIELDS } from "./metadata_fields.ts";
import { imageRule, type RuleFields } from "./rule_fields.ts";
import {
  enforced,
  type Fields,
  type FieldTable,
  type Gate,
  ignored,
  isRecord,
  listOf,
  mapOfTexts,
  oneOf,
  type Path,
  type Reader,
  readFields,
  refused,
  truth,
  wholeNumber,
} from "./schema.ts";
import { OWN_ANNOTATIONS, readTrustExtension, type TrustExtension } from "./trust_fields.ts";

/** A policy as read. */
export interface PolicyFields {
  readonly name: string;
  /** `""` for a ClusterPolicy. */
  readonly namespace: string;
  readonly annotations: ReadonlyMap<string, string>;
  readonly rules: readonly RuleFields[];
  /** `spec.rules` as written. */
  readonly rawRules: readonly unknown[];
  readonly applyRules: "All" | "One";
  readonly failureAction: FailureAction;
  readonly actionOverrides: readonly ActionOverride[];
  readonly failurePolicy: "Fail" | "Ignore";
  readonly timeoutSeconds?: number;
  /** What the policy's annotations make of its trust; absent where it is as Kyverno has it. */
  readonly trust?: TrustExtension;
  /** Which requests the policy is asked about. */
  readonly matchConditions?: MatchConditions;
}

/** Characters of a policy's name at most. */
export const MAX_POLICY_NAME_LENGTH = 63;

const OTHER_RULES = "only mutate and generate rules use it";

const name = objectName(MAX_POLICY_NAME_LENGTH);

const annotations: Reader<ReadonlyMap<string, string>> = (value, path, gate) => {
  const found = mapOfTexts("expected text")(value, path, gate);
  for (const [key, text] of found ?? []) {
    const at = [...path, key];
    // Those of this engine have a gate of their own, which knows the namespace.
    if (key.startsWith(OWN_ANNOTATIONS)) continue;
    if (key !== AUTOGEN_ANNOTATION) gate.ignore(at, "it describes the policy and decides nothing");
    else if (text === "all") gate.refuse(at, POLICY_REFUSALS.autogenAll);
  }
  return found;
};

const METADATA = {
  name: enforced(name),
  namespace: enforced(name),
  annotations: enforced(annotations),
  ...SERVER_FIELDS,
} satisfies FieldTable;

const seconds: Reader<number> = (value, path, gate) => {
  const found = wholeNumber(value, path, gate);
  if (found !== undefined && (found < 1 || found > 30)) {
    return void gate.refuse(path, `${POLICY_REFUSALS.timeoutSeconds} (${found})`);
  }
  return found;
};

const admission: Reader<boolean> = (value, path, gate) => {
  const found = truth(value, path, gate);
  return found === false ? void gate.refuse(path, POLICY_REFUSALS.admissionOff) : found;
};

const failurePolicy = oneOf("Fail", "Ignore");

const WEBHOOK = {
  failurePolicy: enforced(failurePolicy),
  timeoutSeconds: enforced(seconds),
  matchConditions: enforced(matchConditions),
} satisfies FieldTable;

const webhookConfiguration: Reader<Fields<typeof WEBHOOK>> = (value, path, gate) =>
  readFields(value, path, WEBHOOK, gate);

/** `spec` without its rules: their gate needs to know what the others say. */
const SPEC = {
  rules: enforced<readonly unknown[]>((value, path, gate) => listOf((item) => item)(value, path, gate)),
  applyRules: enforced(oneOf("All", "One")),
  failurePolicy: enforced(failurePolicy),
  validationFailureAction: enforced(failureAction),
  validationFailureActionOverrides: enforced(actionOverrides),
  webhookTimeoutSeconds: enforced(seconds),
  webhookConfiguration: enforced(webhookConfiguration),
  admission: enforced(admission),
  emitWarning: ignored("whatever fails and is admitted always warns"),
  background: enforced(truth),
  schemaValidation: ignored("it is deprecated and concerns mutate rules"),
  mutateExistingOnPolicyUpdate: ignored(OTHER_RULES),
  generateExisting: ignored(OTHER_RULES),
  generateExistingOnPolicyUpdate: refused(POLICY_REFUSALS.generateExisting),
  useServerSideApply: ignored(OTHER_RULES),
} satisfies FieldTable;

const POLICY = {
  apiVersion: enforced((value) => value),
  kind: enforced((value) => value),
  metadata: enforced((value, path, gate) => readFields(value, path, METADATA, gate)),
  spec: enforced((value, path, gate) => readFields(value, path, SPEC, gate)),
  status: ignored("the cluster writes it"),
} satisfies FieldTable;

/**
 * Reads a policy; whatever is wrong with it goes to the gate.
 *
 * @returns `undefined` when too much is missing to go on reading.
 */
export function readPolicy({ value, version, kind }: PolicyDocument, gate: Gate): PolicyFields | undefined {
  const fields = readFields(value, [], POLICY, gate);
  const metadata = fields?.metadata;
  const spec = fields?.spec;
  if (!isRecord(value["metadata"]) || (value["metadata"]["name"] ?? null) === null) {
    gate.refuse(["metadata", "name"], "it is missing, expected the policy's name");
  }
  if ((value["spec"] ?? null) === null) gate.refuse(["spec"], "it is missing, expected rules");
  if (spec === undefined) return undefined;
  if (spec.rules?.length === 0 || !isRecord(value["spec"]) || (value["spec"]["rules"] ?? null) === null) {
    gate.refuse(["spec", "rules"], "0 rules, expected 1 or more: a policy without rules protects nothing");
  }
  const rawRules = spec.rules ?? [];
  const action = spec.validationFailureAction ?? "Audit";
  const policy = metadata?.name ?? "";
  const namespaced = kind === "Policy";
  const namespace = readNamespace(namespaced, metadata?.namespace, gate);
  const { background = true } = spec;
  const context = { policy, version, namespaced, namespace, background, failureAction: action };
  const rules = listOf(imageRule(context))(rawRules, ["spec", "rules"], gate) ?? [];
  checkNames(rawRules, gate);
  const { validationFailureActionOverrides: overrides = [] } = spec;
  if (namespaced && overrides.length > 0) {
    gate.refuse(["spec", "validationFailureActionOverrides"], POLICY_REFUSALS.overridesInPolicy);
  }
  const { webhookConfiguration: webhook } = spec;
  refuseBoth(spec.failurePolicy, webhook?.failurePolicy, "failurePolicy", POLICY_REFUSALS.failurePolicyTwice, gate);
  refuseBoth(
    spec.webhookTimeoutSeconds,
    webhook?.timeoutSeconds,
    "webhookTimeoutSeconds",
    POLICY_REFUSALS.timeoutTwice,
    gate,
  );
  const timeoutSeconds = webhook?.timeoutSeconds ?? spec.webhookTimeoutSeconds;
  const trust = readTrustExtension(metadata?.annotations ?? new Map<string, string>(), namespace, gate);
  return {
    name: policy,
    namespace,
    annotations: metadata?.annotations ?? new Map<string, string>(),
    rules,
    rawRules,
    applyRules: spec.applyRules ?? "All",
    failureAction: action,
    actionOverrides: overrides,
    failurePolicy: webhook?.failurePolicy ?? spec.failurePolicy ?? "Fail",
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(trust === undefined ? {} : { trust }),
    ...(webhook?.matchConditions === undefined ? {} : { matchConditions: webhook.matchConditions }),
  };
}

function readNamespace(namespaced: boolean, namespace: string | undefined, gate: Gate): string {
  const path: Path = ["metadata", "namespace"];
  if (namespaced && namespace === undefined) {
    gate.refuse(path, "it is missing: a Policy is about the resources of its namespace, expected its name");
  }
  if (namespaced) return namespace ?? "";
  if (namespace !== undefined) gate.ignore(path, "a ClusterPolicy has no namespace: it is about all of them");
  return "";
}

function checkNames(rules: readonly unknown[], gate: Gate): void {
  const names = new Set<unknown>();
  for (const [index, rule] of rules.entries()) {
    if (!isRecord(rule) || typeof rule["name"] !== "string") continue;
    if (names.has(rule["name"])) {
      gate.refuse(["spec", "rules", index, "name"], POLICY_REFUSALS.duplicateRule(rule["name"]));
    }
    names.add(rule["name"]);
  }
}

function refuseBoth(older: unknown, newer: unknown, field: string, reason: string, gate: Gate): void {
  if (older !== undefined && newer !== undefined) gate.refuse(["spec", field], reason);
}
