/** Questions about signed images by clients that have seen nothing yet, to count and time what they cost. */
import { readFileSync } from "node:fs";
import { createApp } from "../../src/admission/mod.ts";
import { parsePrivateKey } from "../../src/crypto/mod.ts";
import { SERVER_REQUESTS_IN_FLIGHT } from "../../src/http/mod.ts";
import { createArtifactView, createLocalSigner, signArtifact, STRICT, verifyArtifact } from "../../src/notary/mod.ts";
import { createPushClient, createRegistryClient, type OpenRepository, parseReference } from "../../src/oci/mod.ts";
import { createNodeHost } from "../../src/runtime/node.ts";
import { parseCertificates } from "../../src/x509/mod.ts";
import { examplePolicy, podReview } from "../cases/admission/webhook.ts";
import { getManifest, OCI_MANIFEST, pushImage, putManifest } from "./content.ts";
import type { Registry } from "./registries.ts";

/** Longest a question may take. */
const MAX_MILLISECONDS = 20_000;

const keys = "test/fixtures/keys/fixture-signer";
/** The certificate every image here is signed with. */
export const SIGNER_CERTIFICATE = `${keys}.crt.pem`;
const certificates = parseCertificates(new Uint8Array(readFileSync(SIGNER_CERTIFICATE)));
const trust = { name: "fixture signer", level: STRICT, trustAnchors: { ca: certificates, signingAuthority: [] } };

const ports = { ...createNodeHost().ports, credentials: () => Promise.resolve(undefined) };

/** A client of registries that knows nothing of any. */
export const createClient = (): OpenRepository => createRegistryClient(ports);

/** The verdict on one reference, asked with what a client has seen before. */
export async function verifyWith(open: OpenRepository, text: string): Promise<string> {
  const signal = AbortSignal.timeout(MAX_MILLISECONDS);
  const view = createArtifactView({ ...ports, open }, { signal });
  return (await verifyArtifact(parseReference(text), trust, view)).verdict;
}

/** The same with a client that has seen nothing. */
export async function verifyCold(text: string): Promise<string> {
  return await verifyWith(createClient(), text);
}

const policies = await examplePolicy((text) => text.replace('"ghcr.io/kyverno/test-verify-image*"', '"*"'));

/** What a webhook answers about a Pod. */
export interface PodAnswer {
  readonly allowed: boolean;
  readonly message: string;
}

/** A webhook that has seen nothing: whether it admits a Pod of these images, all of which have to be signed. */
export function createColdWebhook(): (images: readonly string[]) => Promise<PodAnswer> {
  const app = createApp({
    policies,
    problems: [],
    ports: { ...ports, open: createClient(), log: () => {} },
    maxInFlight: SERVER_REQUESTS_IN_FLIGHT,
  });
  return async (images) => {
    const response = await app.fetch(
      new Request("http://localhost/mutate", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(podReview(images)),
        signal: AbortSignal.timeout(MAX_MILLISECONDS),
      }),
    );
    const { allowed, status } = (await response.json()).response;
    return { allowed, message: status?.message ?? "" };
  };
}

/** An image that was pushed and signed. */
export interface SignedImage {
  readonly tag: string;
  readonly digest: string;
}

/** Pushes images of their own, tagged `1`, `2` and so on, and signs each. */
export async function pushSignedImages(
  registry: Registry,
  repository: string,
  count: number,
): Promise<readonly SignedImage[]> {
  const key = parsePrivateKey(new Uint8Array(readFileSync(`${keys}.test-only.key.pem`)));
  const signer = await createLocalSigner(key, certificates);
  const open = createPushClient(ports);
  const signal = AbortSignal.timeout(MAX_MILLISECONDS);
  const tags = Array.from({ length: count }, (_, at) => `${at + 1}`);
  return await Promise.all(tags.map(async (tag) => {
    const { digest, reference } = await pushImage(registry, repository, tag);
    const manifest = await getManifest(registry, repository, digest);
    if (manifest === undefined) throw new Error(`"${reference}" is not there`);
    await putManifest(registry, repository, manifest.bytes, OCI_MANIFEST, tag);
    const writable = open(parseReference(reference));
    const subject = await writable.resolve(digest, { signal });
    await signArtifact(writable, subject, signer, ports, { signal });
    return { tag, digest };
  }));
}
