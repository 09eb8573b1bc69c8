/**
 * An OCI image layout read as a repository: the same questions as to a registry, answered from files.
 *
 * Referrers are found by reading every manifest there is: tools list them in `index.json` without a tag, or in an index
 * under the referrers tag, or nowhere at all.
 */
import { type Digest, digestAlgorithm, digestHex, isDigest, matchDigest } from "../crypto/mod.ts";
import { isJsonObject, parseJson, printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import type { ByteRanges, CryptoProvider, Files } from "../ports.ts";
import { type LayoutFiles, openArchive } from "./archive.ts";
import type { Descriptor } from "./descriptor.ts";
import { artifactTypeOf, type Manifest, MAX_MANIFEST_BYTES, readManifest } from "./manifest.ts";
import { manifestKind, OCI_INDEX } from "./media_types.ts";
import { isTag, parseReference } from "./reference.ts";

/** Most bytes of all manifests of one layout. */
export const MAX_LAYOUT_MANIFEST_BYTES = 64 * 1024 * 1024;

/** Most blobs opened to look for manifests that no index names. */
export const MAX_SCANNED_BLOBS = 2000;

/** Most bytes of `oci-layout`. */
const MAX_LAYOUT_FILE_BYTES = 4096;

/** Docker before version 25 saved layers, and no manifest that a signature could be about. */
const OLD_DOCKER_SAVE =
  'it has "manifest.json" and no "oci-layout", as "docker save" before Docker 25 wrote it: without the ' +
  "manifests that signatures are about. Save the image with Docker 25 or later, oras or skopeo";

const REF_NAME = "org.opencontainers.image.ref.name";

/** A layout's files by path (`blobs/sha256/…`), the folder it is in, or the tar archive, gzipped or not. */
export type LayoutSource =
  | ReadonlyMap<string, Uint8Array>
  | { readonly archive: ByteRanges }
  | { readonly files: Pick<Files, "read" | "list" | "kind">; readonly folder: string };

/** A layout that was read; its blobs are read when asked for. */
export interface Layout {
  /** What each tag names; more than one where a layout of several images uses a tag twice. */
  readonly tags: ReadonlyMap<string, readonly Descriptor[]>;
  /** Every manifest whose digest was compared: those of `index.json` in its order, then what they lead to. */
  readonly manifests: ReadonlyMap<Digest, { readonly descriptor: Descriptor; readonly manifest: Manifest }>;
  /** What is listed and cannot be read, and what was not looked at; one reason each, safe to print. */
  readonly unreadable: readonly string[];
  /** Referrers of a digest, in the order of {@link manifests}. */
  referrersOf(subject: Digest): readonly Descriptor[];
  /**
   * A blob's bytes, not compared; `undefined` when the layout does not have it. @throws {ConfigurationError} `ERR_FILE`
   * beyond `maxBytes`.
   */
  readBlob(digest: Digest, maxBytes: number): Promise<Uint8Array | undefined>;
}

/**
 * Reads a layout: its index, and every manifest in it.
 *
 * @throws {ConfigurationError} `ERR_LAYOUT` when it is none, `ERR_FILE` when it cannot be read.
 * @throws {MalformedError} `ERR_ARCHIVE` when the archive is none, or has what no layout has.
 *
 * Spec: OCI image, image-layout.md. Files it does not know are left alone; blobs may be missing.
 */
export async function readLayout(source: LayoutSource, crypto: Pick<CryptoProvider, "digest">): Promise<Layout> {
  const files = await openFiles(source);
  await requireVersion(files);
  const index = readIndex(await files.read("index.json", MAX_MANIFEST_BYTES));
  const manifests = new Map<Digest, { readonly descriptor: Descriptor; readonly manifest: Manifest }>();
  const unreadable: string[] = [];
  let bytes = 0;

  const add = (descriptor: Descriptor, manifest: Manifest) => {
    bytes += manifest.bytes.length;
    if (bytes > MAX_LAYOUT_MANIFEST_BYTES) {
      throw unusable(`its manifests have more than ${MAX_LAYOUT_MANIFEST_BYTES} bytes`);
    }
    const { mediaType, digest, size } = descriptor;
    manifests.set(digest, { descriptor: { mediaType, digest, size }, manifest });
  };

  const queue = [...index.manifests];
  const seen = new Set<Digest>();
  for (const descriptor of queue) {
    if (seen.has(descriptor.digest) || manifestKind(descriptor.mediaType) === undefined) continue;
    seen.add(descriptor.digest);
    const manifest = await readListed(files, descriptor, crypto);
    if (typeof manifest === "string") unreadable.push(manifest);
    if (typeof manifest !== "object") continue;
    add(descriptor, manifest);
    queue.push(...manifest.manifests);
  }
  const unlisted = files.paths.map(digestOfPath).filter((digest) => digest !== undefined).filter((digest) =>
    !seen.has(digest)
  );
  for (const digest of unlisted.slice(0, MAX_SCANNED_BLOBS)) {
    const manifest = await readUnlisted(files, digest, crypto);
    if (manifest !== undefined) {
      add({ mediaType: manifest.mediaType, digest, size: manifest.bytes.length }, manifest);
    }
  }
  if (unlisted.length > MAX_SCANNED_BLOBS) {
    const found = `${unlisted.length} blobs that no index names`;
    unreadable.push(`${found}, of which only ${MAX_SCANNED_BLOBS} were looked at`);
  }

  return {
    tags: collectTags(index),
    manifests,
    unreadable,
    referrersOf: (subject) =>
      [...manifests.values()]
        .filter(({ descriptor, manifest }) => manifest.subject?.digest === subject && descriptor.digest !== subject)
        .map(({ descriptor, manifest }) => describe(descriptor, manifest)),
    readBlob: (digest, maxBytes) => files.read(pathOf(digest), maxBytes),
  };
}

/** A manifest as the referrers API lists it. Spec: OCI distribution, "Listing Referrers". */
function describe(descriptor: Descriptor, manifest: Manifest): Descriptor {
  const artifactType = artifactTypeOf(manifest);
  return {
    ...descriptor,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  };
}

/** A listed manifest; the reason when it is not what the list says; `undefined` when the layout leaves it out. */
async function readListed(
  files: LayoutFiles,
  descriptor: Descriptor,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<Manifest | string | undefined> {
  const { digest, size, mediaType } = descriptor;
  if (size > MAX_MANIFEST_BYTES) return `${digest} has ${size} bytes, expected at most ${MAX_MANIFEST_BYTES}`;
  try {
    const bytes = await files.read(pathOf(digest), MAX_MANIFEST_BYTES);
    if (bytes === undefined) return undefined;
    if (bytes.length !== size) return `${digest} has ${bytes.length} bytes, expected ${size}`;
    if (!await matchDigest(crypto, bytes, digest)) return `${digest} has bytes of another digest`;
    return readManifest(bytes, mediaType);
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code !== "ERR_CRYPTO_UNAVAILABLE") {
      return `${digest}: ${thrown.message}`;
    }
    throw thrown;
  }
}

/** A blob that nothing lists, where it is a manifest all the same. */
async function readUnlisted(
  files: LayoutFiles,
  digest: Digest,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<Manifest | undefined> {
  const OPENING_BRACE = 0x7b;
  try {
    const bytes = await files.read(pathOf(digest), MAX_MANIFEST_BYTES);
    if (bytes?.[0] !== OPENING_BRACE) return undefined;
    const manifest = readManifest(bytes, undefined);
    return await matchDigest(crypto, bytes, digest) ? manifest : undefined;
  } catch (thrown) {
    // Layers and configurations lie here too: what is no manifest is not looked at further.
    if (thrown instanceof EngineError && thrown.code !== "ERR_CRYPTO_UNAVAILABLE") return undefined;
    throw thrown;
  }
}

/** Tags by `ref.name`, which some tools fill with a whole reference. */
function collectTags(index: Manifest): ReadonlyMap<string, readonly Descriptor[]> {
  const tags = new Map<string, Descriptor[]>();
  for (const entry of index.manifests) {
    const tag = tagOf(entry.annotations?.[REF_NAME]);
    if (tag === undefined) continue;
    const named = tags.get(tag) ?? [];
    const { mediaType, digest, size } = entry;
    if (!named.some((other) => other.digest === digest)) named.push({ mediaType, digest, size });
    tags.set(tag, named);
  }
  return tags;
}

function tagOf(name: string | undefined): string | undefined {
  if (name === undefined || isTag(name)) return name;
  try {
    return parseReference(name).tag;
  } catch {
    return undefined;
  }
}

async function requireVersion(files: LayoutFiles): Promise<void> {
  const bytes = await files.read("oci-layout", MAX_LAYOUT_FILE_BYTES);
  if (bytes === undefined) {
    throw unusable(files.paths.includes("manifest.json") ? OLD_DOCKER_SAVE : 'it has no file "oci-layout"');
  }
  let marker: unknown;
  try {
    marker = parseJson(bytes);
  } catch (thrown) {
    throw unusable('"oci-layout" is not JSON', thrown);
  }
  const version = isJsonObject(marker) ? marker["imageLayoutVersion"] : undefined;
  if (version !== "1.0.0") {
    const found = typeof version === "string" ? `"${printable(version, 40)}"` : "missing";
    throw unusable(`"imageLayoutVersion" is ${found}, expected "1.0.0"`);
  }
}

function readIndex(bytes: Uint8Array | undefined): Manifest {
  if (bytes === undefined) throw unusable('it has no file "index.json"');
  try {
    return readManifest(bytes, OCI_INDEX);
  } catch (thrown) {
    const reason = thrown instanceof EngineError ? thrown.message.replace(/^Cannot read manifest: /, "") : "unreadable";
    throw unusable(`"index.json": ${reason}`, thrown);
  }
}

function unusable(reason: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError("ERR_LAYOUT", `Cannot read image layout: ${reason}`, { cause });
}

/** Only names that are digests leave this function, so a layout cannot make us open anything else. */
function pathOf(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

function digestOfPath(path: string): Digest | undefined {
  const match = /^blobs\/([^/]+)\/([^/]+)$/.exec(path);
  const digest = `${match?.[1]}:${match?.[2]}`;
  return isDigest(digest) ? digest : undefined;
}

async function openFiles(source: LayoutSource): Promise<LayoutFiles> {
  if ("archive" in source) return await openArchive(source.archive);
  if ("folder" in source) {
    const { files, folder } = source;
    const paths = await files.list(folder);
    const known = new Set(paths);
    return {
      paths,
      read: async (path, maxBytes) => known.has(path) ? await files.read(`${folder}/${path}`, maxBytes) : undefined,
    };
  }
  return {
    paths: [...source.keys()].sort(),
    read: (path, maxBytes) => {
      const bytes = source.get(path);
      if (bytes === undefined || bytes.length <= maxBytes) return Promise.resolve(bytes);
      const message = `Cannot read "${path}": ${bytes.length} bytes, expected at most ${maxBytes}`;
      return Promise.reject(new ConfigurationError("ERR_FILE", message));
    },
  };
}
