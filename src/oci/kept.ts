/**
 * Repositories that keep what they were told: content by digest as long as there is room, and what may change (the
 * descriptor of a tag, a list of referrers) for a moment.
 */
import { isDigest, matchDigest } from "../crypto/mod.ts";
import type { Cache, CryptoProvider, Ports } from "../ports.ts";
import type { Descriptor } from "./descriptor.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { repositoryName } from "./reference.ts";
import {
  type CallOptions,
  type OpenRepository,
  principalOf,
  type ReferrerList,
  type Repository,
} from "./repository.ts";

/** Most bytes of manifests and blobs kept in memory unless told otherwise; the least recently used go first. */
export const MAX_KEPT_CONTENT_BYTES = 64 * 1024 * 1024;
/** Largest manifest or blob kept. */
export const MAX_KEPT_ITEM_BYTES = 1024 * 1024;
/** Most tags kept, and most digests. */
export const MAX_KEPT_POINTERS = 10_000;
/** Most referrers of all lists kept, each list counted as one more. */
export const MAX_KEPT_REFERRERS = 50_000;
/** How long it is believed that a tag names a digest. */
export const POINTER_LIFETIME_MILLISECONDS = 2_000;
/**
 * How long it is believed that a digest is there, which never means another thing, and that a list has signatures: one
 * that came later is looked for before a refusal.
 */
export const LIST_LIFETIME_MILLISECONDS = 60_000;
/** How long content may lie outside of this process: a day. It never changes; what nobody asks for is to go. */
export const OUTSIDE_LIFETIME_SECONDS = 86_400;

/** What one kept item is counted as beside its bytes, so that empty ones are bounded too. */
const ITEM_OVERHEAD_BYTES = 512;

interface Pointer<T> {
  readonly value: T;
  readonly until: number;
}

/** Where content is kept beside this process's memory, and how much of that. */
export interface KeepOptions {
  /** Bytes of manifests and blobs kept in memory; {@link MAX_KEPT_CONTENT_BYTES} when left out. */
  readonly maxBytes?: number;
  /**
   * A cache that others share, asked before the registry. What it gives is hashed again; tags and lists are not put
   * there.
   */
  readonly outside?: Cache;
}

/**
 * Makes every repository of `open` keep what it was told, each principal's apart: what one was given is given to no
 * other. A failure is never kept, and neither is an empty list of referrers; a list asked for `everywhere`, on the way
 * to a refusal, is always asked anew.
 *
 * Content alone never answers for a registry: the digest it is kept under comes from a tag or list that was asked a
 * moment ago by the same principal, or is asked now.
 */
export function keepContent(
  open: OpenRepository,
  { now, crypto }: Pick<Ports, "now"> & { readonly crypto: Pick<CryptoProvider, "digest"> },
  { maxBytes = MAX_KEPT_CONTENT_BYTES, outside }: KeepOptions = {},
): OpenRepository {
  const manifests = createContentStore<Manifest>(maxBytes / 2, ({ bytes }) => bytes.length);
  const blobs = createContentStore<Uint8Array>(maxBytes / 2, (bytes) => bytes.length);
  const tags = createPointerStore<Descriptor>(now, POINTER_LIFETIME_MILLISECONDS, MAX_KEPT_POINTERS);
  const digests = createPointerStore<Descriptor>(now, LIST_LIFETIME_MILLISECONDS, MAX_KEPT_POINTERS);
  const lists = createPointerStore<ReferrerList>(
    now,
    LIST_LIFETIME_MILLISECONDS,
    MAX_KEPT_REFERRERS,
    ({ referrers }) => referrers.length + 1,
  );

  /** From outside, where it is what its descriptor says. */
  const find = async (key: string, { digest, size }: Descriptor): Promise<Uint8Array | undefined> => {
    if (outside === undefined || size > MAX_KEPT_ITEM_BYTES) return undefined;
    const bytes = await outside.get(key).catch(() => undefined);
    return bytes !== undefined && bytes.length === size && await matchDigest(crypto, bytes, digest) ? bytes : undefined;
  };
  const keepOutside = async (key: string, bytes: Uint8Array): Promise<void> => {
    if (outside === undefined || bytes.length > MAX_KEPT_ITEM_BYTES) return;
    await outside.set(key, bytes, OUTSIDE_LIFETIME_SECONDS).catch(() => {});
  };

  return (reference, options) => {
    const repository = open(reference, options);
    const principal = principalOnce(repository);
    const name = repositoryName(reference);
    /** Names what is kept for whom: `undefined` where that cannot be told, and the registry says why. */
    const keyOf = async (what: string, call: CallOptions): Promise<string | undefined> => {
      const identity = await principal(call).catch(() => undefined);
      return identity === undefined ? undefined : `${identity} ${name} ${what}`;
    };
    const contentKey = async (kind: string, { digest, size, mediaType }: Descriptor, call: CallOptions) =>
      await keyOf(`${kind} ${digest} ${size} ${mediaType}`, call);
    const kept: Repository = {
      name: repository.name,
      principal,
      async resolve(tagOrDigest, options) {
        const key = await keyOf(tagOrDigest, options);
        const known = (isDigest(tagOrDigest) ? digests : tags).get(key);
        if (known !== undefined) return known;
        const descriptor = await repository.resolve(tagOrDigest, options);
        if (!isDigest(tagOrDigest)) tags.put(key, descriptor);
        // What a tag was just found to name is known under its digest too.
        digests.put(await keyOf(descriptor.digest, options), descriptor);
        return descriptor;
      },
      async fetchManifest(descriptor, options) {
        const key = await contentKey("manifest", descriptor, options);
        const known = manifests.get(key);
        if (known !== undefined || key === undefined) {
          return known ?? await repository.fetchManifest(descriptor, options);
        }
        const found = readKept(await find(key, descriptor), descriptor);
        if (found !== undefined) return manifests.put(key, found);
        const manifest = await repository.fetchManifest(descriptor, options);
        await keepOutside(key, manifest.bytes);
        return manifests.put(key, manifest);
      },
      async fetchBlob(descriptor, options) {
        const key = await contentKey("blob", descriptor, options);
        const known = blobs.get(key);
        if (known !== undefined && known.length <= options.maxBytes) return known;
        // What is too large is refused by the repository, in its words.
        const bytes = key === undefined || descriptor.size > options.maxBytes ? undefined : await find(key, descriptor);
        if (key !== undefined && bytes !== undefined) return blobs.put(key, bytes);
        const fetched = await repository.fetchBlob(descriptor, options);
        if (key === undefined) return fetched;
        await keepOutside(key, fetched);
        return blobs.put(key, fetched);
      },
      async listReferrers(subject, options) {
        const key = await keyOf(`${subject.digest} ${options.artifactType ?? ""}`, options);
        const known = options.everywhere === true ? undefined : lists.get(key);
        if (known !== undefined) return known;
        const list = await repository.listReferrers(subject, options);
        if (list.referrers.length > 0) lists.put(key, list);
        return list;
      },
    };
    return kept;
  };
}

/** What cannot be read is asked of the registry, which has the words for what is wrong with it. */
function readKept(bytes: Uint8Array | undefined, { mediaType }: Descriptor): Manifest | undefined {
  try {
    return bytes === undefined ? undefined : readManifest(bytes, mediaType);
  } catch {
    return undefined;
  }
}

/** Who asks a repository, found out once: what takes long, or fails, is not waited for with each question. */
function principalOnce(repository: Repository): (call: CallOptions) => Promise<string> {
  let found: Promise<string> | undefined;
  return (call) => found ??= principalOf(repository, call);
}

/** Items by key, bounded in bytes; a map's own order is the order of use. */
function createContentStore<T>(maxBytes: number, sizeOf: (item: T) => number) {
  const items = new Map<string, T>();
  let bytes = 0;
  const drop = (key: string, item: T) => {
    items.delete(key);
    bytes -= sizeOf(item) + ITEM_OVERHEAD_BYTES;
  };
  return {
    get(key: string | undefined): T | undefined {
      const item = key === undefined ? undefined : items.get(key);
      if (key === undefined || item === undefined) return undefined;
      items.delete(key);
      items.set(key, item);
      return item;
    },
    put(key: string, item: T): T {
      if (sizeOf(item) > MAX_KEPT_ITEM_BYTES) return item;
      const before = items.get(key);
      if (before !== undefined) drop(key, before);
      items.set(key, item);
      bytes += sizeOf(item) + ITEM_OVERHEAD_BYTES;
      for (const [oldest, old] of items) {
        if (bytes <= maxBytes) break;
        drop(oldest, old);
      }
      return item;
    },
  };
}

/** What is believed for a while, bounded in its weight; what came first goes first. */
function createPointerStore<T>(
  now: Ports["now"],
  lifetimeMilliseconds: number,
  maxWeight: number,
  weightOf: (value: T) => number = () => 1,
) {
  const pointers = new Map<string, Pointer<T>>();
  let weight = 0;
  const isAlive = ({ until }: Pointer<T>) => {
    const left = until - now().getTime();
    // A clock that was set back must not make a pointer live longer.
    return left > 0 && left <= lifetimeMilliseconds;
  };
  const drop = (key: string): void => {
    const pointer = pointers.get(key);
    if (pointer === undefined) return;
    pointers.delete(key);
    weight -= weightOf(pointer.value);
  };
  return {
    get(key: string | undefined): T | undefined {
      const pointer = key === undefined ? undefined : pointers.get(key);
      if (key === undefined || pointer === undefined) return undefined;
      if (isAlive(pointer)) return pointer.value;
      drop(key);
      return undefined;
    },
    put(key: string | undefined, value: T): void {
      if (key === undefined) return;
      drop(key);
      pointers.set(key, { value, until: now().getTime() + lifetimeMilliseconds });
      weight += weightOf(value);
      // Lists may be large: what is over goes as soon as something comes, and the oldest stand first.
      for (const [oldest, pointer] of pointers) {
        if (weight <= maxWeight && isAlive(pointer)) break;
        drop(oldest);
      }
    },
  };
}
