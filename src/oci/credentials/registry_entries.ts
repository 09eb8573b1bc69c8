/**
 * Credentials by the registries they are for: what `docker login` and `podman login` write, and Kubernetes' Secrets of
 * the same form. One entry that cannot be read harms only the registry it is for.
 */
import {
  decodeBase64,
  decodeUtf8,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "../../encoding/mod.ts";
import { ConfigurationError, toEngineError } from "../../errors.ts";
import type { CredentialProof, CredentialQuestion } from "../../ports.ts";

/** Bytes of a file or Secret of credentials at most. */
export const MAX_CREDENTIALS_BYTES = 1024 * 1024;

/** Entries of one such file at most. */
export const MAX_REGISTRY_ENTRIES = 10_000;

/** The user name that stands for an identity token in the answers of credential programs. */
export const TOKEN_USERNAME = "<token>";

/** Credentials for a registry, or for the repositories below a path of it. */
export interface RegistryEntry {
  /** Host with port where it has one, lower case; `docker.io` for every name of Docker Hub. */
  readonly host: string;
  /** `""`, or a path without slashes at its ends. */
  readonly path: string;
  /** What to show; absent where the entry has nothing, as those of credential stores. */
  readonly proof?: CredentialProof;
  /** Why it cannot be used; safe to print. */
  readonly fault?: string;
}

/** The names Docker Hub goes by in such files. */
const DOCKER_HUB_NAMES: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/** `docker.io` for every name of Docker Hub; other hosts as they are, lower case. */
export function hostOf(name: string): string {
  const host = name.toLowerCase();
  return DOCKER_HUB_NAMES.has(host) ? "docker.io" : host;
}

/**
 * Reads the entries of an object such as `auths`.
 *
 * @throws {ConfigurationError} `ERR_CREDENTIALS` for more than {@link MAX_REGISTRY_ENTRIES}.
 */
export function readRegistryEntries(auths: JsonObject, where: string): readonly RegistryEntry[] {
  const entries = Object.entries(auths);
  if (entries.length > MAX_REGISTRY_ENTRIES) {
    throw new ConfigurationError(
      "ERR_CREDENTIALS",
      `Cannot read ${where}: ${entries.length} registries, expected at most ${MAX_REGISTRY_ENTRIES}`,
    );
  }
  return entries.map(([key, entry]) => ({ ...placeOf(key), ...readEntry(entry) }));
}

/**
 * The JSON object a file of credentials is.
 *
 * @param where How messages name it; safe to print.
 * @throws {ConfigurationError} `ERR_CREDENTIALS` when it is none. The message says nothing of what is in it.
 */
export function parseCredentials(bytes: Uint8Array, where: string): JsonObject {
  let document: JsonValue;
  try {
    document = parseJson(bytes);
  } catch (thrown) {
    const { code } = toEngineError(thrown, "Cannot parse");
    const reason = code === "ERR_TOO_LARGE" ? "it is nested too deep" : "it is no JSON";
    throw new ConfigurationError(
      "ERR_CREDENTIALS",
      `Cannot read ${where}: ${reason}, expected an object of registries`,
    );
  }
  if (isJsonObject(document)) return document;
  throw new ConfigurationError("ERR_CREDENTIALS", `Cannot read ${where}: it is no object, expected one of registries`);
}

/** A key such as `https://index.docker.io/v1/`, `quay.io/team` or `*.azurecr.io`. */
function placeOf(key: string): Pick<RegistryEntry, "host" | "path"> {
  const place = key.replace(/^https?:\/\//i, "");
  const slash = place.indexOf("/");
  if (slash < 0) return { host: hostOf(place), path: "" };
  const path = place.slice(slash).replace(/^\/v[12](?=\/|$)/, "").replace(/^\/+|\/+$/g, "");
  return { host: hostOf(place.slice(0, slash)), path };
}

/** Tokens before passwords, and `auth` before user and password: the order of Docker's own programs. */
function readEntry(entry: JsonValue): Pick<RegistryEntry, "proof" | "fault"> {
  if (!isJsonObject(entry)) return entry === null ? {} : { fault: "it is no object" };
  const text = (name: string): string => {
    const value = entry[name];
    return typeof value === "string" ? value : "";
  };
  const registryToken = text("registrytoken");
  if (registryToken !== "") return { proof: { type: "registryToken", token: registryToken } };
  const split = text("auth") === ""
    ? { username: text("username"), secret: text("password") }
    : splitAuth(text("auth"));
  const token = text("identitytoken");
  if (token !== "") {
    const known = "fault" in split || split.username === "" || split.username === TOKEN_USERNAME;
    return { proof: { type: "identityToken", token, ...(known ? {} : { username: split.username }) } };
  }
  if ("fault" in split) return split;
  return split.username === "" && split.secret === "" ? {} : { proof: proofOf(split.username, split.secret) };
}

/** User and password, or, for the user {@link TOKEN_USERNAME}, an identity token. */
export function proofOf(username: string, secret: string): CredentialProof {
  return username === TOKEN_USERNAME ? { type: "identityToken", token: secret } : { type: "basic", username, secret };
}

function splitAuth(auth: string): { readonly username: string; readonly secret: string } | { readonly fault: string } {
  let text: string;
  try {
    text = decodeUtf8(decodeBase64(auth));
  } catch {
    return { fault: 'its "auth" is no base64 of a text' };
  }
  const colon = text.indexOf(":");
  if (colon < 0) return { fault: 'its "auth" has no colon, expected user:password' };
  // Older versions of Docker filled up with zeros.
  return { username: text.slice(0, colon), secret: text.slice(colon + 1).replace(/\0+$/, "") };
}

/**
 * The entry Docker's and Podman's programs would choose: of the very host, and of several the one with the longest path
 * that the repository is or lies below.
 */
export function chooseEntry(
  entries: readonly RegistryEntry[],
  { host, repository }: CredentialQuestion,
): RegistryEntry | undefined {
  const wanted = hostOf(host);
  return longest(
    entries.filter((entry) =>
      entry.host === wanted && (entry.path === "" || `${repository}/`.startsWith(`${entry.path}/`))
    ),
  );
}

/**
 * The entry the kubelet would try first: hosts may have `*` for a label or a part of it, never for a port; the path is
 * compared as text, so that `team` is also `teamwork`.
 *
 * Spec: Kubernetes, "Images", section "Interpretation of config.json".
 */
export function chooseEntryAsKubelet(
  entries: readonly RegistryEntry[],
  { host, repository }: CredentialQuestion,
): RegistryEntry | undefined {
  const wanted = splitHost(hostOf(host));
  return longest(entries.filter((entry) => {
    const { labels, port } = splitHost(entry.host);
    return port === wanted.port && labels.length === wanted.labels.length && repository.startsWith(entry.path) &&
      labels.every((label, index) => isLike(label, wanted.labels[index] ?? ""));
  }));
}

/** A host that is named before a pattern of hosts, then the longest path; of the same length the first. */
function longest(entries: readonly RegistryEntry[]): RegistryEntry | undefined {
  const weight = ({ host, path }: RegistryEntry) => (host.includes("*") ? 0 : MAX_CREDENTIALS_BYTES) + path.length;
  let best: RegistryEntry | undefined;
  for (const entry of entries) {
    // An entry of a credential store has nothing to show.
    if (entry.proof === undefined && entry.fault === undefined) continue;
    if (best === undefined || weight(entry) > weight(best)) best = entry;
  }
  return best;
}

function splitHost(host: string): { readonly labels: readonly string[]; readonly port: string } {
  const match = /^(.*?)(?::(\d*))?$/.exec(host);
  return { labels: (match?.[1] ?? host).split("."), port: match?.[2] ?? "" };
}

/** `*` stands for any letters of one label. Patterns come from Secrets, so nothing is tried twice. */
function isLike(pattern: string, label: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === label;
  if (!label.startsWith(first) || label.length < first.length + last.length || !label.endsWith(last)) return false;
  let middle = label.slice(first.length, label.length - last.length);
  for (const part of rest) {
    const at = middle.indexOf(part);
    if (at < 0) return false;
    middle = middle.slice(at + part.length);
  }
  return true;
}
