/** Layouts put into the real registries lead the real tools to the answers they gave when the fixtures were made. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { describeIf } from "../run/requirements.ts";
import { getManifest, listReferrers, listTags, loadLayout, sha256 } from "./content.ts";
import { type Registry, type RegistryKind, startRegistry } from "./registries.ts";
import { mustRun } from "./tools.ts";

interface OutputRow {
  readonly name: string;
  readonly file: string;
  readonly tool: "notation" | "oras";
  readonly repository: string;
  readonly command: readonly string[];
}

const fixtures = resolve("test/fixtures");
const jsonOf = <Value>(file: string) => JSON.parse(readFileSync(join(fixtures, file), "utf8")) as Value;
const repositories = jsonOf<{ layout: string; name: string; referrersApi: boolean }[]>("repositories.json");
const images = jsonOf<{ repository: string; tag: string; digest: string }[]>("images.json");
const outputs = jsonOf<OutputRow[]>("outputs.json");

const KINDS: readonly RegistryKind[] = ["olareg", "distribution"];

for (const kind of KINDS) {
  describeIf("tools", `layouts in ${kind}`, () => {
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
      expect([listed.length > 0, tags.length > 0]).toEqual([kind === "olareg", kind === "distribution"]);
    });

    // What was made on the other kind may be answered otherwise here: each fixture is asked where it belongs.
    const belonging = outputs.filter(({ tool, repository, command }) => {
      const made = repositories.find(({ name }) => name === repository);
      return made?.referrersApi === (kind === "olareg") && tool === "oras" && command.includes("json");
    });

    it.each(belonging)("$name is what oras prints here too", async ({ command, file, repository }) => {
      const local = `${registry.host}/${pathOf(repository)}`;
      const args = command.slice(1).map((arg) => arg.replace(repository, local));
      const environment = { HOME: home, DOCKER_CONFIG: home };
      const said = await mustRun(peerPaths().oras, [...args, "--plain-http"], { environment, folder: home });
      expect(said.replaceAll(local, repository)).toBe(readFileSync(join(fixtures, file), "utf8"));
    });
  });
}

/** A repository's path without its registry. */
function pathOf(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}
