/**
 * A resource → the images it runs: `ImageInfo` with its JSON Pointer; and which patterns an image fits.
 *
 * Whoever writes the Pod chooses how an image is written: the tag beside a digest, capitals in a host name, `:443`,
 * `docker.io/nginx` for `docker.io/library/nginx`. So what demands a signature reads an image in every way that names
 * the same content, and what lets an image off reads it in one way only: as Kyverno writes it, and by its digest alone
 * when it has one.
 */
import { formatPointer, isJsonObject, printable } from "../encoding/mod.ts";
import { EngineError, MalformedError, type Refusal, refusal } from "../errors.ts";
import { type Digest, parseImageText, parseReference, type Reference } from "../oci/mod.ts";
import { invalidImage } from "./message.ts";
import { compareNaturally } from "./natural_order.ts";
import type { KubernetesObject, PolicyRequest } from "./policy.ts";
import { matchesAny, matchWildcard, remainders } from "./wildcard.ts";

/** Images one resource may have: a Pod with more is refused, since each may cost several requests. */
export const MAX_IMAGES = 128;

/** One image of a resource. */
export interface ImageInfo {
  /** Name of the container. */
  readonly container: string;
  /** Under which variables see it in `images`: `containers`, or the name of an extractor. */
  readonly list: string;
  /** JSON Pointer of the text in the object: `/spec/containers/0/image`. */
  readonly pointer: string;
  /** As Kyverno writes it: `registry/path@digest`, or `registry/path:tag` when there is no digest. */
  readonly image: string;
  /** `registry/path`, as Kyverno writes it. */
  readonly name: string;
  /** `latest` when the text has neither tag nor digest. */
  readonly tag?: string;
  readonly digest?: Digest;
  /** Where it is asked for. */
  readonly reference: Reference;
  /** Every `registry/path` that leads to the same repository; {@link name} is the first. */
  readonly names: readonly string[];
}

/** An image of which it is not known yet which list it stands in. */
export type ImageText = Omit<ImageInfo, "list">;

/** An image that cannot be asked for, because its text is no reference. */
export interface InvalidImage {
  readonly container: string;
  readonly pointer: string;
  /** The text as given, safe to print. */
  readonly image: string;
  readonly message: string;
  readonly refusal: Refusal;
}

/** What a resource holds, in the order in which a Pod starts it: init containers, containers, ephemeral containers. */
export interface ResourceImages {
  readonly images: readonly ImageInfo[];
  readonly invalid: readonly InvalidImage[];
}

const POD_SPEC = ["spec"] as const;
const TEMPLATE_SPEC = ["spec", "template", "spec"] as const;

/** Where the Pod specification stands, by kind. */
const POD_SPEC_OF_KIND: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["Pod", POD_SPEC],
  ["DaemonSet", TEMPLATE_SPEC],
  ["Deployment", TEMPLATE_SPEC],
  ["Job", TEMPLATE_SPEC],
  ["ReplicaSet", TEMPLATE_SPEC],
  ["ReplicationController", TEMPLATE_SPEC],
  ["StatefulSet", TEMPLATE_SPEC],
  ["CronJob", ["spec", "jobTemplate", "spec", "template", "spec"]],
]);

/** Kinds in which images are looked for. */
export const KINDS_WITH_IMAGES: readonly string[] = [...POD_SPEC_OF_KIND.keys()];

/** The specification of the Pod under review, or of those a controller makes; `undefined` where there is none. */
export function podSpecOf({ kind, object }: PolicyRequest): Readonly<Record<string, unknown>> | undefined {
  const path = POD_SPEC_OF_KIND.get(kind);
  const found = path === undefined || object === undefined ? undefined : valueAt(object, path);
  return isJsonObject(found) ? found : undefined;
}

const CONTAINER_LISTS = ["initContainers", "containers", "ephemeralContainers"] as const;

/**
 * The images of the object under review; containers without an image text have none.
 *
 * Through `pods/ephemeralcontainers` only ephemeral containers can change. One that the API server has stored can never
 * change and never starts again, so nothing comes of it: updates are asked about new ones alone. Of every other
 * container an unchanged image is asked about like a new one, since it may be pulled again.
 *
 * @param request CREATE or UPDATE; DELETE and CONNECT have no images.
 */
export function extractImages(request: PolicyRequest): ResourceImages {
  const path = POD_SPEC_OF_KIND.get(request.kind);
  if (path === undefined || request.object === undefined) return { images: [], invalid: [] };
  const broken = brokenStep(request.object, path);
  if (broken !== undefined) return { images: [], invalid: [broken] };
  const subresource = request.subresource === "ephemeralcontainers";
  const images: ImageInfo[] = [];
  const invalid: InvalidImage[] = [];
  for (const list of CONTAINER_LISTS) {
    if (subresource && list !== "ephemeralContainers") continue;
    const containers = valueAt(request.object, [...path, list]);
    if (containers === undefined || containers === null) continue;
    if (!Array.isArray(containers)) {
      invalid.push(unreadable("", formatPointer([...path, list]), containers, "expected a list of containers"));
      continue;
    }
    for (const [index, container] of containers.entries()) {
      const pointer = formatPointer([...path, list, index, "image"]);
      const found = readContainer(container, pointer);
      if (found === undefined) continue;
      if (list === "ephemeralContainers" && isUnchanged(request, [...path, list, index], container)) continue;
      if ("reference" in found) images.push({ ...found, list });
      else invalid.push(found);
    }
  }
  return boundImages({ images, invalid }, path);
}

/**
 * What was found, or that it is more than {@link MAX_IMAGES}.
 *
 * @param path Where the images stand.
 */
export function boundImages(found: ResourceImages, path: readonly string[]): ResourceImages {
  const { images, invalid } = found;
  return images.length + invalid.length > MAX_IMAGES
    ? { images: [], invalid: [tooMany(path, images, invalid)] }
    : found;
}

/** Where the way to the Pod specification leads through what is no object, and so could hide containers. */
function brokenStep(object: KubernetesObject, path: readonly string[]): InvalidImage | undefined {
  for (const index of path.keys()) {
    const step = path.slice(0, index + 1);
    const value = valueAt(object, step);
    if (value === undefined || value === null) return undefined;
    if (!isJsonObject(value)) return unreadable("", formatPointer(step), value, "expected an object");
  }
  return undefined;
}

function isUnchanged(request: PolicyRequest, path: readonly (string | number)[], container: unknown): boolean {
  if (request.operation !== "UPDATE" || request.oldObject === undefined) return false;
  const before = valueAt(request.oldObject, path);
  return isJsonObject(before) && isJsonObject(container) && before["name"] === container["name"] &&
    before["image"] === container["image"];
}

function tooMany(path: readonly string[], images: readonly unknown[], invalid: readonly unknown[]): InvalidImage {
  const message = `Cannot verify images: ${images.length + invalid.length} images, expected at most ${MAX_IMAGES}`;
  return {
    container: "",
    pointer: formatPointer(path),
    image: "",
    message,
    refusal: refusal("ERR_TOO_LARGE", message),
  };
}

function readContainer(container: unknown, pointer: string): ImageText | InvalidImage | undefined {
  if (!isJsonObject(container)) return unreadable("", pointer, container, "expected a container with an image");
  const name = typeof container["name"] === "string" ? printable(container["name"]) : "";
  const text = container["image"];
  if (text === undefined || text === null) return undefined;
  if (typeof text !== "string") return unreadable(name, pointer, text, "expected text");
  if (text.trim() === "") return undefined;
  return readImage(text, name, pointer);
}

/**
 * What container runtimes take for the ID of an image that is on the node, wherever it came from. As a reference it
 * would be a tag of a repository called `sha256`.
 */
const IMAGE_ID = /^sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})$/;

/**
 * The image of a text in a resource.
 *
 * @param text Such as `nginx` or `ghcr.io/org/app:1.2@sha256:…`.
 */
export function readImage(text: string, container: string, pointer: string): ImageText | InvalidImage {
  try {
    return { container, pointer, ...knownImage(text) };
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const image = printable(text);
    return {
      container,
      pointer,
      image,
      message: invalidImage(image, thrown.message),
      refusal: refusal("IMAGE_REFERENCE_INVALID", `${thrown.message} (at "${pointer}")`),
    };
  }
}

/** Image texts whose reading is kept; the one read longest ago goes first. */
export const MAX_KEPT_IMAGE_TEXTS = 1_024;

const read = new Map<string, ImageOfText>();

type ImageOfText = Omit<ImageText, "container" | "pointer">;

/** The same images come back with every request; reading is pure, so what was read once is true for ever. */
function knownImage(text: string): ImageOfText {
  const known = read.get(text);
  if (known !== undefined) return known;
  const image = parseImage(text);
  for (const oldest of read.keys()) {
    if (read.size < MAX_KEPT_IMAGE_TEXTS) break;
    read.delete(oldest);
  }
  read.set(text, image);
  return image;
}

function parseImage(text: string): ImageOfText {
  if (IMAGE_ID.test(text)) {
    const message = `Cannot parse reference "${text}": it is the ID of an image, expected registry/repository`;
    throw new MalformedError("ERR_REFERENCE", message);
  }
  const parsed = parseImageText(text);
  const resolved = parseReference(text);
  const { registry, path, digest } = parsed;
  const tag = parsed.tag ?? (digest === undefined ? "latest" : undefined);
  const name = `${registry}/${path}`;
  const { tag: _tag, digest: _digest, ...repository } = resolved;
  return {
    image: digest === undefined ? `${name}:${tag}` : `${name}@${digest}`,
    name,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    reference: { ...repository, ...(digest === undefined ? { tag: tag as string } : { digest }) },
    names: namesOf(registry, path),
  };
}

function unreadable(container: string, pointer: string, value: unknown, expected: string): InvalidImage {
  const image = printable(JSON.stringify(value) ?? String(value), 80);
  const message = `Cannot read the image at "${pointer}": ${image}, ${expected}`;
  return { container, pointer, image, message, refusal: refusal("IMAGE_REFERENCE_INVALID", message) };
}

const DOCKER_HUB: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
]);

/**
 * Every text of `registry/path` that is pulled from the same place: host names know no case, ports no leading zeros,
 * and HTTPS is port 443.
 */
function namesOf(registry: string, path: string): readonly string[] {
  const host = registry.toLowerCase().replace(/:0+(?=\d+$)/, ":").replace(/:443$/, "");
  const hosts = DOCKER_HUB.has(host) ? [...DOCKER_HUB] : [host];
  const registries = [registry, ...hosts, ...hosts.filter((one) => !/:\d+$/.test(one)).map((one) => `${one}:443`)];
  const paths = [path];
  if (DOCKER_HUB.has(host)) {
    if (!path.includes("/")) paths.push(`library/${path}`);
    else if (/^library\/[^/]+$/.test(path)) paths.push(path.slice("library/".length));
  }
  return [...new Set(registries.flatMap((one) => paths.map((other) => `${one}/${other}`)))];
}

/**
 * Whether patterns that demand something take in an image, read in the widest way: under every name of its repository
 * and, with a digest, under the digest and under any tag, since a tag beside a digest decides nothing.
 */
export function isRequired(image: ImageInfo, patterns: readonly string[]): boolean {
  const { digest, tag } = image;
  return image.names.some((name) =>
    patterns.some((pattern) =>
      digest === undefined
        ? matchWildcard(pattern, `${name}:${tag}`)
        : matchWildcard(pattern, `${name}@${digest}`) || matchesSomeTag(pattern, `${name}:`, digest)
    )
  );
}

/**
 * Whether patterns that let an image off take it in, read in the narrowest way: as Kyverno writes it, which is the
 * digest form when there is a digest.
 */
export function isExempt(image: ImageInfo, patterns: readonly string[]): boolean {
  return matchesAny(patterns, image.image);
}

/** What may stand in a pattern where a tag stands in a reference. */
const TAG_PATTERN = /^[\w.\-*?]+$/;

/** Whether some tag makes `registry/path:tag` or `registry/path:tag@digest` fit the pattern. */
function matchesSomeTag(pattern: string, prefix: string, digest: Digest): boolean {
  return remainders(pattern, prefix).some((rest) => {
    if (TAG_PATTERN.test(rest)) return true;
    const at = rest.indexOf("@");
    return at > 0 && TAG_PATTERN.test(rest.slice(0, at)) && matchWildcard(rest.slice(at + 1), digest);
  });
}

/**
 * Orders pointers to images as a Pod starts them: init containers, containers, ephemeral containers, each by index;
 * those of other places before them, as people count.
 */
export function comparePointers(one: string, other: string): number {
  const [a, b] = [rank(one), rank(other)];
  return a.list - b.list || a.index - b.index || compareNaturally(one, other) ||
    (one < other ? -1 : one > other ? 1 : 0);
}

function rank(pointer: string): { readonly list: number; readonly index: number } {
  const [, list = "", index = "0"] = /\/(\w+)\/(\d+)\/image$/.exec(pointer) ?? [];
  const place = CONTAINER_LISTS.findIndex((one) => one === list);
  return { list: place, index: place < 0 ? 0 : Number(index) };
}

function valueAt(object: KubernetesObject, path: readonly (string | number)[]): unknown {
  let value: unknown = object;
  for (const token of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, token)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[token];
  }
  return value;
}
