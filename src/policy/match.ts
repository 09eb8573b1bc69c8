/** Which requests a rule is about: `match` and `exclude` (Kyverno, "Selecting resources"). */
import { isJsonObject } from "../encoding/mod.ts";
import type { ClusterFacts, ClusterNeed } from "./cluster_facts.ts";
import { type KindSelector, matchesKind, parseKindSelector } from "./kind_selector.ts";
import { type LabelSelector, matchesEntries, matchesLabels } from "./labels.ts";
import type { KubernetesObject, Operation, PolicyRequest } from "./policy.ts";
import { hasRole, isSubject, userFieldsOf, type UserFilter } from "./user_info.ts";
import { matchesAny, matchWildcard } from "./wildcard.ts";

/** One filter, `resources` and who asks: all that is given must hold, each list is an OR. Empty lists ask nothing. */
export interface ResourceFilter extends UserFilter {
  readonly kinds: readonly string[];
  readonly names: readonly string[];
  readonly namespaces: readonly string[];
  readonly annotations: ReadonlyMap<string, string>;
  readonly selector?: LabelSelector;
  /** Of the namespace the object is in; a Namespace is in none, so it never fits. */
  readonly namespaceSelector?: LabelSelector;
  readonly operations: readonly Operation[];
}

/** `match` or `exclude`: `any` holds with one filter, `all` with every one. */
export interface MatchBlock {
  readonly mode: "any" | "all";
  readonly filters: readonly ResourceFilter[];
}

/** The part of a rule that selects requests. */
export interface Selection {
  readonly match: MatchBlock;
  readonly exclude?: MatchBlock;
  /** `""` for a ClusterPolicy; a namespaced policy is about its namespace alone. */
  readonly policyNamespace: string;
}

/**
 * Whether a rule is about a request: the answer, or a question when only the cluster knows it. What the question throws
 * is thrown only where no other part of the selection settles the matter.
 */
export type Selected = boolean | ((facts: ClusterFacts) => Promise<boolean>);

/**
 * Makes the question "is this rule about that request?".
 *
 * What is asked is the object that will be stored; on DELETE, which has none, the one that was. The cluster is left
 * alone wherever the request itself settles the matter.
 *
 * Spec: Kyverno, "Selecting resources", `match` and `exclude`.
 */
export function compileSelection({ match, exclude, policyNamespace }: Selection): (request: PolicyRequest) => Selected {
  const included = compileBlock(match, "match");
  const excluded = exclude === undefined ? undefined : compileBlock(exclude, "exclude");
  return (request) => {
    if (policyNamespace !== "" && policyNamespace !== request.namespace) return false;
    const subject = describeRequest(request);
    const matches = included(subject);
    if (matches === false || excluded === undefined) return matches;
    return every([matches, not(excluded(subject))]);
  };
}

/**
 * Makes the question "does this exempt that request?": read in the narrowest way, as `exclude` is.
 *
 * Spec: Kyverno, PolicyException, `spec.match`.
 */
export function compileExemption(match: MatchBlock): (request: PolicyRequest) => Selected {
  const isExempt = compileBlock(match, "exclude");
  return (request) => isExempt(describeRequest(request));
}

/** What a selection may have to ask of the cluster. */
export function clusterNeeds({ match, exclude }: Pick<Selection, "match" | "exclude">): readonly ClusterNeed[] {
  const filters = [...match.filters, ...exclude?.filters ?? []];
  const needs: ClusterNeed[] = [];
  if (filters.some(({ namespaceSelector }) => namespaceSelector !== undefined)) needs.push("get namespaces");
  if (filters.some(({ roles, clusterRoles }) => roles.length + clusterRoles.length > 0)) {
    needs.push("list clusterrolebindings", "list rolebindings");
  }
  return needs;
}

/** Whether all hold; one that does not settles it, whatever another would throw. */
function every(answers: readonly Selected[]): Selected {
  return settle(answers, false);
}

/** Whether one holds; it settles it, whatever another would throw. */
function some(answers: readonly Selected[]): Selected {
  return settle(answers, true);
}

function settle(answers: readonly Selected[], settled: boolean): Selected {
  if (answers.includes(settled)) return settled;
  const questions = answers.filter((answer) => typeof answer === "function");
  if (questions.length === 0) return !settled;
  return async (facts) => {
    const failures: unknown[] = [];
    for (const question of questions) {
      try {
        if (await question(facts) === settled) return settled;
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    if (failures.length > 0) throw failures[0];
    return !settled;
  };
}

function not(answer: Selected): Selected {
  return typeof answer === "boolean" ? !answer : async (facts) => !(await answer(facts));
}

/** A request as filters see it. */
interface Subject {
  readonly request: PolicyRequest;
  /** The name, or `generateName` while there is none. */
  readonly name: string;
  /** Whether {@link name} is only what the name will begin with. */
  readonly generated: boolean;
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
}

function describeRequest(request: PolicyRequest): Subject {
  const metadata = readMetadata(request.object ?? request.oldObject);
  const name = request.name !== "" ? request.name : textOf(metadata["name"]);
  return {
    request,
    name: name !== "" ? name : textOf(metadata["generateName"]),
    generated: name === "",
    namespace: request.kind === "Namespace" ? name : request.namespace,
    labels: textsOf(metadata["labels"]),
    annotations: textsOf(metadata["annotations"]),
  };
}

type Purpose = "match" | "exclude";

function compileBlock({ mode, filters }: MatchBlock, purpose: Purpose): (subject: Subject) => Selected {
  const tests = filters.map((filter) => compileFilter(filter, purpose));
  if (mode === "any") return (subject) => some(tests.map((test) => test(subject)));
  return (subject) => tests.length > 0 && every(tests.map((test) => test(subject)));
}

function compileFilter(filter: ResourceFilter, purpose: Purpose): (subject: Subject) => Selected {
  const cheap = compileResources(filter, purpose);
  const { namespaceSelector, roles, clusterRoles, subjects } = filter;
  if (namespaceSelector === undefined && userFieldsOf(filter).length === 0) return cheap;
  return (subject) => {
    if (!cheap(subject)) return false;
    const { request } = subject;
    const answers: Selected[] = [];
    if (namespaceSelector !== undefined) answers.push(isInNamespace(namespaceSelector, request));
    // Nobody asks where a resource is only looked at: then a rule is about whoever it would be.
    if (purpose === "match" && isNobody(request)) return every(answers);
    if (subjects.length > 0) answers.push(isSubject(subjects, request.userInfo));
    if (roles.length > 0) answers.push(ofUser(request, async (facts) => hasRole(roles, (await facts.roles()).roles)));
    if (clusterRoles.length > 0) {
      answers.push(ofUser(request, async (facts) => hasRole(clusterRoles, (await facts.roles()).clusterRoles)));
    }
    return every(answers);
  };
}

function isInNamespace(selector: LabelSelector, { kind, namespace }: PolicyRequest): Selected {
  if (kind === "Namespace") return false;
  if (namespace === "") return matchesLabels(selector, new Map());
  return async (facts) => matchesLabels(selector, await facts.namespaceLabels());
}

const isNobody = ({ userInfo }: PolicyRequest): boolean => userInfo.username === "" && userInfo.groups.length === 0;

/** Nobody has a role, which takes no cluster to know. */
const ofUser = (request: PolicyRequest, question: Selected): Selected => isNobody(request) ? false : question;

function compileResources(filter: ResourceFilter, purpose: Purpose): (subject: Subject) => boolean {
  const kinds = filter.kinds.map(parseKindSelector).filter((selector): selector is KindSelector =>
    selector !== undefined
  );
  const { names, namespaces, annotations, selector, namespaceSelector, operations } = filter;
  const asked = filter.kinds.length + names.length + namespaces.length + annotations.size + operations.length +
    userFieldsOf(filter).length;
  const empty = asked === 0 && selector === undefined && namespaceSelector === undefined;
  return (subject) =>
    // A filter that asks nothing selects nothing, on either side.
    !empty &&
    (operations.length === 0 || operations.includes(subject.request.operation)) &&
    (filter.kinds.length === 0 || kinds.some((kind) => matchesKind(kind, subject.request))) &&
    (names.length === 0 || names.some((name) => matchesName(name, subject, purpose))) &&
    (namespaces.length === 0 || matchesAny(namespaces, subject.namespace)) &&
    matchesEntries(annotations, subject.annotations) &&
    (selector === undefined || matchesLabels(selector, subject.labels));
}

function matchesName(pattern: string, { name, generated }: Subject, purpose: Purpose): boolean {
  if (!matchWildcard(pattern, name)) return false;
  // The API server appends to a generated name: an exemption has to fit whatever that will be.
  return purpose === "match" || !generated || pattern.endsWith("*");
}

function readMetadata(object: KubernetesObject | undefined): Readonly<Record<string, unknown>> {
  const metadata = object?.["metadata"];
  return isJsonObject(metadata) ? metadata : {};
}

const textOf = (value: unknown): string => typeof value === "string" ? value : "";

function textsOf(value: unknown): ReadonlyMap<string, string> {
  if (!isJsonObject(value)) return new Map();
  return new Map(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
