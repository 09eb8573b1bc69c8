import * as asn1js from "asn1js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeHex,
  encodeHex,
  readBitString,
  readBitStringBytes,
  readBoolean,
  readDer,
  readInteger,
  readIntegerBytes,
  readNamedBits,
  readNull,
  readOctetString,
  readOid,
  readSmallInteger,
  readString,
  readTime,
  TAG,
  writeBitString,
  writeDer,
  writeNull,
  writeOid,
  writeUnsigned,
} from "../../../src/encoding/mod.ts";
import { EngineError } from "../../../src/errors.ts";

const node = (hex: string) => readDer(decodeHex(hex));
const text = (tag: number, characters: string) =>
  readDer(writeDer(tag, Uint8Array.from(characters, (c) => c.charCodeAt(0))));
const refused = expect.objectContaining({ code: "ERR_DER" });

describe("BOOLEAN, NULL, OCTET STRING", () => {
  it("reads the two booleans of DER", () => {
    expect(readBoolean(node("0101ff"), "x")).toBe(true);
    expect(readBoolean(node("010100"), "x")).toBe(false);
  });

  it.each(["010101", "0100", "0102ffff", "0201ff"])("refuses %s as a boolean", (hex) => {
    expect(() => readBoolean(node(hex), "x")).toThrow(refused);
  });

  it("reads NULL and octets, and no other form of them", () => {
    expect(readNull(node("0500"), "x")).toBeNull();
    expect(() => readNull(node("050100"), "x")).toThrow(refused);
    expect(encodeHex(readOctetString(node("0402a0ff"), "x"))).toBe("a0ff");
    expect(() => readOctetString(node("0302a0ff"), "x")).toThrow(refused);
    expect(encodeHex(writeNull())).toBe("0500");
  });
});

describe("INTEGER", () => {
  it.each([
    ["020100", 0n],
    ["02017f", 127n],
    ["02020080", 128n],
    ["020180", -128n],
    ["0202ff7f", -129n],
    ["0201ff", -1n],
    ["0209008000000000000000", 2n ** 63n],
  ])("%s is %s", (hex, value) => {
    expect(readInteger(node(hex), "x")).toBe(value);
  });

  it.each(["0200", "02020001", "0202007f", "0202ff80", "0202ffff", "030100"])("refuses %s", (hex) => {
    expect(() => readInteger(node(hex), "x")).toThrow(refused);
    expect(() => readIntegerBytes(node(hex), "x")).toThrow(refused);
  });

  it("refuses numbers beyond its bound", () => {
    expect(() => readInteger(readDer(writeDer(TAG.integer, new Uint8Array(2050).fill(1))), "x")).toThrow(refused);
  });

  it("readSmallInteger() takes 0 to 2147483647, of the one type that is asked for", () => {
    expect(readSmallInteger(node("02047fffffff"), "x")).toBe(2147483647);
    expect(readSmallInteger(node("0a0101"), "x", TAG.enumerated)).toBe(1);
    for (const hex of ["02050080000000", "0201ff", "0a0101", "010101"]) {
      expect(() => readSmallInteger(node(hex), "x")).toThrow(refused);
    }
    for (const hex of ["0a0180", "0a020001", "020101"]) {
      expect(() => readSmallInteger(node(hex), "x", TAG.enumerated)).toThrow(refused);
    }
  });

  it("reads what asn1js writes", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (value) => {
      const der = new Uint8Array(asn1js.Integer.fromBigInt(value).toBER());
      expect(readInteger(readDer(der), "x")).toBe(value);
    }));
  });

  it("writeUnsigned() writes what asn1js writes", () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (value) => {
      const hex = value.toString(16);
      const magnitude = decodeHex(hex.padStart(hex.length + hex.length % 2 + 4, "0"));
      expect(encodeHex(writeUnsigned(magnitude))).toBe(
        encodeHex(new Uint8Array(asn1js.Integer.fromBigInt(value).toBER())),
      );
    }));
    expect(encodeHex(writeUnsigned(new Uint8Array(0)))).toBe("020100");
  });
});

describe("BIT STRING", () => {
  it("tells octets and unused bits", () => {
    expect(readBitString(node("030206c0"), "x")).toEqual({ bytes: Uint8Array.of(0xc0), unusedBits: 6 });
    expect(readBitString(node("030100"), "x")).toEqual({ bytes: new Uint8Array(0), unusedBits: 0 });
    expect(encodeHex(readBitStringBytes(node("030300aabb"), "x"))).toBe("aabb");
    expect(encodeHex(writeBitString(Uint8Array.of(0xaa, 0xbb)))).toBe("030300aabb");
  });

  it.each(["0300", "030101", "030208ff", "030206ff", "0302ff00"])("refuses %s", (hex) => {
    expect(() => readBitString(node(hex), "x")).toThrow(refused);
  });

  it("readBitStringBytes() refuses bits that are not octets", () => {
    expect(() => readBitStringBytes(node("030204f0"), "x")).toThrow(refused);
  });

  // RFC 5280, section 4.2.1.3: digitalSignature is bit 0, keyCertSign 5, cRLSign 6, decipherOnly 8.
  it.each([
    ["03020780", [0]],
    ["03020106", [5, 6]],
    ["0303078080", [0, 8]],
    ["030100", []],
  ])("names the bits of %s", (hex, bits) => {
    expect(readNamedBits(node(hex), "keyUsage")).toEqual(bits);
  });

  it.each(["03020080", "0303000000", "03020600"])(
    "refuses %s as named bits: zeros at the end",
    (hex) => {
      expect(() => readNamedBits(node(hex), "keyUsage")).toThrow(refused);
    },
  );
});

describe("OBJECT IDENTIFIER", () => {
  it.each([
    ["06092a864886f70d01010b", "1.2.840.113549.1.1.11"],
    ["0603550403", "2.5.4.3"],
    ["06052b81040022", "1.3.132.0.34"],
    ["06028837", "2.999"],
    ["060100", "0.0"],
    ["06014f", "1.39"],
    ["060150", "2.0"],
  ])("%s is %s", (hex, dotted) => {
    expect(readOid(node(hex), "x")).toBe(dotted);
    expect(encodeHex(writeOid(dotted))).toBe(hex);
  });

  it.each([
    ["nothing", "0600"],
    ["a number that does not end", "060288"],
    ["a number with a leading zero group", "06032a8001"],
    ["a first number with one", "06028001"],
    ["a leading zero group after a number beyond 2^53", "060d69ffffffffffffffffff7f8001"],
    ["more octets than its bound", `0641${"01".repeat(65)}`],
  ])("refuses %s", (_, hex) => {
    expect(() => readOid(node(hex), "x")).toThrow(refused);
  });

  it("reads what asn1js writes, numbers beyond 2^53 too", () => {
    const arcs = fc.array(fc.oneof(fc.nat(200), fc.bigInt({ min: 0n, max: 2n ** 128n })), { maxLength: 3 });
    fc.assert(fc.property(fc.constantFrom("0.39", "1.2", "2.5", "2.47"), arcs, (first, rest) => {
      const dotted = [first, ...rest].join(".");
      const der = new Uint8Array(new asn1js.ObjectIdentifier({ value: dotted }).toBER());
      expect(readOid(readDer(der), "x")).toBe(dotted);
    }));
  });
});

describe("readTime()", () => {
  it.each([
    [TAG.utcTime, "500101000000Z", "1950-01-01T00:00:00.000Z"],
    [TAG.utcTime, "491231235959Z", "2049-12-31T23:59:59.000Z"],
    [TAG.utcTime, "240229120000Z", "2024-02-29T12:00:00.000Z"],
    [TAG.generalizedTime, "20500101000000Z", "2050-01-01T00:00:00.000Z"],
    [TAG.generalizedTime, "99991231235959Z", "9999-12-31T23:59:59.000Z"],
    [TAG.generalizedTime, "00500101000000Z", "0050-01-01T00:00:00.000Z"],
  ])("%d %s is %s", (tag, characters, instant) => {
    expect(readTime(text(tag, characters), "notAfter").toISOString()).toBe(instant);
  });

  it.each([
    [TAG.utcTime, "2401010000Z"],
    [TAG.utcTime, "240101000000"],
    [TAG.utcTime, "240101000000+0100"],
    [TAG.utcTime, "230229000000Z"],
    [TAG.utcTime, "240001000000Z"],
    [TAG.utcTime, "241301000000Z"],
    [TAG.utcTime, "240100000000Z"],
    [TAG.utcTime, "240101240000Z"],
    [TAG.utcTime, "240101006000Z"],
    [TAG.utcTime, "240101000060Z"],
    [TAG.utcTime, "20240101000000Z"],
    [TAG.generalizedTime, "240101000000Z"],
    [TAG.generalizedTime, "20240101000000.5Z"],
    [TAG.generalizedTime, "20240101000000z"],
    [TAG.generalizedTime, "20240101000000Z "],
    [TAG.printableString, "240101000000Z"],
  ])("refuses %d %j", (tag, characters) => {
    expect(() => readTime(text(tag, characters), "notAfter")).toThrow(refused);
  });

  it("refuses its absence", () => {
    expect(() => readTime(undefined, "notAfter")).toThrow('"notAfter" is missing');
  });
});

describe("readString()", () => {
  it.each([
    ["0c05c3a4e282ac", "ä€"],
    ["1303412742", "A'B"],
    ["1602612a", "a*"],
    ["1203312033", "1 3"],
    ["1a0341207e", "A ~"],
    ["1401e4", "ä"],
    ["1e04004120ac", "A€"],
    ["1300", ""],
  ])("%s is %j", (hex, characters) => {
    expect(readString(node(hex), "x")).toBe(characters);
  });

  it.each([
    ["UTF-8 that is not", "0c01ff"],
    ["PrintableString with an at sign", "130140"],
    ["IA5String beyond ASCII", "1601e4"],
    ["NumericString with a letter", "120141"],
    ["VisibleString with a control", "1a011b"],
    ["BMPString of three octets", "1e03004100"],
    ["BMPString with a surrogate", "1e02d83d"],
    ["UniversalString", "1c0400000041"],
    ["OCTET STRING", "040141"],
  ])("refuses %s", (_, hex) => {
    expect(() => readString(node(hex), "x")).toThrow(refused);
  });
});

describe("any content", () => {
  const readers = [
    readBoolean,
    readInteger,
    readSmallInteger,
    readOid,
    readBitString,
    readNamedBits,
    readTime,
    readString,
    readNull,
    readOctetString,
  ];

  it("gives a value or an EngineError", () => {
    const tags = fc.constantFrom(...Object.values(TAG).filter((tag) => tag < 0x20));
    fc.assert(
      fc.property(tags, fc.uint8Array({ maxLength: 20 }), (tag, content) => {
        const value = readDer(writeDer(tag, content));
        for (const read of readers) {
          try {
            read(value, "x");
          } catch (error) {
            expect(error).toBeInstanceOf(EngineError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
