/** Token endpoints that registries name in their challenges, and which of them may see whose credentials. */
import { printable } from "../encoding/mod.ts";
import { UnavailableError } from "../errors.ts";
import { isSameSite } from "../http/mod.ts";
import type { Endpoint, RegistrySettings } from "./settings.ts";

/**
 * Registries whose operators ask for tokens at a host of another name, each with the host. Names are compared whole.
 */
export const TOKEN_HOSTS: readonly (readonly [registry: string, realm: string])[] = [
  ["registry-1.docker.io", "auth.docker.io"],
  ["registry.gitlab.com", "gitlab.com"],
  ["quay.io", "quay.io"],
  ["rg.fr-par.scw.cloud", "api.scaleway.com"],
  ["rg.nl-ams.scw.cloud", "api.scaleway.com"],
  ["rg.pl-waw.scw.cloud", "api.scaleway.com"],
];

/**
 * Reads a realm.
 *
 * @param action Beginning of the message: `Cannot get a token …`.
 * @throws {UnavailableError} `ERR_REGISTRY_RESPONSE` for one that is no URL.
 */
export function parseRealm(text: string, endpoint: Endpoint, action: string): URL {
  if (URL.canParse(text)) {
    const realm = new URL(text);
    realm.hash = "";
    return realm;
  }
  throw new UnavailableError(
    "ERR_REGISTRY_RESPONSE",
    `${action}: ${endpoint.label} names the token endpoint "${printable(text, 200)}", expected a URL`,
  );
}

/**
 * Whether the credentials for a registry may be shown at a realm: the registry's own host, a neighbour of it, one of
 * {@link TOKEN_HOSTS}, or one the operator names. A registry is free to name any other, and is then asked there as
 * anybody.
 */
export function maySeeCredentials(realm: URL, { url, credentialHost }: Endpoint, settings: RegistrySettings): boolean {
  if (realm.host === url.host || isSameSite(realm.hostname, url.hostname)) return true;
  // Whoever may be read on the way may be somebody else.
  if (realm.protocol !== "https:" && url.protocol === "https:") return false;
  const known = TOKEN_HOSTS.some(([registry, host]) => realm.host === host && url.host === registry);
  return known || settings.realmHosts?.get(credentialHost)?.has(realm.host) === true;
}
