/** Manifests and indexes: bytes → checked records (OCI image specification; Docker image manifest v2). */
import { parseDigest } from "../crypto/mod.ts";
import { isJsonObject, type JsonObject, parseJson, printable } from "../encoding/mod.ts";
import { EngineError, MalformedError, UnsupportedError } from "../errors.ts";
import type { Descriptor, Digest, Platform } from "./descriptor.ts";
import { isSchema1, MANIFEST_MEDIA_TYPES, manifestKind, OCI_ARTIFACT_MANIFEST } from "./media_types.ts";

/** A manifest or an index, with the bytes it was read from. */
export interface Manifest {
  readonly mediaType: string;
  readonly kind: "manifest" | "index";
  readonly artifactType?: string;
  readonly config?: Descriptor;
  /** Layers of a manifest, `blobs` of the retired artifact manifest; empty for an index. */
  readonly layers: readonly Descriptor[];
  /** Children of an index; empty for a manifest. */
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The bytes as received; their digest was compared. */
  readonly bytes: Uint8Array;
}

/** Most bytes of a manifest, an index or a page of referrers. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Most layers or blobs of one manifest. */
export const MAX_LAYERS = 1000;

/** Most children of one index. */
export const MAX_INDEX_MANIFESTS = 1000;

/** Deepest nesting of a manifest's JSON. */
export const MAX_MANIFEST_DEPTH = 64;

/**
 * Reads a manifest or an index.
 *
 * @param bytes Whose digest the caller compares.
 * @param contentType Media type the registry or the descriptor gave, without parameters; `undefined` when there is
 * none.
 * @throws {MalformedError} `ERR_MANIFEST` for anything the specifications do not allow: a `mediaType` other than
 * `contentType`, duplicate names, a document that is manifest and index at once, a descriptor without digest or size.
 * @throws {UnsupportedError} `ERR_MANIFEST` for media types that are neither manifest nor index, Docker schema 1 among
 * them.
 * @throws {MalformedError} `ERR_TOO_LARGE`
 *
 * Spec: OCI image, manifest.md and image-index.md; OCI distribution, "Pulling manifests" (Content-Type and mediaType).
 */
export function readManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  if (contentType !== undefined) requireManifestType(contentType);
  const document = readDocument(bytes);
  const mediaType = readMediaType(document, contentType);
  const kind = requireManifestType(mediaType);
  const isArtifact = mediaType === OCI_ARTIFACT_MANIFEST;
  if (document["schemaVersion"] !== 2 && !(isArtifact && document["schemaVersion"] === undefined)) {
    throw malformed(`"schemaVersion" is ${shown(document["schemaVersion"])}, expected 2`);
  }
  // A document that can be read as either kind means one thing to us and another to the container runtime.
  const foreign = kind === "index" ? ["config", "layers", "blobs", "fsLayers"] : ["manifests", "fsLayers"];
  for (const name of foreign) {
    if (name in document) throw malformed(`an ${kind === "index" ? "index" : "image manifest"} has "${name}"`);
  }
  const config = kind === "index" || isArtifact ? undefined : readDescriptor(document["config"], "config");
  const subject = document["subject"] == null ? undefined : readDescriptor(document["subject"], "subject");
  const artifactType = readOptionalText(document["artifactType"], "artifactType");
  const annotations = readAnnotations(document["annotations"], "annotations");
  const layersName = isArtifact ? "blobs" : "layers";
  return {
    mediaType,
    kind,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(config === undefined ? {} : { config }),
    layers: kind === "index" ? [] : readDescriptors(document[layersName], layersName, MAX_LAYERS),
    manifests: kind === "index" ? readDescriptors(document["manifests"], "manifests", MAX_INDEX_MANIFESTS) : [],
    ...(subject === undefined ? {} : { subject }),
    ...(annotations === undefined ? {} : { annotations }),
    bytes,
  };
}

/**
 * What a manifest says it is: its `artifactType`, else the media type of its config.
 *
 * Spec: OCI distribution, "Listing Referrers".
 */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  return manifest.artifactType ?? (manifest.kind === "manifest" ? manifest.config?.mediaType : undefined);
}

/**
 * Reads a descriptor.
 *
 * @param value Unknown JSON.
 * @param path Where it stands in the document, for the message.
 * @throws {MalformedError} `ERR_MANIFEST`
 *
 * Spec: OCI image, descriptor.md. `urls` and `data` are never used.
 */
export function readDescriptor(value: unknown, path: string): Descriptor {
  if (!isJsonObject(value)) throw malformed(`"${path}" is ${shown(value)}, expected a descriptor`);
  const mediaType = readOptionalText(value["mediaType"], `${path}.mediaType`);
  if (mediaType === undefined) throw malformed(`"${path}.mediaType" is missing, expected a media type`);
  const size = value["size"];
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw malformed(`"${path}.size" is ${shown(size)}, expected a whole number of bytes`);
  }
  const artifactType = readOptionalText(value["artifactType"], `${path}.artifactType`);
  const annotations = readAnnotations(value["annotations"], `${path}.annotations`);
  const platform = readPlatform(value["platform"], `${path}.platform`);
  return {
    mediaType,
    digest: readDigest(value["digest"], `${path}.digest`),
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform }),
  };
}

function readDocument(bytes: Uint8Array): JsonObject {
  if (bytes.length > MAX_MANIFEST_BYTES) {
    throw new MalformedError(
      "ERR_TOO_LARGE",
      `Cannot read manifest: ${bytes.length} bytes, expected at most ${MAX_MANIFEST_BYTES}`,
    );
  }
  let document: unknown;
  try {
    document = parseJson(bytes, { maxDepth: MAX_MANIFEST_DEPTH });
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw new MalformedError("ERR_MANIFEST", `Cannot read manifest: ${thrown.message}`, { cause: thrown });
  }
  if (!isJsonObject(document)) throw malformed(`the document is ${shown(document)}, expected an object`);
  return document;
}

function readMediaType(document: JsonObject, contentType: string | undefined): string {
  const own = readOptionalText(document["mediaType"], "mediaType");
  if (own === undefined && contentType === undefined) {
    throw malformed('neither Content-Type nor "mediaType" says what it is');
  }
  if (own !== undefined && contentType !== undefined && own !== contentType) {
    throw malformed(`"mediaType" is "${printable(own)}", expected the Content-Type "${printable(contentType)}"`);
  }
  return own ?? contentType!;
}

function requireManifestType(mediaType: string): "manifest" | "index" {
  const kind = manifestKind(mediaType);
  if (kind !== undefined) return kind;
  const why = isSchema1(mediaType) ? "Docker schema 1, whose digest is not over its bytes, is not read" : "";
  throw new UnsupportedError(
    "ERR_MANIFEST",
    `Cannot read manifest: media type is "${printable(mediaType)}"${why === "" ? "" : ` (${why})`}, ` +
      `expected one of ${MANIFEST_MEDIA_TYPES.join(", ")}`,
  );
}

/** A list of descriptors; `null` is the empty list of registries written in Go. */
function readDescriptors(value: unknown, path: string, limit: number): readonly Descriptor[] {
  if (value === null) return [];
  // The retired artifact manifest may leave `blobs` out.
  if (value === undefined && path === "blobs") return [];
  if (!Array.isArray(value)) throw malformed(`"${path}" is ${shown(value)}, expected a list of descriptors`);
  if (value.length > limit) throw malformed(`"${path}" has ${value.length} entries, expected at most ${limit}`);
  return value.map((entry, index) => readDescriptor(entry, `${path}[${index}]`));
}

function readDigest(value: unknown, path: string): Digest {
  if (typeof value !== "string") throw malformed(`"${path}" is ${shown(value)}, expected a digest`);
  try {
    return parseDigest(value);
  } catch (thrown) {
    throw new MalformedError(
      "ERR_MANIFEST",
      `Cannot read manifest: "${path}" is "${
        printable(value)
      }", expected sha256, sha384 or sha512 with lower-case digits`,
      { cause: thrown },
    );
  }
}

/** A text that may be left out; the empty text of encoders that write every field counts as left out. */
function readOptionalText(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw malformed(`"${path}" is ${shown(value)}, expected a text`);
  return value;
}

function readAnnotations(value: unknown, path: string): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw malformed(`"${path}" is ${shown(value)}, expected an object of texts`);
  const annotations: Record<string, string> = Object.create(null);
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string") throw malformed(`"${path}" has a value that is ${shown(text)}, expected a text`);
    annotations[name] = text;
  }
  return annotations;
}

function readPlatform(value: unknown, path: string): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw malformed(`"${path}" is ${shown(value)}, expected an object`);
  const os = readOptionalText(value["os"], `${path}.os`);
  const architecture = readOptionalText(value["architecture"], `${path}.architecture`);
  const variant = readOptionalText(value["variant"], `${path}.variant`);
  const osVersion = readOptionalText(value["os.version"], `${path}.os.version`);
  return {
    os: os ?? "unknown",
    architecture: architecture ?? "unknown",
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { osVersion }),
  };
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "string") return `"${printable(value, 80)}"`;
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  return Array.isArray(value) ? "a list" : "an object";
}

function malformed(reason: string): MalformedError {
  return new MalformedError("ERR_MANIFEST", `Cannot read manifest: ${reason}`);
}
