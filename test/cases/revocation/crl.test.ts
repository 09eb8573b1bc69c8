/** CRLs against the table, and CRLs others made. */
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { createRevocationChecker, decodeCrl, judgeCrl } from "../../../src/revocation/mod.ts";
import { deltaPoints, judgeCrlWithDelta } from "../../../src/revocation/crl_status.ts";
import { MalformedError } from "../../../src/errors.ts";
import { parseCertificates, readCertificate } from "../../../src/x509/mod.ts";
import { crlDistributionPoints } from "../../run/revocation_maker.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";
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

describe("a CRL", () => {
  const good = CRL_ROWS[0]!.files(AT, BASE)["/base.crl"]!;
  const [certificate, issuer] = [leafCertificate(), issuerCertificate].map((der) => readCertificate(der));
  const question = { certificate: certificate!, issuer: issuer!, at: AT };

  it("with any octet changed is never believed", async () => {
    expect((await judgeCrl(decodeCrl(good), question, crypto)).status).toBe("ok");
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (place, change) => {
        const changed = good.slice();
        changed[place] = (changed[place] as number) ^ change;
        const read = () => decodeCrl(changed);
        const crl = attempt(read);
        if (crl !== undefined) expect((await judgeCrl(crl, question, crypto)).status).toBe("unknown");
      }),
      { numRuns: 500 },
    );
  });

  it("of any octets is malformed", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      expect(() => decodeCrl(octets)).toThrow(MalformedError);
    }));
  });
});

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError);
    return undefined;
  }
}

describeIf("shared", "CRLs and certificates of a real authority (EJBCA)", () => {
  const file = (name: string) => readFileSync(sharedPath("vectors", "crl", name));
  const certificateOf = (name: string) => parseCertificates(file(name))[0]!;
  const DELTA_URL = "http://localhost:80/ejbca/publicweb/webdist/certdist?cmd=deltacrl&issuer=" +
    "UID%3Dc-0nwwozqvawvao3ech%2CCN%3DManagementCA%2CO%3DEJBCA+Container+Quickstart";
  const base = () => decodeCrl(file("crlWithMultipleFreshestCRLs.crl"));

  it("are read: a delta CRL", () => {
    const delta = decodeCrl(file("delta.crl"));
    expect({ ...delta, issuer: delta.issuer.attributes.map(({ value }) => value) }).toMatchObject({
      issuer: ["c-0nwwozqvawvao3ech", "ManagementCA", "EJBCA Container Quickstart"],
      number: 5n,
      baseNumber: 4n,
      thisUpdate: new Date("2024-11-25T07:31:41Z"),
      nextUpdate: new Date("2024-11-25T07:36:40Z"),
      unknownCritical: [],
      freshest: [],
    });
  });

  it("are read: a CRL that names its delta twice", () => {
    expect(base()).toMatchObject({ number: 5n, freshest: [{ urls: [DELTA_URL, DELTA_URL] }] });
    expect(base().baseNumber).toBeUndefined();
  });

  it.each([
    ["certificateWithDeltaCRL.cer", [[DELTA_URL]]],
    ["certificateWith2DeltaCRL.cer", [[DELTA_URL, DELTA_URL]]],
    ["certificateWithZeroDeltaCRLURL.cer", [[]]],
  ])("say where deltas are: %s", (name, urls) => {
    const plain = { ...base(), freshest: [] };
    expect(deltaPoints(plain, certificateOf(name)).map((point) => point.urls)).toEqual(urls);
  });

  it.each([
    ["certificateWithIncompleteFreshestCRL.cer"],
    ["certificateWithIncompleteFreshestCRL2.cer"],
    ["certificateWithNonURIDeltaCRL.cer"],
  ])("are refused or name no URL where the extension is broken: %s", (name) => {
    const points = attempt(() => deltaPoints({ ...base(), freshest: [] }, certificateOf(name)));
    expect((points ?? []).flatMap(({ urls }) => urls)).toEqual([]);
  });

  it("are not believed when their signature was replaced", async () => {
    const certificate = certificateOf("certificateWithDeltaCRL.cer");
    const at = new Date("2024-11-25T07:33:00Z");
    const answer = await judgeCrlWithDelta(
      base(),
      decodeCrl(file("delta.crl")),
      { certificate, issuer: certificate, at },
      crypto,
    );
    expect(answer).toMatchObject({ status: "unknown", problem: "issuer" });
  });
});
