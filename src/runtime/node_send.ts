/**
 * One HTTP request over `node:http` or `node:https`, as `fetch` makes it, where Node's own has no place for what is
 * asked: CAs of one's own, a client certificate, or addresses that are looked at before anybody connects to them.
 */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, type AgentOptions, request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { AddressError, addressKind } from "../http/mod.ts";
import type { FetchInit, Ports } from "../ports.ts";
import { toStream } from "./node_body.ts";

/** Connections to one server at most; further requests wait. */
export const MAX_TLS_CONNECTIONS = 16;

/** How long a connection waits for the next request. */
const IDLE_MILLISECONDS = 30_000;

/** Statuses whose answers have no body. Spec: Fetch standard, "null body status". */
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** A host name → every address it has. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

const resolveByHost: Resolve = (hostname) => lookup(hostname, { all: true });

/**
 * Makes a `fetch` that follows no redirect and decompresses nothing.
 *
 * @param tls What connections over TLS are made with.
 * @param options `publicOnly` resolves each name itself and connects to an address it found public, or to none: a name
 * that leads to another place the next time leads nowhere. `resolve` and `kindOf` stand in for the system's resolver
 * and for `addressKind`.
 * @returns Rejects with `AddressError` where an address is not public.
 */
export function createNodeSend(
  tls: AgentOptions,
  options: { readonly publicOnly?: boolean; readonly resolve?: Resolve; readonly kindOf?: typeof addressKind } = {},
): Ports["fetch"] {
  const { publicOnly = false, resolve = resolveByHost, kindOf = addressKind } = options;
  const agentOptions = {
    keepAlive: true,
    maxSockets: MAX_TLS_CONNECTIONS,
    timeout: IDLE_MILLISECONDS,
    ...(publicOnly ? { lookup: createPublicLookup(resolve, kindOf) } : {}),
  };
  const http = new HttpAgent(agentOptions);
  const https = new HttpsAgent({ ...tls, ...agentOptions });
  return (url, init) => {
    const { protocol, hostname } = new URL(url);
    const secure = protocol === "https:";
    // A literal is not looked up when it is connected to.
    const literal = hostname.replace(/^\[|\]$/g, "");
    if (publicOnly && isIP(literal) !== 0) {
      const kind = kindOf(literal);
      if (kind !== "public") return Promise.reject(new AddressError(literal, kind));
    }
    return secure ? send(url, init, requestHttps, https) : send(url, init, requestHttp, http);
  };
}

/**
 * Looks at every address before the first is given out: where one of them is not public, the name is not asked at all.
 */
function createPublicLookup(resolve: Resolve, kindOf: typeof addressKind): LookupFunction {
  return (hostname, { all, family }, callback) => {
    resolve(hostname).then((addresses) => {
      for (const { address } of addresses) {
        const kind = kindOf(address);
        if (kind !== "public") throw new AddressError(address, kind);
      }
      const wanted = addresses.filter((one) => family !== 4 && family !== 6 ? true : one.family === family);
      const [first] = wanted;
      if (first === undefined) throw new Error(`getaddrinfo ENOTFOUND ${hostname}`);
      if (all === true) callback(null, [...wanted]);
      else callback(null, first.address, first.family);
    }).catch((error: Error) => callback(error, ""));
  };
}

function send(
  url: string,
  { method, headers, body, signal }: FetchInit,
  request: typeof requestHttp | typeof requestHttps,
  agent: HttpAgent | HttpsAgent,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const outgoing = request(url, { agent, method, headers, signal });
    // What ends a request by its signal is worded by Node; whoever asked knows the reason by its own.
    outgoing.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    outgoing.once("response", (incoming) => {
      try {
        resolve(toResponse(incoming, method));
      } catch (error) {
        outgoing.destroy();
        reject(error);
      }
    });
    outgoing.end(body);
  });
}

function toResponse(incoming: IncomingMessage, method: string): Response {
  const headers = new Headers();
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? "", incoming.rawHeaders[index + 1] ?? "");
  }
  const status = incoming.statusCode ?? 0;
  if (method === "HEAD" || WITHOUT_BODY.has(status)) {
    incoming.resume();
    return new Response(null, { status, headers });
  }
  return new Response(toStream(incoming, () => void incoming.destroy()), { status, headers });
}
