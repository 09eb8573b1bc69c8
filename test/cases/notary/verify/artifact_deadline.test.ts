import { describe, expect, it } from "vitest";
import { verdict, verifyArtifact } from "../../../../src/notary/mod.ts";
import type { CryptoProvider } from "../../../../src/ports.ts";
import { createFakeRepository } from "../../../run/fake_repository.ts";
import { crypto, digestReference, impostor, signed, signer, TRUST, trusting, viewOf } from "./artifacts.ts";

/** A view whose time is over as soon as the first signature is computed. */
function viewUntilFirst(repository: Parameters<typeof viewOf>[0]) {
  const controller = new AbortController();
  const provider: CryptoProvider = { ...crypto, verify: (...call) => (controller.abort(), crypto.verify(...call)) };
  return viewOf(repository, { provider, signal: controller.signal });
}

describe("signatures when the time is over", () => {
  it("stop being tried when the time is over", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    for (let number = 0; number < 20; number++) {
      repository.sign(image, signed(impostor, image), { annotations: { number: String(number) } });
    }
    const controller = new AbortController();
    const view = viewOf(repository, { signal: controller.signal });
    await view.signatures(digestReference(image));
    controller.abort();
    const outcome = await verifyArtifact(digestReference(image), TRUST, view);
    expect(outcome).toMatchObject({ verdict: "inconclusive", refusal: { code: "ERR_DEADLINE", class: "unavailable" } });
    expect(outcome.outcomes).toHaveLength(1);
  });

  it("leave it open when they were not reached, whatever the others are", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    for (const number of ["1", "2"]) repository.sign(image, signed(impostor, image), { annotations: { number } });
    const good = repository.sign(image, signed(signer, image));
    const reference = digestReference(image);
    // The first was judged: what it is, is known.
    expect((await verifyArtifact(reference, trusting(impostor), viewUntilFirst(repository))).verdict).toBe("verified");
    const open = await verifyArtifact(reference, TRUST, viewUntilFirst(repository));
    expect(open).toMatchObject({ verdict: "inconclusive", refusal: { code: "ERR_DEADLINE", retry: true } });
    expect(open.outcomes.map(verdict)).toEqual(["failed", "inconclusive"]);
    expect(open.outcomes.map(({ signature }) => signature?.digest)).not.toContain(good.digest);
  });

  it("do not refuse before the other place was asked", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    repository.sign(image, signed(impostor, image));
    repository.sign(image, signed(signer, image), { listedOnTagOnly: true });
    await expect(verifyArtifact(digestReference(image), TRUST, viewUntilFirst(repository))).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});
