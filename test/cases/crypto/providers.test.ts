/** Both providers against signatures made by Node's OpenSSL: every algorithm, every curve, odd key sizes. */
import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  ALGORITHMS,
  createNobleProvider,
  createWebCryptoProvider,
  HASH_BYTES,
  MAX_RSA_BITS,
  readPublicKey,
} from "../../../src/crypto/mod.ts";
import {
  concatBytes,
  encodeUtf8,
  readDer,
  writeBitString,
  writeNull,
  writeOid,
  writeSequence,
  writeUnsigned,
} from "../../../src/encoding/mod.ts";
import type { PublicKey, SignatureAlgorithm } from "../../../src/ports.ts";

const DATA = encodeUtf8("what is signed");
const PROVIDERS = [createWebCryptoProvider(), createNobleProvider()].map((provider) =>
  [provider.name, provider] as const
);

function publicKeyOf(key: KeyObject): PublicKey {
  const read = readPublicKey(readDer(new Uint8Array(key.export({ type: "spki", format: "der" }))));
  if (read.type === "unsupported") throw new Error(read.oid);
  return read;
}

function signWith(algorithm: SignatureAlgorithm, key: KeyObject, saltLength?: number): Uint8Array {
  const { scheme, hash } = ALGORITHMS[algorithm];
  const options = {
    "ECDSA": { key, dsaEncoding: "ieee-p1363" as const },
    "RSASSA-PKCS1-v1_5": { key, padding: constants.RSA_PKCS1_PADDING },
    "RSASSA-PSS": { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltLength ?? HASH_BYTES[hash] },
  }[scheme];
  return new Uint8Array(sign(hash, DATA, options));
}

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
const CURVES = (["P-256", "P-384", "P-521"] as const).map((curve) =>
  [curve, generateKeyPairSync("ec", { namedCurve: curve })] as const
);
const NAMES = Object.keys(ALGORITHMS) as SignatureAlgorithm[];
const RSA_NAMES = NAMES.filter((name) => ALGORITHMS[name].scheme !== "ECDSA");
const PSS = "RSASSA-PSS-SHA-256";

function rsaKey(modulus: Uint8Array, exponent: number[], sizeBits = 2048): PublicKey {
  const numbers = writeSequence(writeUnsigned(modulus), writeUnsigned(Uint8Array.from(exponent)));
  const algorithm = writeSequence(writeOid("1.2.840.113549.1.1.1"), writeNull());
  return { spki: writeSequence(algorithm, writeBitString(numbers)), type: "RSA", sizeBits };
}

describe.each(PROVIDERS)("%s", (_, provider) => {
  const combinations = [
    ...RSA_NAMES.map((name) => [name, "RSA-2048", RSA] as const),
    ...CURVES.flatMap(([curve, pair]) =>
      NAMES.filter((name) => ALGORITHMS[name].scheme === "ECDSA").map((name) => [name, curve, pair] as const)
    ),
  ];

  it.each(combinations)(
    "verifies %s with %s, and no signature, data or key with one bit changed",
    async (name, _, pair) => {
      const key = publicKeyOf(pair.publicKey);
      const signature = signWith(name, pair.privateKey);
      expect(await provider.verify(name, key, signature, DATA)).toBe(true);
      const flipped = signature.slice();
      flipped[flipped.length - 1] = (flipped[flipped.length - 1] as number) ^ 1;
      expect(await provider.verify(name, key, flipped, DATA)).toBe(false);
      expect(await provider.verify(name, key, signature, encodeUtf8("What is signed"))).toBe(false);
      expect(await provider.verify(name, key, signature.subarray(1), DATA)).toBe(false);
      expect(await provider.verify(name, key, concatBytes(signature, Uint8Array.of(0)), DATA)).toBe(false);
      expect(await provider.verify(name, key, new Uint8Array(signature.length), DATA)).toBe(false);
      expect(await provider.verify(name, key, new Uint8Array(0), DATA)).toBe(false);
    },
  );

  it.each([2047, 2049, 2055, 1031])("verifies with a modulus of %d bits", async (modulusLength) => {
    const pair = generateKeyPairSync("rsa", { modulusLength, publicExponent: 3 });
    const key = publicKeyOf(pair.publicKey);
    expect(key.sizeBits).toBe(modulusLength);
    for (const name of ["RSASSA-PSS-SHA-256", "RSASSA-PKCS1-v1_5-SHA-256"] as const) {
      expect(await provider.verify(name, key, signWith(name, pair.privateKey), DATA)).toBe(true);
    }
  });

  it.each([0, 20, 31, 33, 222])("answers a salt of %d bytes with no", async (saltLength) => {
    const signature = signWith(PSS, RSA.privateKey, saltLength);
    expect(await provider.verify(PSS, publicKeyOf(RSA.publicKey), signature, DATA)).toBe(false);
  });

  it("answers a signature of the other scheme with no", async () => {
    const key = publicKeyOf(RSA.publicKey);
    const pkcs1 = "RSASSA-PKCS1-v1_5-SHA-256";
    expect(await provider.verify(PSS, key, signWith(pkcs1, RSA.privateKey), DATA)).toBe(false);
    expect(await provider.verify(pkcs1, key, signWith(PSS, RSA.privateKey), DATA)).toBe(false);
  });

  it("answers a signature that is the modulus or more with no", async () => {
    const key = publicKeyOf(RSA.publicKey);
    const signature = new Uint8Array(256).fill(0xff);
    for (const name of RSA_NAMES) expect(await provider.verify(name, key, signature, DATA)).toBe(false);
  });

  it("refuses an algorithm of another kind than the key", async () => {
    const [, pair] = CURVES[0] as (typeof CURVES)[number];
    const wrong = [provider.verify(PSS, publicKeyOf(pair.publicKey), new Uint8Array(64), DATA)];
    wrong.push(provider.verify("ECDSA-SHA-256", publicKeyOf(RSA.publicKey), new Uint8Array(256), DATA));
    for (const answer of wrong) await expect(answer).rejects.toMatchObject({ code: "ERR_ALGORITHM_UNSUPPORTED" });
  });

  it("refuses keys that ask for unbounded work", async () => {
    const bits = MAX_RSA_BITS + 8;
    const large = rsaKey(new Uint8Array(bits / 8).fill(0xff), [1, 0, 1], bits);
    const manyRounds = rsaKey(new Uint8Array(256).fill(0xff), Array(200).fill(0xff));
    for (const key of [large, manyRounds]) {
      const answer = provider.verify(PSS, key, new Uint8Array(key.sizeBits / 8), DATA);
      await expect(answer).rejects.toMatchObject({ code: "ERR_ALGORITHM_UNSUPPORTED" });
    }
  });

  it.each([[[0]], [[1]], [[2]], [[1, 0, 0]]])("refuses the public exponent %j", async (exponent) => {
    const answer = provider.verify(PSS, rsaKey(new Uint8Array(256).fill(0xff), exponent), new Uint8Array(256), DATA);
    await expect(answer).rejects.toMatchObject({ code: "ERR_CERTIFICATE" });
  });

  it.each(CURVES)("refuses a point that is not on %s", async (curve, pair) => {
    const spki = new Uint8Array(pair.publicKey.export({ type: "spki", format: "der" }));
    spki[spki.length - 1] = (spki[spki.length - 1] as number) ^ 1;
    const key = { ...publicKeyOf(pair.publicKey), spki };
    const answer = provider.verify("ECDSA-SHA-256", key, signWith("ECDSA-SHA-256", pair.privateKey), DATA);
    await expect(answer).rejects.toMatchObject({ code: "ERR_CERTIFICATE", message: expect.stringContaining(curve) });
  });

  // FIPS 180-4 examples: "abc".
  it.each(
    [
      ["sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"],
      ["sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
      [
        "sha384",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
      ],
      [
        "sha512",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd" +
        "454d4423643ce80e2a9ac94fa54ca49f",
      ],
    ] as const,
  )("computes %s", async (algorithm, expected) => {
    const digest = await provider.digest(algorithm, encodeUtf8("abc"));
    expect([...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")).toBe(expected);
  });
});
