/** Authentic timestamps: which instant counts, and what a timestamp can and cannot do. */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import {
  type Envelope,
  signatureReferenceText,
  STRICT,
  type Trust,
  type ValidationResult,
  verdict,
  type VerificationOutcome,
  verifySignature,
} from "../../../../src/notary/mod.ts";
import { UnsupportedError } from "../../../../src/errors.ts";
import type { CryptoProvider } from "../../../../src/ports.ts";
import { readCertificate } from "../../../../src/x509/mod.ts";
import { CA, ecKey, LEAF, makeCertificate, ocspAt, subject } from "../../../run/certificate_maker.ts";
import { type Signer } from "../../../run/envelope_maker.ts";
import {
  AUTHORITY,
  type Authority,
  makeAuthority,
  makeToken,
  type TokenChanges,
} from "../../../run/timestamp_maker.ts";
import { artifact, authority, cose, expiring, jws, trusting } from "./refusals.ts";

const crypto = createWebCryptoProvider();
const tsa = makeAuthority();
/** Tokens are made at this instant. */
const STAMPED = "20260601120000Z";
/** Long after the signers' certificates have expired. */
const LATE = new Date("2030-01-01T00:00:00Z");
const EARLY = new Date("2026-06-15T00:00:00Z");

interface Validity {
  readonly notBefore?: string;
  readonly notAfter?: string;
}

const keys = { root: ecKey(), leaf: ecKey() };

/** Leaf below root, valid in 2026 unless told otherwise. */
function signer(leaf: Validity = {}, root: Validity = {}): Signer {
  const year = { notBefore: "20260101000000Z", notAfter: "20270101000000Z" };
  const chain = [
    makeCertificate({
      subject: subject("leaf"),
      issuer: subject("root"),
      key: keys.leaf,
      issuerKey: keys.root,
      extensions: LEAF,
      ...year,
      ...leaf,
    }),
    makeCertificate({ subject: subject("root"), key: keys.root, extensions: CA, ...year, ...root }),
  ];
  return { key: keys.leaf, chain, jws: "ES256", cose: -7 };
}

/** The envelope with a token over its signature; `unsignedAttributes` are not part of what is signed. */
function stamped(envelope: Envelope, changes: TokenChanges = {}, by: Authority = tsa): Envelope {
  return withToken(envelope, makeToken(envelope.signature, by, { genTime: STAMPED, ...changes }));
}

function withToken(envelope: Envelope, timestampSignature: Uint8Array): Envelope {
  return { ...envelope, unsignedAttributes: { ...envelope.unsignedAttributes, timestampSignature } };
}

function asking(by: Signer, more: Partial<Trust> = {}, roots: readonly Uint8Array[] = [tsa.root]): Trust {
  const trust = trusting(by);
  return { ...trust, trustAnchors: { ...trust.trustAnchors, tsa: roots.map(readCertificate) }, ...more };
}

function verify(envelope: Envelope, trust: Trust, at = LATE, provider: CryptoProvider = crypto) {
  return verifySignature(envelope, artifact, trust, { crypto: provider, now: () => at });
}

function timestampOf(outcome: VerificationOutcome): ValidationResult {
  return outcome.validations.authenticTimestamp.result;
}

const codeOf = (result: ValidationResult) => "refusal" in result ? result.refusal.code : result.status;
const good = signer();

describe("a timestamp by a trusted authority", () => {
  it.each([["JWS", jws], ["COSE", cose]])("outlives the certificates: %s", async (_, make) => {
    const outcome = await verify(stamped(make(good), { accuracy: { seconds: [1] } }), asking(good));
    expect(verdict(outcome)).toBe("verified");
    expect(timestampOf(outcome)).toMatchObject({
      status: "passed",
      evidence: {
        basis: "timestamp",
        timestamp: "trusted",
        instant: "2026-06-01T12:00:00.000Z",
        accuracySeconds: 1,
        earliest: "2026-06-01T11:59:59Z",
        latest: "2026-06-01T12:00:01Z",
        authority: "CN=tsa signer,O=Time,C=US",
        issuers: ["CN=tsa intermediate,O=Time,C=US", "CN=tsa root,O=Time,C=US"],
        authorityRevocation: "nonRevokable",
      },
    });
  });

  it("does not outlive the signer's own expiry", async () => {
    const outcome = await verify(stamped(jws(good, { protected: expiring })), asking(good));
    expect(codeOf(outcome.validations.expiry.result)).toBe("SIGNATURE_EXPIRED");
    expect(verdict(outcome)).toBe("failed");
  });

  it("says nothing where no authority is trusted", async () => {
    const outcome = await verify(stamped(jws(good)), trusting(good));
    expect(timestampOf(outcome)).toMatchObject({
      refusal: { code: "CERTIFICATE_EXPIRED" },
      evidence: { timestamp: "not evaluated" },
    });
  });

  it("says nothing under a signing authority, whose own time counts", async () => {
    const envelope = stamped(jws(good, { protected: authority }));
    const trust = asking(good);
    const both = { ...trust, trustAnchors: { ...trust.trustAnchors, signingAuthority: trust.trustAnchors.ca } };
    const result = timestampOf(await verify(envelope, both));
    expect(result).toMatchObject({ evidence: { basis: "authentic signing time", timestamp: "not evaluated" } });
  });

  it("is not judged where a primitive is missing", async () => {
    const envelope = stamped(jws(good));
    const lacking: CryptoProvider = {
      ...crypto,
      verify: (algorithm, key, signature, data) =>
        tsa.certificates.some((der) => readCertificate(der).publicKey === key)
          ? Promise.reject(new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "not here"))
          : crypto.verify(algorithm, key, signature, data),
    };
    const outcome = await verify(envelope, asking(good), LATE, lacking);
    expect(timestampOf(outcome)).toMatchObject({ status: "inconclusive", refusal: { code: "ERR_CRYPTO_UNAVAILABLE" } });
    expect(verdict(outcome)).toBe("inconclusive");
  });
});

const PREFIX = "failed to verify the timestamp countersignature with error: failed to verify signed token";

describe("a timestamp that is asked for and proves nothing", () => {
  const stranger = makeAuthority({ root: { key: ecKey() } });
  const withOcsp = makeAuthority({ signer: { extensions: [...AUTHORITY, ocspAt("http://ocsp.example/")] } });
  const unusable = {
    unusableStores: {
      tsa: { code: "ERR_TRUST_STORE", message: "Cannot use store", evidence: { reference: "the store is bad" } },
    },
  } as const;

  it.each<readonly [string, () => Envelope, Trust, string, string | undefined]>([
    [
      "none",
      () => jws(good),
      asking(good),
      "TIMESTAMP_MISSING",
      "no timestamp countersignature was found in the signature envelope",
    ],
    ["not one", () => withToken(jws(good), Uint8Array.of(0x30, 0)), asking(good), "ERR_TIMESTAMP", undefined],
    [
      "of another type",
      () => stamped(jws(good), { contentType: "1.2.840.113549.1.7.1" }),
      asking(good),
      "ERR_TIMESTAMP",
      "failed to parse timestamp countersignature with error: unexpected content type: 1.2.840.113549.1.7.1. " +
      "Expected to be id-ct-TSTInfo (1.2.840.113549.1.9.16.1.4)",
    ],
    [
      "of another signature",
      () => withToken(jws(good), makeToken(jws(good).signature, tsa, { genTime: STAMPED })),
      asking(good),
      "TIMESTAMP_MISMATCH",
      "failed to get timestamp from timestamp countersignature with error: invalid TSTInfo: mismatched message",
    ],
    [
      "by nobody who is trusted",
      () => stamped(jws(good), {}, stranger),
      asking(good),
      "TIMESTAMP_AUTHORITY_NOT_TRUSTED",
      undefined,
    ],
    [
      "by an authority whose root is elsewhere",
      () => stamped(jws(good), { certificates: tsa.certificates.slice(0, 1) }),
      asking(good),
      "TIMESTAMP_AUTHORITY_NOT_TRUSTED",
      `${PREFIX}: cms verification failure: x509: certificate signed by unknown authority`,
    ],
    [
      "with a signature that does not fit",
      () => stamped(jws(good), { signature: (bytes) => bytes.map((byte, index) => index === 20 ? byte ^ 1 : byte) }),
      asking(good),
      "TIMESTAMP_INVALID",
      `${PREFIX}: cms verification failure: x509: ECDSA verification failure`,
    ],
    [
      "by a trusted store that is empty",
      () => stamped(jws(good)),
      asking(good, {}, []),
      "TRUST_ANCHOR_MISSING",
      "no trusted TSA certificate found in trust store",
    ],
    [
      "by a trusted store that cannot be used",
      () => stamped(jws(good)),
      asking(good, unusable, []),
      "ERR_TRUST_STORE",
      "failed to load tsa trust store with error: the store is bad",
    ],
    [
      "of another signature, by a store that cannot be used",
      () => withToken(jws(good), makeToken(jws(good).signature, tsa)),
      asking(good, unusable, []),
      "TIMESTAMP_MISMATCH",
      "failed to get timestamp from timestamp countersignature with error: invalid TSTInfo: mismatched message",
    ],
    [
      "by an authority that could be revoked",
      () => stamped(jws(good), {}, withOcsp),
      asking(good, {}, [withOcsp.root]),
      "REVOCATION_NOT_CHECKED",
      'timestamping certificate with subject "CN=tsa signer,O=Time,C=US" revocation status is unknown',
    ],
  ])("refuses one %s", async (_, make, trust, code, sentence) => {
    const outcome = await verify(make(), trust, EARLY);
    expect(codeOf(timestampOf(outcome))).toBe(code);
    expect(verdict(outcome)).toBe(code === "REVOCATION_NOT_CHECKED" ? "inconclusive" : "failed");
    expect(signatureReferenceText(outcome)).toBe(sentence);
  });

  it("asks for the authority's revocation even where the level skips the signer's", async () => {
    const level = { name: "custom", actions: { ...STRICT.actions, revocation: "skip" } } as const;
    const trust = asking(good, { level }, [withOcsp.root]);
    const outcome = await verify(stamped(jws(good), {}, withOcsp), trust, EARLY);
    expect(outcome.validations.revocation.result.status).toBe("skipped");
    expect(codeOf(timestampOf(outcome))).toBe("REVOCATION_NOT_CHECKED");
  });

  it("is only a note where the level says so", async () => {
    const level = { name: "permissive", actions: { ...STRICT.actions, authenticTimestamp: "log" } } as const;
    const outcome = await verify(jws(good), asking(good, { level }), EARLY);
    expect(codeOf(timestampOf(outcome))).toBe("TIMESTAMP_MISSING");
    expect(verdict(outcome)).toBe("verified");
  });

  it("never verifies with less trust than it failed with", async () => {
    const late = stamped(jws(good));
    expect(verdict(await verify(late, asking(good)))).toBe("verified");
    for (const roots of [[], [stranger.root]]) {
      expect(verdict(await verify(late, asking(good, {}, roots)))).toBe("failed");
    }
    expect(verdict(await verify(late, trusting(good)))).toBe("failed");
  });
});

describe("the interval of a timestamp against the certificates", () => {
  /** Each row: accuracy, the validity of leaf and root, and which end is outside. The token is of 12:00:00. */
  const two = { accuracy: { seconds: [2] } };
  it.each<readonly [string, TokenChanges, Validity, Validity, "before" | "after" | undefined]>([
    ["exactly from the first second", two, { notBefore: "20260601115958Z" }, {}, undefined],
    ["a second early", two, { notBefore: "20260601115959Z" }, {}, "before"],
    ["exactly to the last second", two, { notAfter: "20260601120002Z" }, {}, undefined],
    ["a second late", two, { notAfter: "20260601120001Z" }, {}, "after"],
    ["a root a second early", two, {}, { notBefore: "20260601115959Z" }, "before"],
    ["a root a second late", two, {}, { notAfter: "20260601120001Z" }, "after"],
    ["a root to the last second", two, {}, { notAfter: "20260601120002Z" }, undefined],
    ["no accuracy, on the first second", {}, { notBefore: STAMPED }, {}, undefined],
    ["no accuracy, on the last second", {}, { notAfter: STAMPED }, {}, undefined],
    ["a microsecond early", { accuracy: { micros: [1] } }, { notBefore: STAMPED }, {}, "before"],
    ["a microsecond late", { accuracy: { micros: [1] } }, { notAfter: STAMPED }, {}, "after"],
    ["a millisecond late", { accuracy: { millis: [1] } }, { notAfter: STAMPED }, {}, "after"],
    [
      "seconds, milliseconds and microseconds that make two whole seconds",
      { genTime: "20260601120000.5Z", accuracy: { seconds: [1], millis: [0x01, 0xf3], micros: [0x03, 0xe7] } },
      { notBefore: "20260601115959Z", notAfter: "20260601120002Z" },
      {},
      undefined,
    ],
    [
      "the default second of the baseline policy",
      { policy: "0.4.0.2023.1.1" },
      { notBefore: STAMPED },
      {},
      "before",
    ],
    ["no default second under another policy", { policy: "0.4.0.2023.1.2" }, { notBefore: STAMPED }, {}, undefined],
    ["an instant before the certificates", { genTime: "20251231235959Z" }, {}, {}, "before"],
    ["an instant after the certificates", { genTime: "20270101000001Z" }, {}, {}, "after"],
  ])("%s", async (_, changes, leaf, root, outside) => {
    const by = signer(leaf, root);
    const outcome = await verify(stamped(jws(by), changes), asking(by));
    expect(codeOf(timestampOf(outcome))).toBe(outside === undefined ? "passed" : "TIMESTAMP_OUTSIDE_VALIDITY");
    expect(timestampOf(outcome)).toMatchObject({ evidence: { basis: "timestamp", ...(outside && { side: outside }) } });
  });

  it("is refused in the reference's words", async () => {
    const early = signer({ notBefore: "20260601120001Z" });
    expect(signatureReferenceText(await verify(stamped(jws(early)), asking(early)))).toBe(
      'timestamp can be before certificate "CN=leaf,O=Notary,ST=WA,C=US" validity period, it will be valid from ' +
        '"Mon, 01 Jun 2026 12:00:01 +0000"',
    );
    const late = signer({}, { notAfter: "20260601115959Z" });
    expect(signatureReferenceText(await verify(stamped(jws(late)), asking(late)))).toBe(
      'timestamp can be after certificate "CN=root,O=Notary,ST=WA,C=US" validity period, it was expired at ' +
        '"Mon, 01 Jun 2026 11:59:59 +0000"',
    );
  });
});

describe("verifyTimestamp afterCertExpiry", () => {
  const after = { verifyTimestamp: "afterCertExpiry" } as const;

  it.each<readonly [string, () => Envelope, Date, string]>([
    ["an unexpired signature without a timestamp passes", () => jws(good), EARLY, "passed"],
    ["an unexpired signature with a bad one passes", () => withToken(jws(good), Uint8Array.of(1)), EARLY, "passed"],
    ["on the last second nothing has expired", () => jws(good), new Date("2027-01-01T00:00:00Z"), "passed"],
    ["after it one is needed", () => jws(good), new Date("2027-01-01T00:00:01Z"), "TIMESTAMP_MISSING"],
    ["after it a good one passes", () => stamped(jws(good)), LATE, "passed"],
    [
      "before its time no timestamp helps",
      () => stamped(jws(good)),
      new Date("2025-01-01T00:00:00Z"),
      "CERTIFICATE_NOT_YET_VALID",
    ],
  ])("%s", async (_, make, at, expected) => {
    expect(codeOf(timestampOf(await verify(make(), asking(good, after), at)))).toBe(expected);
  });

  it("looks at every certificate", async () => {
    const by = signer({}, { notAfter: "20260701000000Z" });
    const result = timestampOf(await verify(jws(by), asking(by, after), new Date("2026-08-01T00:00:00Z")));
    expect(codeOf(result)).toBe("TIMESTAMP_MISSING");
  });

  it("with `always` a timestamp is needed before anything expired", async () => {
    const always = asking(good, { verifyTimestamp: "always" });
    expect(codeOf(timestampOf(await verify(jws(good), always, EARLY)))).toBe("TIMESTAMP_MISSING");
    const before = stamped(jws(good));
    expect(codeOf(timestampOf(await verify(before, always, new Date("2025-01-01T00:00:00Z"))))).toBe("passed");
  });
});
