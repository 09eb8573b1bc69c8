/** Platforms of an index: which child is meant by `linux/arm64` (OCI image specification, image-index.md). */
import { decodeUtf8, isJsonObject, parseJson, printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { CallOptions } from "../http/mod.ts";
import type { Descriptor, Platform } from "./descriptor.ts";
import { manifestKind } from "./media_types.ts";
import type { Repository } from "./repository.ts";

/** The architecture of a platform that names none: the same on every machine. */
export const DEFAULT_ARCHITECTURE = "amd64";

/** Most bytes of an image's configuration. */
export const MAX_CONFIGURATION_BYTES = 1024 * 1024;

/**
 * Reads `os[/architecture[/variant]][:os_version]`, as oras does.
 *
 * @throws {ConfigurationError} `ERR_USAGE` in the words of oras.
 */
export function parsePlatform(text: string): Platform {
  const colon = text.indexOf(":");
  const osVersion = colon < 0 ? "" : text.slice(colon + 1);
  const parts = (colon < 0 ? text : text.slice(0, colon)).split("/");
  const [os = "", architecture = DEFAULT_ARCHITECTURE, variant = ""] = parts;
  const refuse = (reason: string) => new ConfigurationError("ERR_USAGE", reason);
  if (parts.length > 3) {
    throw refuse(`failed to parse platform "${printable(text)}": expected format os[/arch[/variant]]`);
  }
  if (os === "") throw refuse("invalid platform: OS cannot be empty");
  if (architecture === "") throw refuse("invalid platform: Architecture cannot be empty");
  return {
    os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(osVersion === "" ? {} : { osVersion }),
  };
}

/** `os/architecture/variant`, safe to print. */
export function formatPlatform({ os, architecture, variant, osVersion }: Platform): string {
  const parts = [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
  return printable(osVersion === undefined ? parts : `${parts}:${osVersion}`, 200);
}

/**
 * The artifact for a platform: the first child of an index that is for it, as if it had been resolved, or a manifest
 * whose configuration says so.
 *
 * @throws {ConfigurationError} `ERR_PLATFORM` where there is none.
 * @throws {UnavailableError} As {@link Repository.fetchManifest}.
 */
export async function choosePlatform(
  repository: Repository,
  artifact: Descriptor,
  wanted: Platform,
  call: CallOptions,
): Promise<Descriptor> {
  const manifest = await repository.fetchManifest(artifact, call);
  if (manifest.kind === "index") {
    const child = manifest.manifests.find(({ platform }) => platform !== undefined && isFor(platform, wanted));
    if (child !== undefined) return { mediaType: child.mediaType, digest: child.digest, size: child.size };
    const have = manifest.manifests.map(({ platform }) => platform === undefined ? "?" : formatPlatform(platform));
    throw notFound(
      artifact,
      wanted,
      "no matching manifest was found in the manifest list",
      `it has ${have.join(", ")}`,
    );
  }
  const platform = manifest.config === undefined
    ? undefined
    : readPlatform(await repository.fetchBlob(manifest.config, { ...call, maxBytes: MAX_CONFIGURATION_BYTES }));
  if (platform !== undefined && isFor(platform, wanted)) return artifact;
  const has = platform === undefined ? "its configuration names none" : `it is for ${formatPlatform(platform)}`;
  throw notFound(artifact, wanted, "platform in manifest does not match target platform", has);
}

/** An index and its children, or a manifest alone. */
export async function listPlatforms(
  repository: Repository,
  artifact: Descriptor,
  call: CallOptions,
): Promise<readonly Descriptor[]> {
  if (manifestKind(artifact.mediaType) !== "index") return [artifact];
  const { manifests } = await repository.fetchManifest(artifact, call);
  const children = new Map(manifests.map((child) => [child.digest, child]));
  children.delete(artifact.digest);
  return [artifact, ...[...children.values()].filter(({ mediaType }) => manifestKind(mediaType) !== undefined)];
}

function isFor(platform: Platform, { os, architecture, variant, osVersion }: Platform): boolean {
  return platform.os === os && platform.architecture === architecture &&
    (variant === undefined || platform.variant === variant) &&
    (osVersion === undefined || platform.osVersion === osVersion);
}

/** What an image's configuration says it is for. Spec: OCI image, config.md. */
function readPlatform(bytes: Uint8Array): Platform | undefined {
  const value = parseJson(decodeUtf8(bytes));
  if (!isJsonObject(value)) return undefined;
  const text = (name: string) =>
    typeof value[name] === "string" && value[name] !== "" ? String(value[name]) : undefined;
  const [os, architecture, variant, osVersion] = [
    text("os"),
    text("architecture"),
    text("variant"),
    text("os.version"),
  ];
  if (os === undefined || architecture === undefined) return undefined;
  return {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { osVersion }),
  };
}

/** The first half is the sentence of oras. */
function notFound({ digest }: Descriptor, wanted: Platform, why: string, has: string): ConfigurationError {
  return new ConfigurationError(
    "ERR_PLATFORM",
    `${digest}: not found: ${why}: expected ${formatPlatform(wanted)}, ${has}`,
  );
}
