/** Which requests a rule is about: `match` and `exclude` (Kyverno, "Selecting resources"). */
import { isJsonObject } from "../encoding/mod.ts";
import { type KindSelector, matchesKind, parseKindSelector } from "./kind_selector.ts";
import { type LabelSelector, matchesEntries, matchesLabels } from "./labels.ts";
import type { KubernetesObject, Operation, PolicyRequest } from "./policy.ts";
import { matchesAny, matchWildcard } from "./wildcard.ts";

/** `resources` of one filter: all that is given must hold, each list is an OR. Empty lists ask nothing. */
export interface ResourceFilter {
  readonly kinds: readonly string[];
  readonly names: readonly string[];
  readonly namespaces: readonly string[];
  readonly annotations: ReadonlyMap<string, string>;
  readonly selector?: LabelSelector;
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
 * Makes the question "is this rule about that request?".
 *
 * What is asked is the object that will be stored; on DELETE, which has none, the one that was.
 */
export function compileSelection({ match, exclude, policyNamespace }: Selection): (request: PolicyRequest) => boolean {
  const included = compileBlock(match, "match");
  const excluded = exclude === undefined ? undefined : compileBlock(exclude, "exclude");
  return (request) => {
    if (policyNamespace !== "" && policyNamespace !== request.namespace) return false;
    const subject = describeRequest(request);
    return included(subject) && excluded?.(subject) !== true;
  };
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

function compileBlock({ mode, filters }: MatchBlock, purpose: Purpose): (subject: Subject) => boolean {
  const tests = filters.map((filter) => compileFilter(filter, purpose));
  if (mode === "all") return (subject) => tests.length > 0 && tests.every((test) => test(subject));
  return (subject) => tests.some((test) => test(subject));
}

function compileFilter(filter: ResourceFilter, purpose: Purpose): (subject: Subject) => boolean {
  const kinds = filter.kinds.map(parseKindSelector).filter((selector): selector is KindSelector =>
    selector !== undefined
  );
  const { names, namespaces, annotations, selector, operations } = filter;
  const empty = filter.kinds.length + names.length + namespaces.length + annotations.size + operations.length === 0 &&
    selector === undefined;
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
