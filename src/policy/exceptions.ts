/** PolicyException of `kyverno.io`: which rules leave a resource out, or single images of it. */
import type { ClusterFacts } from "./cluster_facts.ts";
import { type ConditionBlock, evaluateBlock } from "./conditions.ts";
import { type ImageInfo, isExempt, type ResourceImages } from "./images.ts";
import { compileExemption, type MatchBlock } from "./match.ts";
import { EXCEPTION_REFUSALS, exemptedByExceptions } from "./message.ts";
import type { PolicyRequest } from "./policy.ts";
import type { IgnoredField } from "./schema.ts";
import type { VariableScope } from "./scope.ts";
import { matchesAny } from "./wildcard.ts";

/** Names the images a PolicyException is about, patterns with commas or line breaks between them. */
export const EXCEPTION_IMAGES_ANNOTATION = "edge-notary.dev/images";

/** Rules of one policy that an exception is about. */
export interface ExemptedRules {
  /** `NAME` of a ClusterPolicy, `NAMESPACE/NAME` of a Policy. */
  readonly policyName: string;
  /** Patterns; rules that autogen makes have names of their own. */
  readonly ruleNames: readonly string[];
}

/** An exception as read. */
export interface ExceptionFields {
  readonly name: string;
  readonly namespace: string;
  readonly match: MatchBlock;
  readonly conditions?: ConditionBlock;
  readonly exceptions: readonly ExemptedRules[];
  /** Images it is about; every one of the resource when left out. */
  readonly images?: readonly string[];
}

/** An exception ready to be asked. */
export interface PolicyException {
  readonly name: string;
  readonly namespace: string;
  /** Where it was read from. */
  readonly source: string;
  /** Fields that are accepted and have no effect here, each with its reason. */
  readonly ignored: readonly IgnoredField[];
  /** Patterns of the images it exempts; `undefined` exempts the whole resource, as Kyverno does. */
  readonly images: readonly string[] | undefined;
  /** Whether it is about a rule. */
  readonly names: (rule: RuleName) => boolean;
  /** Whether it is about a request. What cannot be found out exempts nothing. */
  readonly selects: (request: PolicyRequest, facts: ClusterFacts, scope: VariableScope) => Promise<boolean>;
}

/** A rule, as responses name it. */
export interface RuleName {
  readonly policy: string;
  /** `""` for a ClusterPolicy. */
  readonly policyNamespace: string;
  readonly rule: string;
}

/** Compiles what was read. */
export function compileException(
  { name, namespace, match, conditions, exceptions, images }: ExceptionFields,
  source: string,
  ignored: readonly IgnoredField[],
): PolicyException {
  const isSelected = compileExemption(match);
  return {
    name,
    namespace,
    source,
    ignored,
    images,
    names: ({ policy, policyNamespace, rule }) => {
      const key = keyOf({ name: policy, namespace: policyNamespace });
      return exceptions.some(({ policyName, ruleNames }) => policyName === key && matchesAny(ruleNames, rule));
    },
    selects: async (request, facts, scope) => {
      const selected = isSelected(request);
      if (selected === false) return false;
      try {
        if (selected !== true && !await selected(facts)) return false;
        return conditions === undefined || (await evaluateBlock(conditions, scope, "as written")).holds;
      } catch {
        return false;
      }
    },
  };
}

/**
 * The exceptions of the namespaces whose exceptions count.
 *
 * @param namespace A name, `*` for every one, `""` for none.
 *
 * Spec: Kyverno, `--exceptionNamespace`.
 */
export function exceptionsIn(exceptions: readonly PolicyException[], namespace: string): readonly PolicyException[] {
  return namespace === "*" ? exceptions : exceptions.filter((one) => namespace !== "" && one.namespace === namespace);
}

/** Why an exception does not count, in Kyverno's words. */
export function ignoredException(
  { enabled, namespace }: { readonly enabled: boolean; readonly namespace: string },
): string {
  const { disabled, noNamespace, otherNamespace } = EXCEPTION_REFUSALS;
  if (!enabled) return disabled;
  return namespace === "" ? noNamespace : otherNamespace;
}

/** What exceptions leave of a rule's images. */
export interface Exemption {
  readonly left: ResourceImages;
  /** Images that are exempt, each with Kyverno's sentence. */
  readonly exempt: readonly { readonly image: ImageInfo; readonly message: string }[];
  /** Kyverno's sentence, when all images of the resource are exempt by exceptions that are about every image. */
  readonly whole?: string;
}

/**
 * Leaves out what exceptions exempt. What is no image is never exempt: it may be anything.
 *
 * @param exceptions Those that count.
 * @param found Images the rule is about.
 */
export async function exemptImages(
  exceptions: readonly PolicyException[],
  rule: RuleName,
  found: ResourceImages,
  ask: { readonly request: PolicyRequest; readonly facts: ClusterFacts; readonly scope: VariableScope },
): Promise<Exemption> {
  const named = exceptions.filter((exception) => exception.names(rule));
  if (named.length === 0) return { left: found, exempt: [] };
  const selecting = await Promise.all(named.map(async (one) => await one.selects(ask.request, ask.facts, ask.scope)));
  const selected = named.filter((_, index) => selecting[index]);
  const exempt = found.images.flatMap((image) => {
    const about = selected.filter(({ images }) => images === undefined || isExempt(image, images));
    return about.length === 0 ? [] : [{ image, message: exemptedByExceptions(about.map(keyOf)) }];
  });
  const images = found.images.filter((image) => !exempt.some((one) => one.image === image));
  const left = { images, invalid: found.invalid };
  const everywhere = selected.filter((exception) => exception.images === undefined);
  if (everywhere.length === 0 || found.invalid.length > 0) return { left, exempt };
  return { left, exempt, whole: exemptedByExceptions(selected.map(keyOf)) };
}

const keyOf = ({ name, namespace }: Pick<PolicyException, "name" | "namespace">): string =>
  namespace === "" ? name : `${namespace}/${name}`;
