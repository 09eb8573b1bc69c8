/** The descriptor that is signed → payload bytes, letter by letter as the reference implementation writes them. */
import { compareBytes, encodeUtf8 } from "../../encoding/mod.ts";
import type { Descriptor } from "../../oci/mod.ts";

/** What is signed of an artifact: everything else of a descriptor is left out. */
export type TargetArtifact = Pick<Descriptor, "mediaType" | "digest" | "size" | "annotations">;

/**
 * Writes the payload.
 *
 * @param order `sorted` as JWS payloads are written, which pass through a map; `declared` as those of COSE are.
 * @returns UTF-8 of JSON without white space.
 *
 * Spec: Notary Project, signature-specification.md, "Payload".
 */
export function encodePayload(
  { mediaType, digest, size, annotations }: TargetArtifact,
  order: "sorted" | "declared",
): Uint8Array {
  const user = annotations === undefined ? [] : [`"annotations":${formatAnnotations(annotations)}`];
  const own = order === "sorted" ? { digest, mediaType, size } : { mediaType, digest, size };
  const members = Object.entries(own).map(([name, value]) => `"${name}":${formatJson(value)}`);
  const ordered = order === "sorted" ? [...user, ...members] : [...members, ...user];
  return encodeUtf8(`{"targetArtifact":{${ordered.join(",")}}}`);
}

/**
 * Members in the order of their names' UTF-8, as the reference writes maps; written here, as objects order `10` after
 * `9`.
 */
function formatAnnotations(annotations: Readonly<Record<string, string>>): string {
  const members = Object.entries(annotations).map(([name, value]) => ({ name, value, bytes: encodeUtf8(name) }));
  members.sort((a, b) => compareBytes(a.bytes, b.bytes));
  return `{${members.map(({ name, value }) => `${formatJson(name)}:${formatJson(value)}`).join(",")}}`;
}

/**
 * JSON on one line, members in the order given, with the characters escaped that the reference's writer escapes: what
 * is written may stand in a page's script.
 */
export function formatJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
