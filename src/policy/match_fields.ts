/** The load gate of `match` and `exclude`. */
import { KINDS_WITH_IMAGES } from "./images.ts";
import { parseKindSelector } from "./kind_selector.ts";
import { labelSelector, TEXTS_ONLY } from "./labels.ts";
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
  refused,
  text,
} from "./schema.ts";
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

const USER_INFO = "who asks is not looked at here: a rule that depends on it cannot be decided";

const NAMESPACE_SELECTOR =
  "an AdmissionReview does not carry the labels of the namespace: a rule that depends on them cannot be decided";

const RESOURCES = {
  kinds: enforced(listOf(kind)),
  name: enforced(pattern),
  names: enforced(listOf(pattern)),
  namespaces: enforced(listOf(pattern)),
  annotations: enforced(mapOfTexts(TEXTS_ONLY)),
  selector: enforced(labelSelector),
  namespaceSelector: refused(NAMESPACE_SELECTOR),
  operations: enforced(listOf(oneOf("CREATE", "UPDATE", "DELETE", "CONNECT"))),
} satisfies FieldTable;

const USER_FIELDS = {
  roles: refused(USER_INFO),
  clusterRoles: refused(USER_INFO),
  subjects: refused(USER_INFO),
} satisfies FieldTable;

const IMAGES_OF_KINDS = `images are looked for in ${KINDS_WITH_IMAGES.join(", ")} only`;

/** What decides how a block is read. */
export interface MatchRules {
  readonly section: "match" | "exclude";
  readonly version: "v1" | "v2beta1";
  /** Whether the policy is a namespaced one. */
  readonly namespaced: boolean;
}

function resources({ section, namespaced }: MatchRules): Reader<ResourceFilter> {
  return (value, path, gate) => {
    const fields = readFields(value, path, RESOURCES, gate);
    if (fields === undefined) return undefined;
    const { kinds = [], name, names = [], namespaces = [], annotations = new Map(), selector, operations = [] } =
      fields;
    if (name !== undefined && names.length > 0) gate.refuse(path, POLICY_REFUSALS.nameAndNames);
    if (namespaced && namespaces.length > 0) {
      gate.refuse([...path, "namespaces"], POLICY_REFUSALS.namespacesInPolicy);
    }
    if (section === "match") checkKinds(kinds, path, gate);
    return {
      kinds,
      names: name === undefined ? names : [name, ...names],
      namespaces,
      annotations,
      ...(selector === undefined ? {} : { selector }),
      operations,
    };
  };
}

function hasImages(selector: string): boolean {
  const wanted = parseKindSelector(selector)?.kind ?? "";
  return KINDS_WITH_IMAGES.some((known) => matchWildcard(wanted, known));
}

function checkKinds(kinds: readonly string[], path: Path, gate: Gate): void {
  if (kinds.length === 0) gate.refuse(path, POLICY_REFUSALS.noKind);
  for (const [index, one] of kinds.entries()) {
    if (!hasImages(one)) gate.ignore([...path, "kinds", index], IMAGES_OF_KINDS);
  }
}

/** What a filter without `resources` asks; it selects nothing. */
const ASKS_NOTHING: ResourceFilter = { kinds: [], names: [], namespaces: [], annotations: new Map(), operations: [] };

/** Reads a block; `resources` directly under it is v1's older form of one filter. */
export function matchBlock(rules: MatchRules): Reader<MatchBlock> {
  const readResources = resources(rules);
  const filter: Reader<ResourceFilter> = (value, path, gate) => {
    const table = { resources: enforced(readResources), ...USER_FIELDS };
    const fields = readFields(value, path, table, gate);
    if (fields?.resources === undefined && rules.section === "match") gate.refuse(path, POLICY_REFUSALS.noKind);
    // Left out of the list, it would make an exclusion of `all` its filters wider.
    return fields?.resources ?? ASKS_NOTHING;
  };
  const table = {
    any: enforced(listOf(filter)),
    all: enforced(listOf(filter)),
    resources: enforced(readResources),
    ...USER_FIELDS,
  };
  return (value, path, gate) => {
    const fields = readFields(value, path, table, gate);
    const block = fields === undefined ? undefined : blockOf(fields, rules, path, gate);
    if (block !== undefined && rules.section === "match") checkImages(block, path, gate);
    return block;
  };
}

interface BlockFields {
  readonly any?: readonly ResourceFilter[];
  readonly all?: readonly ResourceFilter[];
  readonly resources?: ResourceFilter;
}

function blockOf(
  { any = [], all = [], resources: direct }: BlockFields,
  { section, version }: MatchRules,
  path: Path,
  gate: Gate,
): MatchBlock | undefined {
  if (direct !== undefined && version === "v2beta1") {
    return void gate.refuse([...path, "resources"], "kyverno.io/v2beta1 has no such field: put it under any or all");
  }
  if (any.length > 0 && all.length > 0) return void gate.refuse(path, POLICY_REFUSALS.anyAndAll);
  if (direct !== undefined) {
    if (any.length + all.length === 0) return { mode: "any", filters: [direct] };
    const { anyOrAllWithMatchResources, anyOrAllWithExcludeResources } = POLICY_REFUSALS;
    return void gate.refuse(path, section === "match" ? anyOrAllWithMatchResources : anyOrAllWithExcludeResources);
  }
  if (any.length + all.length === 0 && section === "match") return void gate.refuse(path, POLICY_REFUSALS.noKind);
  return all.length > 0 ? { mode: "all", filters: all } : { mode: "any", filters: any };
}

/** A rule that could look at no image would protect nothing, in silence. */
function checkImages({ mode, filters }: MatchBlock, path: Path, gate: Gate): void {
  const looks = ({ kinds }: ResourceFilter) => kinds.length === 0 || kinds.some(hasImages);
  if (mode === "all" ? filters.every(looks) : filters.some(looks)) return;
  gate.refuse(path, `${IMAGES_OF_KINDS}: the rule would look at none`);
}
