/** Referrers of referrers, level by level, cycles cut and everything bounded. */
import { MalformedError, UnsupportedError } from "../errors.ts";
import type { CallOptions, Descriptor, Digest, ReferrersWay, Repository } from "../oci/mod.ts";
import type { ReferrerTree } from "./render/referrers.ts";

/** Referrers one tree may have on all its levels together. */
export const MAX_TREE_REFERRERS = 10_000;

/** Levels of referrers; whoever may push can make them without end. */
export const MAX_TREE_DEPTH = 100;

/** Where referrers are looked for, and which. */
export interface ReferrersSource {
  readonly repository: Repository;
  /** Taken at every level, as oras does: a filter on an SBOM's type hides its signatures. */
  readonly artifactType: string | undefined;
  /** One way alone, or both united. */
  readonly way: Extract<ReferrersWay, "referrers-api" | "referrers-tag"> | undefined;
  /** Levels to look at, from 1. */
  readonly depth: number;
  readonly call: CallOptions;
}

/** Artifacts asked about at the same time. */
const PARALLEL_QUESTIONS = 6;

/**
 * Collects everything that refers to an artifact, in the registry's order. What was expanded once is shown again where
 * it comes again, but not expanded a second time.
 *
 * A level is asked about at once, and each artifact once: a tree takes as many rounds as it has levels.
 *
 * @throws {MalformedError} `ERR_TOO_LARGE` beyond {@link MAX_TREE_REFERRERS} or {@link MAX_TREE_DEPTH}.
 * @throws {UnsupportedError} `ERR_REGISTRY_RESPONSE` when only the referrers API was to be asked and there is none.
 */
export async function collectReferrers(root: Descriptor, source: ReferrersSource): Promise<ReferrerTree> {
  const direct = await askByLevel(root, source);
  const expanded = new Set<Digest>();
  const expand = (descriptor: Descriptor, level: number): ReferrerTree => {
    if (level > source.depth || expanded.has(descriptor.digest)) return { descriptor, referrers: [] };
    expanded.add(descriptor.digest);
    const found = direct.get(descriptor.digest) ?? [];
    // Depth first a path may be longer than the shortest one, by which it was found.
    requireDepth(level, found);
    return { descriptor, referrers: found.map((referrer) => expand(referrer, level + 1)) };
  };
  return expand(root, 1);
}

/** The referrers of everything that can be reached, by its digest. */
async function askByLevel(
  root: Descriptor,
  source: ReferrersSource,
): Promise<ReadonlyMap<Digest, readonly Descriptor[]>> {
  const direct = new Map<Digest, readonly Descriptor[]>();
  let found = 0;
  let asked: readonly Descriptor[] = [root];
  for (let level = 1; asked.length > 0 && level <= source.depth; level++) {
    const waiting = asked.values();
    const askNext = async () => {
      for (const descriptor of waiting) {
        const referrers = await listDirect(descriptor, source);
        found += referrers.length;
        if (found > MAX_TREE_REFERRERS) throw tooLarge(`more than ${MAX_TREE_REFERRERS} referrers`);
        requireDepth(level, referrers);
        direct.set(descriptor.digest, referrers);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_QUESTIONS }, askNext));
    const next = new Map<Digest, Descriptor>();
    for (const { digest } of asked) {
      for (const referrer of direct.get(digest) ?? []) {
        if (!direct.has(referrer.digest)) next.set(referrer.digest, referrer);
      }
    }
    asked = [...next.values()];
  }
  return direct;
}

function requireDepth(level: number, found: readonly Descriptor[]): void {
  if (found.length > 0 && level > MAX_TREE_DEPTH) throw tooLarge(`more than ${MAX_TREE_DEPTH} levels of referrers`);
}

async function listDirect(
  { digest }: Descriptor,
  { repository, artifactType, way, call }: ReferrersSource,
): Promise<readonly Descriptor[]> {
  const everywhere = way === "referrers-tag";
  const options = artifactType === undefined ? { ...call, everywhere } : { ...call, everywhere, artifactType };
  const { referrers, asked } = await repository.listReferrers({ digest }, options);
  if (way === undefined) return referrers.map(({ descriptor }) => descriptor);
  if (way === "referrers-api" && asked.some((place) => place.way === way && place.result === "absent")) {
    throw new UnsupportedError("ERR_REGISTRY_RESPONSE", "failed to query referrers API: unsupported");
  }
  return referrers.filter(({ ways }) => ways.includes(way)).map(({ descriptor }) => descriptor);
}

function tooLarge(what: string): MalformedError {
  return new MalformedError("ERR_TOO_LARGE", `Cannot discover referrers: ${what}, use --depth or --artifact-type`);
}
