/**
 * The webhook asks about revocation: a revoked signer is denied, and one that nobody can tell about is denied for now.
 */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { formatPem } from "../../../src/encoding/mod.ts";
import { createRevocationChecker } from "../../../src/revocation/mod.ts";
import { LEAF, makeCertificate, ocspAt, subject } from "../../run/certificate_maker.ts";
import type { Signer } from "../../run/envelope_maker.ts";
import { createFakeRepository } from "../../run/fake_repository.ts";
import { makeOcspResponse } from "../../run/revocation_maker.ts";
import { signed } from "../notary/verify/artifacts.ts";
import { after, DAY, HOUR, ISSUER, issuerCertificate, keys, LEAF_SERIAL, statusOf } from "../revocation/cast.ts";
import { network } from "../revocation/network.ts";
import { examplePolicy, makeWebhook, podReview, SIGNED } from "./webhook.ts";

const AT = new Date("2026-12-01T00:00:00Z");
const OCSP = "http://ocsp.example.com/";
const crypto = createWebCryptoProvider();
const leaf = makeCertificate({
  subject: subject("leaf"),
  issuer: ISSUER,
  key: keys.leaf,
  issuerKey: keys.issuer,
  serialNumber: LEAF_SERIAL,
  extensions: [...LEAF, ocspAt(OCSP)],
});
const signer: Signer = { key: keys.leaf, chain: [leaf, issuerCertificate], jws: "ES256", cose: -7 };
const policies = await examplePolicy((text) =>
  text.replace(
    /^( +)-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/m,
    (_, indent: string) =>
      formatPem("CERTIFICATE", issuerCertificate).trimEnd().split("\n").map((line) => indent + line).join("\n"),
  )
);

async function admit(answers: Readonly<Record<string, Uint8Array>>) {
  const repository = createFakeRepository();
  const artifact = repository.artifact("signed");
  repository.tag("signed", artifact);
  repository.sign(artifact, signed(signer, artifact));
  const now = () => AT;
  const { asked, ...world } = network(answers);
  const revocation = createRevocationChecker({ crypto, now, ...world });
  const webhook = makeWebhook(world.fetch, {
    policies,
    ports: { now, crypto, open: () => repository, log: () => {}, revocation },
  });
  const post = async () => (await (await webhook.post("/mutate", podReview([SIGNED]))).json()).response;
  const [first, second] = [await post(), await post()];
  expect(second).toEqual(first);
  return { asked: asked.map(({ url }) => url), response: first };
}
const ocsp = (status: "good" | "revoked") =>
  makeOcspResponse({
    producedAt: after(AT, -HOUR),
    signer: keys.issuer,
    statuses: [statusOf(AT, { status, revokedAt: after(AT, -DAY) })],
  });

describe("the webhook", () => {
  it("admits an image whose signer is not revoked, and asks once for several requests", async () => {
    const { response, asked } = await admit({ [OCSP]: ocsp("good") });
    expect(response.allowed).toBe(true);
    expect(asked).toEqual([OCSP]);
  });

  it("denies an image whose signer is revoked", async () => {
    const { response } = await admit({ [OCSP]: ocsp("revoked") });
    expect(response.allowed).toBe(false);
    expect(response.status.message).toContain(
      'signing certificate with subject "CN=leaf,O=Notary,ST=WA,C=US" is revoked',
    );
  });

  it("denies an image of whose signer nobody tells", async () => {
    const { response } = await admit({});
    expect(response.allowed).toBe(false);
    expect(response.status.message).toContain("revocation status is unknown");
  });
});
