/** OCSP responses against the table, and the requests against openssl's own encoding. */
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { certificateIdOf, encodeOcspRequest, judgeOcspResponse } from "../../../src/revocation/mod.ts";
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

describe("encodeOcspRequest()", () => {
  const { requests }: { requests: readonly Record<"name" | "certificate" | "issuer" | "request", string>[] } = JSON
    .parse(
      readFileSync("test/vectors/revocation/ocsp_requests.json", "utf8"),
    );

  it.each(requests)("asks about $name as openssl does", async (row) => {
    const [asked, by] = [row.certificate, row.issuer].map((base64) => readCertificate(Buffer.from(base64, "base64")));
    const request = encodeOcspRequest(await certificateIdOf(asked!, by!, crypto));
    expect(Buffer.from(request).toString("base64")).toBe(row.request);
  });
});

describe("an OCSP response", () => {
  const good = OCSP_ROWS[0]!.make(AT);

  it("with any octet changed is never believed to say another thing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (place, change) => {
        const changed = good.slice();
        changed[place] = (changed[place] as number) ^ change;
        const { answer } = await judgeOcspResponse(changed, { certificate, issuer, at: AT }, crypto);
        expect(answer.status).toBe("unknown");
      }),
      { numRuns: 500 },
    );
  });

  it("of any octets is malformed, not an exception", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (octets) => {
      const { answer } = await judgeOcspResponse(octets, { certificate, issuer, at: AT }, crypto);
      expect(answer).toMatchObject({ status: "unknown", problem: "malformed" });
    }));
  });
});
