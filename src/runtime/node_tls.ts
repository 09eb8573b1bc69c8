/** `fetch` with trust and a client certificate of its own, over `node:https`: Node's global one takes neither. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import * as nodeTls from "node:tls";
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
      ? { ca: [...trustedAnyway(), certificateAuthorities] }
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

/** What {@link trustedAnyway} goes by. */
export interface TrustSources {
  /** Node 22.15 and later, and 24: says itself whom it trusts. */
  readonly getCACertificates?: ((type: "default") => readonly string[]) | undefined;
  /** The file `NODE_EXTRA_CA_CERTS` names. */
  readonly extraFile?: string | undefined;
}

/**
 * The CAs Node believes where none are given: Node's own, and those of `NODE_EXTRA_CA_CERTS`. A file that cannot be
 * read is passed over, as by Node, which warns of it when it starts.
 */
export function trustedAnyway(
  { getCACertificates, extraFile }: TrustSources = {
    getCACertificates: (nodeTls as TrustSources).getCACertificates,
    extraFile: process.env["NODE_EXTRA_CA_CERTS"],
  },
): readonly string[] {
  if (getCACertificates !== undefined) return getCACertificates("default");
  if (extraFile === undefined || extraFile === "") return nodeTls.rootCertificates;
  try {
    return [...nodeTls.rootCertificates, ...certificatesIn(readFileSync(extraFile, "utf8"))];
  } catch {
    return nodeTls.rootCertificates;
  }
}

function requireUsable(identity: Parameters<typeof nodeTls.createSecureContext>[0] & { readonly ca?: string }): void {
  try {
    nodeTls.createSecureContext(identity);
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

/** The certificates of a PEM text, which may have words between them; the text itself where it has none. */
function splitCertificates(pem: string): readonly string[] {
  const found = certificatesIn(pem);
  return found.length === 0 ? [pem] : found;
}

function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}
