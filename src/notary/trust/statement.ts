/** One statement of a trust policy: the rules for documents of both kinds. */
import { printable } from "../../encoding/mod.ts";
import type { ConfigurationError } from "../../errors.ts";
import { quoteText } from "../../x509/mod.ts";
import type { Relaxations, RelaxedRule } from "../envelope/strict_rules.ts";
import type { DocumentFault, WrittenStatement } from "./document.ts";
import { findOverlap, readIdentity, type SubjectIdentity, type TrustedIdentities } from "./identity.ts";
import { LEVELS, overrideLevel, type VerificationLevel } from "./level.ts";
import { parseTrustStoreName, type TrustStoreName } from "./store.ts";

/** What every statement says: whom to trust, and how strictly. */
export interface TrustPolicyStatement {
  readonly name: string;
  readonly level: VerificationLevel;
  /** When a timestamp counts: effective only with a trust store of type `tsa`. */
  readonly verifyTimestamp: "always" | "afterCertExpiry";
  readonly trustStores: readonly TrustStoreName[];
  readonly trustedIdentities: TrustedIdentities;
  /** There only when rules were passed over under `compat`, anywhere in its document: it must not decide anything. */
  readonly relaxed?: readonly RelaxedRule[];
}

/** What is said about a statement that keeps the rules. */
export interface ReadStatement {
  readonly core: TrustPolicyStatement;
  /** What is hardly meant. */
  readonly doubts: readonly string[];
}

/** Makes the error for a broken rule. */
type RefuseStatement = (fault: DocumentFault) => ConfigurationError;

/**
 * Checks what a statement says, in the reference's order.
 *
 * @param relaxations Under `compat` alone: takes up what is passed over.
 * @throws {ConfigurationError} What `refuse` makes of the first rule that is broken.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trust Policy Properties".
 */
export function readStatementCore(
  written: WrittenStatement,
  refuse: RefuseStatement,
  relaxations?: Relaxations,
): ReadStatement {
  const name = written.name.value;
  if (name === "") {
    throw refuse({
      path: written.path,
      rule: '"name" is missing, expected a name of its own',
      reference: "a trust policy statement is missing a name, every statement requires a name",
    });
  }
  const level = readLevel(written, refuse);
  const verifyTimestamp = readVerifyTimestamp(written, refuse);
  const { trustStores, trustedIdentities } = written;
  const policy = `trust policy statement ${quoteText(name)} is`;
  if (level.name === "skip") {
    const superfluous = [trustStores, trustedIdentities].find(({ value }) => value.length > 0);
    if (superfluous !== undefined) {
      throw refuse({
        path: superfluous.path,
        rule: 'level "skip" trusts nobody, expected no trust stores and no trusted identities',
        reference: `${policy} set to skip signature verification but configured with trust stores and/or trusted ` +
          "identities, remove them if signature verification needs to be skipped",
      });
    }
    return { core: { name, level, verifyTimestamp, trustStores: [], trustedIdentities: [] }, doubts: [] };
  }
  const missing = [trustStores, trustedIdentities].find(({ value }) => value.length === 0);
  if (missing !== undefined) {
    throw refuse({
      path: missing.path,
      rule: "it is missing or empty, expected trust stores and trusted identities",
      reference: `${policy} either missing trust stores or trusted identities, both must be specified`,
    });
  }
  const stores = readStores(written, refuse, relaxations);
  const { identities, doubts } = readIdentities(written, refuse);
  const vouches = stores.some(({ type }) => type !== "tsa");
  const noSigner = 'no trust store of type "ca" or "signingAuthority": no signature can be trusted';
  return {
    core: { name, level, verifyTimestamp, trustStores: stores, trustedIdentities: identities },
    doubts: vouches ? doubts : [...doubts, noSigner],
  };
}

function readLevel({ name, level: written, override }: WrittenStatement, refuse: RefuseStatement): VerificationLevel {
  const prefix = `trust policy statement ${quoteText(name.value)} has invalid signatureVerification: `;
  const base = LEVELS.get(written.value);
  if (base === undefined) {
    const empty = written.value === "";
    throw refuse({
      path: written.path,
      ...(empty ? {} : { value: written.value }),
      rule: `${empty ? "it is missing" : "no such level"}, expected "strict", "permissive", "audit" or "skip"`,
      reference: prefix +
        (empty
          ? "signature verification level is empty or missing in the trust policy statement"
          : `invalid signature verification level ${quoteText(written.value)}`),
    });
  }
  const level = overrideLevel(base, new Map(override.value));
  if ("actions" in level) return level;
  const { type, rule, reference } = level;
  const entry = override.value.find(([known]) => known === type);
  throw refuse({
    path: type === undefined ? override.path : [...override.path, type],
    ...(entry === undefined ? {} : { value: entry[1] }),
    rule,
    reference: prefix + reference,
  });
}

function readVerifyTimestamp(
  { name, verifyTimestamp }: WrittenStatement,
  refuse: RefuseStatement,
): TrustPolicyStatement["verifyTimestamp"] {
  const { value, path } = verifyTimestamp;
  if (value === "") return "always";
  if (value === "always" || value === "afterCertExpiry") return value;
  throw refuse({
    path,
    value,
    rule: 'no such option, expected "always" or "afterCertExpiry"',
    reference:
      `trust policy statement ${quoteText(name.value)} has invalid signatureVerification: verifyTimestamp must ` +
      `be "always" or "afterCertExpiry", but got ${quoteText(value)}`,
  });
}

function readStores(
  { name, trustStores }: WrittenStatement,
  refuse: RefuseStatement,
  relaxations: Relaxations | undefined,
): readonly TrustStoreName[] {
  return trustStores.value.map((text, index) => {
    const read = parseTrustStoreName(text, name.value, relaxations);
    if ("type" in read) return read;
    throw refuse({ path: [...trustStores.path, index], value: text, ...read });
  });
}

function readIdentities(
  { name, trustedIdentities: { value: texts, path } }: WrittenStatement,
  refuse: RefuseStatement,
): { readonly identities: TrustedIdentities; readonly doubts: readonly string[] } {
  const anyone = texts.indexOf("*");
  if (anyone >= 0 && texts.length === 1) return { identities: "*", doubts: [] };
  const policy = `trust policy statement ${quoteText(name.value)}`;
  if (anyone >= 0) {
    throw refuse({
      path: [...path, anyone],
      value: "*",
      rule: "it stands beside other identities, expected it alone",
      reference: `${policy} uses a wildcard trusted identity '*', a wildcard identity cannot be used in conjunction ` +
        "with other values",
    });
  }
  const identities: SubjectIdentity[] = [];
  const indices: number[] = [];
  const doubts: string[] = [];
  for (const [index, text] of texts.entries()) {
    const read = readIdentity(text, name.value);
    if ("fault" in read) throw refuse({ path: [...path, index], value: text, ...read.fault });
    if ("unknownKind" in read) {
      const kind = printable(read.unknownKind);
      doubts.push(`trusted identity "${printable(text)}" trusts nobody: "${kind}" is no known kind, x509.subject is`);
    } else {
      identities.push(read.identity);
      indices.push(index);
    }
  }
  const overlap = findOverlap(identities);
  if (overlap === undefined) return { identities, doubts };
  const [shorter, longer] = overlap.map((at) => identities[at]?.text ?? "") as [string, string];
  throw refuse({
    path: [...path, indices[overlap[1]] ?? 0],
    value: longer,
    rule: `"${printable(shorter)}" trusts it already, expected identities that do not overlap`,
    reference: `${policy} has overlapping x509 trustedIdentities, ${quoteText(shorter)} overlaps with ${
      quoteText(longer)
    }`,
  });
}
