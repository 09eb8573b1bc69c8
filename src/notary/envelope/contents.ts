/** What the writers of both formats take and give. */
import type { SignatureAlgorithm } from "../../ports.ts";
import type { SignedAttributes, UnsignedAttributes } from "./envelope.ts";
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
