/** Asks OCSP, then CRL, for each certificate of a path: the room's only way out into the world. */
import type { RequestBudget } from "../http/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import type { RevocationAnswer } from "./answer.ts";
import { askCrls } from "./ask_crl.ts";
import { askOcsp } from "./ask_ocsp.ts";
import {
  type AskedSource,
  type CheckerState,
  createCheckerState,
  type RevocationPorts,
  type RevocationSettings,
  startInquiry,
} from "./inquiry.ts";

/** `nonRevokable`: it names nobody who could tell, so it was not meant to be revoked; `unknown` is never `ok`. */
export type RevocationStatus = "ok" | "nonRevokable" | "revoked" | "unknown";

/** What was found out about one certificate. */
export interface CertificateRevocation {
  readonly certificate: Certificate;
  readonly status: RevocationStatus;
  /** Who was asked, in order, and what came of each. */
  readonly asked: readonly AskedSource[];
  /** Whether anybody was asked who may be; where nobody was, the same question has the same answer. */
  readonly anybodyAsked: boolean;
  /** The answer that decided, with its times; absent when none did. */
  readonly answer?: Exclude<RevocationAnswer, { readonly status: "unknown" }>;
}

export interface CheckOptions {
  /** When the artifact was signed, where an authority vouches for it: later misuse of a key does not count. */
  readonly signedAt?: Date;
  /** Ends what is asked of others; without it only their own time limits do. */
  readonly signal?: AbortSignal;
  /** What the requests are taken from; without it they are not counted. */
  readonly budget?: RequestBudget;
}

/** Answers for chains of certificates; keeps what it was told. */
export interface RevocationChecker {
  /**
   * @param chain Leaf first, root last, each issued by the next: that is proven already.
   * @returns One entry per certificate in the same order; the root's is `nonRevokable`, as nobody stands above it. What
   * cannot be had or believed is `unknown`, not an exception.
   */
  readonly check: (
    chain: readonly Certificate[],
    options?: CheckOptions,
  ) => Promise<readonly CertificateRevocation[]>;
}

/**
 * Makes a checker.
 *
 * @param ports Without `fetch` nobody is asked, and only what was supplied can tell.
 * @throws {ConfigurationError} `ERR_CONFIG` for a supplied CRL that is none.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Certificate Revocation Evaluation"; RFC 6960; RFC 5280, section
 * 6.3.
 */
export function createRevocationChecker(
  ports: RevocationPorts,
  settings: RevocationSettings = {},
): RevocationChecker {
  const state = createCheckerState(ports, settings);
  return {
    check: (chain, options = {}) => {
      const at = ports.now();
      return Promise.all(
        chain.map((certificate, index) => checkOne(certificate, chain[index + 1], state, { ...options, at })),
      );
    },
  };
}

async function checkOne(
  certificate: Certificate,
  issuer: Certificate | undefined,
  state: CheckerState,
  options: CheckOptions & { readonly at: Date },
): Promise<CertificateRevocation> {
  if (issuer === undefined) return { certificate, status: "nonRevokable", asked: [], anybodyAsked: false };
  const inquiry = startInquiry(state, options);
  const asked: AskedSource[] = [];
  for (const ask of [askOcsp, askCrls]) {
    const found = await ask(certificate, issuer, inquiry);
    asked.push(...found.asked);
    if (found.answer === undefined) continue;
    const { status } = found.answer;
    return { certificate, status, asked, anybodyAsked: inquiry.wasAnybodyAsked(), answer: found.answer };
  }
  const status = asked.length === 0 ? "nonRevokable" : "unknown";
  return { certificate, status, asked, anybodyAsked: inquiry.wasAnybodyAsked() };
}
