/**
 * Timestamp tokens for tests, made field by field, so that each can break one rule. Own DER writing and Node's own
 * primitives: not the code under test. `test/fixtures/timestamps` has tokens by openssl.
 */
import { constants, createHash, sign } from "node:crypto";
import {
  basicConstraints,
  boolean,
  CA,
  der,
  ecKey,
  extension,
  integer,
  type Key,
  keyUsage,
  makeCertificate,
  name,
  type NameParts,
  octets,
  oid,
  PURPOSE,
  sequence,
  text,
  USAGE,
} from "./certificate_maker.ts";

export const HASH = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
  sha1: "1.3.14.3.2.26",
} as const;
export const TST_INFO = "1.2.840.113549.1.9.16.1.4";
export const BASELINE_POLICY = "0.4.0.2023.1.1";

const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_TIME = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";

type HashName = keyof typeof HASH;
const digest = (hash: string, bytes: Uint8Array) => new Uint8Array(createHash(hash).update(bytes).digest());

export const criticalPurpose = (...purposes: readonly string[]) =>
  extension("2.5.29.37", true, sequence(...purposes.map(oid)));

/** Extensions of an authority's certificate as they should be. */
export const AUTHORITY = [
  basicConstraints(false),
  keyUsage([USAGE.digitalSignature]),
  criticalPurpose(PURPOSE.timeStamping),
];

export interface MadeCertificate {
  readonly der: Uint8Array;
  readonly key: Key;
  readonly issuer: NameParts;
  readonly serialNumber: readonly number[];
}

/** An authority: the certificate that signs tokens, and those that go with it. */
export interface Authority {
  readonly signer: MadeCertificate;
  /** DER, in the order they stand in tokens. */
  readonly certificates: readonly Uint8Array[];
  /** DER. */
  readonly root: Uint8Array;
}

export interface AuthorityChanges {
  readonly signer?: Partial<Parameters<typeof makeCertificate>[0]>;
  readonly intermediate?: Partial<Parameters<typeof makeCertificate>[0]>;
  readonly root?: Partial<Parameters<typeof makeCertificate>[0]>;
}

export const authorityName = (commonName: string): NameParts => [["C", "US"], ["O", "Time"], ["CN", commonName]];
const keys = { root: ecKey(), intermediate: ecKey(), signer: ecKey() };

/** Root, intermediate and signer, valid from 2024 to 2099 unless changed. */
export function makeAuthority(changes: AuthorityChanges = {}): Authority {
  const serialNumber = changes.signer?.serialNumber ?? [0x07];
  const names = { root: authorityName("tsa root"), intermediate: authorityName("tsa intermediate") };
  const root = makeCertificate({ subject: names.root, key: keys.root, extensions: CA, ...changes.root });
  const intermediate = makeCertificate({
    subject: names.intermediate,
    issuer: names.root,
    key: keys.intermediate,
    issuerKey: changes.root?.key ?? keys.root,
    extensions: CA,
    ...changes.intermediate,
  });
  const key = changes.signer?.key ?? keys.signer;
  const issuer = changes.signer?.issuer ?? names.intermediate;
  const signer = makeCertificate({
    subject: authorityName("tsa signer"),
    issuer,
    issuerKey: changes.intermediate?.key ?? keys.intermediate,
    extensions: AUTHORITY,
    ...changes.signer,
    key,
    serialNumber,
  });
  return {
    signer: { der: signer, key, issuer, serialNumber },
    certificates: [signer, intermediate, root],
    root,
  };
}

/** One authority alone, signed by its own key. */
export function makeLoneAuthority(extensions: readonly Uint8Array[] = AUTHORITY): Authority {
  const subject = authorityName("lone tsa");
  const certificate = makeCertificate({ subject, key: keys.signer, extensions, serialNumber: [0x09] });
  const signer = { der: certificate, key: keys.signer, issuer: subject, serialNumber: [0x09] };
  return { signer, certificates: [certificate], root: certificate };
}

export interface Accuracy {
  readonly seconds?: readonly number[];
  readonly millis?: readonly number[];
  readonly micros?: readonly number[];
}

export interface TokenChanges {
  // TSTInfo
  readonly version?: number;
  readonly policy?: string;
  readonly imprintHash?: HashName;
  /** The imprint itself, in place of the hash of the message. */
  readonly imprint?: Uint8Array;
  /** `YYYYMMDDhhmmss[.f]Z` */
  readonly genTime?: string;
  readonly accuracy?: Accuracy;
  /** Fields behind the accuracy. */
  readonly more?: readonly Uint8Array[];
  /** The content in place of the TSTInfo. */
  readonly content?: Uint8Array;
  /** `false` leaves the content out of the structure. */
  readonly detached?: boolean;
  // Signed attributes
  readonly digestAlgorithm?: HashName;
  readonly certificateHash?: HashName;
  /** Written as SHA-256 by default it is left out, as DER has it. */
  readonly certificateDigest?: Uint8Array;
  readonly issuerSerial?: Uint8Array | false;
  /** Changes the attributes before they are signed. */
  readonly attributes?: (attributes: Uint8Array[]) => Uint8Array[];
  /** The order in which they are sent; signed is always the DER order. */
  readonly sentOrder?: (attributes: readonly Uint8Array[]) => readonly Uint8Array[];
  /** Leaves the signed attributes out and signs the content. */
  readonly bare?: boolean;
  // SignerInfo, SignedData, ContentInfo
  readonly signerVersion?: number;
  readonly signerIdentifier?: Uint8Array;
  readonly signatureAlgorithm?: Uint8Array;
  readonly signature?: (signature: Uint8Array) => Uint8Array;
  readonly pss?: boolean;
  readonly dataVersion?: number;
  readonly contentType?: string;
  readonly certificates?: readonly Uint8Array[];
  /** Fields between certificates and signers. */
  readonly crls?: Uint8Array;
  readonly signers?: (signer: Uint8Array) => readonly Uint8Array[];
  readonly outerType?: string;
}

const algorithm = (hash: HashName) => sequence(oid(HASH[hash]), der(0x05));
export const attribute = (type: string, ...values: readonly Uint8Array[]) => sequence(oid(type), der(0x31, ...values));
const attributeType = (encoded: Uint8Array) => Buffer.from(encoded).toString("hex");

/** Takes the attribute of this type away. */
export const without = (type: string) => (attributes: Uint8Array[]) => {
  const identifier = attributeType(oid(type));
  return attributes.filter((encoded) => !attributeType(encoded).includes(identifier));
};
export const ATTRIBUTE = {
  contentType: CONTENT_TYPE,
  messageDigest: MESSAGE_DIGEST,
  signingTime: SIGNING_TIME,
  signingCertificate: SIGNING_CERTIFICATE,
  signingCertificateV2: SIGNING_CERTIFICATE_V2,
} as const;

export const issuerSerial = (issuer: NameParts, serialNumber: readonly number[]) =>
  sequence(sequence(der(0xa4, name(issuer))), integer(...serialNumber));

/** signingTime as UTCTime `YYMMDDhhmmssZ`. */
export const signingTime = (utc: string) => attribute(SIGNING_TIME, text(utc, 0x17));

function makeInfo(message: Uint8Array, changes: TokenChanges): Uint8Array {
  const { imprintHash = "sha256", accuracy } = changes;
  const fields = accuracy === undefined ? [] : [sequence(
    ...(accuracy.seconds === undefined ? [] : [integer(...accuracy.seconds)]),
    ...(accuracy.millis === undefined ? [] : [der(0x80, octets(...accuracy.millis))]),
    ...(accuracy.micros === undefined ? [] : [der(0x81, octets(...accuracy.micros))]),
  )];
  return sequence(
    integer(changes.version ?? 1),
    oid(changes.policy ?? "1.2.3.4"),
    sequence(algorithm(imprintHash), der(0x04, changes.imprint ?? digest(imprintHash, message))),
    integer(0x2a),
    text(changes.genTime ?? "20260601120000Z", 0x18),
    ...fields,
    ...(changes.more ?? []),
  );
}

const SIGNATURE_OIDS: Readonly<Record<string, string>> = {
  "ec-sha256": "1.2.840.10045.4.3.2",
  "ec-sha384": "1.2.840.10045.4.3.3",
  "ec-sha512": "1.2.840.10045.4.3.4",
  "ec-sha1": "1.2.840.10045.4.1",
};

function signatureIdentifier(type: string, hash: HashName, pss: boolean): Uint8Array {
  if (type === "ec") return sequence(oid(SIGNATURE_OIDS[`ec-${hash}`] ?? ""));
  if (!pss) return sequence(oid("1.2.840.113549.1.1.1"), der(0x05));
  const salt = { sha256: 32, sha384: 48, sha512: 64, sha1: 20 }[hash];
  const mask = sequence(oid("1.2.840.113549.1.1.8"), algorithm(hash));
  return sequence(
    oid("1.2.840.113549.1.1.10"),
    sequence(der(0xa0, algorithm(hash)), der(0xa1, mask), der(0xa2, integer(salt))),
  );
}

/** A TimeStampToken over a message, good unless changed. */
export function makeToken(message: Uint8Array, authority: Authority, changes: TokenChanges = {}): Uint8Array {
  const { signer } = authority;
  const hash = changes.digestAlgorithm ?? "sha256";
  const content = changes.content ?? makeInfo(message, changes);
  const contentType = changes.contentType ?? TST_INFO;
  const certificateHash = changes.certificateHash ?? "sha256";
  const identified = changes.issuerSerial ?? issuerSerial(signer.issuer, signer.serialNumber);
  const certificateId = sequence(
    ...(certificateHash === "sha256" ? [] : [algorithm(certificateHash)]),
    der(0x04, changes.certificateDigest ?? digest(certificateHash, signer.der)),
    ...(identified === false ? [] : [identified]),
  );
  const attributes = [
    attribute(CONTENT_TYPE, oid(contentType)),
    attribute(MESSAGE_DIGEST, der(0x04, digest(hash, content))),
    attribute(SIGNING_CERTIFICATE_V2, sequence(sequence(certificateId))),
  ];
  const signed = (changes.attributes?.(attributes) ?? attributes).sort(Buffer.compare);
  const toBeSigned = changes.bare === true ? content : der(0x31, ...signed);
  const type = signer.key.privateKey.asymmetricKeyType ?? "";
  const pss = changes.pss === true
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  const signature = new Uint8Array(sign(hash, toBeSigned, { key: signer.key.privateKey, ...pss }));
  const signerInfo = sequence(
    integer(changes.signerVersion ?? 1),
    changes.signerIdentifier ?? sequence(name(signer.issuer), integer(...signer.serialNumber)),
    algorithm(hash),
    ...(changes.bare === true ? [] : [der(0xa0, ...(changes.sentOrder?.(signed) ?? signed))]),
    changes.signatureAlgorithm ?? signatureIdentifier(type, hash, changes.pss === true),
    der(0x04, changes.signature?.(signature) ?? signature),
  );
  const certificates = changes.certificates ?? authority.certificates;
  const signedData = sequence(
    integer(changes.dataVersion ?? 3),
    der(0x31, algorithm(hash)),
    sequence(oid(contentType), ...(changes.detached === true ? [] : [der(0xa0, der(0x04, content))])),
    ...(certificates.length === 0 ? [] : [der(0xa0, ...certificates)]),
    ...(changes.crls === undefined ? [] : [changes.crls]),
    der(0x31, ...(changes.signers?.(signerInfo) ?? [signerInfo])),
  );
  return sequence(oid(changes.outerType ?? "1.2.840.113549.1.7.2"), der(0xa0, signedData));
}

/** A TSTInfo extension of an unknown kind. */
export const unknownExtension = (critical: boolean) =>
  der(0xa1, sequence(oid("1.2.3.99"), ...(critical ? [boolean(true)] : []), der(0x04, der(0x05))));

/** The `tsa` field with a distinguished name. */
export const tsaField = (parts: NameParts) => der(0xa0, der(0xa4, name(parts)));
