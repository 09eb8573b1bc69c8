/** OCSP responses against the table, and the requests against openssl's own encoding. */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { judgeOcspResponse } from "../../../src/revocation/mod.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { issuerCertificate, leafCertificate } from "./cast.ts";
import { OCSP_ROWS } from "./ocsp_rows.ts";

const AT = new Date("2026-06-01T12:00:00Z");
const crypto = createWebCryptoProvider();
const certificate = readCertificate(leafCertificate());
const issuer = readCertificate(issuerCertificate);

describe("judgeOcspResponse()", () => {
  it.each(OCSP_ROWS)("judges a response: $name", async ({ make, expected, nonce, signedAt }) => {
    const question = {
      certificate,
      issuer,
      at: AT,
      ...(nonce === undefined ? {} : { nonce }),
      ...(signedAt === undefined ? {} : { signedAt: signedAt(AT) }),
    };
    const { answer } = await judgeOcspResponse(make(AT), question, crypto);
    expect(answer.status === "unknown" ? answer.problem : answer.status, JSON.stringify(answer)).toBe(expected);
  });
});
