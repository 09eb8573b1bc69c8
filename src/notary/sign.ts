/** Descriptor and signer → envelope → signature manifest (Notary Project, signing-and-verification-workflow.md). */
import { ALGORITHMS, digestOf } from "../crypto/mod.ts";
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError, UnsupportedError } from "../errors.ts";
import type { AttachedArtifact, CallOptions, Descriptor, WritableRepository } from "../oci/mod.ts";
import type { Ports, SignatureAlgorithm, SignatureProvider } from "../ports.ts";
import { fingerprint } from "../x509/mod.ts";
import { askTimestamp, checkAuthority, requireTimestamp, type TimestampOptions } from "./countersign.ts";
import { SIGNATURE_ARTIFACT_TYPE } from "./discover.ts";
import { prepareEnvelope } from "./envelope/encode.ts";
import type { Envelope, EnvelopeBytes, EnvelopeMediaType, UnsignedAttributes } from "./envelope/envelope.ts";
import { decodeEnvelope } from "./envelope/formats.ts";
import { readPayload } from "./envelope/payload.ts";
import type { TargetArtifact } from "./envelope/payload_encoder.ts";
import { formatRfc3339 } from "./envelope/rfc3339.ts";
import { askKey, askSignature, mismatch } from "./signers/ask.ts";
import { validateIntegrity } from "./verify/integrity.ts";

/** Keys of user metadata may not begin so. Spec: Notary Project, signature-specification.md, "Payload". */
export const RESERVED_METADATA_PREFIX = "io.cncf.notary";

/** Media type of a blob that nobody named one for. */
export const DEFAULT_BLOB_MEDIA_TYPE = "application/octet-stream";

/** How something is signed. */
export interface SignOptions {
  /** JWS when left out. */
  readonly format?: EnvelopeMediaType;
  /** Signed with the artifact, as its annotations. */
  readonly userMetadata?: Readonly<Record<string, string>>;
  /** Whole seconds from the signing time after which the signer no longer stands by the signature. */
  readonly expirySeconds?: number;
  /** What made the signature, such as `edge-notary/1.0.0`; unsigned. */
  readonly signingAgent?: string;
  /** Minutes east of UTC of the place whose clock a JWS shows; UTC when left out. */
  readonly offsetMinutes?: number;
  /** Who says when the signature was made; without an answer that can be trusted there is no signature. */
  readonly timestamp?: TimestampOptions;
  readonly signal: AbortSignal;
}

/** What signing asks of the outside world. */
export type SigningPorts = Pick<Ports, "crypto" | "now">;

/** A signature that was made and verified, with what it decodes to. */
export interface SignedEnvelope extends EnvelopeBytes {
  readonly mediaType: EnvelopeMediaType;
  readonly envelope: Envelope;
}

/**
 * Signs the descriptor of an artifact. The envelope is decoded and verified before it is given out.
 *
 * @param artifact As resolved: what is signed of it is its media type, digest, size and annotations.
 * @throws {ConfigurationError} `ERR_SIGN_REQUEST` for metadata or an expiry that cannot be signed; `ERR_KEY_MISMATCH`;
 * `CERTIFICATE_CHAIN_INVALID`, `CERTIFICATE_EXPIRED`, `CERTIFICATE_NOT_YET_VALID` for a chain that may not sign now.
 * With a timestamp also `ERR_CONFIG` and `ERR_TRUST_STORE` for its address and roots.
 * @throws {UnavailableError} `ERR_SIGNER`, `ERR_DEADLINE`; `ERR_TIMESTAMP_RESPONSE`, `REVOCATION_UNKNOWN`,
 * `REVOCATION_NOT_CHECKED`
 * @throws {MalformedError} For a timestamp that proves nothing: the codes of timestamps, or `CERTIFICATE_REVOKED`.
 * @throws {UnsupportedError} `ERR_ALGORITHM_UNSUPPORTED`, `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: Notary Project, signature-specification.md, "Signing".
 */
export async function signDescriptor(
  artifact: Descriptor,
  signer: SignatureProvider,
  ports: SigningPorts,
  options: SignOptions,
): Promise<SignedEnvelope> {
  return await sign(() => Promise.resolve(artifact), signer, ports, options);
}

/**
 * Signs bytes that are in no registry.
 *
 * @param blob Digested with the hash that goes with the signing key.
 * @throws As {@link signDescriptor}.
 *
 * Spec: Notary Project, signature-specification.md, "Payload", of arbitrary blobs.
 */
export async function signBlob(
  blob: { readonly bytes: Uint8Array; readonly mediaType?: string },
  signer: SignatureProvider,
  ports: SigningPorts,
  options: SignOptions,
): Promise<SignedEnvelope> {
  const { bytes, mediaType = DEFAULT_BLOB_MEDIA_TYPE } = blob;
  const describe = async (algorithm: SignatureAlgorithm) => {
    const digest = await digestOf(ports.crypto, bytes, ALGORITHMS[algorithm].hash);
    return { mediaType, digest, size: bytes.length };
  };
  return await sign(describe, signer, ports, options);
}

/**
 * Signs an artifact and pushes the signature to its repository, where it is found by its subject.
 *
 * @param options `referrersTag` lists the signature under the referrers tag whatever the registry can do.
 * @throws As {@link signDescriptor}, before anything is pushed; the codes of a registry request, `ERR_REFERRERS_TAG`,
 * `ERR_REFERRERS_CONFLICT`.
 *
 * Spec: Notary Project, signature-specification.md, "OCI Signatures".
 */
export async function signArtifact(
  repository: WritableRepository,
  artifact: Descriptor,
  signer: SignatureProvider,
  ports: SigningPorts,
  options: SignOptions & { readonly referrersTag?: boolean },
): Promise<AttachedArtifact> {
  const signed = await signDescriptor(artifact, signer, ports, options);
  return await pushSignature(repository, artifact, signed, ports, options);
}

/** Pushes an envelope as the signature of an artifact. @throws The codes of {@link WritableRepository.attach}. */
export async function pushSignature(
  repository: WritableRepository,
  subject: Descriptor,
  { mediaType, bytes, envelope }: SignedEnvelope,
  { crypto }: Pick<SigningPorts, "crypto">,
  options: CallOptions & { readonly referrersTag?: boolean },
): Promise<AttachedArtifact> {
  const thumbprints = await Promise.all(
    envelope.certificateChain.map((certificate) => fingerprint(certificate, crypto)),
  );
  const { signingTime, authenticSigningTime } = envelope.signedAttributes;
  const created = signingTime ?? authenticSigningTime;
  return await repository.attach({
    artifactType: SIGNATURE_ARTIFACT_TYPE,
    layers: [{ mediaType, bytes }],
    subject,
    annotations: {
      "io.cncf.notary.x509chain.thumbprint#S256": JSON.stringify(thumbprints),
      ...(created === undefined
        ? {}
        : { "org.opencontainers.image.created": formatRfc3339({ instant: created.instant }) }),
    },
  }, options);
}

async function sign(
  describe: (algorithm: SignatureAlgorithm) => Promise<Descriptor>,
  signer: SignatureProvider,
  ports: SigningPorts,
  options: SignOptions,
): Promise<SignedEnvelope> {
  const { crypto, now } = ports;
  const { format: mediaType = "application/jose+json", signingAgent = "edge-notary", offsetMinutes = 0 } = options;
  const { timestamp, signal } = options;
  const at = new Date(Math.floor(now().getTime() / 1000) * 1000);
  const expiry = expiryOf(at, options.expirySeconds);
  checkMetadata(options.userMetadata ?? {});
  if (timestamp !== undefined) await checkAuthority(timestamp, crypto);
  const key = await askKey(signer, crypto, at, signal);
  const targetArtifact = withMetadata(await describe(key.algorithm), options.userMetadata ?? {});
  const prepared = prepareEnvelope(mediaType, {
    targetArtifact,
    signatureAlgorithm: key.algorithm,
    signedAttributes: {
      signingScheme: "notary.x509",
      signingTime: { instant: at, offsetMinutes },
      ...(expiry === undefined ? {} : { expiry: { instant: expiry, offsetMinutes } }),
    },
  });
  const signature = await askSignature(signer, key, prepared.signedBytes, signal);
  const complete = (unsignedAttributes: UnsignedAttributes) => {
    const certificateChain = key.chain.map(({ der }) => der);
    const bytes = prepared.complete({ signature, certificateChain, unsignedAttributes });
    return verifyMade({ mediaType, bytes }, targetArtifact, crypto);
  };
  const made = await complete({ signingAgent });
  if (timestamp === undefined) return made;
  // An authority is asked about signatures that are good.
  const timestampSignature = await askTimestamp(signature, key.algorithm, timestamp, crypto, signal);
  const timestamped = await complete({ signingAgent, timestampSignature });
  await requireTimestamp(timestamped.envelope, timestamp, ports, signal);
  return timestamped;
}

/** The last instant that both formats can write and read. */
const LAST_INSTANT = Date.parse("9999-12-31T23:59:59Z");

function expiryOf(at: Date, seconds: number | undefined): Date | undefined {
  if (seconds === undefined) return undefined;
  if (!Number.isSafeInteger(seconds) || seconds < 1) refuse(`the expiry is ${seconds} s, expected 1 or more, whole`);
  const instant = at.getTime() + seconds * 1000;
  if (instant > LAST_INSTANT) refuse(`the expiry is ${seconds} s from now, expected one before the year 10000`);
  return new Date(instant);
}

function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(metadata)) {
    const shown = `"${printable(key, 200)}"`;
    if (key === "") refuse("a key of the user metadata is empty");
    if (key.startsWith(RESERVED_METADATA_PREFIX)) {
      refuse(`the user metadata ${shown} has the reserved prefix "${RESERVED_METADATA_PREFIX}"`);
    }
    // As UTF-8 it would be another text than the one given.
    if (/\p{Surrogate}/u.test(key + value)) refuse(`the user metadata ${shown} is no well-formed text`);
  }
}

function withMetadata(
  { mediaType, digest, size, annotations = {} }: Descriptor,
  metadata: Readonly<Record<string, string>>,
): TargetArtifact {
  const twice = Object.keys(metadata).find((key) => Object.hasOwn(annotations, key));
  if (twice !== undefined) refuse(`the artifact has the annotation "${printable(twice, 200)}" of the user metadata`);
  const all = { ...annotations, ...metadata };
  return { mediaType, digest, size, ...(Object.keys(all).length === 0 ? {} : { annotations: all }) };
}

function refuse(what: string): never {
  throw new ConfigurationError("ERR_SIGN_REQUEST", `Cannot sign: ${what}`);
}

/** Reads back what was made, so that nothing is given out that nobody could verify. */
async function verifyMade(
  made: { readonly mediaType: EnvelopeMediaType; readonly bytes: Uint8Array },
  expected: TargetArtifact,
  crypto: SigningPorts["crypto"],
): Promise<SignedEnvelope> {
  const envelope = decodeEnvelope(made);
  const integrity = await validateIntegrity(envelope, crypto);
  const { targetArtifact } = readPayload(envelope);
  if (integrity.status === "failed" && integrity.refusal.code === "SIGNATURE_MISMATCH") {
    throw mismatch(integrity.refusal.message);
  }
  if (integrity.status === "failed" || integrity.status === "inconclusive") {
    throw new UnsupportedError(integrity.refusal.code, integrity.refusal.message);
  }
  const same = (["mediaType", "digest", "size"] as const).every((member) =>
    targetArtifact[member] === expected[member]
  );
  if (integrity.status !== "passed" || !same) {
    throw new EngineError("ERR_INTERNAL", "Cannot sign: the envelope does not read back as what was to be signed");
  }
  return { ...made, envelope };
}
