/** A timestamp token decoded: well-formed, and nothing in it proven (RFC 3161, section 2.4.2). */
import { EngineError } from "../errors.ts";
import { type Certificate, readCertificate } from "../x509/mod.ts";
import { type CmsSigner, readSignedData } from "./cms.ts";
import { refuseToken } from "./refuse.ts";
import { readSignedAttributes, type SignedAttributes } from "./signed_attributes.ts";
import type { Tolerates } from "./strict.ts";
import { readTimestampInfo, type TimestampInfo } from "./tst_info.ts";

/** A token: what it says, who is said to have signed it, and the certificates that came with it. */
export interface TimestampToken {
  readonly info: TimestampInfo;
  /** The bytes of the TSTInfo, as signed. */
  readonly content: Uint8Array;
  /** Object identifier text: that of TSTInfo. */
  readonly contentType: string;
  /** As they came, in any order; none of them is trusted for being there. */
  readonly certificates: readonly Certificate[];
  readonly signers: readonly TokenSigner[];
}

/** One signer of a token. */
export interface TokenSigner extends CmsSigner {
  readonly attributes: SignedAttributes | undefined;
}

/** Content type of a TSTInfo (RFC 3161, section 2.4.2). */
export const TST_INFO = "1.2.840.113549.1.9.16.1.4";

/**
 * Decodes a TimeStampToken.
 *
 * @param bytes ContentInfo, BER with definite lengths.
 * @param tolerates For comparisons with the reference implementation alone.
 * @throws {MalformedError} `ERR_TIMESTAMP`; `ERR_TOO_LARGE`
 *
 * Spec: RFC 3161, section 2.4.2; RFC 5652, section 5.
 */
export function readTimestampToken(bytes: Uint8Array, tolerates?: Tolerates): TimestampToken {
  const { version, contentType, content, certificates, signers, hasCrls } = readSignedData(bytes);
  if (version !== 3) refuseToken(`its SignedData has version ${version}, expected 3`);
  if (contentType !== TST_INFO) {
    refuseToken(`it holds ${contentType}, expected a TSTInfo (${TST_INFO})`, "ERR_TIMESTAMP", {
      reference: `unexpected content type: ${contentType}. Expected to be id-ct-TSTInfo (${TST_INFO})`,
    });
  }
  if (content === undefined) refuseToken("it holds no TSTInfo");
  // The reference has no place for them (timestamp-crls).
  if (hasCrls && tolerates !== undefined) refuseToken("it holds CRLs");
  return {
    info: readTimestampInfo(content),
    content,
    contentType,
    certificates: certificates.map(readTokenCertificate),
    signers: signers.map((signer) => ({
      ...signer,
      attributes: signer.signedAttributes === undefined
        ? undefined
        : readSignedAttributes(signer.signedAttributes, tolerates),
    })),
  };
}

function readTokenCertificate(der: Uint8Array, index: number): Certificate {
  try {
    return readCertificate(der);
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    return refuseToken(`certificate ${index + 1}: ${cause.message}`, "ERR_TIMESTAMP", cause);
  }
}
