/** What the provider does with its keys and with runtimes that lack or refuse something. */
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider, readPublicKey, withFallback } from "../../../src/crypto/mod.ts";
import { encodeUtf8, readDer } from "../../../src/encoding/mod.ts";
import { MalformedError, UnsupportedError } from "../../../src/errors.ts";
import type { CryptoProvider, PublicKey } from "../../../src/ports.ts";

const DATA = encodeUtf8("what is signed");
const PAIR = generateKeyPairSync("ec", { namedCurve: "P-256" });
const SIGNATURE = new Uint8Array(sign("sha256", DATA, { key: PAIR.privateKey, dsaEncoding: "ieee-p1363" }));
const KEY = () =>
  readPublicKey(readDer(new Uint8Array(PAIR.publicKey.export({ type: "spki", format: "der" })))) as PublicKey;

/** The real WebCrypto with some functions replaced, and a count of the keys imported. */
function runtime(replaced: Partial<SubtleCrypto> = {}) {
  const real = globalThis.crypto.subtle;
  const calls = { imports: 0 };
  const subtle = {
    digest: real.digest.bind(real),
    verify: real.verify.bind(real),
    importKey: (...parameters: Parameters<SubtleCrypto["importKey"]>) => {
      calls.imports++;
      return real.importKey(...parameters);
    },
    ...replaced,
  } as SubtleCrypto;
  return { subtle, calls };
}

const throwing = (name: string) => () => Promise.reject(new DOMException("said the runtime", name));

describe("createWebCryptoProvider()", () => {
  it("imports a key once per object, also when two ask at once", async () => {
    const { subtle, calls } = runtime();
    const provider = createWebCryptoProvider(subtle);
    const key = KEY();
    const verify = () => provider.verify("ECDSA-SHA-256", key, SIGNATURE, DATA);
    expect(await Promise.all([verify(), verify()])).toEqual([true, true]);
    expect(await verify()).toBe(true);
    expect(calls.imports).toBe(1);
    expect(await provider.verify("ECDSA-SHA-256", KEY(), SIGNATURE, DATA)).toBe(true);
    expect(calls.imports).toBe(2);
  });

  it("tries an import that failed again", async () => {
    let broken = true;
    const real = globalThis.crypto.subtle;
    const importKey = (...parameters: Parameters<SubtleCrypto["importKey"]>) =>
      broken ? throwing("OperationError")() : real.importKey(...parameters);
    const provider = createWebCryptoProvider(runtime({ importKey } as Partial<SubtleCrypto>).subtle);
    const key = KEY();
    const verify = () => provider.verify("ECDSA-SHA-256", key, SIGNATURE, DATA);
    await expect(verify()).rejects.toMatchObject({ code: "ERR_CRYPTO_UNAVAILABLE" });
    broken = false;
    expect(await verify()).toBe(true);
  });

  it.each(["NotSupportedError", "OperationError", "DataError", "SyntaxError"])(
    "calls the algorithm unavailable when importing a good key throws %s",
    async (name) => {
      const provider = createWebCryptoProvider(runtime({ importKey: throwing(name) }).subtle);
      const answer = provider.verify("ECDSA-SHA-256", KEY(), SIGNATURE, DATA);
      await expect(answer).rejects.toBeInstanceOf(UnsupportedError);
      await expect(answer).rejects.toMatchObject({
        code: "ERR_CRYPTO_UNAVAILABLE",
        message: `Cannot import EC-256 for ECDSA-SHA-256 with WebCrypto: ${name}: said the runtime`,
      });
    },
  );

  it.each(["NotSupportedError", "OperationError"])(
    "never calls a signature bad when verify throws %s",
    async (name) => {
      const provider = createWebCryptoProvider(runtime({ verify: throwing(name) }).subtle);
      const answer = provider.verify("ECDSA-SHA-256", KEY(), SIGNATURE, DATA);
      await expect(answer).rejects.toMatchObject({ code: "ERR_CRYPTO_UNAVAILABLE" });
    },
  );

  it("says so when a hash is missing", async () => {
    const provider = createWebCryptoProvider(runtime({ digest: throwing("NotSupportedError") }).subtle);
    await expect(provider.digest("sha512", DATA)).rejects.toMatchObject({ code: "ERR_CRYPTO_UNAVAILABLE" });
  });

  it("says so when the runtime has no WebCrypto", async () => {
    const held = Object.getOwnPropertyDescriptor(globalThis, "crypto") as PropertyDescriptor;
    Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
    try {
      const provider = createWebCryptoProvider();
      const answers = [provider.digest("sha256", DATA), provider.verify("ECDSA-SHA-256", KEY(), SIGNATURE, DATA)];
      for (const answer of answers) await expect(answer).rejects.toMatchObject({ code: "ERR_CRYPTO_UNAVAILABLE" });
    } finally {
      Object.defineProperty(globalThis, "crypto", held);
    }
  });
});

describe("withFallback()", () => {
  const answering = (name: string, answer: () => Promise<boolean>): CryptoProvider => ({
    name,
    digest: () => answer().then(() => Uint8Array.of(1)),
    verify: answer,
  });
  const unavailable = () => Promise.reject(new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "Cannot"));
  const ask = (provider: CryptoProvider) => provider.verify("ECDSA-SHA-256", KEY(), SIGNATURE, DATA);
  const yes = answering("yes", () => Promise.resolve(true));

  it("asks the second about what the first lacks", async () => {
    const provider = withFallback(answering("lacking", unavailable), yes);
    expect(await ask(provider)).toBe(true);
    expect(await provider.digest("sha256", DATA)).toEqual(Uint8Array.of(1));
    expect(provider.name).toBe("lacking, else yes");
  });

  it("takes the first's no for an answer", async () => {
    expect(await ask(withFallback(answering("no", () => Promise.resolve(false)), yes))).toBe(false);
  });

  it("does not ask the second about a malformed key", async () => {
    const malformed = () => Promise.reject(new MalformedError("ERR_CERTIFICATE", "Cannot"));
    const answer = ask(withFallback(answering("strict", malformed), yes));
    await expect(answer).rejects.toMatchObject({ code: "ERR_CERTIFICATE" });
  });

  it("says unavailable when both lack it", async () => {
    const answer = ask(withFallback(answering("one", unavailable), answering("two", unavailable)));
    await expect(answer).rejects.toMatchObject({ code: "ERR_CRYPTO_UNAVAILABLE" });
  });
});
