/** Answers kept in memory, as long as they say they may be and no longer than we say (RFC 6960, section 2.4). */

/** Bytes of OCSP responses kept at most; what was not asked for longest goes first. */
export const MAX_KEPT_OCSP_BYTES = 4 * 1024 * 1024;
/** Bytes of CRLs kept at most, likewise. */
export const MAX_KEPT_CRL_BYTES = 64 * 1024 * 1024;
/** How long an answer is kept at most, so that a new revocation is seen even while an old answer may be believed. */
export const MAX_KEPT_SECONDS = 3600;

/** What one answer counts beside its bytes, so that small ones are bounded too. */
const ANSWER_OVERHEAD_BYTES = 512;

/** A bounded memory of answers by where they came from. */
export interface KeptAnswers<Answer> {
  /** @returns `undefined` when there is none, or its time is over. */
  readonly get: (key: string, at: Date) => Answer | undefined;
  /** @param until The answer's own `nextUpdate`. */
  readonly put: (key: string, answer: Answer, bytes: number, at: Date, until: Date) => void;
}

interface Kept<Answer> {
  readonly answer: Answer;
  readonly size: number;
  readonly since: number;
  readonly until: number;
}

/** Makes an empty memory of at most so many bytes. */
export function createKeptAnswers<Answer>(maxBytes: number): KeptAnswers<Answer> {
  // A map's own order is the order of use.
  const kept = new Map<string, Kept<Answer>>();
  let total = 0;
  const drop = (key: string): Kept<Answer> | undefined => {
    const old = kept.get(key);
    if (old === undefined) return undefined;
    kept.delete(key);
    total -= old.size;
    return old;
  };
  const add = (key: string, entry: Kept<Answer>): void => {
    kept.set(key, entry);
    total += entry.size;
  };
  return {
    get(key, at) {
      const entry = drop(key);
      // A clock that was set back must not make an answer live longer.
      if (entry === undefined || at.getTime() < entry.since || at.getTime() >= entry.until) return undefined;
      add(key, entry);
      return entry.answer;
    },
    put(key, answer, bytes, at, until) {
      drop(key);
      const size = bytes + ANSWER_OVERHEAD_BYTES;
      const since = at.getTime();
      if (size > maxBytes || until <= at) return;
      add(key, { answer, size, since, until: Math.min(until.getTime(), since + MAX_KEPT_SECONDS * 1000) });
      for (const oldest of kept.keys()) {
        if (total <= maxBytes) break;
        drop(oldest);
      }
    },
  };
}
