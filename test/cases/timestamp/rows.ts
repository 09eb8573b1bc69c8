/**
 * Tokens that break one rule each, with our answer and, where the reference implementation's differs, the entry of
 * `test/peers/deviations.json` that says why. `token.test.ts` asks us, `test/peers/timestamps.test.ts` the reference.
 */
import {
  der,
  ecKey,
  fixtureKey,
  integer,
  octets,
  oid,
  sequence,
  SIGNATURE,
  text,
} from "../../run/certificate_maker.ts";
import {
  ATTRIBUTE,
  attribute,
  authorityName,
  BASELINE_POLICY,
  HASH,
  issuerSerial,
  makeAuthority,
  makeToken,
  signingTime,
  type TokenChanges,
  tsaField,
  unknownExtension,
  without,
} from "../../run/timestamp_maker.ts";
import { CHAIN_ROWS, makeCrowd } from "./chain_rows.ts";
import { authority, invalid, malformed, MESSAGE, row, type TokenRow } from "./row_maker.ts";

export { MESSAGE, type TokenRow };

/** The SignerInfo of a token that is good. */
function goodSigner(): Uint8Array {
  let found: Uint8Array = octets();
  makeToken(MESSAGE, authority, { signers: (signer) => [found = signer] });
  return found;
}

/** What stands in a value of 256 to 65535 octets. */
const readContent = (value: Uint8Array) => value.subarray(4);
const TST = "1.2.840.113549.1.9.16.1.4";
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
  malformed("a second set of signers", {
    crls: der(0x31, goodSigner()),
    signers: () => [sequence(integer(1))],
  }, { says: "its SignedData has the fields", deviation: "timestamp-fields" }),
  malformed("a signer with a field too many", {
    signers: (signer) => [der(0x30, readContent(signer), octets(5, 0))],
  }, { says: "its SignerInfo has the fields", deviation: "timestamp-fields" }),
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

export const TOKEN_ROWS: readonly TokenRow[] = [
  ...RANGES,
  ...INFO,
  ...CMS,
  ...ATTRIBUTES,
  ...CHAIN_ROWS,
  makeCrowd(),
];
