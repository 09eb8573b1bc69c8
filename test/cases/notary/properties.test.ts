/**
 * What is written is read back as it was, and one bit of what is signed makes a signature worthless. Seeds are fixed.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { readDer } from "../../../src/encoding/mod.ts";
import { EngineError } from "../../../src/errors.ts";
import {
  decodeEnvelope,
  type Envelope,
  type EnvelopeMediaType,
  readPayload,
  STRICT,
  type Trust,
  verdict,
  verifySignature,
} from "../../../src/notary/mod.ts";
import { prepareEnvelope } from "../../../src/notary/envelope/encode.ts";
import { parseDistinguishedName } from "../../../src/notary/trust/distinguished_name.ts";
import type { SignatureAlgorithm } from "../../../src/ports.ts";
import { formatName, readCertificate, readName } from "../../../src/x509/mod.ts";
import { CA, LEAF, makeCertificate, name, type NameParts, subject } from "../../run/certificate_maker.ts";
import { ARTIFACT, makeCose, makeJws, selfSigned, type Signer } from "../../run/envelope_maker.ts";

const SEED = 20_261;
const crypto = createWebCryptoProvider();
const AT = new Date("2026-06-01T00:00:00Z");
const FORMATS: readonly EnvelopeMediaType[] = ["application/jose+json", "application/cose"];

const SIGNERS: readonly (readonly [string, Signer])[] = ([
  ["rsa-2048-self", "PS256", -37],
  ["rsa-3072-self", "PS384", -38],
  ["rsa-4096-self", "PS512", -39],
  ["p-256-self", "ES256", -7],
  ["p-384-self", "ES384", -35],
  ["p-521-self", "ES512", -36],
] as const).map(([fixture, jws, cose]) => [fixture, selfSigned(fixture, jws, cose)]);
const CHAIN = (SIGNERS[3] as readonly [string, Signer])[1].chain;

describe("encode and decode", () => {
  const words = fc.string({ unit: "grapheme", maxLength: 12 });
  // From 1970 to the end of the year 9998: an offset does not lead out of four digits.
  const seconds = fc.integer({ min: 1, max: 253_370_764_799 });
  const offsetMinutes = fc.integer({ min: -12 * 60, max: 14 * 60 });
  const contents = fc.record({
    mediaType: fc.constantFrom(...FORMATS),
    algorithm: fc.constantFrom<SignatureAlgorithm>(
      "RSASSA-PSS-SHA-256",
      "RSASSA-PSS-SHA-384",
      "RSASSA-PSS-SHA-512",
      "ECDSA-SHA-256",
      "ECDSA-SHA-384",
      "ECDSA-SHA-512",
    ),
    signingScheme: fc.constantFrom("notary.x509", "notary.x509.signingAuthority"),
    time: seconds,
    lifetime: fc.option(fc.integer({ min: 1, max: 31_536_000 }), { nil: undefined }),
    offsetMinutes,
    size: fc.nat(),
    annotations: fc.option(fc.array(fc.tuple(words, words), { minLength: 1, maxLength: 4 }), { nil: undefined }),
    signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
    signingAgent: fc.option(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), { nil: undefined }),
    timestamp: fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined }),
  });

  it("give an envelope and its payload back", () => {
    fc.assert(
      fc.property(contents, (made) => {
        const { mediaType, signingScheme, signature } = made;
        const annotations = made.annotations && Object.fromEntries(made.annotations);
        const targetArtifact = { ...ARTIFACT, size: made.size, ...(annotations === undefined ? {} : { annotations }) };
        const time = { instant: new Date(made.time * 1000), offsetMinutes: made.offsetMinutes };
        const expiry = made.lifetime === undefined
          ? undefined
          : { ...time, instant: new Date((made.time + made.lifetime) * 1000) };
        const prepared = prepareEnvelope(mediaType, {
          targetArtifact: targetArtifact as Parameters<typeof prepareEnvelope>[1]["targetArtifact"],
          signatureAlgorithm: made.algorithm,
          signedAttributes: {
            signingScheme,
            ...(signingScheme === "notary.x509" ? { signingTime: time } : { authenticSigningTime: time }),
            ...(expiry === undefined ? {} : { expiry }),
          },
        });
        const unsignedAttributes = {
          ...(made.signingAgent === undefined ? {} : { signingAgent: made.signingAgent }),
          ...(made.timestamp === undefined ? {} : { timestampSignature: made.timestamp }),
        };
        const bytes = prepared.complete({ signature, certificateChain: CHAIN, unsignedAttributes });
        const envelope = decodeEnvelope({ mediaType, bytes });

        expect(envelope.mediaType).toBe(mediaType);
        expect(envelope.signatureAlgorithm).toBe(made.algorithm);
        expect(envelope.signature).toEqual(signature);
        expect(envelope.signedBytes).toEqual(prepared.signedBytes);
        expect(envelope.certificateChain.map(({ der }) => der)).toEqual(CHAIN);
        expect({ ...envelope.unsignedAttributes }).toEqual(unsignedAttributes);
        const read = envelope.signedAttributes;
        expect(read.signingScheme).toBe(signingScheme);
        expect(read.extended).toEqual([]);
        const readTime = signingScheme === "notary.x509" ? read.signingTime : read.authenticSigningTime;
        expect(readTime?.instant).toEqual(time.instant);
        expect(read.expiry?.instant).toEqual(expiry?.instant);
        // COSE counts seconds and has no offset.
        if (mediaType === "application/jose+json") expect(readTime?.offsetMinutes).toBe(made.offsetMinutes);
        const { targetArtifact: signed } = readPayload(envelope);
        expect(signed).toMatchObject({ ...ARTIFACT, size: made.size });
        expect(Object.entries(signed.annotations ?? {}).sort()).toEqual(Object.entries(annotations ?? {}).sort());
      }),
      { seed: SEED, numRuns: 120 },
    );
  });

  it("give a distinguished name back through its text", () => {
    const types = fc.uniqueArray(fc.constantFrom("CN", "OU", "L", "STREET", "POSTALCODE", "SERIALNUMBER"));
    const value = fc.string({ unit: fc.constantFrom(...` ,+"\\<>;=#aZ09é公🔑`), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(types, fc.array(value, { minLength: 9, maxLength: 9 }), (others, values) => {
        const all = ["C", "ST", "O", ...others];
        const parts: NameParts = all.map((type, at) => [type, values[at] ?? ""]);
        const read = readName(readDer(name(parts)), "subject");
        const text = formatName(read);
        const parsed = parseDistinguishedName(text);
        // A value that looks like the mark of hexadecimal digits cannot be told from it.
        if (text.includes("=#")) expect(parsed).toHaveProperty("rule");
        else {
          const bytes = (word: string) => Buffer.from(word, "utf8").toString("latin1");
          expect(parsed).toEqual(new Map(parts.map(([type, word]) => [type, bytes(word)])));
        }
      }),
      { seed: SEED, numRuns: 400 },
    );
  });
});

const trusting = (signer: Signer): Trust => ({
  name: "test",
  level: STRICT,
  trustAnchors: { ca: signer.chain.slice(-1).map((der) => readCertificate(der)), signingAuthority: [] },
});
const isVerified = async (envelope: Envelope, signer: Signer) =>
  verdict(await verifySignature(envelope, ARTIFACT, trusting(signer), { crypto, now: () => AT })) === "verified";

/** A copy with one bit flipped. */
function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** Bits from the first to the last: no byte is far from one, and all places in a byte take their turn. */
const bitsOf = (bytes: Uint8Array, step: number) =>
  Array.from({ length: Math.ceil((bytes.length * 8) / step) }, (_, at) => at * step);

describe.each(FORMATS)("one flipped bit of %s", (mediaType) => {
  const make = mediaType === "application/cose" ? makeCose : makeJws;

  it.each(SIGNERS)("of the signed bytes or the signature fails, by %s", async (_, signer) => {
    const envelope = decodeEnvelope({ mediaType, bytes: make(signer) });
    expect(await isVerified(envelope, signer)).toBe(true);
    for (const part of ["signedBytes", "signature"] as const) {
      const bits = bitsOf(envelope[part], 61);
      const verified = await Promise.all(
        bits.map((bit) => isVerified({ ...envelope, [part]: flip(envelope[part], bit) }, signer)),
      );
      expect(bits.filter((_, at) => verified[at]), part).toEqual([]);
      expect(new Set(bits.slice(0, 8).map((bit) => bit & 7)).size).toBe(8);
    }
  });

  it("of the whole envelope fails, or is in what nobody signed", async () => {
    const signer = chained();
    const bytes = make(signer);
    const original = decodeEnvelope({ mediaType, bytes });
    expect(await isVerified(original, signer)).toBe(true);
    let refused = 0;
    let unsigned = 0;
    for (const bit of bitsOf(bytes, 29)) {
      let envelope: Envelope;
      try {
        envelope = decodeEnvelope({ mediaType, bytes: flip(bytes, bit) });
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
        refused++;
        continue;
      }
      if (!await isVerified(envelope, signer)) refused++;
      else {
        unsigned++;
        expect({ ...envelope, unsignedAttributes: undefined }).toEqual({ ...original, unsignedAttributes: undefined });
      }
    }
    // The signing agent is not signed, and little else.
    expect(unsigned).toBeGreaterThan(0);
    expect(unsigned).toBeLessThan(refused / 5);
  });
});

/** A chain of two: anchor and signer are different certificates. */
function chained(): Signer {
  const [[, root], [, leaf]] = [SIGNERS[4], SIGNERS[3]] as [readonly [string, Signer], readonly [string, Signer]];
  const issuer = makeCertificate({ subject: subject("root"), key: root.key, extensions: CA });
  const signer = makeCertificate({
    subject: subject("leaf"),
    issuer: subject("root"),
    key: leaf.key,
    issuerKey: root.key,
    extensions: LEAF,
  });
  return { ...leaf, chain: [signer, issuer] };
}
