/** Credentials that are typed: by flag, else by environment variable, before those of Docker's configuration. */
import type { CredentialSource, Host } from "../ports.ts";
import { text, usage } from "./flags.ts";

/** Who asks the registry, for the commands of notation. */
export const CREDENTIAL_FLAGS = {
  password: text("password for registry operations (default to $NOTATION_PASSWORD if not specified)", undefined, {
    short: "p",
  }),
  username: text("username for registry operations (default to $NOTATION_USERNAME if not specified)", undefined, {
    short: "u",
  }),
} as const;

/** The values of {@link CREDENTIAL_FLAGS}; a command without these flags does not look at the variables either. */
export interface CredentialFlags {
  readonly password?: string | undefined;
  readonly username?: string | undefined;
}

/**
 * The credentials for the one registry a command asks, or the mirror it asks in its place: what is typed, else what
 * Docker's configuration has for the host.
 *
 * @throws {ConfigurationError} `ERR_USAGE` for a password without a user name.
 */
export function readCredentials(flags: CredentialFlags, { ports, variable }: Host): CredentialSource {
  if (!("username" in flags)) return ports.credentials;
  const username = flags.username ?? variable("NOTATION_USERNAME") ?? "";
  const secret = flags.password ?? variable("NOTATION_PASSWORD") ?? "";
  if (username !== "") {
    const source = flags.username === undefined ? "$NOTATION_USERNAME" : "--username";
    return () => Promise.resolve({ type: "basic", username, secret, source });
  }
  if (secret === "") return ports.credentials;
  const given = flags.password === undefined ? "$NOTATION_PASSWORD" : "--password";
  throw usage(
    `${given} without a user name is an identity token, which is not sent here: give --username or $NOTATION_USERNAME`,
  );
}
