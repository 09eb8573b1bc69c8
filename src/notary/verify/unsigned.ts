/** Why there is no signature: where it was looked for, and whether only the children of an index are signed. */
import { printable } from "../../encoding/mod.ts";
import { type Refusal, refusal } from "../../errors.ts";
import { type CallOptions, type Descriptor, DOCKER_LIST, OCI_INDEX } from "../../oci/mod.ts";
import { listSignatures } from "../discover.ts";
import type { SignedArtifact } from "./view.ts";

/** Children of an unsigned index whose signatures are asked for, to word the refusal. */
export const MAX_INDEX_CHILDREN_ASKED = 8;

/**
 * Words the refusal of an artifact without signatures. Of an index the children are asked too, because signing one
 * platform's image and deploying the index is the usual mistake; no answer changes the refusal, only its message.
 */
export async function explainMissingSignature(
  artifact: SignedArtifact,
  call: CallOptions,
): Promise<{ readonly refusal: Refusal; readonly signedChildren: readonly string[] }> {
  const places = artifact.asked.map(({ way, place, result, reason }) =>
    `${way} "${printable(place, 200)}" (${WORDS[result]}${reason === undefined ? "" : `: ${printable(reason, 200)}`})`
  );
  const looked = places.length === 0 ? "nowhere" : places.join(", ");
  const children = await signedChildren(artifact, call);
  const hint = children.length === 0
    ? ""
    : `; it is an index of which only children are signed: ${children.join(", ")}`;
  return {
    refusal: refusal("SIGNATURE_MISSING", `Cannot find a signature of "${artifact.name}": looked in ${looked}${hint}`),
    signedChildren: children,
  };
}

/** What came of asking a place, where nothing was found in the end. */
const WORDS = { found: "lists none", absent: "nothing there", ignored: "not believed" } as const;

async function signedChildren(
  { repository, descriptor }: SignedArtifact,
  call: CallOptions,
): Promise<readonly string[]> {
  if (descriptor.mediaType !== OCI_INDEX && descriptor.mediaType !== DOCKER_LIST) return [];
  try {
    const { manifests } = await repository.fetchManifest(descriptor, call);
    const children = manifests.slice(0, MAX_INDEX_CHILDREN_ASKED);
    const lists = await Promise.all(children.map((child) => listSignatures(repository, child, call)));
    return children.filter((_, index) => lists[index]?.signatures.length !== 0).map(describe);
  } catch {
    // The refusal stands without it.
    return [];
  }
}

function describe({ digest, platform }: Descriptor): string {
  if (platform === undefined) return `"${digest}"`;
  return `"${digest}" (${printable(`${platform.os}/${platform.architecture}`, 80)})`;
}
