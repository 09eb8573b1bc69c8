/** Timestamps by the real openssl: intervals to their ends, and when a trust policy asks for them. */
import { beforeAll, expect, it } from "vitest";
import { ARTIFACT as SIGNED } from "../../../../scripts/fixtures/authorities.ts";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import { STRICT, type Trust, verdict, verifyEnvelopeBytes } from "../../../../src/notary/mod.ts";
import type { Descriptor, Digest } from "../../../../src/oci/mod.ts";
import { parseCertificates, readCertificate } from "../../../../src/x509/mod.ts";
import type { Format } from "../../../run/openssl_timestamps.ts";
import { describeIf } from "../../../run/requirements.ts";
import {
  BOUNDARIES,
  openStage,
  QUESTIONS,
  type Scene,
  SCENES,
  type Stage,
  type StagedScene,
} from "./stamped_scenes.ts";

const ARTIFACT: Descriptor = { ...SIGNED, digest: SIGNED.digest as Digest };
const crypto = createWebCryptoProvider();

function trustOf({ root, authority }: StagedScene, { verifyTimestamp }: Scene): Trust {
  const vouching = { ca: [readCertificate(root)], signingAuthority: [] };
  if (verifyTimestamp === "no store") return { name: "openssl", level: STRICT, trustAnchors: vouching };
  const trustAnchors = { ...vouching, tsa: parseCertificates(authority) };
  return { name: "openssl", level: STRICT, trustAnchors, verifyTimestamp };
}

describeIf("openssl", "timestamps by openssl", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });

  const verify = async (scene: Scene, format: Format, at?: Date) => {
    const staged = stage.scenes[format].get(scene.name) as StagedScene;
    const stored = { mediaType: staged.mediaType, bytes: staged.envelope };
    const outcome = await verifyEnvelopeBytes(stored, ARTIFACT, trustOf(staged, scene), {
      crypto,
      now: () => at ?? stage.expired,
    });
    const { result } = outcome.validations.authenticTimestamp;
    return { outcome, code: "refusal" in result ? result.refusal.code : result.status };
  };

  it.each(SCENES.flatMap((scene) => (["jws", "cose"] as const).map((format) => ({ ...scene, format }))))(
    "$name ($format): $expected",
    async ({ format, ...scene }) => {
      const { outcome, code } = await verify(scene, format);
      expect(code).toBe(scene.expected);
      expect(verdict(outcome)).toBe(scene.expected === "passed" ? "verified" : "failed");
    },
  );

  it("have scenes that differ, more of them refused than not", () => {
    expect(new Set(SCENES.map(({ name }) => name)).size).toBe(SCENES.length);
    expect(SCENES.filter(({ expected }) => expected !== "passed").length).toBeGreaterThan(SCENES.length / 2);
    expect([BOUNDARIES.length, QUESTIONS.length]).toEqual([41, 72]);
  });

  it.each(["jws", "cose"] as const)("are judged by their own time, whatever the clock says (%s)", async (format) => {
    const inside = BOUNDARIES.filter(({ expected }) => expected === "passed");
    // Long after the authority's own certificates, and before there were any.
    for (const at of ["2900-01-01T00:00:00Z", "1990-01-01T00:00:00Z"]) {
      for (const scene of inside) expect((await verify(scene, format, new Date(at))).code).toBe("passed");
    }
  });
});
