/** `blob sign`, `blob verify`, `blob inspect`: files signed and verified without a registry. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fixturePath } from "./fixture_registry.ts";
import { type MemoryHostOptions, runInMemory } from "./memory_host.ts";

const NOW = new Date("2026-11-23T08:41:34Z");
const key = (name: string) => readFileSync(fixturePath(`keys/${name}`));
const files: Readonly<Record<string, string | Uint8Array>> = {
  "blobs/data.bin": "hello world!\n",
  "blobs/other.bin": "Hello world!\n",
  "key.pem": key("p-384-chain.test-only.key.pem"),
  "chain.pem": key("p-384-chain.chain.pem"),
  "root.pem": key("p-384-chain-root.crt.pem"),
  "stranger.pem": key("rsa-2048-self.crt.pem"),
  "./package.json": '{"version":"9.9.9"}',
};
const KEY = ["--key-file", "key.pem", "--cert-file", "chain.pem"];
const call = (
  args: readonly string[],
  more: Readonly<Record<string, string | Uint8Array>> = {},
  options: MemoryHostOptions = {},
) => runInMemory(["blob", ...args], { now: NOW, ...options, files: { ...files, ...more } });

/** Signs `blobs/data.bin` and gives every file there is then. */
async function signed(...flags: readonly string[]) {
  const { status, stderr, written } = await call(["sign", ...KEY, ...flags, "blobs/data.bin"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return Object.fromEntries(written);
}

describe("blob sign", () => {
  it.each([
    [[], "blobs/data.bin.jws.sig"],
    [["--signature-format", "cose"], "blobs/data.bin.cose.sig"],
    [["--signature-directory", "out"], "out/data.bin.jws.sig"],
    [["--signature-directory", "out/"], "out/data.bin.jws.sig"],
  ])("with %j writes %s", async (flags, path) => {
    const { status, stdout, stderr, written, requests } = await call(["sign", ...KEY, ...flags, "blobs/data.bin"]);
    expect({ status, stderr, requests }).toEqual({ status: 0, stderr: "", requests: [] });
    expect(stdout).toBe(`Successfully signed blobs/data.bin\nSignature file written to ${path}\n`);
    expect([...written.keys()]).toEqual([path]);
  });

  it("leaves a signature that exists as it is, unless it is forced", async () => {
    const before = { "blobs/data.bin.jws.sig": "kept" };
    const kept = await call(["sign", ...KEY, "blobs/data.bin"], before);
    expect(kept).toMatchObject({ status: 1, stdout: "" });
    expect(kept.stderr).toContain('signature file "blobs/data.bin.jws.sig" exists, use --force to replace it');
    expect(kept.written.size).toBe(0);
    const forced = await call(["sign", ...KEY, "--force", "blobs/data.bin"], before);
    expect(forced).toMatchObject({ status: 0, stderr: "Warning: existing signature file will be overwritten\n" });
    expect([...forced.written.keys()]).toEqual(["blobs/data.bin.jws.sig"]);
  });

  it.each([
    [["sign", ...KEY], "ERR_USAGE", "missing file path to the blob"],
    [["sign", ...KEY, "a", "b"], "ERR_USAGE", "2 paths, expected 1"],
    [["sign", ...KEY, "blobs/none"], "ERR_FILE", "it does not exist"],
    [
      ["sign", ...KEY, "--timestamp-url", "http://x", "blobs/data.bin"],
      "ERR_USAGE",
      "missing [timestamp-root-cert]",
    ],
    [["frob"], "ERR_USAGE", 'unknown command "frob" for "edge-notary blob"'],
  ])("refuses %j", async (args, code, words) => {
    const { status, stdout, stderr, written } = await call(args);
    expect({ status, stdout, files: written.size }).toEqual({ status: 1, stdout: "", files: 0 });
    expect(stderr).toContain(words);
    expect(stderr).toContain(`Code: ${code} `);
  });

  it("has help of its own, and the group has a list", async () => {
    const { status, stdout } = await call([]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}inspect .*\n {2}sign {4}.*\n {2}verify .*$/m);
    expect(stdout).toContain("edge-notary blob [command]");
    for (const args of [["--help"], ["-h"]]) expect((await call(args)).stdout).toBe(stdout);
    expect((await runInMemory(["help", "blob"])).stdout).toBe(stdout);
    const own = (await call(["sign", "--help"])).stdout;
    expect(own).toContain("edge-notary blob sign [flags] <blob_path>");
    expect((await runInMemory(["help", "blob", "sign"])).stdout).toBe(own);
  });
});

describe("blob verify", () => {
  const SIG = "blobs/data.bin.jws.sig";
  const verify = (...args: readonly string[]) => ["verify", "--cert", "root.pem", "-s", SIG, ...args];

  it.each([["jws"], ["cose"]])("says that a trusted signer signed it: %s", async (format) => {
    const made = await signed("--signature-format", format);
    const args = ["verify", "--cert", "root.pem", "-s", `blobs/data.bin.${format}.sig`, "blobs/data.bin"];
    expect(await call(args, made)).toMatchObject({
      status: 0,
      stdout: "Successfully verified signature for blobs/data.bin\n",
      stderr: "",
    });
  });

  it("prints the metadata, and asks for what is asked for", async () => {
    const made = await signed("-m", "k=v", "--media-type", "video/mp4");
    const good = await call(verify("-m", "k=v", "--media-type", "video/mp4", "blobs/data.bin"), made);
    expect(good).toMatchObject({ status: 0, stderr: "" });
    expect(good.stdout).toBe(
      "Successfully verified signature for blobs/data.bin\n\n" +
        "The artifact was signed with the following user metadata.\n\nKEY   VALUE   \nk     v       \n",
    );
  });

  it.each<[string, readonly string[], string, string]>([
    [
      "other bytes",
      verify("blobs/other.bin"),
      "TARGET_ARTIFACT_MISMATCH",
      "integrity check failed. signature does not match the given blob",
    ],
    [
      "another media type",
      verify("--media-type", "text/plain", "blobs/data.bin"),
      "TARGET_ARTIFACT_MISMATCH",
      "integrity check failed. signature does not match the given blob",
    ],
    [
      "metadata with another value",
      verify("-m", "k=x", "blobs/data.bin"),
      "USER_METADATA_MISSING",
      "unable to find specified metadata in the signature",
    ],
    [
      "metadata that is not there",
      verify("-m", "toString=v", "blobs/data.bin"),
      "USER_METADATA_MISSING",
      "unable to find specified metadata in the signature",
    ],
    ["a stranger's root", ["verify", "--cert", "stranger.pem", "-s", SIG, "blobs/data.bin"], "SIGNER_NOT_TRUSTED", ""],
  ])("refuses %s", async (_, args, code, words) => {
    const { status, stdout, stderr } = await call(args, await signed("-m", "k=v"));
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr.split("\n")[0]).toContain(`Error: signature verification failed: ${words}`);
    expect(stderr).toContain(`Code: ${code} `);
  });

  it("explains every validation, within the columns", async () => {
    const made = await signed("-m", "k=v");
    const good = await call(verify("--explain", "blobs/data.bin"), made);
    expect(good).toMatchObject({ status: 0, stderr: "" });
    expect(good.stdout).toMatch(/^Target: blobs\/data\.bin\n\nSignature 1 of 1: verified\n/);
    expect(good.stdout).toMatch(/^ {7}trusted by root\.pem$/m);
    expect(good.stdout).toMatch(/^Verdict: verified\n\nSuccessfully verified signature for blobs\/data\.bin\n/m);
    const bad = await call(["verify", "--explain", "--cert", "stranger.pem", "-s", SIG, "blobs/data.bin"], made);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/^ {2}failed +authenticity \(enforce\)$/m);
    expect(bad.stdout).toMatch(/^ {4}Why: {2}The trust store holds 1 /m);
    expect(bad.stdout).toMatch(/^Reason: SIGNER_NOT_TRUSTED: authenticity of signature 1, see above$/m);
    const lines = `${good.stdout}${bad.stdout}`.split("\n").filter((line) => line.length > 80);
    expect(lines.filter((line) => !/^ *(sha256:)?[0-9a-f]{64,128}$/.test(line.replace("sha384:", "")))).toEqual([]);
    const plain = await call(["verify", "--cert", "stranger.pem", "-s", SIG, "blobs/data.bin"], made);
    expect(plain.stderr).toMatch(/^Chain: The trust store holds 1 /m);
  });

  it("gives the same as JSON", async () => {
    const made = await signed("-m", "k=v");
    for (const flags of [["-o", "json"], ["--format", "json", "--explain"]]) {
      const good = await call(verify(...flags, "blobs/data.bin"), made);
      expect(good).toMatchObject({ status: 0, stderr: "" });
      const told = JSON.parse(good.stdout);
      expect(told).toMatchObject({ reference: "blobs/data.bin", verdict: "verified" });
      expect(told.signatures).toHaveLength(1);
      expect(told.signatures[0]).toMatchObject({
        validations: { authenticity: { status: "passed" }, targetArtifact: { status: "passed" } },
        chain: { anchor: { store: "root.pem", role: "root" } },
        userMetadata: { k: "v" },
      });
    }
    const bad = await call(verify("-o", "json", "blobs/other.bin"), made);
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ verdict: "failed", refusal: { code: "TARGET_ARTIFACT_MISMATCH" } });
    const nobody = await call(["verify", "--cert", "none.pem", "-o", "json", "-s", SIG, "blobs/data.bin"], made);
    expect(JSON.parse(nobody.stdout)).toMatchObject({ reference: "blobs/data.bin", refusal: { code: "ERR_FILE" } });
  });

  it.each([
    [["-o", "json", "--format", "json"], "--format, --output cannot be used at the same time"],
    [["-o", "yaml"], "unrecognized output format yaml"],
  ])("refuses %j", async (flags, words) => {
    const { status, stdout, stderr } = await call(verify(...flags, "blobs/data.bin"), await signed());
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(words);
  });

  it("refuses a signature that was changed, and one that has expired", async () => {
    const made = await signed("--expiry", "1s");
    const text = new TextDecoder().decode(made[SIG]).replace('"signature":"', '"signature":"A');
    const changed = await call(verify("blobs/data.bin"), { [SIG]: text });
    expect(changed).toMatchObject({ status: 1, stdout: "" });
    const late = await call(verify("blobs/data.bin"), made, { now: new Date(NOW.getTime() + 1000) });
    expect(late).toMatchObject({ status: 1, stdout: "" });
    expect(late.stderr).toContain("Code: SIGNATURE_EXPIRED ");
  });

  it.each<[readonly string[], string]>([
    [
      ["verify", "--cert", "root.pem", "-s", "blobs/data.sig", "blobs/data.bin"],
      "invalid signature filename data.sig. A valid signature file name must contain signature format and .sig file extension",
    ],
    [
      ["verify", "--cert", "root.pem", "-s", "blobs/data.xyz.sig", "blobs/data.bin"],
      'signature format "xyz" not supported',
    ],
    [
      ["verify", "--cert", "root.pem", "-s", "blobs/data.jws", "blobs/data.bin"],
      "invalid signature filename data.jws. The file extension must be .sig",
    ],
    [["verify", "--cert", "root.pem", "blobs/data.bin"], "missing --signature FILE"],
    [["verify", "--cert", "root.pem", "-s", SIG], "missing file path to the blob"],
    [
      ["verify", "--cert", "root.pem", "--policy-name", "p", "-s", SIG, "blobs/data.bin"],
      "--cert and --policy-name name two trusts",
    ],
    [
      ["verify", "--cert", "root.pem", "-s", SIG, "-m", "a", "blobs/data.bin"],
      'could not parse flag user-metadata: key-value pair requires "=" as separator',
    ],
  ])("refuses %j", async (args, words) => {
    const { status, stdout, stderr } = await call(args, { "blobs/data.sig": "", "blobs/data.xyz.sig": "" });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(`Error: ${words}`);
  });

  const policy = (statements: readonly object[]) => ({
    "/notation/trustpolicy.blob.json": JSON.stringify({ version: "1.0", trustPolicies: statements }),
    "/notation/truststore/x509/ca/example/root.pem": files["root.pem"] as Uint8Array,
    "/notation/truststore/x509/ca/stranger/root.pem": files["stranger.pem"] as Uint8Array,
  });
  const statement = (name: string, store: string, more: object = {}) => ({
    name,
    signatureVerification: { level: "strict" },
    trustStores: [`ca:${store}`],
    trustedIdentities: ["*"],
    ...more,
  });
  const inFolder = { variables: { NOTATION_CONFIG: "/notation" } };

  it("asks notation's trust policy when no certificate is given", async () => {
    const made = await signed();
    const statements = [
      statement("p1", "stranger"),
      statement("p2", "example"),
      statement("all", "example", { globalPolicy: true }),
    ];
    const more = { ...made, ...policy(statements) };
    const args = (...flags: readonly string[]) => ["verify", "-s", SIG, ...flags, "blobs/data.bin"];
    expect(await call(args(), more, inFolder)).toMatchObject({ status: 0, stderr: "" });
    expect(await call(args("--policy-name", "p2"), more, inFolder)).toMatchObject({ status: 0, stderr: "" });
    expect(await call(args("--policy-name", "p1"), more, inFolder)).toMatchObject({ status: 1, stdout: "" });
    const unknown = await call(args("--policy-name", "nope"), more, inFolder);
    expect(unknown.stderr).toContain(
      'Error: signature verification failed: no applicable blob trust policy with name "nope"',
    );
    const without = await call(args(), { ...made, ...policy([statement("p1", "example")]) }, inFolder);
    expect(without.stderr).toContain("Error: signature verification failed: no global blob trust policy");
    const missing = await call(args(), made, inFolder);
    expect(missing.stderr).toContain("Error: trust policy is not present.");
  });

  it("says that a statement skips verification, and verifies nothing", async () => {
    const level = { signatureVerification: { level: "skip" }, trustStores: undefined, trustedIdentities: undefined };
    const more = { [SIG]: "no signature", ...policy([statement("none", "example", level)]) };
    const args = ["verify", "-s", SIG, "--policy-name", "none", "blobs/data.bin"];
    expect(await call(args, more, inFolder)).toMatchObject({
      status: 0,
      stdout: "Trust policy is configured to skip signature verification for blobs/data.bin\n",
    });
  });
});

describe("blob inspect", () => {
  it("shows what the signature claims as notation does", async () => {
    const made = await signed("-m", "k=v", "--expiry", "24h");
    const { status, stdout, stderr } = await call(["inspect", "blobs/data.bin.jws.sig"], made);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    // Lines of notation's own output for such a signature, with this key's names.
    expect(stdout.replace(/(?:[0-9a-f]{96}|[0-9a-f]{64})$/gm, "…")).toBe(`blobs/data.bin.jws.sig
├── signature algorithm: ECDSA-SHA-384
├── signature envelope type: application/jose+json
├── signed attributes
│   ├── content type: application/vnd.cncf.notary.payload.v1+json
│   ├── signing scheme: notary.x509
│   ├── signing time: Mon Nov 23 08:41:34 2026
│   └── expiry: Tue Nov 24 08:41:34 2026
├── user defined attributes
│   └── k: v
├── unsigned attributes
│   └── signing agent: edge-notary/9.9.9
├── certificates
│   ├── SHA256 fingerprint: …
│   │   ├── issued to: CN=p-384-chain leaf,O=Notary,L=Seattle,ST=WA,C=US
│   │   ├── issued by: CN=p-384-chain intermediate,O=Notary,L=Seattle,ST=WA,C=US
│   │   └── expiry: Sat Jan  1 00:00:00 2124
│   ├── SHA256 fingerprint: …
│   │   ├── issued to: CN=p-384-chain intermediate,O=Notary,L=Seattle,ST=WA,C=US
│   │   ├── issued by: CN=p-384-chain root,O=Notary,L=Seattle,ST=WA,C=US
│   │   └── expiry: Sat Jan  1 00:00:00 2124
│   └── SHA256 fingerprint: …
│       ├── issued to: CN=p-384-chain root,O=Notary,L=Seattle,ST=WA,C=US
│       ├── issued by: CN=p-384-chain root,O=Notary,L=Seattle,ST=WA,C=US
│       └── expiry: Sat Jan  1 00:00:00 2124
└── signed artifact
    ├── media type: application/octet-stream
    ├── digest: sha384:…
    └── size: 13
`);
  });

  it("gives the same as JSON, the members in notation's order", async () => {
    const made = await signed("--signature-format", "cose");
    const { stdout } = await call(["inspect", "-o", "json", "blobs/data.bin.cose.sig"], made);
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual([
      "signatureAlgorithm",
      "signatureEnvelopeType",
      "signedAttributes",
      "userDefinedAttributes",
      "unsignedAttributes",
      "certificates",
      "signedArtifact",
    ]);
    expect(document).toMatchObject({
      signatureEnvelopeType: "application/cose",
      signedAttributes: { signingScheme: "notary.x509", signingTime: "2026-11-23T08:41:34Z" },
      userDefinedAttributes: null,
      signedArtifact: { mediaType: "application/octet-stream", size: 13 },
    });
    expect(stdout.split("\n")[1]).toBe('  "signatureAlgorithm": "ECDSA-SHA-384",');
  });

  it.each([
    [["inspect", "blobs/data.bin"], "invalid signature filename data.bin. The file extension must be .sig"],
    [["inspect", "blobs/a.jws.sig"], "Cannot decode JWS envelope"],
    [["inspect", "-o", "xml", "blobs/a.jws.sig"], "unrecognized output format xml"],
    [["inspect"], "missing file path to the signature"],
  ])("refuses %j", async (args, words) => {
    const { status, stdout, stderr } = await call(args, { "blobs/a.jws.sig": "\u001b[31m" });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(`Error: ${words}`);
    expect(stderr).not.toContain("\u001b");
  });
});
