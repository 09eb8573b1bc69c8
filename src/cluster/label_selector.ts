/** Label selectors in their text form, as the API takes them in a query. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";

/** Characters of a selector read at most. */
export const MAX_SELECTOR_CHARACTERS = 16 * 1024;

/** One part of a selector. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: "in" | "notin" | "exists" | "absent" | "greater" | "less";
  readonly values: readonly string[];
}

const NAME = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const INTEGER = /^-?[0-9]{1,18}$/;

/**
 * Reads a selector: `app=web`, `app==web`, `tier!=db`, `tier in (a,b)`, `tier notin (a,b)`, `tier`, `!tier`, `size>3`,
 * `size<3`, several with commas. Empty text selects everything.
 *
 * @throws {ConfigurationError} `ERR_CLUSTER_PATH`
 *
 * Spec: Kubernetes, `labels.Parse`; names and values as metadata.labels has them.
 */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  if (text.length > MAX_SELECTOR_CHARACTERS) {
    throw fault(text, `it has ${text.length} characters, expected at most ${MAX_SELECTOR_CHARACTERS}`);
  }
  return splitParts(text).map((part) => readPart(part.trim(), text));
}

/** The parts between commas that stand outside of brackets. */
function splitParts(text: string): readonly string[] {
  if (text.trim() === "") return [];
  const parts: string[] = [];
  let begin = 0;
  let isOpen = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "(" || character === ")") isOpen = character === "(";
    if (character !== "," || isOpen) continue;
    parts.push(text.slice(begin, at));
    begin = at + 1;
  }
  return [...parts, text.slice(begin)];
}

const FORMS: readonly (readonly [form: RegExp, operator: LabelRequirement["operator"]])[] = [
  [/^([^\s!=<>(),]+)$/, "exists"],
  [/^!\s*([^\s!=<>(),]+)$/, "absent"],
  [/^([^\s!=<>(),]+)\s*==?\s*([^\s!=<>(),]*)$/, "in"],
  [/^([^\s!=<>(),]+)\s*!=\s*([^\s!=<>(),]*)$/, "notin"],
  [/^([^\s!=<>(),]+)\s+in\s*\(([^()]*)\)$/, "in"],
  [/^([^\s!=<>(),]+)\s+notin\s*\(([^()]*)\)$/, "notin"],
  [/^([^\s!=<>(),]+)\s*>\s*([^\s!=<>(),]+)$/, "greater"],
  [/^([^\s!=<>(),]+)\s*<\s*([^\s!=<>(),]+)$/, "less"],
];

function readPart(part: string, whole: string): LabelRequirement {
  for (const [form, operator] of FORMS) {
    const match = form.exec(part);
    if (match === null) continue;
    const [, key = "", given] = match;
    const values = given === undefined ? [] : given.split(",").map((value) => value.trim());
    if (!NAME.test(key)) throw fault(whole, `"${printable(key, 80)}" is no label's name`);
    const wrong = values.find((value) => !VALUE.test(value));
    if (wrong !== undefined) throw fault(whole, `"${printable(wrong, 80)}" is no label's value`);
    const [bound = ""] = values;
    if ((operator === "greater" || operator === "less") && !INTEGER.test(bound)) {
      throw fault(whole, `"${bound}" is compared by size, expected an integer`);
    }
    return { key, operator, values };
  }
  throw fault(whole, `cannot be read at "${printable(part, 80)}", expected such as app=web,tier!=db`);
}

function fault(text: string, what: string): ConfigurationError {
  return new ConfigurationError(
    "ERR_CLUSTER_PATH",
    `Cannot read the label selector "${printable(text, 200)}": ${what}`,
  );
}

/** Whether labels meet every part. Without the label, `!=` and `notin` hold, and comparisons by size do not. */
export function selectsLabels(
  requirements: readonly LabelRequirement[],
  labels: Readonly<Record<string, unknown>>,
): boolean {
  return requirements.every(({ key, operator, values }) => {
    const label = Object.hasOwn(labels, key) ? labels[key] : undefined;
    const given = typeof label === "string";
    switch (operator) {
      case "in":
        return given && values.includes(label);
      case "notin":
        return !given || !values.includes(label);
      case "exists":
        return given;
      case "absent":
        return !given;
      case "greater":
        return given && INTEGER.test(label) && BigInt(label) > BigInt(values[0] ?? "");
      case "less":
        return given && INTEGER.test(label) && BigInt(label) < BigInt(values[0] ?? "");
    }
  });
}
