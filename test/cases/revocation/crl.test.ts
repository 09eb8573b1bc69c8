/** CRLs against the table, and CRLs others made. */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { createRevocationChecker } from "../../../src/revocation/mod.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { crlDistributionPoints } from "../../run/revocation_maker.ts";
import { issuerCertificate, leafCertificate } from "./cast.ts";
import { CRL_ROWS } from "./crl_rows.ts";
import { network, outcomeOf } from "./network.ts";

const AT = new Date("2026-06-01T12:00:00Z");
const BASE = "http://crl.example.com";
const crypto = createWebCryptoProvider();

describe("a leaf that names CRLs", () => {
  it.each(CRL_ROWS)("is judged: $name", async ({ leaf, files, expected, signedAt, issuer = issuerCertificate }) => {
    const extensions = leaf?.(BASE) ?? [crlDistributionPoints({ urls: [`${BASE}/base.crl`] })];
    const served = Object.entries(files(AT, BASE)).map(([path, bytes]) => [BASE + path, bytes] as const);
    const ports = network(Object.fromEntries(served));
    const checker = createRevocationChecker({ crypto, now: () => AT, fetch: ports.fetch, sleep: ports.sleep });
    const chain = [leafCertificate(...extensions), issuer].map((der) => readCertificate(der));
    const [revocation, root] = await checker.check(chain, signedAt === undefined ? {} : { signedAt: signedAt(AT) });
    expect(outcomeOf(revocation), JSON.stringify(revocation?.asked)).toBe(expected);
    expect(root?.status).toBe("nonRevokable");
    expect(ports.asked.every(({ init }) => init.method === "GET" && init.redirect === "manual")).toBe(true);
  });
});
