/**
 * Four levels × five failures × every override: the real notation and this program agree on verdict, exit code,
 * standard output and sentences; and on what an override may not say.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ILLEGAL, type Type, VARIANTS } from "../cases/cli/level_rows.ts";
import { formatPem } from "../../src/encoding/mod.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { CA, ecKey, LEAF, makeCertificate, ocspAt, subject } from "../run/certificate_maker.ts";
import { makeJws } from "../run/envelope_maker.ts";
import { describeIf } from "../run/requirements.ts";
import { getManifest, OCI_MANIFEST, pushImage, putBlob, putManifest } from "./content.ts";
import { openSideBySide, type SideBySide } from "./side_by_side.ts";
import type { ToolResult } from "./tools.ts";
import { fixtureBytes } from "./trust_row.ts";

/** Nobody listens there: whether the certificate is revoked stays unknown. */
const SILENT = "http://127.0.0.1:1/";

const [rootKey, leafKey] = [ecKey(), ecKey()];
const root = makeCertificate({ subject: subject("root"), key: rootKey, extensions: CA });
const leaf = makeCertificate({
  subject: subject("leaf"),
  issuer: subject("root"),
  key: leafKey,
  issuerKey: rootKey,
  extensions: [...LEAF, ocspAt(SILENT)],
});

let side: SideBySide;
let home: string;
let revocable: string;

/** Pushes an artifact, and a signature by a certificate that names a responder. */
async function pushRevocable(): Promise<string> {
  const { registry } = side;
  const repository = "levels/revocable";
  const { digest, reference } = await pushImage(registry, repository, "signed");
  const descriptor = (await getManifest(registry, repository, digest))?.descriptor;
  const envelope = makeJws({ key: leafKey, chain: [leaf, root], jws: "ES256", cose: -7 }, {
    payload: JSON.stringify({ targetArtifact: descriptor }),
  });
  const empty = new TextEncoder().encode("{}");
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: {
      mediaType: "application/vnd.cncf.notary.signature",
      digest: await putBlob(registry, repository, empty),
      size: empty.length,
    },
    layers: [{
      mediaType: "application/jose+json",
      digest: await putBlob(registry, repository, envelope),
      size: envelope.length,
    }],
    subject: descriptor,
    annotations: { "io.cncf.notary.x509chain.thumbprint#S256": "[]" },
  };
  await putManifest(registry, repository, new TextEncoder().encode(JSON.stringify(manifest)), OCI_MANIFEST);
  return reference;
}

const at = (repository: string, tag: string) => side.address({ repository: `registry.example/${repository}`, tag });

interface Failure {
  readonly reference: string;
  readonly anchor: Uint8Array | string;
  readonly code: ErrorCode;
}

/** Type → the artifact it fails for, who is trusted, and why it is refused. */
const FAILURES: Readonly<Record<Type, () => Failure>> = {
  integrity: () => ({
    reference: at("tampered", "payload-jws"),
    anchor: fixtureBytes("keys/fixture-signer.crt.pem"),
    code: "SIGNATURE_MISMATCH",
  }),
  authenticity: () => ({
    reference: at("kyverno/test-verify-image", "signed"),
    anchor: fixtureBytes("keys/rsa-3072-self.crt.pem"),
    code: "SIGNER_NOT_TRUSTED",
  }),
  authenticTimestamp: () => ({
    reference: at("expiry", "jws-expired-certificate"),
    anchor: fixtureBytes("keys/short-lived.crt.pem"),
    code: "CERTIFICATE_EXPIRED",
  }),
  expiry: () => ({
    reference: at("expiry", "jws-expired"),
    anchor: fixtureBytes("keys/fixture-signer.crt.pem"),
    code: "SIGNATURE_EXPIRED",
  }),
  revocation: () => ({ reference: revocable, anchor: formatPem("CERTIFICATE", root), code: "REVOCATION_UNKNOWN" }),
};

let count = 0;

async function askBoth(type: Type, verification: object): Promise<{ ours: ToolResult; theirs: ToolResult }> {
  const { reference, anchor } = FAILURES[type]();
  const { level } = verification as { readonly level: string };
  const configuration = join(home, String(count++));
  mkdirSync(join(configuration, "truststore/x509/ca/s"), { recursive: true });
  writeFileSync(join(configuration, "truststore/x509/ca/s/anchor.crt"), anchor);
  const statement = {
    name: "s",
    registryScopes: [reference.replace(/@.*$|:[^:/]*$/, "")],
    signatureVerification: verification,
    ...(level === "skip" ? {} : { trustStores: ["ca:s"], trustedIdentities: ["*"] }),
  };
  writeFileSync(
    join(configuration, "trustpolicy.json"),
    JSON.stringify({ version: "1.0", trustPolicies: [statement] }),
  );
  const args = ["verify", "--insecure-registry", reference];
  const [ours, theirs] = await Promise.all([
    side.ours([...args, "--revocation-host", "127.0.0.1"], { configuration }),
    side.notation(args, { configuration }),
  ]);
  return { ours, theirs };
}

/** What notation too would print: without our code, reason and next step. */
const sentences = ({ stderr }: ToolResult) => stderr.split("\n").filter((line) => /^(?:Warning|Error): /.test(line));

describeIf("tools", "notation's levels", () => {
  beforeAll(async () => {
    side = await openSideBySide("olareg");
    home = mkdtempSync(join(tmpdir(), "edge-notary-levels-"));
    revocable = await pushRevocable();
  });
  afterAll(async () => {
    await side?.close();
    rmSync(home, { recursive: true, force: true });
  });

  describe.each(Object.keys(FAILURES) as readonly Type[])("%s fails", (type) => {
    it.each(VARIANTS)("$title", async ({ verification, actions }) => {
      const { ours, theirs } = await askBoth(type, verification);
      const denied = actions[type] === "enforce";
      expect(ours.exitCode, ours.stderr).toBe(denied ? 1 : 0);
      if (denied) expect(ours.stderr).toContain(`\nCode: ${FAILURES[type]().code} (`);
      expect({ ...ours, stderr: sentences(ours) }).toEqual({ ...theirs, stderr: sentences(theirs) });
      const warnings = sentences(theirs).filter((line) => line.includes(`${type} was set to "log" and failed with`));
      expect(warnings).toHaveLength(actions[type] === "log" ? 1 : 0);
    });
  });

  it.each(ILLEGAL)("refuses %s with %j", async (level, override, said) => {
    const { ours, theirs } = await askBoth("authenticity", { level, override });
    expect([ours.exitCode, theirs.exitCode]).toEqual([1, 1]);
    expect(sentences(theirs).join()).toContain(said);
    // Both kinds of document have a word of their own here; notation 1.3 knows one: "trust-policy-kind".
    expect(sentences(ours).map((line) => line.replace("oci trust policy:", "trust policy:"))).toEqual(
      sentences(theirs).map((line) => line.replace("oci trust policy:", "trust policy:")),
    );
  });
});
