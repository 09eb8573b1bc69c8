/** Refusals as Kubernetes' `status.details.causes`: what `verify --output json` says, for whoever reads an answer. */
import { printable } from "../encoding/mod.ts";
import { kindOfRefusal, type Refusal } from "../errors.ts";
import { firstRefusal, nearestMiss } from "../notary/mod.ts";
import type { ImageResponse, RuleResponse } from "../policy/mod.ts";

/** Characters kept of a refusal's own sentence. */
export const MAX_CAUSE_CHARACTERS = 1_024;

/** Signatures of one image that get a cause of their own. */
export const MAX_SIGNATURE_CAUSES = 5;

/**
 * One refusal for programs and people: its code, and class, whether a retry helps, what was found and what to do, at
 * the field of the resource it is about.
 */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** A refusal as a cause: `denied; a retry does not help: Cannot find …; next: Sign …`. */
export function causeOf(refusal: Refusal): StatusCause {
  const { code, message, nextStep } = refusal;
  return {
    reason: code,
    message: `${kindOfRefusal(refusal)}: ${printable(message, MAX_CAUSE_CHARACTERS)}; next: ${nextStep}`,
  };
}

/**
 * Every refusal of an answer: each image's, and after it those of its signatures.
 *
 * @returns In the order of the policies and of the images in the resource; the same thing is said once.
 */
export function causesOf(responses: readonly RuleResponse[]): readonly StatusCause[] {
  return distinct(responses.flatMap(({ images, whole }) => [
    ...(whole?.refusal === undefined ? [] : [causeOf(whole.refusal)]),
    ...images.flatMap(causesOfImage),
  ]));
}

function causesOfImage({ refusal, pointer, outcomes }: ImageResponse): readonly StatusCause[] {
  if (refusal === undefined) return [];
  const field = formatField(pointer);
  const signatures = outcomes.flatMap((artifact) => artifact.outcomes).flatMap((outcome) => {
    const why = firstRefusal(outcome);
    if (why === undefined || outcome.signature === undefined) return [];
    const { reason, message } = causeOf(why);
    const nearest = nearestMiss(outcome);
    const found = nearest === undefined ? "" : `; chain: ${printable(nearest.message, MAX_CAUSE_CHARACTERS)}`;
    return [{ reason, message: `signature ${outcome.signature.digest}: ${message}${found}`, field }];
  });
  return [{ ...causeOf(refusal), field }, ...distinct(signatures).slice(0, MAX_SIGNATURE_CAUSES)];
}

function distinct(causes: readonly StatusCause[]): readonly StatusCause[] {
  return [...new Map(causes.map((cause) => [JSON.stringify(cause), cause])).values()];
}

/** A JSON Pointer as Kubernetes names fields: `/spec/containers/0/image` is `spec.containers[0].image`. */
export function formatField(pointer: string): string {
  return pointer.split("/").slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, part) => /^\d+$/.test(part) ? `${path}[${part}]` : path === "" ? part : `${path}.${part}`, "");
}
