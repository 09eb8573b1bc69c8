/** Images that no rule is about: an answer of its own, and what it means is for whoever runs the endpoint to say. */
import { printable } from "../encoding/mod.ts";
import { refusal } from "../errors.ts";
import { extractImages, type ImageInfo, type InvalidImage } from "./images.ts";
import { noRuleMatches } from "./message.ts";
import type { ImageResponse, PolicyRequest, RuleResponse } from "./policy.ts";

/** What becomes of an image that no rule is about: it is let through as Kyverno does, with a warning, or refused. */
export const NO_MATCH_ANSWERS = ["allow", "warn", "deny"] as const;

export type NoMatch = typeof NO_MATCH_ANSWERS[number];

/** As what the default answers, where policies and rules are named. */
export const NO_MATCH_POLICY = "edge-notary";
export const NO_MATCH_RULE = "no-match";

type FoundImage = ImageInfo | InvalidImage;

/**
 * The images of a request that no rule answered about. A rule that answered as a whole was about the resource, so about
 * all of its images; one that an exception or `skipImageReferences` lets off was still about it.
 *
 * @param responses Of every policy that was asked.
 */
export function unmatchedImages(request: PolicyRequest, responses: readonly RuleResponse[]): readonly FoundImage[] {
  if (responses.some(({ whole }) => whole !== undefined)) return [];
  const answered = new Set(responses.flatMap(({ images }) => images.map(({ pointer }) => pointer)));
  const { images, invalid } = extractImages(request);
  return [...images, ...invalid].filter(({ pointer }) => !answered.has(pointer));
}

/**
 * What the default answers about the images no rule is about, as a rule's response: nothing where it lets them through.
 */
export function answerUnmatched(found: readonly FoundImage[], answer: NoMatch): readonly RuleResponse[] {
  if (answer === "allow" || found.length === 0) return [];
  return [{
    policy: NO_MATCH_POLICY,
    policyNamespace: "",
    rule: NO_MATCH_RULE,
    action: answer === "deny" ? "Enforce" : "Audit",
    failurePolicy: answer === "deny" ? "Fail" : "Ignore",
    images: found.map(({ image, pointer, container }): ImageResponse => ({
      image,
      pointer,
      container,
      status: "fail",
      message: noRuleMatches(image),
      refusal: refusal("IMAGE_UNMATCHED", `Cannot admit "${printable(image)}": no rule of any policy is about it`),
      outcomes: [],
    })),
  }];
}
