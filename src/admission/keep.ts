/**
 * What a webhook keeps from one request to the next: content by its digest, and facts of signatures; never a decision.
 */
import { createMemoryCache, createTieredCache, type SealedCache } from "../cache/mod.ts";
import { createEvidenceStore } from "../notary/mod.ts";
import { keepContent } from "../oci/mod.ts";
import type { PolicyPorts } from "../policy/mod.ts";
import type { Cache } from "../ports.ts";

/** Bytes of memory for content and facts together, unless told otherwise. */
export const DEFAULT_CACHE_MEMORY_BYTES: number = 80 * 1024 * 1024;

/** Bytes of memory that can be asked for, at least and at most. */
export const MIN_CACHE_MEMORY_BYTES: number = 1024 * 1024;
export const MAX_CACHE_MEMORY_BYTES: number = 16 * 1024 * 1024 * 1024;

/** The part of the memory that is for content: facts are small. */
const CONTENT_PART = 0.8;

/** How things are kept between requests. */
export interface KeepingOptions {
  /** How the facts of verified signatures are kept: in this process, for an hour, when left out. */
  readonly evidence?: EvidenceOptions;
  /** Where content and facts are kept: in this process alone when left out. */
  readonly cache?: CacheOptions;
}

/** How the facts of verified signatures are kept; never a decision. */
export interface EvidenceOptions {
  /** Seconds after which a signature is proven anew, at the latest; 0 keeps nothing. */
  readonly maxAgeSeconds?: number;
  /**
   * What else decides and may differ between those who share a store: facts found with other settings are not believed.
   */
  readonly settings?: string;
  /** Where they are kept: nobody but this endpoint may write there. */
  readonly cache?: Cache;
}

/** Where content and facts are kept. */
export interface CacheOptions {
  /** {@link DEFAULT_CACHE_MEMORY_BYTES} when left out. */
  readonly memoryBytes?: number;
  /** A store behind this process's memory that other processes share. */
  readonly outside?: SealedCache;
}

/** The same images come again and again: makes what was fetched and found for one review serve the next. */
export function keepBetweenRequests<Given extends PolicyPorts>(
  ports: Given,
  { evidence = {}, cache = {} }: KeepingOptions,
): Given {
  const { memoryBytes = DEFAULT_CACHE_MEMORY_BYTES, outside } = cache;
  const contentBytes = Math.floor(memoryBytes * CONTENT_PART);
  const keeping = {
    ...ports,
    open: keepContent(ports.open, ports, {
      maxBytes: contentBytes,
      ...(outside === undefined ? {} : { outside }),
    }),
  };
  if (evidence.maxAgeSeconds === 0) return keeping;
  const memory = createMemoryCache(ports, { maxBytes: memoryBytes - contentBytes });
  const facts = evidence.cache ?? (outside === undefined ? memory : createTieredCache(memory, outside));
  const store = createEvidenceStore(facts, ports, {
    settings: (ports.revocation === undefined ? "nobody is asked about revocation" : "") + (evidence.settings ?? ""),
    ...(evidence.maxAgeSeconds === undefined ? {} : { maxAgeSeconds: evidence.maxAgeSeconds }),
  });
  return { ...keeping, evidence: store };
}
