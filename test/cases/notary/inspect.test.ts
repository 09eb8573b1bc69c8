import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { decodeEnvelope, type Envelope, inspectEnvelope } from "../../../src/notary/mod.ts";
import { extKeyUsage, LEAF, makeCertificate, PURPOSE, subject } from "../../run/certificate_maker.ts";
import { ARTIFACT, makeCose, makeJws } from "../../run/envelope_maker.ts";
import { signers } from "./envelope/rows.ts";

const crypto = createWebCryptoProvider();
const fixture = (file: string, mediaType: string): Envelope =>
  decodeEnvelope({ mediaType, bytes: new Uint8Array(readFileSync(`test/fixtures/${file}`)) });

interface KeyRow {
  readonly file: string;
  readonly subject: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly fingerprint: string;
}
const keys: readonly KeyRow[] = JSON.parse(readFileSync("test/fixtures/keys.json", "utf8"));

describe("inspectEnvelope()", () => {
  it("names the certificates as openssl does, leaf first", async () => {
    const { certificates } = await inspectEnvelope(
      fixture("envelopes/jws-p-384-chain.jws", "application/jose+json"),
      crypto,
    );
    const expected = ["p-384-chain", "p-384-chain-intermediate", "p-384-chain-root"].map((name) =>
      keys.find(({ file }) => file === `keys/${name}.crt.pem`)!
    );
    expect(certificates.map(({ fingerprint }) => fingerprint)).toEqual(expected.map(({ fingerprint }) => fingerprint));
    expect(certificates.map((certificate) => certificate.subject)).toEqual(expected.map((row) => row.subject));
    expect(certificates.map(({ issuer }) => issuer)).toEqual([1, 2, 2].map((index) => expected[index]!.subject));
    expect(certificates.map(({ notAfter }) => notAfter)).toEqual(expected.map(({ notAfter }) => new Date(notAfter)));
    expect(certificates.map(({ notBefore }) => notBefore)).toEqual(
      expected.map(({ notBefore }) => new Date(notBefore)),
    );
  });

  it("shows the attributes and the artifact of a real COSE envelope with metadata", async () => {
    const rows: readonly { name: string; artifact: object }[] = JSON.parse(
      readFileSync("test/fixtures/envelopes.json", "utf8"),
    );
    const inspection = await inspectEnvelope(fixture("envelopes/metadata-cose.cose", "application/cose"), crypto);
    expect(inspection).toMatchObject({
      mediaType: "application/cose",
      signedAttributes: {
        contentType: "application/vnd.cncf.notary.payload.v1+json",
        signingScheme: "notary.x509",
        signingTime: { instant: expect.any(Date) },
      },
      targetArtifact: rows.find(({ name }) => name === "metadata-cose")!.artifact,
    });
    expect(inspection.unsignedAttributes.signingAgent).toMatch(/^notation-go\/1\.3\./);
    expect(Object.keys(inspection.targetArtifact.annotations ?? {}).length).toBeGreaterThan(0);
  });

  it("shows a tampered signature like any other", async () => {
    const good = decodeEnvelope({ mediaType: "application/cose", bytes: makeCose(signers.rsa) });
    const tampered = { ...good, signature: good.signature.map((byte) => byte ^ 1) };
    expect(await inspectEnvelope(tampered, crypto)).toEqual(await inspectEnvelope(good, crypto));
    expect((await inspectEnvelope(good, crypto)).targetArtifact).toEqual(ARTIFACT);
  });

  it("refuses what the reference does not show: a broken chain, a payload without artifact", async () => {
    const key = signers.curve.key;
    const made = (chain: readonly Uint8Array[], payload?: string) =>
      decodeEnvelope({
        mediaType: "application/jose+json",
        bytes: makeJws({ ...signers.curve, chain }, payload === undefined ? {} : { payload }),
      });
    const tls = makeCertificate({
      subject: subject("tls"),
      key,
      extensions: [...LEAF, extKeyUsage(PURPOSE.serverAuth)],
    });
    await expect(inspectEnvelope(made([tls]), crypto)).rejects.toMatchObject({ code: "CERTIFICATE_CHAIN_INVALID" });
    await expect(inspectEnvelope(made(signers.curve.chain, "{}"), crypto)).rejects.toMatchObject({
      code: "ERR_PAYLOAD",
    });
    // Stricter rules of ours are for verification.
    const any = makeCertificate({ subject: subject("any"), key, extensions: [...LEAF, extKeyUsage(PURPOSE.any)] });
    expect((await inspectEnvelope(made([any]), crypto)).certificates).toHaveLength(1);
  });
});
