import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../../../src/errors.ts";
import { MAX_CHILDREN_VERIFIED, verifyArtifactOrChildren } from "../../../../src/notary/mod.ts";
import type { Descriptor } from "../../../../src/oci/mod.ts";
import { createFakeRepository, type FakeRepository } from "../../../run/fake_repository.ts";
import { digestReference, impostor, NAME, signed, signer, TRUST, viewOf } from "./artifacts.ts";

type By = typeof signer | "nobody";

/** An index of images, each signed by someone or nobody. */
function indexOf(...signers: readonly By[]): { readonly repository: FakeRepository; readonly index: Descriptor } {
  const repository = createFakeRepository();
  const children = signers.map((by, at) => {
    const child = repository.artifact(`child-${at}`);
    if (by !== "nobody") repository.sign(child, signed(by, child));
    return child;
  });
  return { repository, index: repository.index("v1", children) };
}

const verify = (repository: FakeRepository, options = {}) =>
  verifyArtifactOrChildren({ ...NAME, tag: "v1" }, TRUST, viewOf(repository), options);

describe("verifyArtifactOrChildren()", () => {
  it("takes a signature of the index, and asks for no child then", async () => {
    const { repository, index } = indexOf("nobody", "nobody");
    repository.sign(index, signed(signer, index));
    expect(await verify(repository)).toMatchObject({ verdict: "verified", descriptor: index });
    expect(repository.asked).toHaveLength(4);
  });

  it("takes every child's in its place: each costs what an image costs", async () => {
    const { repository, index } = indexOf(signer, signer);
    const outcome = await verify(repository);
    expect(outcome).toMatchObject({
      verdict: "verified",
      descriptor: index,
      reference: `registry.example/app@${index.digest}`,
    });
    expect(outcome.refusal).toBeUndefined();
    expect(outcome.children?.map(({ verdict }) => verdict)).toEqual(["verified", "verified"]);
    expect(outcome.outcomes.at(-1)?.validations.authenticity.result.status).toBe("passed");
    const kinds = repository.asked.map((line) => line.split(" ")[0]);
    const count = (kind: string) => kinds.filter((one) => one === kind).length;
    // Of the index: its tag, its list, that of the tag schema before a refusal, and its manifest, which a client keeps.
    // Of each child: its list to word that refusal, then HEAD, list, signature manifest, envelope.
    expect({ resolve: count("resolve"), manifest: count("manifest"), blob: count("blob") }).toEqual({
      resolve: 1 + 2,
      manifest: 2 + 2,
      blob: 2,
    });
    expect(count("referrers")).toBe(2 + 2 * 2);
  });

  it.each<[name: string, signers: readonly By[], verdict: string]>([
    ["no child at all", [], "failed"],
    ["one of two", [signer, "nobody"], "failed"],
    ["the last one", ["nobody", "nobody", signer], "failed"],
    ["one by a stranger", [signer, impostor], "failed"],
    ["the fifth of five not signed", [signer, signer, signer, signer, "nobody"], "failed"],
  ])("refuses an index of which is signed: %s", async (_, signers, verdict) => {
    const { repository } = indexOf(...signers);
    const outcome = await verify(repository);
    expect(outcome.verdict).toBe(verdict);
    expect(outcome.refusal).toMatchObject({ class: "denied", retry: false });
  });

  it("names the index and the child, and says why", async () => {
    const { repository, index } = indexOf(signer, impostor);
    const { refusal, children } = await verify(repository);
    expect(refusal?.code).toBe("SIGNER_NOT_TRUSTED");
    expect(refusal?.message).toContain(
      `Cannot verify "registry.example/app@${index.digest}": it is not signed by who is trusted, and neither are all of ` +
        `its 2 children: "${children?.[1]?.descriptor.digest}": `,
    );
  });

  it("does not look behind a child that is not signed", async () => {
    const { repository } = indexOf("nobody", ...Array<By>(9).fill(signer));
    const { children } = await verify(repository);
    expect(children).toHaveLength(4);
  });

  it("wants a child that is an index to be signed itself", async () => {
    const { repository, index } = indexOf(signer);
    repository.index("v1", [index]);
    expect((await verify(repository)).verdict).toBe("failed");
    repository.sign(index, signed(signer, index));
    expect((await verify(repository)).verdict).toBe("verified");
  });

  it("verifies a child once that is listed twice", async () => {
    const { repository, index } = indexOf(signer);
    const child = await repository.resolve("child-0", { signal: new AbortController().signal });
    const twice = repository.index("v1", [child, child, { ...child, annotations: { vnd: "other" } }]);
    expect(twice.digest).not.toBe(index.digest);
    expect((await verify(repository)).children).toHaveLength(1);
  });

  it(`refuses an index of more than ${MAX_CHILDREN_VERIFIED} children without asking for one`, async () => {
    const { repository } = indexOf(...Array<By>(MAX_CHILDREN_VERIFIED + 1).fill(signer));
    const outcome = await verify(repository);
    expect(outcome).toMatchObject({ verdict: "failed", refusal: { code: "ERR_TOO_LARGE" } });
    expect(outcome.children).toBeUndefined();
  });

  it("is in doubt where a child cannot be judged", async () => {
    const { repository } = indexOf(signer, signer);
    repository.fail("blob", new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "Cannot connect"));
    expect(await verify(repository)).toMatchObject({ verdict: "inconclusive", refusal: { retry: true } });
  });

  it("changes nothing for an image that is no index", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("v1");
    const outcome = await verifyArtifactOrChildren(digestReference(image), TRUST, viewOf(repository));
    expect(outcome).toMatchObject({ verdict: "failed", refusal: { code: "SIGNATURE_MISSING" } });
    expect(outcome.children).toBeUndefined();
  });
});
