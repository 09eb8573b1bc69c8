/** Mirrors of registries as people write them down: in flags, configuration files and variables. */
import { printable } from "../encoding/mod.ts";

/** Mirrors at most. */
export const MAX_MIRRORS = 1_000;

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[A-Fa-f0-9:]+\])(?::[0-9]{1,5})?$/;

/** Whether a text is a host with an optional port, and nothing more. */
export function isHost(text: string): boolean {
  return HOST.test(text) && URL.canParse(`http://${text}`);
}

/**
 * Finds what is wrong with a mirror.
 *
 * @param host Host of the registry, such as `ghcr.io`.
 * @param url Base URL of the registry that is asked in its place.
 * @returns What is and what was expected, safe to print; `undefined` when nothing is wrong.
 */
export function mirrorFault(host: string, url: string): string | undefined {
  if (!isHost(host)) return `"${printable(host)}" is no registry host, expected a host with an optional :port`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "http:" && parsed?.protocol !== "https:") {
    return `"${printable(url)}" is no mirror, expected a URL with http:// or https://`;
  }
  if (parsed.username !== "" || parsed.password !== "") return "the URL has credentials, expected none";
  if (parsed.search !== "" || parsed.hash !== "") return "the URL has a query or a fragment, expected neither";
  return undefined;
}

/**
 * Reads `HOST=URL` entries; of several for one host the last one decides.
 *
 * @param refuse Makes the error of an entry, or of all where `entry` is left out. `fault` is safe to print.
 * @throws What `refuse` makes.
 */
export function parseMirrors(
  entries: readonly string[],
  refuse: (fault: string, entry?: string) => Error,
): ReadonlyMap<string, string> {
  if (entries.length > MAX_MIRRORS) throw refuse(`${entries.length} mirrors, expected at most ${MAX_MIRRORS}`);
  return new Map(entries.map((entry): readonly [string, string] => {
    const equals = entry.indexOf("=");
    if (equals < 0) throw refuse("expected HOST=URL, such as ghcr.io=http://127.0.0.1:5000", entry);
    const [host, url] = [entry.slice(0, equals), entry.slice(equals + 1)];
    const fault = mirrorFault(host, url);
    if (fault !== undefined) throw refuse(fault, entry);
    return [host, url];
  }));
}
