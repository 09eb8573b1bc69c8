/**
 * Every sentence Kyverno users see, character for character.
 *
 * Whatever comes from outside is made safe to print before it gets here: the only control character a sentence may have
 * is the newline between two lines of its own.
 */
import { printable } from "../encoding/mod.ts";
import { DEFAULT_REGISTRY } from "../oci/mod.ts";
import { type BlockMap, renderFoldedYaml, renderUnfoldedYaml } from "./folded_yaml.ts";

/** What a message says was signed: "image" in the webhook's denial, "artifact" where notation speaks. */
export type Noun = "image" | "artifact";

/** How denials are written: as Kyverno up to 1.18 folds them, as it writes them from 1.19 on, or for people. */
export type MessageStyle = "kyverno" | "kyverno-1.19" | "explained";

/** Every style, the default first. */
export const MESSAGE_STYLES: readonly MessageStyle[] = ["kyverno", "kyverno-1.19", "explained"];

/** Policy → rule → message, as Kyverno writes it. */
export const renderFailures = (failures: BlockMap, style: Exclude<MessageStyle, "explained">): string =>
  style === "kyverno" ? renderFoldedYaml(failures) : renderUnfoldedYaml(failures);

/** The whole denial: Kyverno's frame around what failed. */
export function blockedMessage(
  resource: { readonly kind: string; readonly namespace: string; readonly name: string },
  failures: string,
): string {
  const { kind, namespace, name } = resource;
  return `\n\nresource ${printable(kind)}/${printable(namespace)}/${
    printable(name)
  } was blocked due to the following ` +
    `policies \n\n${failures}`;
}

/** One warning of an answer that admits. */
export const warning = (policy: string, rule: string, message: string): string =>
  `policy ${policy}.${rule}: ${message}`;

/** Why an image's attestor sets were not satisfied. */
export const failedToVerifyImage = (image: string, reasons: readonly string[]): string =>
  `failed to verify image ${image}: ${reasons.join("; ")}`;

/** An attestor's reason behind its path: `.attestors[0].entries[1]: …`. */
export const atPath = (path: string, reason: string): string => `${path}: ${reason}`;

/** The artifact could not be resolved. */
export const failedToParseReference = (image: string, detail: string): string =>
  `failed to parse image reference: ${image}: ${printable(detail)}`;

/** The artifact was resolved and what was found there does not satisfy the attestor. */
export const failedToVerify = (reference: string, detail: string): string => `failed to verify ${reference}: ${detail}`;

export const noSignature = (reference: string, noun: Noun): string =>
  `no signature is associated with "${reference}", make sure the ${noun} was signed successfully`;

/** Added where it is the usual mistake: one platform's image was signed, and the index is deployed. */
export const onlyChildrenSigned = (children: readonly string[]): string =>
  children.length === 0 ? "" : `; it is an index of which only children are signed: ${children.join(", ")}`;

/** Where every child may be signed in place of the index, and this one is not; `detail` says why. */
export const notEveryChildSigned = (reference: string, child: string, detail: string): string =>
  `neither "${reference}" nor every child of it is signed by who is trusted: ${child}: ${detail}`;

/** Passes, though a validation that is only logged did not. */
export const passedAlthough = (message: string, logged: readonly string[]): string =>
  `${message}, although not enforced: ${logged.join("; ")}`;

/** The timestamp authorities that a policy's annotation names could not be read. */
export const failedToReadAuthorities = (detail: string): string => `failed to read timestamp authorities: ${detail}`;

/** The deadline passed while this was being done. */
export const ranOutOfTime = (action: string): string => `ran out of time at ${action}`;

export const failedToUpdateDigest = (image: string, detail: string): string =>
  `failed to update digest: failed to fetch image reference: ${image}, error: ${printable(detail)}`;

export const invalidImage = (image: string, detail: string): string => {
  const known = /^[^/]*[.:A-Z][^/]*\/|^localhost\//.test(image) ? image : `${DEFAULT_REGISTRY}/${image}`;
  return `invalid image '${image}' (bad image: ${known}, defaultRegistry: ${DEFAULT_REGISTRY}, ` +
    `enableDefaultRegistryMutation: true: ${detail})`;
};

/** What a rule's extractors found is no image. */
export const failedToExtract = (detail: string): string =>
  `failed to instantiate handler: failed to extract images: ${detail}`;

/** The rule's variables could not be resolved; `detail` names the first. */
export const failedToSubstitute = (detail: string): string => `failed to substitute variables: ${detail}`;

/** The cluster could not say whether the rule is about the request. */
export const failedToMatch = (detail: string): string => `failed to match the request: ${detail}`;

/** Nobody has said what is asked of the image. */
export const noRuleMatches = (image: string): string => `no rule matches image ${image}`;

/** The policy cannot be asked at all; `detail` says where and why. */
export const policyNotLoaded = (detail: string): string => `policy is not loaded: ${detail}`;

/** Whether the policy is asked about the request could not be found out. */
export const failedToEvaluateMatchConditions = (detail: string): string =>
  `failed to evaluate match conditions: ${detail}`;

export const verifiedImageSignatures = (image: string): string => `verified image signatures for ${image}`;

/** An attestation was found, and everything asked of it holds. */
export const verifiedImageAttestations = (image: string): string => `verified image attestations for ${image}`;

/** Not enough attestors vouch for an attestation that meets its conditions. */
export const attestationsFailed = (
  { verified, required }: { readonly verified: number; readonly required: number },
  reasons: readonly string[],
): string =>
  `image attestations verification failed, verifiedCount: ${verified}, requiredCount: ${required}, ` +
  `error: ${reasons.join("; ")}`;

/** What was attested does not meet the conditions; `detail` is theirs to say. */
export const attestationChecksFailed = (image: string, type: string, detail: string): string =>
  `attestation checks failed for ${image} and predicate ${printable(type)}: ${detail}`;

/** The conditions' variables could not be resolved. */
export const failedToCheckAttestations = (detail: string): string => `failed to check attestations: ${detail}`;

/** As {@link failedToCheckAttestations} has it of the variables. */
export const failedToSubstituteInConditions = (detail: string): string =>
  `failed to substitute variables in attestation conditions: ${printable(detail)}`;

export const noMatchingAttestations = (image: string, type: string): string =>
  `no matching attestations found for image ${image} with type ${printable(type)}`;

/** Attestations beyond the number that is tried. */
export const moreAttestations = (count: number): string => `${count} more of this type were not tried`;

/** `validate.deny` holds, or cannot be evaluated. */
export const validationFailed = (detail: string): string => `validation in verifyImages failed: ${detail}`;

export const failedToCheckDeny = (detail: string): string => `failed to check deny conditions: ${printable(detail)}`;

/** Where `validate.deny` holds and nobody has written why. */
export const deniedWithoutMessage = "validation error: imageVerify  failed";

export const validationPassed = (rule: string): string => `verifyImages validation is passed in ${rule} rule`;

export const mutatedImageDigest = "mutated image digest";

export const skippedImage = (image: string, policy: string, rule: string): string =>
  `skipping image reference image ${image}, policy ${policy} ruleName ${rule}`;

export const missingDigest = (image: string): string => `missing digest for ${image}`;

export const unverifiedImage = (image: string): string => `unverified image ${image}`;

export const imageVerified = "image verified";

/** Exceptions leave the rule out; their names follow without a space. */
export const exemptedByExceptions = (keys: readonly string[]): string =>
  `rule is skipped due to policy exceptions${keys.join(", ")}`;

/** What Kyverno says of an exception that it does not take, or not yet. */
export const EXCEPTION_REFUSALS = {
  policyName: "An exception requires a policy name",
  disabled: "PolicyException resources would not be processed until it is enabled.",
  noNamespace: "The exceptionNamespace flag is not set",
  otherNamespace: "PolicyException resource namespace must match the defined namespace.",
} as const;

/** What Kyverno says of a policy it does not take. */
export const POLICY_REFUSALS = {
  noImageReference: "An image reference is required",
  countExceedsEntries: "Count cannot exceed length of entries",
  noEntry: "An entry is required",
  attestorKind: "keys, certificates, keyless, or a nested attestor is required",
  noCertificate: "cert or certChain required",
  noAttestationType: "missing type",
  predicateType: (type: string) =>
    `predicateType has been deprecated use 'type: ${printable(type)}' instead of 'predicateType: ${printable(type)}'`,
  keysForNotary: "Keys field is not allowed for type notary",
  keylessForNotary: "Keyless field is not allowed for type notary",
  auditMutatesDigest: "mutateDigest must be set to false for ‘Audit’ failure action",
  timeoutSeconds: "the timeout value must be between 1 and 30 seconds",
  timeoutTwice: "remove the deprecated field and use spec.webhookConfiguration.timeoutSeconds instead",
  failurePolicyTwice: "remove the deprecated field and use spec.webhookConfiguration.failurePolicy instead",
  generateExisting: "remove the deprecated field and use spec.generate[*].generateExisting instead",
  admissionOff: "disabling admission processing is only allowed with validation policies",
  wildcardKind: "wildcard policy does not support rule type",
  noKind: "at least one element must be specified in a kind block, the kind attribute is mandatory when working with " +
    "the resources element",
  anyAndAll: "Can't specify any and all together",
  anyOrAllWithMatchResources: "can't specify any/all together with match resources",
  anyOrAllWithExcludeResources: "can't specify any/all together with exclude resources",
  nameAndNames: "Both name and names can not be specified together",
  emptySelector: "The requirements are not specified in selector",
  namespacesInPolicy: "Filtering namespaces not allowed in namespaced policies",
  subjectKind: (found: string) => `kind must be 'User', 'Group', or 'ServiceAccount' (${found})`,
  subjectNamespace: "namespace is required when Kind is ServiceAccount",
  roleFormat: "Role is expected to be in namespace:name format",
  background: (reason: string) =>
    "only select variables are allowed in background mode. Set spec.background=false to disable background mode for " +
    `this policy rule: ${reason} `,
  extractorQuery: "jmespath may not be used in an image extractor when mutating digests with verify images",
  conflictingNamespaces: (path: string, namespace: string) =>
    `conflicting namespaces found in path: ${path}: ${printable(namespace)}`,
  patternOfNamespace: (path: string, found: string, namespace: string) =>
    `path: ${path}: wildcard pattern '${printable(found)}' matches with namespace '${printable(namespace)}'`,
  patternOfPattern: (path: string, one: string, other: string) =>
    `path: ${path}: wildcard pattern '${printable(one)}' conflicts with the pattern '${printable(other)}'`,
  overridesInPolicy: "Use of validationFailureActionOverrides is supported only with ClusterPolicy",
  matchCondition: (detail: string) => `match conditions compilation errors: ${detail}`,
  autogenAll: "Autogen annotation does not support 'all' anymore, remove the annotation or set it to a valid value",
  duplicateRule: (name: string) => `Duplicate rule name: '${printable(name)}'`,
  noOperation: (name: string) =>
    `No operation defined in the rule '${
      printable(name)
    }'.(supported operations: mutate,validate,generate,verifyImages)`,
  severalOperations: (name: string) =>
    `Multiple operations defined in the rule '${printable(name)}', only one operation ` +
    `(mutate,validate,generate,verifyImages) is allowed per rule`,
  variables: (name: string, section: "match" | "exclude" | "image reference" | "failureAction" | "verifyImages") =>
    `rule "${printable(name)}" should not have variables in ${section} section`,
} as const;

/** What Kyverno says of a rule's context entry that it does not take. */
export const CONTEXT_REFUSALS = {
  entryName: "a name is required for context entries",
  takenName: (name: string, taken: string) =>
    `entry name ${printable(name, 200)} is invalid as it conflicts with a pre-defined variable ${taken}`,
  oneType: "exactly one of configMap or apiCall or imageRegistry or variable is required for context entries",
  configMapName: "a name is required for configMap context entry",
  otherNamespace: (given: string, own: string) =>
    `configMap namespace "${printable(given, 80)}" is different from policy namespace "${printable(own, 80)}"`,
  valueOrQuery: "a variable must define a value or a jmesPath expression",
  defaultWithoutQuery: "a variable must define a default value only when a jmesPath expression is defined",
  urlPath: "a urlPath is required for apiCall context entry",
  reference: "a ref is required for imageRegistry context entry",
} as const;

/** The rule does not apply, since its preconditions do not hold; `detail` is theirs to say. */
export const preconditionsNotMet = (detail: string): string =>
  detail === "" ? "preconditions not met" : `preconditions not met; ${detail}`;

/** Whether the rule applies could not be found out. */
export const failedToEvaluatePreconditions = (detail: string): string => `failed to evaluate preconditions: ${detail}`;

/** What Kyverno says of variables that it does not take, and what it takes and we do not. */
export const VARIABLE_REFUSALS = {
  reference: "references such as $(../name) are not resolved here: write the value itself, or a variable",
  open: 'braces "{{" open here that never close: close them with "}}", or write "\\{{" for the braces themselves',
  typed: (expected: string) => `a variable stands here, expected ${expected}: Kyverno's definition takes no text`,
  chosenSkip:
    "a variable here reads what the author of a Pod writes, who would let his own images off: name the images, " +
    "or read them from a ConfigMap that is chosen by no variable of the request",
  invalid: (rule: string, detail: string) =>
    `policy contains invalid variables: variable substitution failed for rule ${printable(rule)}: ${detail}`,
  element: (variable: string, place: string) =>
    `variable '${printable(variable, 400)}' present outside of foreach at path ${printable(place, 400)}`,
  unknown: (variable: string, known: string, patterns: readonly string[]) =>
    `variable ${printable(variable, 400)} must match regex "${known}" or patterns [${
      printable(patterns.join(" "), 400)
    }]`,
} as const;

/** What Kyverno says of conditions that it does not take, and what it takes and we do not. */
export const CONDITION_REFUSALS = {
  missing: "entered value of `key`, `value` or `operator` is missing or misspelled",
  operation: (given: string) =>
    `unknown value '${printable(given, 200)}' found under the 'value' field. Only the following values are allowed: ` +
    "[CREATE, UPDATE, DELETE, CONNECT]",
  neverHolds: "0 conditions, of which one would have to hold: the rule would never apply",
} as const;
