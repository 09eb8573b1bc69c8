/** Content → registry: blobs and manifests, and an artifact attached to its subject so that it is found again. */
import { type Digest, digestOf, isDigest } from "../crypto/mod.ts";
import { encodeUtf8, printable } from "../encoding/mod.ts";
import { EngineError, UnavailableError } from "../errors.ts";
import { orAbort } from "../http/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import { readProblems } from "./answer.ts";
import type { Connection, Reply } from "./connection.ts";
import type { Descriptor } from "./descriptor.ts";
import { MAX_MANIFEST_BYTES } from "./manifest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "./media_types.ts";
import { askReferrersApi } from "./referrers_api.ts";
import { addToReferrersTag, type TagPorts } from "./referrers_tag.ts";
import type { AttachedArtifact, CallOptions, NewReferrer } from "./repository.ts";
import type { Content } from "./resolve.ts";

/** How often the upload of one blob is begun anew after a failure that may pass. */
const MAX_UPLOADS = 3;

/** How often a manifest is pushed whose blobs the registry took and says it does not know. */
const MAX_MANIFEST_PUSHES = 4;

/** Wait before the second push of such a manifest; it doubles with each. */
const FIRST_MANIFEST_WAIT_MILLISECONDS = 250;

/** `{}`, the config of artifacts that have none. Spec: OCI image, manifest.md, "Guidance for an Empty Descriptor". */
const EMPTY_CONFIG = {
  mediaType: OCI_EMPTY,
  digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  size: 2,
  data: "e30=",
} as const;

/** What pushing asks of the outside world, beside the connection. */
export type PushPorts = TagPorts & { readonly crypto: Pick<CryptoProvider, "digest"> };

/**
 * Pushes a blob unless the repository has it.
 *
 * @returns Its descriptor.
 * @throws {UnavailableError} the codes of a registry request; `ERR_REGISTRY_RESPONSE` where the registry gives no place
 * to upload to, `ERR_REGISTRY_REFUSED` where that place is another's.
 *
 * Spec: OCI distribution, "Pushing a blob monolithically", "POST then PUT".
 */
export async function pushBlob(
  connection: Connection,
  bytes: Uint8Array,
  mediaType: string,
  crypto: Pick<CryptoProvider, "digest">,
  call: CallOptions,
): Promise<Descriptor> {
  const descriptor = { mediaType, digest: await digestOf(crypto, bytes), size: bytes.length };
  const task = `push blob "${descriptor.digest}"`;
  const path = `blobs/${descriptor.digest}`;
  const known = await connection.ask({ task, method: "HEAD", path, accept: "*/*", maxBytes: 0 }, call);
  if (known.status === 200) return descriptor;
  for (let uploads = 1;; uploads++) {
    try {
      await upload(connection, task, descriptor.digest, bytes, call);
      return descriptor;
    } catch (thrown) {
      // A place to upload to is gone after a failure: it begins anew with another.
      const mayPass = thrown instanceof EngineError && thrown.code === "ERR_REGISTRY_UNAVAILABLE";
      if (!mayPass || uploads === MAX_UPLOADS) throw thrown;
    }
  }
}

async function upload(
  connection: Connection,
  task: string,
  digest: Digest,
  bytes: Uint8Array,
  call: CallOptions,
): Promise<void> {
  const common = { task, accept: "*/*", maxBytes: 0 } as const;
  const begun = await connection.ask({ ...common, method: "POST", path: "blobs/uploads/" }, call);
  if (begun.status !== 202) throw begun.error();
  const place = uploadPlace(begun, connection.endpoint().url);
  place.searchParams.append("digest", digest);
  const body = { bytes, mediaType: "application/octet-stream" };
  const put = await connection.ask({ ...common, method: "PUT", path: place, body, maxRetries: 0 }, call);
  if (put.status !== 201) throw put.error();
}

/** Where the registry wants the bytes. Credentials go there, so it must be its own address, in the same scheme. */
function uploadPlace({ action, headers, url }: Reply, own: URL): URL {
  const location = headers.get("location") ?? "";
  const shown = printable(location, 200);
  if (location === "" || !URL.canParse(location, url.href)) {
    throw new UnavailableError(
      "ERR_REGISTRY_RESPONSE",
      `${action}: the upload's Location is "${shown}", expected a URL`,
    );
  }
  const place = new URL(location, url.href);
  place.hash = "";
  if (place.origin !== own.origin || place.username !== "" || place.password !== "") {
    throw new UnavailableError(
      "ERR_REGISTRY_REFUSED",
      `${action}: the upload's Location is at ${printable(place.origin, 200)}, expected ${own.origin}`,
    );
  }
  return place;
}

/**
 * Pushes an artifact that names its subject, and makes sure that it is listed: by the registry's referrers API, else
 * under the referrers tag.
 *
 * A registry is believed to list it when it answers the push with `OCI-Subject` and the API then lists it: some send
 * the header without having the API, and some answer the API's path without having heard of referrers.
 *
 * @param options `referrersTag` writes the tag whatever the registry says.
 * @throws {UnavailableError} the codes of a registry request, `ERR_REFERRERS_CONFLICT`
 * @throws {ConfigurationError} `ERR_REFERRERS_TAG`
 *
 * Spec: OCI distribution, "Pushing Manifests with Subject"; OCI image, manifest.md.
 */
export async function attach(
  connection: Connection,
  content: Content,
  artifact: NewReferrer,
  ports: PushPorts,
  options: CallOptions & { readonly referrersTag?: boolean },
): Promise<AttachedArtifact> {
  const { referrersTag, ...call } = options;
  const { crypto } = ports;
  const { mediaType, digest, size } = artifact.subject;
  const [config] = await Promise.all([
    pushBlob(connection, encodeUtf8("{}"), OCI_EMPTY, crypto, call),
    ...artifact.layers.map((layer) => pushBlob(connection, layer.bytes, layer.mediaType, crypto, call)),
  ]);
  const layers = await Promise.all(
    artifact.layers.map(async (layer) => ({
      mediaType: layer.mediaType,
      digest: await digestOf(crypto, layer.bytes),
      size: layer.bytes.length,
    })),
  );
  const manifest = encodeUtf8(JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: artifact.artifactType,
    config: { ...EMPTY_CONFIG, digest: config.digest },
    layers,
    subject: { mediaType, digest, size },
    annotations: artifact.annotations,
  }));
  const { descriptor, reply } = await pushManifest(connection, manifest, ports, call);
  const entry = { ...descriptor, artifactType: artifact.artifactType, annotations: artifact.annotations };
  if (
    referrersTag !== true && knowsSubject(reply, digest) && await isListed(connection, entry, digest, call)
  ) {
    return { descriptor: entry, listedBy: "referrers-api" };
  }
  await addToReferrersTag(connection, content, digest, entry, ports, call);
  return { descriptor: entry, listedBy: "referrers-tag" };
}

/**
 * Pushes a manifest whose blobs are there. Where several push a blob at the same time, as all signatures have the same
 * config, distribution 2.8 does not see it for a moment.
 */
async function pushManifest(
  connection: Connection,
  bytes: Uint8Array,
  { crypto, sleep }: Pick<PushPorts, "crypto" | "sleep">,
  call: CallOptions,
): Promise<{ readonly descriptor: Descriptor; readonly reply: Reply }> {
  const digest = await digestOf(crypto, bytes);
  const query = {
    task: `push manifest "${digest}"`,
    method: "PUT",
    path: `manifests/${digest}`,
    accept: "*/*",
    maxBytes: MAX_MANIFEST_BYTES,
    body: { bytes, mediaType: OCI_MANIFEST },
  } as const;
  for (let pushes = 1;; pushes++) {
    const reply = await connection.ask(query, call);
    if (reply.status === 201) return { descriptor: { mediaType: OCI_MANIFEST, digest, size: bytes.length }, reply };
    const missesBlobs = readProblems(reply.bytes).some(({ code }) => code === "MANIFEST_BLOB_UNKNOWN");
    if (!missesBlobs || pushes === MAX_MANIFEST_PUSHES) throw reply.error();
    const wait = sleep(FIRST_MANIFEST_WAIT_MILLISECONDS * 2 ** (pushes - 1), call.signal);
    await orAbort(wait, call.signal).catch(() => {
      throw reply.error();
    });
  }
}

function knowsSubject({ headers }: Reply, subject: Digest): boolean {
  const header = headers.get("oci-subject");
  return isDigest(header) && header === subject;
}

/** Whether the API lists what was just pushed; where it cannot be asked, the tag is written to be sure. */
async function isListed(
  connection: Connection,
  { digest, artifactType }: Descriptor,
  subject: Digest,
  call: CallOptions,
): Promise<boolean> {
  try {
    const { descriptors } = await askReferrersApi(connection, subject, artifactType, call);
    return descriptors.some((listed) => listed.digest === digest);
  } catch (thrown) {
    if (call.signal.aborted || !(thrown instanceof EngineError)) throw thrown;
    return false;
  }
}
