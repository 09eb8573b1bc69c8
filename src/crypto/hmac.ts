/** HMAC-SHA-256 (RFC 2104, FIPS 180-4): by WebCrypto, or in plain JavaScript where a runtime has none. */
import { UnsupportedError } from "../errors.ts";

/** Bytes of a tag. */
export const MAC_BYTES = 32;

/** A key that makes and compares tags, and shows itself to nobody. */
export interface MacKey {
  readonly tag: (data: Uint8Array) => Promise<Uint8Array>;
  /** Whether the tag is that of the data; how long it takes tells nothing of where they differ. */
  readonly fits: (tag: Uint8Array, data: Uint8Array) => Promise<boolean>;
}

const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/**
 * Makes a key. It is imported when it is first used, once.
 *
 * @param subtle By default the runtime's own; `null` where there is none.
 * @returns What rejects with {@link UnsupportedError} `ERR_CRYPTO_UNAVAILABLE` where neither way computes anything.
 */
export function createMacKey(
  key: Uint8Array,
  subtle: SubtleCrypto | null = globalThis.crypto?.subtle ?? null,
): MacKey {
  let made: Promise<MacKey["tag"]> | undefined;
  const tag = async (data: Uint8Array) => {
    try {
      return await (await (made ??= subtle === null ? byNoble(key) : byWebCrypto(key, subtle)))(data);
    } catch (cause) {
      throw new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "Cannot compute HMAC-SHA-256", { cause });
    }
  };
  return { tag, fits: async (expected, data) => equalInConstantTime(expected, await tag(data)) };
}

async function byWebCrypto(key: Uint8Array, subtle: SubtleCrypto): Promise<MacKey["tag"]> {
  const imported = await subtle.importKey("raw", key as Uint8Array<ArrayBuffer>, HMAC, false, ["sign"]);
  return async (data) => new Uint8Array(await subtle.sign("HMAC", imported, data as Uint8Array<ArrayBuffer>));
}

async function byNoble(key: Uint8Array): Promise<MacKey["tag"]> {
  const [{ hmac }, { sha256 }] = await Promise.all([
    import("@noble/hashes/hmac.js"),
    import("@noble/hashes/sha2.js"),
  ]);
  return (data) => Promise.resolve(hmac(sha256, key, data));
}

/** Looks at every byte, whatever the first ones are. The length is no secret. */
function equalInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) difference |= (left[index] as number) ^ (right[index] as number);
  return difference === 0;
}
