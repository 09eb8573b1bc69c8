/** DER → `Certificate`, a plain record (RFC 5280, section 4). */
import {
  contextTag,
  derBytes,
  type DerNode,
  encodeHex,
  equalBytes,
  expectTag,
  onlyChild,
  readBitString,
  readBitStringBytes,
  readDer,
  readIntegerBytes,
  readSequence,
  readSmallInteger,
  readTime,
  refuseRest,
  TAG,
} from "../encoding/mod.ts";
import { readPublicKey, readSignatureAlgorithm, type UnsupportedKey } from "../crypto/mod.ts";
import { EngineError, MalformedError } from "../errors.ts";
import type { PublicKey, SignatureAlgorithm } from "../ports.ts";
import { type Extension, readExtensions } from "./extension_list.ts";
import { extensionOf, HONOURED } from "./extensions.ts";
import { type DistinguishedName, readName } from "./name.ts";

/** Bytes of one certificate read at most. */
export const MAX_CERTIFICATE_BYTES = 64 * 1024;

export interface Certificate {
  /** The certificate as received. */
  readonly der: Uint8Array;
  /** `tbsCertificate` as received: the signed bytes. */
  readonly tbs: Uint8Array;
  /** As people say it; the encoding counts from zero. */
  readonly version: 1 | 2 | 3;
  /** Lower-case hex of the integer's octets. */
  readonly serialNumber: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: CertificatePublicKey;
  /** By object identifier text; each at most once. */
  readonly extensions: ReadonlyMap<string, Extension>;
  /** `undefined` when the algorithm is none this engine verifies; `signatureAlgorithmOid` then still names it. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  /** As received: for ECDSA a DER SEQUENCE, from which r‖s is made when it is verified. */
  readonly signature: Uint8Array;
}

/** Every key type can stand in a certificate; only RSA and the three NIST curves are usable keys. */
export type CertificatePublicKey = PublicKey | UnsupportedKey;

/**
 * Reads a certificate without judging it. Whether it may sign is for `profile.ts`, whether it is trusted for others.
 *
 * Versions 1 to 3 are read and serial numbers of any length; negative ones, an extension that occurs twice, two
 * different signature algorithms and anything that is not DER are refused.
 *
 * @param der One certificate, DER, nothing after it. It is kept, not copied: do not change it afterwards.
 * @throws {MalformedError} `ERR_CERTIFICATE`
 *
 * Spec: RFC 5280, section 4.1.
 */
export function decodeCertificate(der: Uint8Array): Certificate {
  try {
    const certificate = decode(der);
    for (const name of HONOURED) extensionOf(certificate, name);
    return certificate;
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new MalformedError("ERR_CERTIFICATE", `Cannot decode certificate: ${cause.message}`, { cause });
  }
}

/**
 * Whether an instant lies in a certificate's validity period, both ends included.
 *
 * Spec: RFC 5280, section 4.1.2.5.
 */
export function validAt({ notBefore, notAfter }: Certificate, instant: Date): boolean {
  return instant >= notBefore && instant <= notAfter;
}

function decode(der: Uint8Array): Certificate {
  const [tbsNode, algorithm, signature, ...rest] = readSequence(readDer(der, MAX_CERTIFICATE_BYTES), "certificate");
  refuseRest(rest, "certificate");
  const fields = [...readSequence(tbsNode, "tbsCertificate")];
  const version = readVersion(fields);
  const serialNumber = readSerialNumber(fields.shift());
  const innerAlgorithm = fields.shift();
  const outer = readSignatureAlgorithm(algorithm);
  const inner = expectTag(innerAlgorithm, TAG.sequence, "signature");
  if (!equalBytes(derBytes(algorithm as DerNode), derBytes(inner))) {
    throw new MalformedError("ERR_DER", `"signatureAlgorithm" is not the algorithm that was signed as "signature"`);
  }
  const issuer = readName(fields.shift(), "issuer");
  const [notBefore, notAfter, ...period] = readSequence(fields.shift(), "validity");
  refuseRest(period, "validity");
  const subject = readName(fields.shift(), "subject");
  const publicKey = readPublicKey(expectTag(fields.shift(), TAG.sequence, "subjectPublicKeyInfo"));
  const extensions = readOptionalFields(fields, version);
  return {
    der,
    tbs: derBytes(tbsNode as DerNode),
    version,
    serialNumber,
    issuer,
    subject,
    notBefore: readTime(notBefore, "notBefore"),
    notAfter: readTime(notAfter, "notAfter"),
    publicKey,
    extensions,
    signatureAlgorithm: outer.algorithm,
    signatureAlgorithmOid: outer.oid,
    signature: readBitStringBytes(signature, "signatureValue"),
  };
}

const EXPLICIT_VERSION = contextTag(0, "constructed");
/** BIT STRINGs, implicitly tagged. */
const UNIQUE_IDS = [
  [contextTag(1, "primitive"), "issuerUniqueID"],
  [contextTag(2, "primitive"), "subjectUniqueID"],
] as const;
const EXPLICIT_EXTENSIONS = contextTag(3, "constructed");

/** Takes the version off the front of the fields. Spec: RFC 5280, section 4.1.2.1. */
function readVersion(fields: DerNode[]): Certificate["version"] {
  if (fields[0]?.tag !== EXPLICIT_VERSION) return 1;
  const number = readSmallInteger(onlyChild(fields.shift() as DerNode, "version"), "version");
  if (number === 0) throw new MalformedError("ERR_DER", `"version" is written although it has its default value`);
  if (number > 2) throw new MalformedError("ERR_DER", `"version" is ${number}, expected 1 or 2`);
  return number === 1 ? 2 : 3;
}

/** Longer than the 20 octets of RFC 5280 section 4.1.2.2 is tolerated, as such certificates exist; negative is not. */
function readSerialNumber(node: DerNode | undefined): string {
  const octets = readIntegerBytes(node, "serialNumber");
  if ((octets[0] as number) >= 0x80) throw new MalformedError("ERR_DER", `"serialNumber" is negative`);
  return encodeHex(octets);
}

/** Spec: RFC 5280, sections 4.1.2.8 and 4.1.2.9. */
function readOptionalFields(fields: DerNode[], version: Certificate["version"]): ReadonlyMap<string, Extension> {
  // Read although nobody asks for them: another field under their tags is not to be passed over.
  for (const [tag, what] of UNIQUE_IDS) {
    if (version >= 2 && fields[0]?.tag === tag) {
      readBitString({ ...fields.shift() as DerNode, tag: TAG.bitString }, what);
    }
  }
  const wrapper = version === 3 && fields[0]?.tag === EXPLICIT_EXTENSIONS ? fields.shift() : undefined;
  refuseRest(fields, "tbsCertificate");
  return wrapper === undefined ? new Map() : readExtensions(onlyChild(wrapper, "extensions"), "extensions");
}
