/** Attestations in policies: what has to be attested, by whom, and what it has to say. */
import { describe, expect, it } from "vitest";
import { load, type PolicyChanges, policyDocument, trusting } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, digestOf } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const SIGNED = `${REPOSITORY}:signed`;
const R = `${REPOSITORY}@${digestOf(SIGNED)}`;
const SBOM = "sbom/cyclone-dx";

const by = (...names: readonly string[]): readonly Json[] => [{ entries: names.map((name) => trusting(name)) }];
const all = (key: string, operator: string, value: unknown, more: Json = {}): Json => ({
  all: [{ key, operator, value, ...more }],
});

/** What one image comes to under the example policy with these attestations. */
async function mutate(verify: Json, changes: PolicyChanges = {}, image = SIGNED) {
  const policies = await load(policyDocument({ ...changes, verify }));
  const world = await createWorld();
  const decision = await ask(world, policies, createRequest({ object: podWith([image]) }));
  const [response] = decision.responses.flatMap(({ images }) => images);
  return { decision, response, world };
}

describe("attestations", () => {
  it.each<[name: string, verify: Json, status: string, message: string]>([
    [
      "of the type, by the attestor",
      { attestations: [{ type: SBOM, attestors: by("fixture-signer") }] },
      "pass",
      `verified image attestations for ${R}`,
    ],
    [
      "conditions that hold",
      {
        attestations: [{
          type: SBOM,
          attestors: by("fixture-signer"),
          conditions: [all("{{ bomFormat }}", "Equals", "CycloneDX")],
        }],
      },
      "pass",
      `verified image attestations for ${R}`,
    ],
  ])("%s", async (_, verify, status, message) => {
    const { response } = await mutate(verify);
    expect({ status: response?.status, message: response?.message }).toEqual({ status, message });
  });
});
