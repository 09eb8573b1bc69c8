import { createPublicKey, verify as nodeVerify } from "node:crypto";
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
import type { Descriptor } from "../../../../src/oci/mod.ts";
import type { CryptoProvider } from "../../../../src/ports.ts";
import { readCertificate } from "../../../../src/x509/mod.ts";
import {
  basicConstraints,
  CA,
  crlAt,
  ecKey,
  extKeyUsage,
  fixtureKey,
  keyUsage,
  LEAF,
  makeCertificate,
  ocspAt,
  PURPOSE,
  subject,
  USAGE,
} from "../../../run/certificate_maker.ts";
import {
  ARTIFACT,
  AUTHENTIC_TIME,
  cborText,
  EXPIRY,
  type JwsChanges,
  makeCose,
  makeJws,
  SCHEME,
  setHeader,
  type Signer,
  SIGNING_TIME,
} from "../../../run/envelope_maker.ts";
import { signers } from "../envelope/rows.ts";

const crypto = createWebCryptoProvider();
const AT = new Date("2026-06-01T00:00:00Z");
const artifact: Descriptor = ARTIFACT;

const trusting = (signer: Signer, changes: Partial<Trust> = {}): Trust => ({
  name: "test",
  level: STRICT,
  trustAnchors: { ca: signer.chain.slice(-1).map((bytes) => readCertificate(bytes)), signingAuthority: [] },
  ...changes,
});
const level = (actions: Partial<Record<ValidationType, ValidationAction>>): Trust["level"] => ({
  name: "custom",
  actions: { ...STRICT.actions, ...actions },
});
const jws = (signer: Signer, changes: JwsChanges = {}): Envelope =>
  decodeEnvelope({ mediaType: "application/jose+json", bytes: makeJws(signer, changes) });
const cose = (signer: Signer, changes: Parameters<typeof makeCose>[1] = {}): Envelope =>
  decodeEnvelope({ mediaType: "application/cose", bytes: makeCose(signer, changes) });

const verify = (envelope: Envelope, trust: Trust, { at = AT, provider = crypto, target = artifact } = {}) =>
  verifySignature(envelope, target, trust, { crypto: provider, now: () => at });

/** Leaf below intermediate below root, with curves. */
function chained(leaf: readonly Uint8Array[] = LEAF, intermediate: readonly Uint8Array[] = CA): Signer {
  const keys = { root: ecKey(), intermediate: ecKey(), leaf: ecKey() };
  const chain = [
    makeCertificate({
      subject: subject("leaf"),
      issuer: subject("middle"),
      key: keys.leaf,
      issuerKey: keys.intermediate,
      extensions: leaf,
    }),
    makeCertificate({
      subject: subject("middle"),
      issuer: subject("root"),
      key: keys.intermediate,
      issuerKey: keys.root,
      extensions: intermediate,
    }),
    makeCertificate({ subject: subject("root"), key: keys.root, extensions: CA }),
  ];
  return { key: keys.leaf, chain, jws: "ES256", cose: -7 };
}
const chain = chained();

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

interface Refusal {
  readonly name: string;
  readonly envelope: () => Envelope;
  readonly trust: Trust;
  readonly at?: string;
  readonly target?: Descriptor;
  readonly type: ValidationType | "targetArtifact";
  readonly code: string;
  readonly verdict?: "failed" | "inconclusive";
  /** The reference's sentence; `undefined` where it accepts. */
  readonly reference: string | undefined;
}

const stranger = chained();
const reissued: Signer = {
  ...signers.rsa,
  chain: [
    makeCertificate({
      subject: subject("rsa-2048-self"),
      key: signers.rsa.key,
      extensions: LEAF,
      serialNumber: [0x77],
    }),
  ],
};
const shortLived: Signer = {
  key: signers.curve.key,
  chain: [
    makeCertificate({
      subject: subject("short"),
      key: signers.curve.key,
      extensions: LEAF,
      notBefore: "20260101000000Z",
      notAfter: "20260601000000Z",
    }),
  ],
  jws: "ES256",
  cose: -7,
};
const withOcsp = chained([...LEAF, ocspAt("http://ocsp.example/")]);
const withCrl = chained(LEAF, [...CA, crlAt("http://crl.example/ca.crl")]);
const anyPurpose: Signer = {
  ...signers.curve,
  chain: [
    makeCertificate({
      subject: subject("any"),
      key: signers.curve.key,
      extensions: [...LEAF, extKeyUsage(PURPOSE.any)],
    }),
  ],
};
const authority = (header: Record<string, unknown>) => {
  delete header[SIGNING_TIME];
  header[SCHEME] = "notary.x509.signingAuthority";
  header[AUTHENTIC_TIME] = "2026-01-01T00:00:00Z";
  header["crit"] = [SCHEME, AUTHENTIC_TIME];
};
const expiring = (header: Record<string, unknown>) => {
  header[EXPIRY] = "2026-11-23T17:40:16+09:00";
  header["crit"] = [SCHEME, EXPIRY];
};
const critical = (name: string, value: unknown) => (header: Record<string, unknown>) => {
  header[name] = value;
  header["crit"] = [SCHEME, name];
};
const PLUGIN = "io.cncf.notary.verificationPlugin";
const byAuthority = (anchors: Signer): Trust =>
  trusting(signers.rsa, {
    trustAnchors: { ca: [], signingAuthority: anchors.chain.map((bytes) => readCertificate(bytes)) },
  });

const REFUSALS: readonly Refusal[] = [
  {
    name: "an algorithm the key does not call for, of another kind",
    envelope: () => jws(signers.rsa, { protected: (header) => (header["alg"] = "ES256") }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "SIGNATURE_ALGORITHM_MISMATCH",
    reference: "signature is invalid. Error: key is of invalid type",
  },
  {
    name: "an algorithm the key does not call for, in COSE",
    envelope: () => cose({ ...signers.rsa, cose: -38 }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "SIGNATURE_ALGORITHM_MISMATCH",
    reference: "signature is invalid. Error: algorithm mismatch: verifier PS256: header PS384",
  },
  {
    name: "an RSA-PSS salt of 20 in JWS, which the reference accepts",
    envelope: () => jws(signers.rsa, { saltLength: 20 }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "SIGNATURE_MISMATCH",
    reference: "signature is invalid. Error: crypto/rsa: verification error",
  },
  {
    name: "an RSA-PSS salt of 20 in COSE",
    envelope: () => cose(signers.rsa, { saltLength: 20 }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "SIGNATURE_MISMATCH",
    reference: "signature is invalid. Error: verification error",
  },
  {
    name: "an ECDSA signature as DER",
    envelope: () => jws(signers.curve, { derSignature: true }),
    trust: trusting(signers.curve),
    type: "integrity",
    code: "SIGNATURE_MISMATCH",
    reference: "signature is invalid. Error: crypto/ecdsa: verification error",
  },
  {
    name: "a chain without its root",
    envelope: () => jws({ ...chain, chain: chain.chain.slice(0, 2) }),
    trust: trusting(chain),
    type: "integrity",
    code: "CERTIFICATE_CHAIN_INVALID",
    reference:
      'certificate-chain is invalid, root certificate with subject "CN=middle,O=Notary,ST=WA,C=US" is invalid or ' +
      "not self-signed. Certificate chain must end with a valid self-signed root certificate. Error: x509: ECDSA " +
      "verification failure",
  },
  {
    name: "a leaf that is a CA",
    envelope: () => jws(chained([basicConstraints(true), keyUsage([USAGE.digitalSignature])])),
    trust: trusting(chain),
    type: "integrity",
    code: "CERTIFICATE_CHAIN_INVALID",
    reference: 'certificate-chain is invalid, certificate with subject "CN=leaf,O=Notary,ST=WA,C=US": if the basic ' +
      "constraints extension is present, the ca field must be set to false",
  },
  {
    name: "a leaf for any purpose, which the reference accepts",
    envelope: () => jws(anyPurpose),
    trust: trusting(anyPurpose),
    type: "integrity",
    code: "CERTIFICATE_CHAIN_INVALID",
    reference: undefined,
  },
  {
    name: "an unknown critical attribute, which the reference accepts",
    envelope: () => jws(signers.rsa, { protected: critical("com.example.must", 1) }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "CRITICAL_ATTRIBUTE_UNKNOWN",
    reference: undefined,
  },
  {
    name: "a verification plugin",
    envelope: () => jws(signers.rsa, { protected: critical(PLUGIN, "com.example.plugin") }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "VERIFICATION_PLUGIN_REQUIRED",
    reference: "plugin unsupported due to nil verifier.pluginManager",
  },
  {
    name: "a verification plugin that is not marked critical",
    envelope: () => cose(signers.rsa, { protected: (entries) => setHeader(entries, PLUGIN, cborText("p")) }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "VERIFICATION_PLUGIN_REQUIRED",
    reference: "plugin unsupported due to nil verifier.pluginManager",
  },
  {
    name: "a plugin version without a plugin, which the reference accepts",
    envelope: () => jws(signers.rsa, { protected: critical(`${PLUGIN}MinVersion`, "1.0.0") }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "CRITICAL_ATTRIBUTE_UNKNOWN",
    reference: undefined,
  },
  {
    name: "a signer who is not trusted",
    envelope: () => jws(stranger),
    trust: trusting(chain),
    type: "authenticity",
    code: "SIGNER_NOT_TRUSTED",
    reference: "the signature's certificate chain does not contain any trusted certificate",
  },
  {
    name: "a certificate issued anew with the same key and name",
    envelope: () => jws(reissued),
    trust: trusting(signers.rsa),
    type: "authenticity",
    code: "SIGNER_NOT_TRUSTED",
    reference: "the signature's certificate chain does not contain any trusted certificate",
  },
  {
    name: "no trusted certificate at all",
    envelope: () => jws(chain),
    trust: trusting(chain, { trustAnchors: { ca: [], signingAuthority: [] } }),
    type: "authenticity",
    code: "TRUST_ANCHOR_MISSING",
    reference: "no trusted certificates are found to verify authenticity",
  },
  {
    name: "a signing authority that is trusted as ca only",
    envelope: () => jws(signers.rsa, { protected: authority }),
    trust: trusting(signers.rsa),
    type: "authenticity",
    code: "TRUST_ANCHOR_MISSING",
    reference: "no trusted certificates are found to verify authenticity",
  },
  {
    name: "a signer who is trusted as signing authority only",
    envelope: () => jws(signers.rsa),
    trust: byAuthority(signers.rsa),
    type: "authenticity",
    code: "TRUST_ANCHOR_MISSING",
    reference: "no trusted certificates are found to verify authenticity",
  },
  {
    name: "the instant of expiry",
    envelope: () => jws(signers.rsa, { protected: expiring }),
    trust: trusting(signers.rsa),
    at: "2026-11-23T08:40:16Z",
    type: "expiry",
    code: "SIGNATURE_EXPIRED",
    reference: 'digital signature has expired on "Mon, 23 Nov 2026 17:40:16 +0900"',
  },
  {
    name: "a second after the certificate's last",
    envelope: () => jws(shortLived),
    trust: trusting(shortLived),
    at: "2026-06-01T00:00:00.001Z",
    type: "authenticTimestamp",
    code: "CERTIFICATE_EXPIRED",
    reference:
      'verification time is after certificate "CN=short,O=Notary,ST=WA,C=US" validity period, it was expired at ' +
      '"Mon, 01 Jun 2026 00:00:00 +0000"',
  },
  {
    name: "a second before the certificate's first",
    envelope: () => jws(shortLived),
    trust: trusting(shortLived),
    at: "2025-12-31T23:59:59Z",
    type: "authenticTimestamp",
    code: "CERTIFICATE_NOT_YET_VALID",
    reference:
      'verification time is before certificate "CN=short,O=Notary,ST=WA,C=US" validity period, it will be valid ' +
      'from "Thu, 01 Jan 2026 00:00:00 +0000"',
  },
  {
    name: "an authentic signing time outside the certificate's validity",
    envelope: () =>
      jws(shortLived, {
        protected: (header) => {
          authority(header);
          header[AUTHENTIC_TIME] = "2026-07-01T00:00:00Z";
        },
      }),
    trust: byAuthority(shortLived),
    at: "2026-05-01T00:00:00Z",
    type: "authenticTimestamp",
    code: "CERTIFICATE_EXPIRED",
    reference: 'certificate "CN=short,O=Notary,ST=WA,C=US" was not valid when the digital signature was produced at ' +
      '"Wed, 01 Jul 2026 00:00:00 +0000"',
  },
  {
    name: "a leaf that names an OCSP responder",
    envelope: () => jws(withOcsp),
    trust: trusting(withOcsp),
    type: "revocation",
    code: "REVOCATION_NOT_CHECKED",
    verdict: "inconclusive",
    reference: 'signing certificate with subject "CN=leaf,O=Notary,ST=WA,C=US" revocation status is unknown',
  },
  {
    name: "an intermediate that names a CRL",
    envelope: () => jws(withCrl),
    trust: trusting(withCrl),
    type: "revocation",
    code: "REVOCATION_NOT_CHECKED",
    verdict: "inconclusive",
    reference: 'signing certificate with subject "CN=middle,O=Notary,ST=WA,C=US" revocation status is unknown',
  },
  ...([
    ["another digest", { ...artifact, digest: `sha256:${"cd".repeat(32)}` }],
    ["another size", { ...artifact, size: 563 }],
    ["another media type", { ...artifact, mediaType: "application/vnd.docker.distribution.manifest.v2+json" }],
  ] as const).map(([name, target]): Refusal => ({
    name,
    envelope: () => jws(signers.rsa),
    trust: trusting(signers.rsa),
    target: target as Descriptor,
    type: "targetArtifact",
    code: "TARGET_ARTIFACT_MISMATCH",
    reference: "content descriptor mismatch",
  })),
  {
    name: "a payload without targetArtifact",
    envelope: () => jws(signers.rsa, { payload: '{"a":1}' }),
    trust: trusting(signers.rsa),
    type: "targetArtifact",
    code: "ERR_PAYLOAD",
    reference: undefined,
  },
];

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
