/**
 * One request to a registry, to its end: redirects followed by our own rules, the body read under a limit, and what may
 * pass tried again. Statuses are not judged here.
 */
import { printable } from "../encoding/mod.ts";
import { EngineError, UnavailableError } from "../errors.ts";
import type { Ports } from "../ports.ts";
import {
  addressErrorOf,
  type CallOptions,
  dropBody,
  networkReason,
  orAbort,
  outOfTime,
  readBody,
  StalledBody,
  tlsReason,
} from "../http/mod.ts";
import { type Endpoint, reachOf, type RegistrySettings, requireAllowedTarget } from "./settings.ts";

/** Most redirects of one request. */
export const MAX_REDIRECTS = 5;

/** Most times one request is sent again after 408, 429, a server error or a network failure. */
export const MAX_RETRIES = 2;

/**
 * Longest wait a registry may ask for with `Retry-After`, where it is not known when the decision ends; where it is,
 * any wait is kept that leaves time for the answer. What asks for more is given up at once.
 */
export const MAX_RETRY_AFTER_SECONDS = 5;

/** Time an answer needs at least: a request that could only be sent later is not sent again. */
export const MIN_USEFUL_MILLISECONDS = 200;

/** Most bytes of an error body; the rest is not read. */
export const MAX_ERROR_BODY_BYTES = 8 * 1024;

const FIRST_RETRY_MILLISECONDS = 250;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/** What {@link exchange} asks for. */
export interface TransportPorts extends Pick<Ports, "fetch" | "sleep" | "now"> {
  /**
   * From 0 up to 1, so that those who failed together do not come back together; `Math.random` unless said otherwise.
   */
  readonly chance?: () => number;
}

/** What is uploaded. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

export interface RegistryRequest {
  /** Beginning of every message: `Cannot fetch manifest "sha256:…" of "ghcr.io/a/b"`. */
  readonly action: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly body?: RequestBody;
  /** {@link MAX_RETRIES} unless it says less. */
  readonly maxRetries?: number;
  readonly endpoint: Endpoint;
  readonly url: URL;
  readonly accept: string;
  /** Sent while every hop so far has the origin of `url`. */
  readonly authorization?: string | undefined;
  /** Most bytes of the body of a 200 answer. */
  readonly maxBytes: number;
  /** What is asked for is a secret. */
  readonly confidential?: true;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body; empty when `exceeded`. */
  readonly bytes: Uint8Array;
  /** Whether the body had more than `maxBytes`, or an error's more than {@link MAX_ERROR_BODY_BYTES}. */
  readonly exceeded: boolean;
  /** The URL that answered, after redirects. */
  readonly url: URL;
  /** Whether a redirect led away from the origin asked. */
  readonly leftOrigin: boolean;
}

/**
 * Sends a request and gives back whatever is answered in the end.
 *
 * @throws {UnavailableError} `ERR_DEADLINE` when the signal aborts, `ERR_REQUEST_BUDGET` when the decision has made all
 * its requests, `ERR_REGISTRY_UNAVAILABLE` with the network's reason, `ERR_REGISTRY_TLS` for a certificate or handshake
 * that will not do, `ERR_REGISTRY_REFUSED` for a redirect that is not followed or a name that leads to an address only
 * we could reach, `ERR_REGISTRY_RESPONSE` for one that leads nowhere.
 */
export async function exchange(
  request: RegistryRequest,
  ports: TransportPorts,
  settings: RegistrySettings,
  call: CallOptions,
): Promise<Answer> {
  const { signal } = call;
  const { maxRetries = MAX_RETRIES } = request;
  const { chance = Math.random } = ports;
  for (let attempt = 0;; attempt++) {
    let waitMilliseconds = FIRST_RETRY_MILLISECONDS * 2 ** attempt * (0.5 + chance());
    let outcome: Answer | EngineError;
    try {
      outcome = await follow(request, ports, settings, call);
      if (!mayPass(outcome.status)) return outcome;
      waitMilliseconds = retryAfter(outcome.headers, ports.now()) ?? waitMilliseconds;
    } catch (thrown) {
      outcome = failure(request, signal, thrown);
      if (outcome.code !== "ERR_REGISTRY_UNAVAILABLE" || outcome.cause instanceof StalledBody) throw outcome;
    }
    if (attempt >= maxRetries || waitMilliseconds > longestWait(call, ports.now())) {
      if (outcome instanceof EngineError) throw outcome;
      return outcome;
    }
    try {
      await orAbort(ports.sleep(waitMilliseconds, signal), signal);
    } catch (thrown) {
      throw failure(request, signal, thrown);
    }
  }
}

function longestWait({ budget }: CallOptions, now: Date): number {
  if (budget?.endsAt === undefined) return MAX_RETRY_AFTER_SECONDS * 1000;
  return budget.endsAt.getTime() - now.getTime() - MIN_USEFUL_MILLISECONDS;
}

async function follow(
  request: RegistryRequest,
  ports: TransportPorts,
  settings: RegistrySettings,
  call: CallOptions,
): Promise<Answer> {
  let url = request.url;
  let leftOrigin = false;
  for (let hops = 0;; hops++) {
    const hop = await send(request, url, leftOrigin, ports, settings, call);
    if (!("location" in hop)) return { ...hop, url, leftOrigin };
    const next = nextHop(request, url, hop.location, hops);
    requireAllowedTarget(next, url, request.endpoint, settings, request.action);
    requireSameWrite(request, next, hop.status);
    leftOrigin ||= next.origin !== request.url.origin;
    url = next;
  }
}

/** One request: its answer, or where it redirects to. It counts until the body is read. */
async function send(
  request: RegistryRequest,
  url: URL,
  leftOrigin: boolean,
  ports: TransportPorts,
  settings: RegistrySettings,
  { signal, budget }: CallOptions,
): Promise<Omit<Answer, "url" | "leftOrigin"> | { readonly location: string; readonly status: number }> {
  const { method, body } = request;
  const headers: Record<string, string> = { accept: request.accept };
  // Once a hop had another origin the credentials stay away, even where a later hop comes back.
  if (request.authorization !== undefined && !leftOrigin) headers["authorization"] = request.authorization;
  if (body !== undefined) headers["content-type"] = body.mediaType;
  const content = body === undefined ? {} : { body: body.bytes };
  const brokenOff = (thrown: unknown): never => {
    if (signal.aborted) throw thrown;
    throw new UnavailableError(
      "ERR_REGISTRY_UNAVAILABLE",
      `${request.action}: ${request.endpoint.label} broke off its answer: ${printable(networkReason(thrown), 200)}`,
      { cause: thrown },
    );
  };
  signal.throwIfAborted();
  const giveBack = await budget?.take(request.action, signal);
  try {
    const reach = reachOf(url, request.endpoint, settings);
    const init = {
      method,
      headers,
      ...content,
      redirect: settings.redirect,
      signal,
      ...(reach === undefined ? {} : { reach }),
      ...(request.confidential === undefined ? {} : { confidential: request.confidential }),
    } as const;
    const response = await orAbort(ports.fetch(url.href, init), signal);
    const { status } = response;
    const location = REDIRECT_STATUSES.has(status) ? response.headers.get("location") : null;
    if (location !== null || method === "HEAD") {
      dropBody(response);
      if (location !== null) return { location, status };
      return { status, headers: response.headers, bytes: new Uint8Array(0), exceeded: false };
    }
    const limit = status === 200 ? request.maxBytes : MAX_ERROR_BODY_BYTES;
    return { status, headers: response.headers, ...await readBody(response, limit, signal).catch(brokenOff) };
  } finally {
    giveBack?.();
  }
}

function nextHop(request: RegistryRequest, from: URL, location: string, hops: number): URL {
  const refuse = (reason: string) =>
    new UnavailableError("ERR_REGISTRY_RESPONSE", `${request.action}: ${request.endpoint.label} ${reason}`);
  if (hops === MAX_REDIRECTS) throw refuse(`redirects more than ${MAX_REDIRECTS} times`);
  if (!URL.canParse(location, from.href)) throw refuse(`redirects to "${printable(location, 200)}", expected a URL`);
  const next = new URL(location, from.href);
  next.hash = "";
  return next;
}

/**
 * What is written stays with the registry it was meant for, and is not turned into a question on the way.
 *
 * Spec: RFC 9110, sections 15.4.2 to 15.4.4: 301, 302 and 303 make a GET of it.
 */
function requireSameWrite({ action, method, url, endpoint }: RegistryRequest, next: URL, status: number): void {
  if (method === "GET" || method === "HEAD") return;
  if (next.origin === url.origin && (status === 307 || status === 308)) return;
  throw new UnavailableError(
    "ERR_REGISTRY_REFUSED",
    `${action}: ${endpoint.label} redirects the upload with ${status} to ${printable(next.origin, 200)}, ` +
      "expected 307 or 308 to its own address",
  );
}

/** Not 501: a registry without a method or resource will not have it in a second either. */
function mayPass(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** `Retry-After` in milliseconds; `undefined` when there is none that can be read. Spec: RFC 9110, section 10.2.3. */
function retryAfter(headers: Headers, now: Date): number | undefined {
  const text = headers.get("retry-after")?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  // Only the form of RFC 9110: Date.parse would take "-1" and much else for a date.
  const instant = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(instant) ? undefined : Math.max(0, instant - now.getTime());
}

/** What a thrown value says about a request: our errors stay as they are. */
export function failure(
  request: Pick<RegistryRequest, "action" | "endpoint">,
  signal: AbortSignal,
  thrown: unknown,
): EngineError {
  if (thrown instanceof EngineError) return thrown;
  const { action, endpoint } = request;
  if (signal.aborted) return outOfTime(action, endpoint.label, thrown);
  const refused = addressErrorOf(thrown);
  if (refused !== undefined) {
    return new UnavailableError(
      "ERR_REGISTRY_REFUSED",
      `${action}: ${endpoint.label} points to a host that ${printable(refused.message)}`,
      { cause: thrown },
    );
  }
  const untrusted = tlsReason(thrown);
  if (untrusted !== undefined) {
    return new UnavailableError(
      "ERR_REGISTRY_TLS",
      `${action}: ${endpoint.label} cannot be spoken to over TLS: ${printable(untrusted, 200)}`,
      { cause: thrown },
    );
  }
  return new UnavailableError(
    "ERR_REGISTRY_UNAVAILABLE",
    `${action}: ${endpoint.label} did not answer: ${printable(networkReason(thrown), 200)}`,
    { cause: thrown },
  );
}
