import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isNameFault,
  isPartOf,
  type NameAttributes,
  parseDistinguishedName,
} from "../../../../src/notary/trust/distinguished_name.ts";
import { matchIdentity, readIdentity, type SubjectIdentity } from "../../../../src/notary/trust/identity.ts";
import { readCertificate } from "../../../../src/x509/mod.ts";
import { ecKey, LEAF, makeCertificate, type NameParts } from "../../../run/certificate_maker.ts";

function attributesOf(text: string): NameAttributes {
  const read = parseDistinguishedName(text);
  if (isNameFault(read)) throw new Error(read.rule);
  return read;
}
const rest = "C=US,ST=WA,O=Notary";

describe("parseDistinguishedName()", () => {
  it.each(
    [
      ["spaces around types and values", " C = US , ST = WA , O = Notary ", [["C", "US"], ["ST", "WA"], [
        "O",
        "Notary",
      ]]],
      ["semicolons", "C=US;ST=WA;O=Notary", [["C", "US"], ["ST", "WA"], ["O", "Notary"]]],
      ["S for ST", "C=US,S=WA,O=Notary", [["C", "US"], ["ST", "WA"], ["O", "Notary"]]],
      ["escaped separators", `${rest},CN=a\\,b\\;c\\+d`, [["CN", "a,b;c+d"]]],
      ["escaped quotes, signs, blanks", `${rest},CN=\\ \\"\\#\\<\\>\\=\\\\\\ `, [["CN", ' "#<>=\\ ']]],
      ["bytes of a character", `${rest},CN=M\\c3\\BCller`, [["CN", "M\u00c3\u00bcller"]]],
      ["the character itself", `${rest},CN=Müller`, [["CN", "M\u00c3\u00bcller"]]],
      ["quotes as characters", `${rest},CN="a"`, [["CN", '"a"']]],
      ["equals signs within a value", `${rest},CN=a=b`, [["CN", "a=b"]]],
      ["types of any kind", `${rest},foo=1,2.5.4.3=x`, [["foo", "1"], ["2.5.4.3", "x"]]],
      ["an empty value, which may be filled later", `${rest},CN=,CN=a`, [["CN", "a"]]],
      ["spaces within a value", `${rest},CN=a  b`, [["CN", "a  b"]]],
    ] as const,
  )("reads %s", (_, text, expected) => {
    expect([...attributesOf(text)]).toEqual(expect.arrayContaining(expected as never));
  });

  it.each([
    ["nothing", "", /"C" is missing/],
    ["blanks", "   ", /"C" is missing/],
    ["no C", "ST=WA,O=Notary", /"C" is missing/],
    ["no ST", "C=US,O=Notary", /"ST" is missing/],
    ["an empty O", "C=US,ST=WA,O=", /"O" is missing/],
    ["small letters", "c=US,st=WA,o=Notary", /"C" is missing/],
    ["hexadecimal digits", "C=US,ST=WA,O=#0c01", /hexadecimal digits/],
    ["=# anywhere", `${rest},CN=a=#b`, /hexadecimal digits/],
    ["a type twice", `${rest},OU=a,OU=b`, /"OU" occurs twice/],
    ["ST and S", `${rest},S=WA`, /"ST" occurs twice/],
    ["several values in one", "C=US+ST=WA,O=Notary", /joined by "\+"/],
    ["no sign", "US,WA,Notary", /incomplete type/],
    ["a comma at the end", `${rest},`, /ended with incomplete type/],
    ["two commas", "C=US,,ST=WA,O=Notary", /incomplete type/],
    ["a backslash at the end", `${rest}\\`, /escapes nothing/],
    ["a backslash before a letter", "C=US,ST=WA,O=\\Notary", /escapes neither/],
    ["half a byte", `${rest}\\4`, /escapes neither/],
  ])("refuses %s", (_, text, rule) => {
    expect(parseDistinguishedName(text)).toMatchObject({ rule: expect.stringMatching(rule) });
  });

  it("takes linear time", () => {
    const started = performance.now();
    for (const text of [" ".repeat(200_000), "\\\\".repeat(100_000), "a=".repeat(100_000), "C=US,".repeat(40_000)]) {
      expect(parseDistinguishedName(text)).toHaveProperty("rule");
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("gives back any values that were escaped by RFC 4514", () => {
    const escape = (value: string) => value.replace(/[,+"\\<>;=# ]/g, "\\$&");
    const value = fc.string({ minLength: 1, unit: "grapheme" });
    fc.assert(fc.property(value, value, value, (country, state, organization) => {
      const read = parseDistinguishedName(`C=${escape(country)},ST=${escape(state)},O=${escape(organization)}`);
      const bytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");
      expect(isNameFault(read) ? read : [...read.values()]).toEqual([country, state, organization].map(bytes));
    }));
  });
});

const key = ecKey();
const subjectOf = (parts: NameParts) =>
  readCertificate(makeCertificate({ subject: parts, key, extensions: LEAF })).subject;
const identity = (text: string): SubjectIdentity => {
  const read = readIdentity(text, "test");
  if (!("identity" in read)) throw new Error(JSON.stringify(read));
  return read.identity;
};
const BASE: NameParts = [["C", "US"], ["ST", "WA"], ["O", "Notary"]];

describe("matchIdentity()", () => {
  it.each<[string, NameParts, string, string]>([
    ["the whole name", [...BASE, ["CN", "a"]], "C=US,ST=WA,O=Notary,CN=a", "matched"],
    ["part of the name", [...BASE, ["CN", "a"], ["OU", "b"]], "C=US,ST=WA,O=Notary,OU=b", "matched"],
    ["another order in the certificate", [...BASE].reverse(), "C=US,ST=WA,O=Notary", "matched"],
    [
      "characters that are escaped when printed",
      [["C", "US"], ["ST", "WA"], ["O", 'a, "b" + <c>']],
      'C=US,ST=WA,O=a\\, \\"b\\" \\+ \\<c\\>',
      "matched",
    ],
    ["the last of two common names", [...BASE, ["CN", "a"], ["CN", "b"]], "C=US,ST=WA,O=Notary,CN=b", "matched"],
    ["not the first of two common names", [...BASE, ["CN", "a"], ["CN", "b"]], "C=US,ST=WA,O=Notary,CN=a", "unmatched"],
    ["letters by case", BASE, "C=US,ST=WA,O=NOTARY", "unmatched"],
    ["spaces by number", [["C", "US"], ["ST", "WA"], ["O", "a  b"]], "C=US,ST=WA,O=a b", "unmatched"],
    ["characters by form", [["C", "US"], ["ST", "WA"], ["O", "u\u0308"]], "C=US,ST=WA,O=\u00fc", "unmatched"],
    ["what the certificate does not have", BASE, "C=US,ST=WA,O=Notary,CN=a", "unmatched"],
    ["no subject without C", BASE.slice(1), "C=US,ST=WA,O=Notary", "unreadable"],
    ["no subject with two OUs", [...BASE, ["OU", "a"], ["OU", "b"]], "C=US,ST=WA,O=Notary", "unreadable"],
    [
      "no subject with an e-mail address",
      [...BASE, ["1.2.840.113549.1.9.1", "a@b.c", 0x16]],
      "C=US,ST=WA,O=Notary",
      "unreadable",
    ],
    ["no subject with a user id", [...BASE, ["0.9.2342.19200300.100.1.1", "a"]], "C=US,ST=WA,O=Notary", "unreadable"],
  ])("compares %s", (_, parts, text, status) => {
    expect(matchIdentity([identity(`x509.subject:${text}`)], subjectOf(parts)).status).toBe(status);
  });

  it("takes every subject for *, and none where nobody is named", () => {
    expect(matchIdentity("*", subjectOf([["CN", "a"]])).status).toBe("matched");
    expect(matchIdentity([], subjectOf(BASE)).status).toBe("unmatched");
  });

  it("trusts no more when an identity says more", () => {
    const name = fc.dictionary(fc.constantFrom("CN", "OU", "L", "O", "ST", "C"), fc.constantFrom("a", "b", ""));
    fc.assert(fc.property(name, name, name, (part, more, whole) => {
      const map = (entries: Record<string, string>) => new Map(Object.entries(entries));
      const longer = { ...more, ...part };
      if (isPartOf(map(longer), map(whole))) expect(isPartOf(map(part), map(whole))).toBe(true);
    }));
  });
});
