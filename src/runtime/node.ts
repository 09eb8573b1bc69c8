/** Node: the host of a command, and a server over `node:http` and `node:https`. */
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { ConfigurationError } from "../errors.ts";
import type { Handler, Host, Listener, Ports, ServeOptions } from "../ports.ts";
import { openNodeStore } from "./cache/open_store.ts";
import { toStream } from "./node_body.ts";
import { createNodeCryptoProvider } from "./node_crypto.ts";
import { createProxyQuestion, type NodeProcess } from "./node_proxy.ts";
import { createNodeSend } from "./node_send.ts";
import { openNodeTls } from "./node_tls.ts";
import { createHost, createProcessPorts } from "./process.ts";

/** Request line and headers at most. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** Connections at once at most; further ones are closed at once. */
export const MAX_CONNECTIONS = 2_048;

/** How long a client may take for its headers. */
const HEADERS_TIMEOUT_MILLISECONDS = 10_000;

/** How long a client may take for headers and body; no API server waits longer than 30 s for the answer. */
const REQUEST_TIMEOUT_MILLISECONDS = 35_000;

/**
 * How long an idle connection stays open. API servers keep theirs for 90 s: were ours shorter, a request sent at the
 * moment of closing would fail, and with it a Pod.
 */
const KEEP_ALIVE_TIMEOUT_MILLISECONDS = 120_000;

/** How long `close` waits for requests under way. */
const CLOSE_TIMEOUT_MILLISECONDS = 10_000;

/**
 * Makes the ports of Node, for programs that are no command.
 *
 * @param around What says whether `fetch` goes through a proxy: then the proxy resolves names, and may be all there is.
 */
export function createNodePorts(around: NodeProcess = process): Ports {
  const ports = createProcessPorts({ quicker: createNodeCryptoProvider });
  const toPublic = createNodeSend({ minVersion: "TLSv1.2" }, { publicOnly: true });
  const isProxied = createProxyQuestion(around);
  return {
    ...ports,
    fetch: (url, init) => init.reach === "public" && !isProxied(url) ? toPublic(url, init) : ports.fetch(url, init),
  };
}

/** Makes the host of a command that runs on Node. */
export function createNodeHost(): Host {
  return createHost(`node ${process.versions.node}`, {
    serve: serveNode,
    openTls: openNodeTls,
    openStore: openNodeStore,
  }, createNodePorts());
}

/**
 * Starts a server over `node:http`, or `node:https` (TLS 1.2 and later) where `tls` is given.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` when the address is taken or not of this machine, or TLS cannot be set up.
 */
export async function serveNode(handler: Handler, { host, port, tls }: ServeOptions): Promise<Listener> {
  const scheme = tls === undefined ? "http" : "https";
  const server = createServer(tls);
  const underWay = new Set<ServerResponse>();
  server.on("request", (incoming, outgoing) => {
    underWay.add(outgoing);
    outgoing.once("close", () => {
      underWay.delete(outgoing);
      if (!server.listening && underWay.size === 0) server.closeAllConnections();
    });
    void answer(handler, incoming, outgoing);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MILLISECONDS;
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  return {
    url: `${scheme}://${formatHost(address.address)}:${address.port}`,
    close: () => close(server, underWay),
  };
}

function createServer(tls: ServeOptions["tls"]): Server {
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MILLISECONDS,
    requestTimeout: REQUEST_TIMEOUT_MILLISECONDS,
  };
  if (tls === undefined) return createHttpServer(options);
  try {
    return createHttpsServer({ ...options, cert: tls.certificate, key: tls.key, minVersion: "TLSv1.2" });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(
      "ERR_CONFIG",
      `Cannot set up TLS: ${detail}; expected a certificate and its key as PEM`,
      {
        cause,
      },
    );
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: Error & { readonly code?: string }) => {
      const detail = cause.code === "EADDRINUSE" ? "the port is taken" : cause.code ?? cause.message;
      reject(
        new ConfigurationError("ERR_CONFIG", `Cannot listen on ${formatHost(host)}:${port}: ${detail}`, { cause }),
      );
    });
    server.listen({ host, port }, resolve);
  });
}

/** An address as it stands in a URL: IPv6 in brackets. */
function formatHost(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function close(server: Server, underWay: ReadonlySet<ServerResponse>): Promise<void> {
  return new Promise((resolve) => {
    const end = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MILLISECONDS);
    server.close(() => {
      clearTimeout(end);
      resolve();
    });
    // Connections that only wait, for the next request or for their first, are nobody's loss.
    if (underWay.size === 0) server.closeAllConnections();
    else server.closeIdleConnections();
  });
}

async function answer(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  let request: Request;
  try {
    request = toRequest("encrypted" in incoming.socket ? "https" : "http", incoming, outgoing);
  } catch {
    return refuse(400, outgoing);
  }
  try {
    await send(await handler(request), incoming, outgoing);
  } catch {
    // The application answers its own failures; what is left is a client that has gone, or a defect.
    refuse(500, outgoing);
  }
}

/** Ends a connection on which no answer of the application can be given. */
function refuse(status: number, outgoing: ServerResponse): void {
  if (outgoing.headersSent) return void outgoing.destroy();
  outgoing.writeHead(status, { connection: "close", "content-length": 0 });
  outgoing.end();
}

function toRequest(scheme: string, incoming: IncomingMessage, outgoing: ServerResponse): Request {
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort(new DOMException("the client has gone", "AbortError"));
  });
  const headers = new Headers();
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? "", incoming.rawHeaders[index + 1] ?? "");
  }
  const method = incoming.method ?? "GET";
  const url = `${scheme}://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`;
  const init = { method, headers, signal: gone.signal };
  if (method === "GET" || method === "HEAD") return new Request(url, init);
  return new Request(
    url,
    { ...init, body: toStream(incoming, () => void incoming.pause()), duplex: "half" } as RequestInit,
  );
}

async function send(response: Response, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
  // What was not read would be taken for the next request: the connection ends with this answer.
  const unread = !incoming.complete && incoming.method !== "GET" && incoming.method !== "HEAD";
  if (unread) outgoing.setHeader("connection", "close");
  outgoing.writeHead(response.status);
  if (response.body !== null && incoming.method !== "HEAD") {
    const reader = response.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (!outgoing.write(next.value)) await drained(outgoing);
    }
  }
  outgoing.end();
  if (unread) outgoing.once("finish", () => incoming.destroy());
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once("drain", resolve);
    outgoing.once("close", resolve);
  });
}
