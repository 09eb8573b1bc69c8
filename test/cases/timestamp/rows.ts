/**
 * Tokens that break one rule each, with our answer and, where the reference implementation's differs, the entry of
 * `test/peers/deviations.json` that says why. `token.test.ts` asks us, `test/peers/timestamps.test.ts` the reference.
 */
import type { ErrorCode } from "../../../src/errors.ts";
import {
  basicConstraints,
  CA,
  der,
  ecKey,
  extKeyUsage,
  fixtureKey,
  integer,
  keyUsage,
  makeCertificate,
  octets,
  oid,
  PURPOSE,
  rsaKey,
  sequence,
  SIGNATURE,
  text,
  USAGE,
} from "../../run/certificate_maker.ts";
import {
  ATTRIBUTE,
  attribute,
  AUTHORITY,
  type Authority,
  authorityName,
  BASELINE_POLICY,
  criticalPurpose,
  HASH,
  issuerSerial,
  makeAuthority,
  makeLoneAuthority,
  makeToken,
  signingTime,
  type TokenChanges,
  tsaField,
  unknownExtension,
  without,
} from "../../run/timestamp_maker.ts";

const TST = "1.2.840.113549.1.9.16.1.4";

export const MESSAGE: Uint8Array = new TextEncoder().encode("the bytes of a signature");

export interface TokenRow {
  readonly name: string;
  readonly token: Uint8Array;
  /** DER. */
  readonly roots: readonly Uint8Array[];
  readonly expected: "trusted" | ErrorCode;
  /** Ends of the interval, where the row is about them. */
  readonly range?: readonly [string, string];
  /** Part of our message. */
  readonly says?: string;
  /** Why the reference's verdict is another one. */
  readonly deviation?: string;
}

const authority = makeAuthority();

function row(
  name: string,
  expected: TokenRow["expected"],
  changes: TokenChanges = {},
  more: Partial<TokenRow> & { readonly by?: Authority } = {},
): TokenRow {
  const { by = authority, ...rest } = more;
  return { name, expected, token: makeToken(MESSAGE, by, changes), roots: [by.root], ...rest };
}

const byAuthority = (
  name: string,
  expected: TokenRow["expected"],
  changes: Parameters<typeof makeAuthority>[0],
  more: Partial<TokenRow> = {},
) => {
  const by = makeAuthority(changes);
  return row(name, expected, {}, { by, ...more });
};

const malformed = (name: string, changes: TokenChanges, more: Partial<TokenRow> = {}) =>
  row(name, "ERR_TIMESTAMP", changes, more);
const invalid = (name: string, changes: TokenChanges, more: Partial<TokenRow> & { readonly by?: Authority } = {}) =>
  row(name, "TIMESTAMP_INVALID", changes, more);

const GEN = "2026-06-01T12:00:00";
const rangeRow = (name: string, changes: TokenChanges, earliest: string, latest: string) =>
  row(name, "trusted", changes, { range: [earliest, latest] });

/** Times and what they stand for. */
const RANGES: readonly TokenRow[] = [
  rangeRow("a time without accuracy", {}, `${GEN}Z`, `${GEN}Z`),
  rangeRow("seconds", { accuracy: { seconds: [2] } }, "2026-06-01T11:59:58Z", "2026-06-01T12:00:02Z"),
  rangeRow("milliseconds", { accuracy: { millis: [5] } }, "2026-06-01T11:59:59.995Z", `${GEN}.005Z`),
  rangeRow("999 milliseconds", { accuracy: { millis: [3, 0xe7] } }, "2026-06-01T11:59:59.001Z", `${GEN}.999Z`),
  rangeRow("microseconds", { accuracy: { micros: [7] } }, "2026-06-01T11:59:59.999993Z", `${GEN}.000007Z`),
  rangeRow(
    "all three together",
    { accuracy: { seconds: [1], millis: [0x01, 0xf4], micros: [0x00, 0xfa] } },
    "2026-06-01T11:59:58.49975Z",
    "2026-06-01T12:00:01.50025Z",
  ),
  rangeRow(
    "a fraction of a second",
    { genTime: "20260601120000.5Z", accuracy: { seconds: [1] } },
    "2026-06-01T11:59:59.5Z",
    "2026-06-01T12:00:01.5Z",
  ),
  rangeRow(
    "nanoseconds",
    { genTime: "20260601120000.123456789Z" },
    `${GEN}.123456789Z`,
    `${GEN}.123456789Z`,
  ),
  rangeRow(
    "no accuracy under the baseline policy",
    { policy: BASELINE_POLICY },
    "2026-06-01T11:59:59Z",
    `${GEN.slice(0, -1)}1Z`,
  ),
  rangeRow(
    "an empty accuracy under the baseline policy",
    { policy: BASELINE_POLICY, accuracy: {} },
    "2026-06-01T11:59:59Z",
    "2026-06-01T12:00:01Z",
  ),
  rangeRow(
    "an accuracy of its own under the baseline policy",
    { policy: BASELINE_POLICY, accuracy: { millis: [1] } },
    "2026-06-01T11:59:59.999Z",
    "2026-06-01T12:00:00.001Z",
  ),
];

/** TSTInfo. */
const INFO: readonly TokenRow[] = [
  row("a token like any other", "trusted"),
  row("a nonce and ordering", "trusted", { more: [der(0x01, octets(0xff)), integer(0x11)] }),
  row("an extension that need not be understood", "trusted", { more: [unknownExtension(false)] }),
  invalid("a critical extension nobody knows", { more: [unknownExtension(true)] }, {
    deviation: "timestamp-critical-extension",
  }),
  row("the authority's name", "trusted", { more: [tsaField(authorityName("tsa signer"))] }),
  invalid("another authority's name", { more: [tsaField(authorityName("someone else"))] }, {
    deviation: "timestamp-authority-name",
    says: `"CN=someone else,O=Time,C=US"`,
  }),
  row("other bytes than the signature", "TIMESTAMP_MISMATCH", { imprint: new Uint8Array(32) }),
  row("an imprint that is cut short", "TIMESTAMP_MISMATCH", { imprint: new Uint8Array(0) }),
  row("an imprint by SHA-512", "trusted", { imprintHash: "sha512" }),
  invalid("an imprint by SHA-1", { imprintHash: "sha1" }, { says: HASH.sha1 }),
  invalid("TSTInfo of version 2", { version: 2 }),
  malformed("a time to the second with a trailing zero", { genTime: "20260601120000.50Z" }),
  malformed("a time without its zone", { genTime: "20260601120000" }),
  malformed("a time in another zone", { genTime: "20260601120000+0100" }, { deviation: "timestamp-utc" }),
  malformed("a time that does not exist", { genTime: "20260631120000Z" }),
  malformed("a time finer than nanoseconds", { genTime: "20260601120000.1234567891Z" }),
  malformed("a negative accuracy", { accuracy: { seconds: [0xff] } }, { deviation: "timestamp-accuracy" }),
  malformed("1000 milliseconds", { accuracy: { millis: [0x03, 0xe8] } }, { deviation: "timestamp-accuracy" }),
  malformed("0 microseconds", { accuracy: { micros: [0] } }, { deviation: "timestamp-accuracy" }),
  malformed("an accuracy of years", { accuracy: { seconds: [0x7f, 0xff, 0xff, 0xff] } }, {
    deviation: "timestamp-accuracy",
  }),
  malformed("content that is no TSTInfo", { content: sequence(integer(1)) }),
  malformed("bytes behind the TSTInfo", { content: Uint8Array.of(0x30, 0x00, 0x00) }),
  malformed("no content", { detached: true }),
];

/** CMS. */
const CMS: readonly TokenRow[] = [
  malformed("content of another type", { contentType: "1.2.840.113549.1.7.1" }),
  malformed("an envelope of another type", { outerType: "1.2.840.113549.1.7.3" }),
  malformed("SignedData of version 1", { dataVersion: 1 }),
  row("SHA-384 and a key of P-384", "trusted", { digestAlgorithm: "sha384" }, {
    by: makeAuthority({ signer: { key: ecKey("P-384") } }),
  }),
  row("SHA-512 and RSA", "trusted", { digestAlgorithm: "sha512" }, {
    by: makeAuthority({ signer: { key: fixtureKey("rsa-2048-self") } }),
  }),
  row("RSASSA-PSS", "trusted", { pss: true }, {
    by: makeAuthority({ signer: { key: fixtureKey("rsa-2048-self") } }),
  }),
  row("signature algorithm with its hash", "trusted", { signatureAlgorithm: SIGNATURE.rsaSha256.id }, {
    by: makeAuthority({ signer: { key: fixtureKey("rsa-2048-self") } }),
  }),
  invalid("a signature algorithm with another hash than the signer's", {
    signatureAlgorithm: SIGNATURE.ecdsaSha384.id,
  }),
  invalid("SHA-1", { digestAlgorithm: "sha1" }),
  invalid("a signature that does not fit", {
    signature: (bytes) => bytes.map((byte, index) => index === 20 ? byte ^ 1 : byte),
  }),
  invalid("an ECDSA signature as r‖s", { signature: () => new Uint8Array(64).fill(1) }),
  invalid("a signature over the content, without signed attributes", { bare: true }),
  invalid("no signer", { signers: () => [] }),
  invalid("two signers", { signers: (signer) => [signer, signer] }, { deviation: "timestamp-one-signer" }),
  invalid("a bad signer beside a good one", {
    signers: (signer) => [signer.map((byte, index) => index === signer.length - 1 ? byte ^ 1 : byte), signer],
  }, { deviation: "timestamp-one-signer" }),
  invalid("a signer of version 3", { signerVersion: 3 }),
  invalid("a signer named by a key identifier", {
    signerVersion: 3,
    signerIdentifier: der(0x80, octets(1, 2, 3, 4)),
  }),
  invalid("a signer named otherwise than in the signed attribute", {
    signerIdentifier: sequence(sequence(), integer(0x66)),
  }, { deviation: "timestamp-signer-identifier" }),
  invalid("no certificates", { certificates: [] }),
  row("certificates in another order", "trusted", { certificates: [...authority.certificates].reverse() }),
  row("without its root, which is at hand", "trusted", { certificates: authority.certificates.slice(0, 2) }),
  row("without its intermediate", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    certificates: authority.certificates.slice(0, 1),
  }),
  malformed("a certificate that is none", { certificates: [...authority.certificates, sequence(integer(1))] }),
  row("attributes that were not sent in the order of DER", "trusted", { sentOrder: (list) => [...list].reverse() }),
  row("a CRL beside the certificates", "trusted", { crls: der(0xa1, makeCrl()) }, { deviation: "timestamp-crls" }),
];

function makeCrl(): Uint8Array {
  const algorithm = SIGNATURE.ecdsaSha256.id;
  const issuer = sequence(der(0x31, sequence(oid("2.5.4.3"), text("crl"))));
  const tbs = sequence(integer(1), algorithm, issuer, text("260101000000Z", 0x17), text("270101000000Z", 0x17));
  return sequence(tbs, algorithm, der(0x03, octets(0), new Uint8Array(8)));
}

const V1 = attribute(ATTRIBUTE.signingCertificate, sequence(sequence(sequence(der(0x04, new Uint8Array(20))))));

/** Signed attributes. */
const ATTRIBUTES: readonly TokenRow[] = [
  row("a signing time", "trusted", { attributes: (list) => [...list, signingTime("260601120000Z")] }),
  invalid("a signing time before the certificates", { attributes: (list) => [...list, signingTime("200601120000Z")] }),
  row("both versions of the signing certificate", "trusted", { attributes: (list) => [...list, V1] }),
  invalid("the first version alone", {
    attributes: (list) => [...without(ATTRIBUTE.signingCertificateV2)(list), V1],
  }, { says: "SHA-1 alone" }),
  invalid("no signing certificate", { attributes: without(ATTRIBUTE.signingCertificateV2) }),
  invalid("no content type", { attributes: without(ATTRIBUTE.contentType) }),
  invalid("another content type", {
    attributes: (list) => [
      ...without(ATTRIBUTE.contentType)(list),
      attribute(ATTRIBUTE.contentType, oid("1.2.840.113549.1.7.1")),
    ],
  }),
  invalid("no message digest", { attributes: without(ATTRIBUTE.messageDigest) }),
  invalid("another message digest", {
    attributes: (list) => [
      ...without(ATTRIBUTE.messageDigest)(list),
      attribute(ATTRIBUTE.messageDigest, der(0x04, new Uint8Array(32))),
    ],
  }),
  malformed("an attribute twice", {
    attributes: (list) => [...list, signingTime("260601120000Z"), signingTime("260601120001Z")],
  }, {
    deviation: "timestamp-attribute-twice",
  }),
  malformed("two values of one attribute", {
    attributes: (list) => [
      ...without(ATTRIBUTE.contentType)(list),
      attribute(ATTRIBUTE.contentType, oid("1.2.3"), oid(TST)),
    ],
  }),
  row("a certificate hash by SHA-512", "trusted", { certificateHash: "sha512" }),
  invalid("a certificate hash by SHA-1", { certificateHash: "sha1" }),
  invalid("the hash of another certificate", { certificateDigest: new Uint8Array(32) }),
  row("a signing certificate without issuer and number", "trusted", { issuerSerial: false }),
  invalid("a signing certificate with another number", {
    issuerSerial: issuerSerial(authorityName("tsa intermediate"), [0x66]),
  }),
  invalid("the intermediate as the signing certificate", {
    issuerSerial: issuerSerial(authorityName("tsa root"), [0x01, 0x23]),
  }),
  invalid("an issuer that is not named by its name", {
    issuerSerial: sequence(sequence(der(0x82, octets(0x61))), integer(7)),
  }),
];

const stranger = makeAuthority({ root: { key: ecKey() } });

/** The authority's certificates. */
const CHAINS: readonly TokenRow[] = [
  row("an authority nobody trusts", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {}, { roots: [stranger.root] }),
  row("a namesake of the root in the token, who is not trusted", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    certificates: [...authority.certificates.slice(0, 2), stranger.root],
  }, { roots: [stranger.root] }),
  row("a namesake of the intermediate beside it", "trusted", {
    certificates: [
      authority.signer.der,
      makeAuthority({ intermediate: { key: ecKey() } }).certificates[1] as Uint8Array,
      ...authority.certificates.slice(1),
    ],
  }),
  row("a lone authority that is trusted itself", "trusted", {}, { by: makeLoneAuthority() }),
  row("a lone authority that is a CA", "TIMESTAMP_AUTHORITY_INVALID", {}, {
    by: makeLoneAuthority([basicConstraints(true), ...AUTHORITY.slice(1)]),
  }),
  byAuthority("an authority's certificate that had expired", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    signer: { notAfter: "20260601115959Z" },
  }, { says: "2026-06-01T11:59:59.000Z" }),
  byAuthority("an authority's certificate on its last second", "trusted", { signer: { notAfter: "20260601120000Z" } }),
  byAuthority("an authority's certificate on its first second", "trusted", {
    signer: { notBefore: "20260601120000Z" },
  }),
  byAuthority("an authority's certificate that was not valid yet", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    signer: { notBefore: "20260601120001Z" },
  }),
  byAuthority("an intermediate that had expired", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    intermediate: { notAfter: "20260601115959Z" },
  }),
  byAuthority("a root that had expired", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", { root: { notAfter: "20260601115959Z" } }),
  byAuthority("a purpose that is not critical", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), extKeyUsage(PURPOSE.timeStamping)] },
  }),
  byAuthority("two purposes", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), criticalPurpose(PURPOSE.timeStamping, PURPOSE.codeSigning)] },
  }),
  byAuthority("an unknown purpose besides", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), criticalPurpose(PURPOSE.timeStamping, "1.2.3.4")] },
  }),
  byAuthority("any purpose", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), criticalPurpose(PURPOSE.any)] },
  }),
  byAuthority("no purpose", "TIMESTAMP_AUTHORITY_INVALID", { signer: { extensions: AUTHORITY.slice(0, 2) } }),
  byAuthority("another purpose", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), criticalPurpose(PURPOSE.codeSigning)] },
  }),
  byAuthority("no key usage", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [AUTHORITY[0]!, AUTHORITY[2]!] },
  }),
  byAuthority("a key usage that is not critical", "trusted", {
    signer: { extensions: [AUTHORITY[0]!, keyUsage([USAGE.digitalSignature], false), AUTHORITY[2]!] },
  }),
  byAuthority("a key that may encipher keys", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: {
      extensions: [AUTHORITY[0]!, keyUsage([USAGE.digitalSignature, USAGE.keyEncipherment]), AUTHORITY[2]!],
    },
  }),
  byAuthority("a key that may not sign", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [AUTHORITY[0]!, keyUsage([USAGE.contentCommitment]), AUTHORITY[2]!] },
  }),
  byAuthority("a signing certificate that is a CA", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [basicConstraints(true), ...AUTHORITY.slice(1)] },
  }),
  byAuthority("an intermediate that is no CA", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    intermediate: { extensions: [basicConstraints(false), keyUsage([USAGE.keyCertSign])] },
  }),
  byAuthority("an intermediate that may not sign certificates", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    intermediate: { extensions: [basicConstraints(true), keyUsage([USAGE.cRLSign])] },
  }),
  byAuthority("an intermediate without key usage", "TIMESTAMP_AUTHORITY_INVALID", {
    intermediate: { extensions: [basicConstraints(true)] },
  }),
  byAuthority("an intermediate whose CA flag is not critical", "TIMESTAMP_AUTHORITY_INVALID", {
    intermediate: { extensions: [basicConstraints(true, { critical: false }), keyUsage([USAGE.keyCertSign])] },
  }, { deviation: "ca-constraints-critical" }),
  byAuthority("an intermediate for other purposes", "TIMESTAMP_AUTHORITY_INVALID", {
    intermediate: { extensions: [...CA, extKeyUsage(PURPOSE.codeSigning)] },
  }),
  byAuthority("an intermediate for this purpose too", "trusted", {
    intermediate: { extensions: [...CA, extKeyUsage(PURPOSE.codeSigning, PURPOSE.timeStamping)] },
  }),
  byAuthority("a root that allows no CA below it", "TIMESTAMP_AUTHORITY_INVALID", {
    root: { extensions: [basicConstraints(true, { pathLength: 0 }), keyUsage([USAGE.keyCertSign])] },
  }),
  byAuthority("a signer's key of 1024 bits", "TIMESTAMP_AUTHORITY_INVALID", { signer: { key: rsaKey(1024) } }),
  byAuthority("a signer's certificate by SHA-1", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    signer: { signature: SIGNATURE.ecdsaSha1 },
  }),
  row("an intermediate as the only anchor", "TIMESTAMP_AUTHORITY_INVALID", {}, {
    roots: [authority.certificates[1] as Uint8Array],
  }),
  row("the signing certificate as the only anchor", "TIMESTAMP_AUTHORITY_INVALID", {}, {
    roots: [authority.signer.der],
  }),
];

/** A certificate that names its own issuer again and again. */
export function makeCrowd(): TokenRow {
  const crowd = Array.from({ length: 25 }, () =>
    makeCertificate({
      subject: authorityName("tsa intermediate"),
      issuer: authorityName("tsa intermediate"),
      key: ecKey(),
      extensions: CA,
    }));
  return row("a crowd of namesakes", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    certificates: [authority.signer.der, ...crowd],
  });
}

export const TOKEN_ROWS: readonly TokenRow[] = [
  ...RANGES,
  ...INFO,
  ...CMS,
  ...ATTRIBUTES,
  ...CHAINS,
  makeCrowd(),
];
