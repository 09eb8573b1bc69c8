/** Where and how registries are spoken to: mirrors, plain HTTP, and what a registry may send us to. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, MalformedError, UnavailableError } from "../errors.ts";
import { HOST_KIND_TEXT, hostKind } from "../http/mod.ts";

export interface RegistrySettings {
  /**
   * Registry host → base URL of the mirror that is asked in its place, such as `ghcr.io` → `http://127.0.0.1:5000`.
   * Names in results stay the registry's; credentials are those of the mirror's host.
   */
  readonly mirrors: ReadonlyMap<string, string>;
  /**
   * Registry host → base URLs of mirrors that are asked before it, in order. What they do not have or cannot say the
   * registry itself is asked for.
   */
  readonly mirrorsBefore?: ReadonlyMap<string, readonly string[]>;
  /** Registry hosts (with port) spoken to over plain HTTP; loopback hosts always are. */
  readonly plainHttp: ReadonlySet<string> | "all";
  /** `follow` in browsers only: there `fetch` follows redirects by itself, and no credentials are sent. */
  readonly redirect: "manual" | "follow";
  /**
   * Hosts that redirects and token realms may name although they are loopback, private, link-local or special names:
   * with a port that one only, without a port any. A registry may always name its own host and port.
   */
  readonly allowedHosts?: ReadonlySet<string>;
  /**
   * Registry host → hosts (with port) of token endpoints that may see its credentials although they belong to another
   * site; see `realm.ts` for those that always may.
   */
  readonly realmHosts?: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What most callers want: no mirrors, HTTPS but for loopback, own redirect loop. */
export const DEFAULT_REGISTRY_SETTINGS: RegistrySettings = {
  mirrors: new Map(),
  plainHttp: new Set(),
  redirect: "manual",
};

/** Where the requests for one registry go. */
export interface Endpoint {
  /** Base URL without a slash at its end: `/v2/…` follows. */
  readonly base: string;
  readonly url: URL;
  /** The registry's own URL, also where `url` is that of its token endpoint. */
  readonly home: URL;
  /** What stands before the repository's path there, such as `ghcr-proxy/`; empty where nothing does. */
  readonly prefix: string;
  /** The host credentials are looked up for. */
  readonly credentialHost: string;
  /** How messages name it: the registry, and the mirror where there is one. */
  readonly label: string;
}

const DOCKER_HUB = "docker.io";
const DOCKER_HUB_HOST = "registry-1.docker.io";

/**
 * Finds out where the requests for a registry go.
 *
 * @param registry Host and port as a reference names it.
 * @throws {MalformedError} `ERR_REFERENCE` where a URL parser would make another host of it: `127.1`, `0x7f.0.0.1`.
 * @throws {ConfigurationError} `ERR_CONFIG` where the mirror is not a plain http or https URL.
 */
export function endpointOf(registry: string, settings: RegistrySettings): Endpoint {
  const host = registry.toLowerCase();
  for (const [from, to] of settings.mirrors) {
    if (from.toLowerCase() === host) return mirrorEndpoint(registry, to);
  }
  const dialled = host === DOCKER_HUB ? DOCKER_HUB_HOST : host;
  const url = parseUrl(`${scheme(dialled, host, settings)}://${dialled}`);
  if (url === undefined || !isWrittenAs(url, dialled)) {
    throw new MalformedError(
      "ERR_REFERENCE",
      `Cannot address registry "${printable(registry)}": ` +
        (url === undefined ? "it is not the host of a URL" : `a URL parser reads it as "${url.host}"`) +
        ", expected a host name or address in its usual form",
    );
  }
  return { base: url.origin, url, home: url, prefix: "", credentialHost: host, label: registry };
}

/** The mirrors that are asked before a registry, as URLs; each is read when it is asked. */
export function mirrorsBefore(
  registry: string,
  { mirrors: replaced, mirrorsBefore: mirrors }: RegistrySettings,
): readonly string[] {
  if (mirrors === undefined) return [];
  const host = registry.toLowerCase();
  // What is asked in place of the registry has nothing before it.
  for (const from of replaced.keys()) if (from.toLowerCase() === host) return [];
  for (const [from, urls] of mirrors) if (from.toLowerCase() === host) return urls;
  return [];
}

/**
 * Where a mirror is asked. A path that begins with `/v2/` takes the place of it, as registries have it that keep one
 * project for each registry they mirror: `https://harbor.example/v2/ghcr-proxy`. Any other path stands before `/v2/`.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` where the mirror is not a plain http or https URL.
 */
export function mirrorEndpoint(registry: string, text: string): Endpoint {
  const url = parseUrl(text);
  const clean = url !== undefined && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" &&
    url.search === "" && url.hash === "";
  if (!clean) {
    throw new ConfigurationError(
      "ERR_CONFIG",
      `Cannot use mirror of "${printable(registry)}": "${printable(text)}" is not usable, ` +
        "expected http:// or https:// with a host and without user, query and fragment",
    );
  }
  const path = url.pathname.replace(/\/+$/, "");
  const [, below] = /^\/v2\/(.+)$/.exec(path) ?? [];
  const base = url.origin + (below === undefined ? path : "");
  const prefix = below === undefined ? "" : `${below}/`;
  return { base, url, home: url, prefix, credentialHost: url.host, label: `${registry} (mirror ${url.origin}${path})` };
}

function scheme(dialled: string, host: string, settings: RegistrySettings): "http" | "https" {
  if (settings.plainHttp === "all") return "http";
  for (const plain of settings.plainHttp) if (plain.toLowerCase() === host) return "http";
  const hostname = dialled.replace(/:\d+$/, "");
  return hostKind(hostname) === "loopback" ? "http" : "https";
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Whether the URL parser left the host as it is written, but for a default port and the shortest form of IPv6. */
function isWrittenAs(url: URL, written: string): boolean {
  if (url.hostname.startsWith("[")) return written.startsWith("[");
  const match = /^(.*?)(?::(\d+))?$/.exec(written);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  return url.hostname === match?.[1] && (match[2] === undefined || Number(match[2]) === port);
}

/**
 * Makes sure that a URL a registry sent us to may be asked.
 *
 * @param target Where a redirect or a token realm points.
 * @param from The URL that sent us there.
 * @param action What is being done, for the message: `Cannot fetch …`.
 * @throws {UnavailableError} `ERR_REGISTRY_REFUSED` for other schemes than http and https, for https → http, for URLs
 * with a user, and for loopback, private, link-local, metadata and special hosts other than the registry's own host and
 * port.
 *
 * Spec: RFC 9110, section 15.4 (redirection); RFC 6890 and RFC 6761 name the places.
 */
export function requireAllowedTarget(
  target: URL,
  from: URL,
  endpoint: Endpoint,
  settings: RegistrySettings,
  action: string,
): void {
  const refuse = (reason: string): never => {
    throw new UnavailableError(
      "ERR_REGISTRY_REFUSED",
      `${action}: ${endpoint.label} points to ${printable(placeOf(target), 200)}, ${reason}`,
    );
  };
  if (target.protocol !== "https:" && target.protocol !== "http:") refuse("expected http or https");
  if (target.username !== "" || target.password !== "") refuse("which carries a user name or password");
  if (target.protocol === "http:" && from.protocol === "https:") refuse("which leaves https for http");
  if (target.host === endpoint.url.host) return;
  if (isAllowed(target, settings.allowedHosts ?? new Set())) return;
  const kind = hostKind(target.hostname);
  if (kind !== "public") refuse(`which is ${HOST_KIND_TEXT[kind]} and not the registry's own address`);
}

/**
 * Where a request may connect to: anywhere where the target is the registry's own or named by the operator; elsewhere
 * only to public addresses, because the registry chose the name.
 */
export function reachOf(
  target: URL,
  { home }: Endpoint,
  { allowedHosts = new Set() }: RegistrySettings,
): "public" | undefined {
  return target.host === home.host || isAllowed(target, allowedHosts) ? undefined : "public";
}

/**
 * Whether the operator names the target: compared as URLs, so that case, default ports and forms of IPv6 do not matter.
 */
function isAllowed(target: URL, allowed: ReadonlySet<string>): boolean {
  for (const entry of allowed) {
    const named = parseUrl(`${target.protocol}//${entry}`);
    if (named?.hostname === target.hostname && (!/:\d+$/.test(entry) || named.port === target.port)) return true;
  }
  return false;
}

/** A URL for messages: without query, which may hold secrets. */
export function placeOf(url: URL): string {
  return url.protocol === "http:" || url.protocol === "https:" ? url.origin : url.protocol;
}
