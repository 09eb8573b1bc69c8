import { describe, expect, it } from "vitest";
import { isHost, MAX_MIRRORS, mirrorFault, parseMirrors } from "../../../src/oci/mod.ts";

const refuse = (fault: string, entry?: string) => new Error(`${entry ?? "all"}: ${fault}`);

describe("parseMirrors()", () => {
  it("reads HOST=URL, the last one of a host deciding", () => {
    const mirrors = parseMirrors(["ghcr.io=http://127.0.0.1:5000", "[::1]:80=https://m/p", "a=http://x"], refuse);
    expect([...mirrors]).toEqual([
      ["ghcr.io", "http://127.0.0.1:5000"],
      ["[::1]:80", "https://m/p"],
      ["a", "http://x"],
    ]);
    expect(parseMirrors(["a=http://x", "a=http://y"], refuse).get("a")).toBe("http://y");
  });

  it.each([
    ["ghcr.io", "expected HOST=URL"],
    ["=http://x", "no registry host"],
    ["ghcr.io/a=http://x", "no registry host"],
    ["a:99999=http://x", "no registry host"],
    ["a=ftp://x", "no mirror"],
    ["a=", "no mirror"],
    ["a=http://u:p@x", "credentials"],
    ["a=http://x/?q=1", "query"],
    ["a=http://x/#f", "fragment"],
    ["\u001b[31m=http://x", '"\\x1b[31m" is no registry host'],
  ])("refuses %j", (entry, fault) => {
    expect(() => parseMirrors([entry], refuse)).toThrow(`${entry}: `);
    expect(() => parseMirrors([entry], refuse)).toThrow(fault);
  });

  it("refuses more than a configuration needs", () => {
    const entries = Array.from({ length: MAX_MIRRORS + 1 }, (_, index) => `h${index}=http://x`);
    expect(() => parseMirrors(entries, refuse)).toThrow(`all: ${MAX_MIRRORS + 1} mirrors`);
    expect(parseMirrors(entries.slice(1), refuse).size).toBe(MAX_MIRRORS);
  });
});

describe("a mirror", () => {
  it("is wrong by its host or its URL", () => {
    expect(mirrorFault("ghcr.io", "http://127.0.0.1:5000")).toBeUndefined();
    expect([isHost("ghcr.io:443"), isHost("ghcr.io:x"), isHost("a b"), isHost("")]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
