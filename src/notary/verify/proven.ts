/**
 * What was decoded and proven of an envelope, kept as long as its bytes are: whoever holds the same bytes again, as a
 * client that keeps content does, has neither to decode nor to compute again. Time, trust and artifact are never part
 * of it; they are judged anew each time.
 */
import type { CryptoProvider } from "../../ports.ts";
import type { Envelope, EnvelopeBytes } from "../envelope/envelope.ts";
import { decodeEnvelope } from "../envelope/formats.ts";
import { validateIntegrity } from "./integrity.ts";
import type { ValidationResult } from "./outcome.ts";

/** By the object that holds the bytes, which nobody changes: as bounded as whoever keeps that object. */
const decoded = new WeakMap<Uint8Array, { readonly mediaType: string; readonly envelope: Envelope }>();
const proven = new WeakMap<Envelope, WeakMap<CryptoProvider, ValidationResult>>();

/**
 * The envelope these bytes are; the same object for the same byte string object.
 *
 * @throws {EngineError} As {@link decodeEnvelope}; a refusal is not kept.
 */
export function decodeOnce(stored: EnvelopeBytes): Envelope {
  const known = decoded.get(stored.bytes);
  if (known !== undefined && known.mediaType === stored.mediaType) return known.envelope;
  const envelope = decodeEnvelope(stored);
  decoded.set(stored.bytes, { mediaType: stored.mediaType, envelope });
  return envelope;
}

/** The integrity of an envelope, computed once per provider. What could not be told is asked again. */
export async function integrityOnce(envelope: Envelope, crypto: CryptoProvider): Promise<ValidationResult> {
  const byProvider = proven.get(envelope) ?? new WeakMap<CryptoProvider, ValidationResult>();
  proven.set(envelope, byProvider);
  const known = byProvider.get(crypto);
  if (known !== undefined) return known;
  const integrity = await validateIntegrity(envelope, crypto);
  if (integrity.status !== "inconclusive") byProvider.set(crypto, integrity);
  return integrity;
}
