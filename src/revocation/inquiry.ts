/**
 * What the questions about one certificate have in common: ports, settings, what is kept, and how often may be asked.
 */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError, MalformedError } from "../errors.ts";
import type { CallOptions } from "../http/mod.ts";
import type { Ports } from "../ports.ts";
import { type OkAnswer, type RevocationAnswer, type RevokedAnswer, unknown, type UnknownAnswer } from "./answer.ts";
import { type Crl, decodeCrl } from "./crl.ts";
import type { RevocationRequest } from "./fetch.ts";
import { createKeptAnswers, type KeptAnswers, MAX_KEPT_CRL_BYTES, MAX_KEPT_OCSP_BYTES } from "./kept.ts";
import { createSharedFetch, type FetchPorts, type SharedFetch } from "./in_flight.ts";

/** URLs asked about one certificate at most: responders, CRLs, deltas, and CRLs of responders together. */
export const MAX_ASKED_PER_CERTIFICATE = 8;

/** What a checker asks of the outside world. Without `fetch` nobody is asked, as in a browser. */
export type RevocationPorts = Pick<Ports, "crypto" | "now"> & (FetchPorts | { readonly fetch?: undefined });

export interface RevocationSettings {
  /** Hosts, with or without a port, that may be asked although they are not public. */
  readonly privateHosts?: ReadonlySet<string>;
  /** Answers at hand, DER. They are looked at before anybody is asked, and are all there is where nobody can be. */
  readonly supplied?: { readonly ocspResponses?: readonly Uint8Array[]; readonly crls?: readonly Uint8Array[] };
  /** Believes OCSP responders whose own revocation cannot be told; by default what they say is `unknown`. */
  readonly acceptUncheckedResponders?: boolean;
  /** Makes a nonce for each OCSP request; without it none is sent, as most responders do not know nonces. */
  readonly createNonce?: () => Uint8Array;
}

/** What lives as long as a checker. */
export interface CheckerState {
  readonly ports: RevocationPorts;
  readonly settings: RevocationSettings;
  /** Absent where nobody can be asked. */
  readonly ask?: SharedFetch;
  readonly ocspResponses: KeptAnswers<Uint8Array>;
  readonly crls: KeptAnswers<Crl>;
  readonly suppliedCrls: readonly Crl[];
}

/**
 * Prepares what lives as long as a checker.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` for a supplied CRL that is none.
 */
export function createCheckerState(ports: RevocationPorts, settings: RevocationSettings): CheckerState {
  const suppliedCrls = (settings.supplied?.crls ?? []).map((der, index) => {
    try {
      return decodeCrl(der);
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      throw new ConfigurationError("ERR_CONFIG", `Cannot use supplied CRL ${index + 1}: ${printable(cause.message)}`, {
        cause,
      });
    }
  });
  return {
    ports,
    settings,
    ...(ports.fetch === undefined ? {} : { ask: createSharedFetch(ports, settings.privateHosts ?? new Set()) }),
    ocspResponses: createKeptAnswers(MAX_KEPT_OCSP_BYTES),
    crls: createKeptAnswers(MAX_KEPT_CRL_BYTES),
    suppliedCrls,
  };
}

/** The questions about one certificate. */
export interface Inquiry extends CheckerState {
  readonly at: Date;
  readonly signedAt?: Date;
  readonly fetch: (request: RevocationRequest, timeoutMilliseconds: number) => Promise<Uint8Array | UnknownAnswer>;
  /** Whether anybody was asked so far who did not send us to a place that is not asked. */
  readonly wasAnybodyAsked: () => boolean;
}

/** Starts the questions about one certificate. */
export function startInquiry(
  state: CheckerState,
  options: { readonly at: Date; readonly signedAt?: Date } & Partial<CallOptions>,
): Inquiry {
  const { ask } = state;
  let left = MAX_ASKED_PER_CERTIFICATE;
  let anybody = false;
  return {
    ...state,
    at: options.at,
    ...(options.signedAt === undefined ? {} : { signedAt: options.signedAt }),
    async fetch(request, timeoutMilliseconds) {
      if (ask === undefined) return unknown("not-asked", "is not checked here: nobody can be asked from here");
      if (left === 0) return unknown("not-asked", `was not asked: ${MAX_ASKED_PER_CERTIFICATE} others were`);
      left--;
      const answer = await ask(request, timeoutMilliseconds, options);
      if (!("status" in answer) || answer.problem !== "source-refused") anybody = true;
      return answer;
    },
    wasAnybodyAsked: () => anybody,
  };
}

/** One source and what came of it. */
export interface AskedSource {
  readonly method: "ocsp" | "crl";
  /** The URL, as the certificate has it; or words for what was supplied or cannot be read. */
  readonly source: string;
  readonly answer: RevocationAnswer;
}

/** What one method found out. */
export interface Findings {
  /** In the order in which they were looked at; empty when the certificate names no source of this kind. */
  readonly asked: readonly AskedSource[];
  /** Absent when none of them tells. */
  readonly answer?: OkAnswer | RevokedAnswer;
}

/** An answer, where what is malformed or cannot be computed says nothing. */
export async function answerOrUnknown<Answer>(judge: () => Promise<Answer>): Promise<Answer | UnknownAnswer> {
  try {
    return await judge();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const problem = error instanceof MalformedError ? "malformed" : "not-computed";
    return unknown(problem, `cannot be read: ${printable(error.message)}`);
  }
}
