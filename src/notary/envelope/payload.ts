/** Payload bytes → the descriptor that was signed. */
import { isJsonObject, parseJson } from "../../encoding/mod.ts";
import { EngineError, MalformedError } from "../../errors.ts";
import { type Descriptor, readDescriptor } from "../../oci/mod.ts";
import type { Envelope } from "./envelope.ts";

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
 * @throws {MalformedError} `ERR_PAYLOAD`
 *
 * Spec: Notary Project, signature-specification.md, "Payload".
 */
export function readPayload({ payload }: Pick<Envelope, "payload">): Payload {
  const known = payloads.get(payload);
  if (known !== undefined) return known;
  const read = decodePayload(payload);
  payloads.set(payload, read);
  return read;
}

/** By the object that holds the bytes, which nobody changes: an envelope that is kept is read once. */
const payloads = new WeakMap<Uint8Array, Payload>();

function decodePayload(payload: Uint8Array): Payload {
  try {
    const document = parseJson(payload, { maxDepth: MAX_PAYLOAD_DEPTH });
    if (!isJsonObject(document)) throw new MalformedError("ERR_PAYLOAD", "it is not a JSON object");
    return { targetArtifact: readDescriptor(document["targetArtifact"], "targetArtifact") };
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new MalformedError("ERR_PAYLOAD", `Cannot read the signed payload: ${cause.message}`, { cause });
  }
}
