/**
 * Times the verification of one envelope whose certificates were seen before against the bare `subtle.verify` of the
 * same signature, in turn, in one process. Runs on Node (tsx) and on Deno; prints one line of JSON.
 *
 * `npx tsx scripts/bench/verify.ts` or `deno run -A scripts/bench/verify.ts`
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { decodeEnvelope, readPayload, STRICT, verdict, verifySignature } from "../../src/notary/mod.ts";
import { parseCertificates } from "../../src/x509/mod.ts";

const BATCH = 250;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 25);
const IN_FLIGHT_SECONDS = 2;

const bytes = new Uint8Array(readFileSync("test/fixtures/envelopes/jws-rsa-2048-self.jws"));
const anchors = parseCertificates(new Uint8Array(readFileSync("test/fixtures/keys/rsa-2048-self.crt.pem")));
const stored = { mediaType: "application/jose+json", bytes };
const decoded = decodeEnvelope(stored);
const { targetArtifact } = readPayload(decoded);
const trust = { name: "bench", level: STRICT, trustAnchors: { ca: anchors, signingAuthority: [] } };
// The ports this runtime lends the product.
const ports = "Deno" in globalThis
  ? (await import("../../src/runtime/deno.ts")).createDenoPorts()
  : (await import("../../src/runtime/node.ts")).createNodePorts();

const [leaf] = decoded.certificateChain;
if (leaf === undefined) throw new Error("expected a certificate in the envelope");
const key = await crypto.subtle.importKey(
  "spki",
  leaf.publicKey.spki as BufferSource,
  { name: "RSA-PSS", hash: "SHA-256" },
  false,
  ["verify"],
);
const parameters = { name: "RSA-PSS", saltLength: 32 };
const bare = () =>
  crypto.subtle.verify(parameters, key, decoded.signature as BufferSource, decoded.signedBytes as BufferSource);
const whole = async () => {
  const outcome = await verifySignature(decodeEnvelope(stored), targetArtifact, trust, ports);
  return verdict(outcome) === "verified";
};

async function microseconds(work: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < BATCH; i += 1) if (!(await work())) throw new Error("expected the signature to verify");
  return ((performance.now() - started) * 1000) / BATCH;
}

async function perSecond(work: () => Promise<boolean>): Promise<number> {
  const started = performance.now();
  const end = started + IN_FLIGHT_SECONDS * 1000;
  let done = 0;
  const lane = async () => {
    while (performance.now() < end) {
      if (!(await work())) throw new Error("expected the signature to verify");
      done += 1;
    }
  };
  await Promise.all([lane(), lane()]);
  return done / ((performance.now() - started) / 1000);
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

await microseconds(bare);
await microseconds(whole);
const bareTimes: number[] = [];
const wholeTimes: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  bareTimes.push(await microseconds(bare));
  wholeTimes.push(await microseconds(whole));
}

console.log(JSON.stringify({
  runtime: "Deno" in globalThis ? "Deno" : "Node",
  bareMicroseconds: median(bareTimes),
  wholeMicroseconds: median(wholeTimes),
  ratio: median(wholeTimes.map((time, i) => time / (bareTimes[i] ?? NaN))),
  twoInFlightPerSecond: await perSecond(whole),
}));
