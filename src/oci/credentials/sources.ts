/** Sources of credentials made of others. */
import type { Credential, CredentialSource } from "../../ports.ts";

/**
 * Asks one after the other, until one knows the registry. A source that knows why there is nothing is asked for that
 * only when no other has something.
 */
export function firstOf(sources: readonly CredentialSource[]): CredentialSource {
  const [only, ...others] = sources;
  if (only !== undefined && others.length === 0) return only;
  return async (asked, options) => {
    let reason: Credential | undefined;
    for (const source of sources) {
      const found = await source(asked, options);
      if (found !== undefined && found.type !== "anonymous") return found;
      reason ??= found;
    }
    return reason;
  };
}

/** Nobody, everywhere. */
export const anonymous: CredentialSource = () => Promise.resolve(undefined);
