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
 * The images of a request that no rule is about. A rule is about an image it answered about, and a rule that answered
 * as a whole about those its `imageReferences` fit, not about what stands beside them; one that an exception or
 * `skipImageReferences` lets off was still about it.
 *
 * What is no reference fits no pattern, so a rule that merely warns of it does not stand for one that is about it.
 *
 * @param responses Of every policy that was asked.
 */
export function unmatchedImages(request: PolicyRequest, responses: readonly RuleResponse[]): readonly FoundImage[] {
  const { images, invalid } = extractImages(request);
  const answered = pointersOf(responses);
  const refused = pointersOf(responses.filter(refusesErrors));
  return [
    ...images.filter(({ pointer }) => !answered.has(pointer)),
    ...invalid.filter(({ pointer }) => !refused.has(pointer)),
  ];
}

function pointersOf(responses: readonly RuleResponse[]): ReadonlySet<string> {
  return new Set(
    responses.flatMap(({ images, whole }) => whole?.pointers ?? images.map(({ pointer }) => pointer)),
  );
}

const refusesErrors = ({ action, failurePolicy }: RuleResponse): boolean =>
  action === "Enforce" || failurePolicy === "Fail";

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
