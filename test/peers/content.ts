/**
 * Puts content into a real registry by plain HTTP, and reads it back: what no tool does for us, such as manifests
 * that `oras` refuses, and whole image layouts.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Registry } from "./registries.ts";

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
const MANIFEST_TYPES = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST];

/** A descriptor as JSON has it. */
export interface JsonDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Readonly<Record<string, string>>;
}

/** A manifest or index as JSON has it. */
export interface JsonManifest {
  readonly schemaVersion: number;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: JsonDescriptor;
  readonly layers?: readonly JsonDescriptor[];
  readonly manifests?: readonly JsonDescriptor[];
  readonly subject?: JsonDescriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** `sha256:…` of bytes. */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** The tag under which the referrers tag schema keeps the referrers of a digest. */
export function referrersTag(digest: string): string {
  return digest.replace(":", "-");
}

async function request(method: string, url: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(url, { ...init, method, signal: AbortSignal.timeout(20_000) });
}

async function expect(response: Response, status: number, action: string): Promise<Response> {
  if (response.status === status) return response;
  throw new Error(`Cannot ${action}: status ${response.status}, expected ${status}: ${await response.text()}`);
}

/** Pushes a blob. */
export async function putBlob(registry: Registry, repository: string, bytes: Uint8Array): Promise<string> {
  const digest = sha256(bytes);
  const begun = await request("POST", `${registry.url}/v2/${repository}/blobs/uploads/`);
  await expect(begun, 202, `begin the upload of ${digest}`);
  const location = new URL(begun.headers.get("location") ?? "", `${registry.url}/`);
  location.searchParams.set("digest", digest);
  const body = bytes.slice().buffer;
  const headers = { "content-type": "application/octet-stream" };
  await expect(await request("PUT", location.href, { body, headers }), 201, `push blob ${digest}`);
  return digest;
}

/** Pushes a manifest under a tag, or under its digest when no tag is named. */
export async function putManifest(
  registry: Registry,
  repository: string,
  bytes: Uint8Array,
  mediaType: string,
  tag?: string,
): Promise<JsonDescriptor> {
  const digest = sha256(bytes);
  const url = `${registry.url}/v2/${repository}/manifests/${tag ?? digest}`;
  const response = await request("PUT", url, { body: bytes.slice().buffer, headers: { "content-type": mediaType } });
  await expect(response, 201, `push manifest ${tag ?? digest} to ${repository}`);
  return { mediaType, digest, size: bytes.length };
}

/** Fetches a manifest by tag or digest; undefined when there is none. */
export async function getManifest(
  registry: Registry,
  repository: string,
  tagOrDigest: string,
): Promise<{ readonly descriptor: JsonDescriptor; readonly bytes: Uint8Array } | undefined> {
  const url = `${registry.url}/v2/${repository}/manifests/${tagOrDigest}`;
  const response = await request("GET", url, { headers: { accept: MANIFEST_TYPES.join(", ") } });
  if (response.status === 404) return undefined;
  await expect(response, 200, `fetch manifest ${tagOrDigest} of ${repository}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const mediaType = response.headers.get("content-type")?.split(";")[0] ?? "";
  return { descriptor: { mediaType, digest: sha256(bytes), size: bytes.length }, bytes };
}

/** Fetches a blob. */
export async function getBlob(registry: Registry, repository: string, digest: string): Promise<Uint8Array> {
  const response = await request("GET", `${registry.url}/v2/${repository}/blobs/${digest}`);
  await expect(response, 200, `fetch blob ${digest} of ${repository}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The tags of a repository, sorted. */
export async function listTags(registry: Registry, repository: string): Promise<readonly string[]> {
  const response = await expect(await request("GET", `${registry.url}/v2/${repository}/tags/list`), 200, "list tags");
  const { tags } = await response.json() as { readonly tags: readonly string[] | null };
  return [...tags ?? []].sort();
}

/** What the referrers API says of a digest, in the registry's order; nothing where there is no such API. */
export async function listReferrers(
  registry: Registry,
  repository: string,
  digest: string,
): Promise<readonly JsonDescriptor[]> {
  const response = await request("GET", `${registry.url}/v2/${repository}/referrers/${digest}`);
  if (response.status === 404) return [];
  await expect(response, 200, `list referrers of ${digest}`);
  return (await response.json() as { readonly manifests: readonly JsonDescriptor[] | null }).manifests ?? [];
}

/** Reads a manifest's JSON. */
export function readManifest(bytes: Uint8Array): JsonManifest {
  return JSON.parse(new TextDecoder().decode(bytes)) as JsonManifest;
}

function isManifestType(mediaType: string): boolean {
  return MANIFEST_TYPES.includes(mediaType);
}

export interface LoadOptions {
  /**
   * Writes the referrers tag of each subject as a client does for a registry without the referrers API (default: for
   * every kind but olareg). A tag the layout itself has is left as it is.
   */
  readonly referrersTags?: boolean;
}

/**
 * Puts everything of an OCI image layout into a repository: blobs, manifests (children before their index), tags.
 *
 * @param folder The layout's folder.
 */
export async function loadLayout(
  registry: Registry,
  repository: string,
  folder: string,
  options: LoadOptions = {},
): Promise<void> {
  const read = (digest: string) => new Uint8Array(readFileSync(join(folder, "blobs", ...digest.split(":"))));
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as JsonManifest;
  const pushed = new Set<string>();
  const referrers = new Map<string, JsonDescriptor[]>();

  const pushOnce = async (descriptor: JsonDescriptor): Promise<void> => {
    if (pushed.has(descriptor.digest)) return;
    pushed.add(descriptor.digest);
    const bytes = read(descriptor.digest);
    if (!isManifestType(descriptor.mediaType)) return void await putBlob(registry, repository, bytes);
    const manifest = readManifest(bytes);
    const parts = [manifest.config, ...manifest.layers ?? [], ...manifest.manifests ?? []];
    for (const part of parts) if (part !== undefined) await pushOnce(part);
    await putManifest(registry, repository, bytes, descriptor.mediaType);
    if (manifest.subject === undefined) return;
    const siblings = referrers.get(manifest.subject.digest) ?? [];
    referrers.set(manifest.subject.digest, [...siblings, referrerDescriptor(descriptor, manifest)]);
    if (existsSync(join(folder, "blobs", ...manifest.subject.digest.split(":")))) await pushOnce(manifest.subject);
  };

  const tags = new Map<string, JsonDescriptor>();
  for (const descriptor of index.manifests ?? []) {
    await pushOnce(descriptor);
    const tag = descriptor.annotations?.["org.opencontainers.image.ref.name"];
    if (tag !== undefined) tags.set(tag, descriptor);
  }
  for (const [tag, { digest, mediaType }] of tags) {
    await putManifest(registry, repository, read(digest), mediaType, tag);
  }
  if (!(options.referrersTags ?? registry.kind !== "olareg")) return;
  for (const [subject, manifests] of referrers) {
    const tag = referrersTag(subject);
    if (tags.has(tag)) continue;
    const list = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    await putManifest(registry, repository, new TextEncoder().encode(JSON.stringify(list)), OCI_INDEX, tag);
  }
}

/** The descriptor by which a list of referrers names a manifest: type and annotations are the manifest's own. */
function referrerDescriptor({ mediaType, digest, size }: JsonDescriptor, manifest: JsonManifest): JsonDescriptor {
  const artifactType = manifest.artifactType ?? manifest.config?.mediaType;
  return {
    mediaType,
    digest,
    size,
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

/** Pushes a small image of its own, told from others by its name, and gives its digest and its reference by digest. */
export async function pushImage(
  registry: Registry,
  repository: string,
  name: string,
): Promise<{ readonly digest: string; readonly reference: string }> {
  // Not "{}", which signatures have: the first one has to push it.
  const content = new TextEncoder().encode(JSON.stringify({ name }));
  const config = await putBlob(registry, repository, content);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config, size: content.length },
    layers: [],
    annotations: { name },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  const { digest } = await putManifest(registry, repository, bytes, OCI_MANIFEST);
  return { digest, reference: `${registry.host}/${repository}@${digest}` };
}
