/** ClusterPolicy and Policy of `kyverno.io`: documents with `verifyImages` rules → policies that can be asked. */
import { printable } from "../encoding/mod.ts";
import { toEngineError } from "../errors.ts";
import { AUTOGEN_ANNOTATION, autogenRules, autogenTargets } from "./autogen.ts";
import { type ConditionBlock, evaluateBlock } from "./conditions.ts";
import { withContext } from "./context.ts";
import { mapConcurrently, withinDeadline } from "./deadline.ts";
import type { FailureAction } from "./image_fields.ts";
import { evaluateImage, type ImageVerification } from "./image_rule.ts";
import { imagesOfRule } from "./extractors.ts";
import { kyvernoFunctions } from "./functions/table.ts";
import { comparePointers, type InvalidImage, isRequired, type ResourceImages } from "./images.ts";
import { clusterNeeds, compileSelection } from "./match.ts";
import { failedToEvaluatePreconditions, failedToMatch, failedToSubstitute, preconditionsNotMet } from "./message.ts";
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

/** Images of one rule that are looked at at the same time. */
export const MAX_CONCURRENT_IMAGES = 8;

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
  const compiled = [...rules, ...repeated]
    .map((rule) => compileRule(rule, fields));
  return {
    name,
    namespace,
    source: document.file,
    ignored: gate.ignored,
    extractedKinds: new Set(rules.flatMap(({ imageExtractors }) => [...imageExtractors?.keys() ?? []])),
    timeoutSeconds,
    failurePolicy,
    needs: [...new Set(rules.flatMap(clusterNeeds))].sort(),
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

function compileRule(rule: RuleFields, policy: PolicyFields): CompiledRule {
  const { match, exclude, preconditions, verifyImages, entries } = rule;
  const selection = { match, ...(exclude === undefined ? {} : { exclude }), policyNamespace: policy.namespace };
  const select = compileSelection(selection);
  const name = { policy: policy.name, rule: rule.name };
  const header = {
    ...name,
    policyNamespace: policy.namespace,
    action: actionOf(entries, policy.failureAction),
    failurePolicy: policy.failurePolicy,
  };
  return async (request, context) => {
    const selected = select(request);
    if (selected === false) return undefined;
    const found = imagesOf(rule, request);
    if (found.images.length + found.invalid.length === 0) return undefined;
    if (selected !== true) {
      try {
        if (!await selected(context.facts)) return undefined;
      } catch (thrown) {
        const { message, refusal } = toEngineError(thrown, "Cannot match the request");
        return {
          ...header,
          images: [],
          whole: { status: "error", message: failedToMatch(printable(message)), refusal },
        };
      }
    }
    const functions = kyvernoFunctions(context.ports);
    const scope = withContext(requestScope(request, functions, rule.imageExtractors), rule.context, context);
    const action = `reading the variables of ${policy.name}.${rule.name}`;
    const within = <T>(work: Promise<T>): Promise<T> => withinDeadline(work, context.signal, action);
    const whole = preconditions === undefined ? undefined : await unmetPreconditions(preconditions, scope, within);
    if (whole !== undefined) return { ...header, images: [], whole };
    try {
      const compiled = await within(verifyImages.read(scope, context.ports.crypto));
      const images = await evaluateImages(compiled, found, name, scope, context);
      return images.length === 0 ? undefined : { ...header, images };
    } catch (thrown) {
      const { message, refusal } = toEngineError(thrown, "Cannot read the rule's variables");
      const sentence = failedToSubstitute(printable(message));
      return { ...header, images: [], whole: { status: "error", message: sentence, refusal } };
    }
  };
}

/** Why a rule does not apply, or why that cannot be told; `undefined` when it applies. */
async function unmetPreconditions(
  preconditions: ConditionBlock,
  scope: VariableScope,
  within: <T>(work: Promise<T>) => Promise<T>,
): Promise<WholeRuleResponse | undefined> {
  try {
    const { holds, message } = await within(evaluateBlock(preconditions, scope, "as written"));
    return holds ? undefined : { status: "skip", message: preconditionsNotMet(message) };
  } catch (thrown) {
    const { message, refusal } = toEngineError(thrown, "Cannot evaluate the rule's preconditions");
    return { status: "error", message: failedToEvaluatePreconditions(printable(message)), refusal };
  }
}

/** The images that an entry may be about; what is no reference may be anything. */
function imagesOf({ entries, imageExtractors }: RuleFields, request: PolicyRequest): ResourceImages {
  const { images, invalid } = imagesOfRule(request, imageExtractors);
  return {
    images: images.filter((image) => entries.some((entry) => isRequired(image, entry.imageReferences))),
    invalid,
  };
}

/** One entry that enforces makes the rule enforce; otherwise the first entry that says anything decides. */
function actionOf(
  entries: readonly { readonly failureAction?: FailureAction }[],
  failureAction: FailureAction,
): FailureAction {
  const actions = entries.map((entry) => entry.failureAction).filter((action) => action !== undefined);
  return actions.includes("Enforce") ? "Enforce" : actions[0] ?? failureAction;
}

async function evaluateImages(
  entries: readonly ImageVerification[],
  { images, invalid }: ResourceImages,
  name: { readonly policy: string; readonly rule: string },
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
  return [...refusedImages, ...responses.flat()].sort((one, other) => comparePointers(one.pointer, other.pointer));
}

function respondInvalid({ image, pointer, container, message, refusal }: InvalidImage): ImageResponse {
  return { image, pointer, container, status: "error", message, refusal, outcomes: [] };
}
