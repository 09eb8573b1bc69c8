/** A cluster that is asked over HTTP: the Kubernetes API, read only. */
import { isJsonObject, type JsonObject, printable } from "../encoding/mod.ts";
import { ConfigurationError, UnavailableError } from "../errors.ts";
import type { Cluster, ClusterKind } from "../ports.ts";
import type { ClusterAccess } from "./access.ts";
import { collectionPath, parseApiPath, requireNames } from "./api_path.ts";
import { createDiscovery } from "./discovery.ts";
import { type KindEntry, knownKind } from "./kinds.ts";
import { parseLabelSelector } from "./label_selector.ts";
import { type Ask, type ClusterPorts, createAsk, ExpiredError, MAX_OBJECT_BYTES } from "./question.ts";

/** Objects asked for at once. */
export const PAGE_OBJECTS = 500;

/** Pages of one list at most. */
export const MAX_LIST_PAGES = 100;

/** Objects of one list at most. */
export const MAX_LIST_OBJECTS = 20_000;

/** Bytes of one list at most, all pages together. */
export const MAX_LIST_BYTES = 64 * 1024 * 1024;

/** Times a list is asked for from its beginning because the server forgot where it was. */
export const MAX_LIST_RESTARTS = 1;

/**
 * Makes a cluster of an API server. Nothing is kept but what the server calls its kinds: every question is asked.
 *
 * @param access From a kubeconfig or a service account.
 * @param ports `fetch` believes and proves what `access.tls` says.
 */
export function createApiServerCluster(access: ClusterAccess, ports: ClusterPorts): Cluster {
  const ask = createAsk(access, ports);
  const discover = createDiscovery(ask, ports.now);

  /** Kubernetes' own kinds are called as they always were: about them nothing needs to be asked. */
  async function find(kind: ClusterKind, action: string, signal: AbortSignal): Promise<KindEntry | undefined> {
    return knownKind(kind) ?? await discover(kind, action, signal);
  }

  return {
    get: async (object, { signal }) => {
      const { apiVersion, kind, namespace, name } = object;
      const action = `Cannot get ${describe(object)}`;
      requireNames(object, action);
      const entry = await find(object, action, signal);
      if (entry === undefined) return undefined;
      requireScope(entry, namespace !== "", action);
      const path = `${collectionPath(apiVersion, namespace, entry.plural)}/${encodeURIComponent(name)}`;
      const answer = await ask({ action, path, maxBytes: MAX_OBJECT_BYTES, signal });
      if (answer === undefined) return undefined;
      const { value } = answer;
      const metadata = isJsonObject(value) && value["kind"] === kind ? value["metadata"] : undefined;
      if (!isJsonObject(metadata) || metadata["name"] !== name || (metadata["namespace"] ?? "") !== namespace) {
        throw new UnavailableError("ERR_CLUSTER", `${action}: the API server answered with something else`);
      }
      return value;
    },
    list: async (objects, { signal }) => {
      const { namespace, labelSelector = "" } = objects;
      const action = `Cannot list ${describe({ ...objects, name: "*" })}`;
      requireNames(objects, action);
      parseLabelSelector(labelSelector);
      const entry = await find(objects, action, signal);
      if (entry === undefined) return [];
      if (namespace !== "") requireScope(entry, true, action);
      return await listPages({ ask, entry, namespace, labelSelector, action, signal });
    },
    read: async (text, { signal }) => {
      const path = parseApiPath(text);
      const action = `Cannot read "${printable(text, 200)}" of the cluster`;
      return (await ask({ action, path: path.text, maxBytes: MAX_OBJECT_BYTES, signal }))?.value;
    },
  };
}

/** What is listed, and by whom. */
interface Listing {
  readonly ask: Ask;
  readonly entry: KindEntry;
  readonly namespace: string;
  readonly labelSelector: string;
  readonly action: string;
  readonly signal: AbortSignal;
}

/** Every page; from the beginning again when the server says that the rest has expired. */
async function listPages(listing: Listing): Promise<readonly JsonObject[]> {
  for (let restarts = 0;; restarts++) {
    try {
      return await listOnce(listing);
    } catch (thrown) {
      if (!(thrown instanceof ExpiredError) || restarts >= MAX_LIST_RESTARTS) throw thrown;
    }
  }
}

async function listOnce({ ask, entry, namespace, labelSelector, action, signal }: Listing) {
  const objects: JsonObject[] = [];
  let bytesLeft = MAX_LIST_BYTES;
  let next = "";
  for (let pages = 0; pages < MAX_LIST_PAGES; pages++) {
    const query = new URLSearchParams({ limit: String(PAGE_OBJECTS) });
    if (labelSelector !== "") query.set("labelSelector", labelSelector);
    if (next !== "") query.set("continue", next);
    const path = `${collectionPath(entry.apiVersion, namespace, entry.plural)}?${query}`;
    const answer = await ask({ action, path, maxBytes: bytesLeft, signal });
    // The kind may have been removed since it was found; between two pages nothing disappears.
    if (answer === undefined && pages === 0) return [];
    const page = readPage(answer?.value, entry, namespace, action);
    objects.push(...page.items);
    bytesLeft -= answer?.bytes ?? 0;
    if (objects.length > MAX_LIST_OBJECTS) break;
    if (page.next === "") return objects;
    next = page.next;
  }
  throw new ConfigurationError(
    "ERR_TOO_LARGE",
    `${action}: more than ${MAX_LIST_OBJECTS} objects or ${MAX_LIST_PAGES} pages`,
  );
}

/** Items of a typed list leave out what the list says; here each is whole. */
function readPage(value: unknown, { apiVersion, kind }: KindEntry, namespace: string, action: string) {
  const refuse = (what: string) =>
    new UnavailableError("ERR_CLUSTER", `${action}: the API server answered with ${what}`);
  // A list without objects is written as `null` by some servers.
  const items = isJsonObject(value) && value["kind"] === `${kind}List` ? value["items"] ?? [] : undefined;
  if (!isJsonObject(value) || !Array.isArray(items)) throw refuse(`something else than a ${kind}List`);
  const objects = (items as readonly unknown[]).map((item): JsonObject => {
    const metadata = isJsonObject(item) ? item["metadata"] : undefined;
    if (!isJsonObject(item) || !isJsonObject(metadata)) throw refuse("an item that is no object");
    if (namespace !== "" && metadata["namespace"] !== namespace) throw refuse("an item of another namespace");
    return { ...item, apiVersion, kind };
  });
  const metadata = value["metadata"];
  const next = isJsonObject(metadata) ? metadata["continue"] ?? "" : "";
  if (typeof next !== "string") throw refuse("a continue token that is no text");
  return { items: objects, next };
}

function requireScope({ kind, namespaced }: KindEntry, hasNamespace: boolean, action: string): void {
  if (namespaced === hasNamespace) return;
  throw new ConfigurationError("ERR_CLUSTER_PATH", `${action}: a ${kind} is in ${namespaced ? "a" : "no"} namespace`);
}

function describe({ kind, namespace, name }: ClusterKind & { readonly namespace: string; readonly name: string }) {
  return `the ${printable(kind, 80)} "${printable(namespace === "" ? name : `${namespace}/${name}`, 200)}"`;
}
