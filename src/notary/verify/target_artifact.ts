/** The comparison that ties a signature to an artifact; enforced at every level. */
import { printable } from "../../encoding/mod.ts";
import type { Descriptor } from "../../oci/mod.ts";
import { failed, passed, type ValidationResult } from "./outcome.ts";

/**
 * Compares the descriptor that was signed with the artifact's: media type, digest and size, each exactly. Without this
 * a registry could pass off one artifact's signature as another's.
 *
 * @param signed `targetArtifact` of a payload whose integrity is proven.
 * @param artifact The artifact under verification, resolved once.
 * @returns `failed` with `TARGET_ARTIFACT_MISMATCH` naming the values that differ.
 *
 * Spec: Notary Project, signing-and-verification-workflow.md, "Verification steps".
 */
export function validateTargetArtifact(signed: Descriptor, artifact: Descriptor): ValidationResult {
  const different = (["mediaType", "digest", "size"] as const).filter((member) => signed[member] !== artifact[member]);
  if (different.length === 0) return passed({ digest: artifact.digest });
  const list = different.map((member) =>
    `${member} "${printable(String(signed[member]))}", expected "${printable(String(artifact[member]))}"`
  );
  return failed(
    "TARGET_ARTIFACT_MISMATCH",
    `Cannot use this signature for the artifact: it signs ${list.join("; ")}`,
    { signed: signed.digest, artifact: artifact.digest, different },
  );
}
