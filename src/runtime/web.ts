/**
 * The ports every runtime has: `fetch`, timers and WebCrypto, with plain JavaScript where WebCrypto lacks an algorithm.
 * Each runtime's file starts from these.
 */
import { createNobleProvider, createWebCryptoProvider, withFallback } from "../crypto/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { ClientTls, CredentialSource, CryptoProvider, FetchInit, LogLine, Ports } from "../ports.ts";

/** What a runtime's own file decides. */
export interface WebPortOptions {
  /** Takes one log line as JSON text, without the newline. */
  readonly write: (line: string) => void;
  /** Anonymous when left out. */
  readonly credentials?: CredentialSource;
  /** A faster provider before the two every runtime has. */
  readonly quicker?: (next: CryptoProvider) => CryptoProvider;
  /** Another `fetch`, such as a service binding; the global one when left out. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

const anonymous: CredentialSource = () => Promise.resolve(undefined);

/**
 * Makes ports from Web APIs alone.
 *
 * @returns Ports whose `sleep` ends with its signal and whose `crypto` asks WebCrypto first.
 */
export function createWebPorts(options: WebPortOptions): Ports {
  const { write, credentials = anonymous, fetch: send = fetch, quicker = (next) => next } = options;
  return {
    fetch: (url, init) => send(url, requestInit(init)),
    now: () => new Date(),
    sleep,
    crypto: quicker(withFallback(createWebCryptoProvider(), createNobleProvider())),
    credentials,
    log: (line) => write(formatLogLine(line, new Date())),
  };
}

function requestInit({ method, headers, body, redirect, signal }: FetchInit): RequestInit {
  return {
    method,
    headers: { ...headers },
    redirect,
    signal,
    // A view on a shared buffer is no body to `fetch`; ours never are, but their type may be.
    ...(body === undefined ? {} : { body: body as BodyInit }),
  };
}

/**
 * The `fetch` of these ports, for who needs nothing else of TLS: workers and pages believe their platform's CAs and
 * have no client certificates, so whoever asks an API server from there needs a token and a certificate everybody
 * believes.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` where more is asked for, so that nobody finds out at the first request.
 */
export function openWebTls(tls: ClientTls, { fetch: send }: Pick<Ports, "fetch">): Ports["fetch"] {
  const [name] = Object.keys(tls);
  if (name === undefined) return send;
  throw new ConfigurationError(
    "ERR_CONFIG",
    `Cannot set up TLS: this runtime's fetch has no place for ${name}, expected a token and a server it believes anyway`,
  );
}

/** Waits, and rejects with the signal's reason when that comes first. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** One log line as JSON text: `time`, `level` and `event` first, absent fields left out. */
export function formatLogLine(line: LogLine, at: Date): string {
  const { level, event, ...fields } = line;
  return JSON.stringify({ time: at.toISOString(), level, event, ...fields });
}
