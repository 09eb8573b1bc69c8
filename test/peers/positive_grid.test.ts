/**
 * What each of the two signs the other verifies: every format, key, chain and kind of content, this program and the
 * real notation, by the same trust policy and key list. Timestamps are by an authority of the real openssl.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type LocalAuthority, openAuthority } from "../../scripts/fixtures/timestamps.ts";
import { describeIf } from "../run/requirements.ts";
import { serveTimestamps, type TimestampServer } from "../run/timestamp_server.ts";
import { pushImage } from "./content.ts";
import { type AskOptions, openSideBySide, type SideBySide } from "./side_by_side.ts";
import type { ToolResult } from "./tools.ts";

const keys = resolve("test/fixtures/keys");
const strangerRoot = resolve("test/fixtures/timestamps/tsa-root.crt.pem");
const FORMATS = ["jws", "cose"] as const;
const KEYS = ["rsa-2048", "rsa-3072", "rsa-4096", "p-256", "p-384", "p-521"] as const;
const CHAINS = ["self", "chain"] as const;
const CONTENTS = ["plain", "metadata", "expiry", "timestamp"] as const;
type Content = (typeof CONTENTS)[number];

const PAIRS = { "io.example.build": "12<3>&4", team: "α ≠ β", "10": "ten", "9": "nine" } as const;
const METADATA = Object.entries(PAIRS).flatMap(([key, value]) => ["-m", `${key}=${value}`]);

const grid = FORMATS.flatMap((format) =>
  KEYS.flatMap((key) => CHAINS.flatMap((chain) => CONTENTS.map((content) => ({ format, key, chain, content }))))
);
type Cell = (typeof grid)[number];

const said = ({ stdout, stderr }: ToolResult) => stdout + stderr;

let side: SideBySide;
let home: string;
let authority: LocalAuthority;
let server: TimestampServer;

/** Notation's folder: one key, and a strict policy for its chain and for timestamps by the root given. */
function configure({ key, chain, content }: Cell, timestampRoot = authority.root): string {
  const signed = `${key}-${chain}`;
  const config = join(home, [signed, content, timestampRoot === authority.root ? "local" : "stranger"].join("-"));
  const store = (type: string, file: string) => {
    mkdirSync(join(config, "truststore", "x509", type, "grid"), { recursive: true });
    copyFileSync(file, join(config, "truststore", "x509", type, "grid", "root.pem"));
    return `${type}:grid`;
  };
  const trustStores = [store("ca", join(keys, `${signed}${chain === "self" ? "" : "-root"}.crt.pem`))];
  if (content === "timestamp") trustStores.push(store("tsa", timestampRoot));
  const [keyPath, certPath] = [`${signed}.test-only.key.pem`, `${signed}.${chain === "self" ? "crt" : "chain"}.pem`];
  const own = { name: "grid", keyPath: join(keys, keyPath), certPath: join(keys, certPath) };
  writeFileSync(join(config, "signingkeys.json"), JSON.stringify({ default: "grid", keys: [own] }));
  const statement = {
    name: "grid",
    registryScopes: ["*"],
    signatureVerification: { level: "strict" },
    trustStores,
    trustedIdentities: ["*"],
  };
  writeFileSync(join(config, "trustpolicy.json"), JSON.stringify({ version: "1.0", trustPolicies: [statement] }));
  return config;
}

function signingFlags({ format, content }: Cell): readonly string[] {
  const flags: Readonly<Record<Content, readonly string[]>> = {
    plain: [],
    metadata: METADATA,
    expiry: ["--expiry", "24h30m"],
    timestamp: ["--timestamp-url", server.url, "--timestamp-root-cert", authority.root],
  };
  return ["--insecure-registry", "--force-referrers-tag=false", "--signature-format", format, ...flags[content]];
}

type Ask = (args: readonly string[], options?: AskOptions) => Promise<ToolResult>;

async function signAndVerify(signer: Ask, verifier: Ask, cell: Cell, name: string): Promise<void> {
  const configuration = configure(cell);
  const { reference } = await pushImage(side.registry, "grid/both", [name, ...Object.values(cell)].join(" "));
  const asked = server.asked();
  const signed = await signer(["sign", ...signingFlags(cell), reference], { configuration });
  expect(signed.exitCode, said(signed)).toBe(0);
  expect(server.asked() - asked).toBe(cell.content === "timestamp" ? 1 : 0);
  const verify = (more: readonly string[] = [], config = configuration) =>
    verifier(["verify", "--insecure-registry", ...more, reference], { configuration: config });
  const verified = await verify(cell.content === "metadata" ? METADATA : []);
  expect(verified.exitCode, said(verified)).toBe(0);
  expect(verified.stdout).toContain(`Successfully verified signature for ${reference}`);
  if (cell.content === "metadata") {
    for (const pair of [/^io\.example\.build +12<3>&4 /m, /^team +α ≠ β /m, /^10 +ten /m, /^9 +nine /m]) {
      expect(verified.stdout).toMatch(pair);
    }
    expect((await verify(["-m", "team=beta"])).exitCode).toBe(1);
  }
  if (cell.content === "expiry") {
    const inspected = await verifier(["inspect", "--insecure-registry", "-o", "json", reference]);
    const [{ signedAttributes }] = JSON.parse(inspected.stdout).Signatures;
    const seconds = (Date.parse(signedAttributes.expiry) - Date.parse(signedAttributes.signingTime)) / 1000;
    expect(seconds).toBe(24 * 3600 + 30 * 60);
  }
  if (cell.content === "timestamp") {
    expect((await verify([], configure(cell, strangerRoot))).exitCode, "another authority's root").toBe(1);
  }
  const other = { ...cell, key: cell.key === "p-256" ? "p-384" : "p-256" } as const;
  expect((await verify([], configure(other))).exitCode, "another signer's root").toBe(1);
}

describeIf("tools", "the positive grid", () => {
  beforeAll(async () => {
    side = await openSideBySide("olareg");
    home = mkdtempSync(join(tmpdir(), "edge-notary-grid-"));
    const scratch = join(home, "authority");
    mkdirSync(scratch);
    authority = await openAuthority(scratch);
    server = await serveTimestamps(authority.answer);
  });
  afterAll(async () => {
    await server?.close();
    await side?.close();
    if (home !== undefined) rmSync(home, { recursive: true, force: true });
  });

  it("has a cell for each format, key, chain and content", () => expect(grid).toHaveLength(2 * 6 * 2 * 4));

  it.each(grid)("notation verifies ours: $format, $key, $chain, $content", async (cell) => {
    await signAndVerify(side.ours, side.notation, cell, "ours");
  });

  it.each(grid)("we verify notation's: $format, $key, $chain, $content", async (cell) => {
    await signAndVerify(side.notation, side.ours, cell, "theirs");
  });
});
