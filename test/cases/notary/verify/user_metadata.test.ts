/** Metadata that a verifier asks for: which signature of several has it, and that nothing else is loosened. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parsePrivateKey } from "../../../../src/crypto/mod.ts";
import { encodeUtf8 } from "../../../../src/encoding/mod.ts";
import {
  AUDIT,
  createLocalSigner,
  firstRefusal,
  signBlob,
  signDescriptor,
  SKIP,
  STRICT,
  type Trust,
  verdict,
  verifyArtifact,
  verifyBlob,
} from "../../../../src/notary/mod.ts";
import { parseCertificates } from "../../../../src/x509/mod.ts";
import { createFakeRepository } from "../../../run/fake_repository.ts";
import { crypto, digestReference, viewOf } from "./artifacts.ts";

const file = (name: string) => new Uint8Array(readFileSync(new URL(`../../../fixtures/keys/${name}`, import.meta.url)));
const chainOf = (name: string) => parseCertificates(file(`${name}-self.crt.pem`));
const signerOf = (name: string) =>
  createLocalSigner(parsePrivateKey(file(`${name}-self.test-only.key.pem`)), chainOf(name));
const ports = { crypto, now: () => new Date("2026-11-23T08:40:15Z") };
const signal = AbortSignal.timeout(60_000);
const trustOf = (name: string, level = STRICT): Trust => ({
  name: "test",
  level,
  trustAnchors: { ca: chainOf(name), signingAuthority: [] },
});

type Metadata = Readonly<Record<string, string>>;

/** An artifact with one signature for each set of metadata, in this order. */
async function artifactWith(signatures: readonly { readonly by: string; readonly metadata: Metadata }[]) {
  const repository = createFakeRepository();
  const image = repository.artifact("image");
  const pushed = [];
  for (const { by, metadata: userMetadata } of signatures) {
    const made = await signDescriptor(image, await signerOf(by), ports, { signal, userMetadata });
    pushed.push(repository.sign(image, made));
  }
  const verify = (userMetadata: Metadata, trust = trustOf("p-256")) =>
    verifyArtifact(digestReference(image), trust, viewOf(repository), { userMetadata });
  return { verify, pushed };
}

describe("verifyArtifact() with user metadata", () => {
  it.each<readonly [string, Metadata, boolean]>([
    ["nothing", {}, true],
    ["one pair of two", { team: "alpha" }, true],
    ["both pairs", { team: "alpha", build: "12" }, true],
    ["a pair that was not signed", { stage: "release" }, false],
    ["another value", { team: "beta" }, false],
    ["the value in capitals", { team: "ALPHA" }, false],
    ["a key in capitals", { Team: "alpha" }, false],
    ["one of two", { team: "alpha", stage: "release" }, false],
    ["what every object has", { constructor: "Object" }, false],
    ["a prototype", Object.fromEntries([["__proto__", "x"]]), false],
    ["a beginning of the value", { team: "alph" }, false],
    ["no value", { team: "" }, false],
  ])("verifies or refuses as asked: %s", async (_, wanted, good) => {
    const { verify } = await artifactWith([{ by: "p-256", metadata: { team: "alpha", build: "12" } }]);
    const outcome = await verify(wanted);
    expect(outcome.verdict).toBe(good ? "verified" : "failed");
    expect(outcome.refusal?.code).toBe(good ? undefined : "USER_METADATA_MISSING");
  });

  it("goes on to the signature that has them", async () => {
    const { verify, pushed } = await artifactWith([
      { by: "p-256", metadata: { stage: "test" } },
      { by: "p-256", metadata: {} },
      { by: "p-256", metadata: { stage: "release" } },
    ]);
    const outcome = await verify({ stage: "release" });
    expect(outcome.verdict).toBe("verified");
    expect(outcome.outcomes.at(-1)?.signature?.digest).toBe(pushed[2]?.digest);
    expect(outcome.outcomes.map((one) => firstRefusal(one)?.code)).toEqual([
      "USER_METADATA_MISSING",
      "USER_METADATA_MISSING",
      undefined,
    ]);
  });

  it("does not take them from a stranger's signature", async () => {
    const { verify } = await artifactWith([
      { by: "p-384", metadata: { stage: "release" } },
      { by: "p-256", metadata: {} },
    ]);
    const outcome = await verify({ stage: "release" });
    expect(outcome.verdict).toBe("failed");
    expect(outcome.outcomes.map((one) => firstRefusal(one)?.code)).toEqual([
      "SIGNER_NOT_TRUSTED",
      "USER_METADATA_MISSING",
    ]);
  });

  it("asks for them at every level but skip", async () => {
    const { verify } = await artifactWith([{ by: "p-384", metadata: { stage: "release" } }]);
    expect((await verify({ stage: "release" }, trustOf("p-256", AUDIT))).verdict).toBe("verified");
    expect((await verify({ stage: "test" }, trustOf("p-256", AUDIT))).verdict).toBe("failed");
    expect((await verify({ stage: "test" }, trustOf("p-256", SKIP))).verdict).toBe("skipped");
  });

  it("says what was found and what was asked for, escaped", async () => {
    const { verify } = await artifactWith([{ by: "p-256", metadata: { team: "al\u001bpha" } }]);
    expect((await verify({ team: "beta" })).outcomes[0]?.targetArtifact).toMatchObject({
      status: "failed",
      refusal: {
        message: 'Cannot find the user metadata asked for: "team" has the value "al\\x1bpha", expected "beta"',
      },
    });
    expect((await verify({ stage: "x" })).outcomes[0]?.targetArtifact).toMatchObject({
      refusal: { message: 'Cannot find the user metadata asked for: "stage" is not there, expected "x"' },
    });
  });
});

describe("verifyBlob() with user metadata", () => {
  it("verifies with what was signed, and refuses without", async () => {
    const blob = { bytes: encodeUtf8("a file") };
    const made = await signBlob(blob, await signerOf("p-256"), ports, { signal, userMetadata: { team: "alpha" } });
    const ask = async (userMetadata: Metadata) => {
      const outcome = await verifyBlob(blob, made, trustOf("p-256"), ports, { userMetadata });
      return { verdict: verdict(outcome), code: firstRefusal(outcome)?.code };
    };
    expect(await ask({ team: "alpha" })).toEqual({ verdict: "verified", code: undefined });
    expect(await ask({ team: "beta" })).toEqual({ verdict: "failed", code: "USER_METADATA_MISSING" });
    const other = await verifyBlob({ bytes: encodeUtf8("another") }, made, trustOf("p-256"), ports, {
      userMetadata: { team: "beta" },
    });
    expect(firstRefusal(other)?.code).toBe("TARGET_ARTIFACT_MISMATCH");
  });
});
