import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createWebCryptoProvider,
  digestAlgorithm,
  digestHex,
  digestOf,
  isDigest,
  matchDigest,
  parseDigest,
} from "../../../src/crypto/mod.ts";
import { encodeUtf8 } from "../../../src/encoding/mod.ts";

const crypto = createWebCryptoProvider();
const HEX = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

describe("parseDigest()", () => {
  it.each([`sha256:${HEX}`, `sha384:${"0a".repeat(48)}`, `sha512:${"f".repeat(128)}`])("takes %s", (text) => {
    expect(parseDigest(text)).toBe(text);
  });

  it.each([
    ["nothing", ""],
    ["hex alone", HEX],
    ["no algorithm", `:${HEX}`],
    ["upper-case hex", `sha256:${HEX.toUpperCase()}`],
    ["an upper-case algorithm", `SHA256:${HEX}`],
    ["an unknown algorithm", `md5:${"0".repeat(32)}`],
    ["an algorithm with a component", `sha256+b64:${HEX}`],
    ["63 digits", `sha256:${HEX.slice(1)}`],
    ["65 digits", `sha256:${HEX}0`],
    ["the length of another algorithm", `sha512:${HEX}`],
    ["a newline at the end", `sha256:${HEX}\n`],
    ["a path", `sha256:${"../".repeat(22).slice(0, 64)}`],
  ])("refuses %s", (_, text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "ERR_DIGEST" }));
  });

  it("prints nothing raw", () => {
    expect(() => parseDigest("\u001b[2J")).toThrow('Cannot parse digest "\\x1b[2J"');
  });

  it("isDigest() is false of what is not text", () => {
    for (const value of [undefined, null, 1, [`sha256:${HEX}`]]) expect(isDigest(value)).toBe(false);
  });
});

describe("digestOf() and matchDigest()", () => {
  it("compute what Node computes", async () => {
    const bytes = fc.uint8Array({ maxLength: 100 });
    const algorithms = fc.constantFrom("sha256", "sha384", "sha512");
    await fc.assert(
      fc.asyncProperty(bytes, algorithms, async (data, algorithm) => {
        const digest = await digestOf(crypto, data, algorithm);
        expect(digest).toBe(`${algorithm}:${createHash(algorithm).update(data).digest("hex")}`);
        expect(parseDigest(digest)).toBe(digest);
        expect([digestAlgorithm(digest), digestHex(digest)].join(":")).toBe(digest);
        expect(await matchDigest(crypto, data, digest)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("compute SHA-256 unless told otherwise, and tell other bytes apart", async () => {
    expect(await digestOf(crypto, encodeUtf8("foo"))).toBe(`sha256:${HEX}`);
    expect(await matchDigest(crypto, encodeUtf8("fop"), `sha256:${HEX}`)).toBe(false);
  });
});
