/** Image layouts in place of registries: `--oci-layout` with `PATH[:TAG|@DIGEST]`, and `--oci-layout-path`. */
import { isDigest } from "../crypto/mod.ts";
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { isTag, openLater, openLayout, type OpenRepository, readLayout, type Reference } from "../oci/mod.ts";
import type { Host } from "../ports.ts";
import { text, toggle, usage } from "./flags.ts";

/** Where an artifact is, if not in a registry. */
export const LAYOUT_FLAGS = {
  "oci-layout": toggle("read the artifact from an image layout, PATH:TAG or PATH@DIGEST: a folder or a tar file"),
  "oci-layout-path": text("read this OCI image layout, a folder or a tar file, in place of every registry", undefined, {
    value: "PATH",
  }),
} as const;

/** The values of {@link LAYOUT_FLAGS}. */
export interface LayoutFlags {
  readonly "oci-layout"?: boolean;
  readonly "oci-layout-path"?: string | undefined;
}

/** Most characters of the path of a layout. */
const MAX_LAYOUT_PATH = 4096;

/**
 * Opens layouts in place of registries; each is read when something is asked of it.
 *
 * @returns `undefined` where no flag says so.
 * @throws {ConfigurationError} `ERR_USAGE` for both flags at once.
 */
export function openLayouts(flags: LayoutFlags, host: Host): OpenRepository | undefined {
  const fixed = flags["oci-layout-path"];
  if (flags["oci-layout"] === true && fixed !== undefined) {
    throw usage("--oci-layout-path, --oci-layout cannot be used at the same time");
  }
  if (flags["oci-layout"] !== true && fixed === undefined) return undefined;
  const opened = new Map<string, Promise<OpenRepository>>();
  return (reference) => {
    const path = fixed ?? reference.repository;
    return openLater(reference, async () => {
      const opening = opened.get(path) ?? openPath(path, host);
      opened.set(path, opening);
      return await opening;
    });
  };
}

async function openPath(path: string, { files, ports: { crypto } }: Host): Promise<OpenRepository> {
  const isFile = await files.kind(path) === "file";
  const source = isFile ? { archive: await files.ranges(path) } : { files, folder: path };
  return openLayout(await readLayout(source, crypto), crypto);
}

/**
 * Reads `PATH:TAG` or `PATH@DIGEST`, split where notation and oras split it: at the last `@`, else at the last `:`.
 *
 * @returns A reference without a registry, whose repository is the path.
 * @throws {ConfigurationError} `ERR_REFERENCE`
 */
export function readLayoutReference(typed: string): Reference {
  const missing = missingLayoutPart(typed);
  const refuse = (reason: string) =>
    new ConfigurationError("ERR_REFERENCE", `Cannot parse reference "${printable(typed, MAX_LAYOUT_PATH)}": ${reason}`);
  if (missing !== undefined) throw refuse(`no ${missing}, expected PATH:TAG or PATH@DIGEST of an image layout`);
  const { path, separator, rest } = split(typed);
  if (path !== printable(path, MAX_LAYOUT_PATH)) {
    throw refuse(`the path has characters that cannot be printed, or more than ${MAX_LAYOUT_PATH}`);
  }
  if (separator === "@") {
    if (!isDigest(rest)) throw refuse(`"${printable(rest)}" is not a digest, expected algorithm:hex`);
    return { registry: "", repository: path, digest: rest };
  }
  if (!isTag(rest)) throw refuse(`"${printable(rest)}" is not a tag`);
  return { registry: "", repository: path, tag: rest };
}

/** What `PATH[:TAG|@DIGEST]` lacks. */
export function missingLayoutPart(typed: string): "tag or digest" | "path of an image layout" | undefined {
  const { path, rest } = split(typed);
  if (rest === "") return "tag or digest";
  return path === "" ? "path of an image layout" : undefined;
}

function split(typed: string): { readonly path: string; readonly separator: string; readonly rest: string } {
  const at = typed.includes("@") ? typed.lastIndexOf("@") : typed.lastIndexOf(":");
  // The colon after the letter of a Windows drive does not begin a tag.
  const isDrive = at === 1 && /^[A-Za-z]:[\\/]/.test(typed);
  if (at < 0 || isDrive) return { path: typed, separator: "", rest: "" };
  return { path: typed.slice(0, at), separator: typed.charAt(at), rest: typed.slice(at + 1) };
}
