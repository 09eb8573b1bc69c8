/**
 * Credentials of a docker configuration file: the plain `auths` entries. Credential helpers and identity tokens are not
 * asked here; a host that has only those is asked anonymously.
 */
import { decodeBase64, decodeUtf8, parseJson } from "../encoding/mod.ts";
import type { Credential, CredentialSource, Files } from "../ports.ts";

/** Size of a docker configuration file at most. */
export const MAX_DOCKER_CONFIG_BYTES = 1024 * 1024;

/** The keys under which `docker login` files what `docker.io` answers to. */
const DOCKER_HUB_KEYS = ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"];

/**
 * Makes a credential source of a docker configuration file, read once, when first asked.
 *
 * @param path Path of `config.json`; a file that is absent means that every host is asked anonymously.
 * @throws {ConfigurationError} `ERR_FILE` when it is there and cannot be read; {MalformedError} `ERR_JSON`,
 * `ERR_BASE64` when it is no such document. Both reject the promise of the source.
 */
export function createDockerConfigSource(path: string, files: Pick<Files, "read" | "kind">): CredentialSource {
  let entries: Promise<ReadonlyMap<string, Credential>> | undefined;
  const load = async () =>
    (await files.kind(path)) === "file"
      ? readDockerConfig(await files.read(path, MAX_DOCKER_CONFIG_BYTES))
      : new Map<string, Credential>();
  return async ({ host }) => {
    const known = await (entries ??= load());
    const keys = DOCKER_HUB_KEYS.includes(host) ? DOCKER_HUB_KEYS : [host, `https://${host}`, `https://${host}/`];
    return keys.map((key) => known.get(key)).find((entry) => entry !== undefined);
  };
}

/** The usable entries of `auths`, by their key. */
export function readDockerConfig(bytes: Uint8Array): ReadonlyMap<string, Credential> {
  const auths = member(parseJson(bytes), "auths");
  const credentials = new Map<string, Credential>();
  if (auths === null || typeof auths !== "object") return credentials;
  for (const [key, entry] of Object.entries(auths)) {
    const credential = readEntry(entry);
    if (credential !== undefined) credentials.set(key, credential);
  }
  return credentials;
}

function readEntry(entry: unknown): Credential | undefined {
  // With an identity token the password, if any, is not one to send.
  if (member(entry, "identitytoken")) return undefined;
  const auth = member(entry, "auth");
  if (typeof auth === "string" && auth !== "") {
    const text = decodeUtf8(decodeBase64(auth));
    const colon = text.indexOf(":");
    return colon < 1 ? undefined : basic(text.slice(0, colon), text.slice(colon + 1));
  }
  const [username, secret] = [member(entry, "username"), member(entry, "password")];
  return typeof username === "string" && username !== "" && typeof secret === "string"
    ? basic(username, secret)
    : undefined;
}

function basic(username: string, secret: string): Credential {
  return { type: "basic", username, secret, source: '"auths" of Docker\'s configuration' };
}

function member(value: unknown, name: string): unknown {
  return value !== null && typeof value === "object" && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
