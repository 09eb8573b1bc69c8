/**
 * Every field of a policy that decides something, with a case that has it: what is not in this list is in
 * {@link ELSEWHERE}, with the reason. `test/cases/policy/compared.test.ts` holds both to `docs/policies.md`.
 */

/** A path into the policy, `[]` for any member of a list; and the name of a case. */
export type FieldCase = readonly [field: string, name: string];

const RULE = "spec.rules[]";
const ENTRY = `${RULE}.verifyImages[]`;
const ATTESTOR = `${ENTRY}.attestors[]`;
const ATTESTATION = `${ENTRY}.attestations[]`;
const MATCH = `${RULE}.match.any[]`;

/** Heading of `docs/policies.md` → where its fields stand in a policy. */
export const PLACES: Readonly<Record<string, readonly string[]>> = {
  "The document": [""],
  "`metadata`": ["metadata."],
  "`spec`": ["spec."],
  "`spec.webhookConfiguration`": ["spec.webhookConfiguration."],
  "`spec.rules[]`": [`${RULE}.`],
  "`context[]`": [`${RULE}.context[].`],
  "`match` and `exclude`": [`${RULE}.match.`],
  "A filter of `any` or `all`": [`${MATCH}.`],
  "`resources`": [`${MATCH}.resources.`],
  "`selector`": [`${MATCH}.resources.selector.`],
  "`selector.matchExpressions[]`": [`${MATCH}.resources.selector.matchExpressions[].`],
  "`verifyImages[]`": [`${ENTRY}.`],
  "`attestations[]`": [`${ATTESTATION}.`],
  "`validate`": [`${ENTRY}.validate.`],
  "`deny`": [`${ENTRY}.validate.deny.`],
  "`imageRegistryCredentials`": [`${ENTRY}.imageRegistryCredentials.`],
  "`attestors[]`": [`${ATTESTOR}.`],
  "`entries[]`": [`${ATTESTOR}.entries[].`],
  "`certificates`": [`${ATTESTOR}.entries[].certificates.`],
};

export const POLICY_FIELDS: readonly FieldCase[] = [
  ["apiVersion", "match: names, alone"],
  ["kind", "Policy: of the namespace"],
  ["metadata.name", "signed tag"],
  ["metadata.namespace", "Policy: of the namespace"],
  ["metadata.annotations", "autogen off"],
  ["spec.validationFailureAction", "actions: Audit, the entry without, unsigned"],
  ["spec.validationFailureActionOverrides[].action", "overrides: Audit by a pattern"],
  ["spec.validationFailureActionOverrides[].namespaces", "overrides: Enforce by name"],
  ["spec.failurePolicy", "variables: failurePolicy Ignore"],
  ["spec.webhookTimeoutSeconds", "signed tag"],
  ["spec.webhookConfiguration.failurePolicy", "variables: webhookConfiguration"],
  ["spec.webhookConfiguration.timeoutSeconds", "variables: webhookConfiguration"],
  ["spec.applyRules", "applyRules: One stops at the first that fails"],
  ["spec.background", "who asks: user, a developer"],
  ["spec.admission", "variables: ignored: the rest of a policy"],
  ["spec.emitWarning", "variables: ignored: the rest of a policy"],
  ["spec.schemaValidation", "variables: ignored: the rest of a policy"],
  [`${RULE}.name`, "autogen: CronJob, a name of 63 characters"],
  [`${RULE}.imageExtractors.Task[].path`, "extractors: a member, unsigned"],
  [`${RULE}.imageExtractors.Task[].value`, "extractors: an object"],
  [`${RULE}.imageExtractors.Task[].key`, "extractors: an object"],
  [`${RULE}.imageExtractors.Task[].name`, "extractors: two names"],
  [`${RULE}.imageExtractors.Task[].jmesPath`, "extractors: jmesPath, unsigned"],
  [`${RULE}.match.any`, "match: names, any"],
  [`${RULE}.match.all`, "match: names, all"],
  [`${RULE}.match.resources`, "match: names, alone"],
  [`${RULE}.match.roles`, "who asks: role-alone, a developer"],
  [`${RULE}.match.clusterRoles`, "who asks: cluster-role-alone, a developer"],
  [`${RULE}.match.subjects`, "who asks: group-alone, a developer"],
  [`${RULE}.exclude.subjects`, "who asks: not-devs-alone, a developer"],
  [`${RULE}.exclude.any`, "exclude: names, any"],
  [`${RULE}.exclude.all`, "exclude: names, all"],
  [`${RULE}.exclude.resources`, "exclude: names, alone"],
  [`${MATCH}.resources.kinds`, "match: a pattern of kinds, any"],
  [`${MATCH}.resources.name`, "match: another name, any"],
  [`${MATCH}.resources.names`, "match: other names, any"],
  [`${MATCH}.resources.namespaces`, "match: other namespaces, any"],
  [`${MATCH}.resources.annotations`, "match: other annotations, any"],
  [`${MATCH}.resources.selector.matchLabels`, "match: other labels, any"],
  [`${MATCH}.resources.selector.matchExpressions[].key`, "match: an expression, any"],
  [`${MATCH}.resources.selector.matchExpressions[].operator`, "match: an expression, any"],
  [`${MATCH}.resources.selector.matchExpressions[].values`, "selector that does not match"],
  [`${MATCH}.resources.namespaceSelector.matchLabels`, "who asks: label, a developer"],
  [`${MATCH}.resources.namespaceSelector.matchExpressions`, "who asks: not-in, a developer"],
  [`${MATCH}.resources.operations`, "match: other operations, any"],
  [`${MATCH}.roles`, "who asks: role, a developer"],
  [`${MATCH}.clusterRoles`, "who asks: cluster-role, a developer"],
  [`${MATCH}.subjects[].kind`, "who asks: user, a developer"],
  [`${MATCH}.subjects[].name`, "who asks: group, a developer"],
  [`${MATCH}.subjects[].namespace`, "who asks: service-account, a service account"],
  [`${RULE}.preconditions.any`, "variables: any of two preconditions"],
  [`${RULE}.preconditions.all[].key`, 'preconditions: Equals "6"'],
  [`${RULE}.preconditions.all[].operator`, 'preconditions: AllIn ["4"]'],
  [`${RULE}.preconditions.all[].value`, "preconditions: LessThan 5"],
  [`${RULE}.preconditions.all[].message`, "variables: any and all of preconditions"],
  [`${RULE}.context[].name`, "variables: another certificate in a ConfigMap"],
  [`${RULE}.context[].configMap.name`, "variables: another certificate in a ConfigMap"],
  [`${RULE}.context[].configMap.namespace`, "variables: another certificate in a ConfigMap"],
  [`${RULE}.context[].variable.value`, "variables: another certificate in a variable"],
  [`${RULE}.context[].variable.jmesPath`, "variables: a certificate in a member"],
  [`${RULE}.context[].variable.default`, "variables: a certificate by default"],
  [`${RULE}.context[].imageRegistry.reference`, "variables: what an image is, before it is looked at"],
  [`${RULE}.context[].imageRegistry.jmesPath`, "variables: a member of an image"],
  [`${ENTRY}.type`, "signed tag"],
  [`${ENTRY}.imageReferences`, "imageReferences: another folder, tag"],
  [`${ENTRY}.skipImageReferences`, "skipImageReferences: a tag, tag"],
  [`${ENTRY}.failureAction`, "actions: Enforce, the entry Audit, unsigned"],
  [`${ENTRY}.mutateDigest`, "mutateDigest false, verifyDigest true, tag"],
  [`${ENTRY}.verifyDigest`, "mutateDigest false, signed tag, no digest asked"],
  [`${ENTRY}.required`, 'digests: {"mutateDigest":true,"verifyDigest":true,"required":false}, unsigned tag'],
  [`${ENTRY}.useCache`, "variables: ignored: the rest of an entry"],
  [`${ENTRY}.repository`, "variables: ignored: the rest of an entry"],
  [`${ENTRY}.imageRegistryCredentials.providers`, "variables: ignored: the rest of an entry"],
  [`${ENTRY}.cosignOCI11`, "variables: ignored: Cosign's switch"],
  [`${ATTESTOR}.count`, "count 2 of two entries, one bad"],
  [`${ATTESTOR}.entries[].certificates.cert`, "wrong certificate"],
  [`${ATTESTOR}.entries[].certificates.certChain`, "attestors: certChain, signed by chain"],
  [`${ATTESTOR}.entries[].attestor.entries`, "nested attestor, bad"],
  [`${ATTESTOR}.entries[].attestor.count`, "nested attestor, bad"],
  [`${ATTESTOR}.entries[].repository`, "attestors: the rest of an entry, signed by signer"],
  [`${ATTESTOR}.entries[].signatureAlgorithm`, "attestors: the rest of an entry, signed by signer"],
  [`${ATTESTATION}.name`, "attestations: under its name"],
  [`${ATTESTATION}.type`, "attestations: none of the type"],
  [`${ATTESTATION}.predicateType`, "attestations: predicateType"],
  [`${ATTESTATION}.attestors[].entries`, "attestations: another trusted"],
  [`${ATTESTATION}.attestors[].count`, "attestations: count 1 of two, neither signed"],
  [`${ATTESTATION}.conditions[].any`, "attestations: any of two holds"],
  [`${ATTESTATION}.conditions[].all[].message`, "attestations: several messages"],
  [`${ENTRY}.validate.message`, "attestations: deny holds"],
  [`${ENTRY}.validate.deny.conditions`, "attestations: deny holds"],
];

const SPEC = "spec";

/** Of PolicyExceptions. */
export const EXCEPTION_FIELDS: readonly FieldCase[] = [
  ["apiVersion", "exceptions: kyverno.io/v2beta1"],
  ["metadata.name", "exceptions: two of them"],
  ["metadata.annotations", "exceptions: of one image"],
  [`${SPEC}.match.any[].resources.namespaces`, "exceptions: of another namespace"],
  [`${SPEC}.match.any[].resources.operations`, "exceptions: of an operation"],
  [`${SPEC}.match.all[].resources.names`, "exceptions: of a name"],
  [`${SPEC}.conditions.any`, "exceptions: whose condition fails"],
  [`${SPEC}.exceptions[].policyName`, "exceptions: of a pattern of policies"],
  [`${SPEC}.exceptions[].ruleNames`, "exceptions: of another rule"],
];

/** What the command line cannot be asked: the field, why, and the file whose tests have it. */
export const ELSEWHERE: readonly (readonly [field: string, reason: string, file: string])[] = [
  [
    "spec.webhookConfiguration.matchConditions",
    "only the API server evaluates them",
    "test/cases/policy/match_conditions.test.ts",
  ],
  [
    "spec.validationFailureActionOverrides[].namespaceSelector",
    "it has no labels of namespaces where it decides actions",
    "test/cases/policy/failure_action.test.ts",
  ],
  [`${RULE}.context[].apiCall`, "it has no cluster", "test/cases/policy/context.test.ts"],
  [`${ENTRY}.imageRegistryCredentials.secrets`, "it has no cluster", "test/cases/admission/pull_secrets.test.ts"],
  [`${RULE}.reportProperties`, "it is in reports alone", "test/cases/policy/report.test.ts"],
  [
    `${ENTRY}.attestors[].entries[].annotations`,
    "it takes them and compares nothing",
    "test/cases/policy/refused_image_fields.test.ts",
  ],
  [`${ENTRY}.attestors[].entries[].keys`, "it refuses it", "test/cases/policy/refused_image_fields.test.ts"],
  [`${ENTRY}.attestors[].entries[].keyless`, "it refuses it", "test/cases/policy/refused_image_fields.test.ts"],
];

/** Whether a value has a field. */
export function hasField(value: unknown, field: string): boolean {
  const [first = "", ...rest] = field.split(".");
  const name = first.replace(/\[\]$/, "");
  if (typeof value !== "object" || value === null || !(name in value)) return false;
  const members: unknown = (value as Readonly<Record<string, unknown>>)[name];
  const within = first.endsWith("[]") ? members : [members];
  return Array.isArray(within) && within.length > 0 &&
    (rest.length === 0 || within.some((one) => hasField(one, rest.join("."))));
}
