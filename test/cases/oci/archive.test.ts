/** Image layouts as archives: what each tool writes, and what no tool does. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { MAX_KEPT_FILE_BYTES, openArchive } from "../../../src/oci/archive.ts";
import { openLayout, parseReference, rangesOf, readLayout } from "../../../src/oci/mod.ts";
import type { ByteRanges } from "../../../src/ports.ts";
import { type MadeEntry, makeTar } from "../../run/tar_maker.ts";
import { crypto, images, layoutFiles, repositories } from "./fixture_layouts.ts";
import { failure, signal } from "./fake_registry.ts";

const forms = [["tar", (tar: Uint8Array) => tar], [
  "tar.gz",
  (tar: Uint8Array) => new Uint8Array(gzipSync(tar)),
]] as const;

const entriesOf = (layout: string): MadeEntry[] =>
  [...layoutFiles(layout)].map(([name, content]) => ({ name, content }));

const open = (bytes: Uint8Array) => readLayout({ archive: rangesOf(bytes) }, crypto);

describe.each(forms)("layouts as %s", (_, pack) => {
  it.each(repositories)("$layout: the same manifests, tags and referrers as unpacked", async ({ layout: name }) => {
    const folder = await readLayout(layoutFiles(name), crypto);
    const archive = await open(pack(makeTar(entriesOf(name))));
    expect(archive.manifests).toEqual(folder.manifests);
    expect(archive.tags).toEqual(folder.tags);
    expect(archive.unreadable).toEqual(folder.unreadable);
    for (const { digest } of images) expect(archive.referrersOf(digest)).toEqual(folder.referrersOf(digest));
    for (const { manifest } of folder.manifests.values()) {
      for (const { digest } of manifest.layers) {
        expect(await archive.readBlob(digest, 1e7)).toEqual(await folder.readBlob(digest, 1e7));
      }
    }
  });

  it("reads what tar makes of a folder: names that begin with ./, folders between", async () => {
    const entries = entriesOf("several").map(({ name, ...rest }) => ({ name: `./${name}`, ...rest }));
    const layout = await open(pack(makeTar([{ name: "./", type: "5" }, { name: "./blobs/", type: "5" }, ...entries])));
    expect(layout.tags.size).toBeGreaterThan(0);
  });

  it("reads what docker save writes since 25: the layout, and manifest.json for older ones", async () => {
    const index = JSON.parse(new TextDecoder().decode(layoutFiles("test-verify-image").get("index.json")));
    const named = index.manifests.map((entry: { annotations?: Record<string, string> }) => {
      const tag = entry.annotations?.["org.opencontainers.image.ref.name"];
      if (tag === undefined) return entry;
      return {
        ...entry,
        annotations: { "io.containerd.image.name": `docker.io/library/app:${tag}`, ...entry.annotations },
      };
    });
    const layout = await open(pack(makeTar([
      { name: "blobs/", type: "5" },
      ...entriesOf("test-verify-image").filter(({ name }) => name !== "index.json"),
      { name: "index.json", content: JSON.stringify({ ...index, manifests: named }) },
      { name: "manifest.json", content: '[{"Config":"blobs/sha256/x","RepoTags":["app:signed"],"Layers":[]}]' },
      { name: "repositories", content: "{}" },
    ])));
    expect([...layout.tags.keys()].sort()).toEqual(["signed", "unsigned"]);
  });

  it("reads what skopeo writes as oci-archive: one image, whose name may be a whole reference", async () => {
    const index = JSON.parse(new TextDecoder().decode(layoutFiles("test-verify-image").get("index.json")));
    const [{ annotations: _, ...image }] = index.manifests;
    for (const annotations of [undefined, { "org.opencontainers.image.ref.name": "docker.io/library/app:v1" }]) {
      const layout = await open(pack(makeTar([
        ...entriesOf("test-verify-image").filter(({ name }) => name !== "index.json"),
        { name: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests: [{ ...image, annotations }] }) },
      ])));
      expect([...layout.tags.keys()]).toEqual(annotations === undefined ? [] : ["v1"]);
      const repository = openLayout(layout, crypto)(parseReference("r.example/app"));
      expect(await repository.resolve(image.digest, { signal })).toMatchObject({ digest: image.digest });
    }
  });

  it("says that an old docker save has no manifests, whatever else it has", async () => {
    const work = open(pack(makeTar([
      { name: "0af/layer.tar", type: "2", linkName: "../0ae/layer.tar" },
      { name: "manifest.json", content: "[]" },
      { name: "repositories", content: "{}" },
    ])));
    expect(await failure(work)).toMatchObject({
      code: "ERR_LAYOUT",
      message: expect.stringContaining("before Docker 25"),
    });
  });

  it("takes the last of two entries of one name", async () => {
    const files = await openArchive(rangesOf(pack(makeTar([
      { name: "a", content: "first" },
      { name: "./a", content: "last" },
    ]))));
    expect(files.paths).toEqual(["a"]);
    expect(new TextDecoder().decode(await files.read("a", 10))).toBe("last");
    expect(await files.read("b", 10)).toBeUndefined();
    await expect(files.read("a", 3)).rejects.toMatchObject({ code: "ERR_FILE" });
  });

  it.each<[string, MadeEntry, string]>([
    ["a symbolic link", { name: "blobs/sha256/x", type: "2", linkName: "/etc/passwd" }, "is a link"],
    ["a hard link", { name: "index.json", type: "1", linkName: "x" }, "is a link"],
    ["a device", { name: "null", type: "3" }, "neither file nor folder"],
    ["a pipe", { name: "pipe", type: "6" }, "neither file nor folder"],
    ["an absolute name", { name: "/etc/cron.d/x" }, "absolute name"],
    ["a name that leads out", { name: "blobs/../../x" }, "leads out of the archive"],
    ["a folder that leads out", { name: "../", type: "5" }, "leads out of the archive"],
    ["a name with control characters", { name: "../\x1b[31m" }, "\\x1b"],
  ])("refuses %s", async (_, entry, reason) => {
    const work = open(pack(makeTar([...entriesOf("several"), entry])));
    expect(await failure(work)).toMatchObject({ code: "ERR_ARCHIVE", message: expect.stringContaining(reason) });
  });

  it("never takes bytes of another digest", async () => {
    const [[path, bytes] = ["", new Uint8Array()]] = [...layoutFiles("several")].filter(([name]) =>
      name.startsWith("blobs")
    );
    const forged = bytes.map((byte, at) => at === 0 ? byte ^ 1 : byte);
    const layout = await open(pack(makeTar([...entriesOf("several"), { name: path, content: forged }])));
    expect(layout.manifests.has(path.replace("blobs/sha256/", "sha256:") as `sha256:${string}`)).toBe(false);
  });
});

describe("openArchive()", () => {
  it("reads little of an archive that is not compressed, however large it is", async () => {
    const size = 3 * 1024 ** 3;
    const front = makeTar([{ name: "layer", size: (size - 512).toString(8).padStart(11, "0") }]).subarray(0, 512);
    const back = makeTar([{ name: "index.json", content: "{}" }]);
    let read = 0;
    const archive: ByteRanges = {
      size: size + back.length,
      read: (offset, length) => {
        read += length;
        const within = offset < size;
        const bytes = new Uint8Array(length);
        bytes.set(
          offset === 0 ? front.subarray(0, length) : within ? [] : back.subarray(offset - size).subarray(0, length),
        );
        return Promise.resolve(within ? bytes : bytes.subarray(0, size + back.length - offset));
      },
    };
    const files = await openArchive(archive);
    expect(files.paths).toEqual(["index.json", "layer"]);
    expect(new TextDecoder().decode(await files.read("index.json", 10))).toBe("{}");
    expect(read).toBeLessThan(1024 * 1024);
    await expect(files.read("layer", MAX_KEPT_FILE_BYTES)).rejects.toMatchObject({ code: "ERR_FILE" });
  });

  it("does not keep layers of a compressed archive", async () => {
    const layer = new Uint8Array(MAX_KEPT_FILE_BYTES + 1);
    const files = await openArchive(
      rangesOf(gzipSync(makeTar([{ name: "l", content: layer }, { name: "a", content: "x" }]))),
    );
    expect(new TextDecoder().decode(await files.read("a", 10))).toBe("x");
    await expect(files.read("l", 1e9)).rejects.toMatchObject({ code: "ERR_FILE" });
  });

  it("ends a bomb where it becomes too much", async () => {
    const bomb = gzipSync(makeTar([{ name: "l", content: new Uint8Array(20_000_000) }]));
    expect(bomb.length).toBeLessThan(40_000);
    const work = openArchive(rangesOf(bomb), { maxInflatedBytes: 1_000_000, maxKeptBytes: 1000 });
    expect(await failure(work)).toMatchObject({
      code: "ERR_ARCHIVE",
      message: expect.stringContaining("more than 1000000 bytes"),
    });
    const many = gzipSync(makeTar(Array.from({ length: 5 }, (_, at) => ({ name: `${at}`, content: "x".repeat(300) }))));
    const kept = openArchive(rangesOf(many), { maxInflatedBytes: 1_000_000, maxKeptBytes: 1000 });
    expect(await failure(kept)).toMatchObject({ code: "ERR_ARCHIVE", message: expect.stringContaining("gunzip") });
  });

  const packed = gzipSync(makeTar(entriesOf("several")));
  it.each<[string, Uint8Array, string]>([
    ["gzip cut short", packed.subarray(0, packed.length - 20), "cut short or damaged"],
    [
      "gzip with a wrong check",
      packed.map((byte, at) => at === packed.length - 6 ? byte ^ 1 : byte),
      "cut short or damaged",
    ],
    ["gzip of something else", gzipSync("x".repeat(1000)), "no header of a tar archive"],
    ["zstd", new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0]), "compressed by zstd"],
    ["bzip2", new TextEncoder().encode("BZh91AY"), "compressed by bzip2"],
    ["xz", new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), "compressed by xz"],
    ["text", new TextEncoder().encode("# edge-notary"), "it ends early"],
  ])("refuses %s", async (_, bytes, reason) => {
    expect(await failure(openArchive(rangesOf(bytes)))).toMatchObject({
      code: "ERR_ARCHIVE",
      message: expect.stringContaining(reason),
    });
  });
});
