import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  type CborItem,
  type CborKey,
  type CborValue,
  concatBytes,
  decodeCbor,
  decodeHex,
  encodeCbor,
  encodeHex,
} from "../../../src/encoding/mod.ts";
import { MAX_CBOR_DEPTH, MAX_CBOR_ITEMS } from "../../../src/encoding/cbor.ts";
import { EngineError } from "../../../src/errors.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";

const refused = expect.objectContaining({ code: "ERR_CBOR" });
const decode = (hex: string) => decodeCbor(decodeHex(hex));

/** The item as plain values: floats in an object, so that 1 and 1.0 differ. */
function plain(item: CborItem): unknown {
  switch (item.type) {
    case "array":
      return item.items.map(plain);
    case "map":
      return new Map([...item.entries].map(([key, value]) => [key, plain(value)]));
    case "tag":
      return { tag: item.tag, value: plain(item.item) };
    case "float":
      return { float: item.value };
    case "simple":
      return { simple: item.value };
    case "null":
      return null;
    case "undefined":
      return undefined;
    case "bytes":
      return encodeHex(item.value);
    default:
      return item.value;
  }
}

describe("decodeCbor()", () => {
  // RFC 8949, appendix A: every row without an indefinite length or a bignum.
  it.each<[hex: string, value: unknown]>([
    ["00", 0],
    ["01", 1],
    ["0a", 10],
    ["17", 23],
    ["1818", 24],
    ["1819", 25],
    ["1864", 100],
    ["1903e8", 1000],
    ["1a000f4240", 1000000],
    ["1b000000e8d4a51000", 1000000000000],
    ["1bffffffffffffffff", 18446744073709551615n],
    ["3bffffffffffffffff", -18446744073709551616n],
    ["20", -1],
    ["29", -10],
    ["3863", -100],
    ["3903e7", -1000],
    ["f90000", { float: 0 }],
    ["f98000", { float: -0 }],
    ["f93c00", { float: 1 }],
    ["fb3ff199999999999a", { float: 1.1 }],
    ["f93e00", { float: 1.5 }],
    ["f97bff", { float: 65504 }],
    ["fa47c35000", { float: 100000 }],
    ["fa7f7fffff", { float: 3.4028234663852886e+38 }],
    ["fb7e37e43c8800759c", { float: 1.0e+300 }],
    ["f90001", { float: 5.960464477539063e-8 }],
    ["f90400", { float: 0.00006103515625 }],
    ["f9c400", { float: -4 }],
    ["fbc010666666666666", { float: -4.1 }],
    ["f97c00", { float: Infinity }],
    ["f97e00", { float: NaN }],
    ["f9fc00", { float: -Infinity }],
    ["fa7f800000", { float: Infinity }],
    ["fb7ff8000000000000", { float: NaN }],
    ["f4", false],
    ["f5", true],
    ["f6", null],
    ["f7", undefined],
    ["f0", { simple: 16 }],
    ["f8ff", { simple: 255 }],
    ["c074323031332d30332d32315432303a30343a30305a", { tag: 0, value: "2013-03-21T20:04:00Z" }],
    ["c11a514b67b0", { tag: 1, value: 1363896240 }],
    ["c1fb41d452d9ec200000", { tag: 1, value: { float: 1363896240.5 } }],
    ["d74401020304", { tag: 23, value: "01020304" }],
    ["d818456449455446", { tag: 24, value: "6449455446" }],
    ["40", ""],
    ["4401020304", "01020304"],
    ["60", ""],
    ["6161", "a"],
    ["6449455446", "IETF"],
    ["62225c", '"\\'],
    ["62c3bc", "ü"],
    ["63e6b0b4", "水"],
    ["64f0908591", "𐅑"],
    ["80", []],
    ["83010203", [1, 2, 3]],
    ["8301820203820405", [1, [2, 3], [4, 5]]],
    ["98190102030405060708090a0b0c0d0e0f101112131415161718181819", Array.from({ length: 25 }, (_, i) => i + 1)],
    ["a0", new Map()],
    ["a201020304", new Map([[1, 2], [3, 4]])],
    ["a26161016162820203", new Map<string, unknown>([["a", 1], ["b", [2, 3]]])],
    ["826161a161626163", ["a", new Map([["b", "c"]])]],
  ])("reads %s of RFC 8949", (hex, value) => {
    expect(plain(decode(hex))).toEqual(value);
  });

  it.each([
    ["nothing", ""],
    ["a byte after the item", "0000"],
    ["an argument cut short", "19ff"],
    ["a byte string cut short", "42aa"],
    ["a length beyond 2^53", "5bffffffffffffffff"],
    ["an array longer than what is left", "9a00100000"],
    ["an indefinite byte string", "5f42010243030405ff"],
    ["an indefinite text string", "7f657374726561646d696e67ff"],
    ["an indefinite array", "9fff"],
    ["an indefinite map", "bf61610161629f0203ffff"],
    ["a break", "ff"],
    ["a break in an array", "81ff"],
    ["the reserved argument 28", "1c"],
    ["the reserved argument 30 of a simple value", "fe"],
    ["a simple value below 32 in two bytes", "f818"],
    ["text that is not UTF-8", "61ff"],
    ["a surrogate in text", "63eda080"],
    ["an integer key twice", "a201000100"],
    ["a text key twice", "a2616100616100"],
    ["an integer key twice, once in a longer form", "a20100180100"],
    ["a byte string as a key", "a1410000"],
    ["a float as a key", "a1f93c0000"],
    ["an array as a key", "a18000"],
    ["null as a key", "a1f600"],
    ["a tagged key", "a1c10000"],
    ["a key without its value", "a101"],
    ["a tag beyond 2^53", "dbffffffffffffffff00"],
    ["a tag without its item", "c1"],
  ])("refuses %s", (_, hex) => {
    expect(() => decode(hex)).toThrow(refused);
  });

  it("keeps integers and text apart as keys, in their order", () => {
    const item = decode("a3613100010020f6");
    expect(item.type === "map" && [...item.entries.keys()]).toEqual(["1", 1, -1]);
  });

  it("takes numbers that are not in their shortest form, as COSE readers do", () => {
    expect(plain(decode("1800"))).toBe(0);
    expect(plain(decode("590001aa"))).toBe("aa");
  });

  it("tells where each item stands, and gives views", () => {
    const bytes = concatBytes(decodeHex("8343a10126a0"), decodeHex("4161"));
    const item = decodeCbor(bytes);
    if (item.type !== "array") throw new Error(item.type);
    expect(item.items.map(({ start, end }) => encodeHex(bytes.subarray(start, end)))).toEqual([
      "43a10126",
      "a0",
      "4161",
    ]);
    const [first] = item.items;
    expect(first?.type === "bytes" && first.value.buffer === bytes.buffer).toBe(true);
  });

  it.each(
    [
      ["none", "c100", false],
      ["outermost", "c100", true],
      ["outermost", "81c100", false],
      ["outermost", "c1c100", false],
      ["anywhere", "81c1c100", true],
    ] as const,
  )("with tags %s, %s is accepted: %s", (tags, hex, accepted) => {
    const read = () => decodeCbor(decodeHex(hex), { tags });
    if (accepted) expect(read).not.toThrow();
    else expect(read).toThrow(refused);
  });

  it("reads exactly as deep, and as many items, as its bounds", () => {
    const nested = (depth: number) => decodeHex("81".repeat(depth - 1) + "00");
    expect(() => decodeCbor(nested(MAX_CBOR_DEPTH))).not.toThrow();
    expect(() => decodeCbor(nested(MAX_CBOR_DEPTH + 1))).toThrow("levels of nesting");
    expect(() => decodeCbor(nested(1_000_000))).toThrow(refused);
    const array = (count: number) => encodeCbor(Array(count).fill(0));
    expect(() => decodeCbor(array(MAX_CBOR_ITEMS - 1))).not.toThrow();
    expect(() => decodeCbor(array(MAX_CBOR_ITEMS))).toThrow(`more than ${MAX_CBOR_ITEMS} items`);
    // Small arrays in a small array: a count for each of them would let their product through.
    const half = Math.sqrt(MAX_CBOR_ITEMS);
    expect(() => decodeCbor(encodeCbor(Array(half).fill(Array(half).fill([]))))).toThrow("items");
  });

  it("answers any bytes with an item or an EngineError", () => {
    const initial = fc.integer({ min: 0, max: 7 }).chain((major) =>
      fc.constantFrom(0, 1, 2, 24, 25).map((i) => major * 32 + i)
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(initial, fc.nat(255)), { maxLength: 24 }), (octets) => {
        try {
          decodeCbor(Uint8Array.from(octets));
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe("encodeCbor()", () => {
  // RFC 8949, appendix A and section 4.2.1.
  it.each<[value: CborValue, hex: string]>([
    [0, "00"],
    [23, "17"],
    [24, "1818"],
    [255, "18ff"],
    [256, "190100"],
    [65535, "19ffff"],
    [65536, "1a00010000"],
    [4294967295, "1affffffff"],
    [4294967296, "1b0000000100000000"],
    [18446744073709551615n, "1bffffffffffffffff"],
    [-1, "20"],
    [-18446744073709551616n, "3bffffffffffffffff"],
    [1.1, "fb3ff199999999999a"],
    [true, "f5"],
    [false, "f4"],
    [null, "f6"],
    ["水", "63e6b0b4"],
    [decodeHex("01020304"), "4401020304"],
    [[1, [2, 3]], "8201820203"],
    [{ tag: 18, value: [] }, "d280"],
    // The order of the keys in the example of section 4.2.1.
    [new Map<CborKey, CborValue>([["aa", 0], ["z", 0], [-1, 0], [100, 0], [10, 0]]), "a50a001864002000617a0062616100"],
    // RFC 9052, appendix C.2.1: what a COSE_Sign1 signature is over.
    [
      ["Signature1", decodeHex("a10126"), new Uint8Array(0), decodeHex("54686973206973")],
      "846a5369676e61747572653143a10126404754686973206973",
    ],
  ])("$# writes the bytes of the RFC", (value, hex) => {
    expect(encodeHex(encodeCbor(value))).toBe(hex);
  });

  it("refuses an integer that does not fit", () => {
    expect(() => encodeCbor(2n ** 64n)).toThrow(RangeError);
    expect(() => encodeCbor(-(2n ** 64n) - 1n)).toThrow(RangeError);
  });

  it("is read back", () => {
    const leaf = fc.oneof(
      fc.maxSafeInteger(),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
      fc.string({ unit: "grapheme" }),
      fc.boolean(),
      fc.constant(null),
    );
    const key = fc.oneof(fc.integer(), fc.string());
    const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries) => new Map<CborKey, CborValue>(entries)),
        fc.record({ tag: fc.nat(), value: tie("value") }, { noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(value, (written) => {
        const bytes = encodeCbor(written);
        expect(plain(decodeCbor(bytes))).toEqual(written);
      }),
      { numRuns: 500 },
    );
  });
});

describeIf("shared", "published COSE envelopes", () => {
  it("cose_signature.sig is a COSE_Sign1 whose parts stand where they were sent", () => {
    const bytes = new Uint8Array(readFileSync(sharedPath("vectors/envelope/cose_signature.sig")));
    const sign1 = decodeCbor(bytes, { tags: "outermost" });
    if (sign1.type !== "tag" || sign1.item.type !== "array") throw new Error(sign1.type);
    expect(sign1.tag).toBe(18);
    expect(sign1.item.items.map(({ type }) => type)).toEqual(["bytes", "map", "bytes", "bytes"]);
    const [protectedHeader, unprotected] = sign1.item.items;
    if (protectedHeader?.type !== "bytes" || unprotected?.type !== "map") throw new Error("unexpected");
    const header = decodeCbor(protectedHeader.value);
    expect(header.type === "map" && header.entries.get("io.cncf.notary.signingScheme")).toMatchObject({
      type: "text",
      value: "notary.x509",
    });
    expect(unprotected.entries.get(33)?.type).toBe("array");
  });

  it("cose-conformance.json's protected header is what encodeCbor() writes", () => {
    const { protectedHeaders } = JSON.parse(readFileSync(sharedPath("vectors/envelope/cose-conformance.json"), "utf8"));
    const header = new Map<CborKey, CborValue>([
      ["signedKey1", "signedValue1"],
      ["signedCritKey1", "signedCritValue1"],
      ["io.cncf.notary.signingTime", { tag: 1, value: 1661321924 }],
      ["io.cncf.notary.signingScheme", "notary.x509"],
      ["io.cncf.notary.expiry", { tag: 1, value: 1661408324 }],
      [3, "application/vnd.cncf.notary.payload.v1+json"],
      [2, ["io.cncf.notary.signingScheme", "io.cncf.notary.expiry", "signedCritKey1"]],
      [1, -38],
    ]);
    expect(encodeHex(encodeCbor(header))).toBe(protectedHeaders.cborHex.toLowerCase());
  });
});
