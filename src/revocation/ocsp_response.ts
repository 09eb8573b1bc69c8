/** OCSP answers as data: DER → `OcspResponse`, not judged (RFC 6960, section 4.2). */
import { readSignatureAlgorithm } from "../crypto/mod.ts";
import {
  contextTag,
  derBytes,
  type DerNode,
  expectTag,
  onlyChild,
  readBitStringBytes,
  readDer,
  readOctetString,
  readOid,
  readSequence,
  readSmallInteger,
  readTime,
  refuseRest,
  TAG,
} from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import {
  type Certificate,
  type DistinguishedName,
  type Extension,
  readCertificate,
  readExtensions,
  readName,
  type SignedStructure,
} from "../x509/mod.ts";
import { reasonOf, type RevocationReason } from "./answer.ts";
import { type CertificateId, readCertificateId } from "./certificate_id.ts";

/** Bytes of one OCSP response read at most: those of real responders have one to four thousand. */
export const MAX_OCSP_RESPONSE_BYTES = 20 * 1024;
/** Certificates one response may carry. */
export const MAX_OCSP_CERTIFICATES = 8;
/** Statuses one response may hold: responders answer one question with one, some with a few. */
export const MAX_OCSP_STATUSES = 64;

/** What a responder says instead of a status, by number; 4 is not used (RFC 6960, section 4.2.1). */
const STATUSES = [
  "successful",
  "malformedRequest",
  "internalError",
  "tryLater",
  undefined,
  "sigRequired",
  "unauthorized",
] as const;

/** Either a refusal to answer, or a basic response. */
export type OcspResponse =
  | { readonly status: Exclude<NonNullable<(typeof STATUSES)[number]>, "successful"> }
  | ({ readonly status: "successful" } & BasicResponse);

/** A signed answer. `tbs` and `signature` are as received. */
export interface BasicResponse extends SignedStructure {
  readonly responder: ResponderId;
  readonly producedAt: Date;
  readonly statuses: readonly SingleStatus[];
  readonly extensions: ReadonlyMap<string, Extension>;
  /** What the responder sent along, in its order. */
  readonly certificates: readonly Certificate[];
}

/** Who signed: by name, or by SHA-1 of the bits of the key. */
export type ResponderId = { readonly name: DistinguishedName } | { readonly keyHash: Uint8Array };

/** What is said of one certificate. */
export interface SingleStatus {
  readonly id: CertificateId;
  readonly status: "good" | "revoked" | "unknown";
  /** Set exactly when `status` is `revoked`. */
  readonly revokedAt?: Date;
  readonly reason?: RevocationReason;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  readonly extensions: ReadonlyMap<string, Extension>;
}

const BASIC_RESPONSE_OID = "1.3.6.1.5.5.7.48.1.1";
const EXPLICIT_0 = contextTag(0, "constructed");
const EXPLICIT_1 = contextTag(1, "constructed");
const EXPLICIT_2 = contextTag(2, "constructed");

/**
 * Reads an OCSP response.
 *
 * @param der OCSPResponse, nothing after it.
 * @throws {MalformedError} `ERR_DER`, also for a response of another type than basic; `ERR_TOO_LARGE`;
 * `ERR_CERTIFICATE` for a certificate in it that is none.
 *
 * Spec: RFC 6960, section 4.2.1.
 */
export function decodeOcspResponse(der: Uint8Array): OcspResponse {
  const [statusNode, bytesNode, ...rest] = readSequence(readDer(der, MAX_OCSP_RESPONSE_BYTES), "OCSPResponse");
  refuseRest(rest, "OCSPResponse");
  const number = readSmallInteger(statusNode, "responseStatus", TAG.enumerated);
  const status = STATUSES[number];
  if (status === undefined) throw new MalformedError("ERR_DER", `"responseStatus" is ${number}, which is none`);
  if (status !== "successful") return { status };
  const wrapper = onlyChild(expectTag(bytesNode, EXPLICIT_0, "responseBytes"), "responseBytes");
  const [type, response, ...others] = readSequence(wrapper, "responseBytes");
  refuseRest(others, "responseBytes");
  const oid = readOid(type, "responseType");
  if (oid !== BASIC_RESPONSE_OID) {
    throw new MalformedError("ERR_DER", `"responseType" is ${oid}, expected ${BASIC_RESPONSE_OID}`);
  }
  return { status, ...readBasicResponse(readDer(readOctetString(response, "response"))) };
}

function readBasicResponse(node: DerNode): BasicResponse {
  const [data, algorithm, signature, ...rest] = readSequence(node, "BasicOCSPResponse");
  const wrapper = rest[0]?.tag === EXPLICIT_0 ? rest.shift() : undefined;
  refuseRest(rest, "BasicOCSPResponse");
  return {
    ...readResponseData(expectTag(data, TAG.sequence, "tbsResponseData")),
    signatureAlgorithm: readSignatureAlgorithm(algorithm).algorithm,
    signature: readBitStringBytes(signature, "signature"),
    certificates: wrapper === undefined ? [] : readCertificates(wrapper),
  };
}

function readCertificates(wrapper: DerNode): readonly Certificate[] {
  const nodes = readSequence(onlyChild(wrapper, "certs"), "certs");
  if (nodes.length > MAX_OCSP_CERTIFICATES) {
    throw new MalformedError("ERR_TOO_LARGE", `Cannot read OCSP response: ${nodes.length} certificates in it`);
  }
  return nodes.map((certificate) => readCertificate(derBytes(certificate)));
}

type ResponseData = Omit<BasicResponse, "signatureAlgorithm" | "signature" | "certificates">;

function readResponseData(node: DerNode): ResponseData {
  const fields = [...readSequence(node, "tbsResponseData")];
  if (fields[0]?.tag === EXPLICIT_0) {
    // Version 1 is the default, which DER leaves out; there is no other.
    throw new MalformedError("ERR_DER", `"version" is written, expected none: it is 1 for every response`);
  }
  const responder = readResponderId(fields.shift());
  const producedAt = readTime(expectTag(fields.shift(), TAG.generalizedTime, "producedAt"), "producedAt");
  const responses = readSequence(fields.shift(), "responses");
  if (responses.length > MAX_OCSP_STATUSES) {
    throw new MalformedError("ERR_TOO_LARGE", `Cannot read OCSP response: ${responses.length} statuses in it`);
  }
  const statuses = responses.map(readSingleStatus);
  const extensions = readOptionalExtensions(fields, "responseExtensions");
  refuseRest(fields, "tbsResponseData");
  return { tbs: derBytes(node), responder, producedAt, statuses, extensions };
}

function readResponderId(node: DerNode | undefined): ResponderId {
  if (node?.tag === EXPLICIT_1) return { name: readName(onlyChild(node, "byName"), "byName") };
  const byKey = onlyChild(expectTag(node, EXPLICIT_2, "responderID"), "byKey");
  return { keyHash: readOctetString(byKey, "byKey") };
}

/** Takes `[1] EXPLICIT Extensions` off the front of the fields. */
function readOptionalExtensions(fields: DerNode[], what: string): ReadonlyMap<string, Extension> {
  if (fields[0]?.tag !== EXPLICIT_1) return new Map();
  return readExtensions(onlyChild(fields.shift() as DerNode, what), what);
}

const GOOD = contextTag(0, "primitive");
const REVOKED = EXPLICIT_1;
const UNKNOWN = contextTag(2, "primitive");

function readSingleStatus(node: DerNode): SingleStatus {
  const fields = [...readSequence(node, "SingleResponse")];
  const id = readCertificateId(fields.shift());
  const status = readStatus(fields.shift());
  const thisUpdate = readTime(expectTag(fields.shift(), TAG.generalizedTime, "thisUpdate"), "thisUpdate");
  const next = fields[0]?.tag === EXPLICIT_0 ? onlyChild(fields.shift() as DerNode, "nextUpdate") : undefined;
  const extensions = readOptionalExtensions(fields, "singleExtensions");
  refuseRest(fields, "SingleResponse");
  const nextUpdate = next === undefined
    ? {}
    : { nextUpdate: readTime(expectTag(next, TAG.generalizedTime, "nextUpdate"), "nextUpdate") };
  return { id, ...status, thisUpdate, ...nextUpdate, extensions };
}

function readStatus(node: DerNode | undefined): Pick<SingleStatus, "status" | "revokedAt" | "reason"> {
  if (node?.tag === GOOD || node?.tag === UNKNOWN) {
    // Implicitly tagged: a NULL but for its identifier octet.
    if (node.contentStart !== node.end) throw new MalformedError("ERR_DER", `"certStatus" has content, expected none`);
    return { status: node.tag === GOOD ? "good" : "unknown" };
  }
  const revoked = expectTag(node, REVOKED, "certStatus");
  const [time, wrapped, ...rest] = readSequence({ ...revoked, tag: TAG.sequence }, "RevokedInfo");
  refuseRest(rest, "RevokedInfo");
  const revokedAt = readTime(expectTag(time, TAG.generalizedTime, "revocationTime"), "revocationTime");
  if (wrapped === undefined) return { status: "revoked", revokedAt };
  const reasonNode = onlyChild(expectTag(wrapped, EXPLICIT_0, "revocationReason"), "revocationReason");
  const reason = readReason(reasonNode);
  return { status: "revoked", revokedAt, reason };
}

/** @throws {MalformedError} `ERR_DER` when it is no CRLReason. */
export function readReason(node: DerNode | undefined): RevocationReason {
  const number = readSmallInteger(node, "reason", TAG.enumerated);
  const reason = reasonOf(number);
  if (reason === undefined) throw new MalformedError("ERR_DER", `"reason" is ${number}, which is none`);
  return reason;
}
