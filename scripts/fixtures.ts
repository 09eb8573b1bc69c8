/**
 * Makes `test/fixtures` anew: real signatures by the real notation, content by the real oras, certificates by openssl,
 * and what those tools say of the result; and puts the new signer's certificate into the example policies. Run by
 * `npm run fixtures`; needs Go (for the tools) and openssl.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeAttestations } from "./fixtures/attestations.ts";
import { makeAuthorities } from "./fixtures/authorities.ts";
import { createCatalogue } from "./fixtures/catalogue.ts";
import { createCertificateMaker } from "./fixtures/certificates.ts";
import { recordOutputs } from "./fixtures/outputs.ts";
import { makeAttested, makeFallback, makeIndexes, makeLying } from "./fixtures/referrers.ts";
import { makeExpiry, makeTampered, makeWrongSigner, waitForExpiry } from "./fixtures/refusals.ts";
import { trustInPolicy } from "./fixtures/policy.ts";
import { makeAlgorithms, makeMetadata, makeSeed, makeSeveral } from "./fixtures/stories.ts";
import { makeTimestamps } from "./fixtures/timestamps.ts";
import { jsonText, openWorkshop, writeOut } from "./fixtures/workshop.ts";
import { recordVersions } from "./fixtures/versions.ts";
import { buildPeers } from "./peers.ts";

/** What this program writes; everything else below `test/fixtures` is written by hand. */
const MADE = ["keys", "layouts", "envelopes", "outputs"];

/** The example policies: all of them is written by hand but the certificate, which is the fixture signer's. */
const POLICIES = ["check-image-notary", "check-image-attestation"]
  .map((name) => fileURLToPath(new URL(`../examples/${name}.yaml`, import.meta.url)));

buildPeers("notation", "oras", "olareg", "distribution", "corebench", "authority");
const workshop = await openWorkshop();
try {
  for (const folder of MADE) rmSync(join(workshop.output, folder), { recursive: true, force: true });
  const maker = createCertificateMaker(workshop);
  const catalogue = createCatalogue(workshop);
  const subject = "/C=US/ST=WA/L=Seattle/O=Notary/CN=test";
  const cast = {
    signer: await maker.selfSigned("fixture-signer", "rsa-2048", subject),
    impostor: await maker.selfSigned("impostor", "rsa-2048", subject),
    release: await maker.chained("release", "p-256"),
  };
  await makeSeed(catalogue, cast);
  await makeAlgorithms(catalogue, maker);
  await makeMetadata(catalogue, cast, maker);
  const expiring = await makeExpiry(catalogue, cast, maker);
  await makeSeveral(catalogue, cast);
  await makeWrongSigner(catalogue, cast);
  await makeTampered(catalogue, cast);
  await makeIndexes(catalogue, cast);
  await makeAttested(catalogue, cast);
  await makeAttestations(catalogue, cast);
  await makeFallback(catalogue, cast);
  await makeLying(catalogue, cast);
  await waitForExpiry(catalogue, expiring);
  await catalogue.write();
  await recordOutputs(workshop, cast.signer);
  await makeTimestamps(join(workshop.output, "timestamps"));
  await makeAuthorities(join(workshop.output, "authorities"));
  const signerCertificate = readFileSync(join(workshop.output, cast.signer.certificate), "utf8");
  for (const policy of POLICIES) writeOut(policy, trustInPolicy(readFileSync(policy, "utf8"), signerCertificate));
  writeOut(join(workshop.output, "keys.json"), jsonText(maker.records));
  writeOut(join(workshop.output, "versions.json"), jsonText(await recordVersions(workshop)));
} finally {
  await workshop.close();
}
