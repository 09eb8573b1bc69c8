/** `sign`: the key it takes, what it asks a registry for, what it prints, what it refuses before anything is sent. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeEnvelope } from "../../../src/notary/mod.ts";
import type { Handler } from "../../../src/ports.ts";
import { fixturePath } from "./fixture_registry.ts";
import { runInMemory } from "./memory_host.ts";
import { artifact, takingRegistry } from "./taking_registry.ts";

const byDigest = `registry.example/a/b@${artifact.descriptor.digest}`;
const keyPath = fixturePath("keys/p-256-self.test-only.key.pem");
const certPath = fixturePath("keys/p-256-self.crt.pem");
const KEY = ["--key-file", keyPath, "--cert-file", certPath];
const NOW = new Date("2026-11-23T08:40:15Z");

describe("sign", () => {
  it.each([["jws", "application/jose+json"], ["cose", "application/cose"]])(
    "makes a %s envelope and pushes it",
    async (format, mediaType) => {
      const { handler, taken } = takingRegistry();
      const args = ["sign", ...KEY, "--signature-format", format, "-m", "a=b=c", "--expiry", "1h30m", byDigest];
      const { status, stdout, stderr } = await runInMemory(args, { registry: handler, now: NOW, zone: () => 60 });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const [, pushed = ""] =
        /^Successfully signed \S+\nPushed the signature to registry\.example\/a\/b@(\S+)\n$/.exec(stdout) ?? [];
      expect(stdout.split("\n")[0]).toBe(`Successfully signed ${byDigest}`);
      const manifest = JSON.parse(new TextDecoder().decode(taken.get(pushed)));
      expect(manifest.subject).toEqual(artifact.descriptor);
      expect(manifest.annotations["org.opencontainers.image.created"]).toBe("2026-11-23T08:40:15Z");
      const thumbprint = new X509Certificate(readFileSync(certPath)).fingerprint256.replaceAll(":", "").toLowerCase();
      expect(manifest.annotations["io.cncf.notary.x509chain.thumbprint#S256"]).toBe(`["${thumbprint}"]`);
      const [layer] = manifest.layers;
      expect(layer.mediaType).toBe(mediaType);
      const envelope = decodeEnvelope({ mediaType, bytes: taken.get(layer.digest) ?? new Uint8Array() });
      const offset = format === "jws" ? { offsetMinutes: 60 } : {};
      expect(envelope.signedAttributes.signingTime).toEqual({ instant: NOW, ...offset });
      expect(envelope.signedAttributes.expiry).toEqual({ instant: new Date("2026-11-23T10:10:15Z"), ...offset });
      expect(envelope.unsignedAttributes.signingAgent).toMatch(/^edge-notary\/\d+\.\d+\.\d+/);
      expect(JSON.parse(new TextDecoder().decode(envelope.payload)).targetArtifact.annotations).toEqual({ a: "b=c" });
    },
  );

  it("warns of a tag before it signs", async () => {
    const { handler } = takingRegistry();
    const { status, stdout, stderr } = await runInMemory(["sign", ...KEY, "registry.example/a/b:v1"], {
      registry: handler,
      now: NOW,
    });
    expect(status).toBe(0);
    expect(stdout).toContain(`Successfully signed ${byDigest}\n`);
    expect(stderr).toBe(
      "Warning: Always sign the artifact using digest(@sha256:...) rather than a tag(:v1) because tags are mutable and a " +
        "tag reference can point to a different artifact than the one signed.\n",
    );
  });

  const list = (keys: readonly unknown[], rest: object = {}) => JSON.stringify({ ...rest, keys });
  const own = { name: "own", keyPath: "/keys/own.key", certPath: "/keys/own.crt" };
  const files = {
    "/keys/own.key": readFileSync(keyPath),
    "/keys/own.crt": readFileSync(certPath),
    "/keys/foreign.crt": readFileSync(fixturePath("keys/p-256-chain.chain.pem")),
    "/keys/secret.key": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
  };
  const withList = (text: string) => ({ ...files, "/notation/signingkeys.json": text });
  const inFolder = { variables: { NOTATION_CONFIG: "/notation" }, now: NOW };

  it.each<[string, readonly string[], string]>([
    ["by its name", ["--key", "own"], list([own])],
    ["by the short flag", ["-k", "own"], list([{ ...own, name: "a" }, own])],
    ["as the default", [], list([own], { default: "own" })],
  ])("takes a key of notation's list %s", async (_, flags, text) => {
    const { handler } = takingRegistry();
    const ran = await runInMemory(["sign", ...flags, byDigest], {
      ...inFolder,
      registry: handler,
      files: withList(text),
    });
    expect(ran).toMatchObject({ status: 0, stderr: "" });
  });

  it("finds the list where this user's programs keep their configuration", async () => {
    const { handler } = takingRegistry();
    const all = { ...files, "/home/me/.config/notation/signingkeys.json": list([own]) };
    const options = { configFolder: "/home/me/.config", now: NOW, registry: handler, files: all };
    expect(await runInMemory(["sign", "--key", "own", byDigest], options)).toMatchObject({ status: 0 });
  });

  it.each<[string, readonly string[], string | undefined, string, string]>([
    [
      "a name that is not in the list",
      ["--key", "no\u001be"],
      list([own]),
      "ERR_USAGE",
      "signing key no\\x1be not found",
    ],
    ["no name and no default", [], list([own]), "ERR_USAGE", "default signing key not set. Please set"],
    ["no list", [], undefined, "ERR_USAGE", "default signing key not set. Please set"],
    ["a name that is there twice", ["--key", "own"], list([own, own]), "ERR_CONFIG", "2 keys have this name"],
    [
      "a key behind a plugin",
      ["--key", "kms"],
      list([{ name: "kms", id: "1", pluginName: "p" }]),
      "ERR_CONFIG",
      'behind the plugin "p"',
    ],
    [
      "a key without files",
      ["--key", "own"],
      list([{ name: "own" }]),
      "ERR_CONFIG",
      '"keyPath" and "certPath" are no texts',
    ],
    ["a list that is no JSON", ["--key", "own"], "{", "ERR_CONFIG", "Cannot read signing keys"],
    ["a list that is no object", ["--key", "own"], "[]", "ERR_CONFIG", "it is no object"],
    ["keys that are no list", ["--key", "own"], '{"keys":{}}', "ERR_CONFIG", '"keys" is no list'],
    ["a default that is no name", [], '{"default":1,"keys":[]}', "ERR_CONFIG", '"default" is no name'],
    [
      "an encrypted key",
      ["--key", "own"],
      list([{ ...own, keyPath: "/keys/secret.key" }]),
      "ERR_KEY_ENCRYPTED",
      "it is encrypted",
    ],
    [
      "a key that is another certificate's",
      ["--key", "own"],
      list([{ ...own, certPath: "/keys/foreign.crt" }]),
      "ERR_KEY_MISMATCH",
      "do not belong together",
    ],
    [
      "a certificate for a key",
      ["--key", "own"],
      list([{ ...own, keyPath: own.certPath }]),
      "ERR_KEY",
      '"CERTIFICATE"',
    ],
    [
      "a key for a certificate",
      ["--key", "own"],
      list([{ ...own, certPath: own.keyPath }]),
      "ERR_CONFIG",
      "Cannot read certificates",
    ],
    [
      "a key file that is not there",
      ["--key", "own"],
      list([{ ...own, keyPath: "/keys/none" }]),
      "ERR_FILE",
      "it does not exist",
    ],
  ])("refuses %s, and asks no registry", async (_, flags, text, code, words) => {
    const all = text === undefined ? files : withList(text);
    const { status, stdout, stderr, requests } = await runInMemory(["sign", ...flags, byDigest], {
      ...inFolder,
      files: all,
    });
    expect({ status, stdout, requests }).toEqual({ status: 1, stdout: "", requests: [] });
    expect(stderr).toContain(words);
    expect(stderr).toContain(`Code: ${code} `);
  });

  it.each<[readonly string[], string]>([
    [[], "missing reference to the artifact"],
    [[byDigest, byDigest], "2 references, expected 1"],
    [[byDigest, "--key-file", keyPath], "missing --cert-file FILE"],
    [[byDigest, "--cert-file", certPath], "missing --key-file FILE"],
    [[byDigest, ...KEY, "--key", "own"], "--key and --key-file name two keys"],
    [[byDigest, ...KEY, "--signature-format", "pgp"], 'signature format "pgp" not supported'],
    [[byDigest, ...KEY, "--signature-format", "constructor"], 'signature format "constructor" not supported'],
    [[byDigest, ...KEY, "--expiry", "1ms"], "expiry duration supports minimum granularity of seconds"],
    [[byDigest, ...KEY, "--expiry", "-1s"], "expiry duration cannot be a negative value"],
    [[byDigest, ...KEY, "--expiry", "1d"], 'time: unknown unit "d" in duration "1d"'],
    [[byDigest, ...KEY, "-m", "a"], 'key-value pair requires "=" as separator'],
    [[byDigest, ...KEY, "-m", "=a"], 'key-value pair requires "=" as separator'],
    [[byDigest, ...KEY, "-m", "a="], 'key-value pair requires "=" as separator'],
    [[byDigest, ...KEY, "-m", "a=1", "-m", "a=2"], 'key "a" is given twice'],
    [[byDigest, ...KEY, "-m", "io.cncf.notary.a=1"], "has reserved prefix io.cncf.notary"],
    [[byDigest, ...KEY, "--timeout", "0"], "timeout value 0"],
    [[byDigest, ...KEY, "--oci-layout-path", "x"], "unknown flag: --oci-layout-path"],
  ])("refuses %j", async (args, words) => {
    const { status, stdout, stderr, requests } = await runInMemory(["sign", ...args], { now: NOW });
    expect({ status, stdout, requests }).toEqual({ status: 1, stdout: "", requests: [] });
    expect(stderr).toContain(words);
    expect(stderr).toContain("Code: ERR_USAGE ");
  });

  it("pushes nothing with a certificate that is not valid now", async () => {
    const { handler, taken } = takingRegistry();
    const now = new Date("2300-01-01T00:00:00Z");
    const { status, stderr } = await runInMemory(["sign", ...KEY, byDigest], { registry: handler, now });
    expect(status).toBe(1);
    expect(stderr).toContain("Code: CERTIFICATE_EXPIRED ");
    expect(taken.size).toBe(0);
  });

  it.each([
    ["a reference without a registry", "net-monitor:v1", "ERR_REFERENCE"],
    ["a reference without tag and digest", "registry.example/a/b", "ERR_REFERENCE"],
    ["a registry that has no such artifact", byDigest, "ERR_REGISTRY_NOT_FOUND"],
  ])("reports %s as the other commands do", async (_, reference, code) => {
    const registry: Handler = () => new Response(null, { status: 404 });
    const { status, stdout, stderr } = await runInMemory(["sign", ...KEY, reference], { registry, now: NOW });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(`Code: ${code} `);
  });

  it("says whose right is missing when the push is refused", async () => {
    const { handler } = takingRegistry();
    const registry: Handler = (request) =>
      request.method === "POST" ? new Response(null, { status: 403 }) : handler(request);
    const { status, stdout, stderr } = await runInMemory(["sign", ...KEY, byDigest], { registry, now: NOW });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("Code: ERR_REGISTRY_UNAUTHORIZED ");
    expect(stderr).toContain("push to it to sign");
  });
});
