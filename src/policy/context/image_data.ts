/** Context entries of type `imageRegistry`: manifest and configuration of an image, each compared with its digest. */
import { isJsonObject, parseJson, printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import { type Descriptor, type Manifest, parseReference, type Reference, repositoryName } from "../../oci/mod.ts";
import { type ContextEntry, type ContextSources, inOtherWords } from "../context.ts";
import { CONTEXT_REFUSALS } from "../message.ts";
import { enforced, type FieldTable, ignored, type Reader, readFields, text } from "../schema.ts";
import type { VariableScope } from "../scope.ts";
import { hasVariable, substitute, substituteInExpression } from "../variables.ts";
import { queryText } from "./query.ts";

/** Bytes of an image's configuration at most: what is read of it has to fit into the context. */
export const MAX_CONFIGURATION_BYTES = 1024 * 1024;

/** The child of an index that is looked at, as Kyverno's client chooses it. */
const PLATFORM = { os: "linux", architecture: "amd64" } as const;

const reference: Reader<string> = (value, path, gate) => {
  const found = text(value, path, gate);
  if (found === undefined || found === "" || hasVariable(found)) return found;
  try {
    parseReference(found);
    return found;
  } catch (thrown) {
    return void gate.refuse(
      path,
      `bad image: ${printable(found, 400)}: ${thrown instanceof Error ? printable(thrown.message) : ""}`,
    );
  }
};

const IMAGE_REGISTRY = {
  reference: enforced(reference),
  jmesPath: enforced(queryText),
  imageRegistryCredentials: ignored(
    "how registries are reached and with which credentials is this endpoint's own configuration",
  ),
} satisfies FieldTable;

/** Reads `imageRegistry`. */
export const imageDataEntry: Reader<(name: string) => ContextEntry["load"]> = (value, path, gate) => {
  const before = gate.problems.length;
  const fields = readFields(value, path, IMAGE_REGISTRY, gate);
  if (fields === undefined || gate.problems.length > before) return undefined;
  const { reference: image = "", jmesPath = "" } = fields;
  if (image === "") return void gate.refuse(path, CONTEXT_REFUSALS.reference);
  return (name) => async (scope, sources) => {
    const put = <T>(given: string, work: (text: string, seen: VariableScope, path: string) => Promise<T>) =>
      inOtherWords(
        () => work(given, scope, ""),
        (message) => `failed to substitute variables in context entry ${name} ${printable(given, 400)}: ${message}`,
      );
    const given = await put(image, substitute);
    const query = jmesPath === "" ? "" : await put(jmesPath, substituteInExpression);
    if (typeof given !== "string" || typeof query !== "string") {
      throw new ConfigurationError(
        "ERR_VARIABLE",
        `invalid image reference ${printable(String(given), 400)}, image reference must be a string`,
      );
    }
    const data = await fetchImageData(given, sources);
    const found = query === "" ? data : await inOtherWords(
      () => scope.search(query, data),
      (message) =>
        `failed to apply JMESPath (${printable(jmesPath, 400)}) results to context entry ${name}, error: ${message}`,
    );
    return await inOtherWords(
      () => (sources.charge(found), found),
      (message) => `failed to add resource data to context: contextEntry: ${name}, error: ${message}`,
    );
  };
};

async function fetchImageData(given: string, { artifacts }: ContextSources): Promise<unknown> {
  const shown = printable(given, 400);
  const failed = (what: string) => (message: string) => `failed to ${what}: ${shown}, error: ${message}`;
  const { found, descriptor } = await inOtherWords(
    async () => {
      const parsed = await inOtherWords(() => withTag(parseReference(given)), failed("parse image reference"));
      // The view's own answer: what variables see is what is verified and pinned.
      const resolved = await inOtherWords(() => artifacts.resolve(parsed), failed("fetch image reference"));
      return { found: parsed, descriptor: resolved };
    },
    failed("fetch image descriptor"),
  );
  // With the credentials that the view itself asks with.
  const repository = artifacts.ports.open(found);
  const read = (one: Descriptor) =>
    inOtherWords(() => repository.fetchManifest(one, artifacts.call), failed("fetch image descriptor"));
  const first = await read(descriptor);
  const child = first.kind === "index" ? childOf(first, shown) : undefined;
  const manifest = child === undefined ? first : await read(child);
  const { config } = manifest;
  const configData = await inOtherWords(
    async () => {
      if (config === undefined) throw new ConfigurationError("ERR_VARIABLE", "the manifest names no configuration");
      const options = { ...artifacts.call, maxBytes: MAX_CONFIGURATION_BYTES };
      return jsonOf(await repository.fetchBlob(config, options));
    },
    failed("fetch config for image reference"),
  );
  return {
    image: given,
    ...namesOf(found, descriptor),
    manifestList: child === undefined ? null : jsonOf(first.bytes),
    manifest: jsonOf(manifest.bytes),
    configData,
  };
}

const withTag = (reference: Reference): Reference =>
  reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;

function childOf({ manifests }: Manifest, shown: string): Descriptor {
  const found = manifests.find(({ platform }) =>
    platform?.os === PLATFORM.os && platform.architecture === PLATFORM.architecture
  );
  if (found !== undefined) return found;
  throw new ConfigurationError(
    "ERR_VARIABLE",
    `failed to resolve image reference: ${shown}, error: no child with platform linux/amd64 in index`,
  );
}

/** Kyverno's client calls Docker Hub by its older name. */
function namesOf({ registry, repository, tag, digest }: Reference, descriptor: Descriptor) {
  const host = registry === "docker.io" ? "index.docker.io" : registry;
  const identifier = [tag, digest].filter((part) => part !== undefined).join("@");
  return {
    resolvedImage: `${repositoryName({ registry: host, repository })}@${descriptor.digest}`,
    registry: host,
    repository,
    identifier,
  };
}

function jsonOf(bytes: Uint8Array): unknown {
  const found = parseJson(bytes);
  return isJsonObject(found) ? found : null;
}
