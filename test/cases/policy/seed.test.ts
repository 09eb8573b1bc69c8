/** The example policy on the example's two Pods, word for word. */
import jsonpatch from "fast-json-patch";
import { describe, expect, it } from "vitest";
import { EXAMPLE } from "./policies.ts";
import { loadPolicies } from "../../../src/policy/mod.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, digestOf } from "./world.ts";

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const { policies } = await loadPolicies([{ source: "check-image-notary.yaml", text: EXAMPLE }], crypto);

describe("the example policy", () => {
  it("blocks the unsigned Pod with the page's text", async () => {
    const request = createRequest({ object: podWith([`${REPOSITORY}:unsigned`]) });
    const decision = await ask(await createWorld(), policies, request);
    const named = `${REPOSITORY}@${digestOf(`${REPOSITORY}:unsigned`)}`;
    expect(decision.message).toBe(`\n\nresource Pod/default/test was blocked due to the following policies \n
check-image-notary:
  verify-signature-notary: 'failed to verify image ${REPOSITORY}:unsigned:
    .attestors[0].entries[0]: failed to verify ${named}:
    no signature is associated with "${named}",
    make sure the image was signed successfully'
`);
    expect(decision).toMatchObject({ allowed: false, patches: [], warnings: [], auditAnnotations: {} });
    expect(decision.responses[0]?.images[0]).toMatchObject({
      image: `${REPOSITORY}:unsigned`,
      pointer: "/spec/containers/0/image",
      container: "c0",
      status: "fail",
      refusal: { code: "SIGNATURE_MISSING", class: "denied", retry: false },
      digest: digestOf(`${REPOSITORY}:unsigned`),
    });
  });

  it('says "artifact" where it is asked to, as notation does', async () => {
    const request = createRequest({ object: podWith([`${REPOSITORY}:unsigned`]) });
    const { message } = await ask(await createWorld(), policies, request, { noun: "artifact" });
    expect(message).toContain("\n    make sure the artifact was signed successfully'\n");
  });

  it("admits the signed Pod and pins it, and has nothing to add when asked again", async () => {
    const object = podWith([`${REPOSITORY}:signed`]);
    const digest = digestOf(`${REPOSITORY}:signed`);
    const world = await createWorld();
    const decision = await ask(world, policies, createRequest({ object }));
    expect(decision).toMatchObject({ allowed: true, message: "", warnings: [] });
    expect(decision.patches).toEqual([
      { op: "add", path: "/metadata/annotations", value: {} },
      {
        op: "add",
        path: "/metadata/annotations/kyverno.io~1verify-images",
        value: `{"${REPOSITORY}@${digest}":"pass"}`,
      },
      { op: "replace", path: "/spec/containers/0/image", value: `${REPOSITORY}:signed@${digest}` },
    ]);
    const patched = jsonpatch.applyPatch(structuredClone(object), structuredClone(decision.patches) as never, true)
      .newDocument as typeof object;
    expect(patched).toMatchObject({
      metadata: { name: "test", annotations: { "kyverno.io/verify-images": `{"${REPOSITORY}@${digest}":"pass"}` } },
      spec: { containers: [{ name: "c0", image: `${REPOSITORY}:signed@${digest}` }] },
    });
    const again = await ask(world, policies, createRequest({ object: patched }));
    expect(again).toMatchObject({ allowed: true, patches: [] });
    const validated = await ask(world, policies, createRequest({ object: patched }), { phase: "validate" });
    expect(validated).toMatchObject({ allowed: true, patches: [] });
    expect(validated.responses[0]?.images[0]).toMatchObject({ status: "pass", message: "image verified", digest });
  });

  it("says nothing about other images", async () => {
    const world = await createWorld();
    const decision = await ask(world, policies, createRequest({ object: podWith(["nginx:1"]) }));
    expect(decision).toEqual({
      allowed: true,
      message: "",
      patches: [],
      warnings: [],
      auditAnnotations: {},
      responses: [],
      unmatched: ["docker.io/nginx:1"],
    });
    expect(world.asked).toEqual([]);
  });
});
