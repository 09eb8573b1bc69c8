import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { formatName, parseCertificates, quoteText, readCertificate, sameName } from "../../../src/x509/mod.ts";
import { CA, ecKey, makeCertificate, type NameParts, subject } from "../../run/certificate_maker.ts";

interface NameRow {
  readonly parts: NameParts;
  readonly text: string;
  readonly quoted: string;
}
const { rows }: { rows: readonly NameRow[] } = JSON.parse(readFileSync("test/vectors/x509/names.json", "utf8"));
const key = ecKey();

describe("formatName()", () => {
  it.each(rows)("prints $text as Go does", ({ parts, text, quoted }) => {
    const certificate = readCertificate(makeCertificate({ subject: parts, key }));
    expect(formatName(certificate.subject)).toBe(text);
    expect(quoteText(text)).toBe(quoted);
  });

  it("prints the fixtures' subjects as openssl and notation do", () => {
    const keys: readonly { file: string; subject: string }[] = JSON.parse(
      readFileSync("test/fixtures/keys.json", "utf8"),
    );
    expect(keys.length).toBeGreaterThan(20);
    // openssl writes other escapes and another order where names are odd: notation's own output stands for that one.
    for (const row of keys.filter(({ file }) => !file.includes("odd-name"))) {
      const [certificate] = parseCertificates(readFileSync(`test/fixtures/${row.file}`));
      expect(formatName(certificate!.subject)).toBe(row.subject);
    }
  });
});

describe("sameName()", () => {
  it("compares bytes: another string type or case is another name", () => {
    const named = (parts: NameParts) =>
      readCertificate(makeCertificate({ subject: parts, key, extensions: CA })).subject;
    expect(sameName(named(subject("a")), named(subject("a")))).toBe(true);
    expect(sameName(named(subject("a")), named(subject("A")))).toBe(false);
    expect(sameName(named([["CN", "a"]]), named([["CN", "a", 0x13]]))).toBe(false);
  });
});
