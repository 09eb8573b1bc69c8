/**
 * JWS envelopes, `application/jose+json`: the flattened JSON serialization (RFC 7515, section 7.2.2).
 *
 * Spec: Notary Project, signature-envelope-jws.md.
 */
import { JWS_ALGORITHMS } from "../../crypto/mod.ts";
import {
  decodeBase64,
  decodeBase64Url,
  encodeUtf8,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  printable,
} from "../../encoding/mod.ts";
import { UnsupportedError } from "../../errors.ts";
import { type Certificate, readCertificateFromBase64 } from "../../x509/mod.ts";
import { ATTRIBUTE, readSignedAttributes } from "./attributes.ts";
import { NO_CHAIN, readChain } from "./certificate_chain.ts";
import type { AttributeTime, Envelope, ExtendedAttribute, UnsignedAttributes } from "./envelope.ts";
import { reading, refuseAttribute, refuseFormat } from "./refuse.ts";
import { parseRfc3339 } from "./rfc3339.ts";

const FORMAT = "JWS";
/** Levels of nesting of an envelope's JSON read at most; extended attributes may be structured. */
export const MAX_JWS_DEPTH = 16;

const MEMBERS = ["payload", "protected", "header", "signature"] as const;
/** Protected headers with a meaning of their own; all others are extended attributes. */
const SYSTEM_HEADERS: ReadonlySet<string> = new Set([
  "alg",
  "cty",
  "crit",
  ATTRIBUTE.signingScheme,
  ATTRIBUTE.signingTime,
  ATTRIBUTE.authenticSigningTime,
  ATTRIBUTE.expiry,
]);

/**
 * Protected headers by their name in one case: one in other capitals is a trap for readers that fold them, and is refused. Among
 * unprotected ones it is one more that nobody knows: signers of the first days wrote `SigningAgent`.
 */
const EXACT_NAMES: ReadonlyMap<string, string> = new Map(
  [...SYSTEM_HEADERS, ATTRIBUTE.verificationPlugin, ATTRIBUTE.verificationPluginMinVersion]
    .map((name) => [folded(name), name]),
);

/** Capitals and small letters made one; by way of capitals, so that the long s is an s too. */
function folded(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/**
 * Decodes a JWS envelope. Nothing in it is proven afterwards.
 *
 * @param bytes The envelope as stored, its size checked by the caller.
 * @throws {MalformedError} `ERR_ENVELOPE_FORMAT`, `ERR_ENVELOPE_ATTRIBUTE`, `ERR_CERTIFICATE`
 * @throws {UnsupportedError} `ERR_ALGORITHM_UNSUPPORTED`
 */
export function decodeJws(bytes: Uint8Array): Envelope {
  const document = readObject("the document", reading(FORMAT, "the document", () => parseJson(bytes, JSON_LIMITS)));
  for (const name of Object.keys(document)) {
    if (!(MEMBERS as readonly string[]).includes(name)) {
      refuseFormat(FORMAT, `member "${printable(name, 80)}", expected only ${MEMBERS.join(", ")}`);
    }
  }
  const protectedText = readText(document, "protected");
  const payloadText = readText(document, "payload");
  const protectedBytes = decodeText("protected", protectedText);
  const header = readObject(
    "protected",
    reading(FORMAT, "protected", () => parseJson(protectedBytes, JSON_LIMITS)),
  );
  const unprotected = readObject("header", document["header"]);
  checkNames(header, unprotected);
  return {
    mediaType: "application/jose+json",
    signatureAlgorithm: readAlgorithm(header),
    payload: decodeText("payload", payloadText),
    signedAttributes: readProtected(header),
    unsignedAttributes: readUnprotected(unprotected),
    certificateChain: readX5c(unprotected["x5c"]),
    signature: decodeText("signature", readText(document, "signature")),
    // RFC 7515, section 5.2: the literal strings, never encoded again.
    signedBytes: encodeUtf8(`${protectedText}.${payloadText}`),
  };
}

const JSON_LIMITS = { maxDepth: MAX_JWS_DEPTH };

function readObject(where: string, value: JsonValue | undefined): JsonObject {
  if (isJsonObject(value)) return value;
  return refuseFormat(FORMAT, `"${where}" is not an object`);
}

function readText(document: JsonObject, member: (typeof MEMBERS)[number]): string {
  const value = document[member];
  if (typeof value === "string" && value !== "") return value;
  return refuseFormat(FORMAT, `"${member}" is ${value === undefined ? "missing" : "not text with content"}`);
}

function decodeText(member: string, text: string): Uint8Array {
  return reading(FORMAT, member, () => decodeBase64Url(text));
}

/** Spec: RFC 7515, section 4: a name stands in one of the two headers only. */
function checkNames(header: JsonObject, unprotected: JsonObject): void {
  for (const name of Object.keys(header)) {
    if (SYSTEM_HEADERS.has(name)) continue;
    const exact = EXACT_NAMES.get(folded(name));
    if (exact !== undefined && exact !== name) {
      refuseFormat(FORMAT, `header "${printable(name, 80)}", expected "${exact}" in these letters or none`);
    }
  }
  for (const name of Object.keys(unprotected)) {
    if (Object.hasOwn(header, name)) {
      refuseFormat(FORMAT, `header "${printable(name, 80)}" is protected and unprotected`);
    }
  }
}

function readAlgorithm(header: JsonObject) {
  const name = header["alg"];
  const algorithm = typeof name === "string" ? JWS_ALGORITHMS.get(name) : undefined;
  if (algorithm !== undefined) return algorithm;
  const shown = typeof name === "string" ? `"${printable(name, 80)}"` : name === undefined ? "missing" : "not text";
  const expected = [...JWS_ALGORITHMS.keys()].join(", ");
  throw new UnsupportedError(
    "ERR_ALGORITHM_UNSUPPORTED",
    `Cannot accept "alg": ${shown}, expected one of ${expected}`,
    {
      cause: typeof name === "string"
        ? { reference: `signature is invalid. Error: signing method ${printable(name, 80)} is invalid` }
        : undefined,
    },
  );
}

function readProtected(header: JsonObject) {
  const critical = readCritical(header);
  const extended: ExtendedAttribute[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (!SYSTEM_HEADERS.has(key)) extended.push({ key, critical: critical.has(key), value });
  }
  return readSignedAttributes(FORMAT, {
    contentType: readName(header, "cty"),
    signingScheme: readName(header, ATTRIBUTE.signingScheme),
    signingTime: readTime(header, ATTRIBUTE.signingTime),
    authenticSigningTime: readTime(header, ATTRIBUTE.authenticSigningTime),
    expiry: readTime(header, ATTRIBUTE.expiry),
    critical,
    extended,
  });
}

function readName(header: JsonObject, name: string): string {
  const value = header[name];
  if (typeof value === "string") return value;
  return refuseAttribute(FORMAT, name, value === undefined ? "missing" : "not text");
}

function readTime(header: JsonObject, name: string): AttributeTime | undefined {
  const value = header[name];
  if (value === undefined) return undefined;
  const time = typeof value === "string" ? parseRfc3339(value) : undefined;
  if (time !== undefined) return time;
  const shown = typeof value === "string" ? `"${printable(value, 80)}"` : "not text";
  return refuseAttribute(FORMAT, name, `${shown}, expected a time of RFC 3339`);
}

/** System headers that may be marked critical; the specification names no other. */
const MAY_BE_CRITICAL: ReadonlySet<string> = new Set([
  ATTRIBUTE.signingScheme,
  ATTRIBUTE.expiry,
  ATTRIBUTE.authenticSigningTime,
]);

/** Spec: RFC 7515, section 4.1.11: not empty, nothing twice, nothing absent, nothing RFC 7515 defines. */
function readCritical(header: JsonObject): ReadonlySet<string> {
  const names = header["crit"];
  if (!Array.isArray(names) || names.length === 0) {
    refuseAttribute(FORMAT, "crit", names === undefined ? "missing" : "not a list of names with 1 or more");
  }
  const critical = new Set<string>();
  for (const name of names as readonly JsonValue[]) {
    if (typeof name !== "string") refuseAttribute(FORMAT, "crit", "holds something that is no name");
    const shown = `"${printable(name, 80)}"`;
    if (critical.has(name)) refuseAttribute(FORMAT, "crit", `names ${shown} twice`);
    if (!Object.hasOwn(header, name)) refuseAttribute(FORMAT, "crit", `names ${shown}, which is not present`);
    if (SYSTEM_HEADERS.has(name) && !MAY_BE_CRITICAL.has(name)) {
      refuseAttribute(FORMAT, "crit", `names ${shown}, which is not to be marked critical`);
    }
    critical.add(name);
  }
  return critical;
}

/** Members this engine does not know are left out: nothing vouches for them. */
function readUnprotected(header: JsonObject): UnsignedAttributes {
  const signingAgent = header[ATTRIBUTE.signingAgent];
  if (signingAgent !== undefined && typeof signingAgent !== "string") {
    refuseAttribute(FORMAT, ATTRIBUTE.signingAgent, "not text");
  }
  const timestamp = header[ATTRIBUTE.timestampSignature];
  if (timestamp !== undefined && typeof timestamp !== "string") {
    refuseAttribute(FORMAT, ATTRIBUTE.timestampSignature, "not text");
  }
  return {
    ...(signingAgent === undefined ? {} : { signingAgent }),
    ...(timestamp === undefined
      ? {}
      : { timestampSignature: reading(FORMAT, ATTRIBUTE.timestampSignature, () => decodeBase64(timestamp)) }),
  };
}

/** Spec: RFC 7515, section 4.1.6: standard base64, not base64url. */
function readX5c(value: JsonValue | undefined): readonly Certificate[] {
  if (!Array.isArray(value)) {
    refuseFormat(
      FORMAT,
      `"x5c" is ${value === undefined ? "missing" : "not a list"}`,
      value === undefined ? NO_CHAIN : undefined,
    );
  }
  const texts = (value as readonly JsonValue[]).map((item) =>
    typeof item === "string" ? item : refuseFormat(FORMAT, '"x5c" holds something that is not text')
  );
  return readChain(FORMAT, texts, readCertificateFromBase64);
}
