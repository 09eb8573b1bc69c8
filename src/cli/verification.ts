/** What `verify` and `blob verify` share: how they are asked to print what was found. */
import { printable } from "../encoding/mod.ts";
import { text, toggle, usage } from "./flags.ts";

/** In which form what was found is printed. */
export const FINDINGS_FLAGS = {
  explain: toggle("show every validation of every signature"),
  format: text("the same as --output", undefined),
  output: text("output format, options: 'json', 'text'", "text", { short: "o" }),
} as const;

/** The values of {@link FINDINGS_FLAGS}. */
export interface FindingsFlags {
  readonly explain: boolean;
  readonly format: string | undefined;
  readonly output: string;
}

/** The forms: notation's sentences, every validation in lines, all of it as data. */
export type FindingsForm = "text" | "explanation" | "json";

/**
 * Reads the form; data have all that an explanation has, so that `--explain` adds nothing to them.
 *
 * @param given Names of the flags that were typed.
 * @throws {ConfigurationError} `ERR_USAGE`
 */
export function readForm({ explain, format, output }: FindingsFlags, given: ReadonlySet<string>): FindingsForm {
  if (given.has("format") && given.has("output")) throw usage("--format, --output cannot be used at the same time");
  const name = format ?? output;
  if (name === "json") return "json";
  if (name !== "text") throw usage(`unrecognized output format ${printable(name)}`);
  return explain ? "explanation" : "text";
}
