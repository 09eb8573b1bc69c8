/** Where an authority is asked: what an operator wrote, as the URL of requests (RFC 3161, section 3.4). */
import { encodeBase64, encodeUtf8, printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { quoteText } from "../x509/mod.ts";

/** Where an authority is asked. */
export interface TimestampAddress {
  /** Without user name and password. */
  readonly href: string;
  /** What is sent of user name and password. */
  readonly authorization?: string;
}

/**
 * Reads the address of an authority. Whoever signs chose it, so that any host will do, loopback too.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` for one that is no http or https URL.
 *
 * Spec: RFC 3161, section 3.4; RFC 7617, section 2.
 */
export function readTimestampAddress(text: string): TimestampAddress {
  const url = /^https?:\/\/[^/]/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw noAddress(text);
  const [username, password] = [url.username, url.password].map(decodePercents);
  if (username === undefined || password === undefined) throw noAddress(text);
  if (username === "" && password === "") return { href: url.href };
  url.username = "";
  url.password = "";
  return { href: url.href, authorization: `Basic ${encodeBase64(encodeUtf8(`${username}:${password}`))}` };
}

function noAddress(text: string): ConfigurationError {
  // What stands before an "@" may be a password.
  const shown = printable(text.replace(/^([^/]*\/\/)[^/]*@/, "$1…@"));
  const reference = referenceSentence(text);
  return new ConfigurationError(
    "ERR_CONFIG",
    `Cannot ask for a timestamp at "${shown}": expected an http or https URL`,
    reference === undefined ? {} : { cause: { reference } },
  );
}

/** The reference's sentence about an address, where it is certain: its parser knows other URLs than this one. */
function referenceSentence(text: string): string | undefined {
  if (text.includes("@")) return undefined;
  const [, scheme, host] = /^([a-z][a-z0-9+.-]*):\/\/([a-z0-9.-]*)(?:\/|$)/i.exec(text) ??
    (/^[a-z0-9./-]+$/i.test(text) ? [text, "", ""] : []);
  if (scheme === undefined) return undefined;
  const endpoint = `endpoint ${quoteText(text)}`;
  const lower = scheme.toLowerCase();
  if (lower !== "http" && lower !== "https") {
    return `${endpoint}: scheme must be http or https, but got ${quoteText(lower)}`;
  }
  return host === "" ? `${endpoint}: host cannot be empty` : undefined;
}

function decodePercents(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
