/** AlgorithmIdentifier of a certificate's signature → named algorithm (RFC 3279, RFC 4055, RFC 5758). */
import { HASH_BYTES, HASH_OIDS, OID_ALGORITHMS, RSASSA_PSS_OID } from "../crypto/mod.ts";
import { contextTag, type DerNode, readNull, readOid, readSequence, readSmallInteger } from "../encoding/mod.ts";
import type { HashAlgorithm, SignatureAlgorithm } from "../ports.ts";
import { onlyChild, refuseRest } from "./fields.ts";

const MGF1 = "1.2.840.113549.1.1.8";
const PSS_ALGORITHMS: Readonly<Record<HashAlgorithm, SignatureAlgorithm>> = {
  sha256: "RSASSA-PSS-SHA-256",
  sha384: "RSASSA-PSS-SHA-384",
  sha512: "RSASSA-PSS-SHA-512",
};

/** Algorithms that are known by name only, to say why a certificate is refused. */
const NAMES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "MD5-RSA",
  "1.2.840.113549.1.1.5": "SHA1-RSA",
  "1.2.840.10040.4.3": "DSA-SHA1",
  "1.2.840.10045.4.1": "ECDSA-SHA1",
  "1.3.101.112": "Ed25519",
};

/** The name people know an algorithm by, or its identifier. */
export function algorithmName(oid: string): string {
  return NAMES[oid] ?? oid;
}

/**
 * Reads an AlgorithmIdentifier.
 *
 * @returns `algorithm` is `undefined` for every algorithm this engine does not verify: SHA-1 and MD5 among them.
 * @throws {MalformedError} `ERR_DER`
 */
export function readSignatureAlgorithm(
  node: DerNode | undefined,
  what: string,
): { readonly oid: string; readonly algorithm: SignatureAlgorithm | undefined } {
  const [identifier, parameters, ...rest] = readSequence(node, what);
  refuseRest(rest, what);
  const oid = readOid(identifier, what);
  if (oid === RSASSA_PSS_OID) return { oid, algorithm: readPssParameters(parameters) };
  const algorithm = OID_ALGORITHMS.get(oid);
  if (algorithm !== undefined && parameters !== undefined) readNull(parameters, `parameters of "${what}"`);
  return { oid, algorithm };
}

/**
 * The named algorithm of RSASSA-PSS parameters: one hash for both uses, a salt as long as it, the usual trailer. What is
 * left out has the default SHA-1, which is not verified.
 *
 * Spec: RFC 4055, section 3.1.
 */
function readPssParameters(node: DerNode | undefined): SignatureAlgorithm | undefined {
  if (node === undefined) return undefined;
  const fields = new Map(readSequence(node, "RSASSA-PSS-params").map((field) => [field.tag, field]));
  const inside = (number: number): DerNode | undefined => {
    const wrapper = fields.get(contextTag(number, "constructed"));
    return wrapper === undefined ? undefined : onlyChild(wrapper, "RSASSA-PSS-params");
  };
  const [hash, mask, salt, trailer] = [inside(0), inside(1), inside(2), inside(3)];
  if (hash === undefined || mask === undefined || salt === undefined) return undefined;
  const [maskFunction, maskHash] = readSequence(mask, "maskGenAlgorithm");
  const algorithm = readHash(hash);
  if (algorithm === undefined || readHash(maskHash) !== algorithm) return undefined;
  if (readOid(maskFunction, "maskGenAlgorithm") !== MGF1) return undefined;
  if (readSmallInteger(salt, "saltLength") !== HASH_BYTES[algorithm]) return undefined;
  if (trailer !== undefined && readSmallInteger(trailer, "trailerField") !== 1) return undefined;
  return PSS_ALGORITHMS[algorithm];
}

function readHash(node: DerNode | undefined): HashAlgorithm | undefined {
  const [identifier] = readSequence(node, "hashAlgorithm");
  return HASH_OIDS.get(readOid(identifier, "hashAlgorithm"));
}
