/** Trusted identities: whose signing certificates count, among those that a trust anchor vouches for. */
import { type DistinguishedName, formatName, quoteText } from "../../x509/mod.ts";
import {
  isNameFault,
  isPartOf,
  type NameAttributes,
  type NameFault,
  parseDistinguishedName,
} from "./distinguished_name.ts";

/** A subject that is trusted: every attribute it names must be the certificate's. */
export interface SubjectIdentity {
  /** As written in the trust policy, `x509.subject:` included. */
  readonly text: string;
  readonly attributes: NameAttributes;
}

/** `*` for every identity, or the subjects that are trusted; none trusts nobody. */
export type TrustedIdentities = "*" | readonly SubjectIdentity[];

/** The only kind of identity there is a rule for. */
export const SUBJECT_PREFIX = "x509.subject";

/** One entry of `trustedIdentities`: read, of a kind nobody here knows, or wrong. */
export type ReadIdentity =
  | { readonly identity: SubjectIdentity }
  | { readonly unknownKind: string }
  | { readonly fault: NameFault };

/**
 * Reads an identity that is not `*`.
 *
 * @param text Such as `x509.subject: CN=wabbit-networks.io,O=Notary,ST=WA,C=US`.
 * @param statement Name of the statement, for the reference's sentences.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trusted Identities Constraints".
 */
export function readIdentity(text: string, statement: string): ReadIdentity {
  const policy = `trust policy statement ${quoteText(statement)} has`;
  if (text === "") {
    return { fault: { rule: "it is empty", reference: `${policy} an empty trusted identity` } };
  }
  const colon = text.indexOf(":");
  const shown = `${policy} trusted identity ${quoteText(text)}`;
  if (colon < 0) {
    return {
      fault: { rule: 'it has no ":", expected x509.subject: and a name', reference: `${shown} missing separator` },
    };
  }
  const kind = text.slice(0, colon);
  if (kind !== SUBJECT_PREFIX) return { unknownKind: kind };
  const name = text.slice(colon + 1);
  if (name === "") {
    return {
      fault: {
        rule: "it names nobody, expected a distinguished name",
        reference: `${shown} without an identity value`,
      },
    };
  }
  const attributes = parseDistinguishedName(name);
  if (!isNameFault(attributes)) return { identity: { text, attributes } };
  const reference = `${shown} with invalid identity value: ${attributes.reference}`;
  return { fault: { rule: attributes.rule, reference } };
}

/**
 * Looks for an identity that says no more than another one: then the longer one has no effect.
 *
 * @returns Positions of both in the list, the shorter one first.
 */
export function findOverlap(identities: readonly SubjectIdentity[]): readonly [number, number] | undefined {
  for (const [first, { attributes }] of identities.entries()) {
    const second = identities.findIndex((other, index) => index !== first && isPartOf(attributes, other.attributes));
    if (second >= 0) return [first, second];
  }
  return undefined;
}

/** Whether a signing certificate's subject is trusted. */
export type IdentityMatch =
  | { readonly status: "matched"; readonly identity: string }
  | { readonly status: "unmatched" }
  | { readonly status: "unreadable"; readonly fault: NameFault };

/**
 * Compares the subject of a signing certificate with the identities of a trust policy, as text the Notary Project's
 * tools print of it: attributes grouped by type, whatever their order in the certificate.
 *
 * @returns `unreadable` when the subject has no C, ST or O, one of a type twice, or an attribute that is printed as
 * hexadecimal digits, such as an e-mail address: only `*` can trust it.
 */
export function matchIdentity(identities: TrustedIdentities, subject: DistinguishedName): IdentityMatch {
  if (identities === "*") return { status: "matched", identity: "*" };
  const attributes = parseDistinguishedName(formatName(subject));
  if (isNameFault(attributes)) return { status: "unreadable", fault: attributes };
  const match = identities.find((identity) => isPartOf(identity.attributes, attributes));
  return match === undefined ? { status: "unmatched" } : { status: "matched", identity: match.text };
}
