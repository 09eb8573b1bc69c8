/**
 * COSE envelopes, `application/cose`: COSE_Sign1 (RFC 9052, section 4.2) with its tag.
 *
 * Spec: Notary Project, signature-envelope-cose.md.
 */
import { COSE_ALGORITHMS } from "../../crypto/mod.ts";
import { type CborItem, type CborKey, decodeCbor, encodeCbor, printable } from "../../encoding/mod.ts";
import { UnsupportedError } from "../../errors.ts";
import { readCertificate } from "../../x509/mod.ts";
import { ATTRIBUTE, readSignedAttributes } from "./attributes.ts";
import { NO_CHAIN, readChain } from "./certificate_chain.ts";
import type { AttributeTime, Envelope, ExtendedAttribute, UnsignedAttributes } from "./envelope.ts";
import { reading, refuseAttribute, refuseFormat } from "./refuse.ts";
import { passesOver, type Relaxations } from "./strict_rules.ts";

const FORMAT = "COSE";

/** Labels of RFC 9052, section 3.1, and RFC 9360, section 2. */
export const LABEL = { alg: 1, crit: 2, contentType: 3, x5chain: 33 } as const;

/** Protected headers with a meaning of their own; all others are extended attributes. */
const SYSTEM_LABELS: ReadonlySet<CborKey> = new Set<CborKey>([
  ...Object.values(LABEL),
  ATTRIBUTE.signingScheme,
  ATTRIBUTE.signingTime,
  ATTRIBUTE.authenticSigningTime,
  ATTRIBUTE.expiry,
]);

/** Tag of COSE_Sign1. */
export const COSE_SIGN1_TAG = 18;

/** Tag 18 of COSE_Sign1 and the array of four, each in its one byte. */
const FIRST_BYTES = [0xd2, 0x84] as const;

type Headers = ReadonlyMap<CborKey, CborItem>;

/**
 * Decodes a COSE_Sign1 envelope. Nothing in it is proven afterwards.
 *
 * @param bytes The envelope as stored, its size checked by the caller.
 * @param relaxations Under `compat` alone: takes up what is passed over.
 * @throws {MalformedError} `ERR_ENVELOPE_FORMAT`, `ERR_ENVELOPE_ATTRIBUTE`, `ERR_CERTIFICATE`
 * @throws {UnsupportedError} `ERR_ALGORITHM_UNSUPPORTED`
 */
export function decodeCose(bytes: Uint8Array, relaxations?: Relaxations): Envelope {
  if (bytes[0] !== FIRST_BYTES[0] || bytes[1] !== FIRST_BYTES[1]) {
    refuseFormat(FORMAT, "it does not begin with d2 84, a tagged COSE_Sign1", {
      reference: "unable to parse the digital signature, error : cbor: invalid COSE_Sign1_Tagged object",
    });
  }
  // A copy, as what is decoded are views: what is proven of them must not change with the caller's buffer.
  const owned = bytes.slice();
  const message = reading(FORMAT, "COSE_Sign1", () => decodeCbor(owned, { tags: "outermost" }));
  const parts = message.type === "tag" && message.item.type === "array" ? message.item.items : [];
  const [protectedItem, unprotectedItem, payloadItem, signatureItem] = parts;
  const protectedBytes = readBytes(protectedItem, "protected");
  const payload = readBytes(payloadItem, "payload");
  const protectedHeaders = readMap(reading(FORMAT, "protected", () => decodeCbor(protectedBytes)), "protected");
  const unprotected = readMap(unprotectedItem, "unprotected");
  for (const label of unprotected.keys()) {
    if (protectedHeaders.has(label) && !passesOver(relaxations, "header-once")) {
      refuseFormat(FORMAT, `header ${shown(label)} is protected and unprotected`);
    }
  }
  return {
    mediaType: "application/cose",
    signatureAlgorithm: readAlgorithm(protectedHeaders.get(LABEL.alg)),
    payload,
    signedAttributes: readProtected(protectedHeaders, relaxations),
    unsignedAttributes: readUnprotected(unprotected, relaxations),
    certificateChain: readX5chain(
      // The reference looks into the unprotected headers only (cose-chain-protected).
      unprotected.get(LABEL.x5chain) ?? (relaxations === undefined ? protectedHeaders.get(LABEL.x5chain) : undefined),
    ),
    signature: readBytes(signatureItem, "signature"),
    signedBytes: signedStructure(protectedBytes, payload),
  };
}

/**
 * What a COSE_Sign1 signature is over.
 *
 * @param protectedBytes The protected headers as they stand in the message; only the length before them is written
 * anew.
 *
 * Spec: RFC 9052, section 4.4, Sig_structure.
 */
export function signedStructure(protectedBytes: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(["Signature1", protectedBytes, NO_EXTERNAL_DATA, payload]);
}

const NO_EXTERNAL_DATA = new Uint8Array(0);

function shown(label: CborKey): string {
  return `"${printable(String(label), 80)}"`;
}

function readBytes(item: CborItem | undefined, where: string): Uint8Array {
  if (item?.type === "bytes" && item.value.length > 0) return item.value;
  return refuseFormat(
    FORMAT,
    `"${where}" is ${item?.type === "bytes" ? "empty" : `${item?.type ?? "missing"}`}, expected bytes`,
  );
}

function readMap(item: CborItem | undefined, where: string): Headers {
  if (item?.type === "map") return item.entries;
  return refuseFormat(FORMAT, `"${where}" is ${item?.type ?? "missing"}, expected a map`);
}

function readAlgorithm(item: CborItem | undefined) {
  const label = item?.type === "integer" ? item.value : undefined;
  const algorithm = typeof label === "number" ? COSE_ALGORITHMS.get(label) : undefined;
  if (algorithm !== undefined) return algorithm;
  const found = label === undefined ? (item?.type ?? "missing") : String(label);
  const expected = [...COSE_ALGORITHMS.keys()].join(", ");
  throw new UnsupportedError(
    "ERR_ALGORITHM_UNSUPPORTED",
    `Cannot accept label 1, alg: ${found}, expected one of ${expected}`,
  );
}

function readProtected(headers: Headers, relaxations: Relaxations | undefined) {
  const critical = readCritical(headers);
  const extended: ExtendedAttribute[] = [];
  for (const [label, item] of headers) {
    if (SYSTEM_LABELS.has(label)) continue;
    const key = typeof label === "bigint" ? String(label) : label;
    extended.push({ key, critical: critical.has(key), value: plainValue(item) });
  }
  return readSignedAttributes(FORMAT, {
    contentType: readText(headers, LABEL.contentType),
    signingScheme: readText(headers, ATTRIBUTE.signingScheme),
    signingTime: readTime(headers, ATTRIBUTE.signingTime, relaxations),
    authenticSigningTime: readTime(headers, ATTRIBUTE.authenticSigningTime, relaxations),
    expiry: readTime(headers, ATTRIBUTE.expiry, relaxations),
    critical,
    extended,
  }, relaxations);
}

function readText(headers: Headers, label: string | number): string {
  const item = headers.get(label);
  if (item?.type === "text") return item.value;
  return refuseAttribute(FORMAT, label, item === undefined ? "missing" : `${item.type}, expected text`);
}

/** Milliseconds before and after 1970 that have four digits in their year. */
const [FIRST_INSTANT, LAST_INSTANT] = [Date.parse("0000-01-01T00:00:00Z"), Date.parse("9999-12-31T23:59:59.999Z")];

/** Spec: RFC 8949, section 3.4.2: tag 1, seconds since 1970. A fraction is cut to milliseconds, which is said. */
function readTime(
  headers: Headers,
  label: string,
  relaxations: Relaxations | undefined,
): AttributeTime | undefined {
  const item = headers.get(label);
  if (item === undefined) return undefined;
  const seconds = item.type === "tag" && item.tag === 1 && (item.item.type === "integer" || item.item.type === "float")
    ? Number(item.item.value)
    : NaN;
  const milliseconds = Math.floor(seconds * 1000);
  const instant = new Date(milliseconds);
  const time: AttributeTime = milliseconds < seconds * 1000 ? { instant, isLater: true } : { instant };
  if (milliseconds >= FIRST_INSTANT && milliseconds <= LAST_INSTANT) return time;
  // What a `Date` cannot hold is refused all the same (time-range).
  if (!Number.isNaN(instant.getTime()) && passesOver(relaxations, "rfc3339-strict")) return time;
  return refuseAttribute(FORMAT, label, "expected tag 1 with seconds since 1970 up to the year 9999");
}

/** Spec: RFC 9052, section 3.1: not empty, every label present in the protected headers. */
function readCritical(headers: Headers): ReadonlySet<string | number> {
  const item = headers.get(LABEL.crit);
  if (item?.type !== "array" || item.items.length === 0) {
    refuseAttribute(FORMAT, LABEL.crit, item === undefined ? "missing" : "not a list of labels with 1 or more");
  }
  const critical = new Set<string | number>();
  for (const entry of item.items) {
    if (entry.type !== "text" && entry.type !== "integer") {
      refuseAttribute(FORMAT, LABEL.crit, `holds ${entry.type}, expected labels`);
    }
    if (!headers.has(entry.value)) {
      refuseAttribute(FORMAT, LABEL.crit, `names ${shown(entry.value)}, which is not present`);
    }
    critical.add(typeof entry.value === "bigint" ? String(entry.value) : entry.value);
  }
  return critical;
}

/** Labels this engine does not know are left out: nothing vouches for them. */
function readUnprotected(headers: Headers, relaxations: Relaxations | undefined): UnsignedAttributes {
  const agent = headers.get(ATTRIBUTE.signingAgent);
  if (agent !== undefined && agent.type !== "text" && !passesOver(relaxations, "cose-unsigned-types")) {
    refuseAttribute(FORMAT, ATTRIBUTE.signingAgent, `${agent.type}, expected text`);
  }
  const timestamp = headers.get(ATTRIBUTE.timestampSignature);
  if (timestamp !== undefined && timestamp.type !== "bytes" && !passesOver(relaxations, "cose-unsigned-types")) {
    refuseAttribute(FORMAT, ATTRIBUTE.timestampSignature, `${timestamp.type}, expected bytes`);
  }
  return {
    ...(agent?.type === "text" ? { signingAgent: agent.value } : {}),
    ...(timestamp?.type === "bytes" ? { timestampSignature: timestamp.value } : {}),
  };
}

/** Always a list, also of one certificate: what RFC 9360 has for one, a byte string, the Notary Project does not. */
function readX5chain(item: CborItem | undefined) {
  if (item?.type !== "array") {
    refuseFormat(FORMAT, `label 33, x5chain, is ${item?.type ?? "missing"}, expected a list of certificates`, NO_CHAIN);
  }
  const encoded = item.items.map((entry) =>
    entry.type === "bytes"
      ? entry.value
      : refuseFormat(FORMAT, `label 33, x5chain, holds ${entry.type}, expected bytes`)
  );
  return readChain(FORMAT, encoded, readCertificate);
}

/** An attribute's value for display: bytes as a list of numbers, everything else as JavaScript has it. */
function plainValue(item: CborItem): unknown {
  switch (item.type) {
    case "bytes":
      return Array.from(item.value);
    case "array":
      return item.items.map(plainValue);
    case "map":
      return Object.fromEntries([...item.entries].map(([key, value]) => [String(key), plainValue(value)]));
    case "tag":
      return plainValue(item.item);
    case "null":
    case "undefined":
      return null;
    default:
      return item.value;
  }
}
