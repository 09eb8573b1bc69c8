/** Envelopes written: the table of both formats' writers; `formats.ts` has the readers. */
import type { EnvelopeContents, PreparedEnvelope } from "./contents.ts";
import { prepareCose } from "./cose_encoder.ts";
import type { EnvelopeMediaType } from "./envelope.ts";
import { prepareJws } from "./jws_encoder.ts";

const WRITERS: Readonly<Record<EnvelopeMediaType, (contents: EnvelopeContents) => PreparedEnvelope>> = {
  "application/jose+json": prepareJws,
  "application/cose": prepareCose,
};

/** Writes everything of an envelope but its signature. */
export function prepareEnvelope(mediaType: EnvelopeMediaType, contents: EnvelopeContents): PreparedEnvelope {
  return WRITERS[mediaType](contents);
}
