/**
 * An attestation → what it says, once someone trusted has signed it. `verifyAttestation()` is the one way to an
 * attestation's content: whoever holds a payload holds it with its signer, out of bytes whose digest was computed.
 */
import { isJsonObject, type JsonObject, parseJson, printable } from "../../encoding/mod.ts";
import { MalformedError, UnavailableError } from "../../errors.ts";
import {
  artifactTypeOf,
  type CallOptions,
  type Descriptor,
  type Digest,
  type Manifest,
  type Repository,
} from "../../oci/mod.ts";
import type { Trust } from "../trust/mod.ts";
import { type ArtifactOptions, verifyArtifact } from "./artifact.ts";
import type { CertificateFacts } from "./certificate_facts.ts";
import type { ArtifactOutcome } from "./outcome.ts";
import type { ArtifactView, AttestationSource } from "./view.ts";

/** Most bytes of an attestation's content: Kyverno's number. */
export const MAX_ATTESTATION_BYTES = 10_000_000;

/** Most values in an attestation's JSON. */
export const MAX_ATTESTATION_VALUES = 1_000_000;

/** Levels of nesting of an attestation's JSON. */
export const MAX_ATTESTATION_DEPTH = 64;

/** What an attestation says, and on whose word. */
export interface VerifiedAttestation {
  /** The JSON object that is the attestation's only layer. */
  readonly payload: JsonObject;
  /** The certificate that made the signature which verified. */
  readonly signer: CertificateFacts;
  /** Of the bytes the payload was read from. */
  readonly digest: Digest;
}

/** What came of verifying an attestation; `attestation` is there exactly when the outcome's verdict is `verified`. */
export interface AttestationOutcome {
  /** About the attestation's own manifest, not about the image. */
  readonly outcome: ArtifactOutcome;
  readonly attestation?: VerifiedAttestation;
}

/**
 * Verifies an attestation and reads what it says: its manifest has a signature by someone trusted, is of the type and
 * about the artifact it was listed for, and has one JSON object as its only layer.
 *
 * @param view Several trusts may be asked about one attestation: its content is fetched once.
 * @returns The outcome alone where no signature verified. A level that skips verification gives no content either.
 * @throws {MalformedError} `ERR_ATTESTATION` when what was signed is no attestation of this artifact;
 * `ERR_MANIFEST`, `ERR_DIGEST_MISMATCH`, `ERR_TOO_LARGE`, `ERR_JSON`
 * @throws {EngineError} As {@link verifyArtifact}, and what the registry did not answer.
 *
 * Spec: Notary Project, signing-and-verification-workflow.md, "Verification steps"; OCI image, manifest.md,
 * "Guidelines for Artifact Usage".
 */
export async function verifyAttestation(
  source: AttestationSource,
  trust: Trust,
  view: ArtifactView,
  options: ArtifactOptions = {},
): Promise<AttestationOutcome> {
  const outcome = await verifyArtifact(source.reference, trust, view, options);
  if (outcome.verdict !== "verified") return { outcome };
  const signer = outcome.outcomes.at(-1)?.certificateChain[0];
  if (signer === undefined) {
    throw new UnavailableError(
      "ERR_INTERNAL",
      `Cannot name the signer of "${outcome.reference}": no certificate facts`,
    );
  }
  return { outcome, attestation: { ...await readOnce(source, view), signer } };
}

type Content = Pick<VerifiedAttestation, "payload" | "digest">;

/**
 * Per request, so that no more is held than one request asked for. Filled after a signature verified, and not before.
 */
const contents = new WeakMap<ArtifactView, Map<string, Promise<Content>>>();

function readOnce(source: AttestationSource, view: ArtifactView): Promise<Content> {
  const known = contents.get(view) ?? new Map<string, Promise<Content>>();
  contents.set(view, known);
  const { registry, repository, digest } = source.reference;
  const key = JSON.stringify([registry, repository, digest, source.artifactType, source.subject.digest]);
  const content = known.get(key) ?? readContent(source, view);
  known.set(key, content);
  return content;
}

async function readContent(source: AttestationSource, view: ArtifactView): Promise<Content> {
  // The view has both already: the signatures were just tried.
  const { repository, descriptor } = await view.signatures(source.reference);
  const layer = contentLayer(await repository.fetchManifest(descriptor, view.call), source);
  return { payload: await fetchPayload(repository, layer, source, view.call), digest: layer.digest };
}

function contentLayer(manifest: Manifest, source: AttestationSource): Descriptor {
  const type = artifactTypeOf(manifest);
  if (manifest.kind !== "manifest" || type !== source.artifactType) {
    throw unusable(
      source,
      `it is of type "${printable(type ?? manifest.mediaType, 200)}", expected "${
        printable(source.artifactType, 200)
      }"`,
    );
  }
  if (manifest.subject?.digest !== source.subject.digest) {
    const found = manifest.subject?.digest ?? "missing";
    throw unusable(source, `its subject is "${found}", expected "${source.subject.digest}"`);
  }
  const [layer, ...rest] = manifest.layers;
  if (layer === undefined || rest.length > 0) throw unusable(source, `${manifest.layers.length} layers, expected 1`);
  return layer;
}

async function fetchPayload(
  repository: Repository,
  layer: Descriptor,
  source: AttestationSource,
  call: CallOptions,
): Promise<JsonObject> {
  const bytes = await repository.fetchBlob(layer, { ...call, maxBytes: MAX_ATTESTATION_BYTES });
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    // Signed is what is packed; how much comes of unpacking it, nobody has said.
    throw unusable(source, "its layer is compressed with gzip, expected a JSON object");
  }
  const payload = parseJson(bytes, {
    maxBytes: MAX_ATTESTATION_BYTES,
    maxValues: MAX_ATTESTATION_VALUES,
    maxDepth: MAX_ATTESTATION_DEPTH,
  });
  if (isJsonObject(payload)) return payload;
  const found = Array.isArray(payload) ? "a list" : payload === null ? "null" : `a ${typeof payload}`;
  throw unusable(source, `its layer is ${found}, expected a JSON object`);
}

function unusable({ reference }: AttestationSource, reason: string): MalformedError {
  return new MalformedError("ERR_ATTESTATION", `Cannot use attestation "${reference.digest}": ${reason}`);
}
