/** A generated set of certification paths in the spirit of NIST's PKITS, each judged by us and by OpenSSL. */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { firstRefusal, STRICT, verdict, verifyEnvelopeBytes } from "../../../src/notary/mod.ts";
import { readCertificate, validateSigningChain } from "../../../src/x509/mod.ts";
import { ARTIFACT, makeJws } from "../../run/envelope_maker.ts";
import { describeIf } from "../../run/requirements.ts";
import { opensslVerdict } from "./openssl_verify.ts";
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

describeIf("openssl", "a certification path, by OpenSSL", () => {
  it.each(ROWS)("$id, $about: $openssl", ({ make, at = AT, options = [], openssl }) => {
    const { chain, anchors = chain.slice(-1) } = make();
    const [leaf, ...others] = chain;
    expect(opensslVerdict({ leaf: leaf!, others, anchors, at, purpose: "any", options })).toBe(openssl);
  });
});
