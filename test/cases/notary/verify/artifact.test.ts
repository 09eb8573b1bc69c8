import { describe, expect, it } from "vitest";
import { EngineError, MalformedError, refusal, UnavailableError } from "../../../../src/errors.ts";
import { MAX_SIGNATURES, referenceText, type Trust, verdict, verifyArtifact } from "../../../../src/notary/mod.ts";
import { MAX_PARALLEL_SIGNATURES } from "../../../../src/notary/verify/artifact.ts";
import { MAX_INDEX_CHILDREN_ASKED } from "../../../../src/notary/verify/unsigned.ts";
import type { Descriptor } from "../../../../src/oci/mod.ts";
import type { CryptoProvider } from "../../../../src/ports.ts";
import { makeCose } from "../../../run/envelope_maker.ts";
import { createFakeRepository, type FakeRepository } from "../../../run/fake_repository.ts";
import { crypto, digestReference, impostor, NAME, signed, signer, TRUST, trusting, viewOf } from "./artifacts.ts";

describe("verifyArtifact()", () => {
  it("asks for the artifact and its signatures at once where the digest is known: 3 rounds, 4 requests", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    const signature = repository.sign(image, signed(signer, image));
    const outcome = await verifyArtifact(digestReference(image), TRUST, viewOf(repository));
    expect(outcome).toMatchObject({
      verdict: "verified",
      reference: `registry.example/app@${image.digest}`,
      descriptor: image,
      signatureCount: 1,
    });
    expect(outcome.refusal).toBeUndefined();
    expect(outcome.outcomes[0]?.signature).toEqual(signature);
    expect(repository.asked.map((line) => line.split(" ")[0])).toEqual(["resolve", "referrers", "manifest", "blob"]);
    expect(repository.mostOpen).toBe(2);
    expect(referenceText(outcome)).toBe("");
  });

  it("resolves a tag first, once: 4 rounds, 4 requests", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("v1");
    repository.sign(image, signed(signer, image));
    const view = viewOf(repository);
    expect((await verifyArtifact({ ...NAME, tag: "v1" }, TRUST, view)).verdict).toBe("verified");
    expect(repository.asked).toHaveLength(4);
    expect(repository.mostOpen).toBe(1);
    // The tag moves; the request goes on with what it saw.
    repository.tag("v1", repository.artifact("other"));
    expect((await view.resolve({ ...NAME, tag: "v1" })).digest).toBe(image.digest);
    expect((await verifyArtifact({ ...NAME, tag: "v1" }, TRUST, view)).descriptor.digest).toBe(image.digest);
    expect(repository.asked).toHaveLength(4);
  });

  it("looks at the digest only where a reference has a tag too", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    repository.sign(image, signed(signer, image));
    repository.tag("moved", repository.artifact("unsigned"));
    const outcome = await verifyArtifact({ ...digestReference(image), tag: "moved" }, TRUST, viewOf(repository));
    expect(outcome).toMatchObject({ verdict: "verified", descriptor: { digest: image.digest } });
  });

  it("refuses a reference with neither tag nor digest", async () => {
    await expect(verifyArtifact(NAME, TRUST, viewOf(createFakeRepository()))).rejects.toMatchObject({
      code: "ERR_REFERENCE",
    });
  });

  it("refuses a registry that resolves a digest to another", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    repository.tag(image.digest, repository.artifact("other"));
    await expect(verifyArtifact(digestReference(image), TRUST, viewOf(repository))).rejects.toMatchObject({
      code: "ERR_DIGEST_MISMATCH",
    });
  });
});

describe("an artifact without signatures", () => {
  it("is refused with the places that were looked at", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("unsigned");
    const outcome = await verifyArtifact(digestReference(image), TRUST, viewOf(repository));
    expect(outcome).toMatchObject({
      verdict: "failed",
      outcomes: [],
      signatureCount: 0,
      refusal: { code: "SIGNATURE_MISSING", class: "denied", retry: false },
    });
    expect(outcome.asked.map(({ way }) => way)).toEqual(["referrers-api", "referrers-tag"]);
    expect(outcome.refusal?.message).toContain(`referrers-tag "${image.digest.replace(":", "-")}" (nothing there)`);
    const reference = `registry.example/app@${image.digest}`;
    expect(referenceText(outcome)).toBe(
      `no signature is associated with "${reference}", make sure the artifact was signed successfully`,
    );
  });

  it("that is an index names the children that are signed", async () => {
    const repository = createFakeRepository();
    const children = ["amd64", "arm64"].map((architecture): Descriptor => ({
      ...repository.artifact(architecture),
      platform: { os: "linux", architecture },
    }));
    repository.sign(children[1]!, signed(signer, children[1]!));
    const index = repository.index("multi", children);
    const { refusal } = await verifyArtifact(digestReference(index), TRUST, viewOf(repository));
    expect(refusal?.code).toBe("SIGNATURE_MISSING");
    expect(refusal?.message).toContain(`only children are signed: "${children[1]!.digest}" (linux/arm64)`);
    expect(refusal?.message).not.toContain(children[0]!.digest);
  });

  it("that is an index of many asks a bounded number of children, and none when it is signed", async () => {
    const repository = createFakeRepository();
    const children = Array.from({ length: 30 }, (_, index) => repository.artifact(`child-${index}`));
    const index = repository.index("many", children);
    await verifyArtifact(digestReference(index), TRUST, viewOf(repository));
    const askedOfChildren = repository.asked.filter((line) =>
      line.startsWith("referrers") && !line.includes(index.digest)
    );
    expect(askedOfChildren).toHaveLength(MAX_INDEX_CHILDREN_ASKED);
    repository.sign(index, signed(signer, index));
    repository.asked.length = 0;
    expect((await verifyArtifact(digestReference(index), TRUST, viewOf(repository))).verdict).toBe("verified");
    expect(repository.asked).toHaveLength(4);
  });

  it("is refused all the same when its children cannot be asked", async () => {
    const repository = createFakeRepository();
    const index = repository.index("multi", [repository.artifact("child")]);
    repository.fail("manifest", new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "down"));
    const { refusal } = await verifyArtifact(digestReference(index), TRUST, viewOf(repository));
    expect(refusal?.code).toBe("SIGNATURE_MISSING");
  });

  it("is never said of a registry that did not answer", async () => {
    for (const line of ["resolve", "referrers"]) {
      const repository = createFakeRepository();
      const image = repository.artifact("unsigned");
      repository.fail(line, new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "down"));
      await expect(verifyArtifact(digestReference(image), TRUST, viewOf(repository))).rejects.toMatchObject({
        code: "ERR_REGISTRY_UNAVAILABLE",
      });
    }
    const repository = createFakeRepository();
    const image = repository.artifact("unsigned");
    // The API answers "none", the tag does not answer.
    repository.fail(`referrers ${image.digest} everywhere`, new UnavailableError("ERR_REGISTRY_LIMITED", "slow down"));
    await expect(verifyArtifact(digestReference(image), TRUST, viewOf(repository))).rejects.toMatchObject({
      code: "ERR_REGISTRY_LIMITED",
    });
  });
});

describe("several signatures", () => {
  /** Spoiled ones, each in its own way, beside which a good one must count. */
  const spoiled: readonly (readonly [string, (repository: FakeRepository, image: Descriptor) => void])[] = [
    ["a foreign signature", (repository, image) => repository.sign(image, signed(impostor, image))],
    [
      "an envelope that is none",
      (repository, image) =>
        repository.sign(image, { mediaType: "application/jose+json", bytes: new TextEncoder().encode("{}") }),
    ],
    [
      "an envelope of an unknown kind",
      (repository, image) => repository.sign(image, { mediaType: "text/plain", bytes: new Uint8Array(3) }),
    ],
    [
      "a signature of another artifact",
      (repository, image) => repository.sign(image, signed(signer, { ...image, size: 1 })),
    ],
    ["a manifest with two layers", (repository, image) => {
      const layer = { mediaType: "application/cose", digest: image.digest, size: 1 };
      repository.sign(image, signed(signer, image), { layers: [layer, layer] });
    }],
    [
      "a manifest of another subject",
      (repository, image) =>
        repository.sign(image, signed(signer, image), { subject: { ...image, digest: `sha256:${"0".repeat(64)}` } }),
    ],
    [
      "a manifest of another type",
      (repository, image) => repository.sign(image, signed(signer, image), { artifactType: "application/vnd.other" }),
    ],
    ["a blob that is gone", (repository, image) => {
      const layer = { mediaType: "application/cose", digest: `sha256:${"1".repeat(64)}` as const, size: 1 };
      repository.sign(image, signed(signer, image), { layers: [layer] });
    }],
    ["a manifest with another digest", (repository, image) => {
      const signature = repository.sign(image, signed(impostor, image), { annotations: { broken: "yes" } });
      repository.fail(`manifest ${signature.digest}`, new MalformedError("ERR_DIGEST_MISMATCH", "other bytes"));
    }],
  ];

  it.each(spoiled)("verify by the good one beside %s", async (_, spoil) => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    spoil(repository, image);
    const good = repository.sign(image, {
      mediaType: "application/cose",
      bytes: makeCose(signer, { payload: JSON.stringify({ targetArtifact: image }) }),
    });
    const outcome = await verifyArtifact(digestReference(image), TRUST, viewOf(repository));
    expect(outcome.verdict).toBe("verified");
    expect(outcome.outcomes).toHaveLength(2);
    expect(outcome.outcomes[1]?.signature?.digest).toBe(good.digest);
    expect(verdict(outcome.outcomes[0]!)).not.toBe("verified");
  });

  it.each(spoiled)("are refused when there is only %s", async (_, spoil) => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    spoil(repository, image);
    const outcome = await verifyArtifact(digestReference(image), TRUST, viewOf(repository));
    expect(outcome.verdict).not.toBe("verified");
    expect(outcome.refusal?.message).toContain(image.digest);
    expect(referenceText(outcome)).toMatch(
      /^signature verification failed\nfailed to verify signature with digest sha256:/,
    );
  });

  it("are tried in the registry's order, the first alone, then a bounded number at a time", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    const foreign = Array.from(
      { length: 9 },
      (_, index) => repository.sign(image, signed(impostor, image), { annotations: { number: String(index) } }),
    );
    const outcome = await verifyArtifact(digestReference(image), TRUST, viewOf(repository));
    expect(outcome).toMatchObject({ verdict: "failed", refusal: { code: "SIGNER_NOT_TRUSTED" } });
    expect(outcome.outcomes.map(({ signature }) => signature?.digest)).toEqual(foreign.map(({ digest }) => digest));
    expect(repository.mostOpen).toBe(MAX_PARALLEL_SIGNATURES);
    const [second] = repository.asked.filter((line) => line === `manifest ${foreign[1]!.digest}`);
    expect(repository.asked.indexOf(second!)).toBeGreaterThan(
      repository.asked.findIndex((line) => line.startsWith("blob")),
    );
  });

  it("cost no more than one when the first is good", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    repository.sign(image, signed(signer, image));
    repository.sign(image, signed(impostor, image));
    const outcome = await verifyArtifact(digestReference(image), TRUST, viewOf(repository));
    expect(outcome).toMatchObject({ verdict: "verified", signatureCount: 2 });
    expect(repository.asked).toHaveLength(4);
  });

  it("found only under the referrers tag count too, after those of the API", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    repository.sign(image, signed(impostor, image));
    repository.sign(image, signed(signer, image), { listedOnTagOnly: true });
    const outcome = await verifyArtifact(digestReference(image), TRUST, viewOf(repository));
    expect(outcome).toMatchObject({ verdict: "verified", signatureCount: 2 });
    expect(outcome.outcomes).toHaveLength(2);
    expect(repository.asked.filter((line) => line.endsWith("everywhere"))).toHaveLength(1);
  });

  it("beyond the limit are not tried", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    for (const number of ["1", "2", "3"]) repository.sign(image, signed(impostor, image), { annotations: { number } });
    repository.sign(image, signed(signer, image));
    const limited = await verifyArtifact(digestReference(image), TRUST, viewOf(repository), { maxSignatures: 3 });
    expect(limited).toMatchObject({
      verdict: "failed",
      limit: 3,
      signatureCount: 4,
      refusal: { code: "SIGNATURE_LIMIT_EXCEEDED", message: expect.stringContaining("4 signatures") },
    });
    expect(limited.outcomes).toHaveLength(3);
    expect(referenceText(limited)).toBe(
      "signature evaluation stopped. The configured limit of 3 signatures to verify per artifact exceeded",
    );
    expect((await verifyArtifact(digestReference(image), TRUST, viewOf(repository), { maxSignatures: 4 })).verdict)
      .toBe("verified");
    expect(MAX_SIGNATURES).toBe(100);
  });

  it.each([0, -1, 1.5, NaN])("with the limit %d are a mistake of the caller", async (maxSignatures) => {
    const repository = createFakeRepository();
    const reference = digestReference(repository.artifact("signed"));
    await expect(verifyArtifact(reference, TRUST, viewOf(repository), { maxSignatures })).rejects.toMatchObject({
      code: "ERR_CONFIG",
    });
  });

  it("of which one could not be fetched leave it open: a retry may help", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    repository.sign(image, signed(impostor, image));
    const lost = repository.sign(image, signed(signer, image));
    repository.fail(`manifest ${lost.digest}`, new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "down"));
    const outcome = await verifyArtifact(digestReference(image), TRUST, viewOf(repository));
    expect(outcome).toMatchObject({
      verdict: "inconclusive",
      refusal: { code: "ERR_REGISTRY_UNAVAILABLE", class: "unavailable", retry: true },
    });
    expect(outcome.outcomes.map(verdict)).toEqual(["failed", "inconclusive"]);
  });

  it("beyond the limit leave it open too when one within it could not be fetched", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    const lost = repository.sign(image, signed(signer, image));
    for (const number of ["1", "2"]) repository.sign(image, signed(impostor, image), { annotations: { number } });
    repository.fail(`manifest ${lost.digest}`, new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "down"));
    expect(await verifyArtifact(digestReference(image), TRUST, viewOf(repository), { maxSignatures: 2 })).toMatchObject(
      {
        verdict: "inconclusive",
        limit: 2,
        refusal: { code: "ERR_REGISTRY_UNAVAILABLE", retry: true },
      },
    );
  });
});

describe("a view shared by several trusts", () => {
  it("asks for each thing once and computes integrity once", async () => {
    let verifications = 0;
    const provider: CryptoProvider = { ...crypto, verify: (...call) => (verifications++, crypto.verify(...call)) };
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    repository.sign(image, signed(signer, image));
    const view = viewOf(repository, { provider });
    const verdicts = await Promise.all(
      [trusting(impostor), TRUST, trusting(impostor, signer)].map(async (trust) =>
        (await verifyArtifact(digestReference(image), trust, view)).verdict
      ),
    );
    expect(verdicts).toEqual(["failed", "verified", "verified"]);
    // One signature and one certificate; the refusal looked under the tag too.
    expect(verifications).toBe(2);
    expect(repository.asked.filter((line) => !line.endsWith("everywhere"))).toHaveLength(4);
  });

  it("leaves a skipped level unverified and asks for no signature", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("signed");
    repository.sign(image, signed(impostor, image));
    const skip = "skip" as const;
    const actions = { integrity: skip, authenticity: skip, authenticTimestamp: skip, expiry: skip, revocation: skip };
    const trust: Trust = { ...TRUST, level: { name: "skip", actions } };
    expect(await verifyArtifact(digestReference(image), trust, viewOf(repository))).toMatchObject({
      verdict: "skipped",
      outcomes: [],
    });
    expect(repository.asked).toEqual([`resolve ${image.digest}`]);
  });
});

it("every refusal of an artifact says what to do next", async () => {
  const repository = createFakeRepository();
  const image = repository.artifact("unsigned");
  const { refusal } = await verifyArtifact(digestReference(image), TRUST, viewOf(repository));
  expect(refusal?.nextStep.length).toBeGreaterThan(10);
  expect(new EngineError("SIGNATURE_MISSING", "x").refusal.nextStep).toBe(refusal?.nextStep);
});

it("says that asking again does not help while no revocation responder is asked", () => {
  expect(refusal("REVOCATION_NOT_CHECKED", "x")).toMatchObject({ class: "unavailable", retry: false });
});
