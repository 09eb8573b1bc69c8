/** Envelopes written: what both formats take, and the table of their writers; `formats.ts` has the readers. */
import type { SignatureAlgorithm } from "../../ports.ts";
import { prepareCose } from "./cose_encoder.ts";
import type { EnvelopeMediaType, SignedAttributes, UnsignedAttributes } from "./envelope.ts";
import { prepareJws } from "./jws_encoder.ts";
import type { TargetArtifact } from "./payload_encoder.ts";

/** What is signed. Times are whole seconds. */
export interface EnvelopeContents {
  readonly targetArtifact: TargetArtifact;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signedAttributes: Omit<SignedAttributes, "contentType" | "extended">;
}

/** What is known after signing. */
export interface EnvelopeRest {
  /** RSA: as is; ECDSA: r‖s. */
  readonly signature: Uint8Array;
  /** DER, leaf first. */
  readonly certificateChain: readonly Uint8Array[];
  readonly unsignedAttributes: UnsignedAttributes;
}

/** An envelope that lacks its signature. */
export interface PreparedEnvelope {
  /** What the key signs. */
  readonly signedBytes: Uint8Array;
  /** The envelope as it is stored. */
  complete(rest: EnvelopeRest): Uint8Array;
}

const WRITERS: Readonly<Record<EnvelopeMediaType, (contents: EnvelopeContents) => PreparedEnvelope>> = {
  "application/jose+json": prepareJws,
  "application/cose": prepareCose,
};

/** Writes everything of an envelope but its signature. */
export function prepareEnvelope(mediaType: EnvelopeMediaType, contents: EnvelopeContents): PreparedEnvelope {
  return WRITERS[mediaType](contents);
}
