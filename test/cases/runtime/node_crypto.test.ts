import { constants, createSign, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readPublicKey } from "../../../src/crypto/mod.ts";
import { readDer } from "../../../src/encoding/mod.ts";
import type { CryptoProvider, PublicKey } from "../../../src/ports.ts";
import { createNodeCryptoProvider } from "../../../src/runtime/node_crypto.ts";

const data = new TextEncoder().encode("signed bytes");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });

function publicKey(key: KeyObject): PublicKey {
  const read = readPublicKey(readDer(new Uint8Array(key.export({ format: "der", type: "spki" }))));
  if (read.type === "unsupported") throw new Error("unsupported key");
  return read;
}

/** A next provider that writes down what it is asked and says yes. */
function nextProvider() {
  const asked: string[] = [];
  const next: CryptoProvider = {
    name: "next",
    digest: () => Promise.resolve(new Uint8Array(32)),
    verify: (algorithm) => {
      asked.push(algorithm);
      return Promise.resolve(true);
    },
  };
  return { asked, provider: createNodeCryptoProvider(next) };
}

const pss = (saltLength: number) =>
  new Uint8Array(sign("sha256", data, { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }));

describe("the provider over node:crypto", () => {
  it("verifies RSASSA-PSS itself, and only with a salt as long as the hash", async () => {
    const { asked, provider } = nextProvider();
    const key = publicKey(rsa.publicKey);
    expect(await provider.verify("RSASSA-PSS-SHA-256", key, pss(32), data)).toBe(true);
    expect(await provider.verify("RSASSA-PSS-SHA-256", key, pss(20), data)).toBe(false);
    expect(await provider.verify("RSASSA-PSS-SHA-384", key, pss(32), data)).toBe(false);
    expect(await provider.verify("RSASSA-PSS-SHA-256", key, pss(32), data.slice(1))).toBe(false);
    expect(asked).toEqual([]);
  });

  it("verifies P-256 itself, over r‖s and never over DER", async () => {
    const { asked, provider } = nextProvider();
    const key = publicKey(p256.publicKey);
    const raw = new Uint8Array(sign("sha256", data, { key: p256.privateKey, dsaEncoding: "ieee-p1363" }));
    const der = new Uint8Array(createSign("sha256").update(data).sign(p256.privateKey));
    expect(await provider.verify("ECDSA-SHA-256", key, raw, data)).toBe(true);
    expect(await provider.verify("ECDSA-SHA-256", key, der, data)).toBe(false);
    expect(await provider.verify("ECDSA-SHA-256", key, new Uint8Array(64), data)).toBe(false);
    expect(asked).toEqual([]);
  });

  it("leaves slow curves, keys of another kind and keys OpenSSL does not take to the next", async () => {
    const { asked, provider } = nextProvider();
    await provider.verify("ECDSA-SHA-384", publicKey(p384.publicKey), new Uint8Array(96), data);
    await provider.verify("ECDSA-SHA-256", publicKey(rsa.publicKey), new Uint8Array(256), data);
    const offCurve = publicKey(p256.publicKey);
    const spki = offCurve.spki.slice();
    spki[spki.length - 1] = (spki[spki.length - 1] ?? 0) ^ 1;
    await provider.verify("ECDSA-SHA-256", { ...offCurve, spki }, new Uint8Array(64), data);
    expect(asked).toEqual(["ECDSA-SHA-384", "ECDSA-SHA-256", "ECDSA-SHA-256"]);
  });
});
