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
import { type Certificate, readCertificate, readCertificateFromBase64 } from "../../x509/mod.ts";
import { ATTRIBUTE, readSignedAttributes } from "./attributes.ts";
import { NO_CHAIN, readChain } from "./certificate_chain.ts";
import type { AttributeTime, Envelope, ExtendedAttribute, UnsignedAttributes } from "./envelope.ts";
import { decodeBase64AsReference, decodeBase64UrlAsReference, parseTimeAsReference } from "./reference_forms.ts";
import { folded, parseAsReference, type Shape } from "./reference_json.ts";
import { reading, refuseAttribute, refuseFormat } from "./refuse.ts";
import { parseRfc3339 } from "./rfc3339.ts";
import { notingJson, passesOver, type Relaxations } from "./strict_rules.ts";

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
 * Protected headers by their name in one case: one in other capitals is a trap for readers that fold them, and is
 * refused. Among unprotected ones it is one more that nobody knows: signers of the first days wrote `SigningAgent`.
 */
const EXACT_NAMES: ReadonlyMap<string, string> = new Map(
  [...SYSTEM_HEADERS, ATTRIBUTE.verificationPlugin, ATTRIBUTE.verificationPluginMinVersion]
    .map((name) => [folded(name), name]),
);

/** What the reference's JSON reader looks for, in any capitals; `alg` its JWT library looks for as it is. */
const DOCUMENT_SHAPE: Shape = {
  payload: undefined,
  protected: undefined,
  header: { x5c: undefined, [ATTRIBUTE.timestampSignature]: undefined, [ATTRIBUTE.signingAgent]: undefined },
  signature: undefined,
};
const PROTECTED_SHAPE: Shape = Object.fromEntries(
  [...SYSTEM_HEADERS].filter((name) => name !== "alg").map((name) => [name, undefined]),
);

/**
 * Decodes a JWS envelope. Nothing in it is proven afterwards.
 *
 * @param bytes The envelope as stored, its size checked by the caller.
 * @param relaxations Under `compat` alone: takes up what is passed over.
 * @throws {MalformedError} `ERR_ENVELOPE_FORMAT`, `ERR_ENVELOPE_ATTRIBUTE`, `ERR_CERTIFICATE`
 * @throws {UnsupportedError} `ERR_ALGORITHM_UNSUPPORTED`
 */
export function decodeJws(bytes: Uint8Array, relaxations?: Relaxations): Envelope {
  const document = readJson("the document", bytes, DOCUMENT_SHAPE, relaxations);
  for (const name of Object.keys(document)) {
    if (!(MEMBERS as readonly string[]).includes(name) && !passesOver(relaxations, "jws-further-member")) {
      refuseFormat(FORMAT, `member "${printable(name, 80)}", expected only ${MEMBERS.join(", ")}`);
    }
  }
  const protectedText = readText(document, "protected");
  const payloadText = readText(document, "payload");
  const protectedBytes = decodeText("protected", protectedText, relaxations);
  const header = readJson("protected", protectedBytes, PROTECTED_SHAPE, relaxations, "kept");
  const unprotected = readObject("header", document["header"]);
  checkNames(header, unprotected, relaxations);
  return {
    mediaType: "application/jose+json",
    signatureAlgorithm: readAlgorithm(header),
    payload: decodeText("payload", payloadText, relaxations),
    signedAttributes: readProtected(header, relaxations),
    unsignedAttributes: readUnprotected(unprotected, relaxations),
    certificateChain: readX5c(unprotected["x5c"], relaxations),
    signature: decodeText("signature", readText(document, "signature"), relaxations),
    // RFC 7515, section 5.2: the literal strings, never encoded again.
    signedBytes: encodeUtf8(`${protectedText}.${payloadText}`),
  };
}

const JSON_LIMITS = { maxDepth: MAX_JWS_DEPTH };

function readJson(
  where: string,
  bytes: Uint8Array,
  shape: Shape,
  relaxations: Relaxations | undefined,
  others?: "kept",
): JsonObject {
  const parse = relaxations === undefined
    ? () => parseJson(bytes, JSON_LIMITS)
    : () =>
      parseAsReference(bytes, shape, notingJson(relaxations, "envelope"), {
        ...JSON_LIMITS,
        ...(others === undefined ? {} : { others }),
      });
  return readObject(where, reading(FORMAT, where, parse));
}

function readObject(where: string, value: JsonValue | undefined): JsonObject {
  if (isJsonObject(value)) return value;
  return refuseFormat(FORMAT, `"${where}" is not an object`);
}

function readText(document: JsonObject, member: (typeof MEMBERS)[number]): string {
  const value = document[member];
  if (typeof value === "string" && value !== "") return value;
  return refuseFormat(FORMAT, `"${member}" is ${value === undefined ? "missing" : "not text with content"}`);
}

function decodeText(member: string, text: string, relaxations: Relaxations | undefined): Uint8Array {
  return reading(
    FORMAT,
    member,
    () => relaxations === undefined ? decodeBase64Url(text) : decodeBase64UrlAsReference(text, relaxations),
  );
}

/** Spec: RFC 7515, section 4: a name stands in one of the two headers only. */
function checkNames(header: JsonObject, unprotected: JsonObject, relaxations: Relaxations | undefined): void {
  for (const name of Object.keys(header)) {
    if (SYSTEM_HEADERS.has(name)) continue;
    const exact = EXACT_NAMES.get(folded(name));
    if (exact === undefined || exact === name) continue;
    // The reference looks for "alg" twice, in two ways, and both must find the same.
    const differs = exact === "alg" && header[name] !== header["alg"];
    if (differs || !passesOver(relaxations, "json-names-exact")) {
      refuseFormat(FORMAT, `header "${printable(name, 80)}", expected "${exact}" in these letters or none`);
    }
  }
  for (const name of Object.keys(unprotected)) {
    if (Object.hasOwn(header, name) && !passesOver(relaxations, "header-once")) {
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

function readProtected(header: JsonObject, relaxations: Relaxations | undefined) {
  const critical = readCritical(header);
  const extended: ExtendedAttribute[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (!SYSTEM_HEADERS.has(key)) extended.push({ key, critical: critical.has(key), value });
  }
  return readSignedAttributes(FORMAT, {
    contentType: readName(header, "cty"),
    signingScheme: readName(header, ATTRIBUTE.signingScheme),
    signingTime: readTime(header, ATTRIBUTE.signingTime, relaxations),
    authenticSigningTime: readTime(header, ATTRIBUTE.authenticSigningTime, relaxations),
    expiry: readTime(header, ATTRIBUTE.expiry, relaxations),
    critical,
    extended,
  }, relaxations);
}

function readName(header: JsonObject, name: string): string {
  const value = header[name];
  if (typeof value === "string") return value;
  return refuseAttribute(FORMAT, name, value === undefined ? "missing" : "not text");
}

function readTime(
  header: JsonObject,
  name: string,
  relaxations: Relaxations | undefined,
): AttributeTime | undefined {
  const value = header[name];
  if (value === undefined) return undefined;
  const time = typeof value === "string" ? parseTime(value, relaxations) : undefined;
  if (time !== undefined) return time;
  const shown = typeof value === "string" ? `"${printable(value, 80)}"` : "not text";
  return refuseAttribute(FORMAT, name, `${shown}, expected a time of RFC 3339`);
}

function parseTime(text: string, relaxations: Relaxations | undefined): AttributeTime | undefined {
  const strict = parseRfc3339(text);
  if (strict !== undefined || relaxations === undefined) return strict;
  relaxations.add("rfc3339-strict");
  return parseTimeAsReference(text);
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
function readUnprotected(header: JsonObject, relaxations: Relaxations | undefined): UnsignedAttributes {
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
    ...(timestamp === undefined ? {} : {
      timestampSignature: reading(FORMAT, ATTRIBUTE.timestampSignature, () => decodeStandard(timestamp, relaxations)),
    }),
  };
}

function decodeStandard(text: string, relaxations: Relaxations | undefined): Uint8Array {
  return relaxations === undefined ? decodeBase64(text) : decodeBase64AsReference(text, relaxations);
}

/** Spec: RFC 7515, section 4.1.6: standard base64, not base64url. */
function readX5c(value: JsonValue | undefined, relaxations: Relaxations | undefined): readonly Certificate[] {
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
  return readChain(
    FORMAT,
    texts,
    relaxations === undefined
      ? readCertificateFromBase64
      : (text) => readCertificate(decodeBase64AsReference(text, relaxations)),
  );
}
