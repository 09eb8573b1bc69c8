/** TSTInfo: what a timestamp authority signs (RFC 3161, section 2.4.2). */
import {
  contextTag,
  decodeUtf8,
  derChildren,
  derContent,
  type DerNode,
  encodeUtf8,
  expectTag,
  readBoolean,
  readDer,
  readIntegerBytes,
  readNull,
  readOctetString,
  readOid,
  readSequence,
  readSmallInteger,
  readTime,
  TAG,
  writeDer,
} from "../encoding/mod.ts";
import { type DistinguishedName, readName } from "../x509/mod.ts";
import { readingToken, refuseToken } from "./refuse.ts";

/** What a token says, as signed. Times are nanoseconds, as a token may be finer than a `Date`. */
export interface TimestampInfo {
  /** 1 in every token of RFC 3161. */
  readonly version: number;
  /** The authority's policy, as object identifier text. */
  readonly policy: string;
  readonly imprint: MessageImprint;
  /** Since 1970-01-01T00:00:00Z. */
  readonly genTimeNanoseconds: bigint;
  /** As signed: seconds, milliseconds and microseconds together; 0 where nothing is said. */
  readonly accuracyNanoseconds: bigint;
  /** Octets of the INTEGER. */
  readonly nonce?: Uint8Array;
  /** The authority's name where it is a distinguished name. */
  readonly authorityName?: DistinguishedName;
  /** Extensions that must be understood and are not, as object identifier text. */
  readonly criticalExtensions: readonly string[];
}

/** The hash of what was timestamped. */
export interface MessageImprint {
  /** Object identifier text. */
  readonly hashOid: string;
  readonly hash: Uint8Array;
}

/** Extensions of one token read at most. */
export const MAX_TIMESTAMP_EXTENSIONS = 16;

/** Accuracies beyond this are refused: a token that may be off by more says nothing. */
export const MAX_ACCURACY_SECONDS = 366 * 24 * 60 * 60;

const MILLIS = contextTag(0, "primitive");
const MICROS = contextTag(1, "primitive");
const AUTHORITY = contextTag(0, "constructed");
const EXTENSIONS = contextTag(1, "constructed");
const DIRECTORY_NAME = contextTag(4, "constructed");

/**
 * Reads a TSTInfo strictly as DER, which RFC 3161 asks for even where the token around it is BER.
 *
 * @param content The content that was signed.
 * @throws {MalformedError} `ERR_TIMESTAMP`
 */
export function readTimestampInfo(content: Uint8Array): TimestampInfo {
  return readingToken("TSTInfo", () => {
    const [version, policy, imprint, serialNumber, genTime, ...optional] = readSequence(readDer(content), "TSTInfo");
    readIntegerBytes(serialNumber, "serialNumber");
    return {
      version: readSmallInteger(version, "version"),
      policy: readOid(policy, "policy"),
      imprint: readImprint(imprint),
      genTimeNanoseconds: readGenTime(genTime),
      ...readOptional(optional),
    };
  });
}

function readImprint(node: DerNode | undefined): MessageImprint {
  const [algorithm, hashedMessage, ...rest] = readSequence(node, "messageImprint");
  const [oid, parameters, ...others] = readSequence(algorithm, "hashAlgorithm");
  if (rest.length + others.length > 0) refuseToken(`"messageImprint" has more fields than it may have`);
  if (parameters !== undefined) readNull(parameters, "hashAlgorithm.parameters");
  return { hashOid: readOid(oid, "hashAlgorithm"), hash: readOctetString(hashedMessage, "hashedMessage") };
}

const GEN_TIME = /^(\d{14})(?:\.(\d{0,8}[1-9]))?Z$/;

/**
 * Spec: RFC 3161, section 2.4.2: UTC, with a fraction of any length that does not end in 0; here of at most nine
 * digits.
 */
function readGenTime(node: DerNode | undefined): bigint {
  const [, seconds, fraction = ""] = GEN_TIME.exec(
    decodeUtf8(derContent(expectTag(node, TAG.generalizedTime, "genTime"))),
  ) ?? [];
  if (seconds === undefined) {
    return refuseToken(`"genTime" is no instant of the form YYYYMMDDHHMMSS[.fraction]Z`);
  }
  const instant = readTime(readDer(writeDer(TAG.generalizedTime, encodeUtf8(`${seconds}Z`))), "genTime");
  return BigInt(instant.getTime()) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

type OptionalFields = Pick<TimestampInfo, "accuracyNanoseconds" | "nonce" | "authorityName" | "criticalExtensions">;

function readOptional(fields: readonly DerNode[]): OptionalFields {
  const left = [...fields];
  const take = (tag: number): DerNode | undefined => left[0]?.tag === tag ? left.shift() : undefined;
  const accuracyNanoseconds = readAccuracy(take(TAG.sequence));
  const ordering = take(TAG.boolean);
  if (ordering !== undefined && !readBoolean(ordering, "ordering")) {
    refuseToken(`"ordering" is written although it has its default value`);
  }
  const nonce = take(TAG.integer);
  const authority = take(AUTHORITY);
  const criticalExtensions = readExtensions(take(EXTENSIONS));
  if (left.length > 0) refuseToken(`"TSTInfo" has ${left.length} fields too many or out of order`);
  const authorityName = authority === undefined ? undefined : readDirectoryName(authority);
  return {
    accuracyNanoseconds,
    ...(nonce === undefined ? {} : { nonce: readIntegerBytes(nonce, "nonce") }),
    ...(authorityName === undefined ? {} : { authorityName }),
    criticalExtensions,
  };
}

/** Spec: RFC 3161, section 2.4.2: milliseconds and microseconds are 1 to 999; nothing is negative. */
function readAccuracy(node: DerNode | undefined): bigint {
  if (node === undefined) return 0n;
  const fields = [...derChildren(node)];
  const seconds = fields[0]?.tag === TAG.integer ? readSmallInteger(fields.shift(), "accuracy.seconds") : 0;
  const millis = fields[0]?.tag === MILLIS ? readThousandths(fields.shift() as DerNode, "accuracy.millis") : 0;
  const micros = fields[0]?.tag === MICROS ? readThousandths(fields.shift() as DerNode, "accuracy.micros") : 0;
  if (fields.length > 0) refuseToken(`"accuracy" has fields too many or out of order`);
  if (seconds > MAX_ACCURACY_SECONDS) {
    refuseToken(`"accuracy" is ${seconds} seconds, expected at most ${MAX_ACCURACY_SECONDS}`);
  }
  return BigInt(seconds) * 1_000_000_000n + BigInt(millis) * 1_000_000n + BigInt(micros) * 1_000n;
}

function readThousandths(node: DerNode, what: string): number {
  const value = readSmallInteger(readDer(writeDer(TAG.integer, derContent(node))), what);
  return value >= 1 && value <= 999 ? value : refuseToken(`"${what}" is ${value}, expected 1 to 999`);
}

/** A GeneralName of another kind than a distinguished name says nothing that could be compared. */
function readDirectoryName(wrapper: DerNode): DistinguishedName | undefined {
  const [name, ...rest] = derChildren(wrapper);
  if (name === undefined || rest.length > 0) refuseToken(`"tsa" is not one name`);
  if (name.tag !== DIRECTORY_NAME) return undefined;
  const [inner, ...others] = derChildren(name);
  if (others.length > 0) refuseToken(`"tsa" is not one name`);
  return readName(inner, "tsa");
}

/** None is known here, so each critical one is left for the judgement to refuse. */
function readExtensions(node: DerNode | undefined): readonly string[] {
  if (node === undefined) return [];
  const extensions = derChildren(node);
  if (extensions.length > MAX_TIMESTAMP_EXTENSIONS) refuseToken(`more than ${MAX_TIMESTAMP_EXTENSIONS} extensions`);
  return extensions.flatMap((extension) => {
    const [identifier, critical] = readSequence(extension, "extension");
    const oid = readOid(identifier, "extnID");
    return critical?.tag === TAG.boolean && readBoolean(critical, "critical") ? [oid] : [];
  });
}
