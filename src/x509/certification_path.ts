/** Certification paths: from a certificate by way of others to one that is trusted (RFC 5280, section 6; RFC 4158). */
import { equalBytes, printable } from "../encoding/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import { type Certificate, validAt } from "./certificate.ts";
import { extensionOf } from "./extensions.ts";
import { formatName, sameName } from "./name.ts";
import { verifyCertificateSignature } from "./signature.ts";

/** Certificates of one path at most, both ends included. */
export const MAX_PATH_CERTIFICATES = 8;
/** Signatures computed in one search at most: certificates of the same name would otherwise multiply. */
export const MAX_PATH_SIGNATURES = 64;
/** Paths one search gives at most. */
export const MAX_PATHS = 8;

/** Where a path may begin, lead through and end. */
export interface PathSearch {
  /** Each path's first certificate. */
  readonly leaf: Certificate;
  /** What a path may lead through; nothing in it is trusted. */
  readonly candidates: readonly Certificate[];
  /** Where a path ends: byte for byte one of these. */
  readonly anchors: readonly Certificate[];
  /** Every certificate of a path is valid at this instant, the anchor included. */
  readonly at: Date;
}

/** What a search found. */
export interface FoundPaths {
  /** Leaf first, anchor last; the shortest way first. Empty when no path leads to an anchor. */
  readonly paths: readonly (readonly Certificate[])[];
  /** Why ways ended before an anchor: clauses about one certificate each, safe to print. */
  readonly deadEnds: readonly string[];
}

/**
 * Looks for paths: each certificate is issued by the next in name and signature, each issuer is a CA that may sign
 * certificates, all are valid at one instant, and the last is a trust anchor. What else a certificate must be is for
 * the rules of its chain.
 *
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE` when a signature cannot be computed.
 *
 * Spec: RFC 5280, section 6.1.3; RFC 4158, section 2.
 */
export async function findPaths(search: PathSearch, crypto: Pick<CryptoProvider, "verify">): Promise<FoundPaths> {
  const { leaf, anchors, at } = search;
  const issuers = [...new Set([...anchors, ...search.candidates])];
  const paths: (readonly Certificate[])[] = [];
  const deadEnds = new Set<string>();
  let signaturesLeft = MAX_PATH_SIGNATURES;

  const early = outside(leaf, at);
  if (early !== undefined) return { paths, deadEnds: [early] };
  // Breadth first, so that the shortest path comes first and no way can starve the others.
  let ways: readonly (readonly Certificate[])[] = [[leaf]];
  while (ways.length > 0) {
    const next: (readonly Certificate[])[] = [];
    for (const way of ways) {
      const last = way[way.length - 1] as Certificate;
      if (anchors.some((anchor) => equalBytes(anchor.der, last.der))) {
        paths.push(way);
        if (paths.length === MAX_PATHS) return { paths, deadEnds: [...deadEnds] };
        continue;
      }
      const named = issuers.filter((issuer) => sameName(issuer.subject, last.issuer) && !wasPassed(way, issuer));
      if (named.length === 0) deadEnds.add(`no certificate of its issuer is at hand for ${nameOf(last)}`);
      for (const issuer of named) {
        const reason = unfit(issuer, at);
        if (reason !== undefined) {
          deadEnds.add(reason);
          continue;
        }
        if (way.length === MAX_PATH_CERTIFICATES || signaturesLeft === 0) {
          deadEnds.add("the search was ended: too many certificates of the same names");
          continue;
        }
        signaturesLeft--;
        if (await verifyCertificateSignature(last, issuer, crypto)) next.push([...way, issuer]);
        else deadEnds.add(`${nameOf(last)} is not signed by the key of its issuer ${nameOf(issuer)}`);
      }
    }
    ways = next;
  }
  return { paths, deadEnds: [...deadEnds] };
}

/** A name and key once passed leads in circles, whatever certificate they come in. Spec: RFC 4158, section 2.4.2. */
function wasPassed(way: readonly Certificate[], issuer: Certificate): boolean {
  return way.some((passed) =>
    sameName(passed.subject, issuer.subject) && equalBytes(passed.publicKey.spki, issuer.publicKey.spki)
  );
}

function unfit(issuer: Certificate, at: Date): string | undefined {
  const usages = extensionOf(issuer, "keyUsage")?.value;
  if (extensionOf(issuer, "basicConstraints")?.value.isCa !== true) return `${nameOf(issuer)} is no CA`;
  if (usages !== undefined && !usages.has("keyCertSign")) return `${nameOf(issuer)} may not sign certificates`;
  return outside(issuer, at);
}

function outside(certificate: Certificate, at: Date): string | undefined {
  if (validAt(certificate, at)) return undefined;
  const { notBefore, notAfter } = certificate;
  const period = `${notBefore.toISOString()} to ${notAfter.toISOString()}`;
  return `${nameOf(certificate)} is valid from ${period}, which ${at.toISOString()} is outside of`;
}

function nameOf({ subject }: Certificate): string {
  return `"${printable(formatName(subject))}"`;
}
