/** A key of this machine as a signer. */
import { belongsTo, importSigningKey, type KeySpec, keySpecOf, type PrivateKey } from "../../crypto/mod.ts";
import { printable } from "../../encoding/mod.ts";
import type { SignatureProvider } from "../../ports.ts";
import { type Certificate, formatName } from "../../x509/mod.ts";
import { mismatch } from "./ask.ts";

/**
 * Makes a signer of a private key and its certificates. WebCrypto signs; the key is imported once and cannot be read
 * out of it.
 *
 * @param key From `parsePrivateKey`.
 * @param chain Leaf first, root last; a lone certificate is self-signed.
 * @param subtle By default the runtime's own.
 * @throws {ConfigurationError} `ERR_KEY_MISMATCH` when the key is not the first certificate's; `ERR_KEY`
 * @throws {UnsupportedError} `ERR_ALGORITHM_UNSUPPORTED`, `ERR_CRYPTO_UNAVAILABLE`
 */
export async function createLocalSigner(
  key: PrivateKey,
  chain: readonly Certificate[],
  subtle?: SubtleCrypto,
): Promise<SignatureProvider> {
  const [leaf] = chain;
  const { publicKey, subject } = leaf ?? {};
  if (publicKey !== undefined && (publicKey.type === "unsupported" || belongsTo(key, publicKey) === false)) {
    const name = subject === undefined ? "" : printable(formatName(subject));
    throw mismatch(`the ${keySpecOf(key)} key is not that of certificate "${name}"`);
  }
  const { sign } = await importSigningKey(key, subtle);
  // Only keys of the Notary Project's table can be imported.
  const described = { keySpec: keySpecOf(key) as KeySpec, certificateChain: chain.map(({ der }) => der) };
  return { describeKey: () => Promise.resolve(described), sign };
}
