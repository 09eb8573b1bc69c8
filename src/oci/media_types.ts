/** The media types of manifests and indexes (OCI image specification, media-types.md; Docker image manifest v2). */

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
/** `{}`: what stands where an artifact has nothing to say. */
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
/** Retired before image specification 1.1; signatures of that time are stored in it. */
export const OCI_ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json";

/** What each readable media type is; nothing else is read. */
const KINDS: ReadonlyMap<string, "manifest" | "index"> = new Map([
  [OCI_INDEX, "index"],
  [OCI_MANIFEST, "manifest"],
  [DOCKER_LIST, "index"],
  [DOCKER_MANIFEST, "manifest"],
  [OCI_ARTIFACT_MANIFEST, "manifest"],
]);

/**
 * The `Accept` header of every manifest request. All four, always: a shorter list changes which digest a tag resolves
 * to, because registries then pick a child of an index.
 */
export const ACCEPT_MANIFESTS = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST].join(", ");

/** Whether a media type is that of a manifest or of an index; `undefined` for any other. */
export function manifestKind(mediaType: string): "manifest" | "index" | undefined {
  return KINDS.get(mediaType);
}

/** The media types {@link manifestKind} knows, for messages. */
export const MANIFEST_MEDIA_TYPES: readonly string[] = [...KINDS.keys()];

/** Docker's first schema: its digest is over a payload inside the document, so the bytes cannot be compared. */
export function isSchema1(mediaType: string): boolean {
  return mediaType.startsWith("application/vnd.docker.distribution.manifest.v1+");
}

/** A `Content-Type` without its parameters, in lower case; `undefined` when there is none. */
export function essence(contentType: string | null): string | undefined {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  return type === "" ? undefined : type;
}
