import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider, ecdsaRawToDer, parsePrivateKey } from "../../../src/crypto/mod.ts";
import { encodeUtf8 } from "../../../src/encoding/mod.ts";
import {
  createLocalSigner,
  decodeEnvelope,
  type EnvelopeMediaType,
  isEnvelopeMediaType,
  signBlob,
  signDescriptor,
  type SignOptions,
  STRICT,
  verdict,
  verifyBlob,
  verifyEnvelopeBytes,
} from "../../../src/notary/mod.ts";
import type { Descriptor } from "../../../src/oci/mod.ts";
import type { SignatureProvider } from "../../../src/ports.ts";
import { type Certificate, parseCertificates } from "../../../src/x509/mod.ts";
import { fixtureKey, LEAF, makeCertificate, subject } from "../../run/certificate_maker.ts";
import {
  cborArray,
  cborBytes,
  cborInt,
  cborMap,
  cborTag,
  cborText,
  coseTime,
  label,
} from "../../run/envelope_maker.ts";

const crypto = createWebCryptoProvider();
const NOW = new Date("2026-11-23T08:40:15.987Z");
const ports = { crypto, now: () => NOW };
const ARTIFACT: Descriptor = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: `sha256:${"ab".repeat(32)}`,
  size: 562,
};
const KEYS = ["rsa-2048", "rsa-3072", "rsa-4096", "p-256", "p-384", "p-521"] as const;
const FORMATS: readonly EnvelopeMediaType[] = ["application/jose+json", "application/cose"];
const signal = AbortSignal.timeout(60_000);

const file = (name: string) => new Uint8Array(readFileSync(new URL(`../../fixtures/keys/${name}`, import.meta.url)));
const chainOf = (name: string) => parseCertificates(file(`${name}.${name.endsWith("chain") ? "chain" : "crt"}.pem`));
const signerOf = (name: string, chain: readonly Certificate[] = chainOf(name)) =>
  createLocalSigner(parsePrivateKey(file(`${name}.test-only.key.pem`)), chain);
const trustOf = (name: string) => ({
  name: "test",
  level: STRICT,
  trustAnchors: { ca: chainOf(name).slice(-1), signingAuthority: [] },
});
const sign = async (name: string, options: Partial<SignOptions> = {}, artifact: Descriptor = ARTIFACT) =>
  await signDescriptor(artifact, await signerOf(name), ports, { signal, ...options });

describe("what is signed", () => {
  const grid = FORMATS.flatMap((format) =>
    KEYS.flatMap((key) => ["self", "chain"].map((kind) => ({ format, key, kind })))
  );
  it.each(grid)("verifies: $format, $key, $kind", async ({ format, key, kind }) => {
    const name = `${key}-${kind}`;
    const made = await sign(name, { format, expirySeconds: 60, userMetadata: { team: "alpha" } });
    expect(isEnvelopeMediaType(made.mediaType)).toBe(true);
    const outcome = await verifyEnvelopeBytes(made, ARTIFACT, trustOf(name), ports);
    expect(verdict(outcome)).toBe("verified");
    expect(outcome.userMetadata).toEqual({ team: "alpha" });
    const late = { crypto, now: () => new Date("2026-11-23T08:41:15Z") };
    expect(verdict(await verifyEnvelopeBytes(made, ARTIFACT, trustOf(name), late))).toBe("failed");
  });

  it("writes a JWS letter by letter as the reference does", async () => {
    const annotations = {
      "io.wabbit-networks.buildId": "1<2>&3\u2028",
      "10": "x",
      "9": "y",
      "ﬀ": "bmp",
      "😀": "astral",
    };
    const made = await sign("p-256-self", { expirySeconds: 86_400, userMetadata: annotations, signingAgent: "a/1" });
    const { payload, protected: header, ...rest } = JSON.parse(new TextDecoder().decode(made.bytes));
    const text = (part: string) => Buffer.from(part, "base64url").toString();
    // Names in the order of their UTF-8, where U+1F600 stands after U+FB00 although its UTF-16 begins below.
    expect(text(payload)).toBe(
      '{"targetArtifact":{"annotations":{"10":"x","9":"y",' +
        '"io.wabbit-networks.buildId":"1\\u003c2\\u003e\\u00263\\u2028","ﬀ":"bmp","😀":"astral"},' +
        `"digest":"${ARTIFACT.digest}","mediaType":"${ARTIFACT.mediaType}","size":562}}`,
    );
    expect(text(header)).toBe(
      '{"alg":"ES256","crit":["io.cncf.notary.signingScheme","io.cncf.notary.expiry"],' +
        '"cty":"application/vnd.cncf.notary.payload.v1+json","io.cncf.notary.expiry":"2026-11-24T08:40:15Z",' +
        '"io.cncf.notary.signingScheme":"notary.x509","io.cncf.notary.signingTime":"2026-11-23T08:40:15Z"}',
    );
    expect(Object.keys(JSON.parse(new TextDecoder().decode(made.bytes)))).toEqual([
      "payload",
      "protected",
      "header",
      "signature",
    ]);
    const [leaf] = chainOf("p-256-self");
    expect(rest.header).toEqual({
      x5c: [Buffer.from(leaf?.der ?? []).toString("base64")],
      "io.cncf.notary.signingAgent": "a/1",
    });
    expect(rest.signature).toMatch(/^[A-Za-z0-9_-]{86}$/);
  });

  it("writes a COSE_Sign1 byte by byte as the reference does", async () => {
    const format = "application/cose";
    const made = await sign("p-384-self", {
      format,
      expirySeconds: 86_400,
      userMetadata: { team: "α" },
      signingAgent: "a/1",
    });
    const payload = '{"targetArtifact":{"mediaType":"application/vnd.oci.image.manifest.v1+json",' +
      `"digest":"${ARTIFACT.digest}","size":562,"annotations":{"team":"α"}}}`;
    const protectedBytes = cborMap([
      [label(1), cborInt(-35)],
      [label(2), cborArray(cborText("io.cncf.notary.signingScheme"), cborText("io.cncf.notary.expiry"))],
      [label(3), cborText("application/vnd.cncf.notary.payload.v1+json")],
      [label("io.cncf.notary.expiry"), coseTime("2026-11-24T08:40:15Z")],
      [label("io.cncf.notary.signingTime"), coseTime("2026-11-23T08:40:15Z")],
      [label("io.cncf.notary.signingScheme"), cborText("notary.x509")],
    ]);
    const unprotected = cborMap([
      [label(33), cborArray(...chainOf("p-384-self").map(({ der }) => cborBytes(der)))],
      [label("io.cncf.notary.signingAgent"), cborText("a/1")],
    ]);
    const { signature } = made.envelope;
    expect(signature).toHaveLength(96);
    const expected = cborTag(
      18,
      cborArray(cborBytes(protectedBytes), unprotected, cborBytes(encodeUtf8(payload)), cborBytes(signature)),
    );
    expect(Buffer.from(made.bytes).toString("hex")).toBe(Buffer.from(expected).toString("hex"));
  });

  it("shows the signer's own clock in a JWS", async () => {
    const { envelope, bytes } = await sign("p-256-self", { offsetMinutes: -210 });
    expect(envelope.signedAttributes.signingTime).toEqual({
      instant: new Date("2026-11-23T08:40:15Z"),
      offsetMinutes: -210,
    });
    const { protected: header } = JSON.parse(new TextDecoder().decode(bytes));
    expect(Buffer.from(header, "base64url").toString()).toContain('signingTime":"2026-11-23T05:10:15-03:30"');
  });

  it("leaves everything of the descriptor but four members out, and keeps its annotations", async () => {
    const artifact = {
      ...ARTIFACT,
      artifactType: "x/y",
      annotations: { own: "1" },
      platform: { os: "a", architecture: "b" },
    };
    const { envelope } = await sign("p-256-self", { userMetadata: { mine: "2" } }, artifact);
    expect(JSON.parse(new TextDecoder().decode(envelope.payload))).toEqual({
      targetArtifact: { ...ARTIFACT, annotations: { mine: "2", own: "1" } },
    });
  });

  it("fails with any one bit of the signed bytes or the signature flipped", async () => {
    const name = "p-256-self";
    const made = await Promise.all(FORMATS.map((format) => sign(name, { format, userMetadata: { a: "b" } })));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...made),
        fc.nat(),
        fc.nat(7),
        async ({ mediaType, bytes, envelope }, where, bit) => {
          const flipped = bytes.slice();
          const at = where % bytes.length;
          flipped[at] = (flipped[at] as number) ^ (1 << bit);
          const outcome = await verifyEnvelopeBytes({ mediaType, bytes: flipped }, ARTIFACT, trustOf(name), ports);
          if (verdict(outcome) !== "verified") return;
          // What is not signed may change: the agent's name. What is signed and what signs it is untouched then.
          const again = decodeEnvelope({ mediaType, bytes: flipped });
          expect(again.signedBytes).toEqual(envelope.signedBytes);
          expect(again.signature).toEqual(envelope.signature);
          expect(again.certificateChain).toEqual(envelope.certificateChain);
          expect(again.unsignedAttributes).not.toEqual(envelope.unsignedAttributes);
        },
      ),
      { numRuns: 600 },
    );
  });

  it("verifies whatever the metadata is", async () => {
    const signer = await signerOf("p-256-self");
    const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    const key = text.filter((name) => !name.startsWith("io.cncf.notary"));
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(key, text, { maxKeys: 5 }),
        fc.constantFrom(...FORMATS),
        async (userMetadata, format) => {
          const made = await signDescriptor(ARTIFACT, signer, ports, { signal, format, userMetadata });
          const outcome = await verifyEnvelopeBytes(made, ARTIFACT, trustOf("p-256-self"), ports);
          expect(verdict(outcome)).toBe("verified");
          expect({ ...outcome.userMetadata }).toEqual({ ...userMetadata });
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("signBlob()", () => {
  const bytes = encodeUtf8("hello");
  it.each([["p-256", "sha256"], ["p-384", "sha384"], ["p-521", "sha512"], ["rsa-3072", "sha384"]])(
    "with %s digests by %s, and verifies for these bytes and type alone",
    async (key, hash) => {
      const name = `${key}-self`;
      const made = await signBlob({ bytes, mediaType: "video/mp4" }, await signerOf(name), ports, { signal });
      const payload = JSON.parse(new TextDecoder().decode(made.envelope.payload));
      const digest = `${hash}:${createHash(hash).update(bytes).digest("hex")}`;
      expect(payload).toEqual({ targetArtifact: { mediaType: "video/mp4", digest, size: 5 } });
      const judge = async (blob: Parameters<typeof verifyBlob>[0]) =>
        verdict(await verifyBlob(blob, made, trustOf(name), ports));
      expect(await judge({ bytes })).toBe("verified");
      expect(await judge({ bytes, mediaType: "video/mp4" })).toBe("verified");
      expect(await judge({ bytes, mediaType: "text/plain" })).toBe("failed");
      expect(await judge({ bytes: encodeUtf8("hellO") })).toBe("failed");
      expect(await judge({ bytes: encodeUtf8("hello ") })).toBe("failed");
    },
  );

  it("gives bytes without a type the one of any bytes", async () => {
    const { envelope } = await signBlob({ bytes }, await signerOf("p-256-self"), ports, { signal });
    expect(new TextDecoder().decode(envelope.payload)).toContain('"mediaType":"application/octet-stream"');
  });
});

describe("what is refused before anything is given out", () => {
  const key = fixtureKey("p-256-self");
  const asn1 = (iso: string) => iso.replace(/[-:T]/g, "");
  const short = (from: string, to: string) =>
    makeCertificate({ subject: subject("short"), key, extensions: LEAF, notBefore: asn1(from), notAfter: asn1(to) });

  it.each<[string, Partial<SignOptions>]>([
    ["the reserved prefix", { userMetadata: { "io.cncf.notary.x": "1" } }],
    ["the reserved prefix alone", { userMetadata: { "io.cncf.notary": "1" } }],
    ["an empty key", { userMetadata: { "": "1" } }],
    ["half a character", { userMetadata: { a: "\ud800" } }],
    ["an expiry of nothing", { expirySeconds: 0 }],
    ["an expiry before", { expirySeconds: -1 }],
    ["an expiry of half a second", { expirySeconds: 0.5 }],
    ["an expiry that is no number", { expirySeconds: Number.NaN }],
    ["an expiry after the year 9999", { expirySeconds: 8000 * 366 * 86_400 }],
  ])("%s", async (_, options) => {
    await expect(sign("p-256-self", options)).rejects.toMatchObject({ code: "ERR_SIGN_REQUEST" });
  });

  it("metadata the artifact has as annotations", async () => {
    const artifact = { ...ARTIFACT, annotations: { a: "1" } };
    await expect(sign("p-256-self", { userMetadata: { a: "1" } }, artifact)).rejects.toMatchObject({
      code: "ERR_SIGN_REQUEST",
    });
  });

  it.each<[string, () => readonly Certificate[], string]>([
    ["no certificate", () => [], "CERTIFICATE_CHAIN_INVALID"],
    ["a chain without its root", () => chainOf("p-256-chain").slice(0, 2), "CERTIFICATE_CHAIN_INVALID"],
    ["a lone leaf of a chain", () => chainOf("p-256-chain").slice(0, 1), "CERTIFICATE_CHAIN_INVALID"],
    ["a chain in the wrong order", () => {
      const [leaf, intermediate, root] = chainOf("p-256-chain");
      return [leaf, root, intermediate] as Certificate[];
    }, "CERTIFICATE_CHAIN_INVALID"],
    [
      "a chain and a stranger",
      () => [...chainOf("p-256-chain"), ...chainOf("rsa-2048-self")],
      "CERTIFICATE_CHAIN_INVALID",
    ],
    ["eleven certificates", () => Array(11).fill(chainOf("p-256-self")[0]), "CERTIFICATE_CHAIN_INVALID"],
  ])("%s", async (_, chain, code) => {
    const signer = { ...await signerOf("p-256-chain"), ...provide("EC-256", chain().map(({ der }) => der)) };
    await expect(signDescriptor(ARTIFACT, signer, ports, { signal })).rejects.toMatchObject({ code });
  });

  it.each<[string, string, string, string | undefined]>([
    ["expired a second ago", "2026-01-01T00:00:00Z", "2026-11-23T08:40:14Z", "CERTIFICATE_EXPIRED"],
    ["valid until this second", "2026-01-01T00:00:00Z", "2026-11-23T08:40:15Z", undefined],
    ["valid from this second", "2026-11-23T08:40:15Z", "2027-01-01T00:00:00Z", undefined],
    ["valid from the next second", "2026-11-23T08:40:16Z", "2027-01-01T00:00:00Z", "CERTIFICATE_NOT_YET_VALID"],
  ])("a certificate %s", async (_, from, to, code) => {
    const der = short(from, to);
    const signer = { ...await signerOf("p-256-self"), ...provide("EC-256", [der]) };
    const signed = signDescriptor(ARTIFACT, signer, ports, { signal });
    if (code === undefined) await expect(signed).resolves.toBeDefined();
    else await expect(signed).rejects.toMatchObject({ code });
  });

  it("a key in a file that is not its certificate's", async () => {
    const chain = chainOf("p-384-self");
    await expect(signerOf("p-256-self", chain)).rejects.toMatchObject({ code: "ERR_KEY_MISMATCH" });
    await expect(signerOf("rsa-2048-self", chainOf("rsa-2048-chain"))).rejects.toMatchObject({
      code: "ERR_KEY_MISMATCH",
    });
  });

  const own = async () => await signerOf("p-256-self");
  const foreign = async () => await signerOf("p-256-chain");
  it.each<[string, () => Promise<Partial<SignatureProvider>>, string]>([
    ["signs with another key of the same kind", async () => ({ sign: (await foreign()).sign }), "ERR_KEY_MISMATCH"],
    ["says it is a key of another kind", () => Promise.resolve(provide("EC-384")), "ERR_KEY_MISMATCH"],
    ["signs something else", async () => {
      const { sign } = await own();
      return { sign: (_, options) => sign(octetsOf(64), options) };
    }, "ERR_KEY_MISMATCH"],
    ["gives DER", async () => {
      const { sign } = await own();
      return { sign: async (data, options) => ecdsaRawToDer(await sign(data, options)) };
    }, "ERR_SIGNER_ANSWER"],
    ["gives nothing", () => Promise.resolve({ sign: () => Promise.resolve(undefined as never) }), "ERR_SIGNER_ANSWER"],
    ["gives half", async () => {
      const { sign } = await own();
      return { sign: async (data, options) => (await sign(data, options)).slice(0, 32) };
    }, "ERR_SIGNER_ANSWER"],
    ["gives zeros", () => Promise.resolve({ sign: () => Promise.resolve(new Uint8Array(64)) }), "ERR_KEY_MISMATCH"],
    ["has no list of certificates", () => Promise.resolve(provide("EC-256", "x" as never)), "ERR_SIGNER_ANSWER"],
    [
      "has something else for a certificate",
      () => Promise.resolve(provide("EC-256", [octetsOf(8)])),
      "ERR_CERTIFICATE",
    ],
    [
      "cannot be reached",
      () => Promise.resolve({ sign: () => Promise.reject(new Error("no\u001b[31mroute")) }),
      "ERR_SIGNER",
    ],
    ["throws what is no error", () => Promise.resolve({ describeKey: () => Promise.reject("no") }), "ERR_SIGNER"],
    ["throws at once", () =>
      Promise.resolve({
        sign: () => {
          throw new TypeError("sync");
        },
      }), "ERR_SIGNER"],
  ])("a signer that %s", async (_, changes, code) => {
    const signer = { ...await own(), ...await changes() };
    const error = await signDescriptor(ARTIFACT, signer, ports, { signal }).then(() => undefined, (thrown) => thrown);
    expect(error).toMatchObject({ code });
    expect(error.message).not.toMatch(/\p{Cc}/u);
  });

  it("a signer that does not answer in time", async () => {
    const signer = { ...await own(), sign: () => new Promise<never>(() => {}) };
    const soon = AbortSignal.timeout(20);
    await expect(signDescriptor(ARTIFACT, signer, ports, { signal: soon })).rejects.toMatchObject({
      code: "ERR_DEADLINE",
    });
  });

  it("does not change when the signer uses its buffers again", async () => {
    const chain = chainOf("p-256-self").map(({ der }) => der.slice());
    const signer = { ...await own(), ...provide("EC-256", chain) };
    const { envelope } = await signDescriptor(ARTIFACT, signer, ports, { signal });
    chain[0]?.fill(0);
    expect(envelope.certificateChain[0]?.der).toEqual(chainOf("p-256-self")[0]?.der);
  });
});

function provide(keySpec: "EC-256" | "EC-384", chain = chainOf("p-256-self").map(({ der }) => der)) {
  return { describeKey: () => Promise.resolve({ keySpec, certificateChain: chain }) };
}

function octetsOf(length: number): Uint8Array {
  return new Uint8Array(length).fill(7);
}
