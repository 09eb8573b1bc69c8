/** The fixtures' repositories in memory, with a count of what is asked and ways to make them fail. */
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { UnavailableError } from "../../../src/errors.ts";
import {
  openLayout,
  type OpenRepository,
  readLayout,
  type Reference,
  type Repository,
  repositoryName,
} from "../../../src/oci/mod.ts";
import {
  type CompiledPolicy,
  type Decision,
  evaluate,
  type EvaluateOptions,
  type PolicyRequest,
} from "../../../src/policy/mod.ts";
import { files } from "../../../src/runtime/files.ts";
import { fixture } from "./policies.ts";

export const crypto = createWebCryptoProvider();

/** When the fixtures are judged, unless a test says otherwise. */
export const NOW = new Date("2027-01-01T00:00:00Z");

/** What may be asked of a repository, in order: `resolve ghcr.io/kyverno/test-verify-image signed`. */
export type Asked = string[];

/** Registries of a test. */
export interface World {
  readonly open: OpenRepository;
  readonly asked: Asked;
}

type Layouts = ReadonlyMap<string, OpenRepository>;
let layouts: Promise<Layouts> | undefined;

async function readLayouts(): Promise<Layouts> {
  const rows = JSON.parse(fixture("repositories.json")) as readonly {
    readonly name: string;
    readonly layout: string;
  }[];
  const read = rows.map(async ({ name, layout }) => {
    const folder = new URL(`../../fixtures/layouts/${layout}`, import.meta.url).pathname;
    return [name, openLayout(await readLayout({ files, folder }, crypto), crypto)] as const;
  });
  return new Map(await Promise.all(read));
}

/**
 * Opens the fixtures' repositories.
 *
 * @param change Stands between a test and a repository.
 */
export async function createWorld(
  change: (repository: Repository) => Partial<Repository> = () => ({}),
): Promise<World> {
  const known = await (layouts ??= readLayouts());
  const asked: Asked = [];
  const open = (reference: Reference): Repository => {
    const name = repositoryName(reference);
    const repository = known.get(name)?.(reference) ?? absent(name);
    const real: Repository = {
      name,
      resolve: (target, options) => repository.resolve(target, options),
      fetchManifest: (descriptor, options) => repository.fetchManifest(descriptor, options),
      fetchBlob: (descriptor, options) => repository.fetchBlob(descriptor, options),
      listReferrers: (subject, options) => repository.listReferrers(subject, options),
    };
    const changed = { ...real, ...change(real) };
    return {
      name,
      resolve: (target, options) => (asked.push(`resolve ${name} ${target}`), changed.resolve(target, options)),
      fetchManifest: (
        one,
        options,
      ) => (asked.push(`manifest ${name} ${one.digest}`), changed.fetchManifest(one, options)),
      fetchBlob: (one, options) => (asked.push(`blob ${name} ${one.digest}`), changed.fetchBlob(one, options)),
      listReferrers: (
        one,
        options,
      ) => (asked.push(`referrers ${name} ${one.digest}`), changed.listReferrers(one, options)),
    };
  };
  return { open, asked };
}

function absent(name: string): Repository {
  const fail = () => Promise.reject(new UnavailableError("ERR_REGISTRY_NOT_FOUND", `Cannot find "${name}"`));
  return { name, resolve: fail, fetchManifest: fail, fetchBlob: fail, listReferrers: fail };
}

/** Evaluates a request in a world. */
export async function ask(
  world: World,
  policies: readonly CompiledPolicy[],
  request: PolicyRequest,
  options: Partial<EvaluateOptions> = {},
): Promise<Decision> {
  return await evaluate(policies, request, {
    ports: { open: world.open, crypto, now: () => NOW },
    phase: "mutate",
    signal: new AbortController().signal,
    ...options,
  });
}

interface ImageRow {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** Digest of a tag of the fixtures. */
export function digestOf(image: string): string {
  const rows = JSON.parse(fixture("images.json")) as readonly ImageRow[];
  const row = rows.find(({ repository, tag }) => `${repository}:${tag}` === image);
  if (row === undefined) throw new Error(`no fixture ${image}`);
  return row.digest;
}
