import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importSigningKey, MAX_KEY_FILE_BYTES, parsePrivateKey } from "../../../src/crypto/mod.ts";
import { encodeBase64, formatPem } from "../../../src/encoding/mod.ts";
import { EngineError } from "../../../src/errors.ts";
import { der, fixtureKey, integer, octets, oid, sequence } from "../../run/certificate_maker.ts";

const RSA = ["rsa-2048", "rsa-3072", "rsa-4096"] as const;
const EC = ["p-256", "p-384", "p-521"] as const;
const CURVES = { "p-256": "1.2.840.10045.3.1.7", "p-384": "1.3.132.0.34", "p-521": "1.3.132.0.35" } as const;
const keyOf = (name: string): KeyObject => fixtureKey(`${name}-self`).privateKey;
const pem = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1") => key.export({ type, format: "pem" }).toString();

/** SEC 1 without what may be left out; the field's leading zeros too where asked. */
function bareSec1(name: keyof typeof CURVES, parts: { readonly parameters?: boolean }): string {
  const { d = "" } = keyOf(name).export({ format: "jwk" });
  const scalar = Buffer.from(d, "base64url");
  const parameters = parts.parameters === true ? [der(0xa0, oid(CURVES[name]))] : [];
  return formatPem("EC PRIVATE KEY", sequence(integer(1), der(0x04, scalar), ...parameters));
}

const forms: readonly (readonly [string, string, () => string])[] = [
  ...[...RSA, ...EC].map((name) => [name, "PKCS #8", () => pem(keyOf(name), "pkcs8")] as const),
  ...RSA.map((name) => [name, "PKCS #1", () => pem(keyOf(name), "pkcs1")] as const),
  ...EC.map((name) => [name, "SEC 1", () => pem(keyOf(name), "sec1")] as const),
  ...EC.map((name) => [name, "SEC 1 without its public key", () => bareSec1(name, { parameters: true })] as const),
  ...EC.map((name) =>
    [
      name,
      "SEC 1 after its parameters",
      () => formatPem("EC PARAMETERS", oid(CURVES[name])) + pem(keyOf(name), "sec1"),
    ] as const
  ),
];

describe("parsePrivateKey()", () => {
  it.each(forms)("reads %s from %s, and what it signs is the key's", async (name, _, text) => {
    const key = parsePrivateKey(text());
    const { sign, algorithm } = await importSigningKey(key);
    const data = octets(1, 2, 3);
    const signature = await sign(data);
    const hash = `sha${algorithm.slice(-3)}`;
    const publicKey = createPublicKey(keyOf(name));
    const oracle = algorithm.startsWith("ECDSA")
      ? verify(hash, data, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature)
      : verify(hash, data, { key: publicKey, padding: 6, saltLength: Number(algorithm.slice(-3)) / 8 }, signature);
    expect(oracle).toBe(true);
    if (key.publicKey !== undefined) {
      expect(Buffer.from(key.publicKey.spki)).toEqual(publicKey.export({ type: "spki", format: "der" }));
    }
    // OpenSSL reads the one form every key is brought to as the key it was.
    const again = createPrivateKey({ key: Buffer.from(key.pkcs8), format: "der", type: "pkcs8" });
    expect(again.equals(keyOf(name))).toBe(true);
  });

  const secret = { cipher: "aes-256-cbc", passphrase: "secret" } as const;
  const other = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
  const edwards = generateKeyPairSync("ed25519").privateKey;
  const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey;
  const cut = (text: string) => {
    const lines = text.split("\n");
    return [...lines.slice(0, 2), ...lines.slice(3)].join("\n");
  };
  const refused: readonly (readonly [string, string | Uint8Array, string])[] = [
    ["encrypted PKCS #8", keyOf("p-256").export({ type: "pkcs8", format: "pem", ...secret }), "ERR_KEY_ENCRYPTED"],
    ["encrypted PKCS #1", keyOf("rsa-2048").export({ type: "pkcs1", format: "pem", ...secret }), "ERR_KEY_ENCRYPTED"],
    ["encrypted SEC 1", keyOf("p-256").export({ type: "sec1", format: "pem", ...secret }), "ERR_KEY_ENCRYPTED"],
    ["an empty text", "", "ERR_KEY"],
    ["two keys", pem(keyOf("p-256"), "pkcs8") + pem(keyOf("p-384"), "pkcs8"), "ERR_KEY"],
    ["a public key", createPublicKey(keyOf("p-256")).export({ type: "spki", format: "pem" }), "ERR_KEY"],
    ["a certificate's label", formatPem("CERTIFICATE", octets(0x30, 0)), "ERR_KEY"],
    ["a key on another curve", pem(other, "pkcs8"), "ERR_KEY"],
    ["a key on another curve, SEC 1", pem(other, "sec1"), "ERR_KEY"],
    ["Ed25519", pem(edwards, "pkcs8"), "ERR_KEY"],
    ["a key for RSASSA-PSS alone", pem(pss, "pkcs8"), "ERR_KEY"],
    ["SEC 1 that does not name its curve", bareSec1("p-256", {}), "ERR_KEY"],
    ["DER in place of PEM", keyOf("p-256").export({ type: "pkcs8", format: "der" }), "ERR_KEY"],
    ["a key with a line missing", cut(pem(keyOf("rsa-2048"), "pkcs8")), "ERR_KEY"],
    ["a key without its BEGIN", pem(keyOf("p-256"), "sec1").split("\n").slice(1).join("\n"), "ERR_KEY"],
    ["a key with a comment", `# my key\n${pem(keyOf("p-256"), "sec1")}`, "ERR_KEY"],
    ["too much", "-".repeat(MAX_KEY_FILE_BYTES + 1), "ERR_KEY"],
    ["an EC key under the label of RSA", formatPem("RSA PRIVATE KEY", bodyOf(pem(keyOf("p-256"), "sec1"))), "ERR_KEY"],
    ["an EC key longer than its curve", overlong(), "ERR_KEY"],
  ];
  it.each(refused)("refuses %s, without a word of it", (_, input, code) => {
    const error = thrownBy(() => parsePrivateKey(input));
    expect(error.code).toBe(code);
    expectNoSecret(error, typeof input === "string" ? input : Buffer.from(input).toString("latin1"));
  });

  it("answers any damage with ERR_KEY and keeps the key to itself", () => {
    const texts = [pem(keyOf("p-256"), "sec1"), pem(keyOf("p-256"), "pkcs8"), pem(keyOf("rsa-2048"), "pkcs1")];
    fc.assert(fc.property(fc.constantFrom(...texts), fc.nat(), fc.string({ maxLength: 4 }), (text, where, put) => {
      const at = where % text.length;
      const damaged = text.slice(0, at) + put + text.slice(at + 1);
      try {
        parsePrivateKey(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
        expect((error as EngineError).code).toMatch(/^ERR_KEY/);
        expectNoSecret(error as EngineError, text);
      }
    }));
  });
});

describe("importSigningKey()", () => {
  it.each([1024, 2560])("refuses an RSA key of %i bits, which signs no envelopes", async (modulusLength) => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength });
    await expect(importSigningKey(parsePrivateKey(pem(privateKey, "pkcs8")))).rejects.toMatchObject({
      code: "ERR_ALGORITHM_UNSUPPORTED",
    });
  });

  it("says so where there is no WebCrypto, or it lacks the algorithm", async () => {
    const key = parsePrivateKey(pem(keyOf("p-256"), "pkcs8"));
    const lacking = {
      importKey: () => Promise.reject(new DOMException("no such curve", "NotSupportedError")),
    } as unknown as SubtleCrypto;
    await expect(importSigningKey(key, lacking)).rejects.toMatchObject({ code: "ERR_CRYPTO_UNAVAILABLE" });
  });

  it("does not give the key to whoever holds the signer", async () => {
    const made: CryptoKey[] = [];
    const { subtle } = globalThis.crypto;
    const watched = {
      importKey: async (...parameters: Parameters<SubtleCrypto["importKey"]>) => {
        const key = await subtle.importKey(...parameters);
        made.push(key);
        return key;
      },
    } as unknown as SubtleCrypto;
    await importSigningKey(parsePrivateKey(pem(keyOf("p-256"), "pkcs8")), watched);
    expect(made.map(({ extractable, usages }) => ({ extractable, usages }))).toEqual([
      { extractable: false, usages: ["sign"] },
    ]);
  });
});

function bodyOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/-----[^-]+-----/g, ""), "base64"));
}

function overlong(): string {
  const scalar = der(0x04, new Uint8Array(33).fill(1));
  return formatPem("EC PRIVATE KEY", sequence(integer(1), scalar, der(0xa0, oid(CURVES["p-256"]))));
}

function thrownBy(work: () => unknown): EngineError {
  try {
    work();
  } catch (error) {
    return error as EngineError;
  }
  throw new Error("nothing was thrown");
}

/** No eight characters in a row of the key's base64 stand in what is said, nor in what caused it. */
function expectNoSecret(error: EngineError, text: string): void {
  const words = `${error.message} ${String(error.cause ?? "")} ${
    encodeBase64(new TextEncoder().encode(error.message))
  }`;
  const body = text.replace(/-----[^-]+-----/g, "").replace(/\s/g, "");
  for (let at = 0; at + 8 <= body.length; at++) {
    if (words.includes(body.slice(at, at + 8))) throw new Error(`"${body.slice(at, at + 8)}" stands in "${words}"`);
  }
}
