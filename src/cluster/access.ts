/** How an API server is reached, and as whom. */
import { encodeBase64, encodeUtf8, printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { hostKind } from "../http/mod.ts";
import type { ClientTls, Files, Ports } from "../ports.ts";

/** Bytes of a kubeconfig, certificate, key or token file at most. */
export const MAX_ACCESS_FILE_BYTES = 1024 * 1024;

/**
 * How long a token that was read from a file is used before the file is read again: kubelets replace it while we run.
 */
export const TOKEN_AGE_MILLISECONDS = 60_000;

/** How an API server is reached, and as whom. */
export interface ClusterAccess {
  /** Its URL without a slash at the end; paths of the API follow. */
  readonly server: string;
  /** Whom it is asked as, for messages: `user "ada" of context "dev"`. */
  readonly account: string;
  /** Whom to believe, and a client certificate. Left to whoever makes the `fetch` the server is asked by. */
  readonly tls: ClientTls;
  /**
   * The `authorization` of a request; `undefined` for none.
   *
   * @param refused What was sent before and not accepted: something newer is looked for.
   */
  readonly authorize: (refused?: string) => Promise<string | undefined>;
}

/**
 * Reads the URL of a server: https, or http to this machine, where `kubectl proxy` listens.
 *
 * @param action Begins the message.
 * @throws {ConfigurationError} `ERR_KUBECONFIG`
 */
export function parseServer(text: string, action: string): string {
  const refuse = (what: string) => fault(action, `the server is "${printable(text, 200)}", ${what}`);
  if (!URL.canParse(text)) throw refuse("expected a URL such as https://10.0.0.1:6443");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw refuse("expected no user, query or fragment in it");
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && hostKind(url.hostname) === "loopback")) {
    throw refuse("expected https, or http to this machine");
  }
  return url.href.replace(/\/+$/, "");
}

/** Credentials that are one header, as long as the program runs. */
export function fixedAuthorization(value: string | undefined): ClusterAccess["authorize"] {
  return () => Promise.resolve(value);
}

/**
 * A bearer token as a header.
 *
 * @throws {ConfigurationError} `ERR_KUBECONFIG`
 */
export function bearer(token: string, action: string): string {
  const text = token.trim();
  if (!/^[\x21-\x7e]+$/.test(text)) throw fault(action, "the token is empty or has characters that no token has");
  return `Bearer ${text}`;
}

/** User name and password as a header. Spec: RFC 7617, section 2. */
export function basic(username: string, password: string, action: string): string {
  // deno-lint-ignore no-control-regex
  if (/[:\x00-\x1f\x7f]/.test(username)) throw fault(action, "the user name has a colon or a control character");
  return `Basic ${encodeBase64(encodeUtf8(`${username}:${password}`))}`;
}

/**
 * A token that stands in a file, which others may replace: read anew after {@link TOKEN_AGE_MILLISECONDS}, and when the
 * server did not take it.
 */
export function tokenFile(
  path: string,
  action: string,
  { files, now }: { readonly files: Files } & Pick<Ports, "now">,
): ClusterAccess["authorize"] {
  let kept: { readonly value: string; readonly until: number } | undefined;
  return async (refused) => {
    const at = now().getTime();
    if (kept !== undefined && at < kept.until && kept.value !== refused) return kept.value;
    const value = bearer(await readTextFile(path, files), action);
    kept = { value, until: at + TOKEN_AGE_MILLISECONDS };
    return value;
  };
}

/** @throws {ConfigurationError} `ERR_FILE`; what is no text is refused by whoever reads it. */
export async function readTextFile(path: string, files: Files): Promise<string> {
  return new TextDecoder().decode(await files.read(path, MAX_ACCESS_FILE_BYTES));
}

/**
 * The text, where it has a PEM block: without one, runtimes would believe whom they believe anyway.
 *
 * @throws {ConfigurationError} `ERR_KUBECONFIG`
 */
export function requirePem(text: string, what: string, action: string): string {
  if (!text.includes("-----BEGIN ")) throw fault(action, `${what} is no PEM text`);
  return text;
}

/** What is wrong with a kubeconfig or a service account. */
export function fault(action: string, what: string): ConfigurationError {
  return new ConfigurationError("ERR_KUBECONFIG", `${action}: ${what}`);
}
