import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNobleProvider, createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { MalformedError, UnsupportedError } from "../../../src/errors.ts";
import type { CryptoProvider } from "../../../src/ports.ts";
import { MAX_TIMESTAMP_BYTES, readTimestampToken, verifyTimestamp } from "../../../src/timestamp/mod.ts";
import { type Certificate, parseCertificates, readCertificate } from "../../../src/x509/mod.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";
import { makeAuthority, makeToken } from "../../run/timestamp_maker.ts";
import { MESSAGE, TOKEN_ROWS } from "./rows.ts";

const crypto = createWebCryptoProvider();

/** Our answer in one word, with what was said. */
async function judge(
  token: Uint8Array,
  roots: readonly Certificate[],
  message: Uint8Array = MESSAGE,
  provider: CryptoProvider = crypto,
) {
  try {
    const verdict = await verifyTimestamp(readTimestampToken(token), message, roots, provider);
    return verdict.trusted
      ? { answer: "trusted", message: "", range: verdict.range, chain: verdict.authorityChain }
      : { answer: verdict.refusal.code, message: verdict.refusal.message };
  } catch (thrown) {
    if (!(thrown instanceof MalformedError)) throw thrown;
    return { answer: thrown.code, message: thrown.message };
  }
}

describe("verifyTimestamp()", () => {
  it.each(TOKEN_ROWS)("judges $name: $expected", async ({ token, roots, expected, range, says }) => {
    const judged = await judge(token, roots.map(readCertificate));
    expect(judged.answer, judged.message).toBe(expected);
    if (says !== undefined) expect(judged.message).toContain(says);
    if (range !== undefined) expect([judged.range?.text.earliest, judged.range?.text.latest]).toEqual(range);
  });

  it("has a row for more refusals than acceptances, each named once", () => {
    expect(new Set(TOKEN_ROWS.map(({ name }) => name)).size).toBe(TOKEN_ROWS.length);
    const trusted = TOKEN_ROWS.filter(({ expected }) => expected === "trusted").length;
    expect(TOKEN_ROWS.length - trusted).toBeGreaterThan(trusted);
  });

  it("gives the authority's chain, its certificate first and the anchor last", async () => {
    const authority = makeAuthority();
    const { chain } = await judge(makeToken(MESSAGE, authority), [readCertificate(authority.root)]);
    expect(chain?.map(({ der }) => der)).toEqual(authority.certificates);
  });

  it("rounds the ends of the interval outwards, to the millisecond", async () => {
    const authority = makeAuthority();
    const token = makeToken(MESSAGE, authority, { accuracy: { micros: [1] } });
    const { range } = await judge(token, [readCertificate(authority.root)]);
    expect(range?.earliest.toISOString()).toBe("2026-06-01T11:59:59.999Z");
    expect(range?.latest.toISOString()).toBe("2026-06-01T12:00:00.001Z");
    expect(range?.genTime.toISOString()).toBe("2026-06-01T12:00:00.000Z");
    expect(range?.accuracySeconds).toBe(0.000001);
  });

  it("answers alike with the second provider", async () => {
    const noble = createNobleProvider();
    const rows = TOKEN_ROWS.filter(({ name }) => /^(a token like|a signature that|RSASSA|SHA-384|SHA-512)/.test(name));
    expect(rows.length).toBeGreaterThan(3);
    for (const { token, roots, expected } of rows) {
      expect((await judge(token, roots.map(readCertificate), MESSAGE, noble)).answer).toBe(expected);
    }
  });

  it("does not judge where a primitive is missing", async () => {
    const authority = makeAuthority();
    const verify = () => Promise.reject(new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "no ECDSA here"));
    const lacking: CryptoProvider = { ...crypto, verify };
    await expect(judge(makeToken(MESSAGE, authority), [readCertificate(authority.root)], MESSAGE, lacking)).rejects
      .toThrow("no ECDSA here");
  });

  it("bounds the signatures it computes for a crowd of namesakes", async () => {
    const { token, roots } = TOKEN_ROWS.find(({ name }) => name === "a crowd of namesakes")!;
    let computed = 0;
    const counting: CryptoProvider = {
      ...crypto,
      verify: (...question) => {
        computed++;
        return crypto.verify(...question);
      },
    };
    await judge(token, roots.map(readCertificate), MESSAGE, counting);
    expect(computed).toBeGreaterThan(10);
    expect(computed).toBeLessThanOrEqual(64);
  });
});

describe("readTimestampToken()", () => {
  const authority = makeAuthority();
  const good = makeToken(MESSAGE, authority);

  it.each([
    ["nothing", new Uint8Array(0), "ERR_TIMESTAMP"],
    ["a byte too few", good.slice(0, -1), "ERR_TIMESTAMP"],
    ["a byte too many", Uint8Array.of(...good, 0), "ERR_TIMESTAMP"],
    ["text", new TextEncoder().encode("<html>"), "ERR_TIMESTAMP"],
    ["an indefinite length", Uint8Array.of(0x30, 0x80, ...good.slice(4), 0, 0), "ERR_TIMESTAMP"],
    ["a length of five octets", Uint8Array.of(0x30, 0x85, 0, 0, 0, 0, 1, 0x05), "ERR_TIMESTAMP"],
    ["a long tag number", Uint8Array.of(0x3f, 0x81, 0x01, 0), "ERR_TIMESTAMP"],
    ["deep nesting", nested(200), "ERR_TIMESTAMP"],
    ["many small values", Uint8Array.of(0x30, 0x82, 0xea, 0x60, ...new Uint8Array(60_000)), "ERR_TIMESTAMP"],
    ["too many bytes", new Uint8Array(MAX_TIMESTAMP_BYTES + 1), "ERR_TOO_LARGE"],
  ])("refuses %s", (_, bytes, code) => {
    expect(() => readTimestampToken(bytes)).toThrow(expect.objectContaining({ code }));
  });

  it("leaves the bytes it was given alone", () => {
    const before = good.slice();
    readTimestampToken(good);
    expect(good).toEqual(before);
  });

  it("decodes or refuses any change of a byte in bounded time, and trusts none that moves the time", async () => {
    const good = makeToken(MESSAGE, authority, { accuracy: { seconds: [1] } });
    const roots = [readCertificate(authority.root)];
    const unchanged = (await judge(good, roots)).range?.text;
    expect(unchanged).toBeDefined();
    const mutants = fc.record({ offset: fc.nat(good.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(mutants, async ({ offset, byte }) => {
        const mutant = good.slice();
        mutant[offset] = byte;
        const started = performance.now();
        const { answer, range } = await judge(mutant, roots);
        expect(performance.now() - started).toBeLessThan(1000);
        if (answer === "trusted") expect(range?.text).toEqual(unchanged);
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});

/** SEQUENCEs one inside the other. */
function nested(levels: number): Uint8Array {
  let bytes = Uint8Array.of(0x05, 0x00);
  for (let level = 0; level < levels; level++) {
    const length = bytes.length < 0x80 ? [bytes.length] : [0x82, bytes.length >> 8, bytes.length & 0xff];
    bytes = Uint8Array.of(0x30, ...length, ...bytes);
  }
  return bytes;
}

/** What each published token is refused for; the messages they were made over are "notation". */
const PUBLISHED: readonly (readonly [string, string])[] = [
  ["TimeStampToken.p7s", "trusted"],
  ["SHA1TimeStampToken.p7s", "TIMESTAMP_INVALID"],
  ["TimeStampTokenNoRoot.p7s", "TIMESTAMP_MISMATCH"],
  ["TimeStampTokenWithInvalidSignature.p7s", "TIMESTAMP_INVALID"],
  ["TimeStampTokenWithInvalidTSTInfo.p7s", "ERR_TIMESTAMP"],
  ["TimeStampTokenWithInvalideContentType.p7s", "ERR_TIMESTAMP"],
  ["TimeStampTokenWithMismatchCertHash.p7s", "TIMESTAMP_INVALID"],
  ["TimeStampTokenWithSHA1CertHash.p7s", "TIMESTAMP_INVALID"],
  ["TimeStampTokenWithTSTInfoVersion2.p7s", "TIMESTAMP_INVALID"],
  ["TimeStampTokenWithoutCertificate.p7s", "TIMESTAMP_INVALID"],
  ["TimeStampTokenWithoutSigningCertificate.p7s", "TIMESTAMP_INVALID"],
  ["cms-SignedDataWithoutSignedAttributes.p7s", "ERR_TIMESTAMP"],
  ["cms-TimeStampTokenWithSigningTimeBeforeExpected.p7s", "TIMESTAMP_INVALID"],
  ["cms-TimeStampTokenWithUnknownSignerIssuer.p7s", "TIMESTAMP_INVALID"],
  ["cms-TimeStampTokenWithoutSignedAttributeDigest.p7s", "TIMESTAMP_INVALID"],
  ["cms-TimeStampTokenWithoutSignedAttributes.p7s", "ERR_TIMESTAMP"],
];

describeIf("shared", "verifyTimestamp() on published tokens", () => {
  const read = (file: string) => new Uint8Array(readFileSync(sharedPath("vectors", "timestamp", file)));

  it.each(PUBLISHED)("judges %s: %s", async (file, expected) => {
    const roots = parseCertificates(read("GlobalSignRootCA.crt"));
    const { answer, message } = await judge(read(file), roots, new TextEncoder().encode("notation"));
    expect(answer, message).toBe(expected);
  });

  it("reads the interval as the reference implementation does", async () => {
    const roots = parseCertificates(read("GlobalSignRootCA.crt"));
    const { range } = await judge(read("TimeStampToken.p7s"), roots, new TextEncoder().encode("notation"));
    expect(range?.text).toEqual({ earliest: "2021-09-17T14:09:09Z", latest: "2021-09-17T14:09:11Z" });
  });
});
