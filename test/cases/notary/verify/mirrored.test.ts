/** A mirror that knows some signatures only: before a refusal the registry behind it is asked, too. */
import { describe, expect, it } from "vitest";
import { createArtifactView, verifyArtifact } from "../../../../src/notary/mod.ts";
import { createMirrorRests, openMirrored } from "../../../../src/oci/mirrored.ts";
import { sleep } from "../../../../src/runtime/web.ts";
import { createFakeRepository, type FakeRepository } from "../../../run/fake_repository.ts";
import { AT, crypto, impostor, NAME, signed, signer, TRUST } from "./artifacts.ts";

const ports = { now: () => AT, sleep };

/** A mirror and its registry, with the same image. */
function places() {
  const [mirror, origin] = [createFakeRepository(), createFakeRepository()];
  const image = mirror.artifact("app");
  origin.artifact("app");
  for (const one of [mirror, origin]) one.tag("v1", image);
  return { mirror, origin, image };
}

async function verify(mirror: FakeRepository, origin: FakeRepository) {
  const mirrors = [{ url: "https://mirror.example", repository: mirror }];
  const open = () => openMirrored(mirrors, origin, createMirrorRests(ports), ports);
  const view = createArtifactView({ open, crypto, now: ports.now }, { signal: AbortSignal.timeout(10_000) });
  return await verifyArtifact({ ...NAME, tag: "v1" }, TRUST, view);
}

describe("verifyArtifact() behind a mirror", () => {
  it("is content with a good signature that the mirror lists", async () => {
    const { mirror, origin, image } = places();
    mirror.sign(image, signed(signer, image));
    expect((await verify(mirror, origin)).verdict).toBe("verified");
    expect(origin.asked).toEqual([]);
  });

  it("asks the registry before it refuses what the mirror lists", async () => {
    const { mirror, origin, image } = places();
    mirror.sign(image, signed(impostor, image));
    origin.sign(image, signed(signer, image));
    const outcome = await verify(mirror, origin);
    expect([outcome.verdict, outcome.signatureCount]).toEqual(["verified", 2]);
  });

  it("asks the registry where the mirror lists none, and says where it looked when neither does", async () => {
    const { mirror, origin, image } = places();
    const { refusal } = await verify(mirror, origin);
    expect(refusal?.code).toBe("SIGNATURE_MISSING");
    expect(refusal?.message).toContain('"https://mirror.example ');
    origin.sign(image, signed(signer, image));
    expect((await verify(mirror, origin)).verdict).toBe("verified");
  });
});
