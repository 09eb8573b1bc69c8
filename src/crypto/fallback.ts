/** Two providers as one. */
import { EngineError } from "../errors.ts";
import type { CryptoProvider } from "../ports.ts";

/**
 * A provider that asks the first, and the second only about what the first lacks (`ERR_CRYPTO_UNAVAILABLE`). An answer
 * of the first, also "does not fit", is final.
 */
export function withFallback(first: CryptoProvider, second: CryptoProvider): CryptoProvider {
  const orSecond = <Answer>(ask: () => Promise<Answer>) => (error: unknown): Promise<Answer> => {
    if (error instanceof EngineError && error.code === "ERR_CRYPTO_UNAVAILABLE") return ask();
    throw error;
  };
  return {
    name: `${first.name}, else ${second.name}`,
    digest: (algorithm, data) => first.digest(algorithm, data).catch(orSecond(() => second.digest(algorithm, data))),
    verify: (algorithm, key, signature, data) =>
      first.verify(algorithm, key, signature, data)
        .catch(orSecond(() => second.verify(algorithm, key, signature, data))),
  };
}
