/** Layouts served as a read-only registry with the referrers API, for demos and tests. */
import { type Digest, isDigest } from "../crypto/mod.ts";
import { encodeUtf8 } from "../encoding/mod.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Layout } from "./layout.ts";
import { OCI_INDEX } from "./media_types.ts";

/** Most bytes of a blob that is served. */
export const MAX_SERVED_BLOB_BYTES = 64 * 1024 * 1024;

export interface LayoutServerOptions {
  /** `absent` answers as registries do that have only the referrers tag, such as ghcr.io. */
  readonly referrers?: "api" | "absent";
}

/**
 * Makes a handler of the Fetch form that answers for these layouts as a registry does.
 *
 * @param layouts By repository path, such as `kyverno/test-verify-image`.
 *
 * Spec: OCI distribution, "Pulling manifests", "Pulling blobs", "Listing Referrers".
 */
export function serveLayouts(
  layouts: ReadonlyMap<string, Layout>,
  { referrers = "api" }: LayoutServerOptions = {},
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(request, 405, "UNSUPPORTED", "this registry is read-only");
    }
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/v2/" || pathname === "/v2") return answer(request, encodeUtf8("{}"), "application/json");
    const match = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/.exec(pathname);
    if (match === null) return notFoundPage(request);
    const [, repository = "", resource, encoded = ""] = match;
    const name = decodePart(encoded);
    const layout = layouts.get(repository);
    if (layout === undefined) return problem(request, 404, "NAME_UNKNOWN", "repository name not known to registry");
    if (resource === "manifests") return answerManifest(request, layout, name);
    if (!isDigest(name)) return problem(request, 400, "DIGEST_INVALID", "provided digest is not a digest");
    if (resource === "blobs") return await answerBlob(request, layout, name);
    if (referrers === "absent") return notFoundPage(request);
    return answerReferrers(request, layout, name, searchParams.get("artifactType"));
  };
}

function answerManifest(request: Request, layout: Layout, name: string): Response {
  const named = isDigest(name) ? name : layout.tags.get(name)?.[0]?.digest;
  const found = named === undefined ? undefined : layout.manifests.get(named);
  if (found === undefined) return problem(request, 404, "MANIFEST_UNKNOWN", "manifest unknown");
  const { digest, mediaType } = found.descriptor;
  return answer(request, found.manifest.bytes, mediaType, { "docker-content-digest": digest });
}

async function answerBlob(request: Request, layout: Layout, digest: Digest): Promise<Response> {
  const bytes = await layout.readBlob(digest, MAX_SERVED_BLOB_BYTES);
  if (bytes === undefined) return problem(request, 404, "BLOB_UNKNOWN", "blob unknown to registry");
  return answer(request, bytes, "application/octet-stream", { "docker-content-digest": digest });
}

function answerReferrers(request: Request, layout: Layout, subject: Digest, artifactType: string | null): Response {
  const listed = layout.referrersOf(subject);
  const manifests: readonly Descriptor[] = artifactType === null
    ? listed
    : listed.filter((descriptor) => descriptor.artifactType === artifactType);
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  const filtered = artifactType === null ? {} : { "oci-filters-applied": "artifactType" };
  return answer(request, encodeUtf8(JSON.stringify(index)), OCI_INDEX, filtered);
}

function answer(
  request: Request,
  bytes: Uint8Array,
  mediaType: string,
  headers: Readonly<Record<string, string>> = {},
  status = 200,
): Response {
  const body = request.method === "HEAD" ? null : new Uint8Array(bytes);
  const length = String(bytes.length);
  return new Response(body, {
    status,
    headers: { ...headers, "content-type": mediaType, "content-length": length, "x-content-type-options": "nosniff" },
  });
}

/** Spec: OCI distribution, "Error Codes". */
function problem(request: Request, status: number, code: string, message: string): Response {
  const body = encodeUtf8(JSON.stringify({ errors: [{ code, message }] }));
  const allow: Readonly<Record<string, string>> = status === 405 ? { allow: "GET, HEAD" } : {};
  return answer(request, body, "application/json", allow, status);
}

function notFoundPage(request: Request): Response {
  return answer(request, encodeUtf8("404 page not found\n"), "text/plain; charset=utf-8", {}, 404);
}

/** A part that cannot be decoded names nothing. */
function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
