/** The table of envelope formats: media type → decoder. */
import { printable } from "../../encoding/mod.ts";
import { MalformedError, UnsupportedError } from "../../errors.ts";
import { quoteText } from "../../x509/mod.ts";
import { decodeCose } from "./cose.ts";
import type { Envelope, EnvelopeBytes, EnvelopeMediaType } from "./envelope.ts";
import { decodeJws } from "./jws.ts";
import type { ReferenceCause } from "./refuse.ts";
import type { ReadOptions, Relaxations, RelaxedRule } from "./strict_rules.ts";

/** Bytes of one envelope read at most: real ones have a few thousand, with timestamps ten thousand. */
export const MAX_ENVELOPE_BYTES = 1024 * 1024;

const FORMATS: Readonly<Record<EnvelopeMediaType, (bytes: Uint8Array, relaxations?: Relaxations) => Envelope>> = {
  "application/jose+json": decodeJws,
  "application/cose": decodeCose,
};

/** Whether envelopes of this media type can be decoded. */
export function isEnvelopeMediaType(mediaType: string): mediaType is EnvelopeMediaType {
  return Object.hasOwn(FORMATS, mediaType);
}

/**
 * Decodes an envelope of any format into its one normal form. Nothing in it is proven afterwards.
 *
 * @param options With `compat` the reference implementation's rules are applied in the place of ours, here and in what
 * is judged of the envelope later; for comparisons, never for a decision.
 * @throws {UnsupportedError} `ERR_ENVELOPE_MEDIA_TYPE`, `ERR_ALGORITHM_UNSUPPORTED`
 * @throws {MalformedError} `ERR_ENVELOPE_FORMAT`, `ERR_ENVELOPE_ATTRIBUTE`, `ERR_CERTIFICATE`, `ERR_TOO_LARGE`
 *
 * Spec: Notary Project, signature-specification.md, "Signature Envelope".
 */
export function decodeEnvelope({ mediaType, bytes }: EnvelopeBytes, options: ReadOptions = {}): Envelope {
  if (!isEnvelopeMediaType(mediaType)) throw unknownMediaType(mediaType);
  if (bytes.length > MAX_ENVELOPE_BYTES) {
    throw new MalformedError(
      "ERR_TOO_LARGE",
      `Cannot decode envelope: ${bytes.length} bytes, expected at most ${MAX_ENVELOPE_BYTES}`,
    );
  }
  if (options.compat === undefined) return FORMATS[mediaType](bytes);
  const relaxations = new Set<RelaxedRule>();
  return { ...FORMATS[mediaType](bytes, relaxations), relaxed: [...relaxations] };
}

/** The refusal of a media type that is in no row of the table. */
export function unknownMediaType(mediaType: string): UnsupportedError {
  const expected = Object.keys(FORMATS).map((known) => `"${known}"`).join(" or ");
  return new UnsupportedError(
    "ERR_ENVELOPE_MEDIA_TYPE",
    `Cannot decode envelope: media type "${printable(mediaType, 200)}", expected ${expected}`,
    {
      cause: {
        reference: "unable to parse the digital signature, error : " +
          `signature envelope format with media type ${quoteText(mediaType)} is not supported`,
      } satisfies ReferenceCause,
    },
  );
}
