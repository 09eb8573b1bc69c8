/**
 * JWS envelopes written: the flattened JSON serialization (RFC 7515, section 7.2.2), headers sorted by name.
 *
 * Spec: Notary Project, signature-envelope-jws.md.
 */
import { ALGORITHMS } from "../../crypto/mod.ts";
import { encodeBase64, encodeBase64Url, encodeUtf8 } from "../../encoding/mod.ts";
import { ATTRIBUTE, criticalAttributes, PAYLOAD_CONTENT_TYPE } from "./attributes.ts";
import type { EnvelopeContents, PreparedEnvelope } from "./contents.ts";
import { encodePayload, formatJson } from "./payload_encoder.ts";
import { formatRfc3339 } from "./rfc3339.ts";

/** Writes everything of a JWS envelope but its signature. */
export function prepareJws(contents: EnvelopeContents): PreparedEnvelope {
  const payload = encodeBase64Url(encodePayload(contents.targetArtifact, "sorted"));
  const protectedText = encodeBase64Url(encodeUtf8(formatJson(protectedHeader(contents))));
  return {
    signedBytes: encodeUtf8(`${protectedText}.${payload}`),
    complete({ signature, certificateChain, unsignedAttributes: { signingAgent, timestampSignature } }) {
      const header = {
        ...(timestampSignature === undefined
          ? {}
          : { [ATTRIBUTE.timestampSignature]: encodeBase64(timestampSignature) }),
        x5c: certificateChain.map(encodeBase64),
        ...(signingAgent === undefined ? {} : { [ATTRIBUTE.signingAgent]: signingAgent }),
      };
      return encodeUtf8(
        formatJson({ payload, protected: protectedText, header, signature: encodeBase64Url(signature) }),
      );
    },
  };
}

function protectedHeader(
  { signatureAlgorithm, signedAttributes }: EnvelopeContents,
): Readonly<Record<string, unknown>> {
  const { signingScheme, signingTime, authenticSigningTime, expiry } = signedAttributes;
  const headers: readonly (readonly [string, unknown])[] = [
    ["alg", ALGORITHMS[signatureAlgorithm].jws],
    ["crit", criticalAttributes(signedAttributes)],
    ["cty", PAYLOAD_CONTENT_TYPE],
    [ATTRIBUTE.signingScheme, signingScheme],
    [ATTRIBUTE.signingTime, signingTime && formatRfc3339(signingTime)],
    [ATTRIBUTE.authenticSigningTime, authenticSigningTime && formatRfc3339(authenticSigningTime)],
    [ATTRIBUTE.expiry, expiry && formatRfc3339(expiry)],
  ];
  const present = headers.filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.toSorted(([a], [b]) => a < b ? -1 : 1));
}
