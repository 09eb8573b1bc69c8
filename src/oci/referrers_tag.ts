/**
 * One entry added to the list under a referrers tag, among others who do the same.
 *
 * Registries have no conditional write, so two who read the same list replace one another's. What keeps every entry:
 * whoever wrote reads again after a settle window that is longer than others take from reading to writing, puts back
 * what is missing, its own or another's it has seen, and leaves only after a window in which nothing was lost.
 *
 * What it cannot keep: the entry of one who has left, when another who read the list before that entry stood in it
 * writes only after the window. Nobody is there then to put it back. Such a writer was held up for longer than the
 * window between two requests, or does not read at all.
 *
 * Spec: OCI distribution, "Referrers Tag Schema"; what registries do with `If-Match` was measured: they ignore it.
 */
import type { Digest } from "../crypto/mod.ts";
import { encodeUtf8, isJsonObject, type JsonObject, parseJson, printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError, type ErrorCode, MalformedError, UnavailableError } from "../errors.ts";
import { type CallOptions, orAbort, outOfTime } from "../http/mod.ts";
import type { Ports } from "../ports.ts";
import type { Connection } from "./connection.ts";
import type { Descriptor } from "./descriptor.ts";
import { MAX_INDEX_MANIFESTS, MAX_MANIFEST_BYTES, MAX_MANIFEST_DEPTH } from "./manifest.ts";
import { OCI_INDEX } from "./media_types.ts";
import { referrersTag } from "./referrers.ts";
import type { Content } from "./resolve.ts";

/**
 * How long the list is left alone before it is read again: far longer than anybody takes from reading to writing it.
 */
export const SETTLE_MILLISECONDS = 2_000;

/**
 * Where the registry is slow, the window is this many times what reading and writing took here: so it is for others.
 */
export const SETTLE_FACTOR = 4;

/** Longest window that a slow registry makes, before what is added at random. */
export const MAX_SETTLE_MILLISECONDS = 20_000;

/** Most that is added to the window for each writing before, so that those who collided once do not again. */
export const SETTLE_JITTER_MILLISECONDS = 1_000;

/** Most times the list is written for one entry. */
export const MAX_TAG_WRITES = 20;

/** What adding an entry asks of the outside world. */
export interface TagPorts extends Pick<Ports, "sleep" | "now"> {
  /** From 0 up to 1, for the length of the settle windows; `Math.random` unless said otherwise. */
  readonly chance?: () => number;
}

/**
 * Adds an entry to the list of a subject's referrers, once, without losing another's.
 *
 * @param entry Descriptor of the referrer, with its artifact type and annotations.
 * @throws {ConfigurationError} `ERR_REFERRERS_TAG` when the tag holds something that is no list of referrers: it is
 * left as it is.
 * @throws {UnavailableError} `ERR_REFERRERS_CONFLICT` when others replaced the list each time; the codes of a request.
 * @throws {MalformedError} `ERR_TOO_LARGE` when the list has no room.
 */
export async function addToReferrersTag(
  connection: Connection,
  content: Content,
  subject: Digest,
  entry: Descriptor,
  { sleep, now, chance = Math.random }: TagPorts,
  call: CallOptions,
): Promise<void> {
  const { signal } = call;
  const tag = referrersTag(subject);
  const wanted = new Map<string, JsonObject>();
  let refused: EngineError | undefined;
  for (let writes = 0;; writes++) {
    const begun = now().getTime();
    const list = await readList(content, tag, subject, call);
    for (const [digest, known] of list.entries) wanted.set(digest, known);
    wanted.set(entry.digest, list.entries.get(entry.digest) ?? entryValue(entry));
    const missing = [...wanted].filter(([digest]) => !list.entries.has(digest)).map(([, value]) => value);
    // Every reading but the first comes after a settle window.
    if (missing.length === 0) return;
    if (writes === MAX_TAG_WRITES) throw refused ?? conflict(connection, tag);
    try {
      const manifests = [...list.entries.values(), ...missing];
      await writeList(connection, tag, { ...list.document, manifests }, call);
      refused = undefined;
    } catch (thrown) {
      // It may have been written all the same: reading tells.
      if (!(thrown instanceof EngineError) || !MAY_PASS.includes(thrown.code)) throw thrown;
      refused = thrown;
    }
    const settle = settleMilliseconds(now().getTime() - begun);
    try {
      await orAbort(sleep(settle + chance() * SETTLE_JITTER_MILLISECONDS * (writes + 1), signal), signal);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
      throw outOfTime(
        `Cannot list "${entry.digest}" under the tag "${tag}"`,
        "the list of referrers to settle",
        thrown,
      );
    }
  }
}

/** The window after a reading and writing that took so long; a clock that was set back does not shorten it. */
function settleMilliseconds(tookMilliseconds: number): number {
  return Math.min(Math.max(SETTLE_MILLISECONDS, SETTLE_FACTOR * tookMilliseconds), MAX_SETTLE_MILLISECONDS);
}

const MAY_PASS: readonly ErrorCode[] = ["ERR_REGISTRY_UNAVAILABLE", "ERR_REGISTRY_LIMITED"];

interface List {
  /** The index as it stands, whatever else is in it. */
  readonly document: JsonObject;
  /** By digest, in order, each as it is written. */
  readonly entries: ReadonlyMap<string, JsonObject>;
}

async function readList(content: Content, tag: string, subject: Digest, call: CallOptions): Promise<List> {
  const refuse = (what: string): never => {
    throw new ConfigurationError(
      "ERR_REFERRERS_TAG",
      `Cannot add to the list of referrers: the tag "${tag}" ${what}, expected an OCI index of referrers`,
    );
  };
  const fetched = await content.fetchTag(tag, call).catch((thrown: unknown) => {
    if (!(thrown instanceof EngineError) || thrown.code !== "ERR_MANIFEST") throw thrown;
    return refuse(`holds something else (${printable(thrown.message, 300)})`);
  });
  if ("absent" in fetched) return { document: { schemaVersion: 2, mediaType: OCI_INDEX }, entries: new Map() };
  const { descriptor, manifest } = fetched;
  // GitLab resolves this tag to the subject: what is written there would be lost, or take its place.
  if (descriptor.digest === subject) refuse("is the artifact itself");
  if (manifest.mediaType !== OCI_INDEX) refuse(`holds "${printable(manifest.mediaType, 120)}"`);
  const document = parseJson(manifest.bytes, { maxDepth: MAX_MANIFEST_DEPTH }) as JsonObject;
  const listed = Array.isArray(document["manifests"]) ? document["manifests"].filter(isJsonObject) : [];
  return { document, entries: new Map(listed.map((entry) => [String(entry["digest"]), entry])) };
}

async function writeList(
  connection: Connection,
  tag: string,
  document: JsonObject & { readonly manifests: readonly JsonObject[] },
  call: CallOptions,
): Promise<void> {
  const bytes = encodeUtf8(JSON.stringify(document));
  const task = `write the list of referrers "${tag}"`;
  if (document.manifests.length > MAX_INDEX_MANIFESTS || bytes.length > MAX_MANIFEST_BYTES) {
    throw new MalformedError(
      "ERR_TOO_LARGE",
      `Cannot ${task} of "${printable(connection.name)}": it would have ${document.manifests.length} entries and ` +
        `${bytes.length} bytes, expected at most ${MAX_INDEX_MANIFESTS} and ${MAX_MANIFEST_BYTES}`,
    );
  }
  const reply = await connection.ask({
    task,
    method: "PUT",
    path: `manifests/${tag}`,
    accept: "*/*",
    maxBytes: MAX_MANIFEST_BYTES,
    body: { bytes, mediaType: OCI_INDEX },
    // Sent again later it would put back a list that has grown since.
    maxRetries: 0,
  }, call);
  if (reply.status !== 201) throw reply.error();
}

function entryValue({ mediaType, digest, size, annotations, artifactType }: Descriptor): JsonObject {
  return {
    mediaType,
    digest,
    size,
    ...(annotations === undefined ? {} : { annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

function conflict({ name }: Connection, tag: string): UnavailableError {
  return new UnavailableError(
    "ERR_REFERRERS_CONFLICT",
    `Cannot keep the signature in the list "${tag}" of "${printable(name)}": it was replaced ${MAX_TAG_WRITES} times`,
  );
}
