/** `Envelope`: every signature format brought to one normal form (Notary Project, signature-specification.md). */
import type { SignatureAlgorithm } from "../../ports.ts";
import type { Certificate } from "../../x509/mod.ts";
import type { RelaxedRule } from "./strict_rules.ts";

/** Media types of signature envelopes. */
export type EnvelopeMediaType = "application/jose+json" | "application/cose";

/** An envelope as stored: what it claims to be, and its bytes. */
export interface EnvelopeBytes {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export type SigningScheme = "notary.x509" | "notary.x509.signingAuthority";

export interface SignedAttributes {
  /** `application/vnd.cncf.notary.payload.v1+json`. */
  readonly contentType: string;
  readonly signingScheme: SigningScheme;
  /** Claimed by the signer, under `notary.x509`. */
  readonly signingTime?: AttributeTime;
  /** Vouched for by the signing authority, under `notary.x509.signingAuthority`. */
  readonly authenticSigningTime?: AttributeTime;
  readonly expiry?: AttributeTime;
  /** What the format does not define itself, in the order of the envelope. */
  readonly extended: readonly ExtendedAttribute[];
}

/** An instant and, for display, the offset it was written with: JWS keeps the signer's, COSE has none. */
export interface AttributeTime {
  readonly instant: Date;
  /** What was written is later than `instant`, by less than the millisecond that an instant can tell. */
  readonly isLater?: true;
  /** Minutes east of UTC as written; `undefined` where the format has no offset. */
  readonly offsetMinutes?: number;
}

export interface ExtendedAttribute {
  readonly key: string | number;
  readonly critical: boolean;
  readonly value: unknown;
}

export interface UnsignedAttributes {
  readonly signingAgent?: string;
  /** DER of the TimeStampToken (RFC 3161), as received. */
  readonly timestampSignature?: Uint8Array;
}

/** A decoded envelope: well-formed by every rule of its format, but nothing in it is proven. */
export interface Envelope {
  readonly mediaType: EnvelopeMediaType;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** The payload's bytes as signed. */
  readonly payload: Uint8Array;
  readonly signedAttributes: SignedAttributes;
  readonly unsignedAttributes: UnsignedAttributes;
  /** Leaf first, as received. */
  readonly certificateChain: readonly Certificate[];
  /** RSA: as is; ECDSA: r‖s. */
  readonly signature: Uint8Array;
  /** What the signature is over: the signing input of the format, sliced from what was received. */
  readonly signedBytes: Uint8Array;
  /**
   * There only when it was read with `compat`: the rules that were passed over so far. Everything judged of such an
   * envelope is the reference implementation's answer, not ours.
   */
  readonly relaxed?: readonly RelaxedRule[];
}
