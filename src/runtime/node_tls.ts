/** `fetch` with trust and a client certificate of its own, over `node:https`: Node's global one takes neither. */
import { X509Certificate } from "node:crypto";
import { createSecureContext, rootCertificates } from "node:tls";
import { ConfigurationError } from "../errors.ts";
import type { ClientTls, Ports } from "../ports.ts";
import { createNodeSend } from "./node_send.ts";

/**
 * Makes a `fetch` (TLS 1.2 and later over https); redirects are not followed and nothing is decompressed.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` when certificates or key cannot be used.
 */
export function openNodeTls(tls: ClientTls): Ports["fetch"] {
  const { certificateAuthorities, besideDefaults = false, clientCertificate, serverName } = tls;
  const identity = {
    ...(certificateAuthorities === undefined ? {} : { ca: certificateAuthorities }),
    ...(clientCertificate === undefined ? {} : { cert: clientCertificate.certificate, key: clientCertificate.key }),
    minVersion: "TLSv1.2",
  } as const;
  requireUsable(identity);
  const options = {
    ...identity,
    ...(besideDefaults && certificateAuthorities !== undefined
      ? { ca: [...rootCertificates, certificateAuthorities] }
      : {}),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
  const anywhere = createNodeSend(options);
  let toPublic: Ports["fetch"] | undefined;
  return (url, init) => {
    if (init.reach !== "public") return anywhere(url, init);
    // Connections of its own: one that is kept open was not looked at.
    toPublic ??= createNodeSend(options, { publicOnly: true });
    return toPublic(url, init);
  };
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
