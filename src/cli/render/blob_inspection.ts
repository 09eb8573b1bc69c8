/** What the signature of a file claims, unverified, in the forms of `notation blob inspect`: tree and JSON. */
import type { AttributeTime, Inspection } from "../../notary/mod.ts";
import {
  attributeText,
  certificateMembers,
  certificateNodes,
  pairs,
  shown,
  timestampNodes,
  unsignedMembers,
  userAttributes,
} from "./inspection.ts";
import { renderJson } from "./json.ts";
import { descriptorValue } from "./referrers.ts";
import { formatAnsic, formatRfc3339, type ViewerZone } from "./time.ts";
import { node, pair, renderTree, type TreeNode } from "./tree.ts";

type TimeFormat = (time: AttributeTime) => string;

/**
 * Writes the tree.
 *
 * @param path The signature's file.
 * @param zone For times of COSE envelopes, which have no offset of their own; certificates are in UTC.
 */
export function renderBlobInspectionTree(path: string, claims: Inspection, zone: ViewerZone): string {
  const format: TimeFormat = ({ instant, offsetMinutes }) =>
    formatAnsic({ instant, offsetMinutes: offsetMinutes ?? zone(instant) });
  const { targetArtifact } = claims;
  const signed = signedAttributes(claims, format).map(({ words, value }) => pair(shown(words), shown(value)));
  return renderTree(node(shown(path), [
    pair("signature algorithm", claims.signatureAlgorithm),
    pair("signature envelope type", shown(claims.mediaType)),
    node("signed attributes", signed),
    node("user defined attributes", pairs(userAttributes(claims) ?? {})),
    node("unsigned attributes", unsignedNodes(claims, format)),
    node("certificates", certificateNodes(claims.certificates, format)),
    node("signed artifact", [
      pair("media type", shown(targetArtifact.mediaType)),
      pair("digest", targetArtifact.digest),
      pair("size", String(targetArtifact.size)),
    ]),
  ]));
}

/** Writes the JSON document, its members in notation's order. */
export function renderBlobInspectionJson(claims: Inspection, zone: ViewerZone): string {
  const format: TimeFormat = ({ instant, offsetMinutes }) =>
    formatRfc3339({ instant, offsetMinutes: offsetMinutes ?? zone(instant) });
  return renderJson({
    signatureAlgorithm: claims.signatureAlgorithm,
    signatureEnvelopeType: claims.mediaType,
    signedAttributes: Object.fromEntries(signedAttributes(claims, format).map(({ name, value }) => [name, value])),
    userDefinedAttributes: userAttributes(claims) ?? null,
    unsignedAttributes: unsignedMembers(claims, format),
    certificates: certificateMembers(claims.certificates, format),
    signedArtifact: { ...descriptorValue(claims.targetArtifact), annotations: undefined },
  }, 2);
}

interface Attribute {
  /** In JSON. */
  readonly name: string;
  /** In the tree. */
  readonly words: string;
  readonly value: string;
}

function signedAttributes(
  { signedAttributes: { contentType, signingScheme, signingTime, authenticSigningTime, expiry, extended } }: Inspection,
  format: TimeFormat,
): readonly Attribute[] {
  const time = signingTime ?? authenticSigningTime;
  return [
    { name: "contentType", words: "content type", value: contentType },
    { name: "signingScheme", words: "signing scheme", value: signingScheme },
    ...(time === undefined ? [] : [{ name: "signingTime", words: "signing time", value: format(time) }]),
    ...(expiry === undefined ? [] : [{ name: "expiry", words: "expiry", value: format(expiry) }]),
    ...extended.map(({ key, value }) => ({ name: String(key), words: String(key), value: attributeText(value) })),
  ];
}

function unsignedNodes(
  { unsignedAttributes: { signingAgent }, timestamp }: Inspection,
  format: TimeFormat,
): readonly TreeNode[] {
  return [
    ...(signingAgent === undefined ? [] : [pair("signing agent", shown(signingAgent))]),
    ...(timestamp === undefined ? [] : [node("timestamp signature", timestampNodes(timestamp, format))]),
  ];
}
