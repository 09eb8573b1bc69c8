/** Whether a failing rule refuses the request: the action of its entries, of the namespace, of the policy. */
import type { ClusterFacts, ClusterNeed } from "./cluster_facts.ts";
import type { FailureAction } from "./image_fields.ts";
import { type LabelSelector, matchesLabels, namespaceLabelSelector } from "./labels.ts";
import { pattern } from "./match_fields.ts";
import { POLICY_REFUSALS } from "./message.ts";
import {
  enforced,
  type FieldTable,
  formatPath,
  type Gate,
  listOf,
  oneOf,
  type Path,
  type Reader,
  readFields,
} from "./schema.ts";
import { matchesAny, matchWildcard } from "./wildcard.ts";

/** An action for some namespaces: those that fit a pattern and, where there is one, the selector. */
export interface ActionOverride {
  readonly action: FailureAction;
  /** Any namespace, when left out. */
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
}

/** Reads an action; the older spelling is in lower case. */
export const failureAction: Reader<FailureAction> = (value, path, gate) => {
  const found = oneOf("Audit", "Enforce", "audit", "enforce")(value, path, gate);
  if (found === undefined) return undefined;
  return found.toLowerCase() === "enforce" ? "Enforce" : "Audit";
};

const OVERRIDE = {
  action: enforced(failureAction),
  namespaces: enforced(listOf(pattern)),
  namespaceSelector: enforced(namespaceLabelSelector),
} satisfies FieldTable;

const override: Reader<ActionOverride> = (value, path, gate) => {
  const fields = readFields(value, path, OVERRIDE, gate);
  if (fields === undefined) return undefined;
  const { action, namespaces, namespaceSelector } = fields;
  if (action === undefined) {
    if (!Object.hasOwn(value as object, "action")) gate.refuse(path, "action is missing, expected Audit or Enforce");
    return undefined;
  }
  if (namespaces?.length === 0 || (namespaces === undefined && namespaceSelector === undefined)) {
    return void gate.refuse(path, "0 namespaces and no namespaceSelector: it would never apply");
  }
  return {
    action,
    ...(namespaces === undefined ? {} : { namespaces }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
  };
};

/** Reads `validationFailureActionOverrides`; of two that contradict one another the policy's author must choose. */
export const actionOverrides: Reader<readonly ActionOverride[]> = (value, path, gate) => {
  const before = gate.problems.length;
  const overrides = listOf(override)(value, path, gate);
  if (overrides === undefined || gate.problems.length > before) return undefined;
  refuseConflicts(overrides, path, gate);
  return overrides;
};

function refuseConflicts(overrides: readonly ActionOverride[], path: Path, gate: Gate): void {
  for (const [index, { action, namespaces = [] }] of overrides.entries()) {
    const others = overrides.slice(0, index).filter((other) => other.action !== action);
    const conflict = conflictOf(others.flatMap((other) => other.namespaces ?? []), namespaces);
    if (conflict === undefined) continue;
    const at = [...path, index, "namespaces"];
    gate.refuse(at, conflict(formatPath(at)));
  }
}

function conflictOf(
  others: readonly string[],
  namespaces: readonly string[],
): ((path: string) => string) | undefined {
  const { conflictingNamespaces, patternOfNamespace, patternOfPattern } = POLICY_REFUSALS;
  for (const one of others) {
    for (const other of namespaces) {
      if (!matchWildcard(one, other) && !matchWildcard(other, one)) continue;
      const [oneIsPattern, otherIsPattern] = [/[*?]/.test(one), /[*?]/.test(other)];
      if (!oneIsPattern && !otherIsPattern) return (path) => conflictingNamespaces(path, other);
      if (oneIsPattern && otherIsPattern) return (path) => patternOfPattern(path, one, other);
      const [found, namespace] = oneIsPattern ? [one, other] : [other, one];
      return (path) => patternOfNamespace(path, found, namespace);
    }
  }
  return undefined;
}

/** What overrides may have to ask of the cluster. */
export function overrideNeeds(overrides: readonly ActionOverride[]): readonly ClusterNeed[] {
  return overrides.some(({ namespaceSelector }) => namespaceSelector !== undefined) ? ["get namespaces"] : [];
}

/** What decides a rule's action. */
export interface ActionFields {
  /** Of the rule's entries. */
  readonly own: FailureAction | undefined;
  readonly overrides: readonly ActionOverride[];
  /** Of the policy. */
  readonly fallback: FailureAction;
}

/**
 * One entry that enforces makes a rule enforce; otherwise the first entry that says anything decides.
 *
 * @param entries Those of one rule.
 */
export function actionOfEntries(
  entries: readonly { readonly failureAction?: FailureAction }[],
): FailureAction | undefined {
  const actions = entries.map((entry) => entry.failureAction).filter((action) => action !== undefined);
  return actions.includes("Enforce") ? "Enforce" : actions[0];
}

/**
 * The action for a namespace: the entries' own, else the first override that fits, else the policy's.
 *
 * @returns `Enforce` where the cluster would have to say which override fits, and cannot.
 *
 * Spec: Kyverno, `spec.validationFailureActionOverrides`.
 */
export async function actionFor(
  { own, overrides, fallback }: ActionFields,
  namespace: string,
  facts: Pick<ClusterFacts, "namespaceLabels">,
): Promise<FailureAction> {
  if (own !== undefined) return own;
  for (const { action, namespaces, namespaceSelector } of overrides) {
    if (namespaces !== undefined && !matchesAny(namespaces, namespace)) continue;
    if (namespaceSelector === undefined) return action;
    try {
      if (matchesLabels(namespaceSelector, await facts.namespaceLabels())) return action;
    } catch {
      return "Enforce";
    }
  }
  return fallback;
}
