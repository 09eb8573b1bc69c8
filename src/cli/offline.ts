/** Runs that ask nobody: `--offline`. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { anonymous } from "../oci/mod.ts";
import type { Host, Ports } from "../ports.ts";
import { toggle } from "./flags.ts";

/** For every command that asks somebody: registries, responders, timestamp authorities, an API server. */
export const OFFLINE_FLAG = { offline: toggle("ask nobody: what would be asked is an error that names it") } as const;

/**
 * A host whose every request is refused before anything is sent. With nobody to show credentials to none are
 * looked for: programs and clouds that know some are asked over ways of their own.
 */
export function offline(host: Host): Host {
  return {
    ...host,
    ports: { ...host.ports, fetch: refuse, credentials: anonymous },
    openTls: () => refuse,
    registryConfig: () => anonymous,
  };
}

const refuse: Ports["fetch"] = (url, { method }) => {
  const asked = `${method} "${printable(url, 300)}"`;
  return Promise.reject(new ConfigurationError("ERR_OFFLINE", `Cannot ask ${asked}: --offline allows no request`));
};
