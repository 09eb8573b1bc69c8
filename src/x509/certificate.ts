/** DER → `Certificate`, a plain record (RFC 5280, section 4). */
import type { PublicKey, SignatureAlgorithm } from "../ports.ts";
import type { Extension } from "./extensions.ts";
import type { DistinguishedName } from "./name.ts";

export interface Certificate {
  /** The certificate as received. */
  readonly der: Uint8Array;
  /** `tbsCertificate` as received: the signed bytes. */
  readonly tbs: Uint8Array;
  /** Lower-case hex. */
  readonly serialNumber: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: CertificatePublicKey;
  /** By object identifier text; each at most once. */
  readonly extensions: ReadonlyMap<string, Extension>;
  /** `undefined` when the algorithm is none this engine verifies; `signatureAlgorithmOid` then still names it. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  /** ECDSA as r‖s of the issuer's field is made when verifying: here as received, a DER SEQUENCE for ECDSA. */
  readonly signature: Uint8Array;
}

/** Every key type can stand in a certificate; only RSA and the three NIST curves are usable keys. */
export type CertificatePublicKey =
  | PublicKey
  | { readonly spki: Uint8Array; readonly type: "unsupported"; readonly oid: string };
