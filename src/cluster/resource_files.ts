/** Files with Kubernetes objects → the objects, as an API server would keep them. */
import { encodeBase64, encodeUtf8, isJsonObject, type JsonObject, parseYaml, printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { isSegment, requireNames } from "./api_path.ts";
import { knownKind } from "./kinds.ts";

/** Characters of all files together at most. */
export const MAX_RESOURCE_CHARACTERS = 64 * 1024 * 1024;

/** Objects of all files together at most. */
export const MAX_RESOURCES = 50_000;

/** Text of a file with objects: YAML documents or JSON, `List` kinds among them. */
export interface ResourceFile {
  /** Names it in messages: its path. */
  readonly source: string;
  readonly text: string;
}

/** One object and its address. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  /** `""` for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly value: JsonObject;
}

/** Where a value of a document is: begins a message. */
type At = (path: readonly (string | number)[]) => string;

/**
 * Reads every object of the files, in their order.
 *
 * @throws As `createResourcesCluster`.
 */
export function readResources(files: readonly ResourceFile[]): readonly Resource[] {
  const characters = files.reduce((sum, { text }) => sum + text.length, 0);
  if (characters > MAX_RESOURCE_CHARACTERS) {
    throw new ConfigurationError(
      "ERR_TOO_LARGE",
      `Cannot read resources: ${characters} characters, expected at most ${MAX_RESOURCE_CHARACTERS}`,
    );
  }
  const resources = new Map<string, { readonly resource: Resource; readonly where: string }>();
  for (const { source, text } of files) {
    for (const { value, locate } of parseYaml(text, source)) {
      const at: At = (path) => {
        const { line, column } = locate(path);
        return `${printable(source)}:${line}:${column}`;
      };
      for (const { resource, path } of readDocument(value, at)) {
        const { apiVersion, kind, namespace, name } = resource;
        // One object has every version of its group, so two versions of it are two texts about one.
        const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
        const key = JSON.stringify([group, kind, namespace, name]);
        const first = resources.get(key);
        if (first !== undefined) throw fault(at(path), `${describe(resource)} is already at ${first.where}`);
        resources.set(key, { resource, where: at(path) });
        if (resources.size > MAX_RESOURCES) throw fault(at(path), `more than ${MAX_RESOURCES} objects`);
      }
    }
  }
  return [...resources.values()].map(({ resource }) => resource);
}

interface Found {
  readonly resource: Resource;
  readonly path: readonly (string | number)[];
}

/** One object, or those of a list. */
function readDocument(value: unknown, at: At): readonly Found[] {
  if (isList(value)) {
    const { items, apiVersion, kind } = value;
    if (!Array.isArray(items)) throw fault(at([]), `a ${printable(kind, 80)} without items, expected an array of them`);
    const own = kind === "List" ? undefined : { apiVersion, kind: kind.slice(0, -"List".length) };
    return items.map((item: unknown, index) => {
      const path = ["items", index];
      // Items of a typed list leave out what the list says.
      const whole = isJsonObject(item) && own !== undefined ? { ...own, ...item } : item;
      return { resource: readObject(whole, path, at), path };
    });
  }
  return [{ resource: readObject(value, [], at), path: [] }];
}

/** Lists have no name; an object of a kind such as `AllowList` has one. */
function isList(value: unknown): value is JsonObject & { readonly kind: string } {
  if (!isJsonObject(value) || typeof value["kind"] !== "string" || !value["kind"].endsWith("List")) return false;
  const { kind, metadata } = value;
  return kind === "List" || !isJsonObject(metadata) || metadata["name"] === undefined;
}

function readObject(value: unknown, path: readonly (string | number)[], at: At): Resource {
  if (!isJsonObject(value)) throw fault(at(path), "expected an object with apiVersion, kind and metadata.name");
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || !isJsonObject(metadata)) {
    throw fault(at(path), "expected an object with apiVersion, kind and metadata.name as text");
  }
  const { name, namespace = "", labels = {} } = metadata;
  const named = [...path, "metadata"];
  if (typeof name !== "string" || !isSegment(name)) {
    throw fault(at([...named, "name"]), "metadata.name is no object's name");
  }
  if (typeof namespace !== "string") throw fault(at([...named, "namespace"]), "metadata.namespace is no text");
  if (!isJsonObject(labels) || Object.values(labels).some((label) => typeof label !== "string")) {
    throw fault(at([...named, "labels"]), "metadata.labels is no map of texts");
  }
  try {
    requireNames({ apiVersion, kind, namespace, name }, "names");
  } catch (cause) {
    throw fault(at(path), (cause as ConfigurationError).message.replace(/^names: /, ""));
  }
  const isNamespaced = knownKind({ apiVersion, kind })?.namespaced;
  if (isNamespaced === false && namespace !== "") {
    throw fault(
      at([...named, "namespace"]),
      `a ${kind} is in the namespace "${namespace}", expected none: it has none`,
    );
  }
  const place = isNamespaced === true && namespace === "" ? "default" : namespace;
  return { apiVersion, kind, namespace: place, name, value: asKept(value, metadata, place) };
}

/** What the API server makes of an object when it is created, where policies could see the difference. */
function asKept(value: JsonObject, metadata: JsonObject, namespace: string): JsonObject {
  const { apiVersion, kind } = value;
  const placed = namespace === "" ? metadata : { ...metadata, namespace };
  if (apiVersion === "v1" && kind === "Namespace") {
    const labels = { ...metadata["labels"] as JsonObject, "kubernetes.io/metadata.name": metadata["name"] ?? "" };
    return { ...value, metadata: { ...placed, labels } };
  }
  const { stringData, ...rest } = value;
  if (apiVersion !== "v1" || kind !== "Secret" || !isJsonObject(stringData)) return { ...value, metadata: placed };
  const encoded = Object.entries(stringData).map(([name, text]) => [name, encodeBase64(encodeUtf8(String(text)))]);
  const data = isJsonObject(value["data"]) ? value["data"] : {};
  return { ...rest, metadata: placed, data: { ...data, ...Object.fromEntries(encoded) } };
}

function describe({ kind, namespace, name }: Resource): string {
  return `the ${kind} "${namespace === "" ? name : `${namespace}/${name}`}"`;
}

function fault(where: string, what: string): ConfigurationError {
  return new ConfigurationError("ERR_RESOURCES", `Cannot read ${where}: ${what}`);
}
