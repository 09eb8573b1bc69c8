/** Envelopes published by the reference implementation: old headers, signing authorities, plugins, conformance. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import {
  decodeEnvelope,
  type Envelope,
  firstRefusal,
  STRICT,
  verdict,
  verifySignature,
} from "../../../src/notary/mod.ts";
import { readPayload } from "../../../src/notary/mod.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";
import { cborArray, cborBytes, cborInt } from "../../run/envelope_maker.ts";
import { signers } from "./envelope/rows.ts";

const crypto = createWebCryptoProvider();
const read = (file: string) => new Uint8Array(readFileSync(sharedPath("vectors/envelope", file)));
const decode = (file: string): Envelope => {
  const bytes = read(file);
  return decodeEnvelope({ mediaType: bytes[0] === 0xd2 ? "application/cose" : "application/jose+json", bytes });
};

describeIf("shared", "the reference's own envelopes", () => {
  it.each([
    ["ca_valid_sig_env.json", "2022-08-01T00:00:00Z", "ca", "verified", undefined],
    ["ca_expired_sig_env.json", "2022-07-29T23:58:59Z", "ca", "verified", undefined],
    ["ca_expired_sig_env.json", "2022-08-01T00:00:00Z", "ca", "failed", "SIGNATURE_EXPIRED"],
    ["ca_plugin_sig_env.json", "2022-08-01T00:00:00Z", "ca", "failed", "VERIFICATION_PLUGIN_REQUIRED"],
    ["sa_valid_sig_env.json", "2022-08-01T00:00:00Z", "signingAuthority", "verified", undefined],
    ["sa_valid_sig_env.json", "2022-08-01T00:00:00Z", "ca", "failed", "TRUST_ANCHOR_MISSING"],
    ["ca_valid_sig_env.json", "2022-08-01T00:00:00Z", "signingAuthority", "failed", "TRUST_ANCHOR_MISSING"],
    ["sa_expired_sig_env.json", "2022-08-01T00:00:00Z", "signingAuthority", "failed", "SIGNATURE_EXPIRED"],
    ["jws_signature.sig", "2023-03-15T00:00:00Z", "ca", "verified", undefined],
    ["cose_signature.sig", "2023-03-15T00:00:00Z", "ca", "verified", undefined],
    ["sig_env_with_metadata.json", "2023-01-11T20:00:00Z", "ca", "verified", undefined],
    ["sig_env_with_metadata.json", "2023-01-13T00:00:00Z", "ca", "failed", "CERTIFICATE_EXPIRED"],
  ])("%s at %s with its root as %s is %s", async (file, at, store, expected, code) => {
    const envelope = decode(file);
    const root = envelope.certificateChain.slice(-1);
    const trustAnchors = { ca: [], signingAuthority: [], [store]: root };
    const trust = { name: "vectors", level: STRICT, trustAnchors };
    const { targetArtifact } = readPayload(envelope);
    const outcome = await verifySignature(envelope, targetArtifact, trust, { crypto, now: () => new Date(at) });
    expect(verdict(outcome)).toBe(expected);
    expect(firstRefusal(outcome)?.code).toBe(code);
  });

  it.each(["ca_invalid_sig_env.json", "sa_invalid_sig_env.json"])("%s is refused: its payload is padded", (file) => {
    expect(() => decode(file)).toThrow(expect.objectContaining({ code: "ERR_ENVELOPE_FORMAT" }));
  });

  it("reads the metadata of sig_env_with_metadata.json", () => {
    expect(readPayload(decode("sig_env_with_metadata.json")).targetArtifact.annotations).toEqual({
      "io.wabbit-networks.buildId": "123",
      "io.wabbit-networks.buildTime": "1672944615",
    });
  });

  const extended = [
    ["signedCritKey1", true, "signedCritValue1"],
    ["signedKey1", false, "signedValue1"],
  ] as const;

  it("reads the protected header of the JWS conformance vector", () => {
    const vector = JSON.parse(readFileSync(sharedPath("vectors/envelope/jws-conformance.json"), "utf8"));
    vector.header.x5c = [Buffer.from(signers.curve.chain[0]!).toString("base64")];
    const bytes = new TextEncoder().encode(JSON.stringify(vector));
    const { signedAttributes, unsignedAttributes, signedBytes } = decodeEnvelope({
      mediaType: "application/jose+json",
      bytes,
    });
    expect(signedAttributes).toMatchObject({
      signingScheme: "notary.x509",
      signingTime: { instant: new Date("2022-08-29T13:50:00Z"), offsetMinutes: 0 },
      expiry: { instant: new Date("2099-08-30T13:50:00Z") },
    });
    for (const [key, critical, value] of extended) {
      expect(signedAttributes.extended).toContainEqual({ key, critical, value });
    }
    expect(unsignedAttributes.signingAgent).toBe("NotationConformanceTest/1.0.0");
    expect(new TextDecoder().decode(signedBytes)).toBe(`${vector.protected}.${vector.payload}`);
  });

  it("reads the COSE conformance vector, and signs over the same bytes", () => {
    const vector = JSON.parse(readFileSync(sharedPath("vectors/envelope/cose-conformance.json"), "utf8"));
    // The vector has no certificates: they are put beside what it has.
    const whole = Buffer.from(vector.expectedOutput.cborHex, "hex");
    const headers = Buffer.from(vector.unprotectedHeaders.cborHex, "hex");
    const at = whole.indexOf(headers);
    expect(at).toBeGreaterThan(0);
    const chain = [cborInt(33), cborArray(cborBytes(signers.rsa.chain[0]!))];
    const more = Buffer.concat([Uint8Array.of(0xa2), headers.subarray(1), ...chain]);
    const bytes = new Uint8Array(Buffer.concat([whole.subarray(0, at), more, whole.subarray(at + headers.length)]));
    const envelope = decodeEnvelope({ mediaType: "application/cose", bytes });
    expect(envelope.signatureAlgorithm).toBe("RSASSA-PSS-SHA-384");
    expect(envelope.signedAttributes).toMatchObject({
      signingTime: { instant: new Date(vector.signingTime * 1000) },
      expiry: { instant: new Date(vector.expiry * 1000) },
    });
    for (const [key, critical, value] of extended) {
      expect(envelope.signedAttributes.extended).toContainEqual({ key, critical, value });
    }
    expect(Buffer.from(envelope.payload).toString("hex")).toBe(vector.payload.toLowerCase());
    // Sig_structure: an array of four, "Signature1", the protected bytes as received, nothing, the payload.
    const protectedHex = vector.protectedHeaders.cborHex.toLowerCase();
    const length = (protectedHex.length / 2).toString(16).padStart(4, "0");
    const payload = vector.payload.toLowerCase();
    const expected = `846a5369676e617475726531` + `59${length}${protectedHex}` + "40" +
      `4${(payload.length / 2).toString(16)}${payload}`;
    expect(Buffer.from(envelope.signedBytes).toString("hex")).toBe(expected);
  });
});
