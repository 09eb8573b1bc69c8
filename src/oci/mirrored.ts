/**
 * A repository with mirrors before it: each is asked in its turn, and what it does not have, or cannot say, the next is
 * asked for, and in the end the registry itself. Content has a digest, so it does not matter who gives it; of a tag the
 * first answer counts, and from there on its digest.
 */
import { printable } from "../encoding/mod.ts";
import { EngineError, type ErrorCode } from "../errors.ts";
import type { CallOptions } from "../http/mod.ts";
import type { Ports } from "../ports.ts";
import type { Referrer, ReferrerList, Repository } from "./repository.ts";

/** How long a mirror has for one answer, before the next is asked: a mirror is there to be faster. */
export const MIRROR_PATIENCE_MILLISECONDS = 2_200;

/** How long a mirror that did not answer is left alone. */
export const MIRROR_REST_SECONDS = 30;

/** Most mirrors that are remembered as left alone; the oldest go first. */
export const MAX_RESTING_MIRRORS = 1_000;

/** A mirror, opened for one repository. */
export interface Mirror {
  /** Where it is, which also names it. */
  readonly url: string;
  readonly repository: Repository;
}

/** Which mirrors are left alone for a while. */
export interface MirrorRests {
  readonly isResting: (url: string) => boolean;
  readonly rest: (url: string) => void;
}

/** A memory of {@link MirrorRests} for all repositories of one client. */
export function createMirrorRests({ now }: Pick<Ports, "now">): MirrorRests {
  const until = new Map<string, number>();
  return {
    isResting: (url) => now().getTime() < (until.get(url) ?? 0),
    rest: (url) => {
      until.delete(url);
      until.set(url, now().getTime() + MIRROR_REST_SECONDS * 1000);
      const [oldest] = until.keys();
      if (until.size > MAX_RESTING_MIRRORS && oldest !== undefined) until.delete(oldest);
    },
  };
}

/** What a mirror may answer so that the next is asked. Content that is not what it should be is not among them. */
const NEXT: ReadonlySet<ErrorCode> = new Set([
  "ERR_DEADLINE",
  "ERR_REGISTRY_LIMITED",
  "ERR_REGISTRY_NOT_FOUND",
  "ERR_REGISTRY_RESPONSE",
  "ERR_REGISTRY_TLS",
  "ERR_REGISTRY_UNAUTHORIZED",
  "ERR_REGISTRY_UNAVAILABLE",
]);

/** What says that a mirror need not be asked again for a while. */
const DOWN: ReadonlySet<ErrorCode> = new Set([
  "ERR_DEADLINE",
  "ERR_REGISTRY_LIMITED",
  "ERR_REGISTRY_TLS",
  "ERR_REGISTRY_UNAVAILABLE",
]);

type Ask<Value> = (repository: Repository, call: CallOptions) => Promise<Value>;

/**
 * Puts mirrors before a registry.
 *
 * @param mirrors In the order in which they are asked.
 * @param origin The registry itself, whose word about what there is not counts in the end.
 */
export function openMirrored(
  mirrors: readonly Mirror[],
  origin: Repository,
  rests: MirrorRests,
  ports: Pick<Ports, "now" | "sleep">,
): Repository {
  /** What a mirror gives, or why it gives nothing. */
  async function tryMirror<Value>(
    { url, repository }: Mirror,
    call: CallOptions,
    ask: Ask<Value>,
  ): Promise<{ readonly value: Value } | { readonly reason: string }> {
    if (rests.isResting(url)) return { reason: `${printable(url)} did not answer a short while ago` };
    try {
      return { value: await withPatience(call, ports, (bounded) => ask(repository, bounded)) };
    } catch (thrown) {
      if (call.signal.aborted || !(thrown instanceof EngineError) || !NEXT.has(thrown.code)) throw thrown;
      if (DOWN.has(thrown.code)) rests.rest(url);
      return { reason: `${printable(url)}: ${thrown.code}` };
    }
  }

  async function first<Value>(call: CallOptions, ask: Ask<Value>): Promise<Value> {
    const reasons: string[] = [];
    for (const mirror of mirrors) {
      const tried = await tryMirror(mirror, call, ask);
      if ("value" in tried) return tried.value;
      reasons.push(tried.reason);
    }
    return await ask(origin, call).catch((thrown: unknown) => {
      throw afterMirrors(thrown, reasons);
    });
  }

  return {
    name: origin.name,
    // What is given may be a mirror's or the registry's: it is for whoever asks all of them so.
    principal: async (call) =>
      (await Promise.all([...mirrors.map(({ repository }) => repository), origin].map((one) => one.principal?.(call))))
        .join(" "),
    resolve: (tagOrDigest, call) => first(call, (repository, bounded) => repository.resolve(tagOrDigest, bounded)),
    fetchManifest: (descriptor, call) =>
      first(call, (repository, bounded) => repository.fetchManifest(descriptor, bounded)),
    fetchBlob: (descriptor, { maxBytes, ...call }) =>
      first(call, (repository, bounded) => repository.fetchBlob(descriptor, { ...bounded, maxBytes })),
    async listReferrers(subject, { artifactType, everywhere = false, ...call }) {
      const narrowed = artifactType === undefined ? { everywhere } : { artifactType, everywhere };
      const ask: Ask<ReferrerList> = (repository, bounded) =>
        repository.listReferrers(subject, { ...narrowed, ...bounded });
      const lists: ReferrerList[] = [];
      const reasons: string[] = [];
      for (const mirror of mirrors) {
        const tried = await tryMirror(mirror, call, ask);
        if ("reason" in tried) {
          reasons.push(tried.reason);
          continue;
        }
        const list = { ...tried.value, asked: at(mirror.url, tried.value) };
        lists.push(list);
        // A mirror may know some of them only: whoever refuses by this list asks everywhere before.
        if (!everywhere && list.referrers.length > 0) return { ...list, elsewhere: true };
      }
      const own = await ask(origin, call).catch((thrown: unknown) => {
        throw afterMirrors(thrown, reasons);
      });
      return unite([...lists, own]);
    },
  };
}

function at(url: string, { asked }: ReferrerList): ReferrerList["asked"] {
  return asked.map((one) => ({ ...one, place: `${url} ${one.place}` }));
}

/** Every referrer once, by whichever ways it was found. */
function unite(lists: readonly ReferrerList[]): ReferrerList {
  const referrers = new Map<string, Referrer>();
  for (const referrer of lists.flatMap((list) => list.referrers)) {
    const known = referrers.get(referrer.descriptor.digest);
    const ways = [...new Set([...(known?.ways ?? []), ...referrer.ways])];
    referrers.set(referrer.descriptor.digest, known === undefined ? referrer : { ...known, ways });
  }
  return { referrers: [...referrers.values()], asked: lists.flatMap(({ asked }) => asked) };
}

/** The registry's own error, and what came of the mirrors before it. */
function afterMirrors(thrown: unknown, reasons: readonly string[]): unknown {
  if (!(thrown instanceof EngineError) || reasons.length === 0) return thrown;
  const Class = thrown.constructor as new (...parameters: ConstructorParameters<typeof EngineError>) => EngineError;
  return new Class(thrown.code, `${thrown.message} (mirrors asked before: ${reasons.join("; ")})`, { cause: thrown });
}

/** Work under the caller's deadline, or a shorter one. */
async function withPatience<Value>(
  { signal, budget }: CallOptions,
  { now, sleep }: Pick<Ports, "now" | "sleep">,
  work: (call: CallOptions) => Promise<Value>,
): Promise<Value> {
  const hurry = new AbortController();
  const done = new AbortController();
  const stop = () => hurry.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  sleep(MIRROR_PATIENCE_MILLISECONDS, done.signal).then(
    () => hurry.abort(new DOMException("the mirror took too long", "TimeoutError")),
    () => {},
  );
  const patience = new Date(now().getTime() + MIRROR_PATIENCE_MILLISECONDS);
  const endsAt = budget?.endsAt !== undefined && budget.endsAt < patience ? budget.endsAt : patience;
  try {
    signal.throwIfAborted();
    return await work({ signal: hurry.signal, ...(budget === undefined ? {} : { budget: { ...budget, endsAt } }) });
  } finally {
    done.abort();
    signal.removeEventListener("abort", stop);
  }
}
