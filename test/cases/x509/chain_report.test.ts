import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { UnsupportedError } from "../../../src/errors.ts";
import { readCertificate, reportSigningChain, reportTimestampingChain } from "../../../src/x509/mod.ts";
import { ecKey, keyUsage, makeCertificate, subject, USAGE } from "../../run/certificate_maker.ts";
import { makeAuthority } from "../../run/timestamp_maker.ts";
import { chain, CHAIN_ROWS } from "./chain_rows.ts";

const crypto = createWebCryptoProvider();
const read = (certificates: readonly Uint8Array[]) => certificates.map((der) => readCertificate(der));

describe("reportSigningChain()", () => {
  it.each(CHAIN_ROWS.filter(({ make }) => make().length > 0))("fails the rules that $name breaks", async (row) => {
    const reports = await reportSigningChain(read(row.make()), crypto);
    const failed = reports.flatMap(({ rules }) => rules.filter(({ status }) => status === "failed"));
    expect(failed.map(({ rule }) => rule).sort()).toEqual([...row.rules].sort());
    for (const { message } of failed) expect(message).toMatch(/^certificate ".*" \S/);
  });

  it("asks each certificate the rules of its place, in order", async () => {
    const reports = await reportSigningChain(read(chain()), crypto);
    expect(reports.map(({ index, role }) => [index, role])).toEqual([[0, "leaf"], [1, "intermediate"], [2, "root"]]);
    expect(reports.map(({ rules }) => rules.map(({ rule }) => rule))).toEqual([
      [
        "self-signed-only-at-the-end",
        "issued-by-the-next",
        "leaf-basic-constraints",
        "key-usage-present",
        "key-usage-critical",
        "key-usage-digital-signature",
        "key-usage-forbidden",
        "extended-key-usage",
        "key-size",
        "signature-algorithm",
      ],
      [
        "self-signed-only-at-the-end",
        "issued-by-the-next",
        "ca-basic-constraints",
        "ca-basic-constraints-critical",
        "path-length",
        "key-usage-present",
        "key-usage-critical",
        "key-usage-cert-sign",
        "key-size",
        "signature-algorithm",
      ],
      [
        "root-self-signed",
        "ca-basic-constraints",
        "ca-basic-constraints-critical",
        "path-length",
        "key-usage-present",
        "key-usage-critical",
        "key-usage-cert-sign",
        "key-size",
        "signature-algorithm",
      ],
    ]);
    for (const { section } of reports.flatMap(({ rules }) => rules)) {
      expect(section).toMatch(/^Notary Project, signature-specification.md, "Certificate Requirements"/);
    }
  });

  it("says what a certificate has and what was expected", async () => {
    const extensions = [keyUsage([USAGE.digitalSignature, USAGE.keyAgreement], false)];
    const [leaf] = await reportSigningChain(read(chain({ leaf: { extensions } })), crypto);
    expect(leaf?.rules.find(({ rule }) => rule === "key-usage-forbidden")).toEqual({
      rule: "key-usage-forbidden",
      section: 'Notary Project, signature-specification.md, "Certificate Requirements"; RFC 5280, section 4.2.1.3',
      status: "failed",
      found: "keyUsage digitalSignature, keyAgreement, not critical",
      expected: "keyUsage without encipherment, key agreement, certificate and CRL signing",
      message:
        'certificate "CN=leaf,O=Notary,ST=WA,C=US" has keyUsage keyAgreement, expected digitalSignature without these',
    });
    expect(leaf?.rules.find(({ rule }) => rule === "issued-by-the-next")).toMatchObject({
      status: "passed",
      found: 'names the issuer "CN=intermediate,O=Notary,ST=WA,C=US"; ' +
        'the next certificate is "CN=intermediate,O=Notary,ST=WA,C=US"',
    });
  });

  it("skips what it cannot ask", async () => {
    const [leaf] = await reportSigningChain(read(chain({ leaf: { extensions: [] } })), crypto);
    const statuses = new Map(leaf?.rules.map(({ rule, status }) => [rule, status]));
    expect(statuses.get("key-usage-present")).toBe("failed");
    expect(statuses.get("key-usage-critical")).toBe("skipped");
    const none = { verify: () => Promise.reject(new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "Cannot verify")) };
    const unknown = await reportSigningChain(read(chain()), none);
    expect(new Set(unknown.flatMap(({ rules }) => rules.map(({ status }) => status)))).toEqual(new Set(["skipped"]));
  });

  it("escapes names", async () => {
    const certificate = makeCertificate({ subject: subject("\u001b[2J"), key: ecKey() });
    const [alone] = await reportSigningChain(read([certificate]), crypto);
    expect(JSON.stringify(alone)).not.toContain("\\u001b");
    expect(alone?.rules[0]?.found).toContain("names the issuer");
  });
});

describe("reportTimestampingChain()", () => {
  it("has the rules of timestamp authorities", async () => {
    const { certificates, root } = makeAuthority();
    const reports = await reportTimestampingChain(read([...certificates.slice(0, 2), root]), crypto);
    const rules = reports[0]?.rules ?? [];
    expect(rules.find(({ rule }) => rule === "extended-key-usage-timestamping")).toMatchObject({
      status: "passed",
      found: "extKeyUsage timeStamping, critical",
    });
    expect(rules.map(({ rule }) => rule)).not.toContain("extended-key-usage");
  });
});
