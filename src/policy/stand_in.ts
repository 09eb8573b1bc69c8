/**
 * What stands in for a policy that could not be loaded: it judges no image, and answers every request that the policy
 * may have been about with the reason. Whatever of the document cannot be read is taken to ask for more, not for less.
 */
import { printable } from "../encoding/mod.ts";
import { refusal } from "../errors.ts";
import { AUTOGEN_ANNOTATION, autogenRules, autogenTargets } from "./autogen.ts";
import type { ClusterNeed } from "./cluster_facts.ts";
import { extractedKinds, imageExtractors } from "./extractor_fields.ts";
import { type ImageExtractors, imagesOfRule } from "./extractors.ts";
import { kyvernoFunctions } from "./functions/table.ts";
import { imageReferences } from "./image_fields.ts";
import { type ImageInfo, isRequired, KINDS_WITH_IMAGES } from "./images.ts";
import { clusterNeeds, compileSelection, type MatchBlock } from "./match.ts";
import { matchBlock } from "./match_fields.ts";
import { policyNotLoaded } from "./message.ts";
import type { CompiledPolicy, EvaluationContext, PolicyRequest, RuleResponse } from "./policy.ts";
import { ruleName } from "./rule_fields.ts";
import { isRecord, openGate, type PolicyProblem, type Reader, withoutVariables } from "./schema.ts";

/** A document that was not taken. */
export interface RefusedDocument {
  /** What was read of it; `undefined` where it is no YAML, or no policy of a kind that is known. */
  readonly value?: Readonly<Record<string, unknown>>;
  readonly version?: "v1" | "v2beta1";
  readonly file: string;
  /** Why it was not taken; at least one. */
  readonly problems: readonly PolicyProblem[];
}

/** Seconds it needs: it asks nobody but the cluster. */
const TIMEOUT_SECONDS = 10;

/** One rule that cannot be asked. */
interface UnaskedRule {
  readonly name: string;
  /** `undefined` where every request may be meant. */
  readonly match?: MatchBlock;
  /** Absent where there is none, and where it cannot be read: then it lets nothing off. */
  readonly exclude?: MatchBlock;
  /** `undefined` where every image may be meant. */
  readonly imageReferences?: readonly string[];
  readonly extractors?: ImageExtractors;
  /** Kinds whose images only extractors find that cannot be read. */
  readonly hiddenKinds: readonly string[];
}

/**
 * Makes the stand-in of a document: an error of its own failure policy for each rule that would have been asked.
 *
 * A rule is about the requests its `match` and `exclude` select, as far as those can be read, and the images its
 * `imageReferences` fit; preconditions and match conditions let nothing off. A document of which not even the kind is
 * known stands in the way of every image there is, and closed.
 */
export function standInFor(document: RefusedDocument): CompiledPolicy {
  const { value = {}, file, problems } = document;
  const metadata = isRecord(value["metadata"]) ? value["metadata"] : {};
  const name = nameOf(metadata["name"]) ?? file;
  const namespace = value["kind"] === "Policy" ? nameOf(metadata["namespace"]) ?? "" : "";
  const failurePolicy = failurePolicyOf(value["spec"]);
  const rules = document.value === undefined ? [everything] : rulesOf(document.value, document.version ?? "v1");
  const [first] = problems;
  const others = problems.length > 1 ? `, and ${problems.length - 1} more` : "";
  const where = first === undefined ? file : `${file}:${first.line}:${first.column}: ${first.path}: ${first.reason}`;
  const detail = printable(where) + others;
  const whole = {
    status: "error",
    message: policyNotLoaded(detail),
    refusal: refusal("ERR_POLICY", `Cannot ask the policy "${printable(name)}": it is not loaded: ${detail}`),
  } as const;
  // Its own action may be what could not be read: whether it blocks is for the failure policy alone to say.
  const response = (rule: string, pointers: readonly string[]): RuleResponse => ({
    policy: name,
    policyNamespace: namespace,
    rule,
    action: "Audit",
    failurePolicy,
    images: [],
    whole: { ...whole, pointers },
  });
  return {
    name,
    namespace,
    annotations: new Map(),
    source: file,
    ignored: [],
    problems,
    extractedKinds: new Set(
      rules.flatMap(({ extractors, hiddenKinds }) => [...extractors?.keys() ?? [], ...hiddenKinds]),
    ),
    timeoutSeconds: TIMEOUT_SECONDS,
    failurePolicy,
    needs: needsOf(rules),
    certificates: () => [],
    evaluate: async (request, context) => {
      const answers = await Promise.all(rules.map(async (rule) => {
        const found = imagesFor(rule, request, context);
        if (found === undefined || !await mayBeSelected(rule, namespace, request, context)) return undefined;
        return response(rule.name, found.map(({ pointer }) => pointer));
      }));
      return answers.filter((answer): answer is RuleResponse => answer !== undefined);
    },
  };
}

/** What a document is about of which nothing is known. */
const everything: UnaskedRule = { name: "document", hiddenKinds: [] };

/** Texts that can be names; any other would be one nobody has written. */
const nameOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? printable(value, 253) : undefined;

/** `Ignore` where the document says so and nothing else. */
function failurePolicyOf(spec: unknown): "Fail" | "Ignore" {
  if (!isRecord(spec)) return "Fail";
  const webhook = spec["webhookConfiguration"] ?? undefined;
  if (webhook !== undefined && !isRecord(webhook)) return "Fail";
  const given = [spec["failurePolicy"], webhook?.["failurePolicy"]].filter((one) => (one ?? null) !== null);
  return given.length > 0 && given.every((one) => one === "Ignore") ? "Ignore" : "Fail";
}

/** The rules that may be about images, and those for controllers that come of them. */
function rulesOf(value: Readonly<Record<string, unknown>>, version: "v1" | "v2beta1"): readonly UnaskedRule[] {
  const spec = value["spec"];
  const raw = isRecord(spec) ? spec["rules"] : undefined;
  if (!Array.isArray(raw) || raw.length === 0) return [everything];
  const rules = raw.flatMap((rule, index) => isOfAnotherKind(rule) ? [] : [unaskedRule(rule, index, version)]);
  const { metadata } = value;
  const annotations = isRecord(metadata) && isRecord(metadata["annotations"]) ? metadata["annotations"] : {};
  const wanted = annotations[AUTOGEN_ANNOTATION];
  const targets = autogenTargets(raw, typeof wanted === "string" && wanted !== "all" ? wanted : undefined);
  return [
    ...rules,
    ...rules.flatMap(({ match, extractors: _, ...rule }) =>
      match === undefined ? [] : autogenRules({ ...rule, match }, targets)
    ),
  ];
}

/** Kyverno's other rules are not about images, whatever is wrong with them. */
function isOfAnotherKind(rule: unknown): boolean {
  if (!isRecord(rule) || (rule["verifyImages"] ?? null) !== null) return false;
  return ["mutate", "validate", "generate"].some((operation) => isRecord(rule[operation]));
}

function unaskedRule(value: unknown, index: number, version: "v1" | "v2beta1"): UnaskedRule {
  const rule = isRecord(value) ? value : {};
  const extracted = extractedKinds(rule["imageExtractors"]);
  // Who asks and in which namespace is known here, whatever it is in a background scan.
  const rules = { version, namespaced: false, background: false };
  const match = readable(rule["match"], withoutVariables(matchBlock({ ...rules, section: "match", extracted }), ""));
  const exclude = readable(rule["exclude"], withoutVariables(matchBlock({ ...rules, section: "exclude" }), ""));
  const references = referencesOf(rule["verifyImages"]);
  const extractors = readable(rule["imageExtractors"], imageExtractors);
  return {
    name: readable(rule["name"], ruleName) ?? `rules[${index}]`,
    ...(match === undefined ? {} : { match }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(references === undefined ? {} : { imageReferences: references }),
    ...(extractors === undefined ? {} : { extractors }),
    hiddenKinds: extractors === undefined ? extracted : [],
  };
}

/** The patterns of all entries; `undefined` where one entry's cannot be read. */
function referencesOf(entries: unknown): readonly string[] | undefined {
  if (!Array.isArray(entries) || entries.length === 0) return undefined;
  const patterns = entries.map((entry) =>
    isRecord(entry) ? readable(entry["imageReferences"], withoutVariables(imageReferences, "")) : undefined
  );
  return patterns.some((one) => one === undefined || one.length === 0)
    ? undefined
    : patterns.flatMap((one) => one ?? []);
}

/** What a reader reads; `undefined` where it finds anything wrong, and where there is nothing. */
function readable<T>(value: unknown, read: Reader<T>): T | undefined {
  if ((value ?? null) === null) return undefined;
  const gate = openGate("", () => ({ line: 1, column: 1 }));
  const found = read(value, [], gate);
  return gate.problems.length > 0 ? undefined : found;
}

/**
 * The images that a rule is known to be about, which are none where its patterns cannot be read; `undefined` where it
 * cannot be about any.
 */
function imagesFor(
  { imageReferences: patterns, extractors, hiddenKinds }: UnaskedRule,
  request: PolicyRequest,
  { ports, meter }: EvaluationContext,
): readonly ImageInfo[] | undefined {
  if (hiddenKinds.includes(request.kind)) return [];
  if (extractors?.has(request.kind) !== true && !KINDS_WITH_IMAGES.includes(request.kind)) return undefined;
  const { images, invalid } = imagesOfRule(request, extractors, kyvernoFunctions(ports), meter);
  if (patterns === undefined) return images.length + invalid.length > 0 ? [] : undefined;
  const about = images.filter((image) => isRequired(image, patterns));
  return about.length + invalid.length > 0 ? about : undefined;
}

async function mayBeSelected(
  { match, exclude }: UnaskedRule,
  policyNamespace: string,
  request: PolicyRequest,
  { facts }: EvaluationContext,
): Promise<boolean> {
  if (match === undefined) return policyNamespace === "" || policyNamespace === request.namespace;
  const select = compileSelection({ match, ...(exclude === undefined ? {} : { exclude }), policyNamespace });
  const selected = select(request);
  if (typeof selected === "boolean") return selected;
  try {
    return await selected(facts);
  } catch {
    return true;
  }
}

function needsOf(rules: readonly UnaskedRule[]): readonly ClusterNeed[] {
  const needs = rules.flatMap(({ match, exclude }) =>
    match === undefined ? [] : clusterNeeds({ match, ...(exclude === undefined ? {} : { exclude }) })
  );
  return [...new Set(needs)].sort();
}
