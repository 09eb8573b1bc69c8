/** A kubeconfig → how the API server of one of its contexts is reached. */
import { decodeBase64, isJsonObject, type JsonObject, parseYaml, printable } from "../encoding/mod.ts";
import type { ClientTls, Files, Ports } from "../ports.ts";
import {
  basic,
  bearer,
  type ClusterAccess,
  fault,
  fixedAuthorization,
  parseServer,
  readTextFile,
  requirePem,
  tokenFile,
} from "./access.ts";

/** What is asked for when a kubeconfig is read. */
export interface KubeconfigOptions {
  /** `current-context` when left out. */
  readonly context?: string;
  readonly ports: { readonly files: Files } & Pick<Ports, "now">;
}

const PLUGIN =
  "asks a plugin for credentials, which is not done here: give a token instead, such as one of `kubectl create token`";
const IMPERSONATION =
  "asks as somebody else, which is not done here: give the credentials of the account that is meant";

/** Members that change who asks or who is believed in ways that are not offered here, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  "exec": PLUGIN,
  "auth-provider": PLUGIN,
  "as": IMPERSONATION,
  "as-uid": IMPERSONATION,
  "as-groups": IMPERSONATION,
  "as-user-extra": IMPERSONATION,
  "proxy-url": "leads through a proxy, which is not done here: give a server that can be reached",
};

const CLUSTER_MEMBERS = [
  "server",
  "certificate-authority",
  "certificate-authority-data",
  "tls-server-name",
  "insecure-skip-tls-verify",
  "disable-compression",
  "extensions",
];

const USER_MEMBERS = [
  "client-certificate",
  "client-certificate-data",
  "client-key",
  "client-key-data",
  "token",
  "tokenFile",
  "username",
  "password",
  "extensions",
];

/** One file while it is read. */
interface Reading {
  /** Begins every message. */
  readonly action: string;
  /** Where relative paths of the file begin. */
  readonly folder: string;
  readonly files: Files;
}

/**
 * Reads how the API server of a context is reached.
 *
 * @param path Of the kubeconfig; relative paths in it are relative to its folder.
 * @throws {ConfigurationError} `ERR_KUBECONFIG` for a context without server or credentials, for credential plugins,
 * impersonation, proxies, and servers whose certificate would not be checked; `ERR_YAML`, `ERR_FILE`.
 *
 * Spec: Kubernetes, `client.config v1 Config`; data goes before files, `tokenFile` before `token`, as kubectl has it.
 */
export async function readKubeconfig(path: string, { context, ports }: KubeconfigOptions): Promise<ClusterAccess> {
  const { files } = ports;
  const action = `Cannot use the kubeconfig "${printable(path, 200)}"`;
  const [document, ...more] = parseYaml(await readTextFile(path, files), path);
  if (more.length > 0 || !isJsonObject(document?.value)) throw fault(action, "expected one YAML document, an object");
  const config = document.value;
  const name = context ?? config["current-context"];
  if (typeof name !== "string" || name === "") {
    throw fault(action, "it has no current-context, expected one, or --context NAME");
  }
  const chosen = named(config, "contexts", name, "context", action);
  const cluster = named(config, "clusters", textOf(chosen, "cluster", action) ?? "", "cluster", action);
  const userName = textOf(chosen, "user", action) ?? "";
  const user = userName === "" ? {} : named(config, "users", userName, "user", action);
  requireMembers(cluster, CLUSTER_MEMBERS, "cluster", action);
  requireMembers(user, USER_MEMBERS, "user", action);
  const reading: Reading = { action, folder: folderOf(path), files };
  const access = {
    server: parseServer(textOf(cluster, "server", action) ?? "", action),
    account: `user "${printable(userName, 80)}" of context "${printable(name, 80)}"`,
    tls: await readTls(cluster, user, reading),
    authorize: readAuthorization(user, reading, ports),
  };
  // Once now, so that a token file that is missing is told at the start.
  await access.authorize();
  return access;
}

/** The member `kind` of the entry with a name. */
function named(config: JsonObject, table: string, name: string, kind: string, action: string): JsonObject {
  const entries = Array.isArray(config[table]) ? config[table] as readonly unknown[] : [];
  const found = entries.filter((entry) => isJsonObject(entry) && entry["name"] === name) as readonly JsonObject[];
  const [entry] = found;
  if (entry === undefined) throw fault(action, `no ${kind} is named "${printable(name, 80)}" in ${table}`);
  if (found.length > 1) throw fault(action, `${found.length} of ${table} are named "${printable(name, 80)}"`);
  const value = entry[kind];
  if (!isJsonObject(value)) throw fault(action, `the ${kind} "${printable(name, 80)}" is empty, expected an object`);
  return value;
}

function requireMembers(value: JsonObject, known: readonly string[], what: string, action: string): void {
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const why = Object.hasOwn(REFUSED, name) ? REFUSED[name] : `is not known, expected one of ${known.join(", ")}`;
    throw fault(action, `"${printable(name, 80)}" of the ${what} ${why}`);
  }
  if (value["insecure-skip-tls-verify"] !== undefined && value["insecure-skip-tls-verify"] !== false) {
    throw fault(
      action,
      "insecure-skip-tls-verify would believe any server, and with it whatever it says of certificates and roles: " +
        "give its CA as certificate-authority, and the name in its certificate as tls-server-name",
    );
  }
}

async function readTls(cluster: JsonObject, user: JsonObject, reading: Reading): Promise<ClientTls> {
  const { action } = reading;
  const certificateAuthorities = await readPem(cluster, "certificate-authority", reading);
  const serverName = textOf(cluster, "tls-server-name", action);
  const certificate = await readPem(user, "client-certificate", reading);
  const key = await readPem(user, "client-key", reading);
  if ((certificate === undefined) !== (key === undefined)) {
    throw fault(action, "client-certificate and client-key must be given together");
  }
  return {
    ...(certificateAuthorities === undefined ? {} : { certificateAuthorities }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(certificate === undefined || key === undefined ? {} : { clientCertificate: { certificate, key } }),
  };
}

/** PEM text of `name-data`, else of the file `name`. */
async function readPem(value: JsonObject, name: string, reading: Reading): Promise<string | undefined> {
  const { action } = reading;
  const data = textOf(value, `${name}-data`, action);
  const path = textOf(value, name, action);
  if (data === undefined && path === undefined) return undefined;
  const pem = data === undefined ? await readTextFile(resolve(path ?? "", reading), reading.files) : decodeData(data);
  return requirePem(pem, data === undefined ? name : `${name}-data`, action);
}

/**
 * The text in base64, with line ends as YAML may leave them; none where it is none, since saying why would quote it.
 */
function decodeData(text: string): string {
  try {
    return new TextDecoder().decode(decodeBase64(text.replace(/[\r\n]/g, "")));
  } catch {
    return "";
  }
}

function readAuthorization(
  user: JsonObject,
  reading: Reading,
  ports: KubeconfigOptions["ports"],
): ClusterAccess["authorize"] {
  const { action } = reading;
  const token = textOf(user, "token", action);
  const path = textOf(user, "tokenFile", action);
  const username = textOf(user, "username", action);
  const password = textOf(user, "password", action);
  if (username !== undefined && (token !== undefined || path !== undefined)) {
    throw fault(action, "the user has both a token and a user name, expected one of them");
  }
  if (path !== undefined) return tokenFile(resolve(path, reading), action, ports);
  if (token !== undefined) return fixedAuthorization(bearer(token, action));
  return fixedAuthorization(username === undefined ? undefined : basic(username, password ?? "", action));
}

/** `undefined` where there is none; empty text counts as none, as kubectl has it. */
function textOf(value: JsonObject, name: string, action: string): string | undefined {
  const text = value[name];
  if (text === undefined || text === null || text === "") return undefined;
  if (typeof text !== "string") throw fault(action, `"${name}" is no text`);
  return text;
}

function resolve(path: string, { folder }: Reading): string {
  return /^(?:[\\/]|[A-Za-z]:[\\/])/.test(path) ? path : `${folder}${path}`;
}

/** With its slash; `""` for a file without one. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
