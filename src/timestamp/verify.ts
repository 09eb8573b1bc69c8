/**
 * Whether a token proves when a message existed: every decision of RFC 3161, section 2.4.2, RFC 5652, section 5.6 and
 * the Notary Project, in the order in which the reference implementation takes them.
 */
import { HASH_OIDS } from "../crypto/mod.ts";
import { equalBytes } from "../encoding/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import { type Certificate, findPaths, type FoundPaths } from "../x509/mod.ts";
import { refuseChain, refuseName, refuseSigningTime, refuseUntrusted, withoutEnded } from "./authority_chain.ts";
import { type TimestampRange, timestampRange } from "./range.ts";
import type { SignedAttributes } from "./signed_attributes.ts";
import { refuseSignature } from "./signer_signature.ts";
import { findSigningCertificate } from "./signing_certificate.ts";
import type { Tolerates } from "./strict.ts";
import type { TimestampToken, TokenSigner } from "./token.ts";
import {
  FAILED_TO_GET,
  FAILED_TO_VERIFY,
  refuseTimestamp,
  type TimestampRefusal,
  type TimestampVerdict,
} from "./verdict.ts";

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
  tolerates?: Tolerates,
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
  if (unknown !== undefined && tolerates?.("timestamp-critical-extension") !== true) {
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

/**
 * Judges a token: that it is about the message, who signed it, that it is signed, and that a trusted authority did.
 *
 * @param message What was timestamped.
 * @param anchors Roots of trusted authorities.
 * @param tolerates For comparisons with the reference implementation alone.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`: never a judgement.
 */
export async function verifyTimestamp(
  token: TimestampToken,
  message: Uint8Array,
  anchors: readonly Certificate[],
  crypto: CryptoProvider,
  tolerates?: Tolerates,
): Promise<TimestampVerdict> {
  const range = await matchTimestamp(token, message, crypto, tolerates);
  if ("trusted" in range) return range;
  const [signer, ...others] = token.signers;
  if (signer === undefined || (others.length > 0 && tolerates?.("timestamp-one-signer") !== true)) {
    return refuseTimestamp(
      "TIMESTAMP_INVALID",
      `it has ${token.signers.length} signatures, expected the authority's alone`,
      signer === undefined ? `${FAILED_TO_VERIFY}: signerInfo not found` : undefined,
    );
  }
  let verdict = await judgeSigner(token, signer, anchors, range, crypto, tolerates);
  // Of several signers, which only the reference takes, one is enough.
  for (const other of others) {
    if (!verdict.trusted) verdict = await judgeSigner(token, other, anchors, range, crypto, tolerates);
  }
  return verdict;
}

async function judgeSigner(
  token: TimestampToken,
  signer: TokenSigner,
  anchors: readonly Certificate[],
  range: TimestampRange,
  crypto: CryptoProvider,
  tolerates: Tolerates | undefined,
): Promise<TimestampVerdict> {
  const found = await findSigningCertificate(signer, token.certificates, crypto, tolerates);
  if ("problem" in found) {
    const { problem, reference } = found;
    return refuseTimestamp("TIMESTAMP_INVALID", problem, reference && `${FAILED_TO_VERIFY}: ${reference}`);
  }
  const { certificate, attributes } = found;
  const ways = withoutEnded(
    await findPaths({ leaf: certificate, candidates: token.certificates, anchors, at: range.genTime }, crypto),
    range,
  );
  return refuseUntrusted(certificate, ways, range) ??
    await refuseSignature(token, signer, certificate, attributes, crypto) ??
    await judgePaths(token, certificate, attributes, ways, range, crypto, tolerates);
}

/** The first path that holds in every respect; else what is wrong with the first. */
async function judgePaths(
  token: TimestampToken,
  certificate: Certificate,
  { signingTime }: SignedAttributes,
  { paths }: FoundPaths,
  range: TimestampRange,
  crypto: CryptoProvider,
  tolerates: Tolerates | undefined,
): Promise<TimestampVerdict> {
  let first: TimestampRefusal | undefined;
  for (const authorityChain of paths) {
    const refused = refuseSigningTime(signingTime, authorityChain) ??
      await refuseChain(authorityChain, crypto, tolerates);
    if (refused === undefined) {
      return refuseName(token, certificate, tolerates) ?? { trusted: true, range, authorityChain };
    }
    first ??= refused;
  }
  return first ?? refuseTimestamp("TIMESTAMP_AUTHORITY_NOT_TRUSTED", "no path leads to a trusted root");
}
