/** Image layouts: those the real notation and oras wrote, against what these tools said of them; and broken ones. */
import { describe, expect, it } from "vitest";
import {
  type Descriptor,
  type Digest,
  type Layout,
  openLayout,
  parseReference,
  readLayout,
  type Repository,
} from "../../../src/oci/mod.ts";
import { MAX_SCANNED_BLOBS } from "../../../src/oci/layout.ts";
import {
  crypto,
  envelopes,
  images,
  layoutFiles,
  openFixture,
  type OrasNode,
  outputs,
  readFixture,
  readFixtureJson,
  repositories,
} from "./fixture_layouts.ts";
import {
  blob,
  bytesOf,
  type Document,
  entry,
  failure,
  image,
  index,
  OCI_INDEX,
  signal,
  SIGNATURE,
  signature,
} from "./fake_registry.ts";

const options = { signal };
const ways = ["asFiles", "asRegistry"] as const;

describe("layouts of the real tools", () => {
  for (const repository of repositories) {
    const own = images.filter((row) => row.repository === repository.name);
    const reference = parseReference(repository.name);

    it.each(ways)(`${repository.layout}: every tag resolves to what notation saw (%s)`, async (way) => {
      const opened = (await openFixture(repository))[way](reference);
      expect(own.length).toBeGreaterThan(0);
      for (const { tag, mediaType, digest, size } of own) {
        expect(await opened.resolve(tag, options)).toEqual({ mediaType, digest, size });
        expect(await opened.resolve(digest, options)).toEqual({ mediaType, digest, size });
      }
    });

    it.each(ways)(`${repository.layout}: the referrers lead to the envelopes in envelopes/ (%s)`, async (way) => {
      const opened = (await openFixture(repository))[way](reference);
      for (const { digest, envelopes: names } of own) {
        const found = await envelopesOf(opened, digest);
        for (const name of names) {
          const row = envelopes.find((envelope) => envelope.name === name);
          if (row === undefined) throw new Error(`no envelope "${name}"`);
          const bytes = found.get(row.signatureManifest);
          // Deviation: notation believes a tag that lists manifests of another subject, or a Docker list; we do not.
          const believed = !["lying-foreign-subject", ...(way === "asRegistry" ? ["lying-docker-list"] : [])].includes(
            name,
          );
          expect(bytes !== undefined, name).toBe(believed);
          if (bytes !== undefined) expect(bytes).toEqual(readFixture(row.file));
        }
      }
    });
  }

  const discovered = outputs.filter(({ command }) =>
    command.join(" ").endsWith("--format json") && command[0] === "oras"
  );
  it("has oras' own trees to compare with", () => expect(discovered.length).toBeGreaterThanOrEqual(4));

  for (const { file, command } of discovered) {
    it.each(ways)(`${command[2]}: the tree is that of oras discover (%s)`, async (way) => {
      const expected = readFixtureJson<OrasNode>(file);
      const repository = repositories.find(({ name }) => expected.reference.startsWith(`${name}@`));
      if (repository === undefined) throw new Error(`no repository for ${expected.reference}`);
      const opened = (await openFixture(repository))[way](parseReference(repository.name));
      expect(await treeOf(opened, expected)).toEqual(sorted(expected));
    });
  }

  const lists = outputs.filter(({ command }) =>
    command[0] === "notation" && command[1] === "list" && command.length === 3
  );
  for (const { file, command } of lists) {
    const text = new TextDecoder().decode(readFixture(file));
    const [root, ...signatures] = [...text.matchAll(/sha256:[0-9a-f]{64}/g)].map(([found]) => found as Digest);
    if (root === undefined || command[2]?.includes("lying") === true) continue;
    it.each(ways)(`${command[2]}: the signatures are those of notation list (%s)`, async (way) => {
      const repository = repositories.find(({ name }) => text.startsWith(`${name}@`));
      if (repository === undefined) throw new Error(`no repository for ${file}`);
      const opened = (await openFixture(repository))[way](parseReference(repository.name));
      const { referrers } = await opened.listReferrers({ digest: root }, { ...options, artifactType: SIGNATURE });
      expect(referrers.map(({ descriptor }) => descriptor.digest).sort()).toEqual([...signatures].sort());
    });
  }

  /**
   * notation's list holds the foreign signature too; the specification wants the child's own subject to be this one.
   */
  it("foreign-and-own: only the own signature is listed", async () => {
    const repository = repositories.find(({ layout }) => layout === "lying");
    const row = images.find(({ tag }) => tag === "foreign-and-own");
    const own = envelopes.find(({ name }) => name === "lying-foreign-and-own");
    if (repository === undefined || row === undefined || own === undefined) throw new Error("no such fixture");
    const opened = (await openFixture(repository)).asRegistry(parseReference(repository.name));
    const { referrers, asked } = await opened.listReferrers(row, options);
    expect(referrers.map(({ descriptor }) => descriptor.digest)).toEqual([own.signatureManifest]);
    expect(asked.find(({ way }) => way === "referrers-tag")?.reason).toContain("1 of its 2 entries");
  });
});

const OCI_LAYOUT = bytesOf('{"imageLayoutVersion":"1.0.0"}');
const subject = image("subject");
const signed = signature("one", subject.descriptor);
const name = parseReference("registry.example/a/b");

/** A layout's files; `listed` stand in index.json, all in blobs. */
function files(listed: readonly unknown[], all: readonly Document[], more: Record<string, Uint8Array> = {}) {
  return new Map(Object.entries({
    "oci-layout": OCI_LAYOUT,
    "index.json": bytesOf(JSON.stringify({ schemaVersion: 2, manifests: listed })),
    ...Object.fromEntries(all.map(({ bytes, descriptor }) => [`blobs/${descriptor.digest.replace(":", "/")}`, bytes])),
    ...more,
  }));
}

const tagged = (document: Document, ref: string) => ({
  ...document.descriptor,
  annotations: { "org.opencontainers.image.ref.name": ref },
});

async function open(source: ReadonlyMap<string, Uint8Array>): Promise<{ layout: Layout; repository: Repository }> {
  const layout = await readLayout(source, crypto);
  return { layout, repository: openLayout(layout, crypto)(name) };
}

describe("readLayout()", () => {
  it("finds a referrer wherever it is: listed, under the referrers tag, in a nested index, or nowhere", async () => {
    const list = index([entry(signed)]);
    const refTag = subject.descriptor.digest.replace(":", "-");
    const main = tagged(subject, "v1");
    for (
      const source of [
        files([main, signed.descriptor], [subject, signed]),
        files([main, tagged(list, refTag)], [subject, signed, list]),
        files([main, index([list.descriptor]).descriptor], [subject, signed, list, index([list.descriptor])]),
        files([main], [subject, signed]),
      ]
    ) {
      const { repository } = await open(source);
      const { referrers } = await repository.listReferrers(subject.descriptor, options);
      expect(referrers).toEqual([{
        descriptor: { ...signed.descriptor, artifactType: SIGNATURE, annotations: { name: "one" } },
        ways: ["layout"],
      }]);
    }
  });

  it("does not take children of a lying referrers tag for referrers", async () => {
    const stranger = signature("x", image("other").descriptor);
    const list = index([entry(stranger, SIGNATURE)]);
    const { repository } = await open(
      files([tagged(subject, "v1"), tagged(list, subject.descriptor.digest.replace(":", "-"))], [
        subject,
        stranger,
        list,
      ]),
    );
    expect((await repository.listReferrers(subject.descriptor, options)).referrers).toEqual([]);
  });

  it("reads a tag out of a whole reference, and refuses one that names two images", async () => {
    const { repository } = await open(
      files([tagged(subject, "docker.io/library/app:v1"), tagged(signed, "v2")], [subject, signed]),
    );
    expect(await repository.resolve("v1", options)).toEqual(subject.descriptor);
    const twice = await open(files([tagged(subject, "v1"), tagged(signed, "v1")], [subject, signed]));
    expect(await failure(twice.repository.resolve("v1", options))).toMatchObject({ code: "ERR_REFERENCE" });
    const same = await open(files([tagged(subject, "v1"), tagged(subject, "v1")], [subject]));
    expect(await same.repository.resolve("v1", options)).toEqual(subject.descriptor);
  });

  it("goes on without a listed manifest that is not what the list says, and tells", async () => {
    const wrong = { ...signed.descriptor, size: signed.descriptor.size + 1 };
    const { layout, repository } = await open(files([tagged(subject, "v1"), wrong], [subject, signed]));
    expect(layout.unreadable).toHaveLength(1);
    const { referrers, asked } = await repository.listReferrers(subject.descriptor, options);
    expect(referrers).toEqual([]);
    expect(asked[0]?.reason).toContain("1 cannot be read");
  });

  it("tells when there are more blobs than it looks into", async () => {
    const many = files([tagged(subject, "v1")], [subject]);
    for (let count = 0; count <= MAX_SCANNED_BLOBS; count++) {
      many.set(`blobs/sha256/${count.toString(16).padStart(64, "0")}`, bytesOf("layer"));
    }
    const { repository } = await open(many);
    const { asked } = await repository.listReferrers(subject.descriptor, options);
    expect(asked[0]?.reason).toContain(`only ${MAX_SCANNED_BLOBS} were looked at`);
  });

  it("never takes bytes of another digest, listed or not", async () => {
    const path = `blobs/${signed.descriptor.digest.replace(":", "/")}`;
    const forged = bytesOf(new TextDecoder().decode(signed.bytes).replace('"one"', '"two"'));
    for (const listed of [[subject.descriptor, signed.descriptor], [subject.descriptor]]) {
      const { layout, repository } = await open(files(listed, [subject], { [path]: forged }));
      expect(layout.manifests.has(signed.descriptor.digest)).toBe(false);
      expect(await failure(repository.fetchManifest(signed.descriptor, options))).toMatchObject({
        code: "ERR_REGISTRY_NOT_FOUND",
      });
    }
  });

  it("bears cycles, missing blobs and files it does not know", async () => {
    const odd = { "../evil": bytesOf("x"), "blobs/sha256/../../x": bytesOf("{"), "manifest.json": bytesOf("[]") };
    const missing = blob("not there").descriptor;
    const { layout } = await open(
      files([subject.descriptor, subject.descriptor, index([missing]).descriptor], [subject], odd),
    );
    expect([...layout.manifests.keys()]).toEqual([subject.descriptor.digest]);
  });

  it.each<[string, ReadonlyMap<string, Uint8Array>]>([
    ["nothing", new Map()],
    ["no oci-layout", new Map([["index.json", index([]).bytes]])],
    ["no index.json", new Map([["oci-layout", OCI_LAYOUT]])],
    ["another version", files([], [], { "oci-layout": bytesOf('{"imageLayoutVersion":"2.0.0"}') })],
    ["no version", files([], [], { "oci-layout": bytesOf("{}") })],
    ["a marker that is no JSON", files([], [], { "oci-layout": bytesOf("x") })],
    ["an index that is no JSON", files([], [], { "index.json": bytesOf("x") })],
    ["an index with a name twice", files([], [], { "index.json": bytesOf('{"schemaVersion":2,"schemaVersion":2}') })],
    ["an index that is a manifest", files([], [], { "index.json": subject.bytes })],
  ])("refuses %s", async (_, source) => {
    expect(await failure(readLayout(source, crypto))).toMatchObject({ code: "ERR_LAYOUT" });
  });

  it("reads a folder through the Files port", async () => {
    const source = layoutFiles("test-verify-image");
    const asked: string[] = [];
    const port = {
      list: () => Promise.resolve([...source.keys()].sort()),
      kind: () => Promise.resolve(undefined),
      read: (path: string) => {
        asked.push(path);
        return Promise.resolve(source.get(path.replace("/somewhere/", "")) ?? new Uint8Array());
      },
    };
    const layout = await readLayout({ files: port, folder: "/somewhere" }, crypto);
    expect([...layout.tags.keys()].sort()).toEqual(["signed", "unsigned"]);
    expect(asked.every((path) => path.startsWith("/somewhere/"))).toBe(true);
  });
});

describe("openLayout()", () => {
  const layer = blob("envelope");
  const source = () => open(files([tagged(subject, "v1")], [subject, layer]));

  it("reads a blob and compares it", async () => {
    const { repository } = await source();
    expect(await repository.fetchBlob(layer.descriptor, { signal, maxBytes: 100 })).toEqual(layer.bytes);
    const forged = await open(
      files([], [], { [`blobs/${layer.descriptor.digest.replace(":", "/")}`]: bytesOf("ENVELOPE") }),
    );
    const work = forged.repository.fetchBlob(layer.descriptor, { signal, maxBytes: 100 });
    expect(await failure(work)).toMatchObject({ code: "ERR_DIGEST_MISMATCH" });
  });

  it.each<[string, (repository: Repository) => Promise<unknown>, string]>([
    ["a tag it does not have", (r) => r.resolve("v2", options), "ERR_REGISTRY_NOT_FOUND"],
    ["a digest it does not have", (r) => r.resolve(signed.descriptor.digest, options), "ERR_REGISTRY_NOT_FOUND"],
    ["no tag at all", (r) => r.resolve("../x", options), "ERR_REFERENCE"],
    ["a manifest it does not have", (r) => r.fetchManifest(signed.descriptor, options), "ERR_REGISTRY_NOT_FOUND"],
    [
      "a manifest of another size",
      (r) => r.fetchManifest({ ...subject.descriptor, size: 1 }, options),
      "ERR_DIGEST_MISMATCH",
    ],
    [
      "a manifest of another type",
      (r) => r.fetchManifest({ ...subject.descriptor, mediaType: OCI_INDEX }, options),
      "ERR_DIGEST_MISMATCH",
    ],
    [
      "a blob it does not have",
      (r) => r.fetchBlob(blob("x").descriptor, { signal, maxBytes: 9 }),
      "ERR_REGISTRY_NOT_FOUND",
    ],
    [
      "a blob of another size",
      (r) => r.fetchBlob({ ...layer.descriptor, size: 9 }, { signal, maxBytes: 9 }),
      "ERR_DIGEST_MISMATCH",
    ],
    ["a blob beyond the limit", (r) => r.fetchBlob(layer.descriptor, { signal, maxBytes: 7 }), "ERR_TOO_LARGE"],
  ])("refuses %s", async (_, work, code) => {
    const { repository } = await source();
    expect(await failure(work(repository))).toMatchObject({ code });
  });
});

/** Envelope bytes of a subject's signatures, by the digest of the signature manifest. */
async function envelopesOf(repository: Repository, digest: Digest): Promise<ReadonlyMap<Digest, Uint8Array>> {
  const { referrers } = await repository.listReferrers({ digest }, { ...options, artifactType: SIGNATURE });
  const found = new Map<Digest, Uint8Array>();
  for (const { descriptor } of referrers) {
    const [layer] = (await repository.fetchManifest(descriptor, options)).layers;
    if (layer !== undefined) {
      found.set(descriptor.digest, await repository.fetchBlob(layer, { ...options, maxBytes: 1_000_000 }));
    }
  }
  return found;
}

async function treeOf(repository: Repository, { mediaType, digest, size, ...rest }: Descriptor): Promise<unknown> {
  const { referrers } = await repository.listReferrers({ digest }, options);
  const children = await Promise.all(referrers.map(({ descriptor }) => treeOf(repository, descriptor)));
  const { artifactType, annotations } = rest;
  return sortedNode(
    { mediaType, digest, size, artifactType, annotations: annotations && { ...annotations } },
    children,
  );
}

function sorted({ referrers, mediaType, digest, size, artifactType, annotations }: OrasNode): unknown {
  return sortedNode({ mediaType, digest, size, artifactType, annotations }, referrers.map(sorted));
}

/** Children by digest: the tools differ in order, and so may we. */
function sortedNode(node: object, children: readonly unknown[]): unknown {
  const text = (value: unknown) => JSON.stringify(value);
  return { ...node, referrers: [...children].sort((a, b) => text(a) < text(b) ? -1 : 1) };
}
