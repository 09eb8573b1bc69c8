/** Authenticity: whether the signature comes from someone who is trusted. */
import { equalBytes, printable } from "../../encoding/mod.ts";
import type { CryptoProvider } from "../../ports.ts";
import { type Certificate, formatName } from "../../x509/mod.ts";
import type { Envelope, SigningScheme } from "../envelope/envelope.ts";
import { matchIdentity, type Trust, type TrustedIdentities } from "../trust/mod.ts";
import { identify } from "./certificate_facts.ts";
import { type Evidence, failed, passed, type ValidationResult } from "./outcome.ts";

/** Which trust store vouches for which signing scheme; no other store does. */
export const STORE_OF_SCHEME: Readonly<Record<SigningScheme, "ca" | "signingAuthority">> = {
  "notary.x509": "ca",
  "notary.x509.signingAuthority": "signingAuthority",
};

/**
 * Looks for a trust anchor among the certificates of the envelope, byte for byte: neither key nor name stands in for
 * the certificate itself. A match anywhere in the chain is enough, because integrity has proven the chain's links. Then
 * compares the signing certificate's subject with the trusted identities.
 *
 * @param envelope An envelope whose integrity is proven.
 * @returns `passed` with anchor and identity; `failed` with `ERR_TRUST_STORE` or `ERR_TRUST_STORE_EMPTY` when a store
 * of the type that the envelope's signing scheme calls for cannot be used, with `TRUST_ANCHOR_MISSING` when none is
 * named, with `SIGNER_NOT_TRUSTED` and both lists of certificates, so that namesakes are told apart, and with
 * `IDENTITY_NOT_TRUSTED`, `IDENTITY_UNREADABLE` or `IDENTITY_MISSING` when the anchor vouches and no identity fits.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details", authenticity.
 */
export async function validateAuthenticity(
  envelope: Envelope,
  trust: Trust,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<ValidationResult> {
  const store = STORE_OF_SCHEME[envelope.signedAttributes.signingScheme];
  const unusable = trust.unusableStores?.[store];
  if (unusable !== undefined) {
    return failed(unusable.code, unusable.message, { store, trust: trust.name, ...unusable.evidence });
  }
  const anchors = trust.trustAnchors[store];
  if (anchors.length === 0) {
    return failed(
      "TRUST_ANCHOR_MISSING",
      `Cannot establish who signed: "${printable(trust.name)}" trusts no certificate of type ${store}, ` +
        `which "${envelope.signedAttributes.signingScheme}" calls for`,
      { store, trust: trust.name },
    );
  }
  const chain = envelope.certificateChain;
  const position = chain.findIndex((certificate) => anchors.some((anchor) => sameCertificate(anchor, certificate)));
  const anchor = chain[position];
  if (anchor === undefined) {
    const [presented, trusted] = await Promise.all([namesOf(chain, crypto), namesOf(anchors, crypto)]);
    return failed(
      "SIGNER_NOT_TRUSTED",
      `Cannot trust the signer: none of ${chain.length} certificates of the signature is among the ` +
        `${anchors.length} that "${printable(trust.name)}" trusts`,
      { store, trust: trust.name, presented, trusted },
    );
  }
  const vouching = await identify(anchor, crypto);
  const found = {
    store,
    trust: trust.name,
    anchor: vouching.subject,
    ...(vouching.fingerprint === undefined ? {} : { anchorFingerprint: vouching.fingerprint }),
    position: placeOf(position, chain),
  };
  const { trustedIdentities } = trust;
  return trustedIdentities === undefined
    ? passed(found)
    : await validateIdentity(chain[0] ?? anchor, trustedIdentities, found, crypto);
}

/** Only the signing certificate is compared: those above it vouch for many. */
async function validateIdentity(
  signer: Certificate,
  trustedIdentities: TrustedIdentities,
  found: Evidence & { readonly trust: string },
  crypto: Pick<CryptoProvider, "digest">,
): Promise<ValidationResult> {
  const name = found.trust;
  const subject = formatName(signer.subject);
  const evidence = { ...found, ...await identify(signer, crypto) };
  if (trustedIdentities.length === 0) {
    return failed(
      "IDENTITY_MISSING",
      `Cannot trust the signer "${printable(subject)}": "${printable(name)}" has no trusted identity of a known kind`,
      evidence,
    );
  }
  const match = matchIdentity(trustedIdentities, signer.subject);
  if (match.status === "matched") return passed({ ...evidence, identity: match.identity });
  if (match.status === "unreadable") {
    return failed(
      "IDENTITY_UNREADABLE",
      `Cannot compare the signer "${printable(subject)}" with trusted identities: ${printable(match.fault.rule)}`,
      { ...evidence, reference: match.fault.reference },
    );
  }
  const identities = trustedIdentities === "*" ? [] : trustedIdentities.map(({ text }) => text);
  return failed(
    "IDENTITY_NOT_TRUSTED",
    `Cannot trust the signer "${printable(subject)}": it is none of ${identities.length} identities that ` +
      `"${printable(name)}" trusts`,
    { ...evidence, identities },
  );
}

function sameCertificate(a: Certificate, b: Certificate): boolean {
  return a === b || equalBytes(a.der, b.der);
}

/** Digits of a fingerprint that tell one certificate from another of the same name. */
const SHOWN_DIGITS = 16;

/**
 * Certificates of either side that the evidence of a refusal names at most; of the others it says how many there are.
 */
export const MAX_NAMED_CERTIFICATES = 20;

/** Subjects with the beginning of their fingerprints; without, where these cannot be computed. */
async function namesOf(
  certificates: readonly Certificate[],
  crypto: Pick<CryptoProvider, "digest">,
): Promise<readonly string[]> {
  const named = certificates.slice(0, MAX_NAMED_CERTIFICATES).map(async (certificate) => {
    const { subject, fingerprint } = await identify(certificate, crypto);
    return fingerprint === undefined ? subject : `${subject} (SHA-256 ${fingerprint.slice(0, SHOWN_DIGITS)}…)`;
  });
  const left = certificates.length - named.length;
  return [...await Promise.all(named), ...(left > 0 ? [`and ${left} more`] : [])];
}

/** An intermediate as anchor is accepted and shown: the Notary Project recommends roots. */
function placeOf(position: number, chain: readonly Certificate[]): string {
  if (position === chain.length - 1) return "root";
  return position === 0 ? "leaf" : "intermediate";
}
