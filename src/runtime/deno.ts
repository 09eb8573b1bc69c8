/** Deno: the host of a command, and a server over `Deno.serve`. */
import { ConfigurationError } from "../errors.ts";
import type { Handler, Host, Listener, Ports, ServeOptions } from "../ports.ts";
import { openDenoStore } from "./cache/open_store.ts";
import { openDenoTls } from "./deno_tls.ts";
import { createHost, createProcessPorts } from "./process.ts";

/** The part of the `Deno` namespace used here; declared so that the same source compiles without Deno's types. */
interface DenoNamespace {
  readonly version: { readonly deno: string };
  serve(
    options: {
      readonly hostname: string;
      readonly port: number;
      readonly cert?: string;
      readonly key?: string;
      readonly onListen: () => void;
      readonly onError: () => Response;
    },
    handler: (request: Request, info: { readonly completed: Promise<void> }) => Response | Promise<Response>,
  ): { readonly addr: { readonly hostname: string; readonly port: number }; shutdown(): Promise<void> };
}

/** How long `close` waits for requests under way. */
const CLOSE_TIMEOUT_MILLISECONDS = 10_000;

function deno(): DenoNamespace {
  return (globalThis as unknown as { readonly Deno: DenoNamespace }).Deno;
}

/** Makes the ports of Deno, for programs that are no command. */
export function createDenoPorts(): Ports {
  return createProcessPorts();
}

/** Makes the host of a command that runs on Deno. */
export function createDenoHost(): Host {
  return createHost(
    `deno ${deno().version.deno}`,
    { serve: serveDeno, openTls: openDenoTls, openStore: openDenoStore },
    createDenoPorts(),
  );
}

/**
 * Starts a server over `Deno.serve`, with TLS where `tls` is given.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` when the address is taken or not of this machine, or TLS cannot be set up.
 */
export async function serveDeno(handler: Handler, { host, port, tls }: ServeOptions): Promise<Listener> {
  try {
    const server = deno().serve({
      hostname: host,
      port,
      ...(tls === undefined ? {} : { cert: tls.certificate, key: tls.key }),
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
    }, (request, { completed }) => handler(withClientSignal(request, completed)));
    const { hostname, port: taken } = server.addr;
    const address = hostname.includes(":") ? `[${hostname}]` : hostname;
    return await Promise.resolve({
      url: `${tls === undefined ? "http" : "https"}://${address}:${taken}`,
      close: () => close(server),
    });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError("ERR_CONFIG", `Cannot listen on ${host}:${port}: ${detail}`, { cause });
  }
}

/** Deno aborts a request's own signal after answers that arrived, too: only a client that has gone is to stop work. */
function withClientSignal(request: Request, completed: Promise<void>): Request {
  const gone = new AbortController();
  completed.catch(() => gone.abort(new DOMException("the client has gone", "AbortError")));
  // Made from its parts: a copy of the whole would look at the signal of the first.
  const { url, method, headers, body } = request;
  return new Request(url, { method, headers, body, signal: gone.signal, duplex: "half" } as RequestInit);
}

async function close(server: { shutdown(): Promise<void> }): Promise<void> {
  let end: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    end = setTimeout(resolve, CLOSE_TIMEOUT_MILLISECONDS);
  });
  await Promise.race([server.shutdown(), elapsed]);
  // A timer that still runs would keep the process.
  clearTimeout(end);
}
