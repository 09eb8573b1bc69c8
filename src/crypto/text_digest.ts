/**
 * Digests of texts, at once: for expressions in policies, which name things by them. Nothing is verified with these;
 * MD5 and SHA-1 are broken for that.
 */
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeHex, encodeUtf8 } from "../encoding/mod.ts";

const HASHES = { md5, sha1, sha256 } as const;

/** @returns Lower-case hex of the digest of the text's UTF-8. */
export function digestOfText(algorithm: "md5" | "sha1" | "sha256", text: string): string {
  return encodeHex(HASHES[algorithm](encodeUtf8(text)));
}
