/** What a signature claims, as `inspect` shows it. */
import type { AttributeTime, InspectedTimestamp, Inspection } from "../notary/mod.ts";
import { element } from "./dom.ts";
import { formatInstant, formatOffset, formatValue, shown } from "./text.ts";

type Fact = readonly [label: string, value: Node | string];

/**
 * Draws everything an envelope claims.
 *
 * @param proven Whether it verified: only then is what is signed more than a claim.
 * @param given Fingerprints of the certificates that were given: those of the chain among them are marked.
 */
export function drawClaims(claims: Inspection, proven: boolean, given: ReadonlySet<string>): HTMLElement {
  const { targetArtifact, signedAttributes } = claims;
  return element(
    "div",
    { class: "claims" },
    panel("Signed artifact", [
      element(
        "p",
        { class: proven ? "standing" : "standing unproven" },
        proven ? "Proven by the signature." : "Nothing here is proven: it is what the file claims.",
      ),
      facts([
        ["digest", code(targetArtifact.digest)],
        ["media type", shown(targetArtifact.mediaType)],
        ["size", `${targetArtifact.size} bytes`],
      ]),
      element(
        "p",
        { class: "aside" },
        "This is what the signature is about. Compare the digest with the image you pull.",
      ),
    ]),
    panel("Signature", [
      facts([["media type", shown(claims.mediaType)], ["signature algorithm", shown(claims.signatureAlgorithm)]]),
      element("h4", {}, "signed attributes"),
      facts(signedFacts(signedAttributes)),
      element("h4", {}, "user defined attributes"),
      facts(Object.entries(targetArtifact.annotations ?? {}).sort().map(([key, value]) => [shown(key), shown(value)])),
      element("h4", {}, "unsigned attributes (never proven)"),
      facts(unsignedFacts(claims)),
    ]),
    panel("Certificates", [
      element(
        "ol",
        { class: "chain" },
        ...claims.certificates.map((certificate, index) => drawCertificate(certificate, index, given)),
      ),
    ]),
  );
}

function signedFacts(attributes: Inspection["signedAttributes"]): readonly Fact[] {
  const { signingScheme, signingTime, authenticSigningTime, expiry, extended } = attributes;
  return [
    ["signingScheme", shown(signingScheme)],
    ...timeFact("signingTime", signingTime),
    ...timeFact("authenticSigningTime", authenticSigningTime),
    ...timeFact("expiry", expiry),
    ...extended.map(({ key, value }): Fact => [shown(String(key)), formatValue(value)]),
  ];
}

function timeFact(label: string, time: AttributeTime | undefined): readonly Fact[] {
  if (time === undefined) return [];
  const { instant, offsetMinutes } = time;
  const written = offsetMinutes === undefined || offsetMinutes === 0
    ? ""
    : ` (written in ${formatOffset(offsetMinutes)})`;
  return [[label, element("span", {}, drawTime(instant), written)]];
}

function unsignedFacts({ unsignedAttributes: { signingAgent }, timestamp }: Inspection): readonly Fact[] {
  return [
    ...(signingAgent === undefined ? [] : [["signingAgent", shown(signingAgent)] as const]),
    ...(timestamp === undefined ? [] : [["timestamp signature", drawTimestamp(timestamp)] as const]),
  ];
}

function drawTimestamp(timestamp: InspectedTimestamp): HTMLElement {
  if ("error" in timestamp) return element("span", {}, shown(timestamp.error));
  const { earliest, latest } = timestamp.range;
  return element("span", {}, "between ", drawTime(earliest), " and ", drawTime(latest));
}

function drawCertificate(
  { subject, issuer, notAfter, fingerprint }: Inspection["certificates"][number],
  index: number,
  given: ReadonlySet<string>,
): HTMLElement {
  const place = index === 0 ? "Signing certificate" : subject === issuer ? "Root" : "Intermediate";
  return element(
    "li",
    {},
    element("p", { class: "place" }, place),
    given.has(fingerprint) ? element("p", { class: "anchor" }, "the same as the certificate you gave") : undefined,
    facts([
      ["SHA256 fingerprint", code(fingerprint)],
      ["issued to", drawName(subject)],
      ["issued by", drawName(subject === issuer ? `${issuer} (itself)` : issuer)],
      ["expiry", drawTime(notAfter)],
    ]),
  );
}

/** A titled part of the result. */
export function panel(title: string, children: readonly (Node | undefined)[]): HTMLElement {
  return element("section", { class: "panel" }, element("h3", {}, title), ...children);
}

function facts(list: readonly Fact[]): HTMLElement {
  if (list.length === 0) return element("p", { class: "none" }, "(empty)");
  return element(
    "dl",
    {},
    ...list.map(([label, value]) => element("div", {}, element("dt", {}, label), element("dd", {}, value))),
  );
}

function drawTime(instant: Date): HTMLElement {
  return element("time", { datetime: instant.toISOString() }, formatInstant(instant));
}

/** A distinguished name that breaks after its commas first. */
function drawName(name: string): HTMLElement {
  const parts = shown(name).split(",");
  return element("span", {}, ...parts.flatMap((part, index) => index === 0 ? [part] : [",", element("wbr"), part]));
}

function code(text: string): HTMLElement {
  return element("code", {}, shown(text));
}
