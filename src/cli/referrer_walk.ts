/** Referrers of referrers, level by level down, cycles cut and everything bounded. */
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

/**
 * Collects everything that refers to an artifact, depth first and in the registry's order. What was expanded once is
 * shown again where it comes again, but not expanded a second time.
 *
 * @throws {MalformedError} `ERR_TOO_LARGE` beyond {@link MAX_TREE_REFERRERS} or {@link MAX_TREE_DEPTH}.
 * @throws {UnsupportedError} `ERR_REGISTRY_RESPONSE` when only the referrers API was to be asked and there is none.
 */
export async function collectReferrers(root: Descriptor, source: ReferrersSource): Promise<ReferrerTree> {
  const expanded = new Set<Digest>();
  let found = 0;
  const expand = async (descriptor: Descriptor, level: number): Promise<ReferrerTree> => {
    if (level > source.depth || expanded.has(descriptor.digest)) return { descriptor, referrers: [] };
    expanded.add(descriptor.digest);
    const direct = await listDirect(descriptor, source);
    found += direct.length;
    if (found > MAX_TREE_REFERRERS) throw tooLarge(`more than ${MAX_TREE_REFERRERS} referrers`);
    if (direct.length > 0 && level > MAX_TREE_DEPTH) throw tooLarge(`more than ${MAX_TREE_DEPTH} levels of referrers`);
    const referrers: ReferrerTree[] = [];
    for (const referrer of direct) referrers.push(await expand(referrer, level + 1));
    return { descriptor, referrers };
  };
  return await expand(root, 1);
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
