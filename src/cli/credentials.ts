/**
 * Credentials that are typed: by flag, by standard input, else by environment variable, before those of this user's
 * files.
 */
import { decodeUtf8, printable } from "../encoding/mod.ts";
import type { CredentialSource, Host } from "../ports.ts";
import { text, toggle, usage } from "./flags.ts";

/** Bytes of a secret on standard input at most. */
export const MAX_TYPED_SECRET_BYTES = 64 * 1024;

/** Which file of this user is asked, for every command that asks a registry. */
export const REGISTRY_CONFIG_FLAG = {
  "registry-config": text("path of the authentication file for registry", undefined, { value: "path" }),
} as const;

/** Who asks the registry, for the commands of notation. */
export const CREDENTIAL_FLAGS = {
  password: text("password for registry operations (default to $NOTATION_PASSWORD if not specified)", undefined, {
    short: "p",
  }),
  "password-stdin": toggle("read password from stdin"),
  username: text("username for registry operations (default to $NOTATION_USERNAME if not specified)", undefined, {
    short: "u",
  }),
} as const;

/** Who asks the registry, for the commands of oras; they look at no variable. */
export const ORAS_CREDENTIAL_FLAGS = {
  "identity-token": text("registry identity token", undefined),
  "identity-token-stdin": toggle("read identity token from stdin"),
  password: text("registry password or identity token", undefined, { short: "p" }),
  "password-stdin": toggle("read password from stdin"),
  username: text("registry username", undefined, { short: "u" }),
} as const;

/** The values of these flags; a command without them does not look at the variables either. */
export interface CredentialFlags {
  readonly "identity-token"?: string | undefined;
  readonly "identity-token-stdin"?: boolean;
  readonly password?: string | undefined;
  readonly "password-stdin"?: boolean;
  readonly "registry-config"?: string | undefined;
  readonly username?: string | undefined;
}

/**
 * The credentials for the one registry a command asks, or the mirror it asks in its place: what is typed, else what the
 * files of this user have for the host. A password without a user is an identity token, as for notation and oras.
 *
 * @throws {ConfigurationError} `ERR_USAGE` for flags that exclude each other, `ERR_FILE`, `ERR_UTF8` for what standard
 * input has.
 */
export async function readCredentials(flags: CredentialFlags, host: Host): Promise<CredentialSource> {
  const file = flags["registry-config"];
  const known = file === undefined
    ? host.ports.credentials
    : host.registryConfig(file, `--registry-config "${printable(file, 200)}"`);
  if (!("username" in flags)) return known;
  requireOneSecret(flags);
  const ofNotation = !("identity-token" in flags);
  const variable = (name: string) => ofNotation ? host.variable(name) ?? "" : "";
  const username = flags.username ?? variable("NOTATION_USERNAME");
  const userSource = flags.username === undefined ? "$NOTATION_USERNAME" : "--username";
  const [secret, source] = await readSecret(flags, variable, host);
  const isToken = flags["identity-token"] !== undefined || flags["identity-token-stdin"] === true;
  if (username !== "" && !isToken) {
    return () => Promise.resolve({ type: "basic", username, secret, source: `the user of ${userSource}` });
  }
  if (secret === "") return known;
  return () => Promise.resolve({ type: "identityToken", token: secret, source: `the identity token of ${source}` });
}

/** The secret, and what it was given by. */
async function readSecret(
  flags: CredentialFlags,
  variable: (name: string) => string,
  host: Host,
): Promise<readonly [secret: string, source: string]> {
  for (const name of ["password-stdin", "identity-token-stdin"] as const) {
    if (flags[name] !== true) continue;
    const typed = decodeUtf8(await host.readInput(MAX_TYPED_SECRET_BYTES)).replace(/\r?\n$/, "");
    if (typed === "") throw usage(`--${name}: standard input is empty, expected a secret`);
    return [typed, `--${name}`];
  }
  if (flags["identity-token"] !== undefined) return [flags["identity-token"], "--identity-token"];
  if (flags.password !== undefined) return [flags.password, "--password"];
  return [variable("NOTATION_PASSWORD"), "$NOTATION_PASSWORD"];
}

function requireOneSecret(flags: CredentialFlags): void {
  const given = (["identity-token", "identity-token-stdin", "password", "password-stdin"] as const)
    .filter((name) => flags[name] !== undefined && flags[name] !== false);
  if (given.length > 1) {
    throw usage(`--${given[0]}, --${given[1]} cannot be used at the same time: both say which secret to send`);
  }
  if (flags.username !== undefined && given.some((name) => name.startsWith("identity-token"))) {
    throw usage(`--username, --${given[0]} cannot be used at the same time: an identity token says whose it is`);
  }
}
