/** OCSP responses and CRLs for tests, made field by field and signed by Node, so that each can break one rule. */
import { createHash, sign } from "node:crypto";
import {
  der,
  extension,
  integer,
  type Key,
  name,
  namedBits,
  type NameParts,
  octets,
  oid,
  sequence,
  SIGNATURE,
  text,
} from "./certificate_maker.ts";

export type SignatureId = (typeof SIGNATURE)[keyof typeof SIGNATURE];

/** `YYYYMMDDHHMMSSZ`. */
export const generalizedTime = (instant: Date) => text(instant.toISOString().replace(/[-:T]|\.\d+/g, ""), 0x18);
/** `YYMMDDHHMMSSZ`. */
export const utcTime = (instant: Date) => text(instant.toISOString().slice(2).replace(/[-:T]|\.\d+/g, ""), 0x17);

const HASH_IDS = {
  sha1: sequence(oid("1.3.14.3.2.26"), der(0x05)),
  sha256: sequence(oid("2.16.840.1.101.3.4.2.1"), der(0x05)),
  md5: sequence(oid("1.2.840.113549.2.5"), der(0x05)),
} as const;

/**
 * The bits of a public key: what key hashes are made of. P-256 keys have 26 octets of SubjectPublicKeyInfo before them.
 */
export function keyBits(key: Key): Uint8Array {
  return new Uint8Array(key.publicKey.export({ type: "spki", format: "der" })).slice(26);
}

export const sha1 = (data: Uint8Array) => new Uint8Array(createHash("sha1").update(data).digest());

export interface StatusFields {
  readonly serialNumber: readonly number[];
  readonly issuer: NameParts;
  readonly issuerKey: Key;
  readonly hash?: keyof typeof HASH_IDS;
  readonly status: "good" | "revoked" | "unknown";
  readonly revokedAt?: Date;
  readonly reason?: number;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  readonly extensions?: readonly Uint8Array[];
}

export interface OcspFields {
  /** `responseStatus`; anything but 0 leaves out the rest. */
  readonly error?: number;
  readonly responseType?: string;
  readonly responder?: { readonly name: NameParts } | { readonly key: Key };
  readonly producedAt: Date;
  readonly statuses: readonly StatusFields[];
  readonly extensions?: readonly Uint8Array[];
  readonly signer: Key;
  readonly signature?: SignatureId;
  readonly certificates?: readonly Uint8Array[];
  /** Changes the signature. */
  readonly forged?: boolean;
}

const explicit = (number: number, ...parts: readonly Uint8Array[]) => der(0xa0 | number, ...parts);

function singleResponse(fields: StatusFields): Uint8Array {
  const { hash = "sha1" } = fields;
  const digest = (data: Uint8Array) => der(0x04, createHash(hash).update(data).digest());
  const id = sequence(
    HASH_IDS[hash],
    digest(name(fields.issuer)),
    digest(keyBits(fields.issuerKey)),
    integer(...fields.serialNumber),
  );
  const reason = fields.reason === undefined ? [] : [explicit(0, der(0x0a, octets(fields.reason)))];
  const status = {
    good: () => der(0x80),
    revoked: () => explicit(1, generalizedTime(fields.revokedAt ?? fields.thisUpdate), ...reason),
    unknown: () => der(0x82),
  }[fields.status]();
  return sequence(
    id,
    status,
    generalizedTime(fields.thisUpdate),
    ...(fields.nextUpdate === undefined ? [] : [explicit(0, generalizedTime(fields.nextUpdate))]),
    ...(fields.extensions === undefined ? [] : [explicit(1, sequence(...fields.extensions))]),
  );
}

function signed(data: Uint8Array, key: Key, signature: SignatureId, forged: boolean): Uint8Array {
  const bytes = sign(signature.hash, data, key.privateKey);
  if (forged) bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  return der(0x03, octets(0), bytes);
}

export function makeOcspResponse(fields: OcspFields): Uint8Array {
  if (fields.error !== undefined) return sequence(der(0x0a, octets(fields.error)));
  const responder = fields.responder ?? { key: fields.signer };
  const data = sequence(
    "name" in responder ? explicit(1, name(responder.name)) : explicit(2, der(0x04, sha1(keyBits(responder.key)))),
    generalizedTime(fields.producedAt),
    sequence(...fields.statuses.map(singleResponse)),
    ...(fields.extensions === undefined ? [] : [explicit(1, sequence(...fields.extensions))]),
  );
  const signature = fields.signature ?? SIGNATURE.ecdsaSha256;
  const basic = sequence(
    data,
    signature.id,
    signed(data, fields.signer, signature, fields.forged === true),
    ...(fields.certificates === undefined ? [] : [explicit(0, sequence(...fields.certificates))]),
  );
  const type = oid(fields.responseType ?? "1.3.6.1.5.5.7.48.1.1");
  return sequence(der(0x0a, octets(0)), explicit(0, sequence(type, der(0x04, basic))));
}

export const nonce = (value: Uint8Array, critical = false) =>
  extension("1.3.6.1.5.5.7.48.1.2", critical, der(0x04, value));
export const noCheck = extension("1.3.6.1.5.5.7.48.1.5", false, der(0x05));
export const invalidityDate = (instant: Date, critical = false) =>
  extension("2.5.29.24", critical, generalizedTime(instant));

export interface EntryFields {
  readonly serialNumber: readonly number[];
  readonly revokedAt: Date;
  readonly reason?: number;
  readonly extensions?: readonly Uint8Array[];
}

export interface CrlFields {
  readonly issuer: NameParts;
  readonly key: Key;
  readonly version?: number;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  readonly entries?: readonly EntryFields[];
  readonly number?: number;
  /** Makes it a delta CRL. */
  readonly baseNumber?: number | undefined;
  readonly extensions?: readonly Uint8Array[];
  readonly signature?: SignatureId;
  readonly forged?: boolean;
}

export function makeCrl(fields: CrlFields): Uint8Array {
  const { number, baseNumber, entries = [] } = fields;
  const extensions = [
    ...(number === undefined ? [] : [extension("2.5.29.20", false, integer(number))]),
    ...(baseNumber === undefined ? [] : [extension("2.5.29.27", true, integer(baseNumber))]),
    ...(fields.extensions ?? []),
  ];
  const signature = fields.signature ?? SIGNATURE.ecdsaSha256;
  const list = sequence(
    integer(fields.version ?? 1),
    signature.id,
    name(fields.issuer),
    utcTime(fields.thisUpdate),
    ...(fields.nextUpdate === undefined ? [] : [utcTime(fields.nextUpdate)]),
    ...(entries.length === 0 ? [] : [sequence(...entries.map(entry))]),
    ...(extensions.length === 0 ? [] : [explicit(0, sequence(...extensions))]),
  );
  return sequence(list, signature.id, signed(list, fields.key, signature, fields.forged === true));
}

function entry({ serialNumber, revokedAt, reason, extensions: more = [] }: EntryFields): Uint8Array {
  const reasonCode = reason === undefined ? [] : [extension("2.5.29.21", false, der(0x0a, octets(reason)))];
  const extensions = [...reasonCode, ...more];
  return sequence(
    integer(...serialNumber),
    utcTime(revokedAt),
    ...(extensions.length === 0 ? [] : [sequence(...extensions)]),
  );
}

export interface PointFields {
  /** Several URLs are several names of one place. */
  readonly urls?: readonly string[];
  /** Bits of ReasonFlags. */
  readonly reasons?: readonly number[];
  readonly crlIssuer?: NameParts;
}

const pointName = (urls: readonly string[]) => explicit(0, explicit(0, ...urls.map((url) => text(url, 0x86))));
const flags = (tag: number, bits: readonly number[]) => Uint8Array.of(tag, ...namedBits(...bits).slice(1));

export const distributionPoint = ({ urls, reasons, crlIssuer }: PointFields) =>
  sequence(
    ...(urls === undefined ? [] : [pointName(urls)]),
    ...(reasons === undefined ? [] : [flags(0x81, reasons)]),
    ...(crlIssuer === undefined ? [] : [explicit(2, explicit(4, name(crlIssuer)))]),
  );

export const crlDistributionPoints = (...points: readonly PointFields[]) =>
  extension("2.5.29.31", false, sequence(...points.map(distributionPoint)));
export const freshestCrl = (...points: readonly PointFields[]) =>
  extension("2.5.29.46", false, sequence(...points.map(distributionPoint)));

export interface ScopeFields {
  readonly urls?: readonly string[];
  readonly onlyUsers?: boolean;
  readonly onlyCas?: boolean;
  readonly reasons?: readonly number[];
  readonly indirect?: boolean;
  readonly onlyAttributes?: boolean;
}

export const issuingDistributionPoint = (scope: ScopeFields, critical = true) =>
  extension(
    "2.5.29.28",
    critical,
    sequence(
      ...(scope.urls === undefined ? [] : [pointName(scope.urls)]),
      ...(scope.onlyUsers === true ? [der(0x81, octets(0xff))] : []),
      ...(scope.onlyCas === true ? [der(0x82, octets(0xff))] : []),
      ...(scope.reasons === undefined ? [] : [flags(0x83, scope.reasons)]),
      ...(scope.indirect === true ? [der(0x84, octets(0xff))] : []),
      ...(scope.onlyAttributes === true ? [der(0x85, octets(0xff))] : []),
    ),
  );
