/** `AlgorithmIdentifier` of a signature → the algorithm it names (RFC 5280, section 4.1.1.2). */
import {
  contextTag,
  derChildren,
  type DerNode,
  readNull,
  readOid,
  readSequence,
  readSmallInteger,
  TAG,
} from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import type { HashAlgorithm, SignatureAlgorithm } from "../ports.ts";
import { ALGORITHMS, HASH_BYTES, HASH_OIDS, OID_ALGORITHMS, RSASSA_PSS_OID } from "./algorithms.ts";

const MGF1_OID = "1.2.840.113549.1.1.8";

/** What an AlgorithmIdentifier names. */
export interface NamedAlgorithm {
  readonly oid: string;
  /** `undefined` when this engine does not verify it: SHA-1, another salt or mask, an unknown identifier. */
  readonly algorithm: SignatureAlgorithm | undefined;
}

/**
 * The signature algorithm an AlgorithmIdentifier names, parameters included.
 *
 * @throws {MalformedError} `ERR_DER` when it is not well-formed, or its parameters are not those of its identifier.
 *
 * Spec: RFC 4055, section 5 (NULL for RSASSA-PKCS1-v1_5) and section 3.1 (RSASSA-PSS-params); RFC 5758, section 3.2
 * (no parameters for ECDSA).
 */
export function readSignatureAlgorithm(node: DerNode | undefined): NamedAlgorithm {
  const [identifier, parameters, ...rest] = readSequence(node, "signatureAlgorithm");
  const oid = readOid(identifier, "algorithm");
  if (rest.length > 0) throw new MalformedError("ERR_DER", "Cannot read signature algorithm: more fields than two");
  if (oid === RSASSA_PSS_OID) return { oid, algorithm: readPssAlgorithm(parameters) };
  const algorithm = OID_ALGORITHMS.get(oid);
  if (algorithm === undefined) return { oid, algorithm };
  if (ALGORITHMS[algorithm].scheme === "RSASSA-PKCS1-v1_5") readNull(parameters, "parameters");
  else if (parameters !== undefined) {
    throw new MalformedError("ERR_DER", "Cannot read signature algorithm: ECDSA with parameters, expected none");
  }
  return { oid, algorithm };
}

function readHash(node: DerNode | undefined, what: string): HashAlgorithm | undefined {
  const [identifier, parameters, ...rest] = readSequence(node, what);
  if (parameters !== undefined) readNull(parameters, what);
  if (rest.length > 0) throw new MalformedError("ERR_DER", `Cannot read "${what}": more fields than two`);
  return HASH_OIDS.get(readOid(identifier, what));
}

/** The algorithm whose hash, mask and salt length these parameters are: defaults mean SHA-1 and a salt of 20. */
function readPssAlgorithm(parameters: DerNode | undefined): SignatureAlgorithm | undefined {
  if (parameters === undefined) return undefined;
  let hash: HashAlgorithm | undefined;
  let maskHash: HashAlgorithm | undefined;
  let saltBytes = 20;
  let previous = -1;
  for (const field of readSequence(parameters, "RSASSA-PSS-params")) {
    const number = field.tag - contextTag(0, "constructed");
    const [value, ...rest] = derChildren(field);
    if (number <= previous || number > 3 || value === undefined || rest.length > 0) {
      throw new MalformedError("ERR_DER", "Cannot read RSASSA-PSS-params: fields out of order, repeated or empty");
    }
    previous = number;
    if (number === 0) hash = readHash(value, "hashAlgorithm");
    else if (number === 1) maskHash = readMask(value);
    else if (number === 2) saltBytes = readSmallInteger(value, "saltLength");
    else if (value.tag !== TAG.integer || readSmallInteger(value, "trailerField") !== 1) return undefined;
  }
  if (hash === undefined || maskHash !== hash || saltBytes !== HASH_BYTES[hash]) return undefined;
  return `RSASSA-PSS-SHA-${hash.slice(3) as "256" | "384" | "512"}`;
}

function readMask(node: DerNode): HashAlgorithm | undefined {
  const [identifier, parameters] = readSequence(node, "maskGenAlgorithm");
  return readOid(identifier, "maskGenAlgorithm") === MGF1_OID ? readHash(parameters, "maskGenAlgorithm") : undefined;
}
