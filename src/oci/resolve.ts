/** Tag or digest → descriptor → content whose digest was computed and compared. */
import { type Digest, digestAlgorithm, digestOf, isDigest } from "../crypto/mod.ts";
import { printable } from "../encoding/mod.ts";
import { EngineError, MalformedError, UnavailableError } from "../errors.ts";
import type { CryptoProvider } from "../ports.ts";
import { type CallOptions, orAbort, outOfTime, OWN_LIMITS } from "../http/mod.ts";
import type { Connection, Reply } from "./connection.ts";
import type { Descriptor } from "./descriptor.ts";
import { type Manifest, MAX_MANIFEST_BYTES, readManifest } from "./manifest.ts";
import { ACCEPT_MANIFESTS, essence, manifestKind } from "./media_types.ts";
import { isTag } from "./reference.ts";

/** Most bytes of manifests one repository object keeps, so that the same one is not fetched twice for one question. */
export const MAX_KEPT_MANIFEST_BYTES = 16 * 1024 * 1024;

/** A manifest and what it is known by. */
export interface Fetched {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/** Content of one repository. */
export interface Content {
  resolve(tagOrDigest: string, call: CallOptions): Promise<Descriptor>;
  fetchManifest(descriptor: Descriptor, call: CallOptions): Promise<Manifest>;
  fetchBlob(descriptor: Descriptor, maxBytes: number, call: CallOptions): Promise<Uint8Array>;
  /** The manifest a tag names; the registry's reply where it has none (404). */
  fetchTag(tag: string, call: CallOptions): Promise<Fetched | { readonly absent: Reply }>;
}

/** Fetches content over a connection. @param options `head: false` where response headers cannot be read (browsers). */
export function createContent(
  connection: Connection,
  crypto: Pick<CryptoProvider, "digest">,
  options: { readonly head: boolean },
): Content {
  const kept = createManifestMemory();

  async function get(tagOrDigest: string, wanted: Wanted, task: string, call: CallOptions): Promise<Reply> {
    // A manifest of a retired type is asked for by name: strict registries give only what is accepted.
    const { mediaType } = wanted;
    const accept = mediaType === undefined || ACCEPT_MANIFESTS.includes(mediaType)
      ? ACCEPT_MANIFESTS
      : `${ACCEPT_MANIFESTS}, ${mediaType}`;
    const maxBytes = wanted.size ?? MAX_MANIFEST_BYTES;
    return await connection.ask({ task, method: "GET", path: `manifests/${tagOrDigest}`, accept, maxBytes }, call);
  }

  async function resolveByGet(tagOrDigest: string, call: CallOptions): Promise<Descriptor> {
    const wanted = isDigest(tagOrDigest) ? { digest: tagOrDigest } : {};
    const reply = await get(tagOrDigest, wanted, `resolve "${tagOrDigest}"`, call);
    if (reply.status !== 200) throw reply.error();
    const fetched = await readReply(reply, wanted, crypto);
    kept.put(fetched.descriptor.digest, fetched.manifest);
    return fetched.descriptor;
  }

  return {
    async resolve(tagOrDigest, call) {
      requireTagOrDigest(tagOrDigest);
      if (!options.head) return await resolveByGet(tagOrDigest, call);
      const task = `resolve "${tagOrDigest}"`;
      const path = `manifests/${tagOrDigest}`;
      const reply = await connection.ask({ task, method: "HEAD", path, accept: ACCEPT_MANIFESTS, maxBytes: 0 }, call);
      if (reply.status === 405 || reply.status === 501) return await resolveByGet(tagOrDigest, call);
      if (reply.status !== 200) throw reply.error();
      return readHead(reply, tagOrDigest) ?? await resolveByGet(tagOrDigest, call);
    },

    async fetchManifest(descriptor, call) {
      if (descriptor.size > MAX_MANIFEST_BYTES) {
        throw tooLarge(`Cannot fetch manifest "${descriptor.digest}"`, descriptor.size, MAX_MANIFEST_BYTES);
      }
      return await kept.get(descriptor, call, async () => {
        const reply = await get(descriptor.digest, descriptor, `fetch manifest "${descriptor.digest}"`, call);
        if (reply.status !== 200) throw reply.error();
        return (await readReply(reply, descriptor, crypto)).manifest;
      });
    },

    async fetchBlob(descriptor, maxBytes, call) {
      const task = `fetch blob "${descriptor.digest}"`;
      if (descriptor.size > maxBytes) throw tooLarge(`Cannot ${task}`, descriptor.size, maxBytes);
      const path = `blobs/${descriptor.digest}`;
      const query = { task, method: "GET", path, accept: "*/*", maxBytes: descriptor.size } as const;
      const reply = await connection.ask(query, call);
      if (reply.status !== 200) throw reply.error();
      await compare(reply, descriptor, crypto);
      return reply.bytes;
    },

    async fetchTag(tag, call) {
      const reply = await get(tag, {}, `fetch tag "${tag}"`, call);
      if (reply.status === 404) return { absent: reply };
      if (reply.status !== 200) throw reply.error();
      const fetched = await readReply(reply, {}, crypto);
      kept.put(fetched.descriptor.digest, fetched.manifest);
      return fetched;
    },
  };
}

/** @throws {MalformedError} `ERR_REFERENCE` */
export function requireTagOrDigest(text: string): void {
  if (isTag(text) || isDigest(text)) return;
  throw new MalformedError("ERR_REFERENCE", `Cannot resolve "${printable(text)}": it is neither a tag nor a digest`);
}

interface Wanted {
  readonly digest?: Digest;
  readonly size?: number;
  readonly mediaType?: string;
}

/**
 * The descriptor a HEAD answer gives; `undefined` where it leaves something out, so that GET must tell.
 *
 * Spec: OCI distribution, "Pulling manifests": `Docker-Content-Digest` should be there, and is often the only source.
 */
function readHead(reply: Reply, tagOrDigest: string): Descriptor | undefined {
  const length = reply.headers.get("content-length");
  const mediaType = essence(reply.headers.get("content-type"));
  const digest = readDigestHeader(reply) ?? (isDigest(tagOrDigest) ? tagOrDigest : undefined);
  // With a content encoding the length is not that of the manifest.
  if (length === null || !/^\d{1,15}$/.test(length) || reply.headers.has("content-encoding")) return undefined;
  if (mediaType === undefined || digest === undefined || manifestKind(mediaType) === undefined) return undefined;
  if (isDigest(tagOrDigest) && digest !== tagOrDigest) {
    if (digestAlgorithm(digest) === digestAlgorithm(tagOrDigest)) throw mismatch(reply, tagOrDigest, digest);
    return { mediaType, digest: tagOrDigest, size: Number(length) };
  }
  return { mediaType, digest, size: Number(length) };
}

/** `Docker-Content-Digest`; two of them arrive joined by a comma and are refused like any other malformed one. */
function readDigestHeader(reply: Reply): Digest | undefined {
  const header = reply.headers.get("docker-content-digest");
  if (header === null || header === "") return undefined;
  if (isDigest(header)) return header;
  throw new UnavailableError(
    "ERR_REGISTRY_RESPONSE",
    `${reply.action}: Docker-Content-Digest is "${printable(header, 200)}", expected one digest`,
  );
}

/** A 200 answer to a manifest request → its manifest, with digest, size and media type compared. */
async function readReply(reply: Reply, wanted: Wanted, crypto: Pick<CryptoProvider, "digest">): Promise<Fetched> {
  const digest = await compare(reply, wanted, crypto);
  const mediaType = essence(reply.headers.get("content-type"));
  if (wanted.mediaType !== undefined && mediaType !== undefined && mediaType !== wanted.mediaType) {
    throw new UnavailableError(
      "ERR_REGISTRY_RESPONSE",
      `${reply.action}: Content-Type is "${printable(mediaType, 120)}", expected "${printable(wanted.mediaType, 120)}"`,
    );
  }
  let manifest: Manifest;
  try {
    manifest = readManifest(reply.bytes, mediaType ?? wanted.mediaType);
  } catch (thrown) {
    throw thrown instanceof EngineError ? inContext(reply.action, thrown) : thrown;
  }
  return { descriptor: { mediaType: manifest.mediaType, digest, size: reply.bytes.length }, manifest };
}

/**
 * Computes the digest of a body and compares it with everything that was said about it.
 *
 * @returns The digest: the one wanted, else in the algorithm of the registry's header, else sha256.
 */
async function compare(reply: Reply, wanted: Wanted, crypto: Pick<CryptoProvider, "digest">): Promise<Digest> {
  const { size } = wanted;
  if (reply.exceeded) {
    if (size === undefined) throw tooLarge(reply.action, undefined, MAX_MANIFEST_BYTES);
    throw sizeMismatch(reply, `more than ${size} bytes`, size);
  }
  if (size !== undefined && reply.bytes.length !== size) throw sizeMismatch(reply, `${reply.bytes.length} bytes`, size);
  const said = readDigestHeader(reply);
  const expected = wanted.digest ?? said;
  const algorithm = expected === undefined ? "sha256" : digestAlgorithm(expected);
  const computed = await digestOf(crypto, reply.bytes, algorithm);
  if (expected !== undefined && computed !== expected) throw mismatch(reply, expected, computed);
  // The header may use another algorithm than the one asked for: then it is no witness.
  if (said !== undefined && digestAlgorithm(said) === algorithm && said !== computed) {
    throw mismatch(reply, computed, said);
  }
  return computed;
}

function mismatch(reply: Reply, expected: Digest, found: Digest): MalformedError {
  const encoding = reply.headers.get("content-encoding");
  return new MalformedError(
    "ERR_DIGEST_MISMATCH",
    `${reply.action}: digest is ${found}, expected ${expected}` +
      (encoding === null ? "" : ` (Content-Encoding is "${printable(encoding, 40)}")`),
  );
}

function sizeMismatch(reply: Reply, found: string, expected: number): MalformedError {
  return new MalformedError(
    "ERR_DIGEST_MISMATCH",
    `${reply.action}: the body has ${found}, expected ${expected} bytes`,
  );
}

function tooLarge(action: string, size: number | undefined, limit: number): MalformedError {
  const found = size === undefined ? "more" : `${size} bytes`;
  return new MalformedError("ERR_TOO_LARGE", `${action}: ${found}, expected at most ${limit} bytes`);
}

/** The same error, told as the reason why an action failed. */
function inContext(action: string, error: EngineError): EngineError {
  const reason = error.message.replace(/^Cannot read manifest: /, "");
  const Class = error.constructor as new (...parameters: ConstructorParameters<typeof EngineError>) => EngineError;
  return new Class(error.code, `${action}: ${reason}`, { cause: error });
}

/** Manifests kept by digest, and those on their way; a failure is never kept. */
function createManifestMemory() {
  const kept = new Map<Digest, Manifest>();
  const pending = new Map<Digest, Promise<Manifest>>();
  let bytes = 0;

  function put(digest: Digest, manifest: Manifest): void {
    if (kept.has(digest)) return;
    kept.set(digest, manifest);
    bytes += manifest.bytes.length;
    for (const [oldest, { bytes: old }] of kept) {
      if (bytes <= MAX_KEPT_MANIFEST_BYTES) break;
      kept.delete(oldest);
      bytes -= old.length;
    }
  }

  return {
    put,
    async get({ digest, size, mediaType }: Descriptor, call: CallOptions, fetch: () => Promise<Manifest>) {
      const known = kept.get(digest);
      // Another size or type is another claim: it is fetched again and fails there with its reason.
      if (known !== undefined && known.bytes.length === size && known.mediaType === mediaType) return known;
      const key = digest;
      const running = pending.get(key);
      if (running !== undefined) {
        try {
          const manifest = await orAbort(running, call.signal);
          if (manifest.bytes.length === size && manifest.mediaType === mediaType) return manifest;
        } catch (thrown) {
          // Whose limits ended it is the other caller's matter, unless our time is over as well.
          if (call.signal.aborted) {
            throw outOfTime(`Cannot fetch manifest "${digest}"`, "another request for it", thrown);
          }
          if (!(thrown instanceof EngineError && OWN_LIMITS.has(thrown.code))) throw thrown;
        }
      }
      const work = fetch();
      pending.set(key, work);
      try {
        const manifest = await work;
        put(digest, manifest);
        return manifest;
      } finally {
        if (pending.get(key) === work) pending.delete(key);
      }
    },
  };
}
