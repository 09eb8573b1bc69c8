/** A checker in a world of a few URLs, with a clock that can be put. */
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { createRevocationChecker, type RevocationSettings } from "../../../src/revocation/mod.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { ocspAt } from "../../run/certificate_maker.ts";
import { crlDistributionPoints, makeCrl, makeOcspResponse, type OcspFields } from "../../run/revocation_maker.ts";
import { after, DAY, HOUR, ISSUER, issuerCertificate, keys, LEAF_SERIAL, leafCertificate, statusOf } from "./cast.ts";
import { type Answerer, network, outcomeOf } from "./network.ts";

export const AT = new Date("2026-06-01T12:00:00Z");
export const OCSP = "http://ocsp.example.com/";
export const CRL = "http://crl.example.com/issuer.crl";
export const crypto = createWebCryptoProvider();

export const response = (changes: Partial<OcspFields> = {}) =>
  makeOcspResponse({ producedAt: after(AT, -HOUR), statuses: [statusOf(AT)], signer: keys.issuer, ...changes });
export const revoked = { status: "revoked", revokedAt: after(AT, -DAY) } as const;
export const crl = (changes: Partial<Parameters<typeof makeCrl>[0]> = {}) =>
  makeCrl({
    issuer: ISSUER,
    key: keys.issuer,
    thisUpdate: after(AT, -HOUR),
    nextUpdate: after(AT, DAY),
    number: 5,
    ...changes,
  });
export const listed = { entries: [{ serialNumber: LEAF_SERIAL, revokedAt: after(AT, -DAY), reason: 1 }] };

export const chainOf = (...extensions: readonly Uint8Array[]) =>
  [leafCertificate(...extensions), issuerCertificate].map((bytes) => readCertificate(bytes));
export const BOTH = chainOf(ocspAt(OCSP), crlDistributionPoints({ urls: [CRL] }));
export const OCSP_ONLY = chainOf(ocspAt(OCSP));
export const CRL_ONLY = chainOf(crlDistributionPoints({ urls: [CRL] }));

/** A checker in a world of these URLs, with a clock that can be put. */
export function world(answers: Readonly<Record<string, Uint8Array | Answerer>>, settings: RevocationSettings = {}) {
  const { asked, ...ports } = network(answers);
  let now = AT;
  const checker = createRevocationChecker({ crypto, now: () => now, ...ports }, settings);
  return {
    asked: () => asked.map(({ url }) => url),
    requests: asked,
    at: (instant: Date) => {
      now = instant;
    },
    leaf: async (chain = BOTH) => (await checker.check(chain))[0],
    outcome: async (chain = BOTH) => outcomeOf((await checker.check(chain))[0]),
  };
}
