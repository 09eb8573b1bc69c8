import fc from "fast-check";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { formatPem, parsePem } from "../../../src/encoding/mod.ts";
import { MAX_PEM_LENGTH } from "../../../src/encoding/pem.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";

const BLOCK = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
const DER = Uint8Array.of(1, 2, 3);

describe("parsePem()", () => {
  it("reads blocks in their order with the lines of their BEGIN", () => {
    const text = `\n${BLOCK}\n \t\n-----BEGIN PUBLIC KEY-----\nAQ\nID\n-----END PUBLIC KEY-----`;
    expect(parsePem(text)).toEqual([
      { label: "CERTIFICATE", der: DER, line: 2 },
      { label: "PUBLIC KEY", der: DER, line: 7 },
    ]);
  });

  it.each([
    ["nothing", "", 0],
    ["white space", " \n\t\r\n", 0],
    ["CRLF", BLOCK.replaceAll("\n", "\r\n"), 1],
    ["lines indented as in a YAML document", BLOCK.replaceAll(/^/gm, "    "), 1],
  ])("takes %s", (_, text, blocks) => {
    expect(parsePem(text)).toHaveLength(blocks);
  });

  it.each([
    ["text before", `hello\n${BLOCK}`, 1],
    ["text after", `${BLOCK}hello`, 4],
    ["text between", `${BLOCK}# second\n${BLOCK}`, 4],
    ["no END", "\n-----BEGIN CERTIFICATE-----\nAQID\n", 2],
    ["another label's END", BLOCK.replace("END CERTIFICATE", "END CERT"), 3],
    ["a BEGIN inside", `-----BEGIN CERTIFICATE-----\n${BLOCK}`, 2],
    ["four dashes", BLOCK.replace("-----BEGIN", "----BEGIN"), 1],
    ["a lower-case label", BLOCK.replaceAll("CERTIFICATE", "certificate"), 1],
    ["no label", "-----BEGIN -----\nAQID\n-----END -----", 1],
    ["a header", BLOCK.replace("AQID", "Proc-Type: 4,ENCRYPTED\n\nAQID"), 1],
    ["no content", BLOCK.replace("AQID\n", ""), 1],
    ["white space within a line", BLOCK.replace("AQID", "AQ ID"), 1],
    ["wrong padding", BLOCK.replace("AQID", "AQI"), 1],
    ["END alone", "-----END CERTIFICATE-----", 1],
  ])("refuses %s and names the line", (_, text, line) => {
    expect(() => parsePem(text)).toThrow(
      expect.objectContaining({ code: "ERR_PEM", message: expect.stringContaining(`at line ${line}:`) }),
    );
  });

  it("refuses more text than its bound", () => {
    expect(() => parsePem(" ".repeat(MAX_PEM_LENGTH + 1))).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }));
  });

  it("reads runs of blanks in a time that grows with their length, not with its square", () => {
    const blanks = " ".repeat(MAX_PEM_LENGTH - 2 * BLOCK.length);
    const started = performance.now();
    expect(parsePem(BLOCK + blanks)).toHaveLength(1);
    expect(() => parsePem(BLOCK.replace("AQID", `AQ${blanks}ID`))).toThrow("is not base64");
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it("prints nothing of the text raw", () => {
    expect(() => parsePem("\u001b[2J")).toThrow('"\\x1b[2J" stands outside a block');
  });
});

describe("formatPem()", () => {
  it("writes what Node writes, and Node reads it", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const der = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
    const text = formatPem("PUBLIC KEY", der);
    expect(text).toBe(publicKey.export({ type: "spki", format: "pem" }));
    expect(createPublicKey(text).equals(publicKey)).toBe(true);
  });

  it("is read back", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1 }), (der) => {
      expect(parsePem(formatPem("CERTIFICATE", der))).toEqual([{ label: "CERTIFICATE", der, line: 1 }]);
    }));
  });
});

describeIf("shared", "published PEM files", () => {
  it("multi-pem.crt holds two certificates", () => {
    const blocks = parsePem(readFileSync(sharedPath("vectors/x509/multi-pem.crt"), "utf8"));
    expect(blocks.map(({ label, line }) => [label, line])).toEqual([["CERTIFICATE", 1], ["CERTIFICATE", 22]]);
    expect(blocks[0]?.der).toEqual(new Uint8Array(readFileSync(sharedPath("vectors/x509/der.der"))));
  });
});
