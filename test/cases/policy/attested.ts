/** What the tests of attestations share: the fixtures' attested images, under the example policy. */
import type { Repository } from "../../../src/oci/mod.ts";
import type { EvaluateOptions } from "../../../src/policy/mod.ts";
import { load, type PolicyChanges, policyDocument, trusting } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, digestOf } from "./world.ts";

export type Json = Readonly<Record<string, unknown>>;

export const REPOSITORY = "registry.example/attestations";
export const SBOM = "sbom/cyclone-dx";
export const REPORT = "trivy/vulnerability";

/** `registry.example/attestations:TAG`. */
export const tagged = (tag: string): string => `${REPOSITORY}:${tag}`;

/** The same image by its digest, as messages name it. */
export const pinned = (tag: string): string => `${REPOSITORY}@${digestOf(tagged(tag))}`;

/** Attestor sets of one entry per signer. */
export const by = (...names: readonly string[]): readonly Json[] => [{ entries: names.map((name) => trusting(name)) }];

/** An SBOM by the fixture signer. */
export const sbom = (more: Json = {}): Json => ({ type: SBOM, attestors: by("fixture-signer"), ...more });

/** A report by the fixture signer. */
export const report = (more: Json = {}): Json => ({ type: REPORT, attestors: by("fixture-signer"), ...more });

/** One condition that has to hold. */
export const all = (key: unknown, operator: string, value: unknown, message = ""): Json => ({
  all: [{ key, operator, value, message }],
});

export interface AttestedOptions extends Partial<EvaluateOptions> {
  readonly changes?: PolicyChanges;
  /** Stands between the test and the repository. */
  readonly change?: (repository: Repository) => Partial<Repository>;
  /** The image's text, when it is not the tag. */
  readonly image?: string;
}

/** What the image of a tag comes to when its `verifyImages` entry has these fields. */
export async function askAbout(
  tag: string,
  verify: Json,
  { changes = {}, change, image = tagged(tag), ...options }: AttestedOptions = {},
) {
  const entry = { imageReferences: [`${REPOSITORY}*`], ...verify };
  const policies = await load(policyDocument({ ...changes, verify: entry }));
  const world = await createWorld(change);
  const decision = await ask(world, policies, createRequest({ object: podWith([image]) }), options);
  const [response] = decision.responses.flatMap(({ images }) => images);
  if (response === undefined) throw new Error("the rule has nothing to say");
  return { decision, response, asked: world.asked };
}

/** Makes every SBOM say something else, as if that had been signed. */
export const saying = (content: string | Uint8Array) => (repository: Repository): Partial<Repository> => ({
  fetchBlob: async (descriptor, options) => {
    const bytes = await repository.fetchBlob(descriptor, options);
    const isSbom = new TextDecoder().decode(bytes).startsWith('{"bomFormat"');
    if (!isSbom) return bytes;
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  },
});
