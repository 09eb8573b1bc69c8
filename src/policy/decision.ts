/** Runs the policies and folds their rule responses into one `Decision`. */
import { isJsonObject, printable } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import { createStepMeter } from "../expressions/mod.ts";
import { createRequestBudget, OWN_LIMITS, type RequestBudget } from "../http/mod.ts";
import { VALIDATION_ORDER } from "../notary/mod.ts";
import { needsNoPolicy } from "./changes.ts";
import { createClusterFacts } from "./cluster_facts.ts";
import { snapshotOf } from "./cluster_snapshot.ts";
import { explainFailures } from "./explained.ts";
import { blockedMessage, type MessageStyle, type Noun, passedAlthough, renderFailures, warning } from "./message.ts";
import type { ExceptionSource } from "./cluster_exceptions.ts";
import type { PolicyException } from "./exceptions.ts";
import { patchesFor } from "./patch.ts";
import type {
  CompiledPolicy,
  Decision,
  ImageResponse,
  Phase,
  PolicyPorts,
  PolicyRequest,
  RuleResponse,
} from "./policy.ts";

import { openRegistryViews } from "./registry_views.ts";
import { answerUnmatched, type NoMatch, unmatchedImages } from "./unmatched.ts";

/** How a request is evaluated. */
export interface EvaluateOptions {
  readonly ports: PolicyPorts;
  readonly phase: Phase;
  /** Ends the evaluation: what was not verified by then is refused. */
  readonly signal: AbortSignal;
  /** Requests to registries and about revocation it may make; one of its own when left out. */
  readonly budget?: RequestBudget;
  /** What messages say was signed; "image" when left out. */
  readonly noun?: Noun;
  /** How a denial is written; "kyverno" when left out. */
  readonly messageStyle?: MessageStyle;
  /** Exceptions that count; none when left out. */
  readonly exceptions?: readonly PolicyException[];
  /** Where more of them are, asked once and only when a rule applies. */
  readonly exceptionSource?: ExceptionSource;
  /** What becomes of images no rule is about; "allow" when left out, as in Kyverno. */
  readonly noMatch?: NoMatch;
}

/**
 * Asks every policy about a request and decides.
 *
 * All of them share one view of the registries, so a tag means the same digest to each, and what was verified is what
 * is pinned. DELETE, CONNECT and what changes nothing that runs are admitted without asking anybody.
 *
 * @param policies In any order: the decision is the same.
 * @returns Responses in the order of the policies' names; patches only when it allows.
 * @throws {MalformedError} `ERR_ADMISSION_REVIEW` when a CREATE or UPDATE has no object.
 */
export async function evaluate(
  policies: readonly CompiledPolicy[],
  request: PolicyRequest,
  options: EvaluateOptions,
): Promise<Decision> {
  const { ports, phase, signal, budget = createRequestBudget(), noun = "image", messageStyle, noMatch = "allow" } =
    options;
  if (needsNoPolicy(request, policies)) return decide([], request, phase);
  if (request.object === undefined) {
    throw new MalformedError("ERR_ADMISSION_REVIEW", `Cannot evaluate ${request.operation}: it has no object`);
  }
  const asked = ports.cluster === undefined ? ports : { ...ports, cluster: snapshotOf(ports.cluster) };
  const facts = createClusterFacts(request, asked.cluster, signal);
  const views = openRegistryViews(request, asked, { signal, budget });
  const artifacts = views(undefined);
  const exceptions = countingExceptions(options);
  const meter = createStepMeter();
  const context = { ports: asked, phase, signal, noun, facts, exceptions, meter, artifacts, views };
  const responses = await Promise.all(inOrderOfNames(policies).map((policy) => policy.evaluate(request, context)));
  const unmatched = unmatchedImages(request, responses.flat());
  const answers = [...responses.flat(), ...answerUnmatched(unmatched, noMatch)];
  return { ...decide(answers, request, phase, messageStyle), unmatched: unmatched.map(({ image }) => image) };
}

/** What is asked of a source is asked once for all rules, and not for requests no rule is about. */
function countingExceptions(
  { exceptions = [], exceptionSource, signal }: EvaluateOptions,
): () => Promise<readonly PolicyException[]> {
  if (exceptionSource === undefined) return () => Promise.resolve(exceptions);
  let asked: Promise<readonly PolicyException[]> | undefined;
  return () => (asked ??= exceptionSource({ signal }).then((more) => [...exceptions, ...more]));
}

function inOrderOfNames(policies: readonly CompiledPolicy[]): readonly CompiledPolicy[] {
  const key = ({ name, namespace }: CompiledPolicy) => `${name}/${namespace}`;
  return [...policies].sort((one, other) => key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0);
}

/**
 * Folds rule responses into a decision.
 *
 * A failing image blocks where its rule enforces. An error blocks where any of the policies asked fails closed,
 * whatever the action; one that is a refusal, and not an outage, blocks where its rule enforces too.
 *
 * @param responses Of every rule that has something to say, in the order of the policies.
 *
 * Spec: Kyverno, `spec.failurePolicy` and `spec.validationFailureAction`.
 */
export function decide(
  responses: readonly RuleResponse[],
  request: PolicyRequest,
  phase: Phase,
  messageStyle: MessageStyle = "kyverno",
): Decision {
  const failClosed = responses.some(({ failurePolicy }) => failurePolicy === "Fail");
  const allowed = !responses.some((response) =>
    answersOf(response).some((answer) => blocks(answer, response.action === "Enforce", failClosed))
  );
  return {
    allowed,
    message: allowed ? "" : blockedMessage(describeResource(request), writeFailures(responses, messageStyle)),
    patches: allowed && phase === "mutate" && request.object !== undefined ? patchesFor(request.object, responses) : [],
    warnings: allowed ? warningsOf(responses, phase) : [],
    auditAnnotations: auditAnnotationsOf(responses),
    unmatched: [],
    responses,
  };
}

/** What a rule answered: about each image, or as a whole. */
type RuleAnswer = Pick<ImageResponse, "status" | "message" | "refusal">;

const answersOf = ({ images, whole }: RuleResponse): readonly RuleAnswer[] => whole === undefined ? images : [whole];

function blocks({ status, refusal }: RuleAnswer, enforces: boolean, failClosed: boolean): boolean {
  if (status === "fail") return enforces;
  // Time or requests that ran out are no outage: whoever makes a rule slow or costly must not be let in by it.
  if (status === "error") {
    return failClosed || (enforces && (refusal?.class !== "unavailable" || OWN_LIMITS.has(refusal.code)));
  }
  return false;
}

const isFailure = ({ status }: RuleAnswer): boolean => status === "fail" || status === "error";

function writeFailures(responses: readonly RuleResponse[], style: MessageStyle): string {
  return style === "explained"
    ? explainFailures(inStableOrder(responses))
    : renderFailures(failuresOf(responses), style);
}

/** Policy → rule → every failing image, one after the other on lines of their own. */
function failuresOf(responses: readonly RuleResponse[]): Record<string, Record<string, string>> {
  const failures: Record<string, Record<string, string>> = Object.create(null);
  for (const response of inStableOrder(responses)) {
    const { policy, rule } = response;
    const messages = [...new Set(answersOf(response).filter(isFailure).map(({ message }) => message))];
    if (messages.length === 0) continue;
    const rules = failures[policy] ??= Object.create(null) as Record<string, string>;
    rules[rule] = [...(rules[rule] === undefined ? [] : [rules[rule]]), ...messages].join("\n");
  }
  return failures;
}

/** So that policies of one name in two namespaces do not depend on the order they were loaded in. */
function inStableOrder(responses: readonly RuleResponse[]): readonly RuleResponse[] {
  const key = ({ policy, policyNamespace, rule }: RuleResponse) => JSON.stringify([policy, policyNamespace, rule]);
  return [...responses].sort((one, other) => key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0);
}

/** What fails and is admitted warns; so does an image that was left out, where images are verified. */
function warningsOf(responses: readonly RuleResponse[], phase: Phase): readonly string[] {
  return responses.flatMap((response) =>
    [
      ...answersOf(response).filter((answer) =>
        isFailure(answer) || (phase === "mutate" && answer.status === "skip" && !doesNotApply(response))
      ).map(({ message }) => message),
      ...response.images.flatMap(loggedOf),
    ].map((message) => warning(response.policy, response.rule, message))
  );
}

/** What was found of an image that passes and would have refused it, had the policy not asked only to be told. */
function loggedOf({ status, message, outcomes }: ImageResponse): readonly string[] {
  if (status !== "pass") return [];
  const verified = outcomes.flatMap(({ verdict, outcomes: signatures }) =>
    verdict === "verified" ? signatures.slice(-1) : []
  );
  const logged = verified.flatMap(({ validations }) =>
    VALIDATION_ORDER.flatMap((type) => {
      const { action, result } = validations[type];
      return action === "log" && "refusal" in result ? [`${type}: ${printable(result.refusal.message)}`] : [];
    })
  );
  return logged.length === 0 ? [] : [passedAlthough(message, [...new Set(logged)])];
}

/** A rule that was left out because of a failure is another matter than one that is not about the request. */
const doesNotApply = ({ whole }: RuleResponse): boolean => whole !== undefined && whole.refusal === undefined;

/** Characters of the name of an audit annotation at most, as the API server counts them. */
export const MAX_AUDIT_ANNOTATION_NAME_LENGTH = 63;

/** One annotation of the audit event per failing rule that does not enforce: its messages. */
function auditAnnotationsOf(responses: readonly RuleResponse[]): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = {};
  for (const response of inStableOrder(responses)) {
    const { policy, rule, action } = response;
    if (action !== "Audit") continue;
    const messages = answersOf(response).filter(isFailure).map(({ status, message }) => `${status}: ${message}`);
    if (messages.length > 0) annotations[auditAnnotationName(policy, rule, annotations)] = messages.join("\n");
  }
  return annotations;
}

function auditAnnotationName(policy: string, rule: string, taken: Readonly<Record<string, string>>): string {
  const name = `${policy}.${rule}`.replace(/[^A-Za-z0-9_.-]/g, "-");
  for (let number = 1;; number++) {
    const suffix = number === 1 ? "" : `-${number}`;
    const room = MAX_AUDIT_ANNOTATION_NAME_LENGTH - suffix.length;
    const candidate = `${name.slice(0, room).replace(/[^A-Za-z0-9]+$/, "")}${suffix}`;
    if (!Object.hasOwn(taken, candidate)) return candidate;
  }
}

function describeResource({ kind, namespace, name, object }: PolicyRequest): Parameters<typeof blockedMessage>[0] {
  const metadata = object?.["metadata"];
  const own = isJsonObject(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "";
  return { kind, namespace, name: name === "" ? own : name };
}
