/** Public keys, algorithm identifiers and ECDSA signatures against Node's OpenSSL. */
import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ALGORITHMS,
  COSE_ALGORITHMS,
  ecdsaDerToRaw,
  ecdsaRawToDer,
  fieldBytes,
  JWS_ALGORITHMS,
  keySpecOf,
  readPublicKey,
  readSignatureAlgorithm,
  signatureAlgorithmOfKey,
} from "../../../src/crypto/mod.ts";
import {
  contextTag,
  decodeHex,
  encodeHex,
  encodeUtf8,
  readDer,
  writeBitString,
  writeDer,
  writeNull,
  writeOid,
  writeSequence,
  writeUnsigned,
} from "../../../src/encoding/mod.ts";
import { EngineError } from "../../../src/errors.ts";
import type { PublicKey } from "../../../src/ports.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";

const spkiOf = ({ publicKey }: ReturnType<typeof generateKeyPairSync>) =>
  new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
const key = (type: "RSA" | "EC", sizeBits: number) => ({ spki: new Uint8Array(0), type, sizeBits }) as PublicKey;

describe("readPublicKey()", () => {
  it.each(
    [
      ["P-256", 256],
      ["P-384", 384],
      ["P-521", 521],
    ] as const,
  )("reads %s", (curve, sizeBits) => {
    const spki = spkiOf(generateKeyPairSync("ec", { namedCurve: curve }));
    expect(readPublicKey(readDer(spki))).toEqual({ spki, type: "EC", curve, sizeBits });
  });

  it.each([1024, 2047, 2048])("reads RSA of %d bits", (modulusLength) => {
    const spki = spkiOf(generateKeyPairSync("rsa", { modulusLength }));
    expect(readPublicKey(readDer(spki))).toEqual({ spki, type: "RSA", sizeBits: modulusLength });
  });

  it.each([
    ["another curve", spkiOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" })), "1.3.132.0.10"],
    ["P-224", spkiOf(generateKeyPairSync("ec", { namedCurve: "secp224r1" })), "1.3.132.0.33"],
    ["Ed25519", spkiOf(generateKeyPairSync("ed25519")), "1.3.101.112"],
    [
      "RSASSA-PSS as a key type",
      spkiOf(generateKeyPairSync("rsa-pss", { modulusLength: 1024 })),
      "1.2.840.113549.1.1.10",
    ],
  ])("names the identifier of %s", (_, spki, oid) => {
    expect(readPublicKey(readDer(spki))).toEqual({ spki, type: "unsupported", oid });
  });

  const rsa = (modulus: string, exponent: string, parameters: Uint8Array[] = [writeNull()]) =>
    writeSequence(
      writeSequence(writeOid("1.2.840.113549.1.1.1"), ...parameters),
      writeBitString(writeSequence(writeUnsigned(decodeHex(modulus)), writeUnsigned(decodeHex(exponent)))),
    );
  const ec = (point: string) =>
    writeSequence(
      writeSequence(writeOid("1.2.840.10045.2.1"), writeOid("1.2.840.10045.3.1.7")),
      writeBitString(decodeHex(point)),
    );

  it.each([
    ["an even modulus", rsa("c0".repeat(64), "010001")],
    ["a modulus of zero", rsa("00", "010001")],
    ["an even exponent", rsa("c1".repeat(64), "02")],
    ["the exponent 1", rsa("c1".repeat(64), "01")],
    ["RSA without NULL", rsa("c1".repeat(64), "010001", [])],
    ["RSA with a third field in the algorithm", rsa("c1".repeat(64), "010001", [writeNull(), writeNull()])],
    ["a compressed point", ec(`02${"11".repeat(32)}`)],
    ["a point cut short", ec(`04${"11".repeat(63)}`)],
    ["the point at infinity", ec("00")],
    ["no point", ec("")],
    ["a sequence of nothing", writeSequence()],
  ])("refuses %s", (_, spki) => {
    expect(() => readPublicKey(readDer(spki))).toThrow(expect.objectContaining({ code: "ERR_CERTIFICATE" }));
  });

  it("answers any changed byte with a key or an EngineError", () => {
    const spki = spkiOf(generateKeyPairSync("rsa", { modulusLength: 1024 }));
    fc.assert(fc.property(fc.nat(spki.length - 1), fc.nat(255), (at, octet) => {
      const changed = spki.slice();
      changed[at] = octet;
      try {
        readPublicKey(readDer(changed));
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
      }
    }));
  });
});

describe("signatureAlgorithmOfKey()", () => {
  // Notary Project, signature-specification.md, "Algorithm Selection"; RFC 7518, section 3.1; RFC 9053 and RFC 8230.
  it.each(
    [
      [key("RSA", 2048), "RSASSA-PSS-SHA-256", "PS256", -37],
      [key("RSA", 3072), "RSASSA-PSS-SHA-384", "PS384", -38],
      [key("RSA", 4096), "RSASSA-PSS-SHA-512", "PS512", -39],
      [key("EC", 256), "ECDSA-SHA-256", "ES256", -7],
      [key("EC", 384), "ECDSA-SHA-384", "ES384", -35],
      [key("EC", 521), "ECDSA-SHA-512", "ES512", -36],
    ] as const,
  )("%j signs with %s, %s, %d", (publicKey, algorithm, jws, cose) => {
    expect(signatureAlgorithmOfKey(publicKey)).toBe(algorithm);
    expect(JWS_ALGORITHMS.get(jws)).toBe(algorithm);
    expect(COSE_ALGORITHMS.get(cose)).toBe(algorithm);
    expect(ALGORITHMS[algorithm].keySpec).toBe(keySpecOf(publicKey));
  });

  it("knows six algorithms for envelopes", () => {
    expect(JWS_ALGORITHMS.size).toBe(6);
    expect(COSE_ALGORITHMS.size).toBe(6);
    for (const name of ["none", "RS256", "HS256", "ps256", "EdDSA"]) expect(JWS_ALGORITHMS.has(name)).toBe(false);
  });

  it.each([key("RSA", 1024), key("RSA", 2047), key("RSA", 2560), key("RSA", 8192), key("EC", 224)])(
    "refuses %j",
    (publicKey) => {
      expect(() => signatureAlgorithmOfKey(publicKey)).toThrow(
        expect.objectContaining({ code: "ERR_ALGORITHM_UNSUPPORTED" }),
      );
    },
  );
});

describe("ECDSA signatures", () => {
  it.each(["P-256", "P-384", "P-521"] as const)("OpenSSL takes both forms of a signature with %s", (curve) => {
    const pair = generateKeyPairSync("ec", { namedCurve: curve });
    const data = encodeUtf8("x");
    for (let round = 0; round < 20; round++) {
      const der = new Uint8Array(sign("sha256", data, pair.privateKey));
      const raw = ecdsaDerToRaw(der, fieldBytes(curve));
      expect(verify("sha256", data, { key: pair.publicKey, dsaEncoding: "ieee-p1363" }, raw)).toBe(true);
      expect(encodeHex(ecdsaRawToDer(raw))).toBe(encodeHex(der));
    }
  });

  it.each([
    ["three numbers", "3009020101020101020101"],
    ["one number", "3003020101"],
    ["a negative number", "30060201ff020101"],
    ["a number not in its shortest form", "300702020001020101"],
    ["bytes after it", "300602010102010100"],
    ["a number longer than the field", `3026022101${"00".repeat(32)}020101`],
    ["r‖s", "11".repeat(64)],
  ])("ecdsaDerToRaw() refuses %s", (_, hex) => {
    expect(() => ecdsaDerToRaw(decodeHex(hex), 32)).toThrow(expect.objectContaining({ code: "ERR_DER" }));
  });

  it("is read back", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (raw) => {
      expect(ecdsaDerToRaw(ecdsaRawToDer(raw), 32)).toEqual(raw);
    }));
  });
});

describe("readSignatureAlgorithm()", () => {
  const SHA256 = "2.16.840.1.101.3.4.2.1";
  const SHA384 = "2.16.840.1.101.3.4.2.2";
  const identifier = (oid: string, ...parameters: Uint8Array[]) => writeSequence(writeOid(oid), ...parameters);
  const field = (number: number, value: Uint8Array) => writeDer(contextTag(number, "constructed"), value);
  const hash = (oid: string) => field(0, identifier(oid, writeNull()));
  const mask = (oid: string, generator = "1.2.840.113549.1.1.8") =>
    field(1, identifier(generator, identifier(oid, writeNull())));
  const salt = (length: number) => field(2, writeUnsigned(Uint8Array.of(length)));
  const pss = (...fields: Uint8Array[]) => identifier("1.2.840.113549.1.1.10", writeSequence(...fields));

  it.each([
    ["sha256WithRSAEncryption", identifier("1.2.840.113549.1.1.11", writeNull()), "RSASSA-PKCS1-v1_5-SHA-256"],
    ["sha384WithRSAEncryption", identifier("1.2.840.113549.1.1.12", writeNull()), "RSASSA-PKCS1-v1_5-SHA-384"],
    ["sha512WithRSAEncryption", identifier("1.2.840.113549.1.1.13", writeNull()), "RSASSA-PKCS1-v1_5-SHA-512"],
    ["ecdsa-with-SHA256", identifier("1.2.840.10045.4.3.2"), "ECDSA-SHA-256"],
    ["ecdsa-with-SHA384", identifier("1.2.840.10045.4.3.3"), "ECDSA-SHA-384"],
    ["ecdsa-with-SHA512", identifier("1.2.840.10045.4.3.4"), "ECDSA-SHA-512"],
    ["PSS of SHA-256", pss(hash(SHA256), mask(SHA256), salt(32)), "RSASSA-PSS-SHA-256"],
    ["PSS of SHA-384", pss(hash(SHA384), mask(SHA384), salt(48)), "RSASSA-PSS-SHA-384"],
    ["PSS with another mask hash", pss(hash(SHA256), mask(SHA384), salt(32)), undefined],
    ["PSS with another mask generator", pss(hash(SHA256), mask(SHA256, "1.2.3"), salt(32)), undefined],
    ["PSS with a short salt", pss(hash(SHA256), mask(SHA256), salt(20)), undefined],
    ["PSS with the default salt of 20", pss(hash(SHA256), mask(SHA256)), undefined],
    ["PSS of SHA-1, the default", pss(), undefined],
    ["PSS without parameters", identifier("1.2.840.113549.1.1.10"), undefined],
    ["sha1WithRSAEncryption", identifier("1.2.840.113549.1.1.5", writeNull()), undefined],
    ["ecdsa-with-SHA1", identifier("1.2.840.10045.4.1"), undefined],
    ["Ed25519", identifier("1.3.101.112"), undefined],
  ])("reads %s", (_, der, algorithm) => {
    expect(readSignatureAlgorithm(readDer(der)).algorithm).toBe(algorithm);
  });

  it.each([
    ["RSASSA-PKCS1-v1_5 without NULL", identifier("1.2.840.113549.1.1.11")],
    ["ECDSA with NULL", identifier("1.2.840.10045.4.3.2", writeNull())],
    ["a third field", identifier("1.2.840.113549.1.1.11", writeNull(), writeNull())],
    ["PSS fields out of order", pss(mask(SHA256), hash(SHA256))],
    ["a PSS field twice", pss(hash(SHA256), hash(SHA256))],
    ["an unknown PSS field", pss(field(4, writeNull()))],
    ["a PSS field with nothing inside", pss(writeDer(contextTag(0, "constructed")))],
    ["nothing", writeSequence()],
  ])("refuses %s", (_, der) => {
    expect(() => readSignatureAlgorithm(readDer(der))).toThrow(expect.objectContaining({ code: "ERR_DER" }));
  });
});

describeIf("shared", "the key of a published certificate", () => {
  it("is the one OpenSSL reads", async () => {
    const { X509Certificate } = await import("node:crypto");
    const { derChildren } = await import("../../../src/encoding/mod.ts");
    const der = new Uint8Array(readFileSync(sharedPath("vectors/x509/der.der")));
    const spki = derChildren(derChildren(readDer(der))[0]!)[6]!;
    const oracle = new X509Certificate(der).publicKey;
    const read = readPublicKey(spki);
    expect(read).toMatchObject({ type: "RSA", sizeBits: oracle.asymmetricKeyDetails?.modulusLength });
    const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    expect(sha(read.spki)).toBe(sha(new Uint8Array(oracle.export({ type: "spki", format: "der" }))));
  });
});
