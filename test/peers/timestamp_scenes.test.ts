/**
 * The real notation about the timestamps of the real openssl: certificates that begin or end where a token's interval
 * does, and when a timestamp is asked for. Verdict and reason are ours.
 */
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ARTIFACT as SIGNED, askNotation, pushSigned, writeTrust } from "../../scripts/fixtures/authorities.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { signatureReferenceText, verdict, verifyEnvelopeBytes } from "../../src/notary/mod.ts";
import type { Descriptor, Digest } from "../../src/oci/mod.ts";
import { openStage, SCENES, type Stage, type StagedScene, trustOf } from "../cases/notary/verify/stamped_scenes.ts";
import { describeIf } from "../run/requirements.ts";
import { type Registry, startOlareg } from "./registries.ts";

const ARTIFACT: Descriptor = { ...SIGNED, digest: SIGNED.digest as Digest };
const crypto = createWebCryptoProvider();

describeIf("tools", "openssl's timestamps", () => {
  let stage: Stage;
  let registry: Registry;
  let home: string;
  beforeAll(async () => {
    stage = await openStage();
    registry = await startOlareg();
    home = mkdtempSync(join(tmpdir(), "edge-notary-stamped-"));
    // Nobody can tell the real notation what time it is.
    await sleep(Math.max(0, stage.expired.getTime() - Date.now()));
  });
  afterAll(async () => {
    await registry?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it.each(SCENES.flatMap((scene, index) => (["jws", "cose"] as const).map((format) => ({ ...scene, index, format }))))(
    "$name ($format): $expected",
    async ({ index, format, ...scene }) => {
      const staged = stage.scenes[format].get(scene.name) as StagedScene;
      const address = await pushSigned(registry, `stamped/${format}-${index}`, staged.mediaType, staged.envelope);
      const configuration = join(home, `${format}-${index}`);
      const ca = new TextEncoder().encode(new X509Certificate(staged.root).toString());
      if (scene.verifyTimestamp === "no store") writeTrust(configuration, { ca });
      else {
        const { verifyTimestamp } = scene;
        writeTrust(configuration, { ca, tsa: staged.authority }, { verifyTimestamp });
      }
      const theirs = await askNotation(address, configuration);
      expect(theirs.exitCode === 0 ? "passed" : "failed", theirs.reason).toBe(
        scene.expected === "passed" ? "passed" : "failed",
      );
      const stored = { mediaType: staged.mediaType, bytes: staged.envelope };
      const ours = await verifyEnvelopeBytes(stored, ARTIFACT, trustOf(staged, scene), {
        crypto,
        now: () => new Date(),
      });
      expect(verdict(ours)).toBe(theirs.exitCode === 0 ? "verified" : "failed");
      const reason = signatureReferenceText(ours);
      if (reason !== undefined) expect(reason).toBe(theirs.reason);
    },
  );
});
