/** What never changes a decision: other signatures, other referrers, annotations, and every order. Seeds are fixed. */
import fc from "fast-check";
import jsonPatch, { type Operation } from "fast-json-patch";
import { describe, expect, it } from "vitest";
import { parseReference, type Referrer, type Repository } from "../../../src/oci/mod.ts";
import type { Decision, KubernetesObject } from "../../../src/policy/mod.ts";
import { load, policyDocument, trusting } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, digestOf } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const PROPERTIES = { seed: 20_266, numRuns: 40 };
const { applyPatch } = jsonPatch;

const SEVERAL = "registry.example/several";
const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
const UNSIGNED = "ghcr.io/kyverno/test-verify-image:unsigned";
const signal = new AbortController().signal;

const policyAbout = (pattern: string, signer = "fixture-signer", name = "check"): Json =>
  policyDocument({
    metadata: { name },
    verify: { imageReferences: [pattern], attestors: [{ entries: [trusting(signer)] }] },
  });

/** The referrers of an image of the fixtures. */
async function referrersOf(image: string): Promise<readonly Referrer[]> {
  const repository = (await createWorld()).open(parseReference(image));
  return (await repository.listReferrers(await repository.resolve(digestOf(image), { signal }), { signal })).referrers;
}

/** A world in which every image has these referrers. */
const worldWith = (referrers: readonly Referrer[]) =>
  createWorld((real: Repository) => ({
    listReferrers: async (subject, options) => ({ ...await real.listReferrers(subject, options), referrers }),
  }));

describe("referrers", () => {
  const image = `${SEVERAL}:wrong-first`;

  it("only the trusted signature of this image admits it, whatever is listed beside it and in which order", async () => {
    const own = await referrersOf(image);
    const policies = await load(policyAbout(`${SEVERAL}*`));
    const request = createRequest({ object: podWith([image]) });
    const admits = async (referrers: readonly Referrer[]) =>
      (await ask(await worldWith(referrers), policies, request)).allowed;
    // Two of this image, one of them by another; and signatures of other images, by the signer who is trusted.
    const verdicts = await Promise.all(own.map((one) => admits([one])));
    expect(verdicts.toSorted()).toEqual([false, true]);
    const trusted = own[verdicts.indexOf(true)] as Referrer;
    const foreign = (await Promise.all(["two-signers", "both-formats"].map((tag) => referrersOf(`${SEVERAL}:${tag}`))))
      .flat();
    const unrelated = foreign.map(({ descriptor, ways }) => ({
      descriptor: { ...descriptor, artifactType: "application/vnd.example.note" },
      ways,
    }));
    const others = [...own.filter((one) => one !== trusted), ...foreign, ...unrelated];
    expect(others.length).toBeGreaterThanOrEqual(7);

    const listed = fc.shuffledSubarray([trusted, ...others]);
    await fc.assert(
      fc.asyncProperty(listed, async (referrers) => {
        expect(await admits(referrers)).toBe(referrers.includes(trusted));
      }),
      PROPERTIES,
    );
  });
});

describe("annotations and the order of keys", () => {
  const claims = fc.dictionary(
    fc.constantFrom("kyverno.io/verify-images", "kyverno.io/verify-images-scoped", "edge-notary.dev/images", "a/b"),
    fc.constantFrom(`{"${SIGNED}":"pass","${UNSIGNED}":"pass"}`, UNSIGNED, "skip", ""),
  );

  it("decide nothing", async () => {
    const policies = await load(policyDocument());
    const world = await createWorld();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(SIGNED, UNSIGNED),
        claims,
        fc.infiniteStream(fc.nat()),
        async (image, annotations, ranks) => {
          const object = podWith([image]);
          const metadata = { ...object["metadata"] as object, annotations };
          const shuffled = reordered({ ...object, metadata }, () => ranks.next().value) as KubernetesObject;
          for (const phase of ["mutate", "validate"] as const) {
            const plain = await ask(world, policies, createRequest({ object }), { phase });
            const annotated = await ask(world, policies, createRequest({ object: shuffled }), { phase });
            expect([annotated.allowed, annotated.message]).toEqual([plain.allowed, plain.message]);
          }
        },
      ),
      PROPERTIES,
    );
  });

  it("of a policy decide nothing", async () => {
    const world = await createWorld();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(SIGNED, UNSIGNED), fc.infiniteStream(fc.nat()), async (image, ranks) => {
        const request = createRequest({ object: podWith([image]) });
        const policies = await load(reordered(policyDocument(), () => ranks.next().value) as Json);
        expect((await ask(world, policies, request)).allowed).toBe(image === SIGNED);
      }),
      PROPERTIES,
    );
  });
});

/** The same value with the members of its objects in another order. */
function reordered(value: unknown, rank: () => number): unknown {
  if (Array.isArray(value)) return value.map((one) => reordered(one, rank));
  if (typeof value !== "object" || value === null) return value;
  const ranked = Object.entries(value).map(([name, one]) => [rank(), name, reordered(one, rank)] as const);
  return Object.fromEntries(ranked.toSorted(([a], [b]) => a - b).map(([, name, one]) => [name, one]));
}

describe("the order of policies, rules, entries and images", () => {
  const entry = (pattern: string, signer: string): Json => ({
    type: "Notary",
    imageReferences: [pattern],
    attestors: [{ entries: [trusting(signer)] }],
  });
  /** Of each: whether it admits every image below that it is about. */
  const entries = [
    entry("ghcr.io/kyverno/*:signed", "fixture-signer"),
    entry("ghcr.io/kyverno/*", "fixture-signer"),
    entry("registry.example/several*", "fixture-signer"),
    entry("registry.example/*", "rsa-3072-self"),
  ];
  const images = [SIGNED, UNSIGNED, `${SEVERAL}:wrong-first`, "registry.example/metadata:jws"];

  /** Policies of one rule and one entry each; one policy of a rule each; one rule of every entry. */
  const arrangements: readonly ((chosen: readonly Json[]) => readonly Json[])[] = [
    (chosen) =>
      chosen.map((one, at) => policyDocument({ metadata: { name: `p${at}` }, rule: { verifyImages: [one] } })),
    (chosen) => {
      const [rule] = (policyDocument()["spec"] as { readonly rules: readonly Json[] }).rules;
      return [
        policyDocument({
          spec: { rules: chosen.map((one, at) => ({ ...rule, name: `r${at}`, verifyImages: [one] })) },
        }),
      ];
    },
    (chosen) => [policyDocument({ rule: { verifyImages: chosen } })],
  ];

  it("changes no decision: all of what is asked has to hold, for all images", async () => {
    const world = await createWorld();
    const verdictOf = async (documents: readonly Json[], chosen: readonly string[]): Promise<Decision> =>
      await ask(world, await load(...documents), createRequest({ object: podWith(chosen) }));
    const alone = new Map<string, boolean>();
    for (const [at, one] of entries.entries()) {
      for (const image of images) {
        alone.set(
          `${at} ${image}`,
          (await verdictOf([policyDocument({ rule: { verifyImages: [one] } })], [image])).allowed,
        );
      }
    }
    expect(new Set(alone.values())).toEqual(new Set([true, false]));
    const numbers = entries.map((_, at) => at);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(numbers, { minLength: 1 }),
        fc.shuffledSubarray(images, { minLength: 1 }),
        fc.constantFrom(...arrangements),
        async (chosen, shown, arrange) => {
          const documents = arrange(chosen.map((at) => entries[at] as Json));
          const expected = chosen.every((at) => shown.every((image) => alone.get(`${at} ${image}`)));
          expect((await verdictOf(documents, shown)).allowed).toBe(expected);
        },
      ),
      PROPERTIES,
    );
  });
});

describe("the patch", () => {
  const unpinned = { mutateDigest: false, verifyDigest: false };
  const spellings = [
    SIGNED,
    SIGNED.replace(":signed", `@${digestOf(SIGNED)}`),
    `${SIGNED}@${digestOf(SIGNED)}`,
    "busybox:1",
  ];

  it("changes nothing the second time, and what it made is admitted", async () => {
    const world = await createWorld();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...spellings), { minLength: 1, maxLength: 6 }),
        fc.constantFrom({}, unpinned, { skipImageReferences: [SIGNED] }),
        fc.constantFrom(undefined, {}, { "a~b/c": "d", "kyverno.io/verify-images": "{}" }),
        async (images, verify, annotations) => {
          const policies = await load(policyDocument({ verify }));
          const plain = podWith(images);
          const metadata = { ...plain["metadata"] as object, ...(annotations === undefined ? {} : { annotations }) };
          const object: KubernetesObject = { ...plain, metadata };
          const mutate = (one: KubernetesObject) => ask(world, policies, createRequest({ object: one }));
          const first = await mutate(object);
          expect(first.allowed).toBe(true);
          const patched = applyPatch(structuredClone(object), first.patches as Operation[], true).newDocument;
          const second = await mutate(patched);
          const again = applyPatch(structuredClone(patched), second.patches as Operation[], true).newDocument;
          expect(again).toEqual(patched);
          expect(second.allowed).toBe(true);
          expect((await ask(world, policies, createRequest({ object: patched }), { phase: "validate" })).allowed).toBe(
            true,
          );
        },
      ),
      PROPERTIES,
    );
  });
});
