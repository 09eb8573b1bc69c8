/** The load gate of `rules`. */
import { MAX_RULE_NAME_LENGTH, type PodTemplate, rewriteReferences } from "./autogen.ts";
import { type ConditionBlock, preconditionBlock, preconditions } from "./conditions.ts";
import type { ContextEntry } from "./context.ts";
import { contextEntries } from "./context_fields.ts";
import { extractedKinds, imageExtractors } from "./extractor_fields.ts";
import type { ImageExtractors } from "./extractors.ts";
import { refuseChosenSkips, refuseTypedVariables } from "./fixed_fields.ts";
import { type FailureAction, imageVerification, type ImageVerificationFields } from "./image_fields.ts";
import type { MatchBlock } from "./match.ts";
import { matchBlock } from "./match_fields.ts";
import { POLICY_REFUSALS } from "./message.ts";
import {
  describe,
  enforced,
  type FieldTable,
  findVariable,
  type Gate,
  ignored,
  isRecord,
  listOf,
  mapOfTexts,
  type Path,
  type Reader,
  readFields,
  refused,
  withoutVariables,
} from "./schema.ts";
import { type Template, template } from "./template.ts";
import { checkVariables } from "./variable_fields.ts";

/** A rule as read. */
export interface RuleFields {
  readonly name: string;
  readonly match: MatchBlock;
  readonly exclude?: MatchBlock;
  /** What its variables may name beside the request; an entry sees those before it. */
  readonly context: readonly ContextEntry[];
  /** What has to hold for the rule to apply. */
  readonly preconditions?: ConditionBlock;
  readonly verifyImages: Template<readonly ImageVerificationFields[]>;
  /** What has to be known of {@link verifyImages} before its variables have values. */
  readonly entries: readonly RawEntry[];
  /** Where images stand in kinds of which nothing is known. */
  readonly imageExtractors?: ImageExtractors;
  /** What the rule adds to its results in reports. */
  readonly reportProperties?: ReadonlyMap<string, string>;
  /** The rule about the Pod that the object makes: what its variables name of a Pod, they name of the template. */
  readonly inTemplate: (template: PodTemplate) => RuleFields | undefined;
}

/** What an entry of `verifyImages` says without variables. */
export interface RawEntry {
  readonly imageReferences: readonly string[];
  readonly failureAction?: FailureAction;
}

/** What decides how rules are read. */
export interface RulesContext {
  readonly policy: string;
  readonly version: "v1" | "v2beta1";
  readonly namespaced: boolean;
  /** Of the policy; `""` for a ClusterPolicy. */
  readonly namespace: string;
  /** Whether Kyverno would scan existing resources by it, too: then who asks is not known. */
  readonly background: boolean;
  readonly failureAction: FailureAction;
}

/** What a rule can be; exactly one of them. */
const OPERATIONS = ["mutate", "validate", "generate", "verifyImages"] as const;

/** A name that is a key in messages: one line, short. */
export const ruleName: Reader<string> = (value, path, gate) => {
  if (typeof value !== "string" || value === "" || value.length > MAX_RULE_NAME_LENGTH) {
    return void gate.refuse(path, `${describe(value)}, expected text of 1 to ${MAX_RULE_NAME_LENGTH} characters`);
  }
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value)) {
    return void gate.refuse(path, `${describe(value)}, expected one line without control characters`);
  }
  return value;
};

function tableOf(name: string, extracted: readonly string[], context: RulesContext) {
  const { version, namespaced, namespace, background } = context;
  const { variables } = POLICY_REFUSALS;
  const match = matchBlock({ section: "match", version, namespaced, background, extracted });
  const exclude = matchBlock({ section: "exclude", version, namespaced, background });
  return {
    name: enforced(ruleName),
    match: enforced(withoutVariables(match, variables(name, "match"))),
    exclude: enforced(withoutVariables(exclude, variables(name, "exclude"))),
    verifyImages: enforced(template(listOf(imageVerification(context)), "/verifyImages", isResolvedLater)),
    mutate: refused("a verifyImages rule does not mutate"),
    validate: refused("a verifyImages rule does not validate"),
    generate: refused("a verifyImages rule does not generate"),
    context: enforced(contextEntries(namespace)),
    preconditions: enforced(version === "v1" ? preconditions : preconditionBlock),
    celPreconditions: refused("celPrecondition can only be used with validate.cel"),
    imageExtractors: enforced(withoutVariables(imageExtractors, "images are looked for before variables have values")),
    reportProperties: enforced(mapOfTexts("expected text")),
    skipBackgroundRequests: ignored("requests of Kyverno's background controller are judged like all others"),
  } satisfies FieldTable;
}

/**
 * Reads a rule; one that is not about images is listed as ignored, whatever it holds.
 */
export function imageRule(context: RulesContext): Reader<RuleFields> {
  const read: Reader<RuleFields> = (value, path, gate) => {
    if (!isRecord(value)) return void gate.refuse(path, `${describe(value)}, expected an object`);
    const name = typeof value["name"] === "string" ? value["name"] : "";
    const operations = OPERATIONS.filter((operation) => isPresent(value[operation]));
    if (operations.length !== 1) {
      const { noOperation, severalOperations } = POLICY_REFUSALS;
      return void gate.refuse(path, operations.length === 0 ? noOperation(name) : severalOperations(name));
    }
    if (operations[0] !== "verifyImages") {
      return void gate.ignore(path, `only verifyImages rules are evaluated here: ${operations[0]} is Kyverno's own`);
    }
    refuseEarlyVariables(value, name, path, gate);
    const before = gate.problems.length;
    checkVariables(value, path, { rule: name, background: context.background }, gate);
    // What could never be resolved would be read as if it were no variable.
    if (gate.problems.length > before) return undefined;
    const fields = readFields(value, path, tableOf(name, extractedKinds(value["imageExtractors"]), context), gate);
    if (fields === undefined) return undefined;
    refuseTransformedPins(value, fields.imageExtractors, path, gate);
    if (!isPresent(value["name"])) gate.refuse(path, "name is missing, expected text");
    if (!isPresent(value["match"])) gate.refuse(path, POLICY_REFUSALS.noKind);
    if (fields.name === undefined || fields.match === undefined || fields.verifyImages === undefined) return undefined;
    const rule: RuleFields = {
      name: fields.name,
      match: fields.match,
      ...(fields.exclude === undefined ? {} : { exclude: fields.exclude }),
      context: fields.context ?? [],
      ...(fields.preconditions === undefined ? {} : { preconditions: fields.preconditions }),
      verifyImages: fields.verifyImages,
      entries: rawEntries(value["verifyImages"]),
      ...(fields.imageExtractors === undefined ? {} : { imageExtractors: fields.imageExtractors }),
      ...(fields.reportProperties === undefined ? {} : { reportProperties: fields.reportProperties }),
      inTemplate: (template) => {
        const rewritten = rewriteReferences(value, template);
        // What is ignored has been said once.
        return rewritten === value ? rule : read(rewritten, path, { ...gate, ignore: () => undefined });
      },
    };
    return rule;
  };
  return read;
}

/** What a transformed text names is not what stands there, so nothing can be written there in its place. */
function refuseTransformedPins(
  rule: Readonly<Record<string, unknown>>,
  extractors: ImageExtractors | undefined,
  path: Path,
  gate: Gate,
): void {
  const entries = Array.isArray(rule["verifyImages"]) ? rule["verifyImages"] : [];
  if (!entries.some((entry) => isRecord(entry) && entry["mutateDigest"] !== false)) return;
  const transforms = [...extractors?.values() ?? []].flat().some(({ transform }) => transform !== undefined);
  if (transforms) gate.refuse([...path, "imageExtractors"], POLICY_REFUSALS.extractorQuery);
}

/** Conditions see what was attested, which is not known while the rule's own variables are resolved. */
function isResolvedLater(place: string): boolean {
  return /^\/verifyImages\/\d+\/(?:attestations\/\d+\/conditions|validate\/(?:deny\/conditions|message))(?:\/|$)/.test(
    place,
  );
}

/** The gate has read them: what is not as expected has been refused. */
function rawEntries(value: unknown): readonly RawEntry[] {
  return (Array.isArray(value) ? value : []).filter(isRecord).map(({ imageReferences, failureAction }) => ({
    imageReferences: (Array.isArray(imageReferences) ? imageReferences : []).filter((one) => typeof one === "string"),
    ...(failureAction === "Enforce" || failureAction === "Audit" ? { failureAction } : {}),
  }));
}

function isPresent(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return Array.isArray(value) ? value.length > 0 : !isRecord(value) || Object.keys(value).length > 0;
}

/** Which images a rule is about, and whether it enforces, is known when it is loaded: no variable stands for that. */
function refuseEarlyVariables(rule: Readonly<Record<string, unknown>>, name: string, path: Path, gate: Gate): void {
  const refuse = (value: unknown, at: Path, section: Parameters<typeof POLICY_REFUSALS.variables>[1]) => {
    const found = findVariable(value, at);
    if (found !== undefined) gate.refuse(found, POLICY_REFUSALS.variables(name, section));
  };
  const { verifyImages } = rule;
  const at = [...path, "verifyImages"];
  if (!Array.isArray(verifyImages)) return refuse(verifyImages, at, "verifyImages");
  for (const [index, entry] of verifyImages.entries()) {
    if (!isRecord(entry)) {
      refuse(entry, [...at, index], "verifyImages");
      continue;
    }
    refuse(entry["imageReferences"], [...at, index, "imageReferences"], "image reference");
    refuse(entry["failureAction"], [...at, index, "failureAction"], "failureAction");
    refuseTypedVariables(entry, [...at, index], gate);
  }
  refuseChosenSkips(rule, path, gate);
}
