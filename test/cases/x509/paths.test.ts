/** A generated set of certification paths in the spirit of NIST's PKITS, each judged by us and by OpenSSL. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { firstRefusal, STRICT, verdict, verifyEnvelopeBytes } from "../../../src/notary/mod.ts";
import { readCertificate, validateSigningChain } from "../../../src/x509/mod.ts";
import { ARTIFACT, makeJws } from "../../run/envelope_maker.ts";
import { describeIf } from "../../run/requirements.ts";
import { DIFFERENCES } from "./path_differences.ts";
import type { PathRow, Presented } from "./path_maker.ts";
import { BASIC_CONSTRAINTS, SELF_ISSUED } from "./path_rows/constraints.ts";
import { NAME_CONSTRAINTS } from "./path_rows/name_constraints.ts";
import { NAMES } from "./path_rows/names.ts";
import { ORDER } from "./path_rows/order.ts";
import { SIGNATURES } from "./path_rows/signatures.ts";
import { KEY_USAGE, POLICIES, PRIVATE_EXTENSIONS } from "./path_rows/usage.ts";
import { VALIDITY } from "./path_rows/validity.ts";

const ROWS: readonly PathRow[] = [
  ...SIGNATURES,
  ...VALIDITY,
  ...NAMES,
  ...SELF_ISSUED,
  ...BASIC_CONSTRAINTS,
  ...KEY_USAGE,
  ...POLICIES,
  ...NAME_CONSTRAINTS,
  ...PRIVATE_EXTENSIONS,
  ...ORDER,
];
const crypto = createWebCryptoProvider();
const AT = "2026-06-01T00:00:00Z";
const { mediaType, digest, size } = ARTIFACT;

const JWS_NAMES: Readonly<Record<string, string>> = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" };
const CURVES: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

/** The whole question: a signature by the leaf's key, this chain beside it, these anchors. */
async function ourVerdict({ chain, key, anchors = chain.slice(-1) }: Presented, at = AT): Promise<string> {
  const curve = CURVES[key.publicKey.asymmetricKeyDetails?.namedCurve ?? ""] ?? "P-256";
  const bytes = makeJws({ key, chain, jws: JWS_NAMES[curve] ?? "", cose: 0 });
  const ca = anchors.map((der) => readCertificate(der));
  const trust = { name: "row", level: STRICT, trustAnchors: { ca, signingAuthority: [] } };
  const ports = { crypto, now: () => new Date(at) };
  const outcome = await verifyEnvelopeBytes(
    { mediaType: "application/jose+json", bytes },
    { mediaType, digest, size },
    trust,
    ports,
  );
  const word = verdict(outcome);
  const code = firstRefusal(outcome)?.code;
  if (code !== "CERTIFICATE_CHAIN_INVALID") return word === "verified" ? word : `${code}`;
  const { failures: [failure] } = await validateSigningChain(chain.map((der) => readCertificate(der)), crypto);
  return `${code} ${failure?.rule}`;
}

describe("a certification path", () => {
  it.each(ROWS)("$id, $about: $ours", async ({ make, at, ours }) => {
    expect(await ourVerdict(make(), at)).toBe(ours);
  });

  it("has a number of its own, and a reason where the two judges differ", () => {
    expect(new Set(ROWS.map(({ id }) => id)).size).toBe(ROWS.length);
    for (const { id, ours, openssl, difference } of ROWS) {
      expect(difference !== undefined, id).toBe((ours === "verified") !== (openssl === 0));
    }
    expect(ROWS.length).toBeGreaterThan(130);
  });

  it("differs by every reason of the list, and by no other", () => {
    const used = new Set(ROWS.flatMap(({ difference }) => difference ?? []));
    expect([...used].sort()).toEqual(Object.keys(DIFFERENCES).sort());
  });

  it("is accepted against OpenSSL only where the Notary Project says what to ignore", () => {
    const laxer = ROWS.filter(({ ours, openssl }) => ours === "verified" && openssl !== 0);
    expect([...new Set(laxer.map(({ difference }) => difference))].sort()).toEqual(LAXER);
  });
});

/** Everything else is stricter. */
const LAXER: readonly string[] = ["last-second", "not-asked", "other-extensions"];

const pem = (certificates: readonly Uint8Array[]) =>
  certificates.map((der) => {
    const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  }).join("");

describeIf("openssl", "a certification path, by OpenSSL", () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "paths-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function opensslVerdict({ chain, anchors = chain.slice(-1) }: Presented, { at = AT, options = [] }: PathRow) {
    const file = (name: string, certificates: readonly Uint8Array[]) => {
      const path = join(folder, name);
      writeFileSync(path, pem(certificates));
      return path;
    };
    const trusted = anchors.length === 0
      ? ["-no-CAfile", "-no-CApath", "-no-CAstore"]
      : ["-trusted", file("trusted.pem", anchors)];
    const others = chain.length === 1 ? [] : ["-untrusted", file("untrusted.pem", chain.slice(1))];
    const { status, stdout, stderr } = spawnSync("openssl", [
      "verify",
      ...["-x509_strict", "-purpose", "any", "-attime", `${Date.parse(at) / 1000}`],
      ...options,
      ...trusted,
      ...others,
      file("leaf.pem", chain.slice(0, 1)),
    ], { encoding: "utf8" });
    if (status === 0 && stdout.includes(": OK")) return 0;
    const number = /^error (\d+) at/m.exec(stderr)?.[1];
    return number === undefined ? "unreadable" : Number(number);
  }

  it.each(ROWS)("$id, $about: $openssl", (row) => {
    expect(opensslVerdict(row.make(), row)).toBe(row.openssl);
  });
});
