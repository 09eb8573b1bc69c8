/** What the validating webhook decides about what will be stored. */
import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../../src/errors.ts";
import type { Repository } from "../../../src/oci/mod.ts";
import type { KubernetesObject } from "../../../src/policy/mod.ts";
import { load, type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, digestOf } from "./world.ts";

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const SIGNED = `${REPOSITORY}:signed`;
const UNSIGNED = `${REPOSITORY}:unsigned`;
const signedDigest = `${REPOSITORY}@${digestOf(SIGNED)}`;
const unsignedDigest = `${REPOSITORY}@${digestOf(UNSIGNED)}`;

const policy = (changes: PolicyChanges = {}) => load(policyDocument(changes));

describe("in the validating webhook", () => {
  const validate = async (
    changes: PolicyChanges,
    object: KubernetesObject,
    change?: (one: Repository) => Partial<Repository>,
  ) => {
    const world = await createWorld(change);
    return {
      world,
      decision: await ask(world, await policy(changes), createRequest({ object }), { phase: "validate" }),
    };
  };
  const claims = (image: string) =>
    podWith([image], { metadata: { annotations: { "kyverno.io/verify-images": `{"${image}":"pass"}` } } });

  it.each<[name: string, changes: PolicyChanges, image: string, message: string | undefined]>([
    ["a signed digest", {}, signedDigest, undefined],
    ["a signed tag", {}, SIGNED, `missing digest for ${SIGNED}`],
    ["an unsigned digest", {}, unsignedDigest, `unverified image ${unsignedDigest}`],
    ["a signed tag, verifyDigest false", { verify: { verifyDigest: false } }, SIGNED, undefined],
    [
      "an unsigned tag, verifyDigest false",
      { verify: { verifyDigest: false } },
      UNSIGNED,
      `unverified image ${UNSIGNED}`,
    ],
    ["an unsigned digest, required false", { verify: { required: false } }, unsignedDigest, undefined],
    ["an unsigned tag, required false", { verify: { required: false } }, UNSIGNED, `missing digest for ${UNSIGNED}`],
    ["an unsigned tag, neither", { verify: { required: false, verifyDigest: false } }, UNSIGNED, undefined],
    [
      "a signed digest, no attestors",
      { verify: { attestors: undefined } },
      signedDigest,
      `unverified image ${signedDigest}`,
    ],
    [
      "a digest, no attestors, required false",
      { verify: { attestors: undefined, required: false } },
      unsignedDigest,
      undefined,
    ],
    ["an exempt tag", { verify: { skipImageReferences: ["*"] } }, UNSIGNED, undefined],
  ])('%s, whatever the annotation says: "validate-verifies-again"', async (_, changes, image, message) => {
    const { decision } = await validate(changes, claims(image));
    expect(decision.allowed).toBe(message === undefined);
    expect(decision.message).toBe(
      message === undefined ? "" : "\n\nresource Pod/default/test was blocked due to the following policies \n\n" +
        `check-image-notary:\n  verify-signature-notary: ${message}\n`,
    );
    expect(decision.patches).toEqual([]);
  });

  it("asks nobody about what it refuses for its form", async () => {
    const { world } = await validate({}, claims(SIGNED));
    expect(world.asked).toEqual([]);
  });

  it("refuses what is required while the registry is down, whatever the failure policy", async () => {
    const down = () => Promise.reject(new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "Cannot connect"));
    const { decision } = await validate({ spec: { failurePolicy: "Ignore" } }, claims(signedDigest), () => ({
      resolve: down,
      listReferrers: down,
    }));
    expect(decision.allowed).toBe(false);
    expect(decision.responses[0]?.images[0]).toMatchObject({
      message: `unverified image ${signedDigest}`,
      refusal: { code: "ERR_REGISTRY_UNAVAILABLE", class: "unavailable", retry: true },
    });
  });
});
