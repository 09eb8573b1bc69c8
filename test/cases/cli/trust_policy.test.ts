/** `verify` by notation's trust policy and trust stores, in memory; `test/peers` asks the real notation too. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Handler } from "../../../src/ports.ts";
import { createFixtureRegistry, fixtureText } from "./fixture_registry.ts";
import { type MemoryHostOptions, runInMemory } from "./memory_host.ts";

let registry: Handler;
beforeAll(async () => {
  registry = await createFixtureRegistry();
});

const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
const STORE = "truststore/x509/ca/release/signer.crt";
const SIGNER = fixtureText("keys/fixture-signer.crt.pem");
const STRANGER = fixtureText("keys/rsa-3072-self.crt.pem");

const statement = (changes: Readonly<Record<string, unknown>> = {}) => ({
  name: "release",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:release"],
  trustedIdentities: ["*"],
  ...changes,
});
const policy = (...statements: readonly unknown[]) => JSON.stringify({ version: "1.0", trustPolicies: statements });
const level = (name: string) => ({ signatureVerification: { level: name } });

/** Files below a folder. */
const below = (folder: string, files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));

function verify(
  files: Readonly<Record<string, string>>,
  args: readonly string[] = [SIGNED],
  options: MemoryHostOptions = {},
) {
  const variables = { NOTATION_CONFIG: "/etc/notation" };
  return runInMemory(["verify", ...args], { registry, files: below("/etc/notation", files), variables, ...options });
}
const trusted = { "trustpolicy.json": policy(statement()), [STORE]: SIGNER };

describe("notation's folder", () => {
  const found = below("/etc/notation", trusted);
  it.each<[string, string, MemoryHostOptions]>([
    ["is what NOTATION_CONFIG says", "/etc/notation", { variables: { NOTATION_CONFIG: "/etc/notation" } }],
    ["may end with a slash", "/etc/notation", { variables: { NOTATION_CONFIG: "/etc/notation//" } }],
    ["goes before the user's", "/etc/notation", {
      variables: { NOTATION_CONFIG: "/etc/notation" },
      configFolder: "/x",
    }],
    ["is the user's", "/home/ada/.config/notation", { configFolder: "/home/ada/.config" }],
    ["is the user's when the variable is empty", "/c/notation", {
      configFolder: "/c",
      variables: { NOTATION_CONFIG: "" },
    }],
    ["is here when the user has none", ".notation", {}],
  ])("%s", async (_, folder, options) => {
    const { status, stdout } = await runInMemory(["verify", SIGNED], {
      registry,
      files: below(folder, trusted),
      ...options,
    });
    expect(stdout).toMatch(/^Successfully verified signature for ghcr\.io\/kyverno\/test-verify-image@sha256:/);
    expect(status).toBe(0);
  });

  it("is not looked at with --cert", async () => {
    const files = { ...found, "/etc/notation/trustpolicy.json": "broken", "signer.crt": SIGNER };
    const { status } = await runInMemory(["verify", SIGNED, "--cert", "signer.crt"], {
      registry,
      files,
      variables: { NOTATION_CONFIG: "/etc/notation" },
    });
    expect(status).toBe(0);
  });
});

describe("the trust policy", () => {
  it("is trustpolicy.oci.json where there are two", async () => {
    const foreign = policy(statement({ trustStores: ["ca:foreign"] }));
    const stores = { [STORE]: SIGNER, "truststore/x509/ca/foreign/a.crt": STRANGER };
    const first = await verify({ ...stores, "trustpolicy.oci.json": policy(statement()), "trustpolicy.json": foreign });
    const second = await verify({
      ...stores,
      "trustpolicy.oci.json": foreign,
      "trustpolicy.json": policy(statement()),
    });
    expect([first.status, second.status]).toEqual([0, 1]);
    expect(second.stderr).toMatch(/^Code: SIGNER_NOT_TRUSTED /m);
  });

  it.each([
    [
      "none",
      {},
      "ERR_TRUST_POLICY_MISSING",
      /^Error: trust policy is not present\. To create a trust policy, see: https:/,
    ],
    ["no JSON", { "trustpolicy.json": "{" }, "ERR_TRUST_POLICY", /^Error: malformed trust policy\. To create/],
    [
      "a level that does not exist",
      { "trustpolicy.json": policy(statement(level("lax"))) },
      "ERR_TRUST_POLICY",
      /^Error: oci trust policy: trust policy statement "release" has invalid signatureVerification: invalid signature verification level "lax"\nReason: Cannot use trust policy "\/etc\/notation\/trustpolicy\.json": statement "release", "signatureVerification"\."level" is "lax" \(line 1, column \d+\): no such level/,
    ],
    [
      "skip for every registry, which only we refuse",
      { "trustpolicy.json": policy({ name: "s", registryScopes: ["*"], ...level("skip") }) },
      "ERR_TRUST_POLICY",
      /^Error: Cannot use trust policy .*would let everything pass/,
    ],
  ])("refused before a registry is asked: %s", async (_, files, code, stderr) => {
    const ran = await verify(files as Readonly<Record<string, string>>);
    expect(ran).toMatchObject({ status: 1, stdout: "", requests: [] });
    expect(ran.stderr).toMatch(stderr);
    expect(ran.stderr).toMatch(new RegExp(`^Code: ${code} \\(misconfigured`, "m"));
  });

  it("has no statement for the artifact: said with the digest, before signatures are asked for", async () => {
    const files = { "trustpolicy.json": policy(statement({ registryScopes: ["ghcr.io/kyverno/other"] })) };
    const { status, stderr, requests } = await verify(files);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Warning: Always verify/);
    expect(stderr).toMatch(
      /^Error: signature verification failed: artifact "ghcr\.io\/kyverno\/test-verify-image@sha256:[0-9a-f]{64}" has no applicable oci trust policy statement\./m,
    );
    expect(stderr).toMatch(/^Code: TRUST_POLICY_NOT_APPLICABLE /m);
    expect(requests.filter((request) => request.includes("/referrers/"))).toEqual([]);
  });

  it("warns of what has no effect, and escapes it", async () => {
    const files = {
      ...trusted,
      "trustpolicy.json": policy(
        statement({ "\u001b[2J": 1, trustedIdentities: ["dns:x", "x509.subject:C=US,ST=WA,O=Notary"] }),
      ),
    };
    const { status, stderr } = await verify(files);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^Warning: Trust policy .*"\\x1b\[2J" .*: no such member, it has no effect$/m);
    expect(stderr).toMatch(/^Warning: Trust policy .*"dns:x" trusts nobody/m);
  });
});

describe("levels", () => {
  const stores = { [STORE]: STRANGER };

  it("prints what is only logged as a warning, in every form of output", async () => {
    const files = { ...stores, "trustpolicy.json": policy(statement(level("audit"))) };
    const warning =
      'Warning: authenticity was set to "log" and failed with error: the signature\'s certificate chain does not contain any trusted certificate\n';
    const [plain, json, explained] = await Promise.all([
      verify(files),
      verify(files, [SIGNED, "-o", "json"]),
      verify(files, [SIGNED, "--explain"]),
    ]);
    expect([plain.status, json.status, explained.status]).toEqual([0, 0, 0]);
    for (const { stderr } of [plain, json, explained]) expect(stderr).toContain(warning);
    expect(plain.stdout).toMatch(/^Successfully verified signature for /);
    expect(JSON.parse(json.stdout)).toMatchObject({
      verdict: "verified",
      signatures: [{
        validations: { authenticity: { action: "log", status: "failed", refusal: { code: "SIGNER_NOT_TRUSTED" } } },
      }],
    });
    expect(explained.stdout).toMatch(/^ {2}failed +authenticity \(log\)$/m);
    expect(explained.stdout).toMatch(/^Verdict: verified$/m);
  });

  it("says that verification is skipped, and asks for no signature", async () => {
    const files = {
      "trustpolicy.json": policy({
        name: "s",
        registryScopes: ["ghcr.io/kyverno/test-verify-image"],
        ...level("skip"),
      }),
    };
    const { status, stdout, requests } = await verify(files);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^Trust policy is configured to skip signature verification for ghcr\.io\/kyverno\/test-verify-image@sha256:[0-9a-f]{64}\n$/,
    );
    expect(requests.filter((request) => request.includes("/referrers/"))).toEqual([]);
    const json = await verify(files, [SIGNED, "-o", "json"]);
    expect([json.status, JSON.parse(json.stdout)]).toMatchObject([0, { verdict: "skipped", signatures: [] }]);
  });
});

describe("trust stores", () => {
  it.each([
    [
      "missing",
      {},
      "ERR_TRUST_STORE_EMPTY",
      /^Error: the trust store "release" of type "ca" does not exist\. Use command 'notation cert add' to create and add trusted certificates to the trust store$/m,
    ],
    [
      "with a leaf",
      { [STORE]: fixtureText("keys/release.crt.pem") },
      "ERR_TRUST_STORE",
      /^Error: failed to validate the trusted certificate signer\.crt in trust store release of type ca\. certificate with subject "CN=release leaf,O=Notary,L=Seattle,ST=WA,C=US" is not a CA certificate or self-signed signing certificate$/m,
    ],
    [
      "with a file that is no certificate",
      { [STORE]: SIGNER, "truststore/x509/ca/release/README": "read me" },
      "ERR_TRUST_STORE",
      /^Error: failed to read the trusted certificate README in trust store release of type ca\. x509: malformed certificate$/m,
    ],
  ])("%s: notation's sentence, our code", async (_, files, code, stderr) => {
    const ran = await verify({
      "trustpolicy.json": policy(statement()),
      ...(files as Readonly<Record<string, string>>),
    });
    expect([ran.status, ran.stdout]).toEqual([1, ""]);
    expect(ran.stderr).toMatch(stderr);
    expect(ran.stderr).toMatch(new RegExp(`^Code: ${code} \\(misconfigured`, "m"));
  });

  it("passes over a folder within a store, and says so", async () => {
    const { status, stderr } = await verify({ ...trusted, "truststore/x509/ca/release/sub/x": "not read" });
    expect(status).toBe(0);
    expect(stderr).toContain('Warning: the folder "sub" in trust store "ca:release" is passed over');
  });
});
