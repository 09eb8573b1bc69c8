/** The load gate of what no variable may stand for: numbers and switches, and images that whoever asks lets off. */
import { EngineError } from "../errors.ts";
import { compileQuery } from "../expressions/mod.ts";
import { VARIABLE_REFUSALS } from "./message.ts";
import { REQUEST_NAMES } from "./request_scope.ts";
import { findVariable, type Gate, isRecord, type Path } from "./schema.ts";
import { expressionsOf } from "./variable_fields.ts";
import { parseTemplate } from "./variables.ts";

/** Fields of an entry of `verifyImages` that are no texts in Kyverno's definition, and what they are. */
const TYPED = new Map([
  ["type", "one of its words"],
  ["mutateDigest", "true or false"],
  ["verifyDigest", "true or false"],
  ["required", "true or false"],
  ["useCache", "true or false"],
  ["cosignOCI11", "true or false"],
]);

/**
 * Refuses variables where an API server that knows Kyverno's definitions takes no text: its policies have none there,
 * and what such a field says is known when it is loaded.
 *
 * @param entry Of `verifyImages`.
 */
export function refuseTypedVariables(entry: Readonly<Record<string, unknown>>, path: Path, gate: Gate): void {
  const refuse = (value: unknown, at: Path, expected: string) => {
    const found = findVariable(value, at);
    if (found !== undefined) gate.refuse(found, VARIABLE_REFUSALS.typed(expected), "ERR_VARIABLE");
  };
  for (const [name, expected] of TYPED) refuse(entry[name], [...path, name], expected);
  const counts = (set: unknown, at: Path): void => {
    if (!isRecord(set)) return;
    refuse(set["count"], [...at, "count"], "a number");
    for (const [index, one] of listOf(set["entries"])) {
      if (isRecord(one)) counts(one["attestor"], [...at, "entries", index, "attestor"]);
    }
  };
  const sets = (given: unknown, at: Path): void => {
    for (const [index, set] of listOf(given)) counts(set, [...at, index]);
  };
  sets(entry["attestors"], [...path, "attestors"]);
  for (const [index, attestation] of listOf(entry["attestations"])) {
    if (isRecord(attestation)) sets(attestation["attestors"], [...path, "attestations", index, "attestors"]);
  }
}

/**
 * Refuses `skipImageReferences` whose variables read what the author of a Pod writes, by themselves or through entries
 * of the context: he would let his own images off.
 *
 * @param rule As written.
 */
export function refuseChosenSkips(rule: Readonly<Record<string, unknown>>, path: Path, gate: Gate): void {
  let chosen: ReadonlySet<string> | undefined;
  for (const [index, entry] of listOf(rule["verifyImages"])) {
    if (!isRecord(entry)) continue;
    for (const [at, pattern] of listOf(entry["skipImageReferences"])) {
      if (typeof pattern !== "string" || !pattern.includes("{{")) continue;
      chosen ??= chosenNames(rule);
      if (!readsAny(pattern, chosen)) continue;
      const place = [...path, "verifyImages", index, "skipImageReferences", at];
      gate.refuse(place, VARIABLE_REFUSALS.chosenSkip, "ERR_VARIABLE");
    }
  }
}

/** Names whose values whoever asks has a say in: those of the request, and entries that depend on one of them. */
function chosenNames(rule: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const chosen = new Set<string>([...REQUEST_NAMES, "image"]);
  // An entry sees only those before it.
  for (const [, entry] of listOf(rule["context"])) {
    if (!isRecord(entry) || typeof entry["name"] !== "string") continue;
    const { variable } = entry;
    const own = isRecord(variable) && (variable["value"] ?? null) === null ? variable["jmesPath"] : undefined;
    const depends = textsOf(entry).some((text) => readsAny(text, chosen)) ||
      (typeof own === "string" && readsAny(`{{ ${own} }}`, chosen));
    const [root = ""] = entry["name"].split(".");
    if (depends) chosen.add(root);
  }
  return chosen;
}

/** Whether a variable of the text may read one of the names; one that cannot be read may. */
function readsAny(text: string, names: ReadonlySet<string>): boolean {
  try {
    return expressionsOf(parseTemplate(text)).some((expression) => {
      const { roots } = compileQuery(expression.replace(/^\s*-/, "").trim());
      return roots === undefined || [...roots].some((root) => names.has(root));
    });
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return true;
  }
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => [name, ...textsOf(item)]);
}

const listOf = (value: unknown): readonly (readonly [number, unknown])[] =>
  Array.isArray(value) ? [...value.entries()] : [];
