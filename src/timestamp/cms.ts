/**
 * CMS SignedData as plain values (RFC 5652, section 5).
 *
 * pkijs reads it, here and nowhere else, and is loaded when the first token comes. It is a reader only: what it thinks of
 * signatures, paths, purposes and times is never asked. Everything handed on is bytes as received, for readers and rules
 * of this house.
 */
import type { SignedData as PkiSignedData, SignerInfo as PkiSignerInfo } from "pkijs";
import { encodeHex, printable } from "../encoding/mod.ts";
import { UnsupportedError } from "../errors.ts";
import { checkBounds } from "./bounds.ts";
import { refuseToken } from "./refuse.ts";
import { checkShape } from "./shape.ts";

/** Certificates of one token read at most. Real ones have up to five. */
export const MAX_TIMESTAMP_CERTIFICATES = 32;
/** Signers of one token read at most; a good one has one. */
export const MAX_TIMESTAMP_SIGNERS = 8;

/** What was signed, by whom, and with which certificates at hand. */
export interface SignedData {
  readonly version: number;
  /** Object identifier text. */
  readonly contentType: string;
  /** The signed content; `undefined` when it is not in the structure. */
  readonly content: Uint8Array | undefined;
  /** One encoding each, as received and in their order. */
  readonly certificates: readonly Uint8Array[];
  /** Whether CRLs stand beside them, which nobody here looks at. */
  readonly hasCrls: boolean;
  readonly signers: readonly CmsSigner[];
}

/** A SignerInfo. */
export interface CmsSigner {
  readonly version: number;
  /** Whose certificate it is; `undefined` where a key identifier stands in its place. */
  readonly certificate: CertificateIdentifier | undefined;
  /** Object identifier text. */
  readonly digestAlgorithm: string;
  /** AlgorithmIdentifier, DER. */
  readonly signatureAlgorithm: Uint8Array;
  /** The signed attributes as received, under the tag of the SET OF they are. */
  readonly signedAttributes: Uint8Array | undefined;
  readonly signature: Uint8Array;
}

/** A certificate by its issuer and number. */
export interface CertificateIdentifier {
  /** Name, DER. */
  readonly issuer: Uint8Array;
  /** Lower-case hex of the INTEGER's octets. */
  readonly serialNumber: string;
}

const SIGNED_DATA = "1.2.840.113549.1.7.2";

/**
 * Reads a ContentInfo that holds SignedData.
 *
 * @param bytes One ContentInfo, BER with definite lengths.
 * @throws {MalformedError} `ERR_TIMESTAMP`; `ERR_TOO_LARGE`
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE` when the reader could not be loaded.
 *
 * Spec: RFC 5652, sections 3 and 5.1.
 */
export async function readSignedData(bytes: Uint8Array): Promise<SignedData> {
  checkBounds(bytes);
  const { ContentInfo, IssuerAndSerialNumber, SignedData } = await load();
  try {
    const contentInfo = ContentInfo.fromBER(bytes.slice());
    if (contentInfo.contentType !== SIGNED_DATA) {
      refuseToken(`its content type is ${contentInfo.contentType}, expected SignedData`);
    }
    checkShape(bytes);
    const certificates = takeCertificates(contentInfo.content);
    const signedData = new SignedData({ schema: contentInfo.content });
    checkCount("certificates", certificates.length, MAX_TIMESTAMP_CERTIFICATES);
    checkCount("signers", signedData.signerInfos.length, MAX_TIMESTAMP_SIGNERS);
    return {
      version: signedData.version,
      contentType: signedData.encapContentInfo.eContentType,
      content: contentOf(signedData),
      hasCrls: signedData.crls !== undefined,
      certificates,
      signers: signedData.signerInfos.map((info) =>
        plainSigner(info, info.sid instanceof IssuerAndSerialNumber ? info.sid : undefined)
      ),
    };
  } catch (thrown) {
    // The library throws errors of several kinds; whatever it could not read is not a token.
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ERR_TIMESTAMP") throw thrown;
    const reason = thrown instanceof Error ? printable(thrown.message, 160) : "unknown";
    return refuseToken(`it is no CMS SignedData: ${reason}`, "ERR_TIMESTAMP", thrown);
  }
}

async function load() {
  try {
    return await import("pkijs");
  } catch (cause) {
    throw new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "Cannot read timestamp token: its reader did not load", {
      cause,
    });
  }
}

function checkCount(what: string, found: number, most: number): void {
  if (found > most) refuseToken(`it has ${found} ${what}, expected at most ${most}`);
}

/** A value as the library's parser leaves it, as far as it is looked at here. */
interface ParsedNode {
  readonly idBlock: { readonly tagClass: number; readonly tagNumber: number };
  readonly valueBlock: { readonly value?: ParsedNode[] };
  readonly valueBeforeDecodeView: Uint8Array;
}

const CONTEXT_CLASS = 3;

/**
 * The elements of `certificates [0]` with every byte they had. They are taken out: the library would read each of them,
 * which takes longer than all the rest, and nobody would ask it what it found.
 */
function takeCertificates({ valueBlock: { value: fields = [] } }: ParsedNode): readonly Uint8Array[] {
  const place = fields.findIndex(({ idBlock }) => idBlock.tagClass === CONTEXT_CLASS && idBlock.tagNumber === 0);
  const [set] = place < 0 ? [] : fields.splice(place, 1);
  return (set?.valueBlock.value ?? []).map(({ valueBeforeDecodeView }) => valueBeforeDecodeView.slice());
}

function contentOf({ encapContentInfo: { eContent } }: PkiSignedData): Uint8Array | undefined {
  return eContent === undefined ? undefined : new Uint8Array(eContent.getValue());
}

function plainSigner(info: PkiSignerInfo, sid: Identified | undefined): CmsSigner {
  return {
    version: info.version,
    certificate: sid === undefined ? undefined : {
      issuer: new Uint8Array(sid.issuer.valueBeforeDecode),
      serialNumber: encodeHex(sid.serialNumber.valueBlock.valueHexView),
    },
    digestAlgorithm: info.digestAlgorithm.algorithmId,
    signatureAlgorithm: new Uint8Array(info.signatureAlgorithm.toSchema().toBER()),
    signedAttributes: info.signedAttrs === undefined ? undefined : new Uint8Array(info.signedAttrs.encodedValue),
    signature: new Uint8Array(info.signature.getValue()),
  };
}

interface Identified {
  readonly issuer: { readonly valueBeforeDecode: ArrayBuffer };
  readonly serialNumber: { readonly valueBlock: { readonly valueHexView: Uint8Array } };
}
