/** A rule's context entries: what they add to the names its variables may use (Kyverno, "External Data Sources"). */
import { encodeUtf8 } from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import type { EvaluationContext } from "./policy.ts";
import type { VariableScope } from "./scope.ts";

/** Bytes that the entries of one rule may come to for one request, as JSON; Kyverno's `maxContextSize`. */
export const MAX_CONTEXT_BYTES = 2 * 1024 * 1024;

/** Entries of one rule at most. */
export const MAX_CONTEXT_ENTRIES = 100;

/** What an entry is read from. */
export interface ContextSources extends Pick<EvaluationContext, "ports" | "signal" | "artifacts"> {
  /**
   * Counts a value that is kept.
   *
   * @throws {ConfigurationError} `ERR_TOO_LARGE` when all of them together exceed {@link MAX_CONTEXT_BYTES}.
   */
  readonly charge: (value: unknown) => void;
}

/** One context entry, compiled. */
export interface ContextEntry {
  readonly name: string;
  /**
   * @param scope The names known before this entry.
   * @throws {EngineError} The code of what could not be read, in Kyverno's words.
   */
  readonly load: (scope: VariableScope, sources: ContextSources) => Promise<unknown>;
}

/**
 * The scope with a rule's entries in it. Each is read when a variable first names it, and sees only those before it, so
 * none can come back to itself.
 */
export function withContext(
  scope: VariableScope,
  entries: readonly ContextEntry[],
  { ports, signal, artifacts }: Omit<ContextSources, "charge">,
): VariableScope {
  let bytes = 0;
  const charge = (value: unknown): void => {
    bytes += encodeUtf8(JSON.stringify(value) ?? "").length;
    if (bytes > MAX_CONTEXT_BYTES) {
      throw new ConfigurationError(
        "ERR_TOO_LARGE",
        `context size limit exceeded: ${bytes} bytes, expected at most ${MAX_CONTEXT_BYTES}`,
      );
    }
  };
  const sources = { ports, signal, artifacts, charge };
  return entries.reduce((known, { name, load }) => known.withLazy(name, (before) => load(before, sources)), scope);
}

/**
 * What the work gives; what it throws, in another sentence and with the same code.
 *
 * @param sentence Makes the sentence of the one that was thrown.
 */
export async function inOtherWords<T>(
  work: () => T | Promise<T>,
  sentence: (message: string) => string,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw new EngineError(thrown.code, sentence(thrown.message), { cause: thrown });
  }
}

/**
 * Whether a default may stand for what could not be had: it may when there is no such thing, and not when it could not
 * be asked for, since an outage would then choose the policy.
 */
export function isAbsence(thrown: unknown): thrown is EngineError {
  return thrown instanceof EngineError &&
    ["ERR_EXPRESSION_KEY", "ERR_EXPRESSION", "ERR_VARIABLE"].includes(thrown.code);
}
