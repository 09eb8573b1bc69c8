/** CRLs as data: DER → `Crl`, not judged; its entries stay in its bytes (RFC 5280, section 5). */
import { readSignatureAlgorithm } from "../crypto/mod.ts";
import {
  contextTag,
  derBytes,
  derContent,
  type DerNode,
  eachDerChild,
  equalBytes,
  expectTag,
  onlyChild,
  readBitStringBytes,
  readDer,
  readInteger,
  readIntegerBytes,
  readSequence,
  readSmallInteger,
  readTime,
  refuseRest,
  TAG,
} from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import { type DistinguishedName, type Extension, readExtensions, readName, type SignedStructure } from "../x509/mod.ts";
import type { RevocationReason } from "./answer.ts";
import {
  type DistributionPoint,
  type IssuingDistributionPoint,
  readDistributionPoints,
  readIssuingDistributionPoint,
} from "./distribution_points.ts";
import { readReason } from "./ocsp_response.ts";

/** Bytes of one CRL read at most. */
export const MAX_CRL_BYTES = 32 * 1024 * 1024;

/** `tbs` and `signature` are as received. */
export interface Crl extends SignedStructure {
  readonly der: Uint8Array;
  readonly issuer: DistinguishedName;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  /** Place in the sequence of its issuer's CRLs. */
  readonly number?: bigint;
  /** Of a delta CRL: the number of the CRL it starts from. */
  readonly baseNumber?: bigint;
  readonly issuingDistributionPoint?: IssuingDistributionPoint;
  /** Where deltas to this CRL are. */
  readonly freshest: readonly DistributionPoint[];
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Critical extensions, its own and of its entries, that are not known here: with one it says nothing of anyone. */
  readonly unknownCritical: readonly string[];
  /** The list of entries; absent when there are none. */
  readonly entries?: DerNode;
}

/** What a CRL says of one certificate. */
export interface CrlEntry {
  readonly revokedAt: Date;
  readonly reason?: RevocationReason;
  readonly extensions: ReadonlyMap<string, Extension>;
}

const OID = {
  crlNumber: "2.5.29.20",
  reason: "2.5.29.21",
  invalidityDate: "2.5.29.24",
  deltaCrlIndicator: "2.5.29.27",
  issuingDistributionPoint: "2.5.29.28",
  authorityKeyIdentifier: "2.5.29.35",
  freshestCrl: "2.5.29.46",
} as const;

const UNDERSTOOD_EXTENSIONS: ReadonlySet<string> = new Set([
  OID.crlNumber,
  OID.deltaCrlIndicator,
  OID.issuingDistributionPoint,
  OID.authorityKeyIdentifier,
  OID.freshestCrl,
]);
const UNDERSTOOD_ENTRY_EXTENSIONS: ReadonlySet<string> = new Set([OID.reason, OID.invalidityDate]);

/** Unknown critical extensions named at most. */
const MAX_UNKNOWN_NAMED = 4;

/**
 * Reads a CRL; every entry is looked at once.
 *
 * @param der CertificateList of version 2, nothing after it. It is kept, not copied.
 * @throws {MalformedError} `ERR_DER`; `ERR_TOO_LARGE` beyond {@link MAX_CRL_BYTES}.
 *
 * Spec: RFC 5280, section 5.1.
 */
export function decodeCrl(der: Uint8Array): Crl {
  const [list, algorithm, signature, ...rest] = readSequence(readDer(der, MAX_CRL_BYTES), "CertificateList");
  refuseRest(rest, "CertificateList");
  const fields = [...readSequence(list, "tbsCertList")];
  const version = readSmallInteger(fields.shift(), "version");
  if (version !== 1) throw new MalformedError("ERR_DER", `"version" is ${version}, expected 1, which is version 2`);
  const inner = expectTag(fields.shift(), TAG.sequence, "signature");
  const named = readSignatureAlgorithm(algorithm);
  if (!equalBytes(derBytes(algorithm as DerNode), derBytes(inner))) {
    throw new MalformedError("ERR_DER", `"signatureAlgorithm" is not the algorithm that was signed as "signature"`);
  }
  const issuer = readName(fields.shift(), "issuer");
  const thisUpdate = readTime(fields.shift(), "thisUpdate");
  const nextUpdate = isTime(fields[0]) ? { nextUpdate: readTime(fields.shift(), "nextUpdate") } : {};
  const entries = fields[0]?.tag === TAG.sequence ? { entries: fields.shift() as DerNode } : {};
  const wrapper = fields[0]?.tag === contextTag(0, "constructed") ? fields.shift() : undefined;
  refuseRest(fields, "tbsCertList");
  const extensions: ReadonlyMap<string, Extension> = wrapper === undefined
    ? new Map()
    : readExtensions(onlyChild(wrapper, "crlExtensions"), "crlExtensions");
  return {
    der,
    tbs: derBytes(list as DerNode),
    signatureAlgorithm: named.algorithm,
    signature: readBitStringBytes(signature, "signatureValue"),
    issuer,
    thisUpdate,
    ...nextUpdate,
    ...readCrlExtensions(extensions),
    extensions,
    unknownCritical: unknownCritical(extensions, entries.entries),
    ...entries,
  };
}

function isTime(node: DerNode | undefined): boolean {
  return node?.tag === TAG.utcTime || node?.tag === TAG.generalizedTime;
}

function readCrlExtensions(extensions: ReadonlyMap<string, Extension>) {
  const number = readNumber(extensions.get(OID.crlNumber));
  const baseNumber = readNumber(extensions.get(OID.deltaCrlIndicator));
  const scope = extensions.get(OID.issuingDistributionPoint);
  const freshest = extensions.get(OID.freshestCrl);
  return {
    ...(number === undefined ? {} : { number }),
    ...(baseNumber === undefined ? {} : { baseNumber }),
    ...(scope === undefined ? {} : { issuingDistributionPoint: readIssuingDistributionPoint(scope.value) }),
    freshest: freshest === undefined ? [] : readDistributionPoints(freshest.value, "freshestCRL"),
  };
}

function readNumber(extension: Extension | undefined): bigint | undefined {
  return extension === undefined ? undefined : readInteger(readDer(extension.value), "CRLNumber");
}

function unknownCritical(
  extensions: ReadonlyMap<string, Extension>,
  entries: DerNode | undefined,
): readonly string[] {
  const found = new Set<string>();
  const look = (list: ReadonlyMap<string, Extension>, understood: ReadonlySet<string>) => {
    for (const { oid, critical } of list.values()) {
      if (critical && !understood.has(oid) && found.size < MAX_UNKNOWN_NAMED) found.add(oid);
    }
  };
  look(extensions, UNDERSTOOD_EXTENSIONS);
  if (entries !== undefined) {
    for (const entry of eachDerChild(entries)) {
      const [serialNumber, time, list, ...rest] = readSequence(entry, "revokedCertificate");
      readIntegerBytes(serialNumber, "userCertificate");
      if (!isTime(time)) throw new MalformedError("ERR_DER", `"revocationDate" is missing`);
      refuseRest(rest, "revokedCertificate");
      if (list !== undefined) look(readExtensions(list, "crlEntryExtensions"), UNDERSTOOD_ENTRY_EXTENSIONS);
    }
  }
  return [...found];
}

/**
 * The entries of a CRL for a number, in their order: none, one, or what a careless issuer wrote twice.
 *
 * @param serialNumber Content octets of the INTEGER.
 * @throws {MalformedError} `ERR_DER`
 *
 * Spec: RFC 5280, section 5.3.
 */
export function entriesFor({ entries }: Crl, serialNumber: Uint8Array): readonly CrlEntry[] {
  if (entries === undefined) return [];
  const found: CrlEntry[] = [];
  for (const entry of eachDerChild(entries)) {
    const first = eachDerChild(entry).next().value as DerNode | undefined;
    if (first === undefined || !equalBytes(derContent(first), serialNumber)) continue;
    const [, time, list] = readSequence(entry, "revokedCertificate");
    const extensions = list === undefined ? new Map<string, Extension>() : readExtensions(list, "crlEntryExtensions");
    const reason = extensions.get(OID.reason);
    found.push({
      revokedAt: readTime(time, "revocationDate"),
      ...(reason === undefined ? {} : { reason: readReason(readDer(reason.value)) }),
      extensions,
    });
  }
  return found;
}
