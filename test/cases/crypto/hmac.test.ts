import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createMacKey, MAC_BYTES } from "../../../src/crypto/mod.ts";

const bytes = (length: number) => new Uint8Array(length).map((_, index) => index * 7 + 1);
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

describe.each([["WebCrypto", globalThis.crypto.subtle], ["plain JavaScript", null]])(
  "createMacKey() by %s",
  (_, subtle) => {
    const key = (length: number) => createMacKey(bytes(length), subtle);

    it("is RFC 4231's, test case 2", async () => {
      const text = new TextEncoder();
      const tag = await createMacKey(text.encode("Jefe"), subtle).tag(text.encode("what do ya want for nothing?"));
      expect(hex(tag)).toBe("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    });

    it.each([1, 32, 64, 65, 131])("is OpenSSL's, with a key of %d bytes", async (length) => {
      for (const size of [0, 1, 55, 64, 1_000]) {
        const expected = createHmac("sha256", bytes(length)).update(bytes(size)).digest("hex");
        expect(hex(await key(length).tag(bytes(size)))).toBe(expected);
      }
    });

    it("fits its own data, and no tag that differs in a bit or a byte's length", async () => {
      const mac = key(32);
      const tag = await mac.tag(bytes(10));
      expect(await mac.fits(tag, bytes(10))).toBe(true);
      expect(await mac.fits(tag, bytes(11))).toBe(false);
      for (let bit = 0; bit < MAC_BYTES * 8; bit++) {
        const changed = tag.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(await mac.fits(changed, bytes(10))).toBe(false);
      }
      expect(await mac.fits(tag.slice(0, -1), bytes(10))).toBe(false);
      expect(await mac.fits(new Uint8Array(), bytes(10))).toBe(false);
    });
  },
);
