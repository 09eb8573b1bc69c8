/** User metadata that a verifier asks for: what else the signer must have signed. */
import { printable } from "../../encoding/mod.ts";
import { failed, passed, type VerificationOutcome } from "./outcome.ts";

/** Keys and values that must have been signed. */
export type WantedMetadata = Readonly<Record<string, string>>;

/**
 * Judges an outcome by the metadata asked for as well: without it the signature is not the one that is wanted, whatever
 * the level.
 *
 * @returns The outcome, its `targetArtifact` failed with `USER_METADATA_MISSING` where a pair is not among those
 * signed.
 *
 * Spec: Notary Project, signature-specification.md, "Payload", annotations of `targetArtifact`.
 */
export function requireMetadata(outcome: VerificationOutcome, wanted: WantedMetadata = {}): VerificationOutcome {
  const { targetArtifact, userMetadata } = outcome;
  if (targetArtifact.status !== "passed") return outcome;
  const pairs = Object.entries(wanted);
  const missing = pairs.find(([key, value]) => !Object.hasOwn(userMetadata, key) || userMetadata[key] !== value);
  const asked = pairs.map(([key]) => key);
  if (missing === undefined) {
    if (pairs.length === 0) return outcome;
    return { ...outcome, targetArtifact: passed({ ...targetArtifact.evidence, userMetadata: asked }) };
  }
  const [key, value] = missing;
  const found = Object.hasOwn(userMetadata, key)
    ? `has the value "${printable(userMetadata[key] ?? "")}"`
    : "is not there";
  const message = `Cannot find the user metadata asked for: "${printable(key)}" ${found}, expected "${
    printable(value)
  }"`;
  return { ...outcome, targetArtifact: failed("USER_METADATA_MISSING", message, { userMetadata: asked }) };
}
