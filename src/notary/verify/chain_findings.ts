/** What the chain doctor can find, as a table: each finding has a stable id and what a person does next. */

/** Where a certificate is that a finding is about. */
export interface NamedCertificate {
  /** As {@link CertificateFacts} has it. */
  readonly subject: string;
  /** Lower-case hex SHA-256. */
  readonly fingerprint: string;
}

/** A certificate of the signature. */
export interface PresentedCertificate extends NamedCertificate {
  /** Place in the chain, the leaf being 0. */
  readonly index: number;
}

/** A certificate that is trusted, if not for this. */
export interface TrustedCertificate extends NamedCertificate {
  /** `ca:wabbit-networks.io`, a file, or the type of the store alone where no more is known. */
  readonly store: string;
}

/**
 * Every finding and its next step, the nearest miss first: what a small change of chain or trust store would mend comes
 * before what says that signer and trust have nothing in common.
 */
export const FINDINGS = {
  "store-unusable": "Correct the trust store the message names; until then nobody of it is trusted",
  "store-empty": "Put the root certificate of the signer you expect into a trust store that the trust policy names",
  "chain-out-of-order":
    "Sign again with the certificates in order: the signing certificate first, each issuer after it, the root last",
  "issuer-in-store":
    "Sign again with this certificate in the chain, behind the one it issued: verifiers take issuers from the signature, " +
    "never from the trust store",
  "issuer-key-differs":
    "Sign again with the chain the authority gave out with the signing certificate: this one has an issuer of the " +
    "right name and the wrong key",
  "intermediate-missing": "Sign again with the whole chain: signing certificate, every intermediate, root",
  "root-missing": "Sign again with the whole chain: signing certificate, every intermediate, root",
  "authority-unknown":
    "Put the root of this timestamp authority into a trust store of type tsa that the trust policy names, if you " +
    "trust its clock; else have a trusted authority timestamp the signature",
  "ca-signed": "Have the CA issue a signing certificate, and sign with that",
  "anchor-of-other-type":
    "Put the certificate into a trust store of the type this signature calls for, and name that store in the " +
    "trust policy, if it is meant to vouch for such signatures",
  "same-key-other-certificate":
    "Add the certificate of the signature to the trust store, if it is the same authority's newer or older one: " +
    "compare the fingerprint with the authority's own word",
  "same-name-other-key":
    "Ask the signer for the fingerprint by another way than the registry, as a name proves nothing; if it is the " +
    "one of the signature, add that certificate to the trust store",
  "same-key-other-name":
    "Ask the authority why its key has two names; add the certificate of the signature to the trust store only if " +
    "both are its own",
  "sibling-in-store":
    "Trust the certificate both have in common, if all it issues may be trusted; else add the one of the signature",
  "leaf-of-no-ca":
    "Sign with a certificate that one of the trusted CAs issued; or trust this certificate itself, if you know by its " +
    "fingerprint whose it is",
  "nothing-in-common":
    "Treat the signature as a stranger's; if you expected this signer, compare the fingerprint with the signer's own " +
    "word and add the root of this chain to the trust store",
  "anchor-expired": "Ask the authority for its new certificate, and have artifacts signed below it",
} as const satisfies Record<string, string>;

/** A stable id of {@link FINDINGS}. */
export type ChainFindingId = keyof typeof FINDINGS;

/** One thing that stands between a chain and trust in it, or nearly makes it trusted. */
export interface ChainFinding {
  readonly id: ChainFindingId;
  /** What is, with subjects quoted; safe to print. */
  readonly message: string;
  /** What a person does about it. */
  readonly nextStep: string;
  readonly certificate?: PresentedCertificate;
  readonly trusted?: TrustedCertificate;
}

const ORDER = Object.keys(FINDINGS) as readonly ChainFindingId[];

/** Findings of one chain kept at most. */
export const MAX_FINDINGS = 5;

/** The nearest findings, in the order of the table, each sentence once. */
export function nearestFirst<Found extends Pick<ChainFinding, "id" | "message">>(
  findings: readonly Found[],
): readonly Found[] {
  const distinct = [...new Map(findings.map((finding) => [finding.message, finding])).values()];
  return distinct.sort((a, b) => ORDER.indexOf(a.id) - ORDER.indexOf(b.id)).slice(0, MAX_FINDINGS);
}
