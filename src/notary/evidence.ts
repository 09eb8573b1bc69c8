/**
 * The facts of a verified signature, kept so that the same signature need not be proven again: under the envelope's
 * digest, the artifact, whom is trusted and how strictly, the settings and the version of this engine. They end with
 * the first thing they rest on. A refusal is never kept, and what a policy makes of the facts is asked anew each time.
 */
import { decodeUtf8, encodeHex, encodeUtf8, isJsonObject, parseJson } from "../encoding/mod.ts";
import type { Descriptor } from "../oci/mod.ts";
import type { Cache, CryptoProvider, Ports } from "../ports.ts";
import type { RevocationChecker } from "../revocation/mod.ts";
import { type Certificate, fingerprint } from "../x509/mod.ts";
import type { Envelope } from "./envelope/envelope.ts";
import type { Trust } from "./trust/mod.ts";
import { verdict, type VerificationOutcome } from "./verify/outcome.ts";

/** Named in every key: facts found by other versions are not believed. Equal to the package's version. */
export const ENGINE_VERSION = "0.1.0";

/** How long facts are believed at most, unless told otherwise. */
export const MAX_EVIDENCE_AGE_SECONDS = 3_600;

/** What the facts are about. */
export interface EvidenceQuestion {
  /** The envelope's blob. */
  readonly envelope: Descriptor;
  readonly artifact: Descriptor;
  readonly trust: Trust;
  /** With whose credentials both were found: what one principal was shown is not told another. */
  readonly principal: string;
}

/** Facts found before, and a place for new ones. */
export interface EvidenceStore {
  /** @returns The outcome that was kept, marked as such; `undefined` when there is none that still holds. */
  readonly find: (question: EvidenceQuestion) => Promise<VerificationOutcome | undefined>;
  /**
   * Keeps an outcome if it verified and nothing in it is a refusal or a doubt, those that are only logged included;
   * until the first thing it rests on ends.
   */
  readonly keep: (question: EvidenceQuestion, outcome: VerificationOutcome, rests: EvidenceRests) => Promise<void>;
}

/** What facts rest on. */
export interface EvidenceRests {
  readonly envelope: Envelope;
  /** What was learned about revocation, by {@link watchRevocation}. */
  readonly revocation: RevocationWatch;
  /** An instant before the signature was judged: what ended while it was is not taken for over long ago. */
  readonly since: Date;
}

/** How evidence is kept. */
export interface EvidenceSettings {
  /** Seconds after which facts are found anew; {@link MAX_EVIDENCE_AGE_SECONDS} when left out. */
  readonly maxAgeSeconds?: number;
  /** What else decided and differs between those who share the cache, such as how revocation is asked. */
  readonly settings?: string;
}

/** Makes a store over a cache. A cache that fails, or holds what cannot be read back, is as one that holds nothing. */
export function createEvidenceStore(
  cache: Cache,
  { crypto, now }: { readonly crypto: Pick<CryptoProvider, "digest"> } & Pick<Ports, "now">,
  { maxAgeSeconds = MAX_EVIDENCE_AGE_SECONDS, settings = "" }: EvidenceSettings = {},
): EvidenceStore {
  const keyOf = async (question: EvidenceQuestion) => {
    const named = JSON.stringify([
      ENGINE_VERSION,
      settings,
      question.principal,
      identity(question.envelope),
      identity(question.artifact),
      await trustKey(question.trust, crypto),
    ]);
    return `evidence/${encodeHex(await crypto.digest("sha256", encodeUtf8(named)))}`;
  };
  return {
    find: async (question) => {
      const key = await keyOf(question);
      const bytes = await cache.get(key).catch(() => undefined);
      const kept = bytes === undefined ? undefined : read(bytes);
      if (kept === undefined) return undefined;
      const at = now().getTime();
      const until = Math.min(kept.until, kept.since + maxAgeSeconds * 1_000);
      // A clock that was set back knows nothing of what was found after it.
      if (at < kept.since || at >= until) return undefined;
      return { ...kept.outcome, keptSince: new Date(kept.since).toISOString() };
    },
    keep: async (question, outcome, { envelope, revocation, since: from }) => {
      if (outcome.relaxed !== undefined || !isProven(outcome)) return;
      const since = from.getTime();
      const until = Math.min(since + maxAgeSeconds * 1_000, revocation.until(), ...endsOf(envelope, since));
      const lifetime = until - now().getTime();
      if (lifetime <= 0 || until <= since) return;
      const kept: Kept = { since, until, outcome };
      const key = await keyOf(question);
      await cache.set(key, encodeUtf8(JSON.stringify(kept)), lifetime / 1_000).catch(() => undefined);
    },
  };
}

/**
 * Whether all that was asked was answered, and well: what is only logged is found anew, so that the log is of today.
 */
function isProven(outcome: VerificationOutcome): boolean {
  const results = Object.values(outcome.validations).map(({ result }) => result);
  return verdict(outcome) === "verified" && results.every(({ status }) => status === "passed" || status === "skipped");
}

const identity = ({ mediaType, digest, size }: Descriptor) => [mediaType, digest, size];

/** What is written into the cache. */
interface Kept {
  /** Milliseconds of the clock. */
  readonly since: number;
  readonly until: number;
  readonly outcome: VerificationOutcome;
}

function read(bytes: Uint8Array): Kept | undefined {
  try {
    const value = parseJson(decodeUtf8(bytes));
    if (!isJsonObject(value) || !isJsonObject(value["outcome"])) return undefined;
    const { since, until } = value;
    if (typeof since !== "number" || typeof until !== "number") return undefined;
    const outcome = value["outcome"] as unknown as VerificationOutcome;
    return isProven(outcome) ? { since, until, outcome } : undefined;
  } catch {
    // What another hand wrote may be anything: it is no evidence.
    return undefined;
  }
}

/**
 * When what a signature says of itself ends. A certificate that was over before was judged by a timestamp; one that is
 * just ending is still valid, and nothing is kept of it.
 */
function endsOf({ certificateChain, signedAttributes: { expiry } }: Envelope, since: number): readonly number[] {
  const certificates = certificateChain.map(({ notAfter }) => notAfter.getTime()).filter((end) => end >= since);
  return [...certificates, ...(expiry === undefined ? [] : [expiry.instant.getTime()])];
}

const trustKeys = new WeakMap<Trust, Promise<string>>();

/** Names whom is trusted and how strictly, in whatever order it is written, and what reports call it. */
function trustKey(trust: Trust, crypto: Pick<CryptoProvider, "digest">): Promise<string> {
  const known = trustKeys.get(trust);
  if (known !== undefined) return known;
  const key = describeTrust(trust, crypto);
  trustKeys.set(trust, key);
  key.catch(() => trustKeys.delete(trust));
  return key;
}

async function describeTrust(trust: Trust, crypto: Pick<CryptoProvider, "digest">): Promise<string> {
  const { level, trustAnchors: { ca, signingAuthority, tsa }, verifyTimestamp = "always" } = trust;
  const anchors = async (certificates: readonly Certificate[] | undefined) =>
    certificates === undefined
      ? null
      : (await Promise.all(certificates.map((certificate) => fingerprint(certificate, crypto)))).sort();
  return JSON.stringify([
    trust.name,
    Object.entries(level.actions).sort(),
    await anchors(ca),
    await anchors(signingAuthority),
    await anchors(tsa),
    verifyTimestamp,
    trust.trustedIdentities ?? null,
    Object.keys(trust.unusableStores ?? {}).sort(),
  ]);
}

/** What was learned about revocation while one signature was verified. */
export interface RevocationWatch {
  /** Asks what it watches, and takes note; `undefined` when nobody is asked. */
  readonly checker: RevocationChecker | undefined;
  /** Milliseconds of the clock until which everything learned holds; infinite when there was nothing to learn. */
  readonly until: () => number;
}

/** Watches what a checker is told: facts that rest on it end when its answers do, and a doubt is no fact. */
export function watchRevocation(checker: RevocationChecker | undefined): RevocationWatch {
  let until = Number.POSITIVE_INFINITY;
  if (checker === undefined) return { checker, until: () => until };
  return {
    checker: {
      check: async (chain, options) => {
        const found = await checker.check(chain, options);
        for (const { status, answer } of found) {
          if (status === "nonRevokable") continue;
          const end = status === "ok" && answer?.status === "ok" ? answer.nextUpdate.getTime() : 0;
          until = Math.min(until, end);
        }
        return found;
      },
    },
    until: () => until,
  };
}
