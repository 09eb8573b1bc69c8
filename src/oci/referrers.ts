/**
 * Everything that names a subject: the referrers API and its tag schema, asked together while it is unknown whether the
 * registry has the API, united by digest.
 */
import { type Digest, digestAlgorithm, digestHex } from "../crypto/mod.ts";
import { EngineError, MalformedError } from "../errors.ts";
import type { CallOptions } from "../http/mod.ts";
import type { Connection } from "./connection.ts";
import type { Descriptor } from "./descriptor.ts";
import { artifactTypeOf, type Manifest } from "./manifest.ts";
import { manifestKind, OCI_INDEX } from "./media_types.ts";
import { askReferrersApi } from "./referrers_api.ts";
import type { Referrer, ReferrerList, ReferrersWay } from "./repository.ts";
import type { Content } from "./resolve.ts";

/** Most manifests fetched for one list: of entries without artifact type, and of those only the tag names. */
export const MAX_REFERRER_MANIFESTS = 200;

/** Requests of one list that run at the same time. */
export const MAX_PARALLEL_REQUESTS = 6;

/** How long it is remembered whether a repository's registry has the referrers API. */
export const REFERRERS_SUPPORT_SECONDS = 3600;

/** Most repositories this is remembered for; the oldest go first. */
export const MAX_REMEMBERED_REPOSITORIES = 1000;

/** Whether a repository's registry has the referrers API, as far as is known. */
export interface ReferrersSupport {
  get(repository: string): boolean | undefined;
  set(repository: string, supported: boolean): void;
}

/** A memory of {@link ReferrersSupport}, bounded in time and number. */
export function createReferrersSupport(now: () => Date): ReferrersSupport {
  const known = new Map<string, { readonly supported: boolean; readonly until: number }>();
  return {
    get(repository) {
      const entry = known.get(repository);
      return entry === undefined || now().getTime() >= entry.until ? undefined : entry.supported;
    },
    set(repository, supported) {
      known.delete(repository);
      known.set(repository, { supported, until: now().getTime() + REFERRERS_SUPPORT_SECONDS * 1000 });
      const [oldest] = known.keys();
      if (known.size > MAX_REMEMBERED_REPOSITORIES && oldest !== undefined) known.delete(oldest);
    },
  };
}

export interface ReferrersOptions extends CallOptions {
  readonly artifactType?: string;
  readonly everywhere?: boolean;
}

type Asked = ReferrerList["asked"][number];

/** What one place gave. */
interface Found {
  readonly descriptors: readonly Descriptor[];
  readonly asked: Asked;
}

/**
 * Lists the referrers of a subject.
 *
 * @throws {UnavailableError} the codes of a registry request; {@link MalformedError} `ERR_TOO_LARGE` beyond the limits.
 * Whatever cannot be asked is an exception: a list is whole or it is not given.
 *
 * Spec: OCI distribution, "Listing Referrers" and "Referrers Tag Schema".
 */
export async function listReferrers(
  connection: Connection,
  content: Content,
  support: ReferrersSupport,
  subject: Digest,
  options: ReferrersOptions,
): Promise<ReferrerList> {
  const { artifactType, everywhere, ...call } = options;
  const supported = support.get(connection.name);
  const askTag = () => readReferrersTag(content, subject, call);
  const [api, early] = await both(
    supported === false ? skippedApi(connection, subject) : askApi(connection, support, subject, options),
    supported === true && everywhere !== true ? undefined : askTag(),
  );
  const apiEntries = unique(api.descriptors, subject);
  const budget = { manifests: MAX_REFERRER_MANIFESTS };
  const apiReferrers = await describe(content, apiEntries, artifactType, budget, call);
  // The API's "nothing" is not believed alone: some registries answer it and keep their referrers under the tag.
  const tag = early ?? (apiReferrers.length === 0 ? await askTag() : undefined);
  if (tag === undefined) {
    return { referrers: apiReferrers.map((entry) => toReferrer(entry, ["referrers-api"])), asked: [api.asked] };
  }
  const apiDigests = new Set(apiEntries.map(({ digest }) => digest));
  const tagEntries = unique(tag.descriptors, subject);
  const tagDigests = new Set(tagEntries.map(({ digest }) => digest));
  const confirmed = await confirm(
    content,
    tagEntries.filter(({ digest }) => !apiDigests.has(digest)),
    subject,
    artifactType,
    budget,
    call,
  );
  const referrers = [
    ...apiReferrers.map((entry) =>
      toReferrer(entry, tagDigests.has(entry.digest) ? ["referrers-api", "referrers-tag"] : ["referrers-api"])
    ),
    ...confirmed.descriptors.map((entry) => toReferrer(entry, ["referrers-tag"])),
  ];
  return { referrers, asked: [api.asked, judged(tag.asked, confirmed, tagEntries.length)] };
}

/** The tag under which referrers are listed where there is no API. Spec: OCI distribution, "Referrers Tag Schema". */
export function referrersTag(subject: Digest): string {
  return `${digestAlgorithm(subject).slice(0, 32)}-${digestHex(subject).slice(0, 64)}`;
}

/** Waits for both; where both fail the first one's reason is told, whichever came first in time. */
async function both<A, B>(first: A | Promise<A>, second: B | Promise<B>): Promise<readonly [A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === "rejected") throw a.reason;
  if (b.status === "rejected") throw b.reason;
  return [a.value, b.value];
}

async function askApi(
  connection: Connection,
  support: ReferrersSupport,
  subject: Digest,
  options: ReferrersOptions,
): Promise<Found> {
  const answer = await askReferrersApi(connection, subject, options.artifactType, options);
  if (answer.supported !== undefined) support.set(connection.name, answer.supported);
  const { result, reason } = answer;
  const place = apiPlace(connection, subject);
  const asked = { way: "referrers-api", place, result, ...(reason === undefined ? {} : { reason }) } as const;
  return { descriptors: answer.descriptors, asked };
}

function skippedApi(connection: Connection, subject: Digest): Found {
  const reason = "the registry was asked before and has no referrers API";
  const asked = { way: "referrers-api", place: apiPlace(connection, subject), result: "absent", reason } as const;
  return { descriptors: [], asked };
}

const apiPlace = (connection: Connection, subject: Digest) => `${connection.path}referrers/${subject}`;

/** Reads the referrers tag: only an OCI index that is not the subject itself is believed. */
async function readReferrersTag(content: Content, subject: Digest, call: CallOptions): Promise<Found> {
  const place = referrersTag(subject);
  const nothing = (result: "absent" | "ignored", reason?: string): Found => ({
    descriptors: [],
    asked: { way: "referrers-tag", place, result, ...(reason === undefined ? {} : { reason }) },
  });
  try {
    const fetched = await content.fetchTag(place, call);
    if ("absent" in fetched) return nothing("absent");
    const { descriptor, manifest } = fetched;
    // GitLab resolves this tag to the subject; the children of a multi-arch image would look like its referrers.
    if (descriptor.digest === subject) return nothing("ignored", "the tag is the subject itself");
    if (manifest.mediaType !== OCI_INDEX) return nothing("ignored", `the tag is not an OCI index`);
    return { descriptors: manifest.manifests, asked: { way: "referrers-tag", place, result: "found" } };
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === "ERR_MANIFEST") return nothing("ignored", thrown.message);
    throw thrown;
  }
}

interface Budget {
  manifests: number;
}

/** The entries of the type asked for, with the artifact type filled in from the manifest where a list leaves it out. */
async function describe(
  content: Content,
  entries: readonly Descriptor[],
  artifactType: string | undefined,
  budget: Budget,
  call: CallOptions,
): Promise<readonly Descriptor[]> {
  const described = await inParallel(entries, async (entry) => {
    if (entry.artifactType !== undefined) return entry;
    const found = await fetchEntry(content, entry, budget, call);
    return "manifest" in found ? withType(entry, found.manifest) : untold(entry, found, artifactType) ?? entry;
  });
  return described.filter((entry) => artifactType === undefined || entry.artifactType === artifactType);
}

interface Confirmed {
  readonly descriptors: readonly Descriptor[];
  /** Why entries were left out, one reason each. */
  readonly refused: readonly string[];
}

/** The entries whose own manifest names the subject: anybody who may push a tag can write any list under it. */
async function confirm(
  content: Content,
  entries: readonly Descriptor[],
  subject: Digest,
  artifactType: string | undefined,
  budget: Budget,
  call: CallOptions,
): Promise<Confirmed> {
  const judgements = await inParallel(entries, async (entry): Promise<Descriptor | string | undefined> => {
    // Nobody asked for it: what it names does not matter.
    if (artifactType !== undefined && (entry.artifactType ?? artifactType) !== artifactType) return undefined;
    const found = await fetchEntry(content, entry, budget, call);
    if (!("manifest" in found)) return untold(entry, found, artifactType) ?? found.reason;
    const { manifest } = found;
    if (manifest.subject?.digest !== subject) {
      return `${entry.digest} has the subject ${manifest.subject?.digest ?? "none"}`;
    }
    const described = withType(entry, manifest);
    return artifactType === undefined || described.artifactType === artifactType ? described : undefined;
  });
  return {
    descriptors: judgements.filter((judgement) => typeof judgement === "object"),
    refused: judgements.filter((judgement) => typeof judgement === "string"),
  };
}

function judged(asked: Asked, { refused }: Confirmed, entries: number): Asked {
  const [first] = refused;
  if (first === undefined) return asked;
  const reason = `${refused.length} of its ${entries} entries are not this artifact's: ${first}`;
  return { ...asked, result: refused.length === entries ? "ignored" : asked.result, reason };
}

/** Why an entry has no manifest that can be read; `unavailable` where that says nothing of what it is. */
interface Unread {
  readonly reason: string;
  readonly unavailable: boolean;
}

/**
 * An entry that the registry lists and does not give: it may be what is looked for, so it is listed, and whoever tries
 * it learns that it cannot be had. Left out it would be taken for one that was never there.
 */
function untold(entry: Descriptor, { unavailable }: Unread, artifactType: string | undefined): Descriptor | undefined {
  return unavailable && artifactType !== undefined ? { ...entry, artifactType } : undefined;
}

/** An entry's manifest, or why it has none that can be read; what may pass with time is thrown. */
async function fetchEntry(
  content: Content,
  entry: Descriptor,
  budget: Budget,
  call: CallOptions,
): Promise<{ readonly manifest: Manifest } | Unread> {
  if (manifestKind(entry.mediaType) === undefined) {
    return { reason: `${entry.digest} is not a manifest`, unavailable: false };
  }
  if (budget.manifests-- <= 0) {
    throw new MalformedError(
      "ERR_TOO_LARGE",
      `Cannot list referrers: more than ${MAX_REFERRER_MANIFESTS} manifests would have to be fetched`,
    );
  }
  try {
    return { manifest: await content.fetchManifest(entry, call) };
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || !PERMANENT.has(thrown.code)) throw thrown;
    return { reason: thrown.message, unavailable: thrown.code !== "ERR_MANIFEST" };
  }
}

/**
 * What asking again cannot mend: the entry is gone, or it is no manifest. A wrong digest is the registry's fault, and
 * thrown.
 */
const PERMANENT: ReadonlySet<string> = new Set(["ERR_REGISTRY_NOT_FOUND", "ERR_MANIFEST", "ERR_TOO_LARGE"]);

function withType(entry: Descriptor, manifest: Manifest): Descriptor {
  const artifactType = artifactTypeOf(manifest);
  return artifactType === undefined ? entry : { ...entry, artifactType };
}

function toReferrer(descriptor: Descriptor, ways: readonly ReferrersWay[]): Referrer {
  return { descriptor, ways };
}

/** Each digest once, in order, without the subject: nothing refers to itself. */
function unique(descriptors: readonly Descriptor[], subject: Digest): readonly Descriptor[] {
  const seen = new Set<Digest>([subject]);
  return descriptors.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
}

/** The results in the order of the items, with a bounded number of requests at a time. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const run = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(MAX_PARALLEL_REQUESTS, items.length) }, run));
  return results;
}
