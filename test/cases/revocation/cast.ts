/**
 * Who plays in the tables of revocation: an issuer, its leaf, its responders and their namesakes. Times hang on one
 * instant.
 */
import {
  basicConstraints,
  CA,
  ecKey,
  extKeyUsage,
  type Key,
  keyUsage,
  LEAF,
  makeCertificate,
  type NameParts,
  PURPOSE,
  subject,
  USAGE,
} from "../../run/certificate_maker.ts";
import { noCheck, type StatusFields } from "../../run/revocation_maker.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const after = (at: Date, milliseconds: number) => new Date(at.getTime() + milliseconds);

export const ISSUER = subject("issuer");
export const LEAF_SERIAL = [0x4a, 0x01];
export const OTHER_SERIAL = [0x4a, 0x02];

/** Keys are made once: the cast is the same in every row. */
export const keys = {
  issuer: ecKey(),
  leaf: ecKey(),
  responder: ecKey(),
  stranger: ecKey(),
};

export const issuerCertificate = makeCertificate({
  subject: ISSUER,
  key: keys.issuer,
  serialNumber: [0x01],
  extensions: [basicConstraints(true), keyUsage([USAGE.keyCertSign, USAGE.cRLSign])],
});

/** An issuer whose key may not sign CRLs. */
export const silentIssuerCertificate = makeCertificate({
  subject: ISSUER,
  key: keys.issuer,
  serialNumber: [0x02],
  extensions: CA,
});

export const leafCertificate = (...extensions: readonly Uint8Array[]) =>
  makeCertificate({
    subject: subject("leaf"),
    issuer: ISSUER,
    key: keys.leaf,
    issuerKey: keys.issuer,
    serialNumber: LEAF_SERIAL,
    extensions: [...LEAF, ...extensions],
  });

export const RESPONDER: NameParts = subject("responder");
const digits = (at: Date) => at.toISOString().replace(/[-:T]|\.\d+/g, "");

export interface ResponderFields {
  readonly purposes?: readonly string[];
  readonly usages?: readonly number[];
  readonly issuer?: NameParts;
  readonly issuerKey?: Key;
  readonly key?: Key;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** `id-pkix-ocsp-nocheck` unless false. */
  readonly noCheck?: boolean;
  readonly extensions?: readonly Uint8Array[];
}

export function responderCertificate(fields: ResponderFields = {}): Uint8Array {
  const { purposes = [PURPOSE.ocspSigning], usages = [USAGE.digitalSignature] } = fields;
  return makeCertificate({
    subject: RESPONDER,
    issuer: fields.issuer ?? ISSUER,
    key: fields.key ?? keys.responder,
    issuerKey: fields.issuerKey ?? keys.issuer,
    serialNumber: [0x5a, 0x01],
    ...(fields.notBefore === undefined ? {} : { notBefore: digits(fields.notBefore) }),
    ...(fields.notAfter === undefined ? {} : { notAfter: digits(fields.notAfter) }),
    extensions: [
      keyUsage(usages),
      ...(purposes.length === 0 ? [] : [extKeyUsage(...purposes)]),
      ...(fields.noCheck === false ? [] : [noCheck]),
      ...(fields.extensions ?? []),
    ],
  });
}

/** What the issuer says of the leaf, for a day. */
export const statusOf = (at: Date, changes: Partial<StatusFields> = {}): StatusFields => ({
  serialNumber: LEAF_SERIAL,
  issuer: ISSUER,
  issuerKey: keys.issuer,
  status: "good",
  thisUpdate: after(at, -HOUR),
  nextUpdate: after(at, DAY),
  ...changes,
});
