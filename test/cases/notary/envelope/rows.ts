/**
 * Envelopes that each break one rule, or none: what the specification says of them, and under which entry of
 * `test/peers/deviations.json` the reference says something else.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  AUTHENTIC_TIME,
  cborArray,
  cborBytes,
  cborFloat,
  cborInt,
  cborMap,
  cborTag,
  cborText,
  CONTENT_TYPE,
  type CoseChanges,
  coseTime,
  EXPIRY,
  type JwsChanges,
  label,
  makeCose,
  makeJws,
  PAYLOAD,
  SCHEME,
  selfSigned,
  setHeader,
  SIGNING_TIME,
} from "../../../run/envelope_maker.ts";

export const signers = {
  rsa: selfSigned("rsa-2048-self", "PS256", -37),
  curve: selfSigned("p-256-self", "ES256", -7),
};
const signer = signers.curve;
const AUTHORITY = "notary.x509.signingAuthority";

/** `undefined` stands for an envelope that decodes. */
export type Expected = string | undefined;
export type Row = readonly [name: string, expected: Expected, make: () => Uint8Array, deviation: string | undefined];

const jws = (name: string, expected: Expected, changes: JwsChanges, deviation?: string): Row => [
  name,
  expected,
  () => makeJws(signer, changes),
  deviation,
];
const cose = (name: string, expected: Expected, changes: CoseChanges, deviation?: string): Row => [
  name,
  expected,
  () => makeCose(signer, changes),
  deviation,
];

const FORMAT = "ERR_ENVELOPE_FORMAT";
const ATTRIBUTE = "ERR_ENVELOPE_ATTRIBUTE";
const ALGORITHM = "ERR_ALGORITHM_UNSUPPORTED";
const CERTIFICATE = "ERR_CERTIFICATE";

type Header = Record<string, unknown>;
const set = (name: string, value: unknown) => (header: Header) => {
  header[name] = value;
};
const drop = (name: string) => (header: Header) => {
  delete header[name];
};
/** The signing authority's scheme, with its time and everything critical. */
const byAuthority = (header: Header) => {
  delete header[SIGNING_TIME];
  header[SCHEME] = AUTHORITY;
  header[AUTHENTIC_TIME] = "2026-01-01T00:00:00Z";
  header["crit"] = [SCHEME, AUTHENTIC_TIME];
};
const expiring = (time: string) => (header: Header) => {
  header[EXPIRY] = time;
  header["crit"] = [SCHEME, EXPIRY];
};
/** Lax base64url: the last character carries bits that belong to no byte. */
const withTrailingBits = (text: string) => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? "") | 1];
};
/** A certificate whose text differs between the alphabets, as most do and not all. */
const IN_BASE64URL = new X509Certificate(readFileSync("test/fixtures/keys/rsa-2048-self.crt.pem")).raw.toString(
  "base64url",
);
const members = (change: (envelope: Record<string, string>) => void): JwsChanges => ({
  members: (envelope) => change(envelope as Record<string, string>),
});

export const JWS_ROWS: readonly Row[] = [
  jws("a plain envelope", undefined, {}),
  jws("white space after the envelope", undefined, { text: (text) => `${text}\n ` }),
  jws("an unknown unprotected header", undefined, { unprotected: set("extra", 1) }),
  jws("no signing agent", undefined, { unprotected: drop("io.cncf.notary.signingAgent") }),
  jws("a time with fraction and offset", undefined, { protected: set(SIGNING_TIME, "2026-01-01T09:00:00.25+09:00") }),
  jws("an expiry", undefined, { protected: expiring("2027-01-01T00:00:00Z") }),
  jws("the signing authority's scheme", undefined, { protected: byAuthority }),
  jws("an extended attribute", undefined, { protected: set("com.example", { deep: [1, 2] }) }),
  jws("a critical extended attribute", undefined, {
    protected: (header) => {
      header["com.example"] = "x";
      header["crit"] = [SCHEME, "com.example"];
    },
  }, "critical-attribute"),
  jws("an attribute with half of a surrogate pair", undefined, {
    protectedText: (text) => text.replace("{", '{"com.example":"\\ud800",'),
  }),

  // The serialization
  jws("an empty document", FORMAT, { text: () => "" }),
  jws("another document", FORMAT, { text: () => "[]" }),
  jws("null", FORMAT, { text: () => "null" }),
  jws("the compact serialization", FORMAT, { text: () => "eyJhbGciOiJFUzI1NiJ9.e30.AAAA" }),
  jws("a byte order mark", FORMAT, { text: (text) => `\ufeff${text}` }),
  jws("trailing data", FORMAT, { text: (text) => `${text}{}` }),
  jws("a further member", FORMAT, { members: set("signatures", []) }, "jws-further-member"),
  jws("a member in capitals", FORMAT, { text: (text) => text.replace('"payload"', '"PAYLOAD"') }, "json-names-exact"),
  jws("a member twice", FORMAT, { text: (text) => text.replace("{", '{"payload":"e30",') }, "json-names-once"),
  ...["payload", "protected", "signature", "header"].flatMap((member) => [
    jws(`no ${member}`, FORMAT, { members: drop(member) }),
    jws(`${member} that is a number`, FORMAT, { members: set(member, 1) }),
    jws(`${member} that is null`, FORMAT, { members: set(member, null) }),
  ]),
  jws("an empty signature", FORMAT, { members: set("signature", "") }),
  jws("an empty payload", FORMAT, { payload: "" }),
  jws("the header in two parts", FORMAT, {
    text: (text) => text.replace("{", '{"header":{"io.cncf.notary.signingAgent":"first"},'),
  }, "json-names-once"),
  jws("a byte that is no UTF-8", FORMAT, {
    unprotected: set("extra", "~"),
    bytes: (bytes) => bytes.map((byte) => byte === 0x7e ? 0xff : byte),
  }, "json-utf-8"),
  ...(["payload", "protected", "signature"] as const).flatMap((member) => [
    jws(`padding in ${member}`, FORMAT, members((envelope) => (envelope[member] += "="))),
    jws(
      `a newline in ${member}`,
      FORMAT,
      members((envelope) => (envelope[member] = `${envelope[member]}\n`)),
      // In the others it changes what the reference takes for signed.
      member === "signature" ? "base64url-strict" : undefined,
    ),
    jws(`standard base64 in ${member}`, FORMAT, members((envelope) => (envelope[member] = `+${envelope[member]}///`))),
  ]),
  jws("a newline in payload, signed", FORMAT, { payloadPart: (text) => `${text}\n` }, "base64url-strict"),
  jws(
    "bits left over in the signature",
    FORMAT,
    members((envelope) => {
      envelope["signature"] = withTrailingBits(envelope["signature"] as string);
    }),
    "base64url-strict",
  ),
  jws("seventeen levels of nesting", FORMAT, {
    protected: set("com.example", JSON.parse("[".repeat(16) + "]".repeat(16))),
  }, "bounds"),
  jws("more than a mebibyte", "ERR_TOO_LARGE", { unprotected: set("extra", "x".repeat(1024 * 1024)) }, "bounds"),
  jws("deeply nested JSON", FORMAT, { text: () => "[".repeat(100_000) + "]".repeat(100_000) }),

  // The protected header
  jws("a protected header that is no JSON", FORMAT, { protectedText: () => "hello" }),
  jws("a protected header that is a list", FORMAT, { protectedText: () => "[]" }),
  jws(
    "a protected header twice",
    FORMAT,
    { protectedText: (text) => text.replace("{", '{"cty":"x",') },
    "json-names-once",
  ),
  jws("cty in capitals", FORMAT, { protectedText: (text) => text.replace('"cty"', '"CTY"') }, "json-names-exact"),
  jws("cty in capitals before it", FORMAT, {
    protectedText: (text) => text.replace("{", '{"CTY":"text/plain",'),
  }, "json-names-exact"),
  // The reference takes the last one.
  jws("cty in capitals behind it", FORMAT, { protectedText: (text) => text.replace("}", ',"CTY":"text/plain"}') }),
  jws("alg in capitals", FORMAT, { protectedText: (text) => text.replace('"alg"', '"ALG"') }),
  jws("alg in capitals before it", FORMAT, {
    protectedText: (text) => text.replace("{", '{"ALG":"ES256",'),
  }, "json-names-exact"),
  jws("another alg in capitals behind it", FORMAT, {
    protectedText: (text) => text.replace("}", ',"ALG":"PS256"}'),
  }),
  jws("a verification plugin in capitals", FORMAT, {
    protected: set("io.cncf.notary.VerificationPlugin", "x"),
  }, "json-names-exact"),
  jws("a signing time twice, once with a long s", FORMAT, {
    protectedText: (text) =>
      text.replace(`"${SIGNING_TIME}"`, `"io.cncf.notary.\u017figningTime":"2020-01-01T00:00:00Z","${SIGNING_TIME}"`),
  }, "json-names-exact"),
  jws("a scheme in other capitals", FORMAT, { protectedText: (text) => text.replaceAll(SCHEME, SCHEME.toUpperCase()) }),
  jws("a header protected and unprotected", FORMAT, { unprotected: set("alg", "ES256") }, "header-once"),
  ...["none", "RS256", "HS256", "ES256K", "EdDSA", "es256", ""].map((alg) =>
    jws(`alg "${alg}"`, ALGORITHM, { protected: set("alg", alg) })
  ),
  jws("no alg", ALGORITHM, { protected: drop("alg") }),
  jws("alg that is a number", ALGORITHM, { protected: set("alg", 256) }),
  jws("no cty", ATTRIBUTE, { protected: drop("cty") }),
  jws("another cty", ATTRIBUTE, { protected: set("cty", "application/json") }),
  jws("cty with a parameter", ATTRIBUTE, { protected: set("cty", `${CONTENT_TYPE}; charset=utf-8`) }),
  jws("no scheme", ATTRIBUTE, { protected: (header) => (drop(SCHEME)(header), header["crit"] = ["alg"]) }),
  jws("no scheme, and crit naming it", ATTRIBUTE, { protected: drop(SCHEME) }),
  jws("an unknown scheme", ATTRIBUTE, { protected: set(SCHEME, "notary.x509.other") }),
  jws("a scheme that is a number", ATTRIBUTE, { protected: set(SCHEME, 1) }),
  jws("no crit", ATTRIBUTE, { protected: drop("crit") }),
  jws("an empty crit", ATTRIBUTE, { protected: set("crit", []) }),
  jws("crit that is text", ATTRIBUTE, { protected: set("crit", SCHEME) }),
  jws("crit with a number", ATTRIBUTE, { protected: set("crit", [SCHEME, 1]) }),
  jws("crit naming one twice", ATTRIBUTE, { protected: set("crit", [SCHEME, SCHEME]) }),
  jws("crit naming what is absent", ATTRIBUTE, { protected: set("crit", [SCHEME, "absent"]) }),
  ...["alg", "cty", "crit", SIGNING_TIME].map((name) =>
    jws(`crit naming ${name}`, ATTRIBUTE, { protected: set("crit", [SCHEME, name]) })
  ),
  jws("crit naming __proto__", ATTRIBUTE, { protected: set("crit", [SCHEME, "__proto__"]) }),
  jws("a scheme that is not critical", ATTRIBUTE, {
    protected: (header) => {
      header["com.example"] = 1;
      header["crit"] = ["com.example"];
    },
  }),
  jws("an expiry that is not critical", ATTRIBUTE, { protected: set(EXPIRY, "2027-01-01T00:00:00Z") }),

  // Times
  jws("no signing time", ATTRIBUTE, { protected: drop(SIGNING_TIME) }),
  jws("both signing times", ATTRIBUTE, { protected: set(AUTHENTIC_TIME, "2026-01-01T00:00:00Z") }),
  jws("both signing times of an authority", ATTRIBUTE, {
    protected: (header) => (byAuthority(header), header[SIGNING_TIME] = "2026-01-01T00:00:00Z"),
  }),
  jws("an authority without its time", ATTRIBUTE, {
    protected: (header) => (byAuthority(header), drop(AUTHENTIC_TIME)(header)),
  }),
  jws("an authentic signing time that is not critical", ATTRIBUTE, {
    protected: (header) => (byAuthority(header), header["crit"] = [SCHEME]),
  }),
  ...[
    "0001-01-01T00:00:00Z", // the reference's word for no time
    "2026-01-01t00:00:00Z",
    "2026-01-01T00:00:00z",
    "2026-01-01 00:00:00Z",
    "2026-01-01T00:00:00",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:60Z",
    "1767225600",
    "",
  ].map((time) => jws(`the signing time "${time}"`, ATTRIBUTE, { protected: set(SIGNING_TIME, time) })),
  ...[
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00-05:60",
    "2026-01-01T00:00:00,5Z",
    "2026-01-01T0:00:00Z",
    "2026-01-01T00:00:00.1234567890Z",
  ].map((time) =>
    jws(`the signing time "${time}"`, ATTRIBUTE, { protected: set(SIGNING_TIME, time) }, "rfc3339-strict")
  ),
  jws("a signing time that is a number", ATTRIBUTE, { protected: set(SIGNING_TIME, 1767225600) }),
  jws("a signing time that is null", ATTRIBUTE, { protected: set(SIGNING_TIME, null) }),
  jws("an authentic signing time that is null", ATTRIBUTE, { protected: set(AUTHENTIC_TIME, null) }, "json-null"),
  jws("an expiry that is null", ATTRIBUTE, { protected: set(EXPIRY, null) }, "json-null"),
  jws("an expiry in the year 1", ATTRIBUTE, { protected: set(EXPIRY, "0001-01-01T00:00:00Z") }, "expiry-year-1"),
  jws("a critical expiry in the year 1", ATTRIBUTE, { protected: expiring("0001-01-01T00:00:00Z") }),
  jws("an expiry that is no time", ATTRIBUTE, { protected: expiring("tomorrow") }),
  jws("an expiry at the signing time", ATTRIBUTE, { protected: expiring("2026-01-01T00:00:00Z") }),
  jws("an expiry before the signing time in another zone", ATTRIBUTE, {
    protected: expiring("2026-01-01T08:00:00+09:00"),
  }),

  // The unprotected header
  jws("no x5c", FORMAT, { unprotected: drop("x5c") }),
  jws("an empty x5c", FORMAT, { unprotected: set("x5c", []) }),
  jws("x5c that is text", FORMAT, { unprotected: set("x5c", "AAAA") }),
  jws("x5c with a number", FORMAT, { unprotected: set("x5c", [1]) }),
  jws("x5c in base64url", CERTIFICATE, { unprotected: set("x5c", [IN_BASE64URL]) }),
  jws("x5c with PEM", CERTIFICATE, { unprotected: set("x5c", ["-----BEGIN CERTIFICATE-----"]) }),
  jws("x5c with a newline", CERTIFICATE, {
    unprotected: (header) => {
      header["x5c"] = (header["x5c"] as string[]).map((text) => `${text.slice(0, 64)}\r\n${text.slice(64)}`);
    },
  }, "base64url-strict"),
  jws("x5c that is not DER", CERTIFICATE, { unprotected: set("x5c", ["AAAA"]) }),
  jws("eleven certificates", FORMAT, {
    unprotected: (header) => {
      header["x5c"] = Array.from({ length: 11 }, () => (header["x5c"] as string[])[0]);
    },
  }),
  jws("x5c in capitals", FORMAT, { text: (text) => text.replace('"x5c"', '"X5C"') }, "json-names-exact"),
  jws(
    "a signing agent that is null",
    ATTRIBUTE,
    { unprotected: set("io.cncf.notary.signingAgent", null) },
    "json-null",
  ),
  jws("a signing agent that is a number", ATTRIBUTE, { unprotected: set("io.cncf.notary.signingAgent", 1) }),
  jws("a timestamp that is not base64", FORMAT, { unprotected: set("io.cncf.notary.timestampSignature", "***") }),
  jws("a timestamp that is a number", ATTRIBUTE, { unprotected: set("io.cncf.notary.timestampSignature", 1) }),
];

const header = (key: string | number, value: Uint8Array | undefined): CoseChanges => ({
  protected: (entries) => setHeader(entries, key, value),
});
const unprotected = (key: string | number, value: Uint8Array | undefined): CoseChanges => ({
  unprotected: (entries) => setHeader(entries, key, value),
});
const part = (index: number, value: Uint8Array): CoseChanges => ({ parts: (parts) => (parts[index] = value) });
const certificate = signer.chain[0] as Uint8Array;
const coseByAuthority = (...times: readonly string[]): CoseChanges => ({
  protected: (entries) => {
    setHeader(entries, SIGNING_TIME, undefined);
    setHeader(entries, SCHEME, cborText(AUTHORITY));
    for (const time of times) setHeader(entries, time, coseTime("2026-01-01T00:00:00Z"));
    setHeader(entries, 2, cborArray(...[SCHEME, ...times.filter((time) => time === AUTHENTIC_TIME)].map(cborText)));
  },
});
const coseExpiring = (time: Uint8Array, critical = true): CoseChanges => ({
  protected: (entries) => {
    setHeader(entries, EXPIRY, time);
    if (critical) setHeader(entries, 2, cborArray(cborText(SCHEME), cborText(EXPIRY)));
  },
});

export const COSE_ROWS: readonly Row[] = [
  cose("a plain envelope", undefined, {}),
  cose("an expiry", undefined, coseExpiring(coseTime("2027-01-01T00:00:00Z"))),
  cose("the signing authority's scheme", undefined, coseByAuthority(AUTHENTIC_TIME)),
  cose("a signing time as a float", undefined, header(SIGNING_TIME, cborTag(1, cborFloat(1767225600.5)))),
  cose(
    "crit naming a label twice, and labels of RFC 9052",
    undefined,
    header(2, cborArray(cborText(SCHEME), cborText(SCHEME), cborInt(1), cborInt(3))),
  ),
  cose("an extended attribute with an integer label", undefined, header(-70001, cborText("x"))),
  cose("a critical attribute with an integer label", undefined, {
    protected: (entries) => {
      setHeader(entries, -70001, cborText("x"));
      setHeader(entries, 2, cborArray(cborText(SCHEME), cborInt(-70001)));
    },
  }, "critical-attribute"),
  cose("a payload whose length stands in two bytes more than it needs", undefined, {
    parts: (parts) => {
      const payload = new TextEncoder().encode(PAYLOAD);
      parts[2] = Uint8Array.of(0x5a, 0, 0, payload.length >> 8, payload.length & 0xff, ...payload);
    },
  }),
  cose("the chain in the protected header", undefined, {
    protected: (entries) => setHeader(entries, 33, cborArray(cborBytes(certificate))),
    unprotected: (entries) => setHeader(entries, 33, undefined),
  }, "cose-chain-protected"),
  cose("an unknown unprotected header", undefined, unprotected("extra", cborInt(1))),

  // The message
  cose("nothing", FORMAT, { bytes: () => new Uint8Array(0) }),
  cose("no tag", FORMAT, { bytes: (bytes) => bytes.slice(1) }),
  cose("the tag in two bytes", FORMAT, { bytes: (bytes) => Uint8Array.of(0xd8, 0x12, ...bytes.slice(1)) }),
  cose("another tag", FORMAT, { bytes: (bytes) => Uint8Array.of(0xd1, ...bytes.slice(1)) }),
  cose("an array of three", FORMAT, { bytes: (bytes) => Uint8Array.of(0xd2, 0x83, ...bytes.slice(2)) }),
  cose("an array of five", FORMAT, { bytes: (bytes) => Uint8Array.of(0xd2, 0x85, ...bytes.slice(2), 0xf6) }),
  cose("a byte after it", FORMAT, { bytes: (bytes) => Uint8Array.of(...bytes, 0x00) }),
  cose("a cut message", FORMAT, { bytes: (bytes) => bytes.slice(0, -1) }),
  cose("an indefinite length", FORMAT, part(2, Uint8Array.of(0x5f, 0x41, 0x00, 0xff))),
  cose("a protected map outside its byte string", FORMAT, part(0, cborMap([]))),
  cose("a protected byte string that is no map", FORMAT, part(0, cborBytes(cborArray()))),
  cose("an empty protected byte string", FORMAT, part(0, cborBytes(new Uint8Array(0)))),
  cose("unprotected headers in a byte string", FORMAT, part(1, cborBytes(cborMap([])))),
  cose("a payload that is nil", FORMAT, part(2, Uint8Array.of(0xf6))),
  cose("an empty payload", FORMAT, { payload: "" }),
  cose("a payload that is text", FORMAT, part(2, cborText(PAYLOAD))),
  cose("an empty signature", FORMAT, part(3, cborBytes(new Uint8Array(0)))),
  cose("a signature that is nil", FORMAT, part(3, Uint8Array.of(0xf6))),
  cose("a protected label twice", FORMAT, { protected: (entries) => entries.push([label(3), cborText(CONTENT_TYPE)]) }),
  cose("an unprotected label twice", FORMAT, { unprotected: (entries) => entries.push([label(33), cborArray()]) }),
  cose("a label protected and unprotected", FORMAT, unprotected(1, cborInt(-7)), "header-once"),
  cose("a label that is a byte string", FORMAT, {
    protected: (entries) => entries.push([cborBytes(new Uint8Array(1)), cborInt(1)]),
  }),
  cose("text that is no UTF-8", FORMAT, unprotected("extra", Uint8Array.of(0x61, 0xff))),
  cose("forty levels of nesting", FORMAT, unprotected("extra", Uint8Array.of(...Array(40).fill(0x81), 0xf6))),
  cose("a tag in the unprotected headers", FORMAT, unprotected("extra", coseTime("2026-01-01T00:00:00Z"))),

  // The protected headers
  ...[-8, -257, 5, -65535].map((alg) => cose(`alg ${alg}`, ALGORITHM, header(1, cborInt(alg)))),
  cose("alg as text", ALGORITHM, header(1, cborText("ES256"))),
  cose("no alg", ALGORITHM, header(1, undefined)),
  cose("no content type", ATTRIBUTE, header(3, undefined)),
  cose("a content type by number", ATTRIBUTE, header(3, cborInt(50))),
  cose("another content type", ATTRIBUTE, header(3, cborText("application/json"))),
  cose("a content type with a space before it", ATTRIBUTE, header(3, cborText(` ${CONTENT_TYPE}`))),
  cose("a content type without a slash", ATTRIBUTE, header(3, cborText("payload"))),
  cose("no scheme", ATTRIBUTE, header(SCHEME, undefined)),
  cose("an unknown scheme", ATTRIBUTE, header(SCHEME, cborText("x"))),
  cose("a scheme that is a byte string", ATTRIBUTE, header(SCHEME, cborBytes(new Uint8Array(1)))),
  cose("no crit", ATTRIBUTE, header(2, undefined)),
  cose("an empty crit", ATTRIBUTE, header(2, cborArray())),
  cose("crit that is text", ATTRIBUTE, header(2, cborText(SCHEME))),
  cose("crit with a byte string", ATTRIBUTE, header(2, cborArray(cborText(SCHEME), cborBytes(new Uint8Array(1))))),
  cose("crit naming what is absent", ATTRIBUTE, header(2, cborArray(cborText(SCHEME), cborText("zz")))),
  cose("crit naming an absent number", ATTRIBUTE, header(2, cborArray(cborText(SCHEME), cborInt(4)))),
  cose("crit naming the text of a label", ATTRIBUTE, header(2, cborArray(cborText(SCHEME), cborText("3")))),
  cose("a scheme that is not critical", ATTRIBUTE, header(2, cborArray(cborInt(3)))),
  cose("an expiry that is not critical", ATTRIBUTE, coseExpiring(coseTime("2027-01-01T00:00:00Z"), false)),

  // Times
  cose("no signing time", ATTRIBUTE, header(SIGNING_TIME, undefined)),
  cose("a signing time without tag", ATTRIBUTE, header(SIGNING_TIME, cborInt(1767225600))),
  cose("a signing time as tag 0", ATTRIBUTE, header(SIGNING_TIME, cborTag(0, cborText("2026-01-01T00:00:00Z")))),
  cose("a signing time as text in tag 1", ATTRIBUTE, header(SIGNING_TIME, cborTag(1, cborText("1767225600")))),
  cose("a signing time that is not a number", ATTRIBUTE, header(SIGNING_TIME, cborTag(1, cborFloat(NaN)))),
  cose("a signing time of the year 1", ATTRIBUTE, header(SIGNING_TIME, cborTag(1, cborFloat(-62135596800)))),
  cose(
    "a signing time beyond the year 9999",
    ATTRIBUTE,
    header(SIGNING_TIME, cborTag(1, cborFloat(1e12))),
    "rfc3339-strict",
  ),
  cose(
    "a signing time in the year 30 million",
    ATTRIBUTE,
    header(SIGNING_TIME, cborTag(1, cborFloat(1e15))),
    "time-range",
  ),
  cose("both signing times", ATTRIBUTE, header(AUTHENTIC_TIME, coseTime("2026-01-01T00:00:00Z")), "cose-one-time"),
  cose("an authority with the signer's time only", ATTRIBUTE, coseByAuthority(SIGNING_TIME)),
  cose("an authority with both times", ATTRIBUTE, coseByAuthority(AUTHENTIC_TIME, SIGNING_TIME), "cose-one-time"),
  cose("an authority whose time is not critical", ATTRIBUTE, {
    protected: (entries) => {
      coseByAuthority(AUTHENTIC_TIME).protected?.(entries);
      setHeader(entries, 2, cborArray(cborText(SCHEME)));
    },
  }),
  cose("an expiry at the signing time", ATTRIBUTE, coseExpiring(coseTime("2026-01-01T00:00:00Z"))),
  cose("an expiry that is nil", ATTRIBUTE, coseExpiring(Uint8Array.of(0xf6))),
  cose("an expiry without tag", ATTRIBUTE, coseExpiring(cborInt(1798761600))),
  cose(
    "a critical expiry in the year 1",
    ATTRIBUTE,
    coseExpiring(cborTag(1, cborFloat(-62135596800))),
    "expiry-year-1",
  ),
  cose("an expiry in the year 1", ATTRIBUTE, coseExpiring(cborTag(1, cborFloat(-62135596800)), false)),

  // The unprotected headers
  cose("no chain", FORMAT, unprotected(33, undefined)),
  cose("a lone certificate", FORMAT, unprotected(33, cborBytes(certificate))),
  cose("an empty chain", FORMAT, unprotected(33, cborArray())),
  cose("a chain with text", FORMAT, unprotected(33, cborArray(cborText("AAAA")))),
  cose("a chain in both headers", FORMAT, header(33, cborArray(cborBytes(certificate))), "header-once"),
  cose("a certificate that is not DER", CERTIFICATE, unprotected(33, cborArray(cborBytes(new Uint8Array(3))))),
  cose(
    "eleven certificates",
    FORMAT,
    unprotected(33, cborArray(...Array.from({ length: 11 }, () => cborBytes(certificate)))),
  ),
  cose(
    "a signing agent that is a number",
    ATTRIBUTE,
    unprotected("io.cncf.notary.signingAgent", cborInt(1)),
    "cose-unsigned-types",
  ),
  cose(
    "a timestamp that is text",
    ATTRIBUTE,
    unprotected("io.cncf.notary.timestampSignature", cborText("x")),
    "cose-unsigned-types",
  ),
];
