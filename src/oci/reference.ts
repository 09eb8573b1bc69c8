/**
 * `registry/repository:tag@digest` text ⇄ `Reference`, by the grammar of the distribution project, strictly: nothing
 * that a URL parser would rewrite (`a/../b`, `foo//bar`, `%2e`) is a reference.
 */
import { parseDigest } from "../crypto/mod.ts";
import { printable } from "../encoding/mod.ts";
import { EngineError, MalformedError } from "../errors.ts";
import type { Digest } from "./descriptor.ts";

/** An address of an artifact. */
export interface Reference {
  /**
   * Host and port as written, such as `ghcr.io` or `127.0.0.1:5000`. Hosts compare without case. Empty for an image
   * layout that is named by its path, which is then the repository.
   */
  readonly registry: string;
  /** Path, such as `kyverno/test-verify-image`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** The parts of an image text, not normalised: no `library/`, no rewriting of `index.docker.io`. */
export interface ImageText {
  /** The registry as written, or the default one where the text names none. */
  readonly registry: string;
  /** Whether the text itself names the registry. */
  readonly registryGiven: boolean;
  /** Repository without registry, such as `library/nginx` or `nginx`. */
  readonly path: string;
  /** Last element of the path. */
  readonly name: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** The registry of a text that names none. */
export const DEFAULT_REGISTRY = "docker.io";

/** Most characters a whole reference text may have: host 255, path 255, tag 128 and a sha512 digest fit well. */
export const MAX_REFERENCE_LENGTH = 1024;

/** Most characters of a repository path, without the registry. */
export const MAX_REPOSITORY_LENGTH = 255;

const LEGACY_DEFAULT_REGISTRY = "index.docker.io";
const OFFICIAL_PREFIX = "library/";

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const REGISTRY = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[A-Fa-f0-9:]+\\])(?::[0-9]+)?$`);
const PATH_ELEMENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;

/**
 * Reads a reference as `docker pull` does: a first element with `.`, `:` or an upper-case letter, or `localhost`, is
 * the registry; otherwise the registry is `docker.io`, where a path of one element stands below `library/`.
 *
 * @param text Such as `ghcr.io/kyverno/test-verify-image:signed`; tag and digest may both be there, or neither.
 * @throws {MalformedError} `ERR_REFERENCE`, saying which part is wrong and what was expected.
 *
 * Spec: OCI distribution, "Pulling manifests" (names and tags); grammar of distribution/reference.
 */
export function parseReference(text: string): Reference {
  if (IDENTIFIER.test(text)) {
    throw malformed(text, "it is a bare 64-digit identifier, expected registry/repository");
  }
  const { registry: given, rest } = splitRegistry(text);
  const registry = given === undefined || given === LEGACY_DEFAULT_REGISTRY ? DEFAULT_REGISTRY : given;
  const short = registry === DEFAULT_REGISTRY && !rest.includes("/");
  const { path, tag, digest } = parseParts(text, registry, short ? OFFICIAL_PREFIX + rest : rest);
  return { registry, repository: path, ...optional({ tag, digest }) };
}

/**
 * Reads an image text as Kyverno does: the default registry is filled in, and nothing else is normalised.
 *
 * @param defaultRegistry The registry of a text that names none.
 * @throws {MalformedError} `ERR_REFERENCE`
 */
export function parseImageText(text: string, defaultRegistry: string = DEFAULT_REGISTRY): ImageText {
  const { registry: given, rest } = splitRegistry(text);
  const registry = given ?? defaultRegistry;
  const { path, tag, digest } = parseParts(text, registry, rest);
  const name = path.slice(path.lastIndexOf("/") + 1);
  return { registry, registryGiven: given !== undefined, path, name, ...optional({ tag, digest }) };
}

/** Whether the text is a tag: letters, digits, `_`, `.` and `-`, at most 128. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** The text of a reference; {@link parseReference} gives the same reference back. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${repositoryName(reference)}${tag}${digest}`;
}

/** `registry/repository`, or the path of a layout; without tag and digest. */
export function repositoryName({ registry, repository }: Pick<Reference, "registry" | "repository">): string {
  return registry === "" ? repository : `${registry}/${repository}`;
}

/** Cuts off the first element where it is a registry by the rule of the distribution project. */
function splitRegistry(text: string): { readonly registry?: string; readonly rest: string } {
  if (text.length > MAX_REFERENCE_LENGTH) {
    throw malformed(text, `it has ${text.length} characters, expected at most ${MAX_REFERENCE_LENGTH}`);
  }
  const slash = text.indexOf("/");
  if (slash < 0) return { rest: text };
  const first = text.slice(0, slash);
  const isRegistry = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  return isRegistry ? { registry: first, rest: text.slice(slash + 1) } : { rest: text };
}

interface Parts {
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

function parseParts(text: string, registry: string, rest: string): Parts {
  if (!REGISTRY.test(registry)) {
    throw malformed(text, `"${printable(registry)}" is not a registry, expected a host with an optional :port`);
  }
  const at = rest.indexOf("@");
  const nameAndTag = at < 0 ? rest : rest.slice(0, at);
  const colon = nameAndTag.indexOf(":");
  const path = colon < 0 ? nameAndTag : nameAndTag.slice(0, colon);
  checkPath(text, path);
  const tag = colon < 0 ? undefined : nameAndTag.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) {
    throw malformed(
      text,
      `"${
        printable(tag)
      }" is not a tag, expected 1 to 128 letters, digits, "_", "." or "-" that do not begin with "." or "-"`,
    );
  }
  return { path, tag, digest: at < 0 ? undefined : parseReferenceDigest(text, rest.slice(at + 1)) };
}

function checkPath(text: string, path: string): void {
  if (path !== path.toLowerCase()) {
    throw malformed(text, `repository name "${printable(path)}" has upper-case letters, expected lower case`);
  }
  for (const element of path.split("/")) {
    if (!PATH_ELEMENT.test(element)) {
      throw malformed(
        text,
        `"${printable(element)}" is not an element of a repository name, ` +
          `expected lower-case letters and digits joined by ".", "_", "__" or "-"`,
      );
    }
  }
  if (path.length > MAX_REPOSITORY_LENGTH) {
    throw malformed(
      text,
      `the repository name has ${path.length} characters, expected at most ${MAX_REPOSITORY_LENGTH}`,
    );
  }
}

function parseReferenceDigest(text: string, digest: string): Digest {
  try {
    return parseDigest(digest);
  } catch (thrown) {
    const reason = thrown instanceof EngineError ? thrown.message : "it is not a digest";
    throw malformed(text, reason.charAt(0).toLowerCase() + reason.slice(1), thrown);
  }
}

function malformed(text: string, reason: string, cause?: unknown): MalformedError {
  const message = `Cannot parse reference "${printable(text)}": ${reason}`;
  return new MalformedError("ERR_REFERENCE", message, cause === undefined ? undefined : { cause });
}

/** Leaves out what is undefined, as `exactOptionalPropertyTypes` wants it. */
function optional(parts: Pick<Parts, "tag" | "digest">): { readonly tag?: string; readonly digest?: Digest } {
  return {
    ...(parts.tag === undefined ? {} : { tag: parts.tag }),
    ...(parts.digest === undefined ? {} : { digest: parts.digest }),
  };
}
