/** `Digest` values: parse, compute, compare (OCI image specification, descriptor.md, "Digests"). */
import { decodeHex, encodeHex, equalBytes, printable } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import type { CryptoProvider, HashAlgorithm } from "../ports.ts";

/** `sha256:…` in the form of the OCI image specification: a known algorithm and lower-case hex of its exact length. */
export type Digest = `${HashAlgorithm}:${string}`;

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

/** Whether text is a digest in the one form accepted here. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && DIGEST.test(text);
}

/**
 * The digest this text is.
 *
 * @throws {MalformedError} `ERR_DIGEST`
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new MalformedError(
    "ERR_DIGEST",
    `Cannot parse digest "${
      printable(text, 160)
    }": expected sha256, sha384 or sha512, ":" and lower-case hex of its length`,
  );
}

/** The algorithm before the colon. */
export function digestAlgorithm(digest: Digest): HashAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as HashAlgorithm;
}

/** The hexadecimal text after the colon. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/**
 * The digest of these bytes.
 *
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 */
export async function digestOf(
  crypto: Pick<CryptoProvider, "digest">,
  bytes: Uint8Array,
  algorithm: HashAlgorithm = "sha256",
): Promise<Digest> {
  return `${algorithm}:${encodeHex(await crypto.digest(algorithm, bytes))}`;
}

/**
 * Whether the bytes have this digest, computed with the digest's own algorithm.
 *
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 */
export async function matchDigest(
  crypto: Pick<CryptoProvider, "digest">,
  bytes: Uint8Array,
  digest: Digest,
): Promise<boolean> {
  return equalBytes(await crypto.digest(digestAlgorithm(digest), bytes), decodeHex(digestHex(digest)));
}
