/**
 * The sentences of the reference implementation (notation-go 1.3) for the outcomes it has too. People search for them,
 * and Kyverno's messages contain them; `verify --explain` says the same in our words.
 */
import { ALGORITHMS } from "../../crypto/mod.ts";
import type { SignatureAlgorithm } from "../../ports.ts";
import { quoteText } from "../../x509/mod.ts";
import {
  type ArtifactOutcome,
  decisiveResult,
  type Evidence,
  type ValidationResult,
  type VerificationOutcome,
} from "./outcome.ts";

/**
 * The reference's text for an artifact that was not verified: one line, or one more for each signature. Where the
 * reference has no sentence, because it would accept or its words are not known, ours stands in its place.
 *
 * @returns `""` for an artifact that was verified or skipped.
 */
export function referenceText(outcome: ArtifactOutcome): string {
  const { reference, outcomes, limit, verdict, signatureCount } = outcome;
  if (verdict === "verified" || verdict === "skipped") return "";
  if (signatureCount === 0) {
    return `no signature is associated with ${quoteText(reference)}, make sure the artifact was signed successfully`;
  }
  if (limit !== undefined) {
    return `signature evaluation stopped. The configured limit of ${limit} signatures to verify per artifact exceeded`;
  }
  const lines = outcomes.map((signature) => {
    const digest = signature.signature?.digest ?? "";
    const reason = signatureReferenceText(signature) ?? decisiveResult(signature)?.refusal.message ?? "not verified";
    return `failed to verify signature with digest ${digest}, ${reason}`;
  });
  return ["signature verification failed", ...lines].join("\n");
}

/**
 * The reference's sentence for one signature that was not verified.
 *
 * @returns `undefined` when it verified, when the reference would accept it, or when its sentence is not known.
 */
export function signatureReferenceText(outcome: VerificationOutcome): string | undefined {
  const result = decisiveResult(outcome);
  return result === undefined ? undefined : resultReferenceText(result);
}

/** The reference's sentence for one result; `undefined` when it passed, or the sentence is not known. */
export function resultReferenceText(result: ValidationResult): string | undefined {
  return "refusal" in result ? SENTENCES[result.refusal.code]?.(result.evidence) : undefined;
}

const text = (evidence: Evidence, name: string): string => String(evidence[name] ?? "");

const SENTENCES: Readonly<Record<string, (evidence: Evidence) => string | undefined>> = {
  SIGNATURE_MISMATCH: (evidence) => `signature is invalid. Error: ${primitiveText(evidence)}`,
  SIGNATURE_ALGORITHM_MISMATCH: mismatchText,
  CERTIFICATE_CHAIN_INVALID: ({ reference }) =>
    reference === undefined ? undefined : `certificate-chain is invalid, ${reference}`,
  ERR_ENVELOPE_MEDIA_TYPE: carriedText,
  ERR_ENVELOPE_FORMAT: carriedText,
  ERR_CERTIFICATE: carriedText,
  ERR_ALGORITHM_UNSUPPORTED: carriedText,
  VERIFICATION_PLUGIN_REQUIRED: ({ critical }) =>
    critical === false
      ? "io.cncf.notary.verificationPlugin is not a critical Extended attribute"
      : "plugin unsupported due to nil verifier.pluginManager",
  TRUST_ANCHOR_MISSING: ({ store }) =>
    store === "tsa"
      ? "no trusted TSA certificate found in trust store"
      : "no trusted certificates are found to verify authenticity",
  SIGNER_NOT_TRUSTED: () => "the signature's certificate chain does not contain any trusted certificate",
  ERR_TRUST_STORE: carriedText,
  ERR_TRUST_STORE_EMPTY: carriedText,
  IDENTITY_MISSING: (evidence) =>
    `no x509 trusted identities are configured in the trust policy ${quoteText(text(evidence, "trust"))}`,
  IDENTITY_UNREADABLE: (evidence) =>
    "error while parsing the certificate subject from the digital signature. error : " +
    quoteText(text(evidence, "reference")),
  IDENTITY_NOT_TRUSTED: (evidence) =>
    "signing certificate from the digital signature does not match the X.509 trusted identities " +
    `${identitiesText(evidence)} defined in the trust policy ${quoteText(text(evidence, "trust"))}`,
  SIGNATURE_EXPIRED: (evidence) =>
    `digital signature has expired on "${rfc1123(text(evidence, "expiry"), Number(evidence["offsetMinutes"] ?? 0))}"`,
  CERTIFICATE_NOT_YET_VALID: (evidence) => periodText(evidence, "before"),
  CERTIFICATE_EXPIRED: (evidence) => periodText(evidence, "after"),
  TIMESTAMP_MISSING: () => "no timestamp countersignature was found in the signature envelope",
  ERR_TIMESTAMP: carriedText,
  TIMESTAMP_MISMATCH: carriedText,
  TIMESTAMP_INVALID: carriedText,
  TIMESTAMP_AUTHORITY_NOT_TRUSTED: carriedText,
  TIMESTAMP_AUTHORITY_INVALID: carriedText,
  TIMESTAMP_OUTSIDE_VALIDITY: rangeText,
  CERTIFICATE_REVOKED: (evidence) => `${certificateText(evidence)} is revoked`,
  REVOCATION_UNKNOWN: (evidence) => `${certificateText(evidence)} revocation status is unknown`,
  REVOCATION_NOT_CHECKED: (evidence) => `${certificateText(evidence)} revocation status is unknown`,
  TARGET_ARTIFACT_MISMATCH: () => "content descriptor mismatch",
  USER_METADATA_MISSING: () => "unable to find specified metadata in the signature",
};

/** Also of a CA the reference says "signing certificate". */
function certificateText(evidence: Evidence): string {
  const purpose = evidence["purpose"] === "timestamping" ? "timestamping" : "signing";
  return `${purpose} certificate with subject ${quoteText(text(evidence, "subject"))}`;
}

/** The reference prints what it parsed, in the order of a hash map; here they stand as they were written. */
function identitiesText({ identities }: Evidence): string {
  return Array.isArray(identities) ? `[${identities.map((identity) => quoteText(String(identity))).join(" ")}]` : "[]";
}

/** What the library below says when a signature does not fit: it depends on the format and on the key. */
function primitiveText(evidence: Evidence): string {
  if (evidence["mediaType"] === "application/cose") return "verification error";
  return text(evidence, "algorithm").startsWith("ECDSA")
    ? "crypto/ecdsa: verification error"
    : "crypto/rsa: verification error";
}

/** A sentence that was certain where the envelope was refused. */
function carriedText({ reference }: Evidence): string | undefined {
  return typeof reference === "string" ? reference : undefined;
}

/** With a key of the same kind the reference goes on to the signature, and what it says depends on that. */
function mismatchText(evidence: Evidence): string | undefined {
  const [named, expected] = [text(evidence, "algorithm"), text(evidence, "expected")] as [
    SignatureAlgorithm,
    SignatureAlgorithm,
  ];
  if (evidence["mediaType"] === "application/cose") {
    const names = `verifier ${ALGORITHMS[expected]?.jws}: header ${ALGORITHMS[named]?.jws}`;
    return `signature is invalid. Error: algorithm mismatch: ${names}`;
  }
  return ALGORITHMS[expected]?.scheme === ALGORITHMS[named]?.scheme
    ? undefined
    : "signature is invalid. Error: key is of invalid type";
}

function periodText(evidence: Evidence, side: "before" | "after"): string {
  const subject = quoteText(text(evidence, "subject"));
  if (evidence["basis"] === "authentic signing time") {
    const instant = rfc1123(text(evidence, "instant"), Number(evidence["offsetMinutes"] ?? 0));
    return `certificate ${subject} was not valid when the digital signature was produced at "${instant}"`;
  }
  return side === "before"
    ? `verification time is before certificate ${subject} validity period, it will be valid from "${
      rfc1123(text(evidence, "notBefore"), 0)
    }"`
    : `verification time is after certificate ${subject} validity period, it was expired at "${
      rfc1123(text(evidence, "notAfter"), 0)
    }"`;
}

function rangeText(evidence: Evidence): string {
  const subject = quoteText(text(evidence, "subject"));
  return evidence["side"] === "before"
    ? `timestamp can be before certificate ${subject} validity period, it will be valid from "${
      rfc1123(text(evidence, "notBefore"), 0)
    }"`
    : `timestamp can be after certificate ${subject} validity period, it was expired at "${
      rfc1123(text(evidence, "notAfter"), 0)
    }"`;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** `Mon, 23 Nov 2026 08:40:16 +0000`, in the zone the instant was written with. */
function rfc1123(iso: string, offsetMinutes: number): string {
  const local = new Date(Date.parse(iso) + offsetMinutes * 60_000);
  const two = (value: number): string => String(Math.abs(value)).padStart(2, "0");
  const clock = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(":");
  const date = `${two(local.getUTCDate())} ${MONTHS[local.getUTCMonth()]} ${
    String(local.getUTCFullYear()).padStart(4, "0")
  }`;
  const sign = offsetMinutes < 0 ? "-" : "+";
  const zone = sign + two(Math.trunc(offsetMinutes / 60)) + two(offsetMinutes % 60);
  return `${DAYS[local.getUTCDay()]}, ${date} ${clock} ${zone}`;
}
