/**
 * PEM → private key, brought to PKCS #8, the one form WebCrypto imports (RFC 5208, RFC 5958; RFC 8017, appendix A.1.2;
 * RFC 5915). Nothing of a key gets into a message, not even where its file is damaged.
 */
import {
  contextTag,
  decodeUtf8,
  derBytes,
  derChildren,
  type DerNode,
  equalBytes,
  parsePem,
  type PemBlock,
  readBitStringBytes,
  readDer,
  readIntegerBytes,
  readNull,
  readOctetString,
  readOid,
  readSequence,
  readSmallInteger,
  writeBitString,
  writeDer,
  writeNull,
  writeOid,
  writeSequence,
  writeUnsigned,
} from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import type { Curve, PublicKey } from "../ports.ts";
import { CURVE_BITS, fieldBytes } from "./algorithms.ts";
import { CURVE_OIDS, EC_OID, readPublicKey, RSA_OID } from "./public_key.ts";

/** A private key. Its bytes are secret: they are never printed, logged or put into an error. */
export interface PrivateKey {
  /** PrivateKeyInfo (PKCS #8, version 0), DER. */
  readonly pkcs8: Uint8Array;
  readonly type: "RSA" | "EC";
  /** Set exactly when `type` is `EC`. */
  readonly curve?: Curve;
  /** Bits of the modulus, or of the curve's field. */
  readonly sizeBits: number;
  /** The public half; absent where an EC key's file leaves it out. */
  readonly publicKey?: PublicKey;
}

/** Bytes of a private key file read at most; RSA of 4096 bits has about 3300. */
export const MAX_KEY_FILE_BYTES = 64 * 1024;

/** The forms that are read, by PEM label. */
const READERS: ReadonlyMap<string, (node: DerNode) => PrivateKey> = new Map([
  ["PRIVATE KEY", readPkcs8],
  ["RSA PRIVATE KEY", readPkcs1],
  ["EC PRIVATE KEY", (node: DerNode) => readSec1(node, undefined)],
]);

/** Stands before an EC key where OpenSSL wrote it; the key names its curve itself. */
const EC_PARAMETERS = "EC PARAMETERS";

/**
 * Reads the one private key of a PEM text.
 *
 * @param input PEM text or its bytes, not encrypted.
 * @throws {ConfigurationError} `ERR_KEY_ENCRYPTED`; `ERR_KEY` when it is no key, more than one, or of a kind that signs
 * no envelopes.
 */
export function parsePrivateKey(input: string | Uint8Array): PrivateKey {
  if (input.length > MAX_KEY_FILE_BYTES) refuse(`${input.length} bytes, expected at most ${MAX_KEY_FILE_BYTES}`);
  const blocks = readBlocks(input);
  const keys = blocks.filter(({ label }) => label !== EC_PARAMETERS);
  const [key] = keys;
  if (key === undefined || keys.length > 1) return refuse(`${keys.length} PEM blocks with a key, expected 1`);
  if (key.label.startsWith("ENCRYPTED")) return refuseEncrypted();
  const read = READERS.get(key.label);
  if (read === undefined) {
    const expected = [...READERS.keys()].map((label) => `"${label}"`).join(", ");
    return refuse(`the PEM block at line ${key.line} is "${key.label}", expected one of ${expected}`);
  }
  return reading(`"${key.label}"`, () => read(readDer(key.der)));
}

function readBlocks(input: string | Uint8Array): readonly PemBlock[] {
  let text: string;
  try {
    text = typeof input === "string" ? input : decodeUtf8(input);
  } catch {
    return refuse("it is no text, expected PEM");
  }
  // RFC 1421, section 4.6.1.1: the header of encrypted keys of the old forms.
  if (/^Proc-Type:\s*4,\s*ENCRYPTED/m.test(text)) return refuseEncrypted();
  try {
    return parsePem(text);
  } catch (thrown) {
    // The reason quotes the line, which may be a line of the key.
    const line = thrown instanceof EngineError ? /at line (\d+)/.exec(thrown.message)?.[1] : undefined;
    return refuse(`it is no PEM text${line === undefined ? "" : `, from line ${line} on`}`);
  }
}

function refuse(what: string): never {
  throw new ConfigurationError("ERR_KEY", `Cannot read private key: ${what}`);
}

function refuseEncrypted(): never {
  throw new ConfigurationError(
    "ERR_KEY_ENCRYPTED",
    "Cannot read private key: it is encrypted, and passphrases are not asked for here",
  );
}

/** Any failure of the DER inside is a failure of the key; its words may tell of the key's bytes and are left out. */
function reading(form: string, read: () => PrivateKey): PrivateKey {
  try {
    return read();
  } catch (error) {
    if (error instanceof EngineError && error.code === "ERR_KEY") throw error;
    if (!(error instanceof EngineError)) throw error;
    return refuse(`the block ${form} is not well-formed`);
  }
}

/** Spec: RFC 5958, section 2; attributes and the second copy of the public key are left out. */
function readPkcs8(node: DerNode): PrivateKey {
  const [version, algorithm, key] = readSequence(node, "privateKeyInfo");
  if (readSmallInteger(version, "version") > 1) refuse("a PKCS #8 version above 1");
  const [identifier, parameters, ...rest] = readSequence(algorithm, "privateKeyAlgorithm");
  if (rest.length > 0) refuse("more fields than an algorithm has");
  const inner = readDer(readOctetString(key, "privateKey"));
  const oid = readOid(identifier, "privateKeyAlgorithm");
  if (oid === RSA_OID) {
    readNull(parameters, "parameters");
    return readPkcs1(inner);
  }
  if (oid === EC_OID) return readSec1(inner, readCurve(parameters));
  return refuse(`a key of the algorithm ${oid}, expected RSA (${RSA_OID}) or EC (${EC_OID})`);
}

/** Spec: RFC 8017, appendix A.1.2. */
function readPkcs1(node: DerNode): PrivateKey {
  const [version, modulus, exponent, ...rest] = readSequence(node, "RSAPrivateKey");
  if (readSmallInteger(version, "version") !== 0 || rest.length !== 6) refuse("an RSA key of more than two primes");
  const numbers = writeSequence(
    writeUnsigned(readIntegerBytes(modulus, "modulus")),
    writeUnsigned(readIntegerBytes(exponent, "publicExponent")),
  );
  const algorithm = writeSequence(writeOid(RSA_OID), writeNull());
  const publicKey = readPublicKey(readDer(writeSequence(algorithm, writeBitString(numbers))));
  if (publicKey.type === "unsupported") return refuse("an RSA key that cannot be used");
  return { pkcs8: writePkcs8(algorithm, derBytes(node)), type: "RSA", sizeBits: publicKey.sizeBits, publicKey };
}

/**
 * Spec: RFC 5915, section 3.
 *
 * @param outer The curve the structure around it names, if there is one.
 */
function readSec1(node: DerNode, outer: Curve | undefined): PrivateKey {
  const [version, scalar, ...optional] = readSequence(node, "ECPrivateKey");
  if (readSmallInteger(version, "version") !== 1) refuse("a SEC 1 version other than 1");
  const [parameters, point] = [CURVE_FIELD, POINT_FIELD].map((tag) => optional.find((field) => field.tag === tag));
  const inner = parameters === undefined ? undefined : readCurve(derChildren(parameters)[0]);
  const curve = outer ?? inner;
  if (curve === undefined) return refuse("an EC key that does not name its curve");
  if (inner !== undefined && inner !== curve) refuse(`an EC key that names ${curve} and ${inner}`);
  const algorithm = writeSequence(writeOid(EC_OID), writeOid(oidOf(curve)));
  const bytes = padded(readOctetString(scalar, "privateKey"), fieldBytes(curve));
  const key = { type: "EC", curve, sizeBits: CURVE_BITS[curve] } as const;
  const one = writeUnsigned(Uint8Array.of(1));
  const octets = writeDer(0x04, bytes);
  if (point === undefined) return { pkcs8: writePkcs8(algorithm, writeSequence(one, octets)), ...key };
  const publicBytes = writeBitString(readBitStringBytes(derChildren(point)[0], "publicKey"));
  const publicKey = readPublicKey(readDer(writeSequence(algorithm, publicBytes)));
  if (publicKey.type === "unsupported") return refuse("an EC key that cannot be used");
  const pkcs8 = writePkcs8(algorithm, writeSequence(one, octets, writeDer(POINT_FIELD, publicBytes)));
  return { pkcs8, ...key, publicKey };
}

const CURVE_FIELD = contextTag(0, "constructed");
const POINT_FIELD = contextTag(1, "constructed");

function readCurve(node: DerNode | undefined): Curve {
  const oid = readOid(node, "curve");
  return CURVE_OIDS.get(oid) ?? refuse(`a key on the curve ${oid}, expected P-256, P-384 or P-521`);
}

function oidOf(curve: Curve): string {
  for (const [oid, name] of CURVE_OIDS) if (name === curve) return oid;
  return refuse(`a key on ${curve}`);
}

/** Some writers leave leading zeros of the number out. */
function padded(octets: Uint8Array, length: number): Uint8Array {
  if (octets.length > length) refuse("an EC key longer than its curve allows");
  const bytes = new Uint8Array(length);
  bytes.set(octets, length - octets.length);
  return bytes;
}

function writePkcs8(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  return writeSequence(writeUnsigned(Uint8Array.of(0)), algorithm, writeDer(0x04, key));
}

/** Whether the key is the private half of a public key, as far as its file tells; `undefined` when it does not. */
export function belongsTo({ publicKey }: PrivateKey, other: Pick<PublicKey, "spki">): boolean | undefined {
  return publicKey === undefined ? undefined : equalBytes(publicKey.spki, other.spki);
}
