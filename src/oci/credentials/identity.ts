/** Who asks, as a text that says nothing about the secret: what was fetched for one principal is kept apart by it. */
import { encodeUtf8 } from "../../encoding/mod.ts";
import { digestHex, digestOf } from "../../crypto/mod.ts";
import type { Credential, CryptoProvider } from "../../ports.ts";

/** The identity of whoever shows nothing. */
export const ANONYMOUS_IDENTITY = "anonymous";

const known = new WeakMap<Credential, Promise<string>>();

/**
 * Names the principal a credential stands for: the same user with another password is another one, since only the
 * registry knows whether both are still let in. Where a credential was found does not matter.
 *
 * @returns {@link ANONYMOUS_IDENTITY}, or 64 hexadecimal digits: SHA-256 over everything that is shown. A weak password
 * can be guessed by whoever sees the digits, so a store that others read gets them under a key only.
 */
export function credentialIdentity(
  credential: Credential | undefined,
  crypto: Pick<CryptoProvider, "digest">,
): Promise<string> {
  if (credential === undefined || credential.type === "anonymous") return Promise.resolve(ANONYMOUS_IDENTITY);
  const before = known.get(credential);
  if (before !== undefined) return before;
  const identity = digestOf(crypto, encodeUtf8(JSON.stringify(shown(credential)))).then(digestHex);
  known.set(credential, identity);
  return identity;
}

function shown(credential: Exclude<Credential, { readonly type: "anonymous" }>): readonly string[] {
  if (credential.type === "basic") return ["basic", credential.username, credential.secret];
  if (credential.type === "registryToken") return ["registryToken", credential.token];
  return ["identityToken", credential.username ?? "", credential.token];
}
