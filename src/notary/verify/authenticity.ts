/** Authenticity: whether the signature comes from someone who is trusted. */
import { equalBytes, printable } from "../../encoding/mod.ts";
import type { CryptoProvider } from "../../ports.ts";
import { type Certificate, fingerprint, formatName } from "../../x509/mod.ts";
import type { Envelope, SigningScheme } from "../envelope/envelope.ts";
import type { Trust } from "../trust/mod.ts";
import { failed, passed, type ValidationResult } from "./outcome.ts";

/** Which trust store vouches for which signing scheme; no other store does. */
const STORE_OF_SCHEME: Readonly<Record<SigningScheme, "ca" | "signingAuthority">> = {
  "notary.x509": "ca",
  "notary.x509.signingAuthority": "signingAuthority",
};

/**
 * Looks for a trust anchor among the certificates of the envelope, byte for byte: neither key nor name stands in for
 * the certificate itself. A match anywhere in the chain is enough, because integrity has proven the chain's links.
 *
 * @param envelope An envelope whose integrity is proven.
 * @returns `passed` with the anchor; `failed` with `TRUST_ANCHOR_MISSING` when the store of the envelope's signing scheme
 * is empty, else with `SIGNER_NOT_TRUSTED` and both lists of certificates, so that namesakes are told apart.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details", authenticity.
 */
export async function validateAuthenticity(
  envelope: Envelope,
  trust: Trust,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<ValidationResult> {
  const store = STORE_OF_SCHEME[envelope.signedAttributes.signingScheme];
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
  return passed({ store, trust: trust.name, anchor: formatName(anchor.subject), position: placeOf(position, chain) });
}

function sameCertificate(a: Certificate, b: Certificate): boolean {
  return a === b || equalBytes(a.der, b.der);
}

/** Digits of a fingerprint that tell one certificate from another of the same name. */
const SHOWN_DIGITS = 16;

/** Subjects with the beginning of their fingerprints; without, where these cannot be computed. */
function namesOf(
  certificates: readonly Certificate[],
  crypto: Pick<CryptoProvider, "digest">,
): Promise<readonly string[]> {
  return Promise.all(certificates.map(async (certificate) => {
    const digits = await fingerprint(certificate, crypto).catch(() => undefined);
    const subject = formatName(certificate.subject);
    return digits === undefined ? subject : `${subject} (SHA-256 ${digits.slice(0, SHOWN_DIGITS)}…)`;
  }));
}

/** An intermediate as anchor is accepted and shown: the Notary Project recommends roots. */
function placeOf(position: number, chain: readonly Certificate[]): string {
  if (position === chain.length - 1) return "root";
  return position === 0 ? "leaf" : "intermediate";
}
