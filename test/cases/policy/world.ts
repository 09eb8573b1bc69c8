/** The fixtures' repositories in memory, with a count of what is asked and ways to make them fail. */
import { expect } from "vitest";
import { createMemoryCache, createOutsideCache, createTieredCache } from "../../../src/cache/mod.ts";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { UnavailableError } from "../../../src/errors.ts";
import { createEvidenceStore } from "../../../src/notary/mod.ts";
import {
  keepContent,
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
import type { OutsideStore } from "../../../src/ports.ts";
import { files } from "../../../src/runtime/files.ts";
import { sleep } from "../../../src/runtime/web.ts";
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
  /** Set where an answer depends on how often something was asked: then nothing is asked twice. */
  readonly once?: true;
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

/**
 * Evaluates a request in a world; and again with evidence, first to be kept and then kept, then with what a process
 * kept outside of itself: each time the decision is the same, or the test fails.
 */
export async function ask(
  world: World,
  policies: readonly CompiledPolicy[],
  request: PolicyRequest,
  options: Partial<EvaluateOptions> = {},
): Promise<Decision> {
  const complete: EvaluateOptions = {
    ports: { open: world.open, crypto, now: () => NOW },
    phase: "mutate",
    signal: new AbortController().signal,
    ...options,
  };
  const decision = await evaluate(policies, request, complete);
  if (world.once === undefined && !complete.signal.aborted) {
    await expectSame(decision, world, policies, request, complete);
  }
  return decision;
}

async function expectSame(
  decision: Decision,
  { asked }: World,
  policies: readonly CompiledPolicy[],
  request: PolicyRequest,
  options: EvaluateOptions,
): Promise<void> {
  const { ports } = options;
  const cluster = ports.cluster as { readonly asked?: string[] } | undefined;
  const lists = [asked, ...(cluster?.asked === undefined ? [] : [cluster.asked])];
  const lengths = lists.map(({ length }) => length);
  const evidence = createEvidenceStore(createMemoryCache(ports), ports);
  for (const visit of ["cold", "warm"]) {
    const again = await evaluate(policies, request, { ...options, ports: { ...ports, evidence } });
    expect(withoutAge(again), `the decision with ${visit} evidence`).toEqual(withoutAge(decision));
  }
  const outside = createStore(ports);
  for (const visit of ["filling", "using", "using a poisoned"]) {
    const memory = createMemoryCache(ports);
    const kept = {
      ...ports,
      open: keepContent(ports.open, ports, { outside: outside.cache }),
      evidence: createEvidenceStore(createTieredCache(memory, outside.cache), ports),
    };
    const again = await evaluate(policies, request, { ...options, ports: kept });
    expect(withoutAge(again), `the decision ${visit} store`).toEqual(withoutAge(decision));
    if (visit === "using") outside.poison();
  }
  // What is asked in between is nobody's question.
  for (const [index, list] of lists.entries()) list.length = lengths[index] ?? 0;
}

/** A store outside of the process, sealed, whose entries can be put under one another's names. */
function createStore(ports: { readonly now: () => Date }) {
  const entries = new Map<string, Uint8Array>();
  const store: OutsideStore = {
    name: "a map",
    get: (key) => Promise.resolve(entries.get(key)),
    set: (key, bytes) => Promise.resolve(void entries.set(key, bytes)),
    close: () => Promise.resolve(),
  };
  const cache = createOutsideCache(store, { ...ports, sleep, log: () => {} }, { keys: [new Uint8Array(32)] });
  const poison = () => {
    const values = [...entries.values()];
    for (const [index, name] of [...entries.keys()].entries()) {
      const value = values[(index + 1) % values.length] ?? new Uint8Array();
      entries.set(name, values.length > 1 ? value : value.slice(1));
    }
  };
  return { cache, poison };
}

/** A decision but for how long its facts have been kept. */
function withoutAge(decision: Decision): unknown {
  return JSON.parse(JSON.stringify(decision, (key, value: unknown) => key === "keptSince" ? undefined : value));
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
