/**
 * Where a rule finds the images of a kind (`imageExtractors`): what a custom resource runs stands where its author put
 * it.
 *
 * An extractor names members step by step, `*` for each one of a list or object, and at the end the member that holds
 * the image.
 */
import { formatPointer, isJsonObject, printable } from "../encoding/mod.ts";
import { EngineError, refusal } from "../errors.ts";
import type { FunctionTable, Query, StepMeter } from "../expressions/mod.ts";
import {
  boundImages,
  extractImages,
  type ImageInfo,
  type InvalidImage,
  readImage,
  type ResourceImages,
} from "./images.ts";
import { failedToExtract } from "./message.ts";
import type { KubernetesObject, PolicyRequest } from "./policy.ts";

/** One way to the images of a kind. */
export interface ImageExtractor {
  /** Names of members; `*` stands for each. */
  readonly steps: readonly string[];
  /** Member that holds the image. */
  readonly value: string;
  /** Member that names an image among the others; its JSON Pointer does when left out. */
  readonly key?: string;
  /** Variables see what was found as `images.NAME`. */
  readonly name: string;
  /** Makes the image out of the text that is there. */
  readonly transform?: { readonly expression: string; readonly query: Query };
}

/** Kind → its extractors, which stand for what is known of the kind. */
export type ImageExtractors = ReadonlyMap<string, readonly ImageExtractor[]>;

/**
 * The images of the object under review: by the rule's extractors where it has some for the kind, else those of the Pod
 * that the object makes.
 *
 * @param request CREATE or UPDATE; DELETE and CONNECT have no images.
 * @param functions What the extractors' expressions may call.
 * @param meter Is told of every step of theirs.
 */
export function imagesOfRule(
  request: PolicyRequest,
  extractors: ImageExtractors | undefined,
  functions: FunctionTable,
  meter?: StepMeter,
): ResourceImages {
  const own = extractors?.get(request.kind);
  if (own === undefined) return extractImages(request);
  const found: Found = { images: [], invalid: [], run: (query, text) => query.evaluate(text, functions, meter) };
  for (const extractor of own) walk(request.object, [], extractor.steps, extractor, found);
  return boundImages({ images: found.images, invalid: found.invalid }, []);
}

/** What was found so far. */
interface Found {
  readonly images: ImageInfo[];
  readonly invalid: InvalidImage[];
  /** Evaluates an extractor's expression. */
  readonly run: (query: Query, text: string) => unknown;
}

type Place = readonly (string | number)[];

function walk(
  value: unknown,
  place: Place,
  [step, ...others]: readonly string[],
  extractor: ImageExtractor,
  found: Found,
): void {
  if (value === undefined || value === null) return;
  if (step === "*") {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, [...place, index], others, extractor, found);
    } else if (isJsonObject(value)) {
      for (const [name, item] of Object.entries(value)) walk(item, [...place, name], others, extractor, found);
    } else found.invalid.push(unreadable(value, place, "invalid type"));
  } else if (!isJsonObject(value)) found.invalid.push(unreadable(value, place, "invalid image config"));
  else if (step === undefined) readHolder(value, place, extractor, found);
  else walk(memberOf(value, step), [...place, step], others, extractor, found);
}

function readHolder(holder: KubernetesObject, place: Place, extractor: ImageExtractor, found: Found): void {
  const { value: member, key, name: list, transform } = extractor;
  const pointer = formatPointer([...place, member]);
  const name = key === undefined ? pointer : memberOf(holder, key);
  const text = memberOf(holder, member);
  if (text === undefined || text === null || (typeof text === "string" && text.trim() === "")) return;
  // Kyverno takes anything but text for an image that is not there, and so admits it.
  if (typeof text !== "string") return void found.invalid.push(unreadable(text, [...place, member], "invalid image"));
  if (typeof name !== "string") return void found.invalid.push(unreadable(name, [...place, key ?? ""], "invalid key"));
  const container = printable(name);
  const made = transform === undefined ? text : transformed(text, transform, found.run);
  if (typeof made !== "string") return void found.invalid.push(unreadable(text, [...place, member], made.reason));
  const image = readImage(made, container, pointer);
  if ("reference" in image) found.images.push({ ...image, list });
  else found.invalid.push({ ...image, message: failedToExtract(image.message) });
}

/** The image that an expression makes of a text, or why it makes none. */
function transformed(
  text: string,
  { expression, query }: NonNullable<ImageExtractor["transform"]>,
  run: Found["run"],
): string | { readonly reason: string } {
  const shown = printable(expression, 400);
  try {
    const made = run(query, text);
    if (typeof made === "string") return made;
    const given = printable(JSON.stringify(made) ?? String(made), 80);
    return { reason: `jmespath ${shown} must produce a string, but produced ${given}` };
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return { reason: `failed to apply jmespath ${shown}: ${printable(thrown.message)}` };
  }
}

function unreadable(value: unknown, place: Place, reason: string): InvalidImage {
  const pointer = formatPointer(place);
  return {
    container: "",
    pointer,
    image: printable(JSON.stringify(value) ?? String(value), 80),
    message: failedToExtract(reason),
    refusal: refusal("IMAGE_REFERENCE_INVALID", `Cannot extract the image at "${printable(pointer)}": ${reason}`),
  };
}

function memberOf(object: KubernetesObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
