// Verifies a signature envelope with the library: node examples/verify.mjs signature.jws signer.crt.pem
import { readFile } from "node:fs/promises";
import process from "node:process";
import * as notary from "edge-notary";

const [signature, certificate] = process.argv.slice(2);
const trust = {
  name: certificate, // as messages name it
  level: notary.STRICT,
  trustAnchors: { ca: notary.parseCertificates(await readFile(certificate)), signingAuthority: [] },
};
const mediaType = signature.endsWith(".cose") ? "application/cose" : "application/jose+json";
const envelope = notary.decodeEnvelope({ mediaType, bytes: await readFile(signature) });
// Without a registry, the artifact is what the envelope claims: compare its digest with that of the image you pull.
const { targetArtifact } = notary.readPayload(envelope);
const ports = notary.createWebPorts({ write: console.error });
const outcome = await notary.verifySignature(envelope, targetArtifact, trust, ports);

const verdict = notary.verdict(outcome);
console.log(`${verdict}: ${targetArtifact.digest}`);
if (verdict !== "verified") {
  const { code, message, nextStep } = notary.firstRefusal(outcome);
  console.log(`${message}\nCode: ${code}\nNext: ${nextStep}`);
  process.exitCode = 1;
}
