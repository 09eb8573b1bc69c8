/** What signatures claim, unverified, in the forms of `notation inspect` 1.3.2: tree and JSON. */
import { printable } from "../../encoding/mod.ts";
import {
  type AttributeTime,
  type InspectedCertificate,
  type InspectedTimestamp,
  type Inspection,
  SIGNATURE_ARTIFACT_TYPE,
} from "../../notary/mod.ts";
import type { Descriptor } from "../../oci/mod.ts";
import { renderJson, sortedMembers } from "./json.ts";
import { descriptorValue } from "./referrers.ts";
import { formatAnsic, formatRfc3339, type ViewerZone } from "./time.ts";
import { node, pair, renderTree, type TreeNode } from "./tree.ts";

/** One signature of an artifact: its manifest and what its envelope claims. */
export interface InspectedSignature {
  readonly manifest: Descriptor;
  readonly claims: Inspection;
}

/** Longest attribute or name that is printed whole. */
export const MAX_PRINTED_CLAIM = 8192;

/** A claim made safe to print. */
export const shown = (text: string): string => printable(text, MAX_PRINTED_CLAIM);

/** How an instant with or without an offset of its own is written. */
type TimeFormat = (time: AttributeTime) => string;

/**
 * Writes the tree. Attributes are sorted by name, where notation prints them in any order; what comes from the envelope
 * is escaped.
 *
 * @param reference `registry/repository@digest`.
 * @param zone For times of COSE envelopes, which have no offset of their own; certificates are in UTC.
 */
export function renderInspectionTree(
  reference: string,
  signatures: readonly InspectedSignature[],
  zone: ViewerZone,
): string {
  if (signatures.length === 0) return `${reference} has no associated signature\n`;
  const format: TimeFormat = ({ instant, offsetMinutes }) =>
    formatAnsic({ instant, offsetMinutes: offsetMinutes ?? zone(instant) });
  const nodes = signatures.map(({ manifest, claims }) => node(manifest.digest, claimNodes(claims, format)));
  return `Inspecting all signatures for signed artifact\n${
    renderTree(node(reference, [node(SIGNATURE_ARTIFACT_TYPE, nodes)]))
  }`;
}

function claimNodes(claims: Inspection, format: TimeFormat): readonly TreeNode[] {
  const { targetArtifact } = claims;
  return [
    pair("media type", shown(claims.mediaType)),
    pair("signature algorithm", claims.signatureAlgorithm),
    node("signed attributes", pairs(signedAttributes(claims, format))),
    node("user defined attributes", pairs(userAttributes(claims) ?? {})),
    node("unsigned attributes", unsignedNodes(claims, format)),
    node("certificates", certificateNodes(claims.certificates, format)),
    node("signed artifact", [
      pair("media type", shown(targetArtifact.mediaType)),
      pair("digest", targetArtifact.digest),
      pair("size", String(targetArtifact.size)),
    ]),
  ];
}

/** Attributes as leaves, sorted by name. */
export function pairs(members: Readonly<Record<string, string>>): readonly TreeNode[] {
  const nodes = Object.entries(sortedMembers(members)).map(([key, value]) => pair(shown(key), shown(value)));
  return nodes.length === 0 ? [node("(empty)")] : nodes;
}

function unsignedNodes(
  { unsignedAttributes: { signingAgent }, timestamp }: Inspection,
  format: TimeFormat,
): readonly TreeNode[] {
  return [
    ...(signingAgent === undefined ? [] : [pair("signingAgent", shown(signingAgent))]),
    ...(timestamp === undefined ? [] : [node("timestamp signature", timestampNodes(timestamp, format))]),
  ];
}

/** A countersignature's interval and certificates, or what is wrong with it. */
export function timestampNodes(timestamp: InspectedTimestamp, format: TimeFormat): readonly TreeNode[] {
  if ("error" in timestamp) return [pair("error", timestampError(timestamp.error))];
  return [
    pair("timestamp", rangeText(timestamp, format)),
    node("certificates", certificateNodes(timestamp.certificates, format)),
  ];
}

/** Notation begins so whatever is wrong with a countersignature. */
function timestampError(error: string): string {
  return `failed to parse timestamp countersignature: ${shown(error)}`;
}

/** Times of a token are in UTC. */
function rangeText({ range }: Extract<InspectedTimestamp, { readonly range: unknown }>, format: TimeFormat): string {
  const end = (instant: Date) => format({ instant, offsetMinutes: 0 });
  return `[${end(range.earliest)}, ${end(range.latest)}]`;
}

/** One node per certificate, leaf first. */
export function certificateNodes(
  certificates: readonly InspectedCertificate[],
  format: TimeFormat,
): readonly TreeNode[] {
  return certificates.map(({ fingerprint, subject, issuer, notAfter }) =>
    node(`SHA256 fingerprint: ${fingerprint}`, [
      pair("issued to", shown(subject)),
      pair("issued by", shown(issuer)),
      pair("expiry", format({ instant: notAfter, offsetMinutes: 0 })),
    ])
  );
}

/**
 * Writes the JSON document: notation's members in notation's order, its maps sorted.
 *
 * @param artifact The inspected artifact, resolved.
 */
export function renderInspectionJson(
  artifact: Descriptor,
  signatures: readonly InspectedSignature[],
  zone: ViewerZone,
): string {
  const format: TimeFormat = ({ instant, offsetMinutes }) =>
    formatRfc3339({ instant, offsetMinutes: offsetMinutes ?? zone(instant) });
  const values = signatures.map(({ manifest, claims }) => ({
    mediaType: claims.mediaType,
    digest: manifest.digest,
    signatureAlgorithm: claims.signatureAlgorithm,
    signedAttributes: sortedMembers(signedAttributes(claims, format)),
    userDefinedAttributes: userAttributes(claims) ?? null,
    unsignedAttributes: unsignedMembers(claims, format),
    certificates: certificateMembers(claims.certificates, format),
    signedArtifact: { ...descriptorValue(claims.targetArtifact), annotations: undefined },
  }));
  return renderJson({ mediaType: artifact.mediaType, Signatures: values }, 4);
}

/** The certificates as JSON has them, leaf first. */
export function certificateMembers(certificates: readonly InspectedCertificate[], format: TimeFormat) {
  return certificates.map(({ fingerprint, subject, issuer, notAfter }) => ({
    SHA256Fingerprint: fingerprint,
    issuedTo: subject,
    issuedBy: issuer,
    expiry: format({ instant: notAfter, offsetMinutes: 0 }),
  }));
}

/** The unsigned attributes as JSON has them. */
export function unsignedMembers({ unsignedAttributes: { signingAgent }, timestamp }: Inspection, format: TimeFormat) {
  return {
    signingAgent,
    timestampSignature: timestamp === undefined ? undefined : timestampMembers(timestamp, format),
  };
}

function timestampMembers(timestamp: InspectedTimestamp, format: TimeFormat) {
  if ("error" in timestamp) return { error: timestampError(timestamp.error) };
  return { timestamp: rangeText(timestamp, format), certificates: certificateMembers(timestamp.certificates, format) };
}

/** Notation names the signing time alike under both signing schemes. */
function signedAttributes(
  { signedAttributes: { signingScheme, signingTime, authenticSigningTime, expiry, extended } }: Inspection,
  format: TimeFormat,
): Record<string, string> {
  const time = signingTime ?? authenticSigningTime;
  return {
    signingScheme,
    ...(time === undefined ? {} : { signingTime: format(time) }),
    ...(expiry === undefined ? {} : { expiry: format(expiry) }),
    ...Object.fromEntries(extended.map(({ key, value }) => [String(key), attributeText(value)])),
  };
}

/** The signer's own key-value pairs; absent when the payload has no annotations at all. */
export function userAttributes({ targetArtifact: { annotations } }: Inspection): Record<string, string> | undefined {
  return annotations === undefined ? undefined : sortedMembers(annotations);
}

/** An extended attribute's value in one line. */
export function attributeText(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, part: unknown) => typeof part === "bigint" ? part.toString() : part) ?? "undefined";
}
