/** Envelope → what it claims, unverified, for display. */
import { printable } from "../encoding/mod.ts";
import { EngineError, MalformedError } from "../errors.ts";
import type { Descriptor } from "../oci/mod.ts";
import type { CryptoProvider, SignatureAlgorithm } from "../ports.ts";
import { matchTimestamp, readTimestampToken, type TimestampRange } from "../timestamp/mod.ts";
import { type Certificate, fingerprint, formatName, validateSigningChain } from "../x509/mod.ts";
import type { Envelope, EnvelopeMediaType, SignedAttributes, UnsignedAttributes } from "./envelope/envelope.ts";
import { readPayload } from "./envelope/payload.ts";

/** A certificate of an envelope, as shown. Escape names with `printable` before they are shown. */
export interface InspectedCertificate {
  /** Lower-case hex SHA-256. */
  readonly fingerprint: string;
  /** `CN=test,O=Notary,L=Seattle,ST=WA,C=US`. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * What a timestamp countersignature says once it was opened and held against the signature; nobody vouches for it. Or
 * why it says nothing, safe to print.
 */
export type InspectedTimestamp =
  | { readonly range: TimestampRange; readonly certificates: readonly InspectedCertificate[] }
  | { readonly error: string };

/** Everything an envelope says of itself. Nothing in it is proven. */
export interface Inspection {
  readonly mediaType: EnvelopeMediaType;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signedAttributes: SignedAttributes;
  readonly unsignedAttributes: UnsignedAttributes;
  /** Present where `unsignedAttributes` has a countersignature. */
  readonly timestamp?: InspectedTimestamp;
  /** Leaf first. */
  readonly certificates: readonly InspectedCertificate[];
  /** What is said to be signed; its annotations are the user metadata. */
  readonly targetArtifact: Descriptor;
}

/**
 * Collects what an envelope claims. As the Notary Project's own tool does, it looks at the form of the certificate
 * chain and not at the signature: a tampered or foreign signature is shown like any other.
 *
 * @throws {MalformedError} `ERR_PAYLOAD`; `CERTIFICATE_CHAIN_INVALID` for a chain that tool refuses to show.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 */
export async function inspectEnvelope(envelope: Envelope, crypto: CryptoProvider): Promise<Inspection> {
  const { mediaType, signatureAlgorithm, signedAttributes, unsignedAttributes, certificateChain } = envelope;
  const { targetArtifact } = readPayload(envelope);
  const { failures } = await validateSigningChain(certificateChain, crypto);
  const failure = failures.find(({ reference }) => reference !== undefined);
  if (failure !== undefined) {
    throw new MalformedError("CERTIFICATE_CHAIN_INVALID", `Cannot show the certificate chain: ${failure.message}`);
  }
  const { timestampSignature } = unsignedAttributes;
  const [certificates, timestamp] = await Promise.all([
    describeAll(certificateChain, crypto),
    timestampSignature === undefined ? undefined : openTimestamp(timestampSignature, envelope.signature, crypto),
  ]);
  const claims = { mediaType, signatureAlgorithm, signedAttributes, unsignedAttributes, certificates, targetArtifact };
  return timestamp === undefined ? claims : { ...claims, timestamp };
}

function describeAll(
  certificates: readonly Certificate[],
  crypto: CryptoProvider,
): Promise<readonly InspectedCertificate[]> {
  return Promise.all(certificates.map(async (certificate) => ({
    fingerprint: await fingerprint(certificate, crypto),
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
  })));
}

/** The certificates stand in the order in which the token has them. */
async function openTimestamp(
  bytes: Uint8Array,
  signature: Uint8Array,
  crypto: CryptoProvider,
): Promise<InspectedTimestamp> {
  try {
    const token = readTimestampToken(bytes);
    const range = await matchTimestamp(token, signature, crypto);
    if ("trusted" in range) return { error: range.refusal.message };
    return { range, certificates: await describeAll(token.certificates, crypto) };
  } catch (thrown) {
    if (thrown instanceof EngineError) return { error: printable(thrown.message) };
    throw thrown;
  }
}
