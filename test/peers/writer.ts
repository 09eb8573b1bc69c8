/**
 * One of several who sign the same artifacts, as a process with memory of its own. Reads one JSON line per artifact
 * from standard input, begins each at once, and writes one JSON line when it is done. Ends with its input.
 *
 * `node --import tsx test/peers/writer.ts KEY`, where KEY names a self-signed key of the fixtures.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { parsePrivateKey } from "../../src/crypto/mod.ts";
import { createLocalSigner, signArtifact } from "../../src/notary/mod.ts";
import { createPushClient, parseReference } from "../../src/oci/mod.ts";
import { createNodeHost } from "../../src/runtime/node.ts";
import { parseCertificates } from "../../src/x509/mod.ts";
import { WRITER_MILLISECONDS, type WriterAnswer, type WriterQuestion } from "./writers.ts";

const key = process.argv[2];
const read = (name: string) => new Uint8Array(readFileSync(`test/fixtures/keys/${key}-self.${name}`));
const signer = await createLocalSigner(parsePrivateKey(read("test-only.key.pem")), parseCertificates(read("crt.pem")));
const { ports } = createNodeHost();
/** Leaves after its first writing of a list, without a second look at it: as most clients do. */
const hasty = { ...ports, sleep: () => Promise.reject(new Hurry()) };

class Hurry extends Error {}

async function sign({ reference, hurried }: WriterQuestion): Promise<WriterAnswer> {
  let pushed: string | undefined;
  const open = createPushClient({
    ...(hurried ? hasty : ports),
    credentials: () => Promise.resolve(undefined),
    fetch: (url, init) => {
      if (init.method === "PUT") pushed = /\/manifests\/(sha256:[0-9a-f]{64})$/.exec(url)?.[1] ?? pushed;
      return ports.fetch(url, init);
    },
  });
  const signal = AbortSignal.timeout(WRITER_MILLISECONDS);
  const { digest } = parseReference(reference);
  if (digest === undefined) throw new Error(`"${reference}" has no digest`);
  const repository = open(parseReference(reference));
  const subject = await repository.resolve(digest, { signal });
  try {
    await signArtifact(repository, subject, signer, ports, { signal });
  } catch (thrown) {
    if (!(thrown instanceof Hurry)) throw thrown;
  }
  if (pushed === undefined) throw new Error(`no signature of "${reference}" was pushed`);
  return { reference, digest: pushed };
}

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const question: WriterQuestion = JSON.parse(line);
  sign(question)
    .catch((thrown: unknown): WriterAnswer => ({ reference: question.reference, error: String(thrown) }))
    .then((answer) => console.log(JSON.stringify(answer)));
}
