/** Requests for certificates (RFC 2986), read for `x509_decode`. */
import {
  contextTag,
  derBytes,
  derChildren,
  type DerNode,
  encodeBase64,
  expectTag,
  readBitStringBytes,
  readBoolean,
  readDer,
  readOctetString,
  readOid,
  readSequence,
  readSmallInteger,
  readString,
  refuseRest,
  TAG,
} from "../../encoding/mod.ts";
import { readSignatureAlgorithm } from "../../crypto/mod.ts";
import { EngineError } from "../../errors.ts";
import type { SignatureAlgorithm } from "../../ports.ts";
import { type DistinguishedName, type Extension, readExtensions, readName } from "../../x509/mod.ts";
import { numbersOf } from "./certificate_members.ts";

/** Bytes of a request read at most. */
const MAX_REQUEST_BYTES = 64 * 1024;

export interface CertificationRequest {
  /** The signed bytes, DER. */
  readonly info: Uint8Array;
  readonly version: number;
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** As Go shows them: those whose values are lists of a type and a value. */
  readonly attributes: readonly unknown[] | null;
  /** Those that are asked for. */
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  readonly signature: Uint8Array;
}

const ATTRIBUTES = contextTag(0, "constructed");
const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

/**
 * Reads a request; its signature is not verified.
 *
 * @throws {MalformedError} `ERR_DER`, or the code of the part that is malformed.
 *
 * Spec: RFC 2986, section 4.
 */
export function readCertificationRequest(der: Uint8Array): CertificationRequest {
  const [infoNode, algorithm, signature, ...rest] = readSequence(readDer(der, MAX_REQUEST_BYTES), "request");
  refuseRest(rest, "request");
  const info = expectTag(infoNode, TAG.sequence, "certificationRequestInfo");
  const [version, subject, key, attributes, ...more] = derChildren(info);
  refuseRest(more, "certificationRequestInfo");
  const list = attributes === undefined ? [] : derChildren(expectTag(attributes, ATTRIBUTES, "attributes"));
  const named = readSignatureAlgorithm(algorithm);
  const shown = list.flatMap((attribute) => shownAttribute(attribute));
  return {
    info: derBytes(info),
    version: readSmallInteger(version, "version"),
    subject: readName(subject, "subject"),
    spki: derBytes(expectTag(key, TAG.sequence, "subjectPKInfo")),
    attributes: shown.length === 0 ? null : shown,
    extensions: extensionsOf(list),
    signatureAlgorithm: named.algorithm,
    signatureAlgorithmOid: named.oid,
    signature: readBitStringBytes(signature, "signature"),
  };
}

function extensionsOf(attributes: readonly DerNode[]): ReadonlyMap<string, Extension> {
  for (const attribute of attributes) {
    const [type, values] = readSequence(attribute, "attribute");
    if (readOid(type, "type") !== EXTENSION_REQUEST) continue;
    return readExtensions(derChildren(expectTag(values, TAG.set, "values"))[0], "extensionRequest");
  }
  return new Map();
}

function shownAttribute(attribute: DerNode): readonly unknown[] {
  try {
    const [type, values] = readSequence(attribute, "attribute");
    const lists = derChildren(expectTag(values, TAG.set, "values")).map((value) =>
      readSequence(value, "value").map((pair) => {
        const [name, content] = readSequence(pair, "pair");
        return { Type: numbersOf(readOid(name, "type")), Value: shownValue(content) };
      })
    );
    return [{ Type: numbersOf(readOid(type, "type")), Value: lists }];
  } catch (thrown) {
    if (thrown instanceof EngineError) return [];
    throw thrown;
  }
}

function shownValue(node: DerNode | undefined): unknown {
  if (node?.tag === TAG.octetString) return encodeBase64(readOctetString(node, "value"));
  return node?.tag === TAG.boolean ? readBoolean(node, "value") : readString(node, "value");
}
