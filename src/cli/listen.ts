/** Where the server listens, and who may reach it there. */
import { printable } from "../encoding/mod.ts";
import { usage } from "./flags.ts";

/** Where `serve` listens when nothing else is said: controllers' usual webhook port, this machine only. */
export const DEFAULT_ADDRESS = "127.0.0.1:9443";

/** A host and a port to listen on. */
export interface ListenAddress {
  /** An address without brackets, or a name. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/**
 * Reads `HOST:PORT`: `127.0.0.1:9443`, `[::1]:9443`, `localhost:0`, and `:9443` for every address of the machine.
 *
 * @throws {ConfigurationError} `ERR_USAGE`
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw usage(
      `invalid argument "${printable(text)}" for "--listen" flag: expected HOST:PORT, such as ${DEFAULT_ADDRESS}`,
    );
  }
  const host = match[1] ?? match[2] ?? "";
  return { host: host === "" ? "::" : host, port };
}

/**
 * Whether only this machine reaches the address.
 *
 * Spec: RFC 6890 (127.0.0.0/8, ::1) and RFC 6761, section 6.3 (`localhost`).
 */
export function isLoopback(host: string): boolean {
  if (/^127(?:\.(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}$/.test(host)) return true;
  return host === "::1" || host.toLowerCase() === "localhost";
}
