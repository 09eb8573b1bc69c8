import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, printable } from "../../../src/encoding/mod.ts";

describe("printable()", () => {
  it.each([
    ["a terminal's escape sequence", "\u001b[31mred\u001b[0m", "\\x1b[31mred\\x1b[0m"],
    ["line breaks and tabs", "a\r\nb\tc", "a\\r\\nb\\tc"],
    ["NUL and DEL", "\u0000\u007f", "\\x00\\x7f"],
    ["a C1 control that terminals read as ESC [", "\u009b31m", "\\x9b31m"],
    ["bidirectional overrides", "abc\u202egnp.exe", "abc\\u202egnp.exe"],
    ["bidirectional isolates", "\u2066a\u2069", "\\u2066a\\u2069"],
    ["the Arabic letter mark", "\u061c", "\\u061c"],
    ["line and paragraph separators", "\u2028\u2029", "\\u2028\\u2029"],
    ["zero-width characters", "a\u200bb\ufeff", "a\\u200bb\\ufeff"],
    ["tag characters", "\u{e0041}", "\\u{e0041}"],
    ["a surrogate without its partner", "\ud83d!", "\\ud83d!"],
  ])("escapes %s", (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it.each([
    'ghcr.io/kyverno/test-verify-image:signed "quoted" \\ back',
    "CN=Österreich,O=日本,OU=🔑",
  ])("leaves %j as it is", (text) => {
    expect(printable(text)).toBe(text);
  });

  it("cuts long text, and never a character in two", () => {
    expect(printable("abcdef", 3)).toBe("abc…");
    expect(printable("ab🔑cd", 3)).toBe("ab…");
    expect(printable("x".repeat(513))).toBe(`${"x".repeat(512)}…`);
  });

  it("never lets a control or format character through", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(printable(text)).not.toMatch(/\p{Cc}|\p{Cs}|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
    }));
  });
});

describe("UTF-8", () => {
  it.each([
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a sequence cut short", [0xe2, 0x82]],
    ["a byte that never occurs", [0xff]],
    ["a point beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ])("decodeUtf8() refuses %s", (_, bytes) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code: "ERR_UTF8" }));
  });

  it("keeps a byte order mark", () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
  });

  it("reads back what it wrote", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(decodeUtf8(encodeUtf8(text))).toBe(text);
    }));
  });
});
