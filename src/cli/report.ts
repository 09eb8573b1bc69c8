/** How a command says that something went wrong: the sentence, then code, class, whether a retry helps, next step. */
import { printable } from "../encoding/mod.ts";
import { kindOfRefusal, type Refusal } from "../errors.ts";
import type { Host } from "../ports.ts";

/**
 * Longest sentence that is printed whole, the engine's own or the reference's: one may quote a reference of 255
 * characters twice, and names and values of a document.
 */
export const MAX_PRINTED_MESSAGE = 4096;

/** A line that holds a sentence of notation or oras in place of the engine's own. */
export interface Wording {
  /** `Error: …` by default. */
  readonly line: string;
  /** Lines that follow, such as the `Usage: …` of oras. */
  readonly advice?: readonly string[];
  /** Whether the engine's own sentence follows too; it knows more than the tool's unless the advice says it all. */
  readonly reason?: boolean;
  /** Whether the next step is left out, because an explanation has just said it, and more exactly. */
  readonly isExplained?: boolean;
}

/**
 * Writes a refusal to standard error.
 *
 * @param wording The first line where the real tools have words of their own for this; outside text in it is escaped.
 */
export function report(host: Host, refusal: Refusal, wording?: Wording): void {
  const { code, message, nextStep } = refusal;
  const lines = [
    wording?.line ?? `Error: ${printable(message, MAX_PRINTED_MESSAGE)}`,
    ...(wording?.advice ?? []),
    ...(wording === undefined || wording.reason === false
      ? []
      : [`Reason: ${printable(message, MAX_PRINTED_MESSAGE)}`]),
    `Code: ${code} (${kindOfRefusal(refusal)})`,
    ...(wording?.isExplained === true ? [] : [`Next: ${nextStep}`]),
  ];
  host.writeError(`${lines.join("\n")}\n`);
}

/** Writes a warning to standard error. */
export function warn(host: Host, message: string): void {
  host.writeError(`Warning: ${printable(message, MAX_PRINTED_MESSAGE)}\n`);
}
