/** What an API server calls its kinds: its discovery documents, kept for a while. */
import { isJsonObject, type JsonValue } from "../encoding/mod.ts";
import { UnavailableError } from "../errors.ts";
import type { ClusterKind, Ports } from "../ports.ts";
import { isSegment } from "./api_path.ts";
import type { KindEntry } from "./kinds.ts";
import { type Ask, MAX_OBJECT_BYTES } from "./question.ts";

/** How long what a server said of its kinds is believed. */
export const DISCOVERY_AGE_MILLISECONDS = 5 * 60_000;

/** How long it is believed that there is no such kind: somebody may be about to install it. */
export const MISSING_KIND_AGE_MILLISECONDS = 10_000;

/** Group versions kept at most. */
export const MAX_DISCOVERED_VERSIONS = 100;

/** Kinds of one group version, by name, and when they were asked for. */
interface Discovered {
  readonly at: number;
  readonly kinds: ReadonlyMap<string, KindEntry>;
}

/** Finds a kind; `undefined` when the server has none of that name. */
export type FindKind = (kind: ClusterKind, action: string, signal: AbortSignal) => Promise<KindEntry | undefined>;

/** Makes a finder that asks the server for each group version once in a while. */
export function createDiscovery(ask: Ask, now: Ports["now"]): FindKind {
  const kept = new Map<string, Discovered>();
  return async ({ apiVersion, kind }, action, signal) => {
    const known = kept.get(apiVersion);
    if (known !== undefined) {
      const found = known.kinds.get(kind);
      const age = now().getTime() - known.at;
      if (age < (found === undefined ? MISSING_KIND_AGE_MILLISECONDS : DISCOVERY_AGE_MILLISECONDS)) return found;
    }
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const answer = await ask({ action, path, maxBytes: MAX_OBJECT_BYTES, signal });
    const kinds = answer === undefined ? new Map<string, KindEntry>() : readKinds(answer.value, apiVersion, action);
    const [oldest] = kept.keys();
    if (oldest !== undefined && kept.size >= MAX_DISCOVERED_VERSIONS) kept.delete(oldest);
    kept.delete(apiVersion);
    kept.set(apiVersion, { at: now().getTime(), kinds });
    return kinds.get(kind);
  };
}

/** Spec: Kubernetes, meta/v1 `APIResourceList`; `pods/status` and the like are parts of other resources. */
function readKinds(value: JsonValue, apiVersion: string, action: string): ReadonlyMap<string, KindEntry> {
  const resources = isJsonObject(value) && value["kind"] === "APIResourceList" ? value["resources"] : undefined;
  if (!Array.isArray(resources)) {
    throw new UnavailableError("ERR_CLUSTER", `${action}: the API server did not say which kinds ${apiVersion} has`);
  }
  const kinds = new Map<string, KindEntry>();
  for (const resource of resources as readonly JsonValue[]) {
    if (!isJsonObject(resource)) continue;
    const { name, kind, namespaced } = resource;
    if (typeof name !== "string" || typeof kind !== "string" || !isSegment(name) || kinds.has(kind)) continue;
    kinds.set(kind, { apiVersion, kind, plural: name, namespaced: namespaced === true });
  }
  return kinds;
}
