/** Images for several platforms: one child of an index, or the index and all of them side by side. */
import {
  type CallOptions,
  choosePlatform,
  type Descriptor,
  formatPlatform,
  listPlatforms,
  parsePlatform,
  type Repository,
} from "../oci/mod.ts";
import { text, toggle, usage } from "./flags.ts";

/** For commands that show what refers to an artifact. */
export const PLATFORM_FLAGS = {
  platform: text("take the child of an index that is for this platform", "", {
    value: "os[/arch][/variant][:os_version]",
  }),
  recursive: toggle("show an index and its children side by side, each with its own signatures"),
} as const;

/** The values of {@link PLATFORM_FLAGS}. */
export interface PlatformFlags {
  readonly platform: string;
  readonly recursive: boolean;
}

/**
 * Checks the two flags before anything is asked.
 *
 * @param isTree Whether trees are printed: other forms hold one artifact.
 * @throws {ConfigurationError} `ERR_USAGE`
 */
export function checkPlatformFlags({ platform, recursive }: PlatformFlags, isTree: boolean): void {
  if (platform !== "") parsePlatform(platform);
  if (!recursive) return;
  if (platform !== "") throw usage("--platform, --recursive cannot be used at the same time");
  if (!isTree) throw usage("--recursive prints trees: leave the output format away");
}

/**
 * The artifacts that are meant: the one that was resolved, its child for a platform, or it and its children.
 *
 * @throws {ConfigurationError} `ERR_PLATFORM`; as {@link Repository.fetchManifest}.
 */
export async function artifactsOf(
  repository: Repository,
  resolved: Descriptor,
  { platform, recursive }: PlatformFlags,
  call: CallOptions,
): Promise<readonly Descriptor[]> {
  if (recursive) return await listPlatforms(repository, resolved, call);
  if (platform === "") return [resolved];
  return [await choosePlatform(repository, resolved, parsePlatform(platform), call)];
}

/** What stands above an artifact in a list of several: an empty line and what it is. */
export function headingOf({ platform }: Descriptor, position: number): string {
  if (position === 0) return "";
  return `\nPlatform: ${platform === undefined ? "none named" : formatPlatform(platform)}\n`;
}

/**
 * Says which of an index and its children have signatures of their own, where not all have: who verifies by the one
 * digest does not by the other.
 *
 * @param artifacts The index first, each with the number of its signatures.
 */
export function coverageOf(
  artifacts: readonly { readonly descriptor: Descriptor; readonly signatures: number }[],
): string {
  const [index, ...children] = artifacts;
  if (index === undefined || children.length === 0) return "";
  const nameOf = ({ descriptor: { platform, digest } }: typeof index) =>
    platform === undefined ? digest : formatPlatform(platform);
  const signed = children.filter(({ signatures }) => signatures > 0).map(nameOf).join(", ");
  const unsigned = children.filter(({ signatures }) => signatures === 0).map(nameOf).join(", ");
  const lines: string[] = [];
  if (index.signatures > 0 && unsigned !== "") {
    lines.push(
      `The index is signed, and these children are not: ${unsigned}.`,
      "Whoever verifies one of them by its own digest finds no signature: verify the index.",
    );
  } else if (index.signatures === 0 && signed !== "") {
    lines.push(
      `The index is not signed, and these children are: ${signed}.`,
      "Whoever verifies by the tag or the digest of the index finds no signature: sign the index too.",
    );
    if (unsigned !== "") lines.push(`Neither are these children: ${unsigned}.`);
  } else if (index.signatures === 0) lines.push("Neither the index nor any of its children is signed.");
  else return "";
  return `\n${lines.join("\n")}\n`;
}
