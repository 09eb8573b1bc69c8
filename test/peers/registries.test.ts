/**
 * Layouts put into each real registry lead the real tools to the answers they gave when the fixtures were made, and
 * this program to the verdict it gives everywhere.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { createArtifactView, STRICT, verifyArtifact } from "../../src/notary/mod.ts";
import { createRegistryClient, parseReference } from "../../src/oci/mod.ts";
import { createNodeHost } from "../../src/runtime/node.ts";
import { parseCertificates } from "../../src/x509/mod.ts";
import { describeIf } from "../run/requirements.ts";
import { getManifest, listReferrers, listTags, loadLayout, sha256 } from "./content.ts";
import { ALL_REGISTRY_KINDS, type Registry, startRegistry } from "./registries.ts";
import { type FixtureImage, pathOf, readFixture } from "./side_by_side.ts";
import { mustRun } from "./tools.ts";

interface OutputRow {
  readonly name: string;
  readonly file: string;
  readonly tool: "notation" | "oras";
  readonly repository: string;
  readonly command: readonly string[];
}

const fixtures = resolve("test/fixtures");
const repositories = readFixture<{ layout: string; name: string; referrersApi: boolean }[]>("repositories.json");
const images = readFixture<FixtureImage[]>("images.json");
const outputs = readFixture<OutputRow[]>("outputs.json");

const crypto = createWebCryptoProvider();
const { ports } = createNodeHost();

for (const kind of ALL_REGISTRY_KINDS) {
  const hasApi = kind === "olareg";

  describeIf("registries", `layouts in ${kind}`, () => {
    let registry: Registry;
    let home: string;

    beforeAll(async () => {
      registry = await startRegistry(kind);
      home = await mkdtemp(join(tmpdir(), "edge-notary-home-"));
      for (const { layout, name } of repositories) {
        await loadLayout(registry, pathOf(name), join(fixtures, "layouts", layout));
      }
    });
    afterAll(async () => {
      await registry?.stop();
      await rm(home, { recursive: true, force: true });
    });

    it.each(images)("$repository:$tag has the digest of images.json", async ({ repository, tag, digest }) => {
      const found = await getManifest(registry, pathOf(repository), tag);
      expect(found?.descriptor.digest).toBe(digest);
      expect(sha256(found?.bytes ?? new Uint8Array())).toBe(digest);
    });

    it("answers the referrers API or has referrers tags", async () => {
      const seed = images.find(({ tag, repository }) => tag === "signed" && repository.startsWith("ghcr.io/"));
      const repository = pathOf(seed?.repository ?? "");
      const listed = await listReferrers(registry, repository, seed?.digest ?? "");
      const tags = (await listTags(registry, repository)).filter((tag) => tag.startsWith("sha256-"));
      expect([listed.length > 0, tags.length > 0]).toEqual([hasApi, !hasApi]);
    });

    // What was made on the other kind may be answered otherwise here: each fixture is asked where it belongs.
    const belonging = outputs.filter(({ tool, repository, command }) => {
      const made = repositories.find(({ name }) => name === repository);
      return made?.referrersApi === hasApi && tool === "oras" && command.includes("json");
    });

    it.each(belonging)("$name is what oras prints here too", async ({ command, file, repository }) => {
      const local = `${registry.host}/${pathOf(repository)}`;
      const args = command.slice(1).map((arg) => arg.replace(repository, local));
      const environment = { HOME: home, DOCKER_CONFIG: home };
      const said = await mustRun(peerPaths().oras, [...args, "--plain-http"], { environment, folder: home });
      expect(said.replaceAll(local, repository)).toBe(readFileSync(join(fixtures, file), "utf8"));
    });

    const judged = images.flatMap((image) => image.verifications.map((verification) => ({ image, verification })));
    it.each(judged)("$image.repository:$image.tag is found and judged as notation judged it", async (row) => {
      const { repository, tag, digest } = row.image;
      const ca = row.verification.trustAnchors.flatMap((file) =>
        parseCertificates(new Uint8Array(readFileSync(join(fixtures, file))))
      );
      const trust = { name: "fixtures", level: STRICT, trustAnchors: { ca, signingAuthority: [] } };
      const open = createRegistryClient({ ...ports, crypto, credentials: () => Promise.resolve(undefined) });
      const view = createArtifactView({ open, crypto, now: () => new Date(row.verification.at) }, {
        signal: AbortSignal.timeout(20_000),
      });
      const outcome = await verifyArtifact(
        parseReference(`${registry.host}/${pathOf(repository)}:${tag}`),
        trust,
        view,
      );
      expect(outcome.descriptor.digest).toBe(digest);
      const expected = expectedVerdict(row.image, row.verification.verdict);
      expect(outcome.verdict, outcome.refusal?.message).toBe(expected);
    });

    /** What notation said of an image where it was recorded, but for two liars. */
    function expectedVerdict({ repository, tag }: FixtureImage, recorded: string): string {
      if (repository !== "registry.example/lying") return recorded;
      // A signature whose manifest names another image is none of this one's, whatever notation takes it for.
      if (tag === "foreign-subject") return "failed";
      // Its list under the tag counts for nothing; an API needs none.
      return tag === "docker-list" && hasApi ? "verified" : recorded;
    }
  });
}
