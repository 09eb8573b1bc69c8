/**
 * Signatures that the real notation has timestamped by an authority of the real openssl: shown alike, and verified
 * alike under trust policies with a `tsa` store.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalAuthority, openAuthority } from "../../scripts/fixtures/timestamps.ts";
import { describeIf } from "../run/requirements.ts";
import { openSideBySide, type SideBySide } from "./side_by_side.ts";

const FIXTURES = resolve("test/fixtures");
const IMAGE = { repository: "ghcr.io/kyverno/test-verify-image", tag: "unsigned" } as const;
const SIGNED = { repository: "ghcr.io/kyverno/test-verify-image", tag: "signed" } as const;

let side: SideBySide;
let home: string;
let authority: LocalAuthority;
let server: Server;

/** The authority over HTTP, on loopback. */
function serve({ answer }: LocalAuthority): Promise<Server> {
  const listening = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part as Uint8Array);
    const reply = await answer(new Uint8Array(Buffer.concat(parts)));
    response.writeHead(200, { "content-type": "application/timestamp-reply" }).end(reply);
  });
  return new Promise((resolve) => listening.listen(0, "127.0.0.1", () => resolve(listening)));
}

/** Notation's folder: a key, and a policy whose stores hold these files. */
function configure(name: string, stores: Readonly<Record<string, string>>, verification: object): string {
  const config = join(home, name);
  for (const [path, file] of Object.entries(stores)) {
    const store = join(config, "truststore", "x509", path);
    mkdirSync(store, { recursive: true });
    copyFileSync(file, join(store, "root.pem"));
  }
  mkdirSync(config, { recursive: true });
  const key = (file: string) => join(FIXTURES, "keys", file);
  const keys = [{
    name: "release",
    keyPath: key("release.test-only.key.pem"),
    certPath: key("release.chain.pem"),
  }];
  writeFileSync(join(config, "signingkeys.json"), JSON.stringify({ default: "release", keys }));
  const statement = {
    name: "timestamped",
    registryScopes: ["*"],
    signatureVerification: { level: "strict", ...verification },
    trustStores: Object.keys(stores).map((path) => path.replace("/", ":")),
    trustedIdentities: ["*"],
  };
  writeFileSync(join(config, "trustpolicy.json"), JSON.stringify({ version: "1.0", trustPolicies: [statement] }));
  return config;
}

const root = join(FIXTURES, "keys", "release-root.crt.pem");
const signerRoot = join(FIXTURES, "keys", "fixture-signer.crt.pem");
const strangerRoot = join(FIXTURES, "timestamps", "tsa-root.crt.pem");

/** Lines without what draws the tree, sorted: notation prints attributes in any order. */
const linesOf = (tree: string) => tree.split("\n").map((line) => line.replace(/^[│├└─ ]*/, "")).sort();

describeIf("tools", "signatures with timestamps", () => {
  beforeAll(async () => {
    side = await openSideBySide("olareg");
    home = mkdtempSync(join(tmpdir(), "edge-notary-timestamped-"));
    const scratch = join(home, "authority");
    mkdirSync(scratch);
    authority = await openAuthority(scratch);
    server = await serve(authority);
    const { port } = server.address() as AddressInfo;
    const configuration = configure("signing", { "ca/release": root }, {});
    for (const format of ["jws", "cose"]) {
      const { exitCode, stderr } = await side.notation([
        ...[
          "sign",
          "--insecure-registry",
          "--force-referrers-tag=false",
          "--key",
          "release",
          "--signature-format",
          format,
        ],
        ...["--timestamp-url", `http://127.0.0.1:${port}/`, "--timestamp-root-cert", authority.root],
        side.address(IMAGE),
      ], { configuration });
      expect(exitCode, stderr).toBe(0);
    }
  });
  afterAll(async () => {
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
    await side?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it("are shown in the same lines", async () => {
    const args = ["inspect", "--insecure-registry", side.address(IMAGE)];
    const [ours, theirs] = await Promise.all([side.ours(args), side.notation(args)]);
    expect(ours.exitCode).toBe(0);
    expect(linesOf(ours.stdout)).toEqual(linesOf(theirs.stdout));
    expect(ours.stdout.match(/timestamp: \[/g)).toHaveLength(2);
  });

  it("are shown in the same JSON", async () => {
    const args = ["inspect", "-o", "json", "--insecure-registry", side.address(IMAGE)];
    const [ours, theirs] = await Promise.all([side.ours(args), side.notation(args)]);
    expect(ours.stdout).toBe(theirs.stdout);
    expect(ours.stdout).toContain('"timestampSignature"');
  });

  it.each<readonly [string, Readonly<Record<string, string>>, object, typeof IMAGE | typeof SIGNED, boolean]>([
    ["a trusted authority", { "ca/release": root, "tsa/local": "authority" }, {}, IMAGE, true],
    [
      "a trusted authority, after expiry",
      { "ca/release": root, "tsa/local": "authority" },
      { verifyTimestamp: "afterCertExpiry" },
      IMAGE,
      true,
    ],
    ["no authority", { "ca/release": root }, {}, IMAGE, true],
    ["a stranger", { "ca/release": root, "tsa/stranger": strangerRoot }, {}, IMAGE, false],
    [
      "a stranger who is not asked yet",
      { "ca/release": root, "tsa/stranger": strangerRoot },
      { verifyTimestamp: "afterCertExpiry" },
      IMAGE,
      true,
    ],
    [
      "a stranger, at level permissive",
      { "ca/release": root, "tsa/stranger": strangerRoot },
      { level: "permissive" },
      IMAGE,
      true,
    ],
    [
      "a trusted authority, of a signature without a timestamp",
      { "ca/signer": signerRoot, "tsa/local": "authority" },
      {},
      SIGNED,
      false,
    ],
  ])("are verified alike with %s", async (name, stores, verification, image, verified) => {
    const files = Object.entries(stores).map(([path, file]) => [path, file === "authority" ? authority.root : file]);
    const configuration = configure(name.replaceAll(/\W+/g, "-"), Object.fromEntries(files), verification);
    const args = ["verify", "--insecure-registry", side.address(image)];
    const [ours, theirs] = await Promise.all([
      side.ours(args, { configuration }),
      side.notation(args, { configuration }),
    ]);
    expect([ours.exitCode, theirs.exitCode], `${ours.stderr}\n${theirs.stderr}`).toEqual(
      verified ? [0, 0] : [1, 1],
    );
    expect(ours.stdout).toBe(theirs.stdout);
    const warnings = (stderr: string) => stderr.split("\n").filter((line) => line.startsWith("Warning: authentic"));
    expect(warnings(ours.stderr)).toEqual(warnings(theirs.stderr));
  });
});
