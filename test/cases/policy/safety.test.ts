/** Properties that hold whatever the policies and the registries do. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../../src/errors.ts";
import type { Repository } from "../../../src/oci/mod.ts";
import type { CompiledPolicy, Decision } from "../../../src/policy/mod.ts";
import { load, type PolicyChanges, policyDocument, trusting } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, digestOf } from "./world.ts";

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const SIGNED = `${REPOSITORY}:signed`;
const pod = (...images: readonly string[]) => createRequest({ object: podWith(images) });
const never = () => new Promise<never>(() => {});
const down = () => Promise.reject(new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "Cannot connect to ghcr.io"));
const policy = (changes: PolicyChanges = {}) => load(policyDocument(changes));

describe("a registry that is down", () => {
  const decide = async (changes: PolicyChanges, change: (one: Repository) => Partial<Repository>): Promise<Decision> =>
    await ask(await createWorld(change), await policy(changes), pod(SIGNED));

  it.each<[name: string, change: (one: Repository) => Partial<Repository>, prefix: string]>([
    ["from the first request", () => ({ resolve: down }), `failed to parse image reference: ${SIGNED}: `],
    ["for referrers", () => ({ listReferrers: down }), `failed to verify ${REPOSITORY}@${digestOf(SIGNED)}: `],
  ])("%s: an error, never no signature, and a retry helps", async (_, change, prefix) => {
    const decision = await decide({}, change);
    expect(decision.allowed).toBe(false);
    expect(decision.responses[0]?.images[0]).toMatchObject({
      status: "error",
      message: `failed to verify image ${SIGNED}: .attestors[0].entries[0]: ${prefix}Cannot connect to ghcr.io`,
      refusal: { code: "ERR_REGISTRY_UNAVAILABLE", class: "unavailable", retry: true },
    });
  });

  it("is tolerated by failure policy Ignore, with a warning and nothing pinned", async () => {
    const decision = await decide({ spec: { failurePolicy: "Ignore" } }, () => ({ resolve: down }));
    expect(decision).toMatchObject({ allowed: true, warnings: [expect.stringContaining("Cannot connect")] });
    expect(decision.patches.filter(({ op }) => op === "replace")).toEqual([]);
  });

  it("blocks under Audit where the policy fails closed, as Kyverno does", async () => {
    const changes = { spec: { validationFailureAction: "Audit" }, verify: { mutateDigest: false } };
    expect((await decide(changes, () => ({ resolve: down }))).allowed).toBe(false);
  });

  it("is a failure, not an outage, once it has shown the artifact and keeps the signature back", async () => {
    const decision = await decide(
      { spec: { failurePolicy: "Ignore" } },
      () => ({ fetchBlob: down, fetchManifest: down }),
    );
    expect(decision.allowed).toBe(false);
    expect(decision.responses[0]?.images[0]?.status).toBe("fail");
  });
});

describe("time that runs out", () => {
  it.each<[name: string, change: Partial<Repository>]>([
    ["while resolving", { resolve: never }],
    ["while listing", { listReferrers: never }],
    ["while fetching", { fetchBlob: never }],
  ])('%s, in a port that does not listen: refused under any failure policy: "deadline-sentence"', async (_, change) => {
    for (const failurePolicy of ["Fail", "Ignore"]) {
      for (const phase of ["mutate", "validate"] as const) {
        const controller = new AbortController();
        const world = await createWorld(() => change);
        const image = phase === "mutate" ? SIGNED : `${REPOSITORY}@${digestOf(SIGNED)}`;
        const asked = ask(world, await policy({ spec: { failurePolicy } }), pod(image), {
          signal: controller.signal,
          phase,
        });
        setTimeout(() => controller.abort(), 20);
        const decision = await asked;
        expect(decision.allowed).toBe(false);
        const [response] = decision.responses[0]?.images ?? [];
        expect(response).toMatchObject({ status: "fail", refusal: { code: "ERR_DEADLINE", class: "unavailable" } });
        const where = `.attestors[0].entries[0]: ran out of time at verifying ${image}`;
        expect(response?.message).toBe(
          phase === "mutate" ? `failed to verify image ${image}: ${where}` : `unverified image ${image}`,
        );
      }
    }
  });

  it("before it began: nobody is asked, and it is refused", async () => {
    const decision = await ask(await createWorld(() => ({ resolve: never })), await policy(), pod(SIGNED), {
      signal: AbortSignal.abort(),
    });
    expect(decision.allowed).toBe(false);
  });
});

describe("a tag", () => {
  it("is resolved once, whoever asks, and what was verified is what is pinned and named", async () => {
    // A registry whose tag moves to another image with every look.
    const digests = ["signed", "unsigned"];
    let looks = 0;
    const moving = await createWorld((real) => ({
      resolve: (target, options) =>
        real.resolve(target.includes(":") ? target : digests[looks++ % 2] as string, options),
    }));
    const world = { ...moving, once: true } as const;
    const policies = await load(...["a", "b", "c"].map((name) => policyDocument({ metadata: { name } })));
    const decision = await ask(world, policies, pod(SIGNED, SIGNED, SIGNED));
    expect(looks).toBe(1);
    expect(decision.allowed).toBe(true);
    const pins = decision.patches.filter(({ op }) => op === "replace").map(({ value }) => value);
    expect(pins).toEqual(Array(3).fill(`${SIGNED}@${digestOf(SIGNED)}`));
    expect(world.asked.filter((one) => one.startsWith("blob"))).toHaveLength(1);
  });
});

describe("what is in the object", () => {
  it("is never evidence: an annotation changes no decision", async () => {
    const lies = ["pass", "skip"].flatMap((note) =>
      [`${REPOSITORY}:unsigned`, `${REPOSITORY}@${digestOf(`${REPOSITORY}:unsigned`)}`].map((image) => ({
        image,
        note,
      }))
    );
    for (const { image, note } of lies) {
      for (const phase of ["mutate", "validate"] as const) {
        const annotations = {
          "kyverno.io/verify-images": JSON.stringify({ [image]: note }),
          "kyverno.io/verify-images-scoped": JSON.stringify({ version: 1 }),
          "kyverno.io/image-verification-outcomes": "{}",
        };
        const object = podWith([image], { metadata: { name: "test", annotations } });
        expect((await ask(await createWorld(), await policy(), createRequest({ object }), { phase })).allowed).toBe(
          false,
        );
      }
    }
  });

  it('an update is verified again though the image stayed, when anything that runs changed: "spec-change-verified-again"', async () => {
    const object = podWith([`${REPOSITORY}@${digestOf(`${REPOSITORY}:unsigned`)}`]);
    const changed = { ...object, spec: { ...object["spec"] as object, activeDeadlineSeconds: 1 } };
    const request = createRequest({ operation: "UPDATE", oldObject: object, object: changed });
    expect((await ask(await createWorld(), await policy(), request)).allowed).toBe(false);
  });

  it('DELETE and updates of metadata pass without a request: "metadata-update-passes"', async () => {
    const world = await createWorld(() => ({ resolve: never }));
    const object = podWith([`${REPOSITORY}:unsigned`]);
    const { object: _, ...deletion } = createRequest({ operation: "DELETE", oldObject: object });
    expect((await ask(world, await policy(), deletion)).allowed).toBe(true);
    const request = createRequest({
      operation: "UPDATE",
      oldObject: object,
      object: { ...object, metadata: { labels: { a: "b" } } },
    });
    expect(await ask(world, await policy(), request)).toMatchObject({ allowed: true, patches: [], responses: [] });
    expect(world.asked).toEqual([]);
  });
});

describe("removing the trusted signature", () => {
  const SIGNATURE = "application/vnd.cncf.notary.signature";
  const without = (real: Repository): Partial<Repository> => ({
    listReferrers: async (subject, options) => {
      const { asked, referrers } = await real.listReferrers(subject, options);
      return { asked, referrers: referrers.filter(({ descriptor }) => descriptor.artifactType !== SIGNATURE) };
    },
  });
  const images = [SIGNED, `${REPOSITORY}@${digestOf(SIGNED)}`, "registry.example/several:wrong-first"];

  it("never admits, in either webhook, under any policy that requires it", async () => {
    const entries = fc.array(fc.constantFrom("fixture-signer", "impostor", "release-root"), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...images),
        entries,
        fc.nat(2),
        fc.boolean(),
        async (image, names, count, digest) => {
          const attestors = [{ count: count % names.length + 1, entries: names.map((name) => trusting(name)) }];
          const verify = { attestors, imageReferences: ["*"], verifyDigest: digest };
          const world = await createWorld(without);
          for (const phase of ["mutate", "validate"] as const) {
            expect((await ask(world, await policy({ verify }), pod(image), { phase })).allowed).toBe(false);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("order", () => {
  it("of policies and of names in the object changes nothing", async () => {
    const documents = [
      policyDocument({ metadata: { name: "b" } }),
      policyDocument({ metadata: { name: "a" }, verify: { attestors: [{ entries: [trusting("impostor")] }] } }),
      policyDocument({ metadata: { name: "c" }, verify: { skipImageReferences: ["*:unsigned"] } }),
    ];
    const seen = new Set<string>();
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
      const policies: readonly CompiledPolicy[] = await load(
        ...order.map((at) => documents[at] as typeof documents[0]),
      );
      const { responses: _, ...decision } = await ask(
        await createWorld(),
        policies,
        pod(SIGNED, `${REPOSITORY}:unsigned`),
      );
      seen.add(JSON.stringify(decision));
    }
    expect(seen.size).toBe(1);
  });

  it("of a Pod's containers decides the order of the message, not the decision", async () => {
    const names = [...["gone", "unsigned"].map((tag) => `${REPOSITORY}:${tag}`), "No/Reference", `${REPOSITORY}:lost`];
    for (const images of [names, names.toReversed()]) {
      const { responses } = await ask(await createWorld(), await policy(), pod(...images));
      expect(responses[0]?.images.map(({ image }) => image)).toEqual(images);
    }
  });
});

describe("many containers", () => {
  it("are verified with one look at the registry where they run one image", async () => {
    const world = await createWorld();
    const decision = await ask(world, await policy(), pod(...Array(120).fill(SIGNED)));
    expect(decision.allowed).toBe(true);
    expect(decision.patches).toHaveLength(122);
    expect(world.asked.filter((one) => one.startsWith("resolve"))).toHaveLength(1);
  });

  it('200 are refused with a reason, whatever the failure policy and without a request: "image-limit"', async () => {
    for (const failurePolicy of ["Fail", "Ignore"]) {
      const world = await createWorld();
      const decision = await ask(world, await policy({ spec: { failurePolicy } }), pod(...Array(200).fill(SIGNED)));
      expect(decision.allowed).toBe(false);
      expect(decision.message).toContain("200 images, expected at most 128");
      expect(world.asked).toEqual([]);
    }
  });
});
