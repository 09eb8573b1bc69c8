/** Every fixture signature, made by the real notation: our verdict and the reference's sentence against what it said. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createNobleProvider, createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import type { Descriptor } from "../../../../src/oci/mod.ts";
import { signatureReferenceText, STRICT, verdict, verifyEnvelopeBytes } from "../../../../src/notary/mod.ts";
import { parseCertificates } from "../../../../src/x509/mod.ts";

interface Verification {
  readonly at: string;
  readonly trustAnchors: readonly string[];
  readonly verdict: "verified" | "failed";
  readonly reasons: Readonly<Record<string, string>>;
}
interface EnvelopeRow {
  readonly name: string;
  readonly file: string;
  readonly mediaType: string;
  readonly artifact: Descriptor;
  readonly signatureManifest: string;
  readonly verifications: readonly Verification[];
}
const rows: readonly EnvelopeRow[] = JSON.parse(readFileSync("test/fixtures/envelopes.json", "utf8"));
const read = (file: string) => new Uint8Array(readFileSync(`test/fixtures/${file}`));

const cases = rows.flatMap((row) => row.verifications.map((verification) => ({ ...row, verification })));

/** Sentences of Go's JSON reader, which we do not repeat. */
const OWN_WORDS = /invalid character|cannot unmarshal/;
/** We refuse an empty signature before the reference tries it. */
const REFUSED_EARLIER = /signature-empty/;

describe.each([["WebCrypto", createWebCryptoProvider()], ["plain JavaScript", createNobleProvider()]] as const)(
  "the fixtures' signatures, by %s",
  (name, crypto) => {
    // Plain JavaScript is slow with large keys: one of each kind is enough to know that it agrees.
    const tried = name === "WebCrypto" ? cases : cases.filter((row) => /^(jws|cose)-.*-self|tampered/.test(row.name));

    it.each(tried)("$name is $verification.verdict", async (row) => {
      const { verification, mediaType, artifact } = row;
      const ca = verification.trustAnchors.flatMap((file) => parseCertificates(read(file)));
      const outcome = await verifyEnvelopeBytes(
        { mediaType, bytes: read(row.file) },
        artifact,
        { name: "fixture", level: STRICT, trustAnchors: { ca, signingAuthority: [] } },
        { crypto, now: () => new Date(verification.at) },
      );
      expect(verdict(outcome)).toBe(verification.verdict);
      const theirs = verification.reasons[row.signatureManifest];
      if (theirs === undefined || OWN_WORDS.test(theirs) || REFUSED_EARLIER.test(row.name)) return;
      expect(signatureReferenceText(outcome)).toBe(theirs);
    });
  },
);

it("has accepted and refused signatures among the fixtures, with the reference's reasons", () => {
  const verdicts = cases.map(({ verification }) => verification.verdict);
  expect(verdicts.filter((word) => word === "verified").length).toBeGreaterThan(30);
  expect(cases.filter(({ verification }) => Object.keys(verification.reasons).length > 0).length).toBeGreaterThan(15);
});
