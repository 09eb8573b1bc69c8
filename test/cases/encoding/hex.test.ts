import fc from "fast-check";
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { decodeHex, encodeHex } from "../../../src/encoding/mod.ts";

describe("hex", () => {
  it("reads both cases and writes the lower one", () => {
    expect(decodeHex("00fFAb")).toEqual(Uint8Array.of(0x00, 0xff, 0xab));
    expect(encodeHex(Uint8Array.of(0x00, 0xff, 0xab))).toBe("00ffab");
  });

  it.each(["0", "0g", "g0", "0x", " 0", "00 ", "０0"])("decodeHex() refuses %j", (text) => {
    expect(() => decodeHex(text)).toThrow(expect.objectContaining({ code: "ERR_HEX" }));
  });

  it("agrees with Node's encoder on any bytes", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      expect(encodeHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
      expect(decodeHex(encodeHex(bytes))).toEqual(bytes);
    }));
  });
});
