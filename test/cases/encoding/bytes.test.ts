import fc from "fast-check";
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { compareBytes, concatBytes, equalBytes } from "../../../src/encoding/mod.ts";

describe("bytes", () => {
  const bytes = fc.uint8Array({ max: 3, maxLength: 4 });

  it("compareBytes() orders as Node's Buffer.compare, and equalBytes() says when it is 0", () => {
    fc.assert(fc.property(bytes, bytes, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
    }));
  });

  it("concatBytes() joins as Node's Buffer.concat", () => {
    fc.assert(fc.property(fc.array(bytes), (parts) => {
      expect(concatBytes(...parts)).toEqual(new Uint8Array(Buffer.concat(parts)));
    }));
  });
});
