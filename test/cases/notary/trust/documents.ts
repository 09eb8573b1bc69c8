/** Trust policy documents for tests. */

type Members = Readonly<Record<string, unknown>>;

/** A strict statement for every registry. */
export const statement = (changes: Members = {}): Members => ({
  name: "release",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:release"],
  trustedIdentities: ["*"],
  ...changes,
});

/** The same for files. */
export const blobStatement = (changes: Members = {}): Members => {
  const { registryScopes: _, ...members } = statement(changes);
  return members;
};

export const document = (...statements: readonly unknown[]): string =>
  JSON.stringify({ version: "1.0", trustPolicies: statements }, undefined, 2);
