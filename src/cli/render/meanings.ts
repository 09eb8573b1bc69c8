/** What a refusal means, for people who have never met the Notary Project; the refusal itself says what was found. */
import type { ErrorCode } from "../../errors.ts";

/** By code: one sentence without a period, safe to print. Codes that speak for themselves are left out. */
export const MEANINGS: Readonly<Partial<Record<ErrorCode, string>>> = {
  CERTIFICATE_CHAIN_INVALID:
    "A signature brings its certificates along, from the signer's to a root, and these break rules that " +
    "keep other keys from being used to sign",
  CERTIFICATE_EXPIRED:
    "Without a trusted timestamp nobody knows whether the signature was made while the certificate was " +
    "still valid",
  CERTIFICATE_NOT_YET_VALID: "A certificate says nothing before its time, and this machine's clock may be slow",
  CERTIFICATE_REVOKED: "The authority has taken the certificate back: its key may be in the wrong hands",
  CRITICAL_ATTRIBUTE_UNKNOWN: "The signer asked that nobody accepts the signature without understanding this",
  ERR_CRYPTO_UNAVAILABLE: "This runtime cannot compute the algorithm, which says nothing about the signature",
  ERR_DEADLINE: "The time for this verification was over before the answers came",
  ERR_DIGEST_MISMATCH: "What the registry sent is not what was asked for: its bytes have another digest",
  ERR_ENVELOPE_ATTRIBUTE: "The signature says something about itself in a way the Notary Project does not allow",
  ERR_ENVELOPE_FORMAT:
    "What is stored as a signature cannot be read as one: it was cut, changed or made by another tool",
  ERR_PAYLOAD: "The signature does not say in a readable way which artifact it is for",
  ERR_REQUEST_BUDGET: "The registry or its responders made this verification ask more often than it may",
  ERR_TIMESTAMP: "The timestamp cannot be read: it was cut, changed or made by another tool",
  ERR_TRUST_STORE: "As long as a named trust store cannot be read nobody knows who is trusted",
  ERR_TRUST_STORE_EMPTY: "The trust policy names a trust store that is not there, so nobody is trusted by it",
  IDENTITY_MISSING: "The authority is trusted, and of those it vouches for the trust policy names none",
  IDENTITY_NOT_TRUSTED: "The authority is trusted, and of those it vouches for the trust policy wants others",
  IDENTITY_UNREADABLE: "The signer's name cannot be compared with those that are trusted",
  REVOCATION_NOT_CHECKED: "The certificate can be taken back by its authority, and nobody was asked whether it was",
  REVOCATION_UNKNOWN:
    "The certificate can be taken back by its authority, and nobody who answered could tell whether it was",
  SIGNATURE_ALGORITHM_MISMATCH: "Each key goes with one algorithm, so that nobody can choose a weaker one",
  SIGNATURE_EXPIRED: "The signer set an end to this signature and does not stand by it any longer",
  SIGNATURE_MANIFEST: "What is listed as a signature is no manifest of one",
  SIGNATURE_MISMATCH: "Someone changed what was signed, the signature or the certificate; one bit is enough",
  SIGNATURE_MISSING: "Nobody signed this artifact, or the signature is not in the repository that was asked",
  SIGNER_NOT_TRUSTED: "Anybody can sign; a signature counts when its chain holds a certificate that you trust",
  TARGET_ARTIFACT_MISMATCH: "The signature is for another artifact, and someone put it here",
  TIMESTAMP_AUTHORITY_INVALID: "The authority that says when it was signed has certificates that may not say so",
  TIMESTAMP_AUTHORITY_NOT_TRUSTED: "A timestamp says when it was signed, and nobody you trust made this one",
  TIMESTAMP_INVALID: "A timestamp says when it was signed; this one breaks a rule of timestamps",
  TIMESTAMP_MISMATCH: "The timestamp is for another signature, and someone put it here",
  TIMESTAMP_MISSING: "The trust policy wants to know from an authority when it was signed, and none was asked",
  TIMESTAMP_OUTSIDE_VALIDITY: "It was signed when not all of the certificates were valid",
  TRUST_ANCHOR_MISSING: "Nobody is trusted yet for signatures of this kind",
  VERIFICATION_PLUGIN_REQUIRED: "The signer asked that a plugin takes part in the verification",
};
