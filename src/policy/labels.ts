/** Label selectors, with Kyverno's wildcards in `matchLabels` (Kubernetes API, meta/v1, LabelSelector). */
import { POLICY_REFUSALS } from "./message.ts";
import { enforced, type FieldTable, listOf, mapOfTexts, oneOf, type Reader, readFields, text } from "./schema.ts";
import { matchWildcard } from "./wildcard.ts";

export interface LabelSelector {
  readonly matchLabels: ReadonlyMap<string, string>;
  readonly matchExpressions: readonly LabelExpression[];
}

export interface LabelExpression {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

export const TEXTS_ONLY =
  'labels and annotations supports only string values, "use double quotes around the non string values"';

const EXPRESSION = {
  key: enforced(text),
  operator: enforced(oneOf("In", "NotIn", "Exists", "DoesNotExist")),
  values: enforced(listOf(text)),
} satisfies FieldTable;

const readExpression: Reader<LabelExpression> = (value, path, gate) => {
  const fields = readFields(value, path, EXPRESSION, gate);
  if (fields === undefined) return undefined;
  const { key, operator, values = [] } = fields;
  if (key === undefined || operator === undefined) {
    return void gate.refuse(path, "a label expression needs key and operator");
  }
  const takesValues = operator === "In" || operator === "NotIn";
  if (takesValues !== values.length > 0) {
    const expected = takesValues ? "1 or more" : "none";
    return void gate.refuse(path, `${values.length} values for the operator ${operator}, expected ${expected}`);
  }
  return { key, operator, values };
};

const SELECTOR = {
  matchLabels: enforced(mapOfTexts(TEXTS_ONLY)),
  matchExpressions: enforced(listOf(readExpression)),
} satisfies FieldTable;

/** Reads a selector of namespaces; an empty one selects them all. */
export const namespaceLabelSelector: Reader<LabelSelector> = (value, path, gate) => {
  const fields = readFields(value, path, SELECTOR, gate);
  if (fields === undefined) return undefined;
  return { matchLabels: fields.matchLabels ?? new Map(), matchExpressions: fields.matchExpressions ?? [] };
};

/** Reads a selector; an empty one, which would select everything, is refused as Kyverno does. */
export const labelSelector: Reader<LabelSelector> = (value, path, gate) => {
  const found = namespaceLabelSelector(value, path, gate);
  if (found === undefined) return undefined;
  const isEmpty = found.matchLabels.size + found.matchExpressions.length === 0;
  return isEmpty ? void gate.refuse(path, POLICY_REFUSALS.emptySelector) : found;
};

/** Whether labels satisfy every part of a selector. */
export function matchesLabels(selector: LabelSelector, labels: ReadonlyMap<string, string>): boolean {
  return matchesEntries(selector.matchLabels, labels) &&
    selector.matchExpressions.every((expression) => matchesExpression(expression, labels));
}

/** Whether every wanted name and value, both patterns, is found in one entry of the given ones. */
export function matchesEntries(wanted: ReadonlyMap<string, string>, given: ReadonlyMap<string, string>): boolean {
  const entries = [...given];
  return [...wanted].every(([name, value]) =>
    entries.some(([givenName, givenValue]) => matchWildcard(name, givenName) && matchWildcard(value, givenValue))
  );
}

function matchesExpression({ key, operator, values }: LabelExpression, labels: ReadonlyMap<string, string>): boolean {
  const label = labels.get(key);
  switch (operator) {
    case "In":
      return label !== undefined && values.includes(label);
    case "NotIn":
      return label === undefined || !values.includes(label);
    case "Exists":
      return label !== undefined;
    case "DoesNotExist":
      return label === undefined;
  }
}
