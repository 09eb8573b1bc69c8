/** The load gate of `match` and `exclude`. */
import { KINDS_WITH_IMAGES } from "./images.ts";
import { parseKindSelector } from "./kind_selector.ts";
import { labelSelector, namespaceLabelSelector, TEXTS_ONLY } from "./labels.ts";
import type { MatchBlock, ResourceFilter } from "./match.ts";
import { POLICY_REFUSALS } from "./message.ts";
import {
  describe,
  enforced,
  type FieldTable,
  type Gate,
  listOf,
  mapOfTexts,
  oneOf,
  type Path,
  type Reader,
  readFields,
  text,
} from "./schema.ts";
import { namespacedRole, refuseInBackground, subject, type UserFilter } from "./user_info.ts";
import { matchWildcard, MAX_PATTERN_LENGTH } from "./wildcard.ts";

/** A text with wildcards, of bounded length. */
export const pattern: Reader<string> = (value, path, gate) => {
  if (typeof value === "string" && value.length > MAX_PATTERN_LENGTH) {
    return void gate.refuse(path, `${value.length} characters, expected at most ${MAX_PATTERN_LENGTH}`);
  }
  return text(value, path, gate);
};

const kind: Reader<string> = (value, path, gate) => {
  const found = text(value, path, gate);
  if (found === undefined) return undefined;
  if (found === "*") return void gate.refuse(path, POLICY_REFUSALS.wildcardKind);
  const selector = parseKindSelector(found);
  if (selector === undefined || selector.kind === "") {
    return void gate.refuse(path, `${describe(found)}, expected Kind, version/Kind or group/version/Kind`);
  }
  return found;
};

const RESOURCES = {
  kinds: enforced(listOf(kind)),
  name: enforced(pattern),
  names: enforced(listOf(pattern)),
  namespaces: enforced(listOf(pattern)),
  annotations: enforced(mapOfTexts(TEXTS_ONLY)),
  selector: enforced(labelSelector),
  namespaceSelector: enforced(namespaceLabelSelector),
  operations: enforced(listOf(oneOf("CREATE", "UPDATE", "DELETE", "CONNECT"))),
} satisfies FieldTable;

const USER_FIELDS = {
  roles: enforced(listOf(namespacedRole)),
  clusterRoles: enforced(listOf(text)),
  subjects: enforced(listOf(subject)),
} satisfies FieldTable;

const IMAGES_OF_KINDS = `images are looked for in ${KINDS_WITH_IMAGES.join(", ")} only`;

/** What decides how a block is read. */
export interface MatchRules {
  readonly section: "match" | "exclude";
  readonly version: "v1" | "v2beta1";
  /** Whether the policy is a namespaced one. */
  readonly namespaced: boolean;
  /** Whether the policy is also held against what exists: there nobody asks. */
  readonly background: boolean;
  /** Kinds whose images the rule's own extractors find. */
  readonly extracted?: readonly string[];
}

/** What a filter says of the object. */
type ResourceFields = Omit<ResourceFilter, keyof UserFilter>;

function resources({ section, namespaced, extracted = [] }: MatchRules): Reader<ResourceFields> {
  return (value, path, gate) => {
    const fields = readFields(value, path, RESOURCES, gate);
    if (fields === undefined) return undefined;
    const { kinds = [], name, names = [], namespaces = [], annotations = new Map(), operations = [] } = fields;
    const { selector, namespaceSelector } = fields;
    if (name !== undefined && names.length > 0) gate.refuse(path, POLICY_REFUSALS.nameAndNames);
    if (namespaced && namespaces.length > 0) {
      gate.refuse([...path, "namespaces"], POLICY_REFUSALS.namespacesInPolicy);
    }
    if (section === "match") checkKinds(kinds, extracted, path, gate);
    return {
      kinds,
      names: name === undefined ? names : [name, ...names],
      namespaces,
      annotations,
      ...(selector === undefined ? {} : { selector }),
      ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
      operations,
    };
  };
}

function hasImages(selector: string, extracted: readonly string[]): boolean {
  const wanted = parseKindSelector(selector)?.kind ?? "";
  return [...KINDS_WITH_IMAGES, ...extracted].some((known) => matchWildcard(wanted, known));
}

function checkKinds(kinds: readonly string[], extracted: readonly string[], path: Path, gate: Gate): void {
  if (kinds.length === 0) gate.refuse(path, POLICY_REFUSALS.noKind);
  for (const [index, one] of kinds.entries()) {
    if (!hasImages(one, extracted)) gate.ignore([...path, "kinds", index], IMAGES_OF_KINDS);
  }
}

/** What a filter without `resources` asks of the object. */
const ASKS_NOTHING: ResourceFields = { kinds: [], names: [], namespaces: [], annotations: new Map(), operations: [] };

/** Reads a block; what stands directly under it is v1's older form of one filter. */
export function matchBlock(rules: MatchRules): Reader<MatchBlock> {
  const fieldsOfFilter = { resources: enforced(resources(rules)), ...USER_FIELDS };
  const filter: Reader<ResourceFilter> = (value, path, gate) => {
    const fields = readFields(value, path, fieldsOfFilter, gate);
    if (fields?.resources === undefined && rules.section === "match") gate.refuse(path, POLICY_REFUSALS.noKind);
    // Left out of the list, it would make an exclusion of `all` its filters wider.
    return filterOf(fields ?? {}, rules, path, gate);
  };
  const table = { any: enforced(listOf(filter)), all: enforced(listOf(filter)), ...fieldsOfFilter };
  return (value, path, gate) => {
    const fields = readFields(value, path, table, gate);
    const block = fields === undefined ? undefined : blockOf(fields, rules, path, gate);
    if (block !== undefined && rules.section === "match") checkImages(block, rules.extracted ?? [], path, gate);
    return block;
  };
}

type FilterFields = Partial<UserFilter> & { readonly resources?: ResourceFields };

function filterOf(fields: FilterFields, { background }: MatchRules, path: Path, gate: Gate): ResourceFilter {
  const { resources: asked = ASKS_NOTHING, roles = [], clusterRoles = [], subjects = [] } = fields;
  const filter = { ...asked, roles, clusterRoles, subjects };
  if (background) refuseInBackground(filter, path, gate);
  return filter;
}

interface BlockFields extends FilterFields {
  readonly any?: readonly ResourceFilter[];
  readonly all?: readonly ResourceFilter[];
}

function blockOf(fields: BlockFields, rules: MatchRules, path: Path, gate: Gate): MatchBlock | undefined {
  const { any = [], all = [] } = fields;
  const { section, version } = rules;
  const direct = (["resources", "roles", "clusterRoles", "subjects"] as const).filter((field) => fields[field]);
  const [first] = direct;
  if (first !== undefined && version === "v2beta1") {
    return void gate.refuse([...path, first], "kyverno.io/v2beta1 has no such field: put it under any or all");
  }
  if (any.length > 0 && all.length > 0) return void gate.refuse(path, POLICY_REFUSALS.anyAndAll);
  if (any.length + all.length > 0 && fields.resources !== undefined) {
    const { anyOrAllWithMatchResources, anyOrAllWithExcludeResources } = POLICY_REFUSALS;
    return void gate.refuse(path, section === "match" ? anyOrAllWithMatchResources : anyOrAllWithExcludeResources);
  }
  if (any.length + all.length > 0 && first !== undefined) {
    return void gate.refuse([...path, first], "it is not looked at beside any or all: put it under one of them");
  }
  if (first !== undefined) {
    if (fields.resources === undefined && section === "match") gate.refuse(path, POLICY_REFUSALS.noKind);
    return { mode: "any", filters: [filterOf(fields, rules, path, gate)] };
  }
  if (any.length + all.length === 0 && section === "match") return void gate.refuse(path, POLICY_REFUSALS.noKind);
  return all.length > 0 ? { mode: "all", filters: all } : { mode: "any", filters: any };
}

/** A rule that could look at no image would protect nothing, in silence. */
function checkImages(
  { mode, filters }: MatchBlock,
  extracted: readonly string[],
  path: Path,
  gate: Gate,
): void {
  const looks = ({ kinds }: ResourceFilter) => kinds.length === 0 || kinds.some((kind) => hasImages(kind, extracted));
  if (mode === "all" ? filters.every(looks) : filters.some(looks)) return;
  gate.refuse(path, `${IMAGES_OF_KINDS}: the rule would look at none`);
}
