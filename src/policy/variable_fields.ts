/** The load gate of variables: what Kyverno's admission refuses of them, in its words, and what would mislead. */
import { printable } from "../encoding/mod.ts";
import { EngineError } from "../errors.ts";
import { compileQuery } from "../expressions/mod.ts";
import { POLICY_REFUSALS, VARIABLE_REFUSALS } from "./message.ts";
import { type Gate, isRecord, type Path } from "./schema.ts";
import { hasOpenBraces, parseTemplate, type TemplatePart } from "./variables.ts";
import { matchWildcard } from "./wildcard.ts";

/** What decides which variables a rule may use. */
export interface VariableRules {
  readonly rule: string;
  /** Whether existing resources are scanned, too: then nobody asks, and nobody's name is known. */
  readonly background: boolean;
}

/** Parts of a rule in which variables are resolved. */
const PARTS = ["context", "preconditions", "verifyImages", "imageExtractors"] as const;

/** What a variable has to have somewhere in it, unless it fits a name of the rule's own. */
const KNOWN = {
  background: String.raw`request\.|element|elementIndex|@|images|images\.|image\.|([a-z_0-9]+\()[^{}]`,
  admission: String
    .raw`request|serviceAccountName|serviceAccountNamespace|element|elementIndex|@|images|image|([a-z_0-9]+\()[^{}]`,
} as const;

/** Names of who asked, which a scan of existing resources does not know. */
const OF_USERS =
  /[^.](?:serviceAccountName|serviceAccountNamespace|request.userInfo|request.roles|request.clusterRoles)\b/;

/** A reference to another place of the rule, which Kyverno puts in like a variable. */
const REFERENCE = /(?:^|[^\\])\$\(.[^ ]*\)/;

/**
 * Refuses variables of a rule that could never be resolved, or not as they look.
 *
 * @param rule As written.
 */
export function checkVariables(
  rule: Readonly<Record<string, unknown>>,
  path: Path,
  rules: VariableRules,
  gate: Gate,
): void {
  const patterns = patternsOf(rule);
  for (const part of PARTS) {
    walk(rule[part], [part], (text, place) => {
      const reason = faultOf(text, place, patterns, rules);
      if (reason !== undefined) gate.refuse([...path, ...place], reason, "ERR_VARIABLE");
    });
  }
}

/** Every text of a value, names of members included. */
function walk(value: unknown, place: Path, look: (text: string, place: Path) => void): void {
  if (typeof value === "string") return look(value, place);
  if (Array.isArray(value)) return value.forEach((item, index) => walk(item, [...place, index], look));
  if (!isRecord(value)) return;
  for (const [name, member] of Object.entries(value)) {
    const at = [...place, name];
    look(name, at);
    walk(member, at, look);
  }
}

/** Conditions of attestations see whatever was attested. */
const isDynamic = (place: Path): boolean =>
  place[0] === "verifyImages" && place[2] === "attestations" && place[4] === "conditions";

function faultOf(
  text: string,
  place: Path,
  patterns: readonly string[],
  { rule, background }: VariableRules,
): string | undefined {
  if (REFERENCE.test(text)) return VARIABLE_REFUSALS.reference;
  if (!text.includes("{{")) return undefined;
  try {
    const expressions = expressionsOf(parseTemplate(text));
    if (hasOpenBraces(text)) return VARIABLE_REFUSALS.open;
    const [ofUser] = background ? expressions.filter((one) => OF_USERS.test(`{{${one}}}`)) : [];
    if (ofUser !== undefined) {
      return POLICY_REFUSALS.background(`variable ${printable(`{{${ofUser}}}`, 400)} is not allowed`);
    }
    if (isDynamic(place)) return undefined;
    const known = background ? KNOWN.background : KNOWN.admission;
    const at = place.map((step) => `/${step}`).join("");
    for (const expression of expressions.map((one) => one.replace(/^\s*-/, "").trim())) {
      if (expression.startsWith("element")) return VARIABLE_REFUSALS.element(expression, at);
      const fault = faultOfExpression(expression, at, known, patterns);
      if (fault !== undefined) return VARIABLE_REFUSALS.invalid(rule, fault);
    }
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return thrown.message;
  }
}

/** Every variable's expression, inner ones first; an inner one stands as `null` in its outer one. */
export function expressionsOf(parts: readonly TemplatePart[]): readonly string[] {
  return parts.flatMap((part) => {
    if (typeof part === "string") return [];
    const outer = part.variable.map((inner) => typeof inner === "string" ? inner : "null").join("");
    return [...expressionsOf(part.variable), outer];
  });
}

function faultOfExpression(
  expression: string,
  at: string,
  known: string,
  patterns: readonly string[],
): string | undefined {
  const shown = printable(expression, 400);
  if (expression === "") return `failed to resolve  at path ${printable(at, 400)}: invalid query (nil)`;
  if (expression === "@") return undefined;
  try {
    compileQuery(expression);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return `failed to resolve ${shown} at path ${
      printable(at, 400)
    }: invalid JMESPath query ${shown}: ${thrown.message}`;
  }
  const bare = expression.replaceAll('"', "");
  if (new RegExp(known).test(bare) || patterns.some((pattern) => matchWildcard(pattern, bare))) return undefined;
  return VARIABLE_REFUSALS.unknown(bare, known, patterns);
}

/** What the rule's own names let a variable begin with. */
function patternsOf(rule: Readonly<Record<string, unknown>>): readonly string[] {
  const entries = (Array.isArray(rule["context"]) ? rule["context"] : []).filter(isRecord);
  const images = (Array.isArray(rule["verifyImages"]) ? rule["verifyImages"] : []).filter(isRecord);
  const attestations = images.some(({ validate }) => isRecord(validate))
    ? images.flatMap(({ attestations }) => Array.isArray(attestations) ? attestations : []).filter(isRecord)
    : [];
  return [
    ...entries.flatMap((entry) => {
      const name = String(entry["name"] ?? "");
      const ofConfigMap = [".data", ".metadata", ".data.*", ".metadata.*"];
      return isRecord(entry["configMap"]) ? ofConfigMap.map((end) => `${name}${end}`) : [`${name}*`];
    }),
    ...attestations.map(({ name }) => `${String(name ?? "")}*`),
  ];
}
