import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import {
  createMemoryTrustStore,
  parseBlobTrustPolicy,
  parseOciTrustPolicy,
  trustOfStatement,
} from "../../../../src/notary/mod.ts";
import { deviations } from "../../../peers/deviations.ts";
import { level, policy, scopes, statement } from "../../../peers/trust_row.ts";

const plain = JSON.stringify(policy(statement()));

/** Documents that the real notation takes: `test/peers/trust_policy.test.ts` asks it about the same. */
const ROWS: readonly (readonly [rule: string, name: string, text: string])[] = [
  ["trust-policy-duplicate-names", "a name written twice", plain.replace("{", '{"version":"0",')],
  ["trust-policy-duplicate-names", "names that differ in case only", plain.replace("{", '{"Version":"0",')],
  ["trust-policy-trailing-data", "a second document behind the first", `${plain}{}`],
  [
    "trust-store-folder-name",
    "a store that is the folder above",
    JSON.stringify(policy(statement({ trustStores: ["ca:.."] }))),
  ],
  [
    "skip-everywhere",
    "skip for every registry",
    JSON.stringify(policy({ name: "skip", ...scopes("*"), ...level("skip") })),
  ],
];

describe("parseOciTrustPolicy() with compat", () => {
  it.each(ROWS)("passes over %s: %s, and tells", (rule, _, text) => {
    expect(() => parseOciTrustPolicy(text, "test")).toThrow(expect.objectContaining({ code: "ERR_TRUST_POLICY" }));
    const read = parseOciTrustPolicy(text, "test", { compat: true });
    expect(read.relaxed).toEqual([rule]);
    expect(read.statements).toHaveLength(1);
    expect(deviations.find(({ id }) => id === rule)?.peer).toBe("notation");
  });

  it("keeps the limit of its size", () => {
    const large = `${plain}${" ".repeat(1024 * 1024)}`;
    const message = expect.stringMatching(/bytes, expected at most 1048576/);
    for (const options of [{}, { compat: true }] as const) {
      expect(() => parseOciTrustPolicy(large, "test", options)).toThrow(expect.objectContaining({ message }));
    }
  });

  it("looks once through strings without an end", () => {
    const started = performance.now();
    for (const end of ["", "\\"]) {
      const text = `{"${'\\"'.repeat(400_000)}${end}`;
      expect(() => parseOciTrustPolicy(text, "test", { compat: true })).toThrow(/Cannot parse JSON/);
    }
    expect(performance.now() - started, "milliseconds; quadratic work takes minutes").toBeLessThan(5000);
  });

  it("reads a document without fault as ever, in any capitals", () => {
    const text = plain.replace('"trustStores"', '"TRUSTSTORES"');
    const { relaxed, ...read } = parseOciTrustPolicy(text, "test", { compat: true });
    expect(relaxed).toEqual([]);
    expect(read).toEqual(parseOciTrustPolicy(plain, "test"));
    expect(parseOciTrustPolicy(plain, "test")).not.toHaveProperty("relaxed");
  });

  it.each([
    ["half a document", '{"version": "1.0", "trustPolicies": ['],
    ["no document", ""],
    ["a list", "[]"],
    ["an unknown level", JSON.stringify(policy(statement(level("lax"))))],
    ["a store that climbs", JSON.stringify(policy(statement({ trustStores: ["ca:../ca/seed"] })))],
    ["no identities", JSON.stringify(policy(statement({ trustedIdentities: [] })))],
  ])("refuses %s as without", (_, text) => {
    expect(() => parseOciTrustPolicy(text, "test", { compat: true })).toThrow(
      expect.objectContaining({ code: "ERR_TRUST_POLICY" }),
    );
  });
});

describe("trustOfStatement() of what was read with compat", () => {
  const store = createMemoryTrustStore({}, createWebCryptoProvider());
  const refused = expect.objectContaining({ code: "ERR_TRUST_POLICY" });

  it.each(ROWS)("refuses without compat what breaks %s: %s", async (rule, _, text) => {
    const [read] = parseOciTrustPolicy(text, "test", { compat: true }).statements;
    const failure = await trustOfStatement(read!, store).catch((thrown: unknown) => thrown);
    expect(failure).toEqual(refused);
    expect(String(failure)).toContain(rule);
    expect((await trustOfStatement(read!, store, { compat: true })).name).toBe(read!.name);
  });

  it("refuses every statement of a document about files that breaks a rule", async () => {
    const { registryScopes: _, ...rest } = statement() as Record<string, unknown>;
    const text = JSON.stringify(policy({ ...rest, name: "one" }, { ...rest, name: "two" }));
    const broken = parseBlobTrustPolicy(`${text}{}`, "test", { compat: true });
    expect(broken.statements).toHaveLength(2);
    for (const read of broken.statements) await expect(trustOfStatement(read, store)).rejects.toEqual(refused);
  });

  it("takes a statement whose document keeps the rules", async () => {
    const [read] = parseOciTrustPolicy(plain, "test", { compat: true }).statements;
    expect(await trustOfStatement(read!, store)).toEqual(
      await trustOfStatement(parseOciTrustPolicy(plain, "test").statements[0]!, store),
    );
  });
});
