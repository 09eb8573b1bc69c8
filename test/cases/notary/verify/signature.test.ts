import { createHash, createPublicKey, verify as nodeVerify } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import { UnsupportedError } from "../../../../src/errors.ts";
import {
  decodeEnvelope,
  type Envelope,
  firstRefusal,
  signatureReferenceText,
  STRICT,
  type Trust,
  type ValidationAction,
  type ValidationType,
  verdict,
  verifyEnvelopeBytes,
  verifySignature,
} from "../../../../src/notary/mod.ts";
import type { CryptoProvider } from "../../../../src/ports.ts";
import { readCertificate } from "../../../../src/x509/mod.ts";
import { fixtureKey } from "../../../run/certificate_maker.ts";
import { ARTIFACT, makeCose, makeJws } from "../../../run/envelope_maker.ts";
import { deviations, expectSame } from "../../../peers/deviations.ts";
import { signers } from "../envelope/rows.ts";
import {
  artifact,
  AT,
  authority,
  byAuthority,
  cose,
  expiring,
  jws,
  REFUSALS,
  TIMELESS_REFUSALS,
  trusting,
} from "./refusals.ts";
import { chain, chained, reissued, shortLived, withOcsp } from "./signers.ts";

const { refusals }: { refusals: Record<string, string | null> } = JSON.parse(
  readFileSync("test/vectors/notary/envelopes.json", "utf8"),
);
const crypto = createWebCryptoProvider();

const level = (actions: Partial<Record<ValidationType, ValidationAction>>): Trust["level"] => ({
  name: "custom",
  actions: { ...STRICT.actions, ...actions },
});
const verify = (envelope: Envelope, trust: Trust, { at = AT, provider = crypto, target = artifact } = {}) =>
  verifySignature(envelope, target, trust, { crypto: provider, now: () => at });

describe("verifySignature()", () => {
  it.each([
    ["JWS, RSA", () => jws(signers.rsa), signers.rsa],
    ["JWS, curve", () => jws(signers.curve), signers.curve],
    ["COSE, RSA", () => cose(signers.rsa), signers.rsa],
    ["COSE, curve", () => cose(signers.curve), signers.curve],
    ["a chain", () => jws(chain), chain],
  ])("verifies %s", async (_, make, signer) => {
    const envelope = make();
    const outcome = await verify(envelope, trusting(signer));
    expect(verdict(outcome)).toBe("verified");
    expect(firstRefusal(outcome)).toBeUndefined();
    expect(signatureReferenceText(outcome)).toBeUndefined();
    expect(outcome.certificateChain.map(({ fingerprint }) => fingerprint)).toHaveLength(signer.chain.length);
    // Node says the same of the same bytes.
    const key = createPublicKey({
      key: Buffer.from(envelope.certificateChain[0]!.publicKey.spki),
      type: "spki",
      format: "der",
    });
    const options = key.asymmetricKeyType === "rsa"
      ? { key, padding: 6, saltLength: 32 }
      : { key, dsaEncoding: "ieee-p1363" as const };
    expect(nodeVerify("sha256", envelope.signedBytes, options, envelope.signature)).toBe(true);
  });

  it("gives user metadata of the payload", async () => {
    const payload = JSON.stringify({ targetArtifact: { ...ARTIFACT, annotations: { team: "alpha" } } });
    const outcome = await verify(jws(signers.rsa, { payload }), trusting(signers.rsa));
    expect(outcome.userMetadata).toEqual({ team: "alpha" });
    expect(verdict(outcome)).toBe("verified");
  });
});

describe("verifySignature() refuses", () => {
  it.each(REFUSALS)(
    "$name: $code",
    async ({ envelope, trust, at, target, type, code, verdict: expected, reference }) => {
      const outcome = await verify(envelope(), trust, {
        at: at === undefined ? AT : new Date(at),
        target: target ?? artifact,
      });
      expect(verdict(outcome)).toBe(expected ?? "failed");
      const result = type === "targetArtifact" ? outcome.targetArtifact : outcome.validations[type].result;
      expect(result).toMatchObject({ status: expected ?? "failed", refusal: { code } });
      expect(firstRefusal(outcome)?.code).toBe(code);
      expect(signatureReferenceText(outcome)).toBe(reference);
    },
  );

  it.each(TIMELESS_REFUSALS)(
    "$name as the reference does, or by an entry of the list",
    ({ name, deviation, ...row }) => {
      const theirs = refusals[name];
      expect(theirs).not.toBeUndefined();
      expectSame("refused", theirs === null ? "accepted" : "refused", deviation, name);
      if (theirs !== null && row.reference !== undefined) expect(row.reference).toBe(theirs);
    },
  );

  it("and uses every entry about refusals of the list of deviations", () => {
    const path = "test/cases/notary/verify/refusals.ts";
    const used = new Set(TIMELESS_REFUSALS.flatMap(({ deviation }) => deviation ?? []));
    expect([...used]).toEqual(
      expect.arrayContaining(deviations.filter(({ test }) => test === path).map(({ id }) => id)),
    );
  });

  it("accepts an instant before the expiry, and a signing authority trusted as one", async () => {
    const before = new Date("2026-11-23T08:40:15.999Z");
    expect(verdict(await verify(jws(signers.rsa, { protected: expiring }), trusting(signers.rsa), { at: before })))
      .toBe("verified");
    expect(verdict(await verify(jws(signers.rsa, { protected: authority }), byAuthority(signers.rsa)))).toBe(
      "verified",
    );
  });

  it("accepts an intermediate or a leaf as anchor, and says which it was", async () => {
    for (const [index, position] of [[0, "leaf"], [1, "intermediate"], [2, "root"]] as const) {
      const anchor = readCertificate(chain.chain[index]!);
      const outcome = await verify(
        jws(chain),
        trusting(chain, { trustAnchors: { ca: [anchor], signingAuthority: [] } }),
      );
      expect(verdict(outcome)).toBe("verified");
      expect(outcome.validations.authenticity.result).toMatchObject({ evidence: { position } });
    }
  });

  it("tells a namesake from the trusted certificate by its fingerprint", async () => {
    const outcome = await verify(jws(reissued), trusting(signers.rsa));
    const named = ({ chain: [der] }: typeof reissued) =>
      `CN=rsa-2048-self,O=Notary,ST=WA,C=US (SHA-256 ${createHash("sha256").update(der!).digest("hex").slice(0, 16)}…)`;
    expect(outcome.validations.authenticity.result).toMatchObject({
      evidence: { presented: [named(reissued)], trusted: [named(signers.rsa)] },
    });
    expect(named(reissued)).not.toBe(named(signers.rsa));
  });

  it("notes a timestamp as not evaluated: it does not rescue an expired certificate", async () => {
    const unprotected = (header: Record<string, unknown>) => {
      header["io.cncf.notary.timestampSignature"] = "MAA=";
    };
    const good = await verify(jws(shortLived, { unprotected }), trusting(shortLived), {
      at: new Date("2026-05-01T00:00:00Z"),
    });
    expect(good.validations.authenticTimestamp.result).toMatchObject({
      status: "passed",
      evidence: { timestamp: "not evaluated" },
    });
    expect(
      verdict(
        await verify(jws(shortLived, { unprotected }), trusting(shortLived), { at: new Date("2027-01-01T00:00:00Z") }),
      ),
    ).toBe("failed");
  });
});

describe("one flipped bit", () => {
  it.each([["JWS", () => jws(signers.curve)], ["COSE", () => cose(signers.curve)]])(
    "in the signed bytes or the signature of %s fails",
    async (_, make) => {
      const envelope = make();
      const trust = trusting(signers.curve);
      for (const field of ["signedBytes", "signature"] as const) {
        for (let index = 0; index < envelope[field].length; index += 5) {
          const bytes = envelope[field].slice();
          bytes[index] = (bytes[index] ?? 0) ^ (1 << (index % 8));
          const outcome = await verify({ ...envelope, [field]: bytes }, trust);
          expect(verdict(outcome)).toBe("failed");
          expect(firstRefusal(outcome)?.code).toBe("SIGNATURE_MISMATCH");
        }
      }
    },
  );

  it("anywhere in an envelope never makes it verify another payload", async () => {
    const bytes = makeJws(signers.curve);
    const untouched = decodeEnvelope({ mediaType: "application/jose+json", bytes });
    let verified = 0;
    for (let index = 0; index < bytes.length; index += 3) {
      const flipped = bytes.slice();
      flipped[index] = (flipped[index] ?? 0) ^ (1 << (index % 7));
      const stored = { mediaType: "application/jose+json", bytes: flipped };
      const outcome = await verifyEnvelopeBytes(stored, artifact, trusting(signers.curve), { crypto, now: () => AT });
      if (verdict(outcome) !== "verified") continue;
      verified++;
      // Only what is not signed may change: the agent, or a header nobody knows.
      const { payload, signature, certificateChain } = decodeEnvelope(stored);
      expect({ payload, signature, certificateChain }).toEqual({
        payload: untouched.payload,
        signature: untouched.signature,
        certificateChain: untouched.certificateChain,
      });
    }
    expect(verified).toBeLessThan(bytes.length / 20);
  });
});

describe("a primitive that is missing or throws", () => {
  const throwing = (error: Error): CryptoProvider => ({
    ...crypto,
    name: "broken",
    verify: () => Promise.reject(error),
  });
  it.each([
    ["is missing", new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "no RSA-PSS here"), "ERR_CRYPTO_UNAVAILABLE"],
    ["breaks", new TypeError("boom"), "ERR_INTERNAL"],
    ["runs out of time", new DOMException("late", "TimeoutError"), "ERR_DEADLINE"],
  ])("that %s leaves it inconclusive, whether the signature is good or bad", async (_, error, code) => {
    const good = jws(signers.rsa);
    const bad = { ...good, signature: good.signature.map((byte) => byte ^ 1) };
    for (const envelope of [good, bad, cose(chain)]) {
      const outcome = await verify(envelope, trusting(signers.rsa), { provider: throwing(error) });
      expect(verdict(outcome)).toBe("inconclusive");
      expect(firstRefusal(outcome)?.code).toBe(code);
      expect(outcome.validations.authenticity.result.status).toBe("skipped");
      expect(outcome.userMetadata).toEqual({});
    }
  });

  it("for the digest only leaves the chain out of the report", async () => {
    const signer = chained();
    const provider: CryptoProvider = { ...crypto, digest: () => Promise.reject(new TypeError("boom")) };
    const outcome = await verify(jws(signer), trusting(signer), { provider });
    expect(verdict(outcome)).toBe("verified");
    expect(outcome.certificateChain).toEqual([]);
  });
});

describe("levels", () => {
  const expired = () => jws(signers.rsa, { protected: expiring });
  const late = { at: new Date("2027-01-01T00:00:00Z") };

  it("reports what is logged without counting it", async () => {
    const outcome = await verify(expired(), trusting(signers.rsa, { level: level({ expiry: "log" }) }), late);
    expect(outcome.validations.expiry).toMatchObject({ action: "log", result: { status: "failed" } });
    expect(verdict(outcome)).toBe("verified");
  });

  it("compares the artifact at every level", async () => {
    const audit = level({ authenticity: "log", expiry: "log", authenticTimestamp: "log", revocation: "log" });
    const outcome = await verify(jws(signers.rsa), trusting(signers.rsa, { level: audit }), {
      target: { ...artifact, size: 1 },
    });
    expect(verdict(outcome)).toBe("failed");
  });

  it("does not carry out what is skipped", async () => {
    const outcome = await verify(jws(withOcsp), trusting(withOcsp, { level: level({ revocation: "skip" }) }));
    expect(outcome.validations.revocation.result.status).toBe("skipped");
    expect(verdict(outcome)).toBe("verified");
  });

  it("never turns a failure into a success by trusting less", async () => {
    for (const { envelope, trust, at } of REFUSALS) {
      const less: Trust = { ...trust, trustAnchors: { ca: [], signingAuthority: [] } };
      const outcome = await verify(envelope(), less, { at: at === undefined ? AT : new Date(at) });
      expect(verdict(outcome)).toBe("failed");
    }
  });
});

describe("verifyEnvelopeBytes()", () => {
  const ports = { crypto, now: () => AT };
  const stored = { mediaType: "application/jose+json", bytes: makeJws(signers.rsa) };

  it("takes what the signature names when there is no artifact, and says so", async () => {
    const outcome = await verifyEnvelopeBytes(stored, undefined, trusting(signers.rsa), ports);
    expect(verdict(outcome)).toBe("verified");
    expect(outcome.targetArtifact).toMatchObject({
      status: "passed",
      evidence: { digest: ARTIFACT.digest, compared: expect.stringContaining("nothing") },
    });
  });

  it.each([
    ["text", { mediaType: "application/jose+json", bytes: new TextEncoder().encode("hello") }, "ERR_ENVELOPE_FORMAT"],
    ["an unknown kind", { mediaType: "text/plain", bytes: stored.bytes }, "ERR_ENVELOPE_MEDIA_TYPE"],
    ["the other format", { mediaType: "application/cose", bytes: stored.bytes }, "ERR_ENVELOPE_FORMAT"],
    ["a payload without artifact", { ...stored, bytes: makeJws(signers.rsa, { payload: "{}" }) }, "ERR_PAYLOAD"],
  ])("makes an outcome of %s, not an exception", async (_, bytes, code) => {
    const outcome = await verifyEnvelopeBytes(bytes, undefined, trusting(signers.rsa), ports);
    expect(verdict(outcome)).toBe("failed");
    expect(firstRefusal(outcome)).toMatchObject({ code, class: "denied", retry: false });
  });
});

describe("what is computed", () => {
  it("is one signature for an envelope whose certificates were seen before", async () => {
    let verifications = 0;
    let digests = 0;
    const provider: CryptoProvider = {
      ...crypto,
      verify: (...call) => (verifications++, crypto.verify(...call)),
      digest: (...call) => (digests++, crypto.digest(...call)),
    };
    const signer = chained();
    const bytes = makeCose(signer);
    const run = async () =>
      verdict(await verify(decodeEnvelope({ mediaType: "application/cose", bytes }), trusting(signer), { provider }));
    expect(await run()).toBe("verified");
    expect([verifications, digests]).toEqual([1 + 3, 3]);
    expect(await run()).toBe("verified");
    expect([verifications, digests]).toEqual([1 + 3 + 1, 3]);
  });

  it("keeps certificates of the fixtures' key apart from others with the same key", () => {
    expect(fixtureKey("rsa-2048-self").publicKey.equals(signers.rsa.key.publicKey)).toBe(true);
    expect(readCertificate(reissued.chain[0]!)).not.toBe(readCertificate(signers.rsa.chain[0]!));
  });
});
