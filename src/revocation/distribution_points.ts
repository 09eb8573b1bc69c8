/**
 * Where CRLs are and what they cover: the extensions of certificates and of CRLs that say so (RFC 5280, 4.2.1.13,
 * 5.2.5).
 */
import {
  contextTag,
  decodeUtf8,
  derBytes,
  derChildren,
  derContent,
  type DerNode,
  onlyChild,
  readBoolean,
  readDer,
  readNamedBits,
  readSequence,
  refuseRest,
  TAG,
} from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";

/** Distribution points of one extension read at most. */
export const MAX_DISTRIBUTION_POINTS = 16;
/** Names of one distribution point read at most. */
export const MAX_POINT_NAMES = 16;

/** Reasons by their bit in ReasonFlags, without the unused first one (RFC 5280, section 4.2.1.13). */
export const ALL_REASONS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8]);

/** A place's name: as general names, or as one relative to the issuer's name, which is compared only. */
export interface PointName {
  /** Each a GeneralName, DER. */
  readonly full: readonly Uint8Array[];
  readonly relative?: Uint8Array;
}

export interface DistributionPoint {
  readonly name: PointName | undefined;
  /** The URLs among its names, in their order. */
  readonly urls: readonly string[];
  /** The reasons its CRL covers, as bits of ReasonFlags. */
  readonly reasons: ReadonlySet<number>;
  /** Who issues its CRL, as DER of names, where that is said. */
  readonly crlIssuers: readonly Uint8Array[];
}

/** What a CRL is about. */
export interface IssuingDistributionPoint {
  readonly name: PointName | undefined;
  readonly onlyUserCertificates: boolean;
  readonly onlyCaCertificates: boolean;
  readonly onlyAttributeCertificates: boolean;
  readonly reasons: ReadonlySet<number>;
  readonly indirect: boolean;
}

const URI = contextTag(6, "primitive");
const DIRECTORY_NAME = contextTag(4, "constructed");

/**
 * Reads `cRLDistributionPoints` or `freshestCRL`, which have one form.
 *
 * @param der Content of `extnValue`.
 * @throws {MalformedError} `ERR_DER`, `ERR_TOO_LARGE`
 *
 * Spec: RFC 5280, sections 4.2.1.13, 4.2.1.15 and 5.2.6.
 */
export function readDistributionPoints(der: Uint8Array, what: string): readonly DistributionPoint[] {
  const points = readSequence(readDer(der), what);
  requireAtMost(points.length, MAX_DISTRIBUTION_POINTS, what);
  if (points.length === 0) throw new MalformedError("ERR_DER", `Cannot read "${what}": 0 points, expected 1 or more`);
  return points.map((point) => readPoint(point, what));
}

function requireAtMost(count: number, limit: number, what: string): void {
  if (count > limit) {
    throw new MalformedError("ERR_TOO_LARGE", `Cannot read "${what}": ${count}, expected at most ${limit}`);
  }
}

function readPoint(node: DerNode, what: string): DistributionPoint {
  const fields = [...readSequence(node, what)];
  const name = takeName(fields);
  const reasons = takeReasons(fields, contextTag(1, "primitive"));
  const issuers = fields[0]?.tag === contextTag(2, "constructed") ? derChildren(fields.shift() as DerNode) : [];
  refuseRest(fields, what);
  requireAtMost(issuers.length, MAX_POINT_NAMES, what);
  return {
    name,
    urls: (name?.full ?? []).flatMap(urlOf),
    reasons,
    crlIssuers: issuers.map((issuer) => issuer.tag === DIRECTORY_NAME ? derContent(issuer) : derBytes(issuer)),
  };
}

/** Takes a DistributionPointName off the front of the fields. */
function takeName(fields: DerNode[]): PointName | undefined {
  if (fields[0]?.tag !== contextTag(0, "constructed")) return undefined;
  const choice = onlyChild(fields.shift() as DerNode, "distributionPoint");
  if (choice.tag === contextTag(1, "constructed")) return { full: [], relative: derContent(choice) };
  if (choice.tag !== contextTag(0, "constructed")) {
    throw new MalformedError("ERR_DER", `Cannot read "distributionPoint": neither a full nor a relative name`);
  }
  const full = derChildren(choice).map(derBytes);
  requireAtMost(full.length, MAX_POINT_NAMES, "fullName");
  return { full };
}

function takeReasons(fields: DerNode[], tag: number): ReadonlySet<number> {
  if (fields[0]?.tag !== tag) return ALL_REASONS;
  return new Set(readNamedBits({ ...fields.shift() as DerNode, tag: TAG.bitString }, "reasons"));
}

function urlOf(name: Uint8Array): readonly string[] {
  const node = readDer(name);
  return node.tag === URI ? [decodeUtf8(derContent(node), "ERR_DER")] : [];
}

/**
 * Reads `issuingDistributionPoint`.
 *
 * @param der Content of `extnValue`.
 * @throws {MalformedError} `ERR_DER`
 *
 * Spec: RFC 5280, section 5.2.5.
 */
export function readIssuingDistributionPoint(der: Uint8Array): IssuingDistributionPoint {
  const fields = [...readSequence(readDer(der), "issuingDistributionPoint")];
  const name = takeName(fields);
  const onlyUserCertificates = takeFlag(fields, 1);
  const onlyCaCertificates = takeFlag(fields, 2);
  const reasons = takeReasons(fields, contextTag(3, "primitive"));
  const indirect = takeFlag(fields, 4);
  const onlyAttributeCertificates = takeFlag(fields, 5);
  refuseRest(fields, "issuingDistributionPoint");
  return { name, onlyUserCertificates, onlyCaCertificates, onlyAttributeCertificates, reasons, indirect };
}

function takeFlag(fields: DerNode[], number: number): boolean {
  if (fields[0]?.tag !== contextTag(number, "primitive")) return false;
  const value = readBoolean({ ...fields.shift() as DerNode, tag: TAG.boolean }, "issuingDistributionPoint");
  if (!value) {
    throw new MalformedError("ERR_DER", `"issuingDistributionPoint" writes a flag that has its default value`);
  }
  return value;
}
