/** An index whose children are signed, where whoever asks takes that for a signature of the index. */
import { printable } from "../../encoding/mod.ts";
import { type Refusal, refusal } from "../../errors.ts";
import { type Descriptor, DOCKER_LIST, OCI_INDEX, type Reference } from "../../oci/mod.ts";
import type { Trust } from "../trust/mod.ts";
import { type ArtifactOptions, verifyArtifact } from "./artifact.ts";
import type { ArtifactOutcome } from "./outcome.ts";
import type { ArtifactView } from "./view.ts";

/** Children an index may have, where each is verified: each costs requests. */
export const MAX_CHILDREN_VERIFIED = 32;

/** Children verified at the same time. */
export const MAX_PARALLEL_CHILDREN = 4;

/**
 * Verifies an artifact, or else every child of the index it is: one that is not signed stands for all. A child that is
 * an index has to be signed itself, and so has one that is no image, such as a build's attestation: what an index calls
 * its children is nobody's word.
 *
 * @returns As {@link verifyArtifact}; of an index that is not signed with its `children` as far as they were asked, and
 * `verified` only when there is one or more and each is. Then the last outcome is a child's.
 * @throws {EngineError} As {@link verifyArtifact}.
 */
export async function verifyArtifactOrChildren(
  reference: Reference,
  trust: Trust,
  view: ArtifactView,
  options: ArtifactOptions = {},
): Promise<ArtifactOutcome> {
  const own = await verifyArtifact(reference, trust, view, options);
  const { mediaType } = own.descriptor;
  const isIndex = mediaType === OCI_INDEX || mediaType === DOCKER_LIST;
  if (own.verdict === "verified" || own.verdict === "skipped" || !isIndex) return own;
  // The view has both already: their signatures were just asked for.
  const { repository } = await view.signatures(reference);
  const { manifests } = await repository.fetchManifest(own.descriptor, view.call);
  const listed = [...new Map(manifests.map((child) => [child.digest, child])).values()];
  if (listed.length === 0) return own;
  if (listed.length > MAX_CHILDREN_VERIFIED) {
    const message =
      `Cannot verify the children of "${own.reference}": ${listed.length}, at most ${MAX_CHILDREN_VERIFIED}`;
    return { ...own, refusal: refusal("ERR_TOO_LARGE", message) };
  }
  const verify = ({ digest }: Descriptor) =>
    verifyArtifact({ registry: reference.registry, repository: reference.repository, digest }, trust, view, options);
  const children: ArtifactOutcome[] = [];
  for (let start = 0; start < listed.length && children.every(isVerified); start += MAX_PARALLEL_CHILDREN) {
    children.push(...await Promise.all(listed.slice(start, start + MAX_PARALLEL_CHILDREN).map(verify)));
  }
  const outcomes = [...own.outcomes, ...children.flatMap((child) => child.outcomes)];
  const failing = children.filter((child) => !isVerified(child));
  const { refusal: ownRefusal, ...rest } = own;
  if (failing.length === 0) return { ...rest, verdict: "verified", outcomes, children };
  const undecided = failing.find((child) => child.verdict === "inconclusive");
  const told = refusalOf(own, undecided ?? failing[0], listed);
  // A doubt about the index itself stays one: it may have been signed.
  const doubtful = own.verdict === "inconclusive" || undecided !== undefined;
  return {
    ...rest,
    verdict: doubtful ? "inconclusive" : "failed",
    outcomes,
    children,
    refusal: own.verdict === "inconclusive" && ownRefusal !== undefined ? ownRefusal : told,
  };
}

const isVerified = ({ verdict }: ArtifactOutcome): boolean => verdict === "verified";

function refusalOf(own: ArtifactOutcome, child: ArtifactOutcome | undefined, listed: readonly Descriptor[]): Refusal {
  const { code = "ERR_INTERNAL", message = "no reason was given" } = child?.refusal ?? {};
  const platform = listed.find(({ digest }) => digest === child?.descriptor.digest)?.platform;
  const named = platform === undefined ? "" : ` (${printable(`${platform.os}/${platform.architecture}`, 80)})`;
  return refusal(
    code,
    `Cannot verify "${own.reference}": it is not signed by who is trusted, and neither are all of its ${listed.length} ` +
      `children: "${child?.descriptor.digest ?? "?"}"${named}: ${message}`,
  );
}
