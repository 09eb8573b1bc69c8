/** A rule about Pods → the rules about what makes Pods: controllers and CronJobs. */
import { plainKind } from "./kind_selector.ts";
import type { MatchBlock, ResourceFilter } from "./match.ts";
import { isRecord } from "./schema.ts";

/** Where a kind keeps the Pod it makes: controllers under `spec.template`, CronJobs deeper. */
export type PodTemplate = "controller" | "cronJob";

/**
 * Names the controllers to make rules for: `none`, or kinds with commas between them; all of them when it is missing.
 */
export const AUTOGEN_ANNOTATION = "pod-policies.kyverno.io/autogen-controllers";

const CRON_JOB = "CronJob";
const CONTROLLERS: readonly string[] = [
  "DaemonSet",
  "Deployment",
  "Job",
  "ReplicaSet",
  "ReplicationController",
  "StatefulSet",
];

/** Characters of a rule's name at most. */
export const MAX_RULE_NAME_LENGTH = 63;

/** The part of a rule that autogen turns into another. */
export interface SelectingRule {
  readonly name: string;
  readonly match: MatchBlock;
  readonly exclude?: MatchBlock;
}

const TEMPLATE_PATH: Readonly<Record<PodTemplate, string>> = {
  controller: "spec.template",
  cronJob: "spec.jobTemplate.spec.template",
};

/**
 * What names the parts of a Pod, made to name those of the Pod in a template, wherever it stands in the rule: in
 * variables, conditions, context.
 *
 * @param value A rule as written.
 * @returns The very value when nothing in it names such a part.
 *
 * Spec: Kyverno, "Auto-Gen Rules": `request.object` and `request.oldObject`, their `spec` and `metadata`.
 */
export function rewriteReferences(value: unknown, template: PodTemplate): unknown {
  if (typeof value === "string") {
    return value.replace(
      /request\.(object|oldObject)\.(spec|metadata)/g,
      (_, object, part) => `request.${object}.${TEMPLATE_PATH[template]}.${part}`,
    );
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => rewriteReferences(item, template));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([name, member]) =>
    [rewriteReferences(name, template) as string, rewriteReferences(member, template), name, member] as const
  );
  if (entries.every(([name, member, ownName, own]) => name === ownName && member === own)) return value;
  return Object.fromEntries(entries.map(([name, member]) => [name, member]));
}

/** For which kinds a policy's rules are repeated. */
export interface AutogenTargets {
  readonly controllers: readonly string[];
  readonly cronJobs: boolean;
}

/**
 * For which kinds a policy's rules are repeated. One rule that selects by more than kinds and namespaces, or Pods and
 * other kinds in one filter, or that generates or patches, switches it off for the whole policy.
 *
 * @param rules `spec.rules` as written, those of other kinds included.
 * @param annotation Value of {@link AUTOGEN_ANNOTATION}.
 */
export function autogenTargets(rules: readonly unknown[], annotation: string | undefined): AutogenTargets {
  const none: AutogenTargets = { controllers: [], cronJobs: false };
  const filters = rules.flatMap((rule) => rawFilters(rule));
  if (rules.some(generatesOrPatches) || filters.some(selectsByMore)) return none;
  const needed = filters.some(({ kinds }) =>
    kinds.some((kind) => kind === "Pod" || kind === CRON_JOB || CONTROLLERS.some((one) => one === kind))
  );
  if (!needed || annotation === "none") return none;
  const wanted = annotation?.split(",") ?? [...CONTROLLERS, CRON_JOB];
  return {
    controllers: CONTROLLERS.filter((kind) => wanted.includes(kind)),
    cronJobs: wanted.some((kind) => kind.includes(CRON_JOB)),
  };
}

interface RawFilter {
  readonly resources: Readonly<Record<string, unknown>>;
  readonly kinds: readonly unknown[];
}

function rawFilters(rule: unknown): readonly RawFilter[] {
  if (!isRecord(rule)) return [];
  return [rule["match"], rule["exclude"]].filter(isRecord).flatMap((block) => {
    const lists = [block["any"], block["all"]].filter(Array.isArray).flat().filter(isRecord);
    return [block, ...lists].map((filter) => filter["resources"]).filter(isRecord).map((resources) => ({
      resources,
      kinds: Array.isArray(resources["kinds"]) ? resources["kinds"] : [],
    }));
  });
}

function selectsByMore({ resources, kinds }: RawFilter): boolean {
  const { name, names, selector, annotations } = resources;
  if (typeof name === "string" && name !== "") return true;
  if (Array.isArray(names) && names.length > 0) return true;
  if (isRecord(selector) || isRecord(annotations)) return true;
  return kinds.length > 1 && kinds.some((kind) => typeof kind === "string" && plainKind(kind) === "Pod");
}

function generatesOrPatches(rule: unknown): boolean {
  if (!isRecord(rule)) return false;
  if (isRecord(rule["generate"])) return true;
  const mutate = rule["mutate"];
  if (!isRecord(mutate)) return false;
  const loops = Array.isArray(mutate["foreach"]) ? mutate["foreach"].filter(isRecord) : [];
  return [mutate, ...loops].some((one) => typeof one["patchesJson6902"] === "string" && one["patchesJson6902"] !== "");
}

/**
 * The rules a Pod rule is repeated as, with the names Kyverno gives them, cut to {@link MAX_RULE_NAME_LENGTH}. They
 * find images where every controller has them, whatever extractors the rule brings for other kinds.
 *
 * @param inTemplate The same rule about the Pod in a template; the rule itself where it names no part of a Pod.
 * @returns Nothing for a rule that is not about Pods, excludes other kinds only, or is itself called `autogen-…`.
 */
export function autogenRules<T extends SelectingRule>(
  rule: T,
  targets: AutogenTargets,
  inTemplate: (template: PodTemplate) => T | undefined = () => rule,
): readonly T[] {
  if (rule.name.startsWith("autogen-") || !aboutPods(rule)) return [];
  const rules: T[] = [];
  const ofControllers = targets.controllers.length > 0 ? inTemplate("controller") : undefined;
  if (ofControllers !== undefined) {
    const replace = (filter: ResourceFilter): ResourceFilter =>
      filter.kinds.some((kind) => plainKind(kind) === "Pod") ? { ...filter, kinds: targets.controllers } : filter;
    rules.push(repeat(ofControllers, "autogen", rule.name, replace));
  }
  const ofCronJobs = targets.cronJobs ? inTemplate("cronJob") : undefined;
  if (ofCronJobs !== undefined) {
    const replace = (filter: ResourceFilter): ResourceFilter => ({ ...filter, kinds: [CRON_JOB] });
    rules.push(repeat(ofCronJobs, "autogen-cronjob", rule.name, replace));
  }
  return rules;
}

function aboutPods({ match, exclude }: SelectingRule): boolean {
  const kindsOf = (block: MatchBlock | undefined) => block?.filters.flatMap(({ kinds }) => kinds).map(plainKind) ?? [];
  const excluded = kindsOf(exclude);
  return kindsOf(match).includes("Pod") && (excluded.length === 0 || excluded.includes("Pod"));
}

function repeat<T extends SelectingRule>(
  rule: T,
  prefix: string,
  name: string,
  replace: (filter: ResourceFilter) => ResourceFilter,
): T {
  const block = ({ mode, filters }: MatchBlock): MatchBlock => ({ mode, filters: filters.map(replace) });
  return {
    ...rule,
    name: `${prefix}-${name}`.slice(0, MAX_RULE_NAME_LENGTH),
    match: block(rule.match),
    ...(rule.exclude === undefined ? {} : { exclude: block(rule.exclude) }),
  };
}
