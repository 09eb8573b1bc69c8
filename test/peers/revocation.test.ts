/**
 * Revocation: the real notation and this program ask the same responders and CRLs on loopback, made by the real
 * openssl, and agree on verdict, exit code and sentences, but for what is on the closed list.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { formatPem } from "../../src/encoding/mod.ts";
import { MAX_CRL_BYTES } from "../../src/revocation/mod.ts";
import {
  basicConstraints,
  ecKey,
  keyUsage,
  makeCertificate,
  type NameParts,
  subject,
  USAGE,
} from "../run/certificate_maker.ts";
import { AUTHENTIC_TIME, makeJws, SCHEME, SIGNING_TIME } from "../run/envelope_maker.ts";
import { describeIf } from "../run/requirements.ts";
import { ISSUER, issuerCertificate, keys, leafCertificate } from "../cases/revocation/cast.ts";
import { OCI_MANIFEST, putBlob, putManifest } from "./content.ts";
import { expectSame } from "./deviations.ts";
import { createAuthority, openPlace, type Place } from "./revocation_authority.ts";
import { CRL_SCENES } from "./revocation_crl_scenes.ts";
import { OCSP_SCENES } from "./revocation_ocsp_scenes.ts";
import { floods, INTERMEDIATE_SERIAL, type Scene, type Stage } from "./revocation_scene.ts";
import { openSideBySide, type SideBySide } from "./side_by_side.ts";
import { runTool, type ToolResult } from "./tools.ts";

const AT = new Date();
const ROOT: NameParts = subject("root of the issuer");
const rootKey = ecKey();
const rootCertificate = makeCertificate({
  subject: ROOT,
  key: rootKey,
  extensions: [basicConstraints(true), keyUsage([USAGE.keyCertSign, USAGE.cRLSign])],
});

let side: SideBySide;
let home: string;
let place: Place;
let stage: Omit<Stage, "base" | "localhost">;
let count = 0;

function chainOf(scene: Scene, at: Stage): readonly Uint8Array[] {
  const leaf = leafCertificate(...scene.leaf?.(at) ?? []);
  if (scene.intermediate === undefined) return [leaf, issuerCertificate];
  const intermediate = makeCertificate({
    subject: ISSUER,
    issuer: ROOT,
    key: keys.issuer,
    issuerKey: rootKey,
    serialNumber: INTERMEDIATE_SERIAL,
    extensions: [
      basicConstraints(true, { pathLength: 0 }),
      keyUsage([USAGE.keyCertSign, USAGE.cRLSign]),
      ...scene.intermediate(at),
    ],
  });
  return [leaf, intermediate, rootCertificate];
}

/** Pushes an artifact and a signature of it. @returns Its reference. */
async function pushSigned(scene: Scene, chain: readonly Uint8Array[]): Promise<string> {
  const { registry } = side;
  const repository = "revocation/scenes";
  const utf8 = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const push = async (manifest: object) =>
    await putManifest(
      registry,
      repository,
      utf8({ schemaVersion: 2, mediaType: OCI_MANIFEST, ...manifest }),
      OCI_MANIFEST,
    );
  const empty = await putBlob(registry, repository, utf8({}));
  const config = (mediaType: string) => ({ config: { mediaType, digest: empty, size: 2 } });
  const artifact = await push({
    ...config("application/vnd.oci.image.config.v1+json"),
    layers: [],
    annotations: { scene: scene.name, count: String(count) },
  });
  const envelope = makeJws({ key: keys.leaf, chain, jws: "ES256", cose: -7 }, {
    payload: JSON.stringify({ targetArtifact: artifact }),
    protected: (header) => {
      if (scene.authenticTime === undefined) return;
      header[SCHEME] = "notary.x509.signingAuthority";
      header[AUTHENTIC_TIME] = `${scene.authenticTime(AT).toISOString().slice(0, 19)}Z`;
      delete header[SIGNING_TIME];
      header["crit"] = [SCHEME, AUTHENTIC_TIME];
    },
  });
  await push({
    ...config("application/vnd.cncf.notary.signature"),
    layers: [{
      mediaType: "application/jose+json",
      digest: await putBlob(registry, repository, envelope),
      size: envelope.length,
    }],
    subject: artifact,
    annotations: { "io.cncf.notary.x509chain.thumbprint#S256": "[]" },
  });
  return `${registry.host}/${repository}@${artifact.digest}`;
}

/** Notation's folder, with one statement and the root of a chain. */
function configure(scene: Scene, chain: readonly Uint8Array[], verification: object): string {
  const folder = join(home, `configuration-${count}`);
  const store = scene.authenticTime === undefined ? "ca" : "signingAuthority";
  mkdirSync(join(folder, "truststore", "x509", store, "scenes"), { recursive: true });
  const root = chain.at(-1) as Uint8Array;
  writeFileSync(join(folder, "truststore", "x509", store, "scenes", "root.pem"), formatPem("CERTIFICATE", root));
  const statement = {
    name: "scenes",
    registryScopes: ["*"],
    signatureVerification: verification,
    trustStores: [`${store}:scenes`],
    trustedIdentities: ["*"],
  };
  writeFileSync(join(folder, "trustpolicy.json"), JSON.stringify({ version: "1.0", trustPolicies: [statement] }));
  return folder;
}

async function verifyBoth(scene: Scene, verification: object) {
  const path = `/${++count}`;
  const at: Stage = { ...stage, base: place.base + path, localhost: `http://localhost:${place.port}${path}` };
  for (const [below, handler] of Object.entries(scene.serve?.(at) ?? {})) place.serve(path + below, handler);
  const chain = chainOf(scene, at);
  const configuration = configure(scene, chain, verification);
  const args = ["verify", "--insecure-registry", await pushSigned(scene, chain)];
  const hosts = (scene.hosts ?? ["127.0.0.1"]).flatMap((host) => ["--revocation-host", host]);
  const environment = {
    HOME: home,
    XDG_CONFIG_HOME: home,
    DOCKER_CONFIG: home,
    NOTATION_CONFIG: configuration,
    NOTATION_CACHE: join(home, `cache-${count}`),
  };
  const [ours, theirs] = await Promise.all([
    side.ours([...args, ...hosts], { configuration }),
    runTool(peerPaths().notation, args, { environment, folder: home }),
  ]);
  expect(place.failures).toEqual([]);
  return { ours, theirs };
}

/** What notation too would print: without our code, reason and next step. */
function sentences({ stderr }: ToolResult): string {
  return stderr.split("\n").filter((line) => /^(?:Warning|Error): /.test(line)).join("\n");
}

const CLASSES = {
  CERTIFICATE_REVOKED: "denied; a retry does not help",
  REVOCATION_UNKNOWN: "unavailable; a retry may help",
  REVOCATION_NOT_CHECKED: "unavailable; a retry does not help",
} as const;

/** Where a failure is only logged, it is logged in full: with the state and the certificate. */
const LOGGED = { level: "strict", override: { revocation: "log" } };

function compare(scenes: readonly Scene[]): void {
  it.each(scenes)("$name: $code", async (scene) => {
    const { ours, theirs } = await verifyBoth(scene, { level: "strict" });
    const shown = `${ours.stderr}\n---\n${theirs.stderr}`;
    expect(ours.exitCode, shown).toBe(scene.code === "verified" ? 0 : 1);
    if (scene.code !== "verified") expect(ours.stderr).toContain(`Code: ${scene.code} (${CLASSES[scene.code]})\n`);
    const logged = await verifyBoth(scene, LOGGED);
    const answer = (strict: ToolResult, lenient: ToolResult) => ({
      exitCodes: [strict.exitCode, lenient.exitCode],
      stdout: [strict.stdout, lenient.stdout],
      sentences: [sentences(strict), sentences(lenient)],
    });
    expectSame(answer(ours, logged.ours), answer(theirs, logged.theirs), scene.deviation, shown);
  });
}

/** What each level makes of good, revoked and not known. */
const LEVELS: readonly (readonly [string, object])[] = [
  ["strict", { level: "strict" }],
  ["permissive", { level: "permissive" }],
  ["audit", { level: "audit" }],
  ["strict, revocation logged", LOGGED],
  ["strict, revocation skipped", { level: "strict", override: { revocation: "skip" } }],
  ["permissive, revocation enforced", { level: "permissive", override: { revocation: "enforce" } }],
];
const NAMES = ["OCSP: good", "OCSP: revoked", "OCSP: not known", "OCSP: nobody there", "CRL: revoked", "CRL: expired"];

describeIf("tools", "revocation", () => {
  beforeAll(async () => {
    side = await openSideBySide("olareg");
    home = mkdtempSync(join(tmpdir(), "edge-notary-revocation-"));
    place = await openPlace();
    stage = {
      at: AT,
      issuer: createAuthority(join(home, "issuer"), issuerCertificate, keys.issuer),
      root: createAuthority(join(home, "root"), rootCertificate, rootKey),
    };
  });
  afterAll(async () => {
    await place?.close();
    await side?.close();
    rmSync(home, { recursive: true, force: true });
  });

  describe("by OCSP", () => compare(OCSP_SCENES));
  describe("by CRL", () => {
    compare(CRL_SCENES);

    it("reads no more of 200 MB than it may, and notation neither", () => {
      // What is in the sockets' buffers was sent, but not read.
      expect(floods.map((sent) => sent < 2 * MAX_CRL_BYTES)).toEqual(Array(4).fill(true));
    });
  });

  const all = [...OCSP_SCENES, ...CRL_SCENES];
  const grid = LEVELS.flatMap(([level, verification]) => NAMES.map((name) => ({ level, verification, name })));
  it.each(grid)("at level $level, $name: the same verdict and sentences", async ({ verification, name }) => {
    const scene = all.find((one) => one.name === name) as Scene;
    const { ours, theirs } = await verifyBoth(scene, verification);
    expect({ ...ours, stderr: sentences(ours) }).toEqual({ ...theirs, stderr: sentences(theirs) });
  });
});
