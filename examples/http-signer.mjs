// Signs with a key that stays behind HTTP: node examples/http-signer.mjs https://signer.example/key registry/repository@digest
// GET gives {"keySpec": "EC-256", "certificateChain": [base64 DER, leaf first]}; POST of the bytes to sign gives the signature.
import process from "node:process";
import * as notary from "edge-notary";

const [service, image] = process.argv.slice(2);

async function ask(init) {
  const answer = await fetch(service, init);
  if (!answer.ok) throw new Error(`${service} answered ${answer.status}`);
  return answer;
}

const signer = {
  async describeKey({ signal }) {
    const { keySpec, certificateChain } = await (await ask({ signal })).json();
    return { keySpec, certificateChain: certificateChain.map((der) => new Uint8Array(Buffer.from(der, "base64"))) };
  },
  async sign(payload, { signal }) {
    const answer = await ask({ method: "POST", body: payload, signal });
    return new Uint8Array(await answer.arrayBuffer());
  },
};

const ports = notary.createWebPorts({ write: console.error });
const signal = AbortSignal.timeout(60_000);
const reference = notary.parseReference(image);
const repository = notary.createPushClient(ports)(reference);
try {
  const artifact = await repository.resolve(reference.digest ?? reference.tag, { signal });
  const { descriptor } = await notary.signArtifact(repository, artifact, signer, ports, { signal });
  console.log(`Signed ${artifact.digest} with ${descriptor.digest}`);
} catch (error) {
  console.log(`${error.message}\nCode: ${error.code}\nNext: ${error.refusal?.nextStep}`);
  process.exitCode = 1;
}
