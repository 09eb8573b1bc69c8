/**
 * Certificates for tests, made field by field, so that each can break one rule. Own DER writing: not the code under
 * test.
 */
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { readFileSync } from "node:fs";

export type Key = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const length = content.length < 0x80
    ? [content.length]
    : content.length < 0x100
    ? [0x81, content.length]
    : [0x82, content.length >> 8, content.length & 0xff];
  return new Uint8Array(Buffer.concat([Buffer.from([tag, ...length]), content]));
}

export const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
export const octets = (...bytes: readonly number[]) => Uint8Array.from(bytes);
export const boolean = (value: boolean) => der(0x01, octets(value ? 0xff : 0x00));
export const integer = (...bytes: readonly number[]) => der(0x02, octets(...bytes));
export const text = (value: string, tag = 0x0c) => der(tag, new TextEncoder().encode(value));

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const encoded = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift((left & 0x7f) | 0x80);
    }
    return groups;
  });
  return der(0x06, octets(...encoded));
}

/** A BIT STRING of named bits: trailing zeros are left out. */
export function namedBits(...bits: readonly number[]): Uint8Array {
  const last = Math.max(...bits);
  const bytes = new Uint8Array((last >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return der(0x03, octets(7 - (last & 7)), bytes);
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  CN: "2.5.4.3",
  SERIALNUMBER: "2.5.4.5",
  C: "2.5.4.6",
  L: "2.5.4.7",
  ST: "2.5.4.8",
  STREET: "2.5.4.9",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  POSTALCODE: "2.5.4.17",
};

/** A Name: one RDN per entry, or several attributes in one RDN where an entry is a list of pairs. */
export type NameParts = readonly (readonly [string, string, number?])[];

export function name(parts: NameParts): Uint8Array {
  return sequence(
    ...parts.map(([type, value, tag]) => der(0x31, sequence(oid(SHORT_NAMES[type] ?? type), text(value, tag)))),
  );
}

export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), der(0x04, value));
}

/** Bits of keyUsage (RFC 5280, section 4.2.1.3). */
export const USAGE = {
  digitalSignature: 0,
  contentCommitment: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
  encipherOnly: 7,
  decipherOnly: 8,
} as const;

export const keyUsage = (bits: readonly number[], critical = true) =>
  extension("2.5.29.15", critical, namedBits(...bits));

export const basicConstraints = (isCa: boolean, { pathLength, critical = true }: {
  readonly pathLength?: number;
  readonly critical?: boolean;
} = {}) =>
  extension(
    "2.5.29.19",
    critical,
    sequence(...(isCa ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])),
  );

export const PURPOSE = {
  any: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  emailProtection: "1.3.6.1.5.5.7.3.4",
  timeStamping: "1.3.6.1.5.5.7.3.8",
  ocspSigning: "1.3.6.1.5.5.7.3.9",
} as const;

export const extKeyUsage = (...purposes: readonly string[]) =>
  extension("2.5.29.37", false, sequence(...purposes.map(oid)));

export const ocspAt = (url: string) =>
  extension("1.3.6.1.5.5.7.1.1", false, sequence(sequence(oid("1.3.6.1.5.5.7.48.1"), text(url, 0x86))));

export const crlAt = (url: string) =>
  extension("2.5.29.31", false, sequence(sequence(der(0xa0, der(0xa0, text(url, 0x86))))));

/** What names a key in certificates: SHA-1 of its SubjectPublicKeyInfo, one of the ways RFC 5280 leaves open. */
const keyIdentifier = ({ publicKey }: Key) =>
  new Uint8Array(createHash("sha1").update(publicKey.export({ type: "spki", format: "der" })).digest());

export const subjectKeyIdentifier = (key: Key) => extension("2.5.29.14", false, der(0x04, keyIdentifier(key)));
export const authorityKeyIdentifier = (issuerKey: Key) =>
  extension("2.5.29.35", false, sequence(der(0x80, keyIdentifier(issuerKey))));

/** How a certificate is signed: identifier, parameters, hash. */
export const SIGNATURE = {
  rsaSha256: { id: sequence(oid("1.2.840.113549.1.1.11"), der(0x05)), hash: "sha256" },
  /** Parameters of RFC 4055, section 3.1: SHA-256 twice, and a salt as long. */
  rsaPssSha256: { id: sequence(oid("1.2.840.113549.1.1.10"), pssParameters()), hash: "sha256" },
  rsaSha1: { id: sequence(oid("1.2.840.113549.1.1.5"), der(0x05)), hash: "sha1" },
  ecdsaSha256: { id: sequence(oid("1.2.840.10045.4.3.2")), hash: "sha256" },
  ecdsaSha384: { id: sequence(oid("1.2.840.10045.4.3.3")), hash: "sha384" },
  ecdsaSha1: { id: sequence(oid("1.2.840.10045.4.1")), hash: "sha1" },
  ed25519: { id: sequence(oid("1.3.101.112")), hash: null },
} as const;

function pssParameters(): Uint8Array {
  const sha256 = sequence(oid("2.16.840.1.101.3.4.2.1"), der(0x05));
  const mask = sequence(oid("1.2.840.113549.1.1.8"), sha256);
  return sequence(der(0xa0, sha256), der(0xa1, mask), der(0xa2, integer(32)));
}

export interface CertificateFields {
  readonly subject: NameParts;
  readonly issuer?: NameParts;
  readonly key: Key;
  /** Signs with its own key when left out. */
  readonly issuerKey?: Key;
  readonly extensions?: readonly Uint8Array[];
  /** `YYYYMMDDHHMMSSZ`, or the DER of another time. */
  readonly notBefore?: string | Uint8Array;
  readonly notAfter?: string | Uint8Array;
  /** `undefined` leaves the field out, as version 1 does. */
  readonly version?: 2 | 1;
  readonly serialNumber?: readonly number[];
  readonly signature?: (typeof SIGNATURE)[keyof typeof SIGNATURE];
  /** The algorithm inside the signed part, where it is to differ. */
  readonly innerSignature?: Uint8Array;
  /** Fields between the key and the extensions. */
  readonly uniqueIdentifiers?: readonly Uint8Array[];
  /** More fields behind the extensions. */
  readonly trailing?: readonly Uint8Array[];
}

export const CA = [basicConstraints(true), keyUsage([USAGE.keyCertSign])];
export const LEAF = [keyUsage([USAGE.digitalSignature])];

const time = (value: string | Uint8Array) => typeof value === "string" ? text(value, 0x18) : value;

export function makeCertificate(fields: CertificateFields): Uint8Array {
  const signer = fields.issuerKey ?? fields.key;
  const signature = fields.signature ??
    (signer.privateKey.asymmetricKeyType === "rsa"
      ? SIGNATURE.rsaSha256
      : signer.privateKey.asymmetricKeyType === "ed25519"
      ? SIGNATURE.ed25519
      : SIGNATURE.ecdsaSha256);
  const version = "version" in fields ? fields.version : 2;
  const tbs = sequence(
    ...(version === undefined ? [] : [der(0xa0, integer(version))]),
    integer(...(fields.serialNumber ?? [0x01, 0x23])),
    fields.innerSignature ?? signature.id,
    name(fields.issuer ?? fields.subject),
    sequence(time(fields.notBefore ?? "20240101000000Z"), time(fields.notAfter ?? "20990101000000Z")),
    name(fields.subject),
    new Uint8Array(fields.key.publicKey.export({ type: "spki", format: "der" })),
    ...(fields.uniqueIdentifiers ?? []),
    ...(fields.extensions === undefined || version !== 2 ? [] : [der(0xa3, sequence(...fields.extensions))]),
    ...(fields.trailing ?? []),
  );
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const key = { key: signer.privateKey, ...(signature === SIGNATURE.rsaPssSha256 ? pss : {}) };
  return sequence(tbs, signature.id, der(0x03, octets(0), sign(signature.hash, tbs, key)));
}

export const ecKey = (namedCurve = "P-256"): Key => generateKeyPairSync("ec", { namedCurve });
export const rsaKey = (modulusLength: number): Key => generateKeyPairSync("rsa", { modulusLength });
export const ed25519Key = (): Key => generateKeyPairSync("ed25519");

/** A key of the fixtures, which saves generating one. */
export function fixtureKey(signer: string): Key {
  const privateKey = createPrivateKey(readFileSync(`test/fixtures/keys/${signer}.test-only.key.pem`));
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

export const subject = (
  commonName: string,
): NameParts => [["C", "US"], ["ST", "WA"], ["O", "Notary"], ["CN", commonName]];
