import { createHash, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { MalformedError } from "../../../src/errors.ts";
import {
  type Certificate,
  fingerprint,
  parseCertificates,
  readCertificate,
  readCertificateFromBase64,
  revocationSources,
  validAt,
  verifyCertificateSignature,
} from "../../../src/x509/mod.ts";
import { MAX_CACHED_CERTIFICATE_BYTES } from "../../../src/x509/cache.ts";
import { decodeCertificate, MAX_CERTIFICATE_BYTES } from "../../../src/x509/certificate.ts";
import { extensionOf } from "../../../src/x509/extensions.ts";
import {
  boolean,
  CA,
  type CertificateFields,
  crlAt,
  der,
  ecKey,
  ed25519Key,
  extension,
  fixtureKey,
  integer,
  LEAF,
  makeCertificate,
  ocspAt,
  octets,
  oid,
  rsaKey,
  sequence,
  SIGNATURE,
  subject,
  text,
} from "../../run/certificate_maker.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";

const crypto = createWebCryptoProvider();
const key = ecKey();
const make = (changes: Partial<CertificateFields> = {}) =>
  makeCertificate({ subject: subject("test"), key, extensions: LEAF, ...changes });

/** What Node reads of the same bytes. */
async function expectSameAsNode(certificate: Certificate): Promise<void> {
  const node = new X509Certificate(certificate.der);
  expect(certificate.serialNumber.replace(/^00(?=.)/, "")).toBe(node.serialNumber.toLowerCase());
  expect(certificate.notBefore).toEqual(new Date(node.validFrom));
  expect(certificate.notAfter).toEqual(new Date(node.validTo));
  expect(await fingerprint(certificate, crypto)).toBe(node.fingerprint256.replaceAll(":", "").toLowerCase());
  expect(extensionOf(certificate, "basicConstraints")?.value.isCa ?? false).toBe(node.ca);
  const { publicKey } = certificate;
  expect(Buffer.from(publicKey.spki)).toEqual(node.publicKey.export({ type: "spki", format: "der" }));
  if (publicKey.type === "RSA") expect(publicKey.sizeBits).toBe(node.publicKey.asymmetricKeyDetails?.modulusLength);
  expect(await verifyCertificateSignature(certificate, certificate, crypto)).toBe(node.verify(node.publicKey));
}

describe("readCertificate()", () => {
  const files = readdirSync("test/fixtures/keys").filter((file) => file.endsWith(".crt.pem"));

  it.each(files)("reads %s as Node does", async (file) => {
    const [certificate, ...rest] = parseCertificates(readFileSync(join("test/fixtures/keys", file)));
    expect(rest).toEqual([]);
    await expectSameAsNode(certificate!);
  });

  it.each([1024, 2047, 2048, 2050])("counts the bits of an RSA-%i modulus exactly, as Node does", (bits) => {
    const made = rsaKey(bits);
    const { publicKey } = readCertificate(make({ key: made }));
    expect(made.publicKey.asymmetricKeyDetails?.modulusLength).toBe(bits);
    expect(publicKey).toMatchObject({ type: "RSA", sizeBits: bits });
  });

  it.each([
    ["P-224", ecKey("P-224"), "1.3.132.0.33"],
    ["secp256k1", ecKey("secp256k1"), "1.3.132.0.10"],
    ["Ed25519", ed25519Key(), "1.3.101.112"],
  ])("reads a certificate with a key of type %s, and says that it is unsupported", (_, other, id) => {
    expect(readCertificate(make({ key: other })).publicKey).toMatchObject({ type: "unsupported", oid: id });
  });

  it("reads versions 1, 2 and 3", () => {
    expect(readCertificate(make()).version).toBe(3);
    expect(readCertificate(make({ version: 1 })).version).toBe(2);
    expect(readCertificate(make({ version: undefined as never })).version).toBe(1);
  });

  it("names signature algorithms it does not verify", () => {
    const certificate = readCertificate(make({ signature: SIGNATURE.ecdsaSha1 }));
    expect(certificate).toMatchObject({ signatureAlgorithm: undefined, signatureAlgorithmOid: "1.2.840.10045.4.1" });
  });

  const refusals: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
    ["nothing", () => octets(), /DER/],
    ["text", () => new TextEncoder().encode("not a certificate"), /DER/],
    ["bytes after it", () => Buffer.concat([make(), octets(0)]), /bytes after/],
    ["a cut certificate", () => make().slice(0, -1), /DER/],
    ["an indefinite length", () => octets(0x30, 0x80, 0x00, 0x00), /indefinite/],
    ["two fields", () => sequence(sequence(), sequence()), /missing|DER/],
    ["a fourth field", () => sequence(...[1, 2, 3, 4].map(() => sequence())), /too many/],
    ["version 4", () => make({ version: 3 as never }), /version/],
    ["a version written although it is the default", () => make({ version: 0 as never }), /version/],
    ["a negative serial number", () => make({ serialNumber: [0xff] }), /negative/],
    ["a serial number that is not in its shortest form", () => make({ serialNumber: [0x00, 0x01] }), /shortest/],
    [
      "two different signature algorithms",
      () => make({ innerSignature: SIGNATURE.ecdsaSha384.id }),
      /signatureAlgorithm/,
    ],
    ["an extension twice", () => make({ extensions: [...LEAF, ...LEAF] }), /2\.5\.29\.15 occurs twice/],
    [
      "65 extensions",
      () =>
        make({
          extensions: Array.from({ length: 65 }, (_, index) => extension(`1.3.6.1.4.1.9.${index}`, false, text("x"))),
        }),
      /64 extensions/,
    ],
    [
      "an extension with four fields",
      () => make({ extensions: [sequence(oid("1.2.3"), boolean(true), der(0x04), der(0x05))] }),
      /too many/,
    ],
    [
      "extensions under the tag of an identifier",
      () => make({ extensions: [], uniqueIdentifiers: [der(0x82, sequence(...LEAF))] }),
      /subjectUniqueID.*unused bits/,
    ],
    ["an identifier that is empty", () => make({ uniqueIdentifiers: [der(0x81)] }), /issuerUniqueID.*unused bits/],
    ["fields after the extensions", () => make({ trailing: [integer(1)] }), /too many/],
    ["a name value that is no string", () => make({ subject: [["CN", "x", 0x04]] }), /string/],
    ["an instant that does not exist", () => make({ notAfter: "20990231000000Z" }), /does not exist/],
    ["an instant without seconds", () => make({ notAfter: "209902010000Z" }), /instant/],
    [
      "basicConstraints that are no SEQUENCE",
      () => make({ extensions: [extension("2.5.29.19", true, boolean(true))] }),
      /basicConstraints/,
    ],
    [
      "a negative path length",
      () => make({ extensions: [extension("2.5.29.19", true, sequence(boolean(true), integer(0xff)))] }),
      /basicConstraints/,
    ],
    [
      "a keyUsage with trailing zero bits",
      () => make({ extensions: [extension("2.5.29.15", true, der(0x03, octets(0, 0x80)))] }),
      /keyUsage/,
    ],
    [
      "an empty extKeyUsage",
      () => make({ extensions: [extension("2.5.29.37", false, sequence())] }),
      /extKeyUsage/,
    ],
    [
      "more bytes than the limit",
      () =>
        make({
          extensions: [extension("1.2.3.4", false, text("x".repeat(0xff00)))].concat(
            Array.from({ length: 2 }, (_, index) => extension(`1.2.3.${index}`, false, text("y".repeat(400)))),
          ),
        }),
      new RegExp(String(MAX_CERTIFICATE_BYTES)),
    ],
  ];

  it.each(refusals)("refuses %s", (_, bytes, message) => {
    const read = () => readCertificate(new Uint8Array(bytes()));
    expect(read).toThrow(MalformedError);
    expect(read).toThrow(expect.objectContaining({ code: "ERR_CERTIFICATE", message: expect.stringMatching(message) }));
  });

  it("reads or refuses any bytes, and never fails in another way", () => {
    const original = make({ extensions: [...CA, ocspAt("http://ocsp.example/")] });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const bytes = original.slice();
          for (const [index, byte] of changes) bytes[index] = byte;
          try {
            expect(decodeCertificate(bytes).der).toBe(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("the memory of certificates", () => {
  it("keeps no certificate that is larger than real ones are", () => {
    const large = (size: number) =>
      make({ extensions: [extension("1.3.6.1.4.1.99999.2", false, text("x".repeat(size)))] });
    const kept = large(1000);
    expect(readCertificate(kept)).toBe(readCertificate(kept));
    const decoded = large(MAX_CACHED_CERTIFICATE_BYTES);
    expect(readCertificate(decoded)).not.toBe(readCertificate(decoded));
    const base64 = Buffer.from(decoded).toString("base64");
    expect(readCertificateFromBase64(base64)).not.toBe(readCertificateFromBase64(base64));
    expect(readCertificateFromBase64(base64).der).toEqual(decoded);
  });

  it("gives the same object for the same bytes, from DER and from base64", () => {
    const bytes = make();
    const first = readCertificate(bytes);
    expect(readCertificate(bytes.slice())).toBe(first);
    expect(readCertificateFromBase64(Buffer.from(bytes).toString("base64"))).toBe(first);
    expect(readCertificate(make({ subject: subject("someone else") }))).not.toBe(first);
  });

  it("keeps a copy: the caller may change the bytes afterwards", () => {
    const bytes = make();
    const first = readCertificate(bytes);
    const hash = createHash("sha256").update(bytes).digest("hex");
    bytes.fill(0);
    expect(createHash("sha256").update(first.der).digest("hex")).toBe(hash);
  });

  it("is bounded, and forgets what was not asked for longest", () => {
    const early = make({ serialNumber: [0x7f, 0xff] });
    const first = readCertificate(early);
    const often = readCertificate(make({ serialNumber: [0x7f, 0xfe] }));
    const template = make();
    // Changing the last byte of the signature makes other certificates without signing each.
    for (let index = 0; index < 600; index++) {
      const other = template.slice();
      other[other.length - 1] = index & 0xff;
      other[other.length - 2] = index >> 8;
      readCertificate(other);
      expect(readCertificate(often.der)).toBe(often);
    }
    expect(readCertificate(early)).not.toBe(first);
  });

  it("refuses base64 that is not strict", () => {
    const strict = Buffer.from(make()).toString("base64");
    for (
      const lax of [`${strict}\n`, ` ${strict}`, strict.replaceAll("=", ""), Buffer.from(make()).toString("base64url")]
    ) {
      if (lax === strict) continue;
      expect(() => readCertificateFromBase64(lax)).toThrow(MalformedError);
    }
  });
});

describe("validAt()", () => {
  const certificate = readCertificate(make({ notBefore: "20260101000000Z", notAfter: "20261231235959Z" }));
  it.each([
    ["2025-12-31T23:59:59.999Z", false],
    ["2026-01-01T00:00:00.000Z", true],
    ["2026-12-31T23:59:59.000Z", true],
    ["2026-12-31T23:59:59.001Z", false],
  ])("at %s is %s", (instant, valid) => {
    expect(validAt(certificate, new Date(instant))).toBe(valid);
  });
});

describe("verifyCertificateSignature()", () => {
  const rsa = fixtureKey("rsa-2048-self");
  const issuer = readCertificate(make({ subject: subject("issuer"), key: rsa, extensions: CA }));
  const other = readCertificate(make({ subject: subject("issuer"), key, extensions: CA }));

  it.each([
    ["fits with the key that signed", make({ issuerKey: rsa }), true],
    ["does not fit with another key", make({ issuerKey: fixtureKey("rsa-2048-chain-root") }), false],
    ["does not fit with a key of another type", make({ issuerKey: key }), false],
    ["is not verified with SHA-1", make({ issuerKey: rsa, signature: SIGNATURE.rsaSha1 }), false],
  ])("%s", async (_, certificate, fits) => {
    expect(await verifyCertificateSignature(readCertificate(certificate), issuer, crypto)).toBe(fits);
  });

  it("takes a value that is no ECDSA signature for one that does not fit", async () => {
    const good = make({ issuerKey: key });
    expect(await verifyCertificateSignature(readCertificate(good), other, crypto)).toBe(true);
    const bad = good.slice();
    bad[bad.length - 1] = (bad[bad.length - 1] ?? 0) ^ 1;
    expect(await verifyCertificateSignature(readCertificate(bad), other, crypto)).toBe(false);
  });
});

describe("revocationSources()", () => {
  it.each([
    ["none", LEAF, []],
    ["an OCSP responder", [...LEAF, ocspAt("http://ocsp.example/")], ["http://ocsp.example/"]],
    ["a CRL", [...LEAF, crlAt("http://crl.example/a.crl")], ["http://crl.example/a.crl"]],
    [
      "both",
      [...LEAF, crlAt("http://crl.example/a.crl"), ocspAt("http://ocsp.example/")],
      ["http://ocsp.example/", "http://crl.example/a.crl"],
    ],
    [
      "the issuer's certificate only, which says nothing of revocation",
      [
        ...LEAF,
        extension(
          "1.3.6.1.5.5.7.1.1",
          false,
          sequence(sequence(oid("1.3.6.1.5.5.7.48.2"), text("http://ca.example/", 0x86))),
        ),
      ],
      [],
    ],
    ["an extension that cannot be read", [...LEAF, extension("2.5.29.31", false, octets(0x01))], [
      "crlDistributionPoints (unreadable)",
    ]],
    ["a distribution point without URL", [...LEAF, extension("2.5.29.31", false, sequence(sequence()))], [
      "a distribution point without a URL",
    ]],
  ])("finds %s", (_, extensions, expected) => {
    expect(revocationSources(readCertificate(make({ extensions })))).toEqual(expected);
  });
});

describe("parseCertificates()", () => {
  const pem = (...certificates: readonly Uint8Array[]) =>
    certificates.map((bytes) => new X509Certificate(bytes).toString()).join("");
  const [first, second] = [make({ serialNumber: [1] }), make({ serialNumber: [2] })];
  const serials = (certificates: readonly Certificate[]) => certificates.map(({ serialNumber }) => serialNumber);

  it.each([
    ["one PEM block", pem(first), ["01"]],
    ["several PEM blocks", pem(first, second), ["01", "02"]],
    ["PEM bytes with CRLF", Buffer.from(pem(first, second).replaceAll("\n", "\r\n")), ["01", "02"]],
    ["DER", first, ["01"]],
    ["concatenated DER", Buffer.concat([first, second]), ["01", "02"]],
  ])("reads %s in order", (_, input, expected) => {
    expect(serials(parseCertificates(typeof input === "string" ? input : new Uint8Array(input)))).toEqual(expected);
  });

  it.each([
    ["nothing", "", "ERR_CERTIFICATE"],
    ["text around the blocks", `hello\n${pem(first)}`, "ERR_PEM"],
    ["a key", pem(first).replaceAll("CERTIFICATE", "PUBLIC KEY"), "ERR_CERTIFICATE"],
    ["one that is not DER", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ERR_CERTIFICATE"],
    ["DER with bytes after it", new Uint8Array(Buffer.concat([first, octets(0x00)])), "ERR_DER"],
    ["bytes that are no text", octets(0xff, 0xfe), "ERR_PEM"],
  ])("refuses %s", (_, input, code) => {
    expect(() => parseCertificates(input)).toThrow(expect.objectContaining({ code }));
  });
});

describeIf("shared", "certificates of others", () => {
  it.each(["der.der", "multi-der.der", "pem.crt", "multi-pem.crt", "timestamp_leaf.crt", "timestamp_root.crt"])(
    "reads x509/%s as Node does",
    async (file) => {
      const certificates = parseCertificates(new Uint8Array(readFileSync(sharedPath("vectors/x509", file))));
      expect(certificates.length).toBe(file.startsWith("multi") ? 2 : 1);
      for (const certificate of certificates) await expectSameAsNode(certificate);
    },
  );

  it("refuses x509/invalid", () => {
    expect(() => parseCertificates(new Uint8Array(readFileSync(sharedPath("vectors/x509/invalid"))))).toThrow(
      MalformedError,
    );
  });

  const ejbca = "http://localhost:80/ejbca/publicweb/webdist/certdist?cmd=crl&issuer=UID%3Dc-0nwwozqvawvao3ech" +
    "%2CCN%3DManagementCA%2CO%3DEJBCA+Container+Quickstart";
  it.each([
    ["certificateWithDeltaCRL.cer", [ejbca]],
    ["certificateWith2DeltaCRL.cer", [ejbca]],
    ["certificateWithZeroDeltaCRLURL.cer", [ejbca]],
    // openssl prints no URL of these distribution points either.
    ["certificateWithIncompleteFreshestCRL.cer", ["a distribution point without a URL"]],
    ["certificateWithNonURIDeltaCRL.cer", ["a distribution point without a URL"]],
  ])("finds where the CRLs of crl/%s are, as openssl does", (file, expected) => {
    const [certificate] = parseCertificates(new Uint8Array(readFileSync(sharedPath("vectors/crl", file))));
    expect(revocationSources(certificate!)).toEqual(expected);
  });
});
