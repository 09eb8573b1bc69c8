/** The signed attributes of a token's signer (RFC 5652, section 11; RFC 5035, section 3; RFC 5816). */
import {
  compareBytes,
  concatBytes,
  contextTag,
  derBytes,
  derChildren,
  type DerNode,
  encodeHex,
  expectTag,
  readDer,
  readIntegerBytes,
  readOctetString,
  readOid,
  readSequence,
  readTime,
  TAG,
  writeDer,
} from "../encoding/mod.ts";
import { readName } from "../x509/mod.ts";
import { readingToken, refuseToken } from "./refuse.ts";
import type { Tolerates } from "./strict.ts";

/** Signed attributes of one signer read at most. */
export const MAX_SIGNED_ATTRIBUTES = 64;

/** What a signer signed beside the content. */
export interface SignedAttributes {
  /** The attributes as DER SET OF: the bytes the signature is over. */
  readonly signedBytes: Uint8Array;
  /** Object identifier text. */
  readonly contentType?: string;
  readonly messageDigest?: Uint8Array;
  readonly signingTime?: Date;
  /** From signing-certificate v2. */
  readonly signingCertificate?: SigningCertificate;
  /** Whether the older attribute stands there, which names the certificate by SHA-1 alone. */
  readonly hasVersion1: boolean;
}

/** Which certificate signed, by the hash of its DER. */
export interface SigningCertificate {
  /** Object identifier text; SHA-256 where none is written. */
  readonly hashOid: string;
  readonly hash: Uint8Array;
  readonly issuerSerial?: {
    /** Name, DER; `undefined` where the issuer is named in another way. */
    readonly issuer: Uint8Array | undefined;
    /** Lower-case hex of the INTEGER's octets. */
    readonly serialNumber: string;
  };
}

const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_TIME = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE_V1 = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";

const SHA_256 = "2.16.840.1.101.3.4.2.1";
const DIRECTORY_NAME = contextTag(4, "constructed");

/**
 * Reads the signed attributes, and encodes them as they were signed: a DER SET OF, whatever order they were sent in.
 *
 * @param set The attributes under the tag of a SET OF; each attribute is DER.
 * @param tolerates For comparisons with the reference implementation alone: it takes the first of several.
 * @throws {MalformedError} `ERR_TIMESTAMP` when one occurs twice or is not well-formed.
 *
 * Spec: RFC 5652, sections 5.3 and 5.4.
 */
export function readSignedAttributes(set: Uint8Array, tolerates?: Tolerates): SignedAttributes {
  return readingToken("signedAttrs", () => {
    const nodes = derChildren(expectTag(readDer(set), TAG.set, "signedAttrs"));
    if (nodes.length > MAX_SIGNED_ATTRIBUTES) refuseToken(`more than ${MAX_SIGNED_ATTRIBUTES} signed attributes`);
    const values = new Map<string, readonly DerNode[]>();
    for (const node of nodes) {
      const [type, attributeValues, ...rest] = readSequence(node, "attribute");
      const oid = readOid(type, "attrType");
      if (values.has(oid) && tolerates?.("timestamp-attribute-twice") === true) continue;
      if (rest.length > 0 || values.has(oid)) refuseToken(`attribute ${oid} occurs twice or has more than values`);
      values.set(oid, derChildren(expectTag(attributeValues, TAG.set, "attrValues")));
    }
    const one = <Value>(oid: string, read: (node: DerNode) => Value): Value | undefined => {
      const [value, ...others] = values.get(oid) ?? [undefined];
      if (others.length > 0) refuseToken(`attribute ${oid} has ${others.length + 1} values, expected 1`);
      if (value === undefined && values.has(oid)) refuseToken(`attribute ${oid} has no value`);
      return value === undefined ? undefined : read(value);
    };
    const contentType = one(CONTENT_TYPE, (node) => readOid(node, "contentType"));
    const messageDigest = one(MESSAGE_DIGEST, (node) => readOctetString(node, "messageDigest"));
    const signingTime = one(SIGNING_TIME, (node) => readTime(node, "signingTime"));
    const signingCertificate = one(SIGNING_CERTIFICATE_V2, readSigningCertificate);
    return {
      signedBytes: encodeSetOf(nodes),
      ...(contentType === undefined ? {} : { contentType }),
      ...(messageDigest === undefined ? {} : { messageDigest }),
      ...(signingTime === undefined ? {} : { signingTime }),
      ...(signingCertificate === undefined ? {} : { signingCertificate }),
      hasVersion1: values.has(SIGNING_CERTIFICATE_V1),
    };
  });
}

/** Spec: X.690, section 11.6. */
function encodeSetOf(nodes: readonly DerNode[]): Uint8Array {
  return writeDer(TAG.set, concatBytes(...nodes.map(derBytes).sort(compareBytes)));
}

/**
 * The first certificate is the one that signed; those after it and the policies restrict nothing here. Spec: RFC 5035,
 * section 3.
 */
function readSigningCertificate(node: DerNode): SigningCertificate {
  const [certificates] = readSequence(node, "SigningCertificateV2");
  const [first] = readSequence(certificates, "certs");
  if (first === undefined) return refuseToken(`"SigningCertificateV2" names no certificate`);
  const fields = [...readSequence(first, "ESSCertIDv2")];
  const algorithm = fields[0]?.tag === TAG.sequence ? readSequence(fields.shift(), "hashAlgorithm") : undefined;
  const hash = readOctetString(fields.shift(), "certHash");
  const issuerSerial = fields.shift();
  if (fields.length > 0) refuseToken(`"ESSCertIDv2" has ${fields.length} fields too many`);
  return {
    hashOid: algorithm === undefined ? SHA_256 : readOid(algorithm[0], "hashAlgorithm"),
    hash,
    ...(issuerSerial === undefined ? {} : { issuerSerial: readIssuerSerial(issuerSerial) }),
  };
}

function readIssuerSerial(node: DerNode) {
  const [issuer, serialNumber, ...rest] = readSequence(node, "issuerSerial");
  if (rest.length > 0) refuseToken(`"issuerSerial" has more fields than two`);
  const names = readSequence(issuer, "issuer").filter(({ tag }) => tag === DIRECTORY_NAME);
  const [name] = names[0] === undefined ? [] : derChildren(names[0]);
  return {
    issuer: name === undefined ? undefined : readName(name, "issuer").der,
    serialNumber: encodeHex(readIntegerBytes(serialNumber, "serialNumber")),
  };
}
