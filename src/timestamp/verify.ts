/**
 * Whether a token proves when a message existed: every decision of RFC 3161, section 2.4.2, RFC 5652, section 5.6 and the
 * Notary Project, in the order in which the reference implementation takes them.
 */
import { ALGORITHMS, HASH_OIDS, readSignatureAlgorithm } from "../crypto/mod.ts";
import { equalBytes, printable, readDer } from "../encoding/mod.ts";
import { EngineError, type ErrorCode, type Refusal, refusal } from "../errors.ts";
import type { CryptoProvider, HashAlgorithm, SignatureAlgorithm } from "../ports.ts";
import {
  type Certificate,
  findPaths,
  formatName,
  type FoundPaths,
  validAt,
  validateTimestampingChain,
  verifyCertificateSignature,
} from "../x509/mod.ts";
import { type TimestampRange, timestampRange } from "./range.ts";
import { findSigningCertificate } from "./signing_certificate.ts";
import type { SignedAttributes } from "./signed_attributes.ts";
import type { TimestampToken, TokenSigner } from "./token.ts";
import { namesAuthority } from "./authority_name.ts";

/** What is known of a token once it was judged. Not knowing whether the authority's certificates are revoked is no part of it. */
export type TimestampVerdict =
  | {
    readonly trusted: true;
    readonly range: TimestampRange;
    /** The authority's certificate first, the trust anchor last. */
    readonly authorityChain: readonly Certificate[];
  }
  | TimestampRefusal;

/** Why a token proves nothing. */
export interface TimestampRefusal {
  readonly trusted: false;
  readonly refusal: Refusal;
  /** The reference implementation's sentence where it is known; absent where it accepts. */
  readonly reference?: string;
}

/** A refusal with `message` after "Cannot accept the timestamp: ". */
export function refuseTimestamp(code: ErrorCode, message: string, reference?: string): TimestampRefusal {
  const refused = { trusted: false, refusal: refusal(code, `Cannot accept the timestamp: ${message}`) } as const;
  return reference === undefined ? refused : { ...refused, reference };
}

/**
 * Judges what a token says of itself and of the message, without asking who signed it.
 *
 * @param message What was timestamped: of a Notary envelope, its signature bytes.
 * @returns The interval, or the refusal.
 *
 * Spec: RFC 3161, section 2.4.2.
 */
export async function matchTimestamp(
  { info }: TimestampToken,
  message: Uint8Array,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<TimestampRange | TimestampRefusal> {
  const said = (what: string) => `${FAILED_TO_GET}: invalid TSTInfo: ${what}`;
  if (info.version !== 1) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `its TSTInfo has version ${info.version}, expected 1`,
      said(`timestamp token info version must be 1, but got ${info.version}`),
    );
  }
  const [unknown] = info.criticalExtensions;
  if (unknown !== undefined) {
    return refuseTimestamp("TIMESTAMP_INVALID", `it has the critical extension ${unknown}, which nothing here knows`);
  }
  const { hashOid, hash } = info.imprint;
  const algorithm = HASH_OIDS.get(hashOid);
  if (algorithm === undefined) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `it hashes the signature with ${hashOid}, expected SHA-256, SHA-384 or SHA-512`,
      said(`unrecognized hash algorithm: ${hashOid}`),
    );
  }
  if (!equalBytes(hash, await crypto.digest(algorithm, message))) {
    return refuseTimestamp(
      "TIMESTAMP_MISMATCH",
      "it was made of other bytes than this signature",
      said("mismatched message"),
    );
  }
  return timestampRange(info);
}

/** How the reference begins what it says of a token's own content. */
export const FAILED_TO_GET = "failed to get timestamp from timestamp countersignature with error";
const FAILED_TO_VERIFY = "failed to verify the timestamp countersignature with error: failed to verify signed token";
const FAILED_CHAIN = "failed to validate the timestamping certificate chain with error";

/**
 * Judges a token: that it is about the message, who signed it, that it is signed, and that a trusted authority did.
 *
 * @param message What was timestamped.
 * @param anchors Roots of trusted authorities.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`: never a judgement.
 */
export async function verifyTimestamp(
  token: TimestampToken,
  message: Uint8Array,
  anchors: readonly Certificate[],
  crypto: CryptoProvider,
): Promise<TimestampVerdict> {
  const range = await matchTimestamp(token, message, crypto);
  if ("trusted" in range) return range;
  const [signer, ...others] = token.signers;
  if (signer === undefined || others.length > 0) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `it has ${token.signers.length} signatures, expected the authority's alone`,
      signer === undefined ? `${FAILED_TO_VERIFY}: signerInfo not found` : undefined,
    );
  }
  const found = await findSigningCertificate(signer, token.certificates, crypto);
  if ("problem" in found) {
    const { problem, reference } = found;
    return refuseTimestamp("TIMESTAMP_INVALID", problem, reference && `${FAILED_TO_VERIFY}: ${reference}`);
  }
  const { certificate, attributes } = found;
  const ways = await findPaths(
    { leaf: certificate, candidates: token.certificates, anchors, at: range.genTime },
    crypto,
  );
  return untrusted(certificate, ways, range) ??
    await refuseSignature(token, signer, certificate, attributes, crypto) ??
    await judgePaths(token, certificate, attributes, ways, range, crypto);
}

const cms = (what: string) => `${FAILED_TO_VERIFY}: cms verification failure: ${what}`;

function untrusted(
  leaf: Certificate,
  { paths, deadEnds }: FoundPaths,
  { genTime }: TimestampRange,
): TimestampRefusal | undefined {
  if (paths.length > 0) return undefined;
  const name = printable(formatName(leaf.subject));
  return refuseTimestamp(
    "TIMESTAMP_AUTHORITY_NOT_TRUSTED",
    `no path leads from the authority "${name}" to a trusted root at ${genTime.toISOString()}: ${
      deadEnds.slice(0, MAX_REASONS).join("; ")
    }`,
    // Its words for a certificate that is out of date at the token's time depend on more than is known here.
    validAt(leaf, genTime) && deadEnds.every((reason) => reason.startsWith("no certificate of its issuer"))
      ? cms("x509: certificate signed by unknown authority")
      : undefined,
  );
}

/** Reasons put into one message. */
const MAX_REASONS = 3;

/** Spec: RFC 5652, sections 5.4 and 5.6. */
async function refuseSignature(
  token: TimestampToken,
  signer: TokenSigner,
  certificate: Certificate,
  attributes: SignedAttributes,
  crypto: CryptoProvider,
): Promise<TimestampRefusal | undefined> {
  const hash = HASH_OIDS.get(signer.digestAlgorithm);
  const signatureAlgorithm = algorithmOf(signer, hash);
  if (hash === undefined || signatureAlgorithm === undefined) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `it is signed with an algorithm or a hash (${signer.digestAlgorithm}) that is none of RSA or ECDSA with SHA-256, ` +
        "SHA-384 or SHA-512",
    );
  }
  const { signedBytes: tbs, contentType, messageDigest } = attributes;
  const signed = { tbs, signatureAlgorithm, signature: signer.signature };
  if (!await verifyCertificateSignature(signed, certificate, crypto)) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `by the key of "${printable(formatName(certificate.subject))}" its signature does not fit the signed attributes`,
      cms(ALGORITHMS[signatureAlgorithm].scheme === "ECDSA" ? "x509: ECDSA verification failure" : RSA_FAILURE),
    );
  }
  if (contentType !== token.contentType) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `it was signed as ${contentType ?? "content of no type"}, expected ${token.contentType}`,
      contentType === undefined ? undefined : cms(
        `mismatch content type: found "${contentType}" in signer info, and "${token.contentType}" in signed data`,
      ),
    );
  }
  if (messageDigest !== undefined && equalBytes(messageDigest, await crypto.digest(hash, token.content))) {
    return undefined;
  }
  return refuseTimestamp(
    "TIMESTAMP_INVALID",
    "the signed digest is not that of its content",
    messageDigest === undefined ? undefined : cms("mismatch message digest"),
  );
}

const RSA_FAILURE = "crypto/rsa: verification error";
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

/**
 * The algorithm a signer names: of a signature and its hash together, or of a key, with the hash beside it.
 *
 * @returns `undefined` when it is none this engine verifies, or names another hash than the signer does.
 *
 * Spec: RFC 3370, section 3.2; RFC 5754, section 3.
 */
function algorithmOf(signer: TokenSigner, hash: HashAlgorithm | undefined): SignatureAlgorithm | undefined {
  try {
    const { oid, algorithm } = readSignatureAlgorithm(readDer(signer.signatureAlgorithm));
    if (oid === RSA_ENCRYPTION && hash !== undefined) {
      return `RSASSA-PKCS1-v1_5-SHA-${hash.slice("sha".length) as "256" | "384" | "512"}`;
    }
    return algorithm !== undefined && ALGORITHMS[algorithm].hash === hash ? algorithm : undefined;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** The first path that holds in every respect; else what is wrong with the first. */
async function judgePaths(
  token: TimestampToken,
  certificate: Certificate,
  { signingTime }: SignedAttributes,
  { paths }: FoundPaths,
  range: TimestampRange,
  crypto: CryptoProvider,
): Promise<TimestampVerdict> {
  let first: TimestampRefusal | undefined;
  for (const authorityChain of paths) {
    const refused = refuseSigningTime(signingTime, authorityChain) ?? await refuseChain(authorityChain, crypto);
    if (refused === undefined) {
      return refuseName(token, certificate) ?? { trusted: true, range, authorityChain };
    }
    first ??= refused;
  }
  return first ?? refuseTimestamp("TIMESTAMP_AUTHORITY_NOT_TRUSTED", "no path leads to a trusted root");
}

function refuseSigningTime(
  signingTime: Date | undefined,
  chain: readonly Certificate[],
): TimestampRefusal | undefined {
  const outside = signingTime && chain.find((certificate) => !validAt(certificate, signingTime));
  if (signingTime === undefined || outside === undefined) return undefined;
  return refuseTimestamp(
    "TIMESTAMP_INVALID",
    `it says it was signed at ${signingTime.toISOString()}, when "${
      printable(formatName(outside.subject))
    }" was not valid`,
    cms(`signing time, ${goTime(signingTime)}, is outside certificate's validity period`),
  );
}

/** `2021-09-18 11:54:34 +0000 UTC`: how the reference's language prints an instant. */
function goTime(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
}

/** Sentences of the reference that come before those of its chain rules, for the same rule. */
const EARLIER_SENTENCES: Readonly<Record<string, string>> = {
  "extended-key-usage-timestamping":
    "signing certificate must have and only have ExtKeyUsageTimeStamping as extended key usage",
  "extended-key-usage-critical": "signing certificate extended key usage extension must be set as critical",
};

async function refuseChain(
  chain: readonly Certificate[],
  crypto: CryptoProvider,
): Promise<TimestampRefusal | undefined> {
  const { failures: [failure] } = await validateTimestampingChain(chain, crypto);
  if (failure === undefined) return undefined;
  const earlier = EARLIER_SENTENCES[failure.rule];
  const reference = earlier !== undefined
    ? `${FAILED_TO_VERIFY}: ${earlier}`
    : failure.reference && `${FAILED_CHAIN}: ${failure.reference}`;
  return refuseTimestamp(
    "TIMESTAMP_AUTHORITY_INVALID",
    `of the authority's chain, ${failure.message} (rule ${failure.rule})`,
    reference,
  );
}

function refuseName({ info }: TimestampToken, certificate: Certificate): TimestampRefusal | undefined {
  if (info.authorityName === undefined || namesAuthority(info.authorityName, certificate)) return undefined;
  const [said, is] = [info.authorityName, certificate.subject].map((name) => printable(formatName(name)));
  return refuseTimestamp("TIMESTAMP_INVALID", `it names the authority "${said}", its certificate says "${is}"`);
}
