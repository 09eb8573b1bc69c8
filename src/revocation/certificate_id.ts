/** `CertID`: how OCSP names a certificate (RFC 6960, section 4.1.1). */
import { HASH_OIDS } from "../crypto/mod.ts";
import {
  decodeHex,
  type DerNode,
  encodeHex,
  equalBytes,
  readBitStringBytes,
  readDer,
  readIntegerBytes,
  readNull,
  readOctetString,
  readOid,
  readSequence,
  refuseRest,
  TAG,
  writeDer,
  writeNull,
  writeOid,
  writeSequence,
} from "../encoding/mod.ts";
import type { CryptoProvider, DigestAlgorithm } from "../ports.ts";
import type { Certificate } from "../x509/mod.ts";

/** A certificate as named by its issuer and its number. */
export interface CertificateId {
  /** Of both hashes; `undefined` for one that is not known here, which matches nothing. */
  readonly hash: DigestAlgorithm | undefined;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Lower-case hex of the integer's octets. */
  readonly serialNumber: string;
}

const SHA1_OID = "1.3.14.3.2.26";
const HASHES: ReadonlyMap<string, DigestAlgorithm> = new Map<string, DigestAlgorithm>([
  [SHA1_OID, "sha1"],
  ...HASH_OIDS,
]);

/** The bits of a certificate's key, without algorithm and tag: what key hashes are made of. */
export function keyBits({ publicKey }: Pick<Certificate, "publicKey">): Uint8Array {
  return readBitStringBytes(readSequence(readDer(publicKey.spki), "subjectPublicKeyInfo")[1], "subjectPublicKey");
}

/**
 * Names a certificate.
 *
 * @param hash SHA-1 where it is asked for: public responders know no other.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: RFC 6960, section 4.1.1; RFC 5019, section 2.1.1.
 */
export async function certificateIdOf(
  certificate: Certificate,
  issuer: Certificate,
  crypto: Pick<CryptoProvider, "digest">,
  hash: DigestAlgorithm = "sha1",
): Promise<CertificateId> {
  const [issuerNameHash, issuerKeyHash] = await Promise.all([
    crypto.digest(hash, certificate.issuer.der),
    crypto.digest(hash, keyBits(issuer)),
  ]);
  return { hash, issuerNameHash, issuerKeyHash, serialNumber: certificate.serialNumber };
}

/** The CertID of a name made with SHA-1, DER. */
export function encodeCertificateId({ issuerNameHash, issuerKeyHash, serialNumber }: CertificateId): Uint8Array {
  return writeSequence(
    writeSequence(writeOid(SHA1_OID), writeNull()),
    writeDer(TAG.octetString, issuerNameHash),
    writeDer(TAG.octetString, issuerKeyHash),
    writeDer(TAG.integer, decodeHex(serialNumber)),
  );
}

/** @throws {MalformedError} `ERR_DER` */
export function readCertificateId(node: DerNode | undefined): CertificateId {
  const [algorithm, issuerNameHash, issuerKeyHash, serialNumber, ...rest] = readSequence(node, "certID");
  refuseRest(rest, "certID");
  const [oid, parameters, ...others] = readSequence(algorithm, "hashAlgorithm");
  refuseRest(others, "hashAlgorithm");
  if (parameters !== undefined) readNull(parameters, "parameters");
  return {
    hash: HASHES.get(readOid(oid, "hashAlgorithm")),
    issuerNameHash: readOctetString(issuerNameHash, "issuerNameHash"),
    issuerKeyHash: readOctetString(issuerKeyHash, "issuerKeyHash"),
    serialNumber: encodeHex(readIntegerBytes(serialNumber, "serialNumber")),
  };
}

/**
 * Whether a CertID names a certificate of an issuer: number, issuer's name and issuer's key.
 *
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 */
export async function matchCertificateId(
  id: CertificateId,
  certificate: Certificate,
  issuer: Certificate,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<boolean> {
  if (id.hash === undefined || id.serialNumber !== certificate.serialNumber) return false;
  const expected = await certificateIdOf(certificate, issuer, crypto, id.hash);
  return equalBytes(id.issuerNameHash, expected.issuerNameHash) && equalBytes(id.issuerKeyHash, expected.issuerKeyHash);
}
