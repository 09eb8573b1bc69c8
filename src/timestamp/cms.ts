/**
 * CMS SignedData as plain values (RFC 5652, section 5).
 *
 * An own reader, as for DER: a general library is three times the size of the engine itself, and takes what must be
 * refused, such as fields after those it knows. Every field is named here, and no other may stand beside them. What is
 * handed on is bytes as received, for readers and rules of this house.
 */
import {
  derBytes,
  derContent,
  type DerNode,
  encodeHex,
  readIntegerBytes,
  readOid,
  readSmallInteger,
  TAG,
} from "../encoding/mod.ts";
import { berChildren, readBer, readBerOctets } from "./ber.ts";
import { readingToken, refuseToken } from "./refuse.ts";

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
  /** AlgorithmIdentifier, as received. */
  readonly signatureAlgorithm: Uint8Array;
  /** The signed attributes as received, under the tag of the SET OF they are. */
  readonly signedAttributes: Uint8Array | undefined;
  readonly signature: Uint8Array;
}

/** A certificate by its issuer and number. */
export interface CertificateIdentifier {
  /** Name, as received. */
  readonly issuer: Uint8Array;
  /** Lower-case hex of the INTEGER's octets. */
  readonly serialNumber: string;
}

const SIGNED_DATA = "1.2.840.113549.1.7.2";

/** What stands in a structure: identifier octets in their order, optional ones with a question mark. */
const FIELDS = {
  ContentInfo: /^06 a0 $/,
  content: /^30 $/,
  SignedData: /^02 31 30 (a0 )?(a1 )?31 $/,
  encapContentInfo: /^06 (a0 )?$/,
  eContent: /^[0-9a-f]{2} $/,
  signerInfos: /^(30 )*$/,
  SignerInfo: /^02 (30|80|a0) 30 (a0 )?30 04 (a1 )?$/,
  issuerAndSerialNumber: /^30 02 $/,
  digestAlgorithm: /^06 ([0-9a-f]{2} )?$/,
} as const;

/** Characters of the fields found that are shown. */
const SHOWN = 60;

/** The values inside one, when they are those RFC 5652 has there. */
function fieldsOf(what: keyof typeof FIELDS, node: DerNode): readonly DerNode[] {
  const fields = berChildren(node);
  const found = fields.map(({ tag }) => `${tag.toString(16).padStart(2, "0")} `).join("");
  if (!FIELDS[what].test(found)) {
    refuseToken(`its ${what} has the fields ${found.slice(0, SHOWN)}and not those of RFC 5652`);
  }
  return fields;
}

/**
 * Reads a ContentInfo that holds SignedData.
 *
 * @param bytes One ContentInfo, BER with definite lengths.
 * @throws {MalformedError} `ERR_TIMESTAMP`; `ERR_TOO_LARGE`
 *
 * Spec: RFC 5652, sections 3 and 5.1.
 */
export function readSignedData(bytes: Uint8Array): SignedData {
  const root = readBer(bytes);
  if (root.tag !== TAG.sequence) refuseToken("it is no CMS SignedData: it is no SEQUENCE");
  return readingToken("SignedData", () => {
    const [type, content] = fieldsOf("ContentInfo", root) as readonly [DerNode, DerNode];
    const contentType = readOid(type, "contentType");
    if (contentType !== SIGNED_DATA) refuseToken(`its content type is ${contentType}, expected SignedData`);
    const [signedData] = fieldsOf("content", content) as readonly [DerNode];
    return readFields(fieldsOf("SignedData", signedData));
  });
}

function readFields(fields: readonly DerNode[]): SignedData {
  const [version, , encapsulated] = fields as readonly [DerNode, DerNode, DerNode];
  const [type, wrapped] = fieldsOf("encapContentInfo", encapsulated) as readonly [DerNode, DerNode | undefined];
  const [content] = wrapped === undefined ? [] : fieldsOf("eContent", wrapped);
  const certificates = fields.find(({ tag }) => tag === CERTIFICATES);
  const signers = fieldsOf("signerInfos", fields[fields.length - 1] as DerNode);
  return {
    version: readSmallInteger(version, "version"),
    contentType: readOid(type, "eContentType"),
    content: content === undefined ? undefined : readBerOctets(content, "content"),
    certificates: limited("certificates", certificates ? berChildren(certificates) : [], MAX_TIMESTAMP_CERTIFICATES)
      .map((certificate) => derBytes(certificate).slice()),
    hasCrls: fields.some(({ tag }) => tag === CRLS),
    signers: limited("signers", signers, MAX_TIMESTAMP_SIGNERS).map(readSigner),
  };
}

/** Identifier octets in SignedData, and in SignerInfo. */
const CERTIFICATES = 0xa0;
const CRLS = 0xa1;
const SIGNED_ATTRIBUTES = 0xa0;

function limited(what: string, found: readonly DerNode[], most: number): readonly DerNode[] {
  if (found.length > most) refuseToken(`it has ${found.length} ${what}, expected at most ${most}`);
  return found;
}

/** Spec: RFC 5652, section 5.3. */
function readSigner(node: DerNode): CmsSigner {
  const [version, sid, digestAlgorithm, fourth, ...rest] = fieldsOf("SignerInfo", node) as readonly [
    DerNode,
    DerNode,
    DerNode,
    DerNode,
    ...DerNode[],
  ];
  const attributes = fourth.tag === SIGNED_ATTRIBUTES ? fourth : undefined;
  const after = attributes === undefined ? [fourth, ...rest] : rest;
  const [signatureAlgorithm, signature] = after as readonly DerNode[] as readonly [DerNode, DerNode];
  return {
    version: readSmallInteger(version, "version"),
    certificate: sid.tag === TAG.sequence ? readIdentifier(sid) : undefined,
    digestAlgorithm: readOid(fieldsOf("digestAlgorithm", digestAlgorithm)[0], "digestAlgorithm"),
    signatureAlgorithm: derBytes(signatureAlgorithm),
    signedAttributes: attributes === undefined ? undefined : underSetTag(attributes),
    signature: derContent(signature),
  };
}

function readIdentifier(sid: DerNode): CertificateIdentifier {
  const [issuer, serialNumber] = fieldsOf("issuerAndSerialNumber", sid) as readonly [DerNode, DerNode];
  return { issuer: derBytes(issuer), serialNumber: encodeHex(readIntegerBytes(serialNumber, "serialNumber")) };
}

/**
 * They are sent under `[0]` and signed under the tag of a SET OF, at least one. Spec: RFC 5652, sections 5.3 and 5.4.
 */
function underSetTag(attributes: DerNode): Uint8Array {
  if (attributes.contentStart === attributes.end) refuseToken("its signed attributes are none, expected 1 or more");
  const bytes = derBytes(attributes).slice();
  bytes[0] = TAG.set;
  return bytes;
}
