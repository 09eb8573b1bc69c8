/** RSA signature verification over BigInt (RFC 8017, section 8). Only public values are computed with. */
import { concatBytes, decodeHex, equalBytes } from "../encoding/mod.ts";
import type { HashAlgorithm } from "../ports.ts";
import { HASH_BYTES } from "./algorithms.ts";
import { bigIntOf, bitLength, octetsOf, powerModulo } from "./numbers.ts";
import type { RsaNumbers } from "./public_key.ts";

/** A hash as a plain function. */
export type Hash = (data: Uint8Array) => Uint8Array;

/** DER of DigestInfo up to the digest (RFC 8017, section 9.2, note 1). */
const DIGEST_INFO: Readonly<Record<HashAlgorithm, Uint8Array>> = {
  sha256: decodeHex("3031300d060960864801650304020105000420"),
  sha384: decodeHex("3041300d060960864801650304020205000430"),
  sha512: decodeHex("3051300d060960864801650304020305000440"),
};

/** RSAVP1: the encoded message, or undefined when the signature is not one of this key's numbers. */
function recoverMessage(key: RsaNumbers, signature: Uint8Array, length: number): Uint8Array | undefined {
  const representative = bigIntOf(signature);
  if (representative >= key.modulus) return undefined;
  const message = powerModulo(representative, key.exponent, key.modulus);
  // With PSS and a modulus of 8k + 1 bits the encoded message is one octet shorter than the modulus.
  return bitLength(message) > 8 * length ? undefined : octetsOf(message, length);
}

/**
 * Whether the signature is RSASSA-PKCS1-v1_5 of a digest: the whole encoded message is made again and compared, so
 * nothing of it is ever parsed.
 *
 * Spec: RFC 8017, sections 8.2.2 and 9.2.
 */
export function verifyPkcs1(key: RsaNumbers, hash: HashAlgorithm, digest: Uint8Array, signature: Uint8Array): boolean {
  const length = Math.ceil(bitLength(key.modulus) / 8);
  const digestInfo = concatBytes(DIGEST_INFO[hash], digest);
  if (signature.length !== length || length < digestInfo.length + 11) return false;
  const padding = new Uint8Array(length - digestInfo.length - 3).fill(0xff);
  const expected = concatBytes(Uint8Array.of(0, 1), padding, Uint8Array.of(0), digestInfo);
  const message = recoverMessage(key, signature, length);
  return message !== undefined && equalBytes(message, expected);
}

/** MGF1 (RFC 8017, appendix B.2.1). */
function mask(seed: Uint8Array, length: number, hash: Hash): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let counter = 0, made = 0; made < length; counter++) {
    const block = hash(concatBytes(seed, octetsOf(BigInt(counter), 4)));
    blocks.push(block);
    made += block.length;
  }
  return concatBytes(...blocks).subarray(0, length);
}

/**
 * Whether the signature is RSASSA-PSS of a digest, with MGF1 over the same hash and a salt as long as the hash.
 *
 * @param salt `any` for a salt of whatever length, which is for comparisons with other implementations only.
 *
 * Spec: RFC 8017, sections 8.1.2 and 9.1.2; RFC 7518, section 3.5 and RFC 8230, section 2 fix the salt's length.
 */
export function verifyPss(
  key: RsaNumbers,
  algorithm: HashAlgorithm,
  digest: Uint8Array,
  signature: Uint8Array,
  hash: Hash,
  salt: "as long as the hash" | "any" = "as long as the hash",
): boolean {
  const modulusBits = bitLength(key.modulus);
  if (signature.length !== Math.ceil(modulusBits / 8)) return false;
  const size = HASH_BYTES[algorithm];
  const length = Math.ceil((modulusBits - 1) / 8);
  if (length < (salt === "any" ? size : 2 * size) + 2) return false;
  const message = recoverMessage(key, signature, length);
  if (message === undefined || message[length - 1] !== 0xbc) return false;
  const maskedBlock = message.subarray(0, length - size - 1);
  const proof = message.subarray(length - size - 1, length - 1);
  const unusedBits = 8 * length - (modulusBits - 1);
  const topBits = 0xff >> unusedBits;
  if (((maskedBlock[0] as number) & ~topBits) !== 0) return false;
  const block = mask(proof, maskedBlock.length, hash);
  for (let index = 0; index < block.length; index++) {
    block[index] = (block[index] as number) ^ (maskedBlock[index] as number);
  }
  block[0] = (block[0] as number) & topBits;
  const saltStart = salt === "any" ? block.indexOf(0x01) + 1 : block.length - size;
  for (let index = 0; index < saltStart - 1; index++) {
    if (block[index] !== 0) return false;
  }
  if (block[saltStart - 1] !== 0x01) return false;
  return equalBytes(hash(concatBytes(new Uint8Array(8), digest, block.subarray(saltStart))), proof);
}
