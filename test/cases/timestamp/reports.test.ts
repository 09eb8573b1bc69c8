/**
 * What users of the library that reads CMS here have reported of its own judgement. It is asked for none: each report
 * is a set of rows, and the rows hold the answer.
 */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { signatureReferenceText, STRICT, type Trust, verifySignature } from "../../../src/notary/mod.ts";
import { createRevocationChecker } from "../../../src/revocation/mod.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { basicConstraints, ecKey, keyUsage, USAGE } from "../../run/certificate_maker.ts";
import { crlDistributionPoints, makeCrl } from "../../run/revocation_maker.ts";
import { AUTHORITY, authorityName, makeAuthority, makeToken } from "../../run/timestamp_maker.ts";
import { artifact, jws, trusting } from "../notary/verify/refusals.ts";
import { chain } from "../notary/verify/signers.ts";
import { after, DAY, HOUR } from "../revocation/cast.ts";
import { network } from "../revocation/network.ts";
import { TOKEN_ROWS, type TokenRow } from "./rows.ts";

interface Report {
  /** Issue of PeculiarVentures/PKI.js. */
  readonly issue: number;
  readonly says: string;
  readonly refused: readonly string[];
  readonly trusted: readonly string[];
}

const REPORTS: readonly Report[] = [
  {
    issue: 170,
    says: "the digest was computed with another algorithm than the signer's",
    refused: ["another message digest", "a signature algorithm with another hash than the signer's", "SHA-1"],
    trusted: ["SHA-384 and a key of P-384", "SHA-512 and RSA"],
  },
  {
    issue: 247,
    says: "a chain with expired certificates was valid",
    refused: ["an intermediate that had expired", "a root that had expired"],
    trusted: ["an authority's certificate on its last second"],
  },
  {
    issue: 331,
    says: "a good timestamp did not verify",
    refused: ["other bytes than the signature"],
    trusted: ["a token like any other", "certificates in another order"],
  },
  {
    issue: 332,
    says: "the answer was yes whatever certificates were trusted",
    refused: ["an authority nobody trusts", "a namesake of the root in the token, who is not trusted"],
    trusted: ["without its root, which is at hand"],
  },
  {
    issue: 345,
    says: "the instant that was asked about was not the one that was judged",
    refused: ["an authority's certificate that was not valid yet"],
    trusted: ["an authority's certificate on its first second"],
  },
  {
    issue: 460,
    says: "the validity of the signer's certificate was not looked at",
    refused: ["an authority's certificate that had expired", "an authority's certificate that was not valid yet"],
    trusted: ["an authority's certificate on its first second", "an authority's certificate on its last second"],
  },
  {
    issue: 462,
    says: "a token by an expired authority was valid",
    refused: ["an authority's certificate that had expired"],
    trusted: ["a token like any other"],
  },
];

function rowOf(name: string): TokenRow {
  const found = TOKEN_ROWS.find((row) => row.name === name);
  if (found === undefined) throw new Error(`no row "${name}"`);
  return found;
}

describe("reports about the library that reads CMS", () => {
  it.each(REPORTS)("$issue: $says: there are rows for it", ({ refused, trusted }) => {
    expect(refused.map((name) => rowOf(name).expected)).not.toContain("trusted");
    expect(trusted.map((name) => rowOf(name).expected)).toEqual(trusted.map(() => "trusted"));
  });
});

const crypto = createWebCryptoProvider();
const AT = new Date("2026-06-02T00:00:00Z");
const keys = { root: ecKey(), intermediate: ecKey() };
const issuing = [basicConstraints(true), keyUsage([USAGE.keyCertSign, USAGE.cRLSign])];
/** The list each certificate names, which its issuer signs. */
const LISTS = {
  signer: "http://crl.example.com/intermediate.crl",
  intermediate: "http://crl.example.com/root.crl",
} as const;
type Listed = keyof typeof LISTS;
const SERIAL: Readonly<Record<Listed, readonly number[]>> = { signer: [0x07], intermediate: [0x33] };

const tsa = makeAuthority({
  signer: { extensions: [...AUTHORITY, crlDistributionPoints({ urls: [LISTS.signer] })] },
  intermediate: {
    key: keys.intermediate,
    serialNumber: SERIAL.intermediate,
    extensions: [...issuing, crlDistributionPoints({ urls: [LISTS.intermediate] })],
  },
  root: { key: keys.root, extensions: issuing },
});

function listOf(listed: Listed, revoked: boolean): Uint8Array {
  const issuer = listed === "signer" ? "intermediate" : "root";
  return makeCrl({
    issuer: authorityName(`tsa ${issuer}`),
    key: keys[issuer],
    thisUpdate: after(AT, -HOUR),
    nextUpdate: after(AT, DAY),
    entries: revoked ? [{ serialNumber: SERIAL[listed], revokedAt: after(AT, -DAY), reason: 1 }] : [],
  });
}

/** A signature stamped by this authority, whose revoked certificates are these; `missing` lists cannot be had. */
async function verify({ revoked = [], missing = [], level = STRICT }: {
  readonly revoked?: readonly Listed[];
  readonly missing?: readonly Listed[];
  readonly level?: Trust["level"];
}) {
  const envelope = jws(chain);
  const timestampSignature = makeToken(envelope.signature, tsa, { genTime: "20260601120000Z" });
  const stamped = { ...envelope, unsignedAttributes: { ...envelope.unsignedAttributes, timestampSignature } };
  const { asked, ...world } = network(Object.fromEntries(
    (Object.keys(LISTS) as Listed[]).filter((listed) => !missing.includes(listed)).map((
      listed,
    ) => [LISTS[listed], listOf(listed, revoked.includes(listed))]),
  ));
  const now = () => AT;
  const trust = trusting(chain, { level });
  const outcome = await verifySignature(
    stamped,
    artifact,
    { ...trust, trustAnchors: { ...trust.trustAnchors, tsa: [readCertificate(tsa.root)] } },
    { crypto, now, revocation: createRevocationChecker({ crypto, now, ...world }) },
  );
  const { result } = outcome.validations.authenticTimestamp;
  const code = "refusal" in result ? result.refusal.code : result.status;
  return { outcome, code, asked: [...new Set(asked.map(({ url }) => url))].sort() };
}

const SKIPPING: Trust["level"] = { name: "custom", actions: { ...STRICT.actions, revocation: "skip" } };

describe("182: of a chain only one certificate's CRL was looked at: here", () => {
  it.each<readonly [string, Parameters<typeof verify>[0], string, string | undefined]>([
    ["none is revoked", {}, "passed", undefined],
    ["the signer is", { revoked: ["signer"] }, "CERTIFICATE_REVOKED", 'subject "CN=tsa signer,O=Time,C=US" is revoked'],
    [
      "the intermediate is",
      { revoked: ["intermediate"] },
      "CERTIFICATE_REVOKED",
      'subject "CN=tsa intermediate,O=Time,C=US" is revoked',
    ],
    [
      "both are",
      { revoked: ["signer", "intermediate"] },
      "CERTIFICATE_REVOKED",
      'subject "CN=tsa signer,O=Time,C=US" is revoked',
    ],
    [
      "the signer's list cannot be had",
      { missing: ["signer"] },
      "REVOCATION_UNKNOWN",
      'subject "CN=tsa signer,O=Time,C=US" revocation status is unknown',
    ],
    [
      "the intermediate's list cannot be had",
      { missing: ["intermediate"] },
      "REVOCATION_UNKNOWN",
      'subject "CN=tsa intermediate,O=Time,C=US" revocation status is unknown',
    ],
    [
      "the signer is, where the level skips the revocation of signatures",
      { revoked: ["signer"], level: SKIPPING },
      "CERTIFICATE_REVOKED",
      'subject "CN=tsa signer,O=Time,C=US" is revoked',
    ],
  ])("%s", async (_, question, expected, sentence) => {
    const { outcome, code, asked } = await verify(question);
    expect(code).toBe(expected);
    expect(asked).toEqual(Object.values(LISTS).sort());
    expect(signatureReferenceText(outcome)).toBe(sentence && `timestamping certificate with ${sentence}`);
  });
});
