/** One question to a responder or a CRL server, bounded in size and redirects. What is answered is not judged here. */
import { printable } from "../encoding/mod.ts";
import { EngineError } from "../errors.ts";
import {
  addressErrorOf,
  type CallOptions,
  dropBody,
  HOST_KIND_TEXT,
  hostKind,
  networkReason,
  orAbort,
  readBody,
} from "../http/mod.ts";
import type { FetchInit, Ports } from "../ports.ts";
import { unknown, type UnknownAnswer } from "./answer.ts";

/** Redirects of one question at most. */
export const MAX_REVOCATION_REDIRECTS = 3;

/** A question to one URL, which a certificate or a CRL names. */
export interface RevocationRequest {
  readonly url: string;
  /** Asked by POST; without it by GET. */
  readonly body?: { readonly bytes: Uint8Array; readonly mediaType: string };
  readonly accept: string;
  readonly maxBytes: number;
}

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks, and gives back the bytes of the answer.
 *
 * Certificates come from outside, so their URLs do: only http and https are asked, without a user, and no loopback,
 * private, link-local or metadata address that the host did not allow, whether it is written as one or a name that
 * leads there (where the runtime can tell). Plain http is what certificates name: what is answered is signed.
 *
 * @param privateHosts Hosts, with or without a port, that may be asked although they are not public.
 * @param call Ends it, and is what requests are taken from; the time is the caller's matter.
 * @returns The bytes, or why there are none: `source-refused`, `unreachable`, `request-budget`, `too-large`. Never
 * rejects.
 *
 * Spec: RFC 6960, appendix A; RFC 5280, section 4.2.1.13; RFC 9110, section 15.4.
 */
export async function fetchAnswer(
  request: RevocationRequest,
  ports: Pick<Ports, "fetch">,
  privateHosts: ReadonlySet<string>,
  call: CallOptions,
): Promise<Uint8Array | UnknownAnswer> {
  try {
    return await follow(request, ports, privateHosts, call);
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === "ERR_REQUEST_BUDGET") {
      return unknown("request-budget", "was not asked: all the requests this decision may make were made");
    }
    const refused = addressErrorOf(thrown);
    if (refused !== undefined) {
      return unknown("source-refused", `is at a host that ${printable(refused.message)}, which is not allowed here`);
    }
    return unknown("unreachable", `could not be asked: ${printable(networkReason(thrown), 200)}`);
  }
}

async function follow(
  { url, body, accept, maxBytes }: RevocationRequest,
  { fetch }: Pick<Ports, "fetch">,
  privateHosts: ReadonlySet<string>,
  { signal, budget }: CallOptions,
): Promise<Uint8Array | UnknownAnswer> {
  let place = url;
  let target = readUrl(place);
  for (let hops = 0;; hops++) {
    const fault = target === undefined ? "is no URL" : urlFault(target, privateHosts);
    if (target === undefined || fault !== undefined) {
      return unknown(
        "source-refused",
        hops === 0 ? `${fault}` : `redirects to "${printable(place, 200)}", which ${fault}`,
      );
    }
    signal.throwIfAborted();
    const headers = { accept, ...(body === undefined ? {} : { "content-type": body.mediaType }) };
    const content = body === undefined ? {} : { body: body.bytes };
    const method = body === undefined ? "GET" : "POST";
    const giveBack = await budget?.take("Cannot ask about revocation", signal);
    try {
      const response = await orAbort(
        fetch(target.href, {
          method,
          headers,
          ...content,
          redirect: "manual",
          signal,
          ...reachOf(target, privateHosts),
        }),
        signal,
      );
      const location = REDIRECT_STATUSES.has(response.status) ? response.headers.get("location") : null;
      if (location === null) return await readAnswer(response, maxBytes, signal);
      dropBody(response);
      place = location;
    } finally {
      giveBack?.();
    }
    if (hops === MAX_REVOCATION_REDIRECTS) return unknown("unreachable", `redirects more than ${hops} times`);
    target = readUrl(place, target);
  }
}

async function readAnswer(
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | UnknownAnswer> {
  if (response.status !== 200) {
    dropBody(response);
    return unknown("unreachable", `answered with HTTP status ${response.status}, expected 200`);
  }
  const { bytes, exceeded } = await readBody(response, maxBytes, signal);
  return exceeded ? unknown("too-large", `answered with more than ${maxBytes} bytes`) : bytes;
}

/** Certificates name hosts, and nobody vouches for where those lead. */
function reachOf(target: URL, privateHosts: ReadonlySet<string>): Pick<FetchInit, "reach"> {
  return isAllowed(target, privateHosts) ? {} : { reach: "public" };
}

function readUrl(text: string, base?: URL): URL | undefined {
  return URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
}

const isAllowed = (url: URL, privateHosts: ReadonlySet<string>) =>
  privateHosts.has(url.host) || privateHosts.has(url.hostname);

/** Why a URL is not asked. */
function urlFault(url: URL, privateHosts: ReadonlySet<string>): string | undefined {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return `is a URL of scheme "${printable(url.protocol.slice(0, -1), 40)}", expected http or https`;
  }
  if (url.username !== "" || url.password !== "") return "is a URL with a user name or password";
  const kind = hostKind(url.hostname);
  if (kind === "public" || isAllowed(url, privateHosts)) return undefined;
  return `is at ${HOST_KIND_TEXT[kind]}, which is not allowed here`;
}
