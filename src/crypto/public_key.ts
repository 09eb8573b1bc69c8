/** SubjectPublicKeyInfo → `PublicKey`, and the numbers inside a key (RFC 5280, section 4.1.2.7; RFC 3279; RFC 5480). */
import {
  derBytes,
  type DerNode,
  readBitStringBytes,
  readDer,
  readInteger,
  readNull,
  readOid,
  readSequence,
} from "../encoding/mod.ts";
import { EngineError, MalformedError } from "../errors.ts";
import type { Curve, PublicKey } from "../ports.ts";
import { CURVE_BITS, fieldBytes } from "./algorithms.ts";
import { bitLength } from "./numbers.ts";

/** Bits of an RSA modulus that a provider computes with at most: a bound on the work one signature can ask for. */
export const MAX_RSA_BITS = 8192;
/** The largest RSA public exponent a provider computes with, for the same reason; Go has the same bound. */
export const MAX_RSA_EXPONENT: bigint = 2n ** 31n - 1n;

/** `rsaEncryption` (RFC 3279, section 2.3.1). */
export const RSA_OID = "1.2.840.113549.1.1.1";
/** `id-ecPublicKey` (RFC 5480, section 2.1.1). */
export const EC_OID = "1.2.840.10045.2.1";

/** Named curves by object identifier (RFC 5480, section 2.1.1.1). */
export const CURVE_OIDS: ReadonlyMap<string, Curve> = new Map([
  ["1.2.840.10045.3.1.7", "P-256"],
  ["1.3.132.0.34", "P-384"],
  ["1.3.132.0.35", "P-521"],
]);

/** A well-formed key that no algorithm of this engine uses: Ed25519, another curve. */
export interface UnsupportedKey {
  readonly spki: Uint8Array;
  readonly type: "unsupported";
  /** Of the algorithm, or of the curve when the algorithm is EC. */
  readonly oid: string;
}

/** The two numbers of an RSA public key. */
export interface RsaNumbers {
  readonly modulus: bigint;
  readonly exponent: bigint;
}

interface KeyInfo {
  readonly oid: string;
  readonly parameters: DerNode | undefined;
  readonly keyBytes: Uint8Array;
}

/** Any failure of the DER inside is a failure of the key. */
function reading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new MalformedError("ERR_CERTIFICATE", `Cannot read public key: ${error.message}`, { cause: error });
  }
}

function refuse(what: string): never {
  throw new MalformedError("ERR_CERTIFICATE", `Cannot read public key: ${what}`);
}

function readKeyInfo(node: DerNode): KeyInfo {
  const [algorithm, key, ...rest] = readSequence(node, "subjectPublicKeyInfo");
  const [oid, parameters, ...others] = readSequence(algorithm, "algorithm");
  if (rest.length + others.length > 0) refuse("more fields than a SubjectPublicKeyInfo has");
  return { oid: readOid(oid, "algorithm"), parameters, keyBytes: readBitStringBytes(key, "subjectPublicKey") };
}

function readRsaNumbers({ parameters, keyBytes }: KeyInfo): RsaNumbers {
  readNull(parameters, "algorithm.parameters");
  const [modulus, exponent, ...rest] = readSequence(readDer(keyBytes), "subjectPublicKey");
  if (rest.length > 0) refuse("more numbers than an RSA key has");
  const numbers = { modulus: readInteger(modulus, "modulus"), exponent: readInteger(exponent, "publicExponent") };
  if (numbers.modulus < 3n || numbers.modulus % 2n === 0n) refuse("the modulus is not a product of odd primes");
  if (numbers.exponent < 3n || numbers.exponent % 2n === 0n) refuse("the public exponent is not an odd number above 1");
  return numbers;
}

/**
 * The public key of a SubjectPublicKeyInfo, with its size; that a point lies on its curve is the provider's to tell.
 *
 * @param node The DER of the SubjectPublicKeyInfo, as `readDer` or `derChildren` gives it.
 * @throws {MalformedError} `ERR_CERTIFICATE` when it is of a known algorithm and is not well-formed.
 */
export function readPublicKey(node: DerNode): PublicKey | UnsupportedKey {
  return reading(() => {
    const spki = derBytes(node);
    const info = readKeyInfo(node);
    if (info.oid === RSA_OID) return { spki, type: "RSA", sizeBits: bitLength(readRsaNumbers(info).modulus) };
    if (info.oid !== EC_OID) return { spki, type: "unsupported", oid: info.oid };
    const curveOid = readOid(info.parameters, "algorithm.parameters");
    const curve = CURVE_OIDS.get(curveOid);
    if (curve === undefined) return { spki, type: "unsupported", oid: curveOid };
    checkPoint(info.keyBytes, curve);
    return { spki, type: "EC", curve, sizeBits: CURVE_BITS[curve] };
  });
}

function checkPoint(point: Uint8Array, curve: Curve): void {
  const expected = 1 + 2 * fieldBytes(curve);
  if (point.length !== expected || point[0] !== 0x04) {
    refuse(`the point of ${curve} is not uncompressed: ${point.length} bytes, expected ${expected} that begin with 04`);
  }
}

/** Modulus and exponent of an RSA key. @throws {MalformedError} `ERR_CERTIFICATE` */
export function rsaNumbers(key: PublicKey): RsaNumbers {
  return reading(() => readRsaNumbers(readKeyInfo(readDer(key.spki))));
}

/** The point of an EC key: 04, then both coordinates. @throws {MalformedError} `ERR_CERTIFICATE` */
export function ecPoint(key: PublicKey): Uint8Array {
  return reading(() => readKeyInfo(readDer(key.spki)).keyBytes);
}
