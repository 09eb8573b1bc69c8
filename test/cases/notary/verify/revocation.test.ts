/** What revocation means for a signature: whom it asks, when it asks nobody, and what it says. */
import { beforeAll, describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import {
  firstRefusal,
  signatureReferenceText,
  STRICT,
  type Trust,
  verdict,
  type VerificationPorts,
  verifySignature,
} from "../../../../src/notary/mod.ts";
import { createRevocationChecker } from "../../../../src/revocation/mod.ts";
import {
  basicConstraints,
  ecKey,
  keyUsage,
  LEAF,
  makeCertificate,
  ocspAt,
  subject,
  USAGE,
} from "../../../run/certificate_maker.ts";
import type { Signer } from "../../../run/envelope_maker.ts";
import {
  crlDistributionPoints,
  invalidityDate,
  makeCrl,
  makeOcspResponse,
  type StatusFields,
} from "../../../run/revocation_maker.ts";
import { after, DAY, HOUR } from "../../revocation/cast.ts";
import { type Answerer, network } from "../../revocation/network.ts";
import { artifact, AT, authority, byAuthority, jws, trusting } from "./refusals.ts";
import { chained, stranger } from "./signers.ts";

const crypto = createWebCryptoProvider();
const OCSP = "http://ocsp.example.com/";
const CRL = "http://crl.example.com/ca.crl";
const keys = { root: ecKey(), middle: ecKey(), leaf: ecKey() };
const issuing = [basicConstraints(true), keyUsage([USAGE.keyCertSign, USAGE.cRLSign])];

/** The leaf names a responder, the intermediate a CRL. */
const signer: Signer = {
  key: keys.leaf,
  chain: [
    makeCertificate({
      subject: subject("leaf"),
      issuer: subject("middle"),
      key: keys.leaf,
      issuerKey: keys.middle,
      serialNumber: [0x51],
      extensions: [...LEAF, ocspAt(OCSP)],
    }),
    makeCertificate({
      subject: subject("middle"),
      issuer: subject("root"),
      key: keys.middle,
      issuerKey: keys.root,
      serialNumber: [0x61],
      extensions: [...issuing, crlDistributionPoints({ urls: [CRL] })],
    }),
    makeCertificate({ subject: subject("root"), key: keys.root, extensions: issuing }),
  ],
  jws: "ES256",
  cose: -7,
};

const ocspAnswer = (changes: Partial<StatusFields> = {}) =>
  makeOcspResponse({
    producedAt: after(AT, -HOUR),
    signer: keys.middle,
    statuses: [{
      serialNumber: [0x51],
      issuer: subject("middle"),
      issuerKey: keys.middle,
      status: "good",
      thisUpdate: after(AT, -HOUR),
      nextUpdate: after(AT, DAY),
      ...changes,
    }],
  });
const REVOKED_AT = after(AT, -DAY);
const revoked = { status: "revoked", revokedAt: REVOKED_AT, reason: 1 } as const;
const crlAnswer = (listed = false) =>
  makeCrl({
    issuer: subject("root"),
    key: keys.root,
    thisUpdate: after(AT, -HOUR),
    nextUpdate: after(AT, DAY),
    entries: listed ? [{ serialNumber: [0x61], revokedAt: REVOKED_AT, reason: 2 }] : [],
  });

function asking(answers: Readonly<Record<string, Uint8Array | Answerer>>) {
  const { asked, ...world } = network(answers);
  const now = () => AT;
  const ports: VerificationPorts = { crypto, now, revocation: createRevocationChecker({ crypto, now, ...world }) };
  return { asked, ports };
}
const judge = async (answers: Readonly<Record<string, Uint8Array>>, trust: Trust = trusting(signer)) => {
  const { asked, ports } = asking(answers);
  const outcome = await verifySignature(jws(signer), artifact, trust, ports);
  return { asked: asked.map(({ url }) => url).sort(), outcome, result: outcome.validations.revocation.result };
};

describe("validateRevocation() with someone to ask", () => {
  it("passes when every certificate is good, and shows who said so until when", async () => {
    const { outcome, result, asked } = await judge({ [OCSP]: ocspAnswer(), [CRL]: crlAnswer() });
    expect(verdict(outcome)).toBe("verified");
    expect(asked).toEqual([CRL, OCSP]);
    const until = after(AT, DAY).toISOString();
    expect(result).toEqual({
      status: "passed",
      evidence: {
        status: "ok",
        certificates: [
          `CN=leaf,O=Notary,ST=WA,C=US: ocsp "${OCSP}" says ok until ${until}`,
          `CN=middle,O=Notary,ST=WA,C=US: crl "${CRL}" says ok until ${until}`,
        ],
      },
    });
  });

  it("fails of a revoked leaf, with where, when and why", async () => {
    const { outcome, result } = await judge({ [OCSP]: ocspAnswer(revoked), [CRL]: crlAnswer() });
    expect(verdict(outcome)).toBe("failed");
    expect(firstRefusal(outcome)).toMatchObject({
      code: "CERTIFICATE_REVOKED",
      class: "denied",
      retry: false,
      message: 'Cannot rely on certificate "CN=leaf,O=Notary,ST=WA,C=US": it was revoked at ' +
        `${REVOKED_AT.toISOString()} for keyCompromise, says "${OCSP}"`,
    });
    expect(result).toMatchObject({
      evidence: {
        subject: "CN=leaf,O=Notary,ST=WA,C=US",
        status: "revoked",
        method: "ocsp",
        url: OCSP,
        thisUpdate: after(AT, -HOUR).toISOString(),
        nextUpdate: after(AT, DAY).toISOString(),
        revokedAt: REVOKED_AT.toISOString(),
        reason: "keyCompromise",
      },
    });
    expect(signatureReferenceText(outcome)).toBe(
      'signing certificate with subject "CN=leaf,O=Notary,ST=WA,C=US" is revoked',
    );
  });

  it("fails of a revoked intermediate", async () => {
    const { outcome, result } = await judge({ [OCSP]: ocspAnswer(), [CRL]: crlAnswer(true) });
    expect(firstRefusal(outcome)?.code).toBe("CERTIFICATE_REVOKED");
    expect(result).toMatchObject({ evidence: { method: "crl", url: CRL, reason: "cACompromise" } });
    expect(signatureReferenceText(outcome)).toBe(
      'signing certificate with subject "CN=middle,O=Notary,ST=WA,C=US" is revoked',
    );
  });

  it("says revoked rather than unknown", async () => {
    const { outcome } = await judge({ [CRL]: crlAnswer(true) });
    expect(firstRefusal(outcome)?.code).toBe("CERTIFICATE_REVOKED");
  });

  it("cannot tell when nobody answers, and a retry may help", async () => {
    const { outcome, result } = await judge({ [CRL]: crlAnswer() });
    expect(verdict(outcome)).toBe("inconclusive");
    expect(firstRefusal(outcome)).toMatchObject({
      code: "REVOCATION_UNKNOWN",
      class: "unavailable",
      retry: true,
      message: 'Cannot tell whether certificate "CN=leaf,O=Notary,ST=WA,C=US" is revoked: ' +
        `ocsp "${OCSP}" answered with HTTP status 404, expected 200`,
    });
    expect(result).toMatchObject({
      evidence: { status: "unknown", problem: "unreachable", method: "ocsp", url: OCSP },
    });
    expect(signatureReferenceText(outcome)).toBe(
      'signing certificate with subject "CN=leaf,O=Notary,ST=WA,C=US" revocation status is unknown',
    );
  });

  it("passes certificates that name nobody, asking nobody", async () => {
    const plain = chained();
    const { asked, ports } = asking({});
    const outcome = await verifySignature(jws(plain), artifact, trusting(plain), ports);
    expect(outcome.validations.revocation.result).toEqual({ status: "passed", evidence: { status: "nonRevokable" } });
    expect(asked).toEqual([]);
  });

  it("lets an authority's signing time stand against later misuse of the key", async () => {
    const suspicious = (since: Date) =>
      asking({ [OCSP]: ocspAnswer({ ...revoked, extensions: [invalidityDate(since)] }), [CRL]: crlAnswer() }).ports;
    const envelope = jws(signer, { protected: authority });
    const signedAt = envelope.signedAttributes.authenticSigningTime?.instant as Date;
    const codes = await Promise.all([HOUR, -HOUR].map(async (offset) =>
      firstRefusal(
        await verifySignature(envelope, artifact, byAuthority(signer), suspicious(after(signedAt, offset))),
      )?.code
    ));
    expect(codes).toEqual([undefined, "CERTIFICATE_REVOKED"]);
  });
});

describe("validateRevocation() asks nobody", () => {
  let untouched: Awaited<ReturnType<typeof judge>>;
  beforeAll(async () => {
    untouched = await judge({ [OCSP]: ocspAnswer(), [CRL]: crlAnswer() }, trusting(stranger));
  });

  it("in the name of a signer who is not trusted: a stranger chose those URLs", () => {
    expect(untouched.asked).toEqual([]);
    expect(firstRefusal(untouched.outcome)?.code).toBe("SIGNER_NOT_TRUSTED");
    expect(untouched.result).toMatchObject({ status: "inconclusive", refusal: { code: "REVOCATION_NOT_CHECKED" } });
  });

  it("about an envelope that was changed", async () => {
    const { asked, ports } = asking({ [OCSP]: ocspAnswer(), [CRL]: crlAnswer() });
    const changed = jws(signer, {
      members: (members) => {
        members["payload"] = Buffer.from(`${JSON.stringify({ targetArtifact: artifact })} `).toString("base64url");
      },
    });
    const outcome = await verifySignature(changed, artifact, trusting(signer), ports);
    expect(outcome.validations.integrity.result.status).toBe("failed");
    expect(asked).toEqual([]);
  });

  it("where the level skips it", async () => {
    const level = { name: "custom" as const, actions: { ...STRICT.actions, revocation: "skip" as const } };
    const { asked, outcome } = await judge({}, trusting(signer, { level }));
    expect([verdict(outcome), asked]).toEqual(["verified", []]);
  });

  it("without a checker, which leaves the status unknown", async () => {
    const outcome = await verifySignature(jws(signer), artifact, trusting(signer), { crypto, now: () => AT });
    expect(firstRefusal(outcome)?.code).toBe("REVOCATION_NOT_CHECKED");
  });

  it("once the time is over", async () => {
    const { asked, ports } = asking({ [OCSP]: ocspAnswer(), [CRL]: crlAnswer() });
    const signal = AbortSignal.abort(new Error("over"));
    const outcome = await verifySignature(jws(signer), artifact, trusting(signer), { ...ports, signal });
    expect(firstRefusal(outcome)?.code).toBe("REVOCATION_UNKNOWN");
    expect(asked).toEqual([]);
  });
});
