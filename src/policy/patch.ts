/** Digest and annotation changes as JSON Patch operations (RFC 6902). */
import { formatPointer, isJsonObject } from "../encoding/mod.ts";
import { comparePointers } from "./images.ts";
import type { ImageResponse, KubernetesObject, PatchOperation, RuleResponse } from "./policy.ts";

/** Where Kyverno notes which images were verified. It is written for people and reports; nothing here reads it. */
export const VERIFY_IMAGES_ANNOTATION = "kyverno.io/verify-images";

/**
 * The operations that pin verified images and note what was found, the annotation first.
 *
 * Applied and asked again, the resource needs none: what is there already is not written twice.
 *
 * @param object The object under review.
 * @param responses Of all policies; two that pin the same image pin it to the same digest.
 */
export function patchesFor(object: KubernetesObject, responses: readonly RuleResponse[]): readonly PatchOperation[] {
  const images = responses.flatMap((response) => response.images);
  return [...annotationPatches(object, images), ...pinPatches(images)];
}

function pinPatches(images: readonly ImageResponse[]): readonly PatchOperation[] {
  const pins = new Map<string, string>();
  for (const { pointer, pin } of images) {
    if (pin !== undefined && !pins.has(pointer)) pins.set(pointer, pin.value);
  }
  return [...pins].sort(([one], [other]) => comparePointers(one, other))
    .map(([path, value]) => ({ op: "replace", path, value }));
}

function annotationPatches(object: KubernetesObject, images: readonly ImageResponse[]): readonly PatchOperation[] {
  const value = verifyImagesAnnotation(images);
  if (value === undefined) return [];
  const metadata = object["metadata"];
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  if (isJsonObject(annotations) && annotations[VERIFY_IMAGES_ANNOTATION] === value) return [];
  const patches: PatchOperation[] = [];
  if (!isJsonObject(metadata)) patches.push({ op: "add", path: "/metadata", value: {} });
  if (!isJsonObject(annotations) || Object.keys(annotations).length === 0) {
    patches.push({ op: "add", path: "/metadata/annotations", value: {} });
  }
  const path = formatPointer(["metadata", "annotations", VERIFY_IMAGES_ANNOTATION]);
  return [...patches, { op: "add", path, value }];
}

const NOTES: Readonly<Record<ImageResponse["status"], "pass" | "fail" | "skip">> = {
  pass: "pass",
  skip: "skip",
  warning: "skip",
  fail: "fail",
  error: "fail",
};

/** What matters more when several rules looked at one image. */
const WEIGHT: Readonly<Record<"pass" | "fail" | "skip", number>> = { skip: 0, pass: 1, fail: 2 };

/**
 * The annotation's value: image → what was found, names sorted; an image that was pinned goes by its digest.
 *
 * @returns `undefined` when no attestor was asked and no image left out.
 */
function verifyImagesAnnotation(images: readonly ImageResponse[]): string | undefined {
  const notes = new Map<string, "pass" | "fail" | "skip">();
  const digests = new Map(images.flatMap(({ image, pin }) => pin === undefined ? [] : [[image, pin.digest] as const]));
  for (const { image, status, outcomes, refusal } of images) {
    // An image that was only pinned, or is no reference at all, was not verified by anybody.
    if (status === "pass" && outcomes.length === 0) continue;
    if (refusal?.code === "IMAGE_REFERENCE_INVALID" || refusal?.code === "ERR_TOO_LARGE") continue;
    const digest = digests.get(image);
    const key = digest === undefined ? image : `${image.slice(0, image.lastIndexOf(":"))}@${digest}`;
    const note = NOTES[status];
    const before = notes.get(key);
    if (before === undefined || WEIGHT[note] > WEIGHT[before]) notes.set(key, note);
  }
  if (notes.size === 0) return undefined;
  const entries = [...notes].sort(([one], [other]) => one < other ? -1 : one > other ? 1 : 0);
  return JSON.stringify(Object.fromEntries(entries));
}
