/** Names of algorithms that are known only to say why a certificate is refused. */

const NAMES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "MD5-RSA",
  "1.2.840.113549.1.1.5": "SHA1-RSA",
  "1.2.840.10040.4.1": "DSA",
  "1.2.840.10040.4.3": "DSA-SHA1",
  "1.2.840.10045.4.1": "ECDSA-SHA1",
  "1.3.101.110": "X25519",
  "1.3.101.112": "Ed25519",
  "1.3.101.113": "Ed448",
  "1.3.132.0.10": "secp256k1",
  "1.3.132.0.33": "P-224",
};

/**
 * The name people know an algorithm or curve by.
 *
 * @param oid Object identifier text.
 * @returns The identifier itself when no name is known.
 */
export function algorithmName(oid: string): string {
  return NAMES[oid] ?? oid;
}
