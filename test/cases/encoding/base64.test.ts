import fc from "fast-check";
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url, encodeUtf8 } from "../../../src/encoding/mod.ts";

const refused = (read: () => unknown) => expect(read).toThrow(expect.objectContaining({ code: "ERR_BASE64" }));

describe("base64", () => {
  it.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ])("takes the test vector of RFC 4648, section 10: %j is %j", (text, encoded) => {
    expect(encodeBase64(encodeUtf8(text))).toBe(encoded);
    expect(decodeBase64(encoded)).toEqual(encodeUtf8(text));
    expect(decodeBase64Url(encoded.replaceAll("=", ""))).toEqual(encodeUtf8(text));
  });

  it.each([
    ["no padding", "Zg"],
    ["half the padding", "Zg="],
    ["padding alone", "===="],
    ["three padding characters", "Z==="],
    ["padding inside", "Zg==Zg=="],
    ["bits left over after one byte", "Zh=="],
    ["bits left over after two bytes", "Zm9="],
    ["a newline", "Zm9v\nZm9v"],
    ["a newline at the end", "Zm9v\n"],
    ["a space", "Zm9 "],
    ["the other alphabet's minus", "-m9v"],
    ["the other alphabet's underscore", "_m9v"],
    ["a character beyond ASCII", "Zm9é"],
    ["a character whose low bits are a letter's", "Zm9\u0176"],
    ["one character too many", "Zm9vY"],
  ])("decodeBase64() refuses %s", (_, text) => refused(() => decodeBase64(text)));

  it.each([
    ["padding", "Zg=="],
    ["bits left over", "Zh"],
    ["plus", "+m9v"],
    ["slash", "/m9v"],
    ["a newline", "Zm9v\n"],
    ["one character too many", "Zm9vY"],
  ])("decodeBase64Url() refuses %s", (_, text) => refused(() => decodeBase64Url(text)));

  it("names the character at fault and where it is", () => {
    expect(() => decodeBase64("Zm9vZm\u001bv")).toThrow('Cannot decode base64: "\\x1b" at 6 is not in the alphabet');
  });

  it("agrees with Node's encoder on any bytes, and reads them back", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
      expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
      expect(decodeBase64Url(encodeBase64Url(bytes))).toEqual(bytes);
    }));
  });

  it("accepts one text per byte string: whatever is accepted is what would have been written", () => {
    const characters = fc.constantFrom(..."ABYZabyz0189+/-_= \n");
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 12 }), (text) => {
        for (const [decode, encode] of [[decodeBase64, encodeBase64], [decodeBase64Url, encodeBase64Url]] as const) {
          let bytes: Uint8Array;
          try {
            bytes = decode(text);
          } catch (error) {
            expect(error).toMatchObject({ code: "ERR_BASE64" });
            continue;
          }
          expect(encode(bytes)).toBe(text);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
