/** Payload bytes → the descriptor that was signed. */
import { isJsonObject, parseJson } from "../../encoding/mod.ts";
import { EngineError, MalformedError } from "../../errors.ts";
import { type Descriptor, readDescriptor } from "../../oci/mod.ts";
import type { Envelope } from "./envelope.ts";
import { parseAsReference, type Shape } from "./reference_json.ts";
import { notingJson, type Relaxations } from "./strict_rules.ts";

/** Levels of nesting of a payload's JSON read at most. */
export const MAX_PAYLOAD_DEPTH = 16;

export interface Payload {
  /** What the signer signed; its annotations are the user metadata. */
  readonly targetArtifact: Descriptor;
}

/**
 * Reads the payload of an envelope. Members this engine does not know are left out; a name in other capitals is one.
 *
 * @param envelope Its payload is what the signer meant only when its integrity is proven.
 * @param relaxations For an envelope read with `compat`: takes up what is passed over.
 * @throws {MalformedError} `ERR_PAYLOAD`
 *
 * Spec: Notary Project, signature-specification.md, "Payload".
 */
export function readPayload({ payload }: Pick<Envelope, "payload">, relaxations?: Relaxations): Payload {
  if (relaxations !== undefined) return decodePayload(payload, relaxations);
  const known = payloads.get(payload);
  if (known !== undefined) return known;
  const read = decodePayload(payload);
  payloads.set(payload, read);
  return read;
}

/** By the object that holds the bytes, which nobody changes: an envelope that is kept is read once. */
const payloads = new WeakMap<Uint8Array, Payload>();

/** What the reference's JSON reader looks for, in any capitals. */
const SHAPE: Shape = {
  targetArtifact: {
    mediaType: undefined,
    digest: undefined,
    size: undefined,
    urls: undefined,
    annotations: undefined,
    data: undefined,
    platform: undefined,
    artifactType: undefined,
  },
};

function decodePayload(payload: Uint8Array, relaxations?: Relaxations): Payload {
  try {
    const limits = { maxDepth: MAX_PAYLOAD_DEPTH };
    const document = relaxations === undefined
      ? parseJson(payload, limits)
      : parseAsReference(payload, SHAPE, notingJson(relaxations, "envelope"), limits);
    if (!isJsonObject(document)) throw new MalformedError("ERR_PAYLOAD", "it is not a JSON object");
    return { targetArtifact: readDescriptor(document["targetArtifact"], "targetArtifact") };
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new MalformedError("ERR_PAYLOAD", `Cannot read the signed payload: ${cause.message}`, { cause });
  }
}
