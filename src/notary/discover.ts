/** Artifact → signature manifests → envelope bytes (Notary Project, signature-specification.md, "OCI Signatures"). */
import { printable } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import {
  artifactTypeOf,
  type AskedPlaces,
  type CallOptions,
  type Descriptor,
  type Digest,
  type Manifest,
  type ReferrersWay,
  type Repository,
} from "../oci/mod.ts";
import type { EnvelopeBytes } from "./envelope/envelope.ts";
import { isEnvelopeMediaType, MAX_ENVELOPE_BYTES, unknownMediaType } from "./envelope/formats.ts";

/** What a signature manifest is: its `artifactType`, in its older form the media type of its config. */
export const SIGNATURE_ARTIFACT_TYPE = "application/vnd.cncf.notary.signature";

/** The signatures of an artifact, and where they were looked for. */
export interface SignatureList extends AskedPlaces {
  /** Signature manifests in the registry's order. */
  readonly signatures: readonly Descriptor[];
  /** By which ways each was found, by the digest of its manifest. */
  readonly ways: ReadonlyMap<Digest, readonly ReferrersWay[]>;
}

/**
 * Lists the signature manifests that name an artifact as their subject.
 *
 * @param options `everywhere` asks for the referrers tag also where the registry's API lists signatures.
 * @returns Every one that was listed; none is fetched.
 * @throws {UnavailableError} When a place could not be asked: that is never "no signature".
 *
 * Spec: Notary Project, signing-and-verification-workflow.md; OCI distribution, "Listing Referrers".
 */
export async function listSignatures(
  repository: Repository,
  subject: { readonly digest: Digest },
  options: CallOptions & { readonly everywhere?: boolean },
): Promise<SignatureList> {
  const { referrers, ...places } = await repository.listReferrers(subject, {
    ...options,
    artifactType: SIGNATURE_ARTIFACT_TYPE,
  });
  const found = referrers.filter(({ descriptor }) => descriptor.artifactType === SIGNATURE_ARTIFACT_TYPE);
  return {
    signatures: found.map(({ descriptor }) => descriptor),
    ways: new Map(found.map(({ descriptor, ways }) => [descriptor.digest, ways])),
    ...places,
  };
}

/** What is attached to an artifact under one type, and where it was looked for. */
export interface AttestationList extends AskedPlaces {
  /** Manifests in the registry's order. */
  readonly attestations: readonly Descriptor[];
}

/**
 * Lists the manifests of an artifact type that name an artifact as their subject.
 *
 * @param options `artifactType` is compared exactly; `everywhere` as for {@link listSignatures}.
 * @returns Every one that was listed; none is fetched.
 * @throws {UnavailableError} When a place could not be asked: that is never "no attestation".
 *
 * Spec: OCI distribution, "Listing Referrers".
 */
export async function listAttestations(
  repository: Repository,
  subject: { readonly digest: Digest },
  options: CallOptions & { readonly artifactType: string; readonly everywhere?: boolean },
): Promise<AttestationList> {
  const { referrers, ...places } = await repository.listReferrers(subject, options);
  const listed = referrers.map(({ descriptor }) => descriptor);
  return { attestations: listed.filter(({ artifactType }) => artifactType === options.artifactType), ...places };
}

/**
 * Fetches the envelope of a signature manifest, of either form the specification has.
 *
 * @param signature Descriptor of the signature manifest.
 * @param options `subject`, where it is known, must be what the manifest names as its subject.
 * @throws {MalformedError} `SIGNATURE_MANIFEST` when the manifest is none of a signature, or of another artifact;
 * `ERR_MANIFEST`, `ERR_DIGEST_MISMATCH`, `ERR_TOO_LARGE`
 * @throws {UnsupportedError} `ERR_ENVELOPE_MEDIA_TYPE`
 * @throws {UnavailableError} What the registry did not answer.
 *
 * Spec: Notary Project, signature-specification.md, "OCI Signatures".
 */
export async function fetchEnvelope(
  repository: Repository,
  signature: Descriptor,
  options: CallOptions & { readonly subject?: { readonly digest: Digest } },
): Promise<EnvelopeBytes> {
  return await fetchEnvelopeBlob(repository, await fetchEnvelopeDescriptor(repository, signature, options), options);
}

/** The first half of {@link fetchEnvelope}: which blob the envelope is. */
export async function fetchEnvelopeDescriptor(
  repository: Repository,
  signature: Descriptor,
  { subject, ...call }: CallOptions & { readonly subject?: { readonly digest: Digest } },
): Promise<Descriptor> {
  const layer = envelopeLayer(await repository.fetchManifest(signature, call), signature, subject);
  if (!isEnvelopeMediaType(layer.mediaType)) throw unknownMediaType(layer.mediaType);
  return layer;
}

/** The second half of {@link fetchEnvelope}: its bytes. */
export async function fetchEnvelopeBlob(
  repository: Repository,
  layer: Descriptor,
  call: CallOptions,
): Promise<EnvelopeBytes> {
  const { mediaType } = layer;
  if (!isEnvelopeMediaType(mediaType)) throw unknownMediaType(mediaType);
  return { mediaType, bytes: await repository.fetchBlob(layer, { ...call, maxBytes: MAX_ENVELOPE_BYTES }) };
}

function envelopeLayer(manifest: Manifest, signature: Descriptor, subject?: { readonly digest: Digest }): Descriptor {
  const refuse = (what: string): never => {
    throw new MalformedError("SIGNATURE_MANIFEST", `Cannot use signature manifest "${signature.digest}": ${what}`);
  };
  const type = artifactTypeOf(manifest);
  if (manifest.kind !== "manifest" || type !== SIGNATURE_ARTIFACT_TYPE) {
    refuse(`it is of type "${printable(type ?? manifest.mediaType, 200)}", expected "${SIGNATURE_ARTIFACT_TYPE}"`);
  }
  if (subject !== undefined && manifest.subject?.digest !== subject.digest) {
    refuse(`its subject is "${manifest.subject?.digest ?? "missing"}", expected "${subject.digest}"`);
  }
  const [layer, ...rest] = manifest.layers;
  if (layer === undefined || rest.length > 0) return refuse(`${manifest.layers.length} layers, expected exactly 1`);
  return layer;
}
