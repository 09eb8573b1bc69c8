/** `fetch` with trust and a client certificate of its own, over `node:https`: Node's global one takes neither. */
import type { IncomingMessage } from "node:http";
import { X509Certificate } from "node:crypto";
import { Agent, request } from "node:https";
import { createSecureContext } from "node:tls";
import { ConfigurationError } from "../errors.ts";
import type { ClientTls, FetchInit, Ports } from "../ports.ts";
import { toStream } from "./node_body.ts";

/** Connections to one server at most; further requests wait. */
export const MAX_TLS_CONNECTIONS = 16;

/** How long a connection waits for the next request. */
const IDLE_MILLISECONDS = 30_000;

/** Statuses whose answers have no body. Spec: Fetch standard, "null body status". */
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/**
 * Makes a `fetch` for https (TLS 1.2 and later); redirects are not followed and nothing is decompressed.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` when certificates or key cannot be used.
 */
export function openNodeTls({ certificateAuthorities, clientCertificate, serverName }: ClientTls): Ports["fetch"] {
  const identity = {
    ...(certificateAuthorities === undefined ? {} : { ca: certificateAuthorities }),
    ...(clientCertificate === undefined ? {} : { cert: clientCertificate.certificate, key: clientCertificate.key }),
    minVersion: "TLSv1.2",
  } as const;
  requireUsable(identity);
  const agent = new Agent({
    ...identity,
    ...(serverName === undefined ? {} : { servername: serverName }),
    keepAlive: true,
    maxSockets: MAX_TLS_CONNECTIONS,
    timeout: IDLE_MILLISECONDS,
  });
  return (url, init) => send(agent, url, init);
}

function requireUsable(identity: Parameters<typeof createSecureContext>[0] & { readonly ca?: string }): void {
  try {
    createSecureContext(identity);
    // OpenSSL passes over what is no certificate, and Node takes no text at all for its own CAs.
    if (identity.ca !== undefined) splitCertificates(identity.ca).forEach((pem) => new X509Certificate(pem));
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(
      "ERR_CONFIG",
      `Cannot set up TLS: ${detail}; expected CAs, certificate and its key as PEM`,
      { cause },
    );
  }
}

/** The certificates of a PEM text, which may have words between them; at least one. */
function splitCertificates(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [pem];
}

function send(agent: Agent, url: string, { method, headers, body, signal }: FetchInit): Promise<Response> {
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
