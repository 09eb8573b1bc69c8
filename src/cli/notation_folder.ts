/** Notation's folder of configuration: where trust policies, trust stores and signing keys are. */
import type { Host } from "../ports.ts";

/** The variable that names the folder. */
export const NOTATION_CONFIG = "NOTATION_CONFIG";

/** The folder where this user's programs keep none: below the one the command runs in. */
const FALLBACK = ".notation";

/**
 * The folder notation reads: `$NOTATION_CONFIG`, else `notation` where this user's programs keep their configuration,
 * such as `~/.config/notation`.
 *
 * @returns A path without a slash at its end.
 */
export function notationFolder(host: Pick<Host, "variable" | "configFolder">): string {
  const named = host.variable(NOTATION_CONFIG);
  if (named !== undefined && named !== "") return withoutSlash(named);
  const folder = host.configFolder();
  return folder === undefined ? FALLBACK : `${withoutSlash(folder)}/notation`;
}

function withoutSlash(folder: string): string {
  let end = folder.length;
  while (end > 1 && folder[end - 1] === "/") end--;
  return folder.slice(0, end);
}
