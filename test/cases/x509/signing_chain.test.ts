import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createNobleProvider, createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { UnsupportedError } from "../../../src/errors.ts";
import type { CryptoProvider } from "../../../src/ports.ts";
import { parseCertificates, readCertificate, validateSigningChain } from "../../../src/x509/mod.ts";
import { deviations, expectSame } from "../../peers/deviations.ts";
import { chain, CHAIN_ROWS, single } from "./chain_rows.ts";

const { answers }: { answers: Record<string, string | null> } = JSON.parse(
  readFileSync("test/vectors/x509/chains.json", "utf8"),
);
const crypto = createWebCryptoProvider();
const read = (certificates: readonly Uint8Array[]) => certificates.map((der) => readCertificate(der));

/** Counts the signatures it verifies. */
function counting(): CryptoProvider & { calls: number } {
  const provider = {
    ...crypto,
    calls: 0,
    verify: (...call: Parameters<CryptoProvider["verify"]>) => {
      provider.calls++;
      return crypto.verify(...call);
    },
  };
  return provider;
}

describe("validateSigningChain()", () => {
  it.each(CHAIN_ROWS)("judges $name", async ({ name, make, rules, deviation }) => {
    const { valid, failures } = await validateSigningChain(read(make()), crypto);
    expect(failures.map(({ rule }) => rule)).toEqual(rules);
    expect(valid).toBe(rules.length === 0);
    const reference = answers[name];
    // Stricter than the reference by an entry of the list only, never laxer.
    expectSame(valid, reference === null, deviation, name);
    // Where both refuse, its sentence is known.
    if (reference !== null) expect(failures.find((failure) => "reference" in failure)?.reference).toBe(reference);
  });

  it("differs from the reference by every entry about chains of the list of deviations", () => {
    const listed = deviations.filter(({ test }) => test === "test/cases/x509/chain_rows.ts").map(({ id }) => id);
    const used = new Set(CHAIN_ROWS.flatMap(({ deviation }) => deviation ?? []));
    expect([...used].sort()).toEqual(listed.sort());
  });

  it("has an answer of the reference for every row", () => {
    expect(Object.keys(answers).sort()).toEqual(CHAIN_ROWS.map(({ name }) => name).sort());
  });

  it("names the certificate, its place and the section in every failure", async () => {
    const { failures } = await validateSigningChain(read(chain({ intermediate: { extensions: [] } })), crypto);
    expect(failures.length).toBeGreaterThan(1);
    for (const { index, message, section } of failures) {
      expect(section).toContain("Certificate Requirements");
      expect(message).toContain(index === 0 ? "CN=leaf" : "CN=intermediate");
      expect(message.endsWith(".")).toBe(false);
    }
  });

  it("refuses an empty chain", async () => {
    const { valid, failures } = await validateSigningChain([], crypto);
    expect(valid).toBe(false);
    expect(failures.map(({ rule }) => rule)).toEqual(["chain-not-empty"]);
  });

  it("accepts the chains openssl made for the fixtures, by both providers", async () => {
    const noble = createNobleProvider();
    for (const kind of ["rsa-2048", "p-256", "p-384", "p-521"]) {
      const certificates = parseCertificates(readFileSync(`test/fixtures/keys/${kind}-chain.chain.pem`));
      expect(certificates).toHaveLength(3);
      for (const provider of [crypto, noble]) {
        expect(await validateSigningChain(certificates, provider)).toEqual({ valid: true, failures: [] });
      }
    }
  });

  it("computes the signatures of the same certificates once, and those of others anew", async () => {
    const provider = counting();
    const first = read(chain());
    await validateSigningChain(first, provider);
    const computed = provider.calls;
    expect(computed).toBe(3);
    await validateSigningChain([...first], provider);
    expect(provider.calls).toBe(computed);
    await validateSigningChain(first.slice(0, 2), provider);
    expect(provider.calls).toBeGreaterThan(computed);
  });

  it("passes on that a signature could not be computed, and does not keep it as an answer", async () => {
    const certificates = read(single());
    let broken = true;
    const provider: CryptoProvider = {
      ...crypto,
      verify: (...call) =>
        broken
          ? Promise.reject(new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "no ECDSA here"))
          : crypto.verify(...call),
    };
    await expect(validateSigningChain(certificates, provider)).rejects.toThrow("no ECDSA here");
    broken = false;
    expect((await validateSigningChain(certificates, provider)).valid).toBe(true);
  });

  it("refuses a chain with any one bit of a certificate flipped", async () => {
    const made = chain();
    const [, intermediate] = made as [Uint8Array, Uint8Array, Uint8Array];
    let refused = 0;
    for (let index = 0; index < intermediate.length; index += 7) {
      const flipped = intermediate.slice();
      flipped[index] = (flipped[index] ?? 0) ^ (1 << (index % 8));
      let valid = false;
      try {
        valid = (await validateSigningChain(read([made[0]!, flipped, made[2]!]), crypto)).valid;
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_/) });
      }
      expect(valid).toBe(false);
      refused++;
    }
    expect(refused).toBeGreaterThan(50);
  });
});
