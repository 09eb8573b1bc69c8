/** Paths of the Kubernetes API: made of names that cannot leave their place, and taken apart again. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { ClusterKind } from "../ports.ts";
import { parseLabelSelector } from "./label_selector.ts";

/** Characters of a path, its query included, at most. */
export const MAX_PATH_CHARACTERS = 4 * 1024;

const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const GROUP = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const VERSION = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const KIND = /^[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
/** What names are made of anywhere in the API; RBAC's have colons and capitals. */
const SEGMENT = /^[A-Za-z0-9._:~@+-]{1,253}$/;

/** Query parameters a path may have: what selects. `watch` and the like would change what is answered. */
const PARAMETERS: ReadonlySet<string> = new Set(["labelSelector", "fieldSelector", "limit"]);

/** A path taken apart. */
export interface ApiPath {
  /** As it is sent. */
  readonly text: string;
  /** After the slash: `["api", "v1", "namespaces", "default"]`. */
  readonly segments: readonly string[];
  readonly query: ReadonlyMap<string, string>;
}

const refuse = (action: string, what: string) => new ConfigurationError("ERR_CLUSTER_PATH", `${action}: ${what}`);

/**
 * Holds what a question names against the API's grammar, so that no name becomes more of the path than a name.
 *
 * @param action Begins the message.
 * @throws {ConfigurationError} `ERR_CLUSTER_PATH`
 *
 * Spec: RFC 1123 labels and subdomains, path segment names: Kubernetes, "Object Names and IDs".
 */
export function requireNames(
  { apiVersion, kind, namespace, name }: ClusterKind & { readonly namespace: string; readonly name?: string },
  action: string,
): void {
  const parts = apiVersion.split("/");
  const group = parts.length === 2 ? parts[0] ?? "" : "core";
  if (parts.length > 2 || !GROUP.test(group) || !VERSION.test(parts.at(-1) ?? "")) {
    throw refuse(action, `the apiVersion is "${printable(apiVersion, 80)}", expected such as v1 or apps/v1`);
  }
  if (!KIND.test(kind)) throw refuse(action, `the kind is "${printable(kind, 80)}", expected such as ConfigMap`);
  if (namespace !== "" && !NAMESPACE.test(namespace)) {
    throw refuse(action, `the namespace is "${printable(namespace, 80)}", expected an RFC 1123 label`);
  }
  if (name !== undefined && !isSegment(name)) {
    throw refuse(action, `the name is "${printable(name, 80)}", expected an object's name`);
  }
}

/**
 * The path of a kind's objects: `/apis/apps/v1/namespaces/default/deployments`.
 *
 * @param plural Held against the grammar by whoever learned it.
 */
export function collectionPath(apiVersion: string, namespace: string, plural: string): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespace === "" ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
}

/** Whether a text may stand between two slashes: no dots alone, nothing that a server could read as more. */
export function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== "." && text !== "..";
}

/**
 * Takes a path apart.
 *
 * Policies write them, and requests fill their variables in: whatever a server could read otherwise than it looks is
 * refused, such as `..`, `//`, percent signs and fragments, and so is asking through the API server into the cluster
 * (`…/proxy/…`).
 *
 * @throws {ConfigurationError} `ERR_CLUSTER_PATH`
 */
export function parseApiPath(text: string): ApiPath {
  const action = `Cannot read "${printable(text, 200)}" of the cluster`;
  if (text.length > MAX_PATH_CHARACTERS) {
    throw refuse(action, `the path has ${text.length} characters, expected at most ${MAX_PATH_CHARACTERS}`);
  }
  const [path = "", queryText, ...more] = text.split("?");
  const [first, ...segments] = path.split("/");
  if (first !== "" || segments.length === 0 || !["api", "apis", "version"].includes(segments[0] ?? "")) {
    throw refuse(action, "expected a path below /api or /apis, or /version");
  }
  const wrong = segments.find((segment) => !isSegment(segment));
  if (wrong !== undefined) throw refuse(action, `"${printable(wrong, 80)}" cannot be part of a path of the API`);
  if (segments.includes("proxy")) throw refuse(action, "what runs in the cluster is not asked through the API server");
  if (more.length > 0 || text.includes("#")) throw refuse(action, "expected at most one query, and no fragment");
  return { text, segments, query: parseQuery(queryText, action) };
}

function parseQuery(text: string | undefined, action: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  if (text === undefined) return query;
  // Only what a URL may hold: what the client would escape or drop is not sent as it looks.
  if (!/^[A-Za-z0-9._~!$'()*,;:@/=&%+-]*$/.test(text)) throw refuse(action, "the query is not percent-encoded");
  for (const part of text.split("&")) {
    const [, name = "", encoded = ""] = /^([^=]*)=(.*)$/.exec(part) ?? [];
    if (!PARAMETERS.has(name) || query.has(name)) {
      const expected = [...PARAMETERS].join(", ");
      throw refuse(action, `the parameter "${printable(part, 80)}" is not one of ${expected}, each once`);
    }
    query.set(name, decode(encoded, action));
  }
  const limit = query.get("limit");
  if (limit !== undefined && !/^[1-9][0-9]{0,4}$/.test(limit)) throw refuse(action, "the limit is no number");
  parseLabelSelector(query.get("labelSelector") ?? "");
  return query;
}

function decode(text: string, action: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw refuse(action, "the query is not percent-encoded");
  }
}
