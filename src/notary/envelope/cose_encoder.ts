/**
 * COSE envelopes written: a tagged COSE_Sign1 (RFC 9052, section 4.2) in deterministic CBOR.
 *
 * Spec: Notary Project, signature-envelope-cose.md.
 */
import { ALGORITHMS } from "../../crypto/mod.ts";
import { type CborKey, type CborValue, encodeCbor } from "../../encoding/mod.ts";
import { ATTRIBUTE, criticalAttributes, PAYLOAD_CONTENT_TYPE } from "./attributes.ts";
import type { EnvelopeContents, PreparedEnvelope } from "./contents.ts";
import { COSE_SIGN1_TAG, LABEL, signedStructure } from "./cose.ts";
import type { AttributeTime } from "./envelope.ts";
import { encodePayload } from "./payload_encoder.ts";

/** Writes everything of a COSE envelope but its signature. */
export function prepareCose(contents: EnvelopeContents): PreparedEnvelope {
  const payload = encodePayload(contents.targetArtifact, "declared");
  const protectedBytes = encodeCbor(protectedHeaders(contents));
  return {
    signedBytes: signedStructure(protectedBytes, payload),
    complete({ signature, certificateChain, unsignedAttributes: { signingAgent, timestampSignature } }) {
      const unprotected = new Map<CborKey, CborValue>([[LABEL.x5chain, certificateChain]]);
      if (timestampSignature !== undefined) unprotected.set(ATTRIBUTE.timestampSignature, timestampSignature);
      if (signingAgent !== undefined) unprotected.set(ATTRIBUTE.signingAgent, signingAgent);
      return encodeCbor({ tag: COSE_SIGN1_TAG, value: [protectedBytes, unprotected, payload, signature] });
    },
  };
}

function protectedHeaders({ signatureAlgorithm, signedAttributes }: EnvelopeContents): ReadonlyMap<CborKey, CborValue> {
  const { signingScheme, signingTime, authenticSigningTime, expiry } = signedAttributes;
  const { cose } = ALGORITHMS[signatureAlgorithm];
  const headers: readonly (readonly [CborKey, CborValue | undefined])[] = [
    [LABEL.alg, cose],
    [LABEL.crit, criticalAttributes(signedAttributes)],
    [LABEL.contentType, PAYLOAD_CONTENT_TYPE],
    [ATTRIBUTE.signingScheme, signingScheme],
    [ATTRIBUTE.signingTime, signingTime && epochTime(signingTime)],
    [ATTRIBUTE.authenticSigningTime, authenticSigningTime && epochTime(authenticSigningTime)],
    [ATTRIBUTE.expiry, expiry && epochTime(expiry)],
  ];
  const present = headers.flatMap(([key, value]) => value === undefined ? [] : [[key, value] as const]);
  return new Map(present);
}

/** Spec: RFC 8949, section 3.4.2: tag 1, whole seconds since 1970. */
function epochTime({ instant }: AttributeTime): CborValue {
  return { tag: 1, value: Math.floor(instant.getTime() / 1000) };
}
