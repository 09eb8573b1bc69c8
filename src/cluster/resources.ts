/** A cluster made of YAML files: what an API server would answer that holds these objects and no others. */
import { isJsonObject } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { Cluster, ClusterKind } from "../ports.ts";
import { type ApiPath, parseApiPath, requireNames } from "./api_path.ts";
import { guessPlural, KINDS, knownKind } from "./kinds.ts";
import { parseLabelSelector, selectsLabels } from "./label_selector.ts";
import { readResources, type Resource, type ResourceFile } from "./resource_files.ts";

/** The kinds of a cluster: apiVersion and plural → kind. */
type Plurals = ReadonlyMap<string, ClusterKind>;

/**
 * Makes a cluster of the objects in files.
 *
 * Objects are as the API server would keep them: without a namespace they are in `default` where their kind has
 * namespaces, a Secret's `stringData` is in its `data`, and a Namespace has its name as label.
 *
 * @throws {ConfigurationError} `ERR_RESOURCES` as `file:line:column` for what is no object, or is there twice;
 * `ERR_YAML`; `ERR_TOO_LARGE`.
 */
export function createResourcesCluster(files: readonly ResourceFile[]): Cluster {
  const resources = readResources(files);
  const byAddress = new Map(resources.map((resource) => [addressOf(resource), resource]));
  const byKind = groupByKind(resources);
  const plurals = pluralsOf(resources);

  function list(
    { apiVersion, kind, namespace, labelSelector = "" }: Parameters<Cluster["list"]>[0],
  ): readonly Resource[] {
    const requirements = parseLabelSelector(labelSelector);
    return (byKind.get(`${apiVersion} ${kind}`) ?? []).filter((resource) =>
      (namespace === "" || resource.namespace === namespace) && selectsLabels(requirements, labelsOf(resource))
    );
  }

  return {
    get: (object, { signal }) =>
      answer(signal, () => {
        requireNames(object, `Cannot get a resource`);
        return byAddress.get(addressOf(object))?.value;
      }),
    list: (objects, { signal }) =>
      answer(signal, () => {
        requireNames(objects, `Cannot list resources`);
        return list(objects).map(({ value }) => value);
      }),
    read: (text, { signal }) =>
      answer(signal, () => {
        const path = parseApiPath(text);
        const place = placeOf(path);
        if (place === undefined) throw refusePath(text, "the resources given answer for objects and lists of them");
        const { apiVersion, plural, namespace, name } = place;
        const kind = plurals.get(`${apiVersion} ${plural}`)?.kind;
        if (kind === undefined) return undefined;
        if (name !== undefined) return byAddress.get(addressOf({ apiVersion, kind, namespace, name }))?.value;
        const found = list({ apiVersion, kind, namespace, labelSelector: path.query.get("labelSelector") ?? "" });
        return listObject({ apiVersion, kind }, selectFields(found, path));
      }),
  };
}

/** As a promise, rejected when the signal has aborted or the work throws. */
function answer<T>(signal: AbortSignal, work: () => T): Promise<T> {
  return new Promise((resolve) => {
    signal.throwIfAborted();
    resolve(work());
  });
}

function addressOf({ apiVersion, kind, namespace, name }: Omit<Resource, "value">): string {
  return JSON.stringify([apiVersion, kind, namespace, name]);
}

/** The objects of each kind in the order in which an API server lists them: by namespace, then by name. */
function groupByKind(resources: readonly Resource[]): ReadonlyMap<string, readonly Resource[]> {
  const groups = new Map<string, Resource[]>();
  const key = ({ namespace, name }: Resource) => `${namespace}/${name}`;
  for (const resource of [...resources].sort((one, other) => key(one) < key(other) ? -1 : 1)) {
    const { apiVersion, kind } = resource;
    const group = groups.get(`${apiVersion} ${kind}`) ?? [];
    groups.set(`${apiVersion} ${kind}`, group);
    group.push(resource);
  }
  return groups;
}

/**
 * Plurals of Kubernetes' own kinds, of what CustomResourceDefinitions among the objects say, and of the rest by the
 * rule.
 */
function pluralsOf(resources: readonly Resource[]): Plurals {
  const plurals = new Map<string, ClusterKind>();
  for (const { apiVersion, kind } of resources) plurals.set(`${apiVersion} ${guessPlural(kind)}`, { apiVersion, kind });
  for (const { value } of resources) {
    const { spec } = value;
    if (value["kind"] !== "CustomResourceDefinition" || !isJsonObject(spec) || !isJsonObject(spec["names"])) continue;
    const { kind, plural } = spec["names"];
    const versions = Array.isArray(spec["versions"]) ? spec["versions"] : [];
    if (typeof kind !== "string" || typeof plural !== "string") continue;
    for (const version of versions) {
      const apiVersion = `${spec["group"]}/${isJsonObject(version) ? version["name"] : ""}`;
      plurals.set(`${apiVersion} ${plural}`, { apiVersion, kind });
    }
  }
  for (const { apiVersion, kind, plural } of KINDS) plurals.set(`${apiVersion} ${plural}`, { apiVersion, kind });
  return plurals;
}

/** What a path leads to. */
interface Place {
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespace: string;
  /** Of one object; absent for a list. */
  readonly name?: string;
}

/** `undefined` for discovery, `/version` and parts of objects. */
function placeOf({ segments }: ApiPath): Place | undefined {
  const [root, first = "", second = ""] = segments;
  const apiVersion = root === "api" ? first : `${first}/${second}`;
  const rest = segments.slice(root === "api" ? 2 : 3);
  const place = (plural: string | undefined, namespace: string, name: string | undefined) =>
    plural === undefined ? undefined : { apiVersion, plural, namespace, ...(name === undefined ? {} : { name }) };
  // `namespaces/NAME` alone is an object; with more, it is where others are.
  if (rest[0] === "namespaces" && rest.length > 2) {
    return rest.length > 4 ? undefined : place(rest[2], rest[1] ?? "", rest[3]);
  }
  return rest.length > 2 ? undefined : place(rest[0], "", rest[1]);
}

/** By `metadata.name` and `metadata.namespace`, the fields every kind can be selected by. */
function selectFields(resources: readonly Resource[], { text, query }: ApiPath): readonly Resource[] {
  const wanted = (query.get("fieldSelector") ?? "").split(",").filter((part) => part !== "").map((part) => {
    const [, field, value = ""] = /^metadata\.(name|namespace)==?([^=]*)$/.exec(part) ?? [];
    if (field === undefined) throw refusePath(text, "resources are selected by metadata.name and metadata.namespace");
    return field === "name" ? { name: value } : { namespace: value };
  });
  return resources.filter((resource) =>
    wanted.every(({ name = resource.name, namespace = resource.namespace }) =>
      name === resource.name && namespace === resource.namespace
    )
  );
}

function refusePath(path: string, what: string): ConfigurationError {
  return new ConfigurationError("ERR_CLUSTER_PATH", `Cannot read "${path}" of the resources: ${what}`);
}

/** A list as the API server writes it: objects of its own kinds without apiVersion and kind, which the list has. */
function listObject({ apiVersion, kind }: ClusterKind, resources: readonly Resource[]): unknown {
  const isOwn = knownKind({ apiVersion, kind }) !== undefined;
  const items = resources.map(({ value }) => {
    if (!isOwn) return value;
    const { apiVersion: _apiVersion, kind: _kind, ...rest } = value;
    return rest;
  });
  return { kind: `${kind}List`, apiVersion, metadata: { resourceVersion: "" }, items };
}

function labelsOf({ value }: Resource): Readonly<Record<string, unknown>> {
  const metadata = value["metadata"];
  return isJsonObject(metadata) && isJsonObject(metadata["labels"]) ? metadata["labels"] : {};
}
