/**
 * Repositories that keep what they were told: content by digest as long as there is room, and what may change (the
 * descriptor of a tag, a list of referrers) for a moment. For one principal: everything kept was fetched with the same
 * credentials.
 */
import type { Ports } from "../ports.ts";
import { isDigest } from "../crypto/mod.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Manifest } from "./manifest.ts";
import { repositoryName } from "./reference.ts";
import type { OpenRepository, ReferrerList, Repository } from "./repository.ts";

/** Most bytes of manifests and blobs kept; the least recently used go first. */
export const MAX_KEPT_CONTENT_BYTES = 64 * 1024 * 1024;
/** Largest manifest or blob kept. */
export const MAX_KEPT_ITEM_BYTES = 1024 * 1024;
/** Most tags and lists kept. */
export const MAX_KEPT_POINTERS = 10_000;
/** How long a tag's descriptor and a list of referrers are believed. */
export const POINTER_LIFETIME_MILLISECONDS = 2_000;

/** What one kept item is counted as beside its bytes, so that empty ones are bounded too. */
const ITEM_OVERHEAD_BYTES = 512;

interface Pointer<T> {
  readonly value: T;
  readonly until: number;
}

/**
 * Makes every repository of `open` keep what it was told. A failure is never kept, and neither is an empty list of
 * referrers; a list asked for `everywhere`, on the way to a refusal, is always asked anew.
 *
 * @param open Repositories asked with one principal's credentials only.
 */
export function keepContent(open: OpenRepository, { now }: Pick<Ports, "now">): OpenRepository {
  const half = MAX_KEPT_CONTENT_BYTES / 2;
  const manifests = createContentStore<Manifest>(half, ({ bytes }) => bytes.length);
  const blobs = createContentStore<Uint8Array>(half, (bytes) => bytes.length);
  const descriptors = createPointerStore<Descriptor>(now);
  const lists = createPointerStore<ReferrerList>(now);

  return (reference, options) => {
    const repository = open(reference, options);
    // Fetched with the credentials of somebody else: what was kept may not be theirs to see.
    if (options?.credentials !== undefined) return repository;
    const name = repositoryName(reference);
    const keyOf = (descriptor: Descriptor) => `${name}@${descriptor.digest} ${descriptor.size} ${descriptor.mediaType}`;
    const kept: Repository = {
      name: repository.name,
      async resolve(tagOrDigest, options) {
        const key = `${name} ${tagOrDigest}`;
        const known = descriptors.get(key);
        if (known !== undefined) return known;
        const descriptor = await repository.resolve(tagOrDigest, options);
        descriptors.put(key, descriptor);
        // What a tag was just found to name is known under its digest too.
        if (!isDigest(tagOrDigest)) descriptors.put(`${name} ${descriptor.digest}`, descriptor);
        return descriptor;
      },
      async fetchManifest(descriptor, options) {
        const key = keyOf(descriptor);
        return manifests.get(key) ?? manifests.put(key, await repository.fetchManifest(descriptor, options));
      },
      async fetchBlob(descriptor, options) {
        const key = keyOf(descriptor);
        const known = blobs.get(key);
        if (known !== undefined && known.length <= options.maxBytes) return known;
        return blobs.put(key, await repository.fetchBlob(descriptor, options));
      },
      async listReferrers(subject, options) {
        const key = `${name} ${subject.digest} ${options.artifactType ?? ""}`;
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

/** Items by key, bounded in bytes; a map's own order is the order of use. */
function createContentStore<T>(maxBytes: number, sizeOf: (item: T) => number) {
  const items = new Map<string, T>();
  let bytes = 0;
  const drop = (key: string, item: T) => {
    items.delete(key);
    bytes -= sizeOf(item) + ITEM_OVERHEAD_BYTES;
  };
  return {
    get(key: string): T | undefined {
      const item = items.get(key);
      if (item === undefined) return undefined;
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

function createPointerStore<T>(now: Ports["now"]) {
  const pointers = new Map<string, Pointer<T>>();
  const isAlive = ({ until }: Pointer<T>) => {
    const left = until - now().getTime();
    // A clock that was set back must not make a pointer live longer.
    return left > 0 && left <= POINTER_LIFETIME_MILLISECONDS;
  };
  return {
    get(key: string): T | undefined {
      const pointer = pointers.get(key);
      if (pointer === undefined) return undefined;
      if (isAlive(pointer)) return pointer.value;
      pointers.delete(key);
      return undefined;
    },
    put(key: string, value: T): void {
      pointers.delete(key);
      pointers.set(key, { value, until: now().getTime() + POINTER_LIFETIME_MILLISECONDS });
      // Lists may be large: what is over goes as soon as something comes, and the oldest stand first.
      for (const [oldest, pointer] of pointers) {
        if (pointers.size <= MAX_KEPT_POINTERS && isAlive(pointer)) break;
        pointers.delete(oldest);
      }
    },
  };
}
