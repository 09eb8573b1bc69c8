/** ClusterPolicy and Policy of `kyverno.io`: documents with `verifyImages` rules → policies that can be asked. */
import { printable } from "../encoding/mod.ts";
import { toEngineError } from "../errors.ts";
import type { FunctionTable, StepMeter } from "../expressions/mod.ts";
import { AUTOGEN_ANNOTATION, autogenRules, autogenTargets } from "./autogen.ts";
import { createCertificateWatch } from "./certificate_watch.ts";
import { type ConditionBlock, evaluateBlock } from "./conditions.ts";
import { withContext } from "./context.ts";
import { mapConcurrently, withinDeadline } from "./deadline.ts";
import { actionFor, actionOfEntries, overrideNeeds } from "./failure_action.ts";
import { evaluateImage, type ImageVerification } from "./image_rule.ts";
import { exemptImages, type RuleName } from "./exceptions.ts";
import { imagesOfRule } from "./extractors.ts";
import { kyvernoFunctions } from "./functions/table.ts";
import { comparePointers, type ImageInfo, type InvalidImage, isRequired, type ResourceImages } from "./images.ts";
import type { MatchConditions } from "./match_conditions.ts";
import { clusterNeeds, compileSelection, type Selected } from "./match.ts";
import {
  failedToEvaluateMatchConditions,
  failedToEvaluatePreconditions,
  failedToMatch,
  failedToReadAuthorities,
  failedToSubstitute,
  preconditionsNotMet,
} from "./message.ts";
import { type PolicyFields, readPolicy } from "./policy_fields.ts";
import type {
  CompiledPolicy,
  EvaluationContext,
  ImageResponse,
  PolicyRequest,
  RuleResponse,
  WholeRuleResponse,
} from "./policy.ts";
import { requestScope } from "./request_scope.ts";
import type { RuleFields } from "./rule_fields.ts";
import type { Gate } from "./schema.ts";
import type { VariableScope } from "./scope.ts";
import { createTrustExtender, type ExtendTrust } from "./trust_extension.ts";

/** Images of one rule that are looked at at the same time; what they ask is bounded by the budget of the decision. */
export const MAX_CONCURRENT_IMAGES = 32;

/** Kyverno's `webhookTimeoutSeconds` where a policy names none. */
export const DEFAULT_TIMEOUT_SECONDS = 10;

/** What the compilers of all kinds are given. */
export interface PolicyDocument {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly version: "v1" | "v2beta1";
  readonly kind: "ClusterPolicy" | "Policy";
}

/**
 * Compiles a policy, its rules for controllers and CronJobs included.
 *
 * @returns `undefined` when the gate refused anything; a policy without a `verifyImages` rule is asked nothing.
 *
 * Spec: Kyverno, ClusterPolicy and Policy, `kyverno.io/v1` and `kyverno.io/v2beta1`.
 */
export function compileClusterPolicy(document: PolicyDocument, gate: Gate): CompiledPolicy | undefined {
  const fields = readPolicy(document, gate);
  if (fields === undefined || gate.problems.length > 0) return undefined;
  const { name, namespace, rules, failurePolicy, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = fields;
  const targets = autogenTargets(fields.rawRules, fields.annotations.get(AUTOGEN_ANNOTATION));
  const repeated = rules.flatMap((rule) => autogenRules(rule, targets, rule.inTemplate)).map(withoutExtractors);
  const watch = createCertificateWatch();
  for (const { verifyImages } of rules) watch.note(verifyImages.known ?? []);
  const extended = createTrustExtender(fields.trust);
  const extend: ExtendTrust = async (read, context) => {
    const entries = await extended(read, context);
    watch.note(entries);
    return entries;
  };
  const compiled = [...rules, ...repeated]
    .map((rule) => compileRule(rule, fields, extend));
  return {
    name,
    namespace,
    annotations: fields.annotations,
    source: document.file,
    ignored: gate.ignored,
    problems: [],
    extractedKinds: new Set(rules.flatMap(({ imageExtractors }) => [...imageExtractors?.keys() ?? []])),
    timeoutSeconds,
    failurePolicy,
    needs: [...new Set([...rules.flatMap(clusterNeeds), ...overrideNeeds(fields.actionOverrides)])].sort(),
    certificates: watch.list,
    evaluate: fields.applyRules === "One"
      ? (request, context) => evaluateUntilApplied(compiled, request, context)
      : async (request, context) => {
        const responses = await Promise.all(compiled.map((rule) => rule(request, context)));
        return responses.filter((response): response is RuleResponse => response !== undefined);
      },
  };
}

/** Extractors are about the kinds a rule was written for. */
function withoutExtractors({ imageExtractors: _, ...rule }: RuleFields): RuleFields {
  return rule;
}

type CompiledRule = (request: PolicyRequest, context: EvaluationContext) => Promise<RuleResponse | undefined>;

/** `applyRules: One`: rules after the first that passed or failed are not asked. */
async function evaluateUntilApplied(
  rules: readonly CompiledRule[],
  request: PolicyRequest,
  context: EvaluationContext,
): Promise<readonly RuleResponse[]> {
  const responses: RuleResponse[] = [];
  for (const rule of rules) {
    const response = await rule(request, context);
    if (response === undefined) continue;
    responses.push(response);
    if (response.images.some(({ status }) => status === "pass" || status === "fail")) break;
  }
  return responses;
}

function compileRule(rule: RuleFields, policy: PolicyFields, extend: ExtendTrust): CompiledRule {
  const { match, exclude, entries } = rule;
  const { name, namespace: policyNamespace, failurePolicy } = policy;
  const select = compileSelection({ match, ...(exclude === undefined ? {} : { exclude }), policyNamespace });
  const extensions = policy.trust === undefined ? {} : { extensions: policy.trust.inForce };
  const header = { policy: name, policyNamespace, rule: rule.name, failurePolicy, ...extensions };
  const reported = rule.reportProperties === undefined ? {} : { reportProperties: rule.reportProperties };
  const actions = {
    own: actionOfEntries(entries),
    overrides: policy.actionOverrides,
    fallback: policy.failureAction,
  };
  return async (request, context) => {
    const selected = select(request);
    if (selected === false) return undefined;
    const functions = kyvernoFunctions(context.ports);
    const found = imagesOf(rule, request, functions, context.meter);
    if (found.images.length + found.invalid.length === 0) return undefined;
    const asked = policy.matchConditions === undefined || await isAsked(policy.matchConditions, policy, request);
    if (asked === false) return undefined;
    const answer = asked === true
      ? await answerOf({ rule, name: header, selected, found, functions, extend }, request, context)
      : wholly(asked);
    if (answer === undefined) return undefined;
    const { images, whole } = answer;
    return {
      ...header,
      ...reported,
      action: await actionFor(actions, request.namespace, context.facts),
      images,
      ...(whole === undefined ? {} : { whole: { ...whole, pointers: found.images.map(({ pointer }) => pointer) } }),
    };
  };
}

/**
 * Whether the policy's match conditions hold. When they fail, the API server asks a webhook nothing: it denies, or
 * leaves the webhook out, by the failure policy. What costs too much leaves nothing out: whoever makes a condition
 * costly, with many labels, must not be let in by it.
 */
async function isAsked(
  conditions: MatchConditions,
  { failurePolicy }: PolicyFields,
  request: PolicyRequest,
): Promise<boolean | WholeAnswer> {
  try {
    return await conditions.hold(request);
  } catch (thrown) {
    const { message, code, refusal } = toEngineError(thrown, "Cannot evaluate the policy's match conditions");
    const sentence = failedToEvaluateMatchConditions(printable(message));
    const blocks = failurePolicy === "Fail" || code === "ERR_TOO_LARGE";
    return { status: blocks ? "error" : "skip", message: sentence, refusal };
  }
}

type WholeAnswer = Omit<WholeRuleResponse, "pointers">;

type RuleAnswer = Pick<RuleResponse, "images"> & { readonly whole?: WholeAnswer };

/** A rule that may be about a request. */
interface AskedRule {
  readonly rule: RuleFields;
  readonly name: RuleName;
  readonly selected: Selected;
  readonly found: ResourceImages;
  readonly functions: FunctionTable;
  readonly extend: ExtendTrust;
}

/** What a rule says of the images it is about, or why it says nothing of them. */
async function answerOf(
  { rule, name, selected, found, functions, extend }: AskedRule,
  request: PolicyRequest,
  context: EvaluationContext,
): Promise<RuleAnswer | undefined> {
  const { preconditions, verifyImages } = rule;
  if (selected !== true) {
    try {
      if (selected === false || !await selected(context.facts)) return undefined;
    } catch (thrown) {
      const { message, refusal } = toEngineError(thrown, "Cannot match the request");
      return wholly({ status: "error", message: failedToMatch(printable(message)), refusal });
    }
  }
  const scope = withContext(
    requestScope(request, functions, context.facts, rule.imageExtractors, context.meter),
    rule.context,
    context,
  );
  const action = `reading the variables of ${name.policy}.${name.rule}`;
  const within = <T>(work: Promise<T>): Promise<T> => withinDeadline(work, context.signal, action);
  const unmet = preconditions === undefined ? undefined : await unmetPreconditions(preconditions, scope, within);
  if (unmet !== undefined) return wholly(unmet);
  const { facts } = context;
  try {
    const exceptions = await within(context.exceptions());
    const { left, exempt, whole } = await within(exemptImages(exceptions, name, found, { request, facts, scope }));
    if (whole !== undefined) return wholly({ status: "skip", message: whole });
    const skipped = exempt.map(({ image, message }) => respondSkipped(image, message));
    if (left.images.length + left.invalid.length === 0) return { images: inOrder(skipped) };
    const read = await within(verifyImages.read(scope, context.ports.crypto));
    const compiled = await within(extend(read, context)).catch((thrown: unknown) => {
      const { message, refusal } = toEngineError(thrown, "Cannot read timestamp authorities");
      return wholly({ status: "error", message: failedToReadAuthorities(printable(message)), refusal });
    });
    if (!isList(compiled)) return compiled;
    const images = inOrder([...skipped, ...await evaluateImages(compiled, left, name, scope, context)]);
    return images.length === 0 ? undefined : { images };
  } catch (thrown) {
    const { message, refusal } = toEngineError(thrown, "Cannot read the rule's variables");
    return wholly({ status: "error", message: failedToSubstitute(printable(message)), refusal });
  }
}

/** TypeScript's own test loses what is in a list that cannot be changed. */
const isList = <T>(value: readonly T[] | RuleAnswer): value is readonly T[] => Array.isArray(value);

const wholly = (whole: WholeAnswer): RuleAnswer => ({ images: [], whole });

function respondSkipped({ image, pointer, container }: ImageInfo, message: string): ImageResponse {
  return { image, pointer, container, status: "skip", message, outcomes: [] };
}

/** As a Pod starts them. */
function inOrder(images: readonly ImageResponse[]): readonly ImageResponse[] {
  return [...images].sort((one, other) => comparePointers(one.pointer, other.pointer));
}

/** Why a rule does not apply, or why that cannot be told; `undefined` when it applies. */
async function unmetPreconditions(
  preconditions: ConditionBlock,
  scope: VariableScope,
  within: <T>(work: Promise<T>) => Promise<T>,
): Promise<WholeAnswer | undefined> {
  try {
    const { holds, message } = await within(evaluateBlock(preconditions, scope, "as written"));
    return holds ? undefined : { status: "skip", message: preconditionsNotMet(message) };
  } catch (thrown) {
    const { message, refusal } = toEngineError(thrown, "Cannot evaluate the rule's preconditions");
    return { status: "error", message: failedToEvaluatePreconditions(printable(message)), refusal };
  }
}

/** The images that an entry may be about; what is no reference may be anything. */
function imagesOf(
  { entries, imageExtractors }: RuleFields,
  request: PolicyRequest,
  functions: FunctionTable,
  meter: StepMeter,
): ResourceImages {
  const { images, invalid } = imagesOfRule(request, imageExtractors, functions, meter);
  return {
    images: images.filter((image) => entries.some((entry) => isRequired(image, entry.imageReferences))),
    invalid,
  };
}

async function evaluateImages(
  entries: readonly ImageVerification[],
  { images, invalid }: ResourceImages,
  name: RuleName,
  scope: VariableScope,
  context: EvaluationContext,
): Promise<readonly ImageResponse[]> {
  // What is no reference fits no pattern, so it cannot be shown that a rule is not about it.
  const refusedImages = invalid.map(respondInvalid);
  const responses = await mapConcurrently(images, MAX_CONCURRENT_IMAGES, async (image) => {
    const answers: ImageResponse[] = [];
    for (const entry of entries) {
      const answer = await evaluateImage(entry, image, name, scope, context);
      if (answer !== undefined) answers.push(answer);
    }
    return answers;
  });
  return [...refusedImages, ...responses.flat()];
}

function respondInvalid({ image, pointer, container, message, refusal }: InvalidImage): ImageResponse {
  return { image, pointer, container, status: "error", message, refusal, outcomes: [] };
}
