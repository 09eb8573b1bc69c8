/** Timestamps by the real openssl: intervals to their ends, and when a trust policy asks for them. */
import { beforeAll, expect, it } from "vitest";
import { ARTIFACT as SIGNED } from "../../../../scripts/fixtures/authorities.ts";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import { verdict, verifyEnvelopeBytes } from "../../../../src/notary/mod.ts";
import type { Descriptor, Digest } from "../../../../src/oci/mod.ts";
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
  trustOf,
} from "./stamped_scenes.ts";

const ARTIFACT: Descriptor = { ...SIGNED, digest: SIGNED.digest as Digest };
const crypto = createWebCryptoProvider();

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
    return "refusal" in result
      ? { outcome, code: result.refusal.code, message: result.refusal.message, state: result.status }
      : { outcome, code: result.status, message: "", state: result.status };
  };

  it.each(SCENES.flatMap((scene) => (["jws", "cose"] as const).map((format) => ({ ...scene, format }))))(
    "$name ($format): $expected",
    async ({ format, ...scene }) => {
      const { outcome, code } = await verify(scene, format);
      expect(code).toBe(scene.expected);
      expect(verdict(outcome)).toBe(scene.expected === "passed" ? "verified" : "failed");
    },
  );

  /** What is said of tokens that prove nothing. */
  const SAID: readonly (readonly [token: string, message: RegExp])[] = [
    ["absent", /^Cannot tell when the signature was made: it has no timestamp, and "openssl" asks for one$/],
    ["garbage", /^Cannot read timestamp token: /],
    ["of another signature", /^Cannot accept the timestamp: it was made of other bytes than this signature$/],
    [
      "stranger",
      /^Cannot accept the timestamp: no path leads from the authority "CN=tsa p-256,O=Local,C=US" to a trusted root at /,
    ],
    [
      "sha1",
      /^Cannot accept the timestamp: it hashes the signature with 1\.3\.14\.3\.2\.26, expected SHA-256, SHA-384 or/,
    ],
    ["sha1Signer", /^Cannot accept the timestamp: .*1\.3\.14\.3\.2\.26/],
    ["sha1Certificate", /^Cannot accept the timestamp: .*SHA-1 alone/],
  ];
  it.each(SAID)("fail with a message: %s", async (token, message) => {
    const scene = QUESTIONS.find(({ name }) => name === `always, certificates valid now, token ${token}`) as Scene;
    for (const format of ["jws", "cose"] as const) {
      const said = await verify(scene, format);
      expect(said.state).toBe("failed");
      expect(said.message).toMatch(message);
    }
  });

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
