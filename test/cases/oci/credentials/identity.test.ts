/** The names principals are kept apart by. */
import { createHash, webcrypto } from "node:crypto";
import { expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import { ANONYMOUS_IDENTITY, credentialIdentity } from "../../../../src/oci/mod.ts";
import type { Credential } from "../../../../src/ports.ts";

const crypto = createWebCryptoProvider(webcrypto.subtle as SubtleCrypto);
const source = "a test";
const PRINCIPALS: readonly Credential[] = [
  { type: "basic", username: "ada", secret: "x", source },
  { type: "basic", username: "ada", secret: "y", source },
  { type: "basic", username: "adax", secret: "", source },
  { type: "basic", username: "", secret: "adax", source },
  { type: "identityToken", token: "x", source },
  { type: "identityToken", token: "x", username: "ada", source },
  { type: "registryToken", token: "x", source },
];

it("credentialIdentity() names each principal by another text, without the secret", async () => {
  const names = await Promise.all(PRINCIPALS.map((credential) => credentialIdentity(credential, crypto)));
  expect(new Set(names).size).toBe(PRINCIPALS.length);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{64}$/);
  expect(names[0]).toBe(createHash("sha256").update('["basic","ada","x"]').digest("hex"));
});

it("credentialIdentity() does not tell where the same credentials were found", async () => {
  for (const credential of PRINCIPALS) {
    const elsewhere = { ...credential, source: "another place" };
    expect(await credentialIdentity(elsewhere, crypto)).toBe(await credentialIdentity(credential, crypto));
  }
});

it("credentialIdentity() calls nobody by one name", async () => {
  expect(await credentialIdentity(undefined, crypto)).toBe(ANONYMOUS_IDENTITY);
  expect(await credentialIdentity({ type: "anonymous", source }, crypto)).toBe(ANONYMOUS_IDENTITY);
});
