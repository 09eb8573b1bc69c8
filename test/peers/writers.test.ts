/**
 * Six processes sign one artifact at once in a registry without the referrers API, which has no conditional write
 * either: every signature stays in the list. Those who do not look a second time lose some, and so does the real
 * notation.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { describeIf } from "../run/requirements.ts";
import { getManifest, pushImage, readManifest, referrersTag } from "./content.ts";
import { type Registry, startDistribution } from "./registries.ts";
import { mustRun } from "./tools.ts";
import { startWriters, WRITER_KEYS, type Writers } from "./writers.ts";

/** Artifacts that six sign at once, one round each. */
const ROUNDS = 20;
/** Rounds that run side by side: most of a round is waiting for the list to settle. */
const SIDE_BY_SIDE = 10;
/** Rounds in which those who do not look again must lose something. */
const CONTROL_ROUNDS = 10;

describeIf("tools", "six who sign one artifact at once", () => {
  let registry: Registry;
  let writers: Writers;
  let home: string;

  beforeAll(async () => {
    registry = await startDistribution();
    writers = await startWriters();
    home = mkdtempSync(join(tmpdir(), "edge-notary-writers-"));
  });
  afterAll(async () => {
    writers?.stop();
    await registry?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** Artifacts in repositories of their own, so that even what all signatures have in common is not there yet. */
  const artifacts = (name: string, count: number) =>
    Promise.all(Array.from({ length: count }, async (_, at) => {
      const repository = `signed/${name}-${at}`;
      return { repository, ...await pushImage(registry, repository, name) };
    }));

  async function listed(
    { repository, digest }: { readonly repository: string; readonly digest: string },
  ): Promise<readonly string[]> {
    const index = await getManifest(registry, repository, referrersTag(digest));
    return readManifest(index?.bytes ?? new Uint8Array()).manifests?.map((entry) => entry.digest) ?? [];
  }

  it.each(Array.from({ length: ROUNDS / SIDE_BY_SIDE }, (_, at) => at * SIDE_BY_SIDE + 1))(
    `lose nothing, rounds from %i, ${SIDE_BY_SIDE} side by side`,
    async (from) => {
      const images = await artifacts(`round-${from}`, SIDE_BY_SIDE);
      const pushed = await writers.sign(images.map(({ reference }) => reference));
      for (const [round, image] of images.entries()) {
        expect(new Set(pushed[round]).size).toBe(WRITER_KEYS.length);
        expect([...await listed(image)].sort()).toEqual([...pushed[round] ?? []].sort());
      }
    },
  );

  it("lose some when nobody looks a second time", async () => {
    const images = await artifacts("hurried", CONTROL_ROUNDS);
    const pushed = await writers.sign(images.map(({ reference }) => reference), { hurried: true });
    const kept = await Promise.all(images.map(async (image) => (await listed(image)).length));
    expect(pushed.flat()).toHaveLength(CONTROL_ROUNDS * WRITER_KEYS.length);
    expect(Math.min(...kept), kept.join()).toBeGreaterThan(0);
    expect(Math.min(...kept), kept.join()).toBeLessThan(WRITER_KEYS.length);
  });

  it("lose some with the real notation", async () => {
    const keys = resolve("test/fixtures/keys");
    const list = WRITER_KEYS.map((name) => ({
      name,
      keyPath: join(keys, `${name}-self.test-only.key.pem`),
      certPath: join(keys, `${name}-self.crt.pem`),
    }));
    writeFileSync(join(home, "signingkeys.json"), JSON.stringify({ keys: list }));
    const environment = { HOME: home, DOCKER_CONFIG: home, NOTATION_CONFIG: home };
    const kept: number[] = [];
    for (const image of await artifacts("notation", CONTROL_ROUNDS)) {
      const sign = (key: string) =>
        mustRun(peerPaths().notation, ["sign", "--insecure-registry", "--key", key, image.reference], { environment });
      await Promise.all(WRITER_KEYS.map(sign));
      kept.push((await listed(image)).length);
      if (kept.some((count) => count < WRITER_KEYS.length)) break;
    }
    expect(Math.min(...kept), kept.join()).toBeLessThan(WRITER_KEYS.length);
  });
});
