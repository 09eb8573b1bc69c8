/** `fetch` with trust and a client certificate of its own, over `Deno.createHttpClient`. */
import { ConfigurationError } from "../errors.ts";
import type { ClientTls, Ports } from "../ports.ts";

/** The part of the `Deno` namespace used here; declared so that the same source compiles without Deno's types. */
interface DenoNamespace {
  createHttpClient(
    options: { readonly caCerts?: readonly string[]; readonly cert?: string; readonly key?: string },
  ): unknown;
}

/**
 * Makes a `fetch`. Deno believes the CAs it is given beside those it trusts anyway, where Node believes only the
 * former.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` when certificates or key cannot be used, and for `serverName`, which Deno's
 * `fetch` has no place for.
 */
export function openDenoTls({ certificateAuthorities, clientCertificate, serverName }: ClientTls): Ports["fetch"] {
  if (serverName !== undefined) {
    throw new ConfigurationError(
      "ERR_CONFIG",
      `Cannot set up TLS: Deno cannot expect the name "${serverName}" of another server; give a URL with this name`,
    );
  }
  // Deno passes over text without certificates, and would believe its own CAs instead.
  if (certificateAuthorities !== undefined && !certificateAuthorities.includes("-----BEGIN CERTIFICATE-----")) {
    throw new ConfigurationError("ERR_CONFIG", "Cannot set up TLS: the CAs are no PEM certificates");
  }
  try {
    const client = (globalThis as unknown as { readonly Deno: DenoNamespace }).Deno.createHttpClient({
      ...(certificateAuthorities === undefined ? {} : { caCerts: [certificateAuthorities] }),
      ...(clientCertificate === undefined ? {} : { cert: clientCertificate.certificate, key: clientCertificate.key }),
    });
    return (url, { method, headers, body, redirect, signal }) =>
      fetch(
        url,
        {
          method,
          headers: { ...headers },
          redirect,
          signal,
          client,
          ...(body === undefined ? {} : { body }),
        } as RequestInit,
      );
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(
      "ERR_CONFIG",
      `Cannot set up TLS: ${detail}; expected CAs, certificate and its key as PEM`,
      { cause },
    );
  }
}
