/** Which requests need no policy: nothing starts to run because of them. */
import { isJsonObject } from "../encoding/mod.ts";
import type { CompiledPolicy, KubernetesObject, PolicyRequest } from "./policy.ts";
import { extractImages, KINDS_WITH_IMAGES, type ResourceImages } from "./images.ts";

/**
 * Whether a request is let through unasked, so that a webhook cannot wedge a cluster:
 *
 * - DELETE and CONNECT: they start nothing;
 * - updates that leave everything but `metadata` and `status` as it was;
 * - updates of objects that are being deleted, as finalizers are taken off, unless they change an image.
 *
 * Only the stored object is believed about deletion: whoever creates an object can write anything into the new one.
 *
 * @param policies Those that may look for images where only they know.
 */
export function needsNoPolicy(
  request: PolicyRequest,
  policies: readonly Pick<CompiledPolicy, "extractedKinds">[] = [],
): boolean {
  const { operation, object, oldObject } = request;
  if (operation === "DELETE" || operation === "CONNECT") return true;
  if (operation !== "UPDATE" || object === undefined || oldObject === undefined) return false;
  if (equalJson(runningPart(object), runningPart(oldObject))) return true;
  const { kind } = request;
  const isKnown = KINDS_WITH_IMAGES.includes(kind) && !policies.some((policy) => policy.extractedKinds.has(kind));
  return isKnown && isBeingDeleted(oldObject) && equalImages(request, oldObject);
}

/** Everything about an object but what does not run. */
function runningPart(object: KubernetesObject): KubernetesObject {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

function isBeingDeleted(object: KubernetesObject): boolean {
  const metadata = object["metadata"];
  return isJsonObject(metadata) && typeof metadata["deletionTimestamp"] === "string";
}

function equalImages(request: PolicyRequest, oldObject: KubernetesObject): boolean {
  // As a CREATE of its own, so that nothing is left out for being unchanged.
  const [now, before] = [request.object, oldObject].map((object) =>
    extractImages({ ...request, operation: "CREATE", ...(object === undefined ? {} : { object }) })
  );
  const texts = (found: ResourceImages | undefined) =>
    [...found?.images ?? [], ...found?.invalid ?? []].map(({ pointer, image }) => [pointer, image]);
  // Too many to be listed are too many to be compared.
  if (now?.invalid.some(({ refusal }) => refusal.code === "ERR_TOO_LARGE") === true) return false;
  return equalJson(texts(now), texts(before));
}

/** Whether two JSON values are the same, whatever the order of their names. */
export function equalJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((item, at) => equalJson(item, other[at]));
  }
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && equalJson(one[name], other[name]));
}
