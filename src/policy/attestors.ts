/** Attestor sets: `count`, nesting, and the trust each entry implies. */
import type { Refusal } from "../errors.ts";
import { type ArtifactOutcome, STRICT, type Trust } from "../notary/mod.ts";
import type { Digest } from "../oci/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import { atPath } from "./message.ts";

/** Levels of nested attestors a policy may have. */
export const MAX_ATTESTOR_DEPTH = 8;

/** Entries of which at least `count` must be satisfied. */
export interface AttestorSet {
  /** At least 1, at most the number of entries. */
  readonly count: number;
  readonly entries: readonly AttestorEntry[];
}

/** One attestor: certificates, or a set that counts as one. */
export type AttestorEntry =
  | { readonly kind: "certificates"; readonly trust: Trust }
  | { readonly kind: "attestor"; readonly set: AttestorSet };

/**
 * The trust that Kyverno's certificates stand for: every one of them is an anchor of trust store type `ca`, everything
 * is enforced, and any identity they vouch for will do.
 *
 * @param name Names it in messages.
 */
export function trustOf(certificates: readonly Certificate[], name: string): Trust {
  return { name, level: STRICT, trustAnchors: { ca: certificates, signingAuthority: [] } };
}

/** What came of asking one attestor about one image. */
export type AttestorAnswer =
  | { readonly verified: true; readonly outcome: ArtifactOutcome }
  | {
    readonly verified: false;
    /** Kyverno's sentence, without the attestor's path. */
    readonly reason: string;
    readonly refusal: Refusal;
    /** Absent when it could not be asked. */
    readonly outcome?: ArtifactOutcome;
  };

/** Asks whether an image has a signature of this trust; `path` is the attestor's, for messages. */
export type AskAttestor = (trust: Trust, path: string) => Promise<AttestorAnswer>;

/** What came of asking attestor sets about one image. */
export interface AttestorsAnswer {
  readonly verified: boolean;
  /** Of the image, once something verified it; every verified outcome of one request has the same. */
  readonly digest?: Digest;
  /** Each with the path of its attestor, in their order; empty when verified. */
  readonly reasons: readonly string[];
  readonly refusals: readonly Refusal[];
  readonly outcomes: readonly ArtifactOutcome[];
}

/**
 * Asks attestor sets about one image: every set must be satisfied, and the first that is not ends it.
 *
 * @param sets One or more; no set at all verifies nothing.
 */
export async function evaluateAttestors(sets: readonly AttestorSet[], ask: AskAttestor): Promise<AttestorsAnswer> {
  const outcomes: ArtifactOutcome[] = [];
  let digest: Digest | undefined;
  for (const [index, set] of sets.entries()) {
    const answer = await evaluateAttestorSet(set, `.attestors[${index}]`, ask);
    outcomes.push(...answer.outcomes);
    digest ??= answer.digest;
    if (!answer.verified) return { ...answer, outcomes };
  }
  return {
    verified: digest !== undefined,
    ...(digest === undefined ? {} : { digest }),
    reasons: [],
    refusals: [],
    outcomes,
  };
}

async function evaluateAttestorSet(set: AttestorSet, path: string, ask: AskAttestor): Promise<AttestorsAnswer> {
  const reasons: string[] = [];
  const refusals: Refusal[] = [];
  const outcomes: ArtifactOutcome[] = [];
  let satisfied = 0;
  let digest: Digest | undefined;
  for (const [index, entry] of set.entries.entries()) {
    const answer = await evaluateEntry(entry, `${path}.entries[${index}]`, ask);
    outcomes.push(...answer.outcomes);
    if (answer.verified) {
      satisfied++;
      digest ??= answer.digest;
      if (satisfied >= set.count && digest !== undefined) {
        return { verified: true, digest, reasons: [], refusals: [], outcomes };
      }
    } else {
      reasons.push(...answer.reasons);
      refusals.push(...answer.refusals);
    }
  }
  return { verified: false, reasons, refusals, outcomes };
}

async function evaluateEntry(entry: AttestorEntry, path: string, ask: AskAttestor): Promise<AttestorsAnswer> {
  if (entry.kind === "attestor") return await evaluateAttestorSet(entry.set, `${path}.attestor`, ask);
  const answer = await ask(entry.trust, path);
  const outcomes = answer.outcome === undefined ? [] : [answer.outcome];
  return answer.verified
    ? { verified: true, digest: answer.outcome.descriptor.digest, reasons: [], refusals: [], outcomes }
    : { verified: false, reasons: [atPath(path, answer.reason)], refusals: [answer.refusal], outcomes };
}
