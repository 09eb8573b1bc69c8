/**
 * Bytes ⇄ values, without domain knowledge: each reader takes one form only and bounds what it reads.
 *
 * ```ts
 * const [block] = parsePem(text);
 * const [tbs, algorithm, signature] = readSequence(readDer(block.der), "certificate");
 * ```
 */
export { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from "./base64.ts";
export { compareBytes, concatBytes, equalBytes } from "./bytes.ts";
export { type CborItem, type CborKey, type CborTags, decodeCbor } from "./cbor.ts";
export { type CborTagged, type CborValue, encodeCbor } from "./cbor_writer.ts";
export {
  contextTag,
  derBytes,
  derChildren,
  derContent,
  type DerNode,
  eachDerChild,
  expectTag,
  MAX_DER_BYTES,
  readDer,
  readDerValues,
  readSequence,
  readSetOf,
  TAG,
} from "./der.ts";
export { onlyChild, refuseRest } from "./der_fields.ts";
export {
  readBitString,
  readBitStringBytes,
  readBoolean,
  readInteger,
  readIntegerBytes,
  readNamedBits,
  readNull,
  readOctetString,
  readOid,
  readSmallInteger,
  readString,
  readTime,
} from "./der_values.ts";
export { writeBitString, writeDer, writeNull, writeOid, writeSequence, writeUnsigned } from "./der_writer.ts";
export { formatDuration, MAX_DURATION_NANOSECONDS, type ParsedDuration, parseDuration } from "./go_duration.ts";
export {
  clockOf,
  floorDivide,
  formatRfc3339,
  type GoTime,
  type ParsedTime,
  parseTime,
  RFC3339_LAYOUT,
} from "./go_time.ts";
export { decodeHex, encodeHex } from "./hex.ts";
export {
  formatPointer,
  isJsonObject,
  type JsonArray,
  type JsonLimits,
  type JsonObject,
  type JsonValue,
  MAX_JSON_DEPTH,
  parseJson,
  parsePointer,
} from "./json.ts";
export { formatPem, parsePem, type PemBlock } from "./pem.ts";
export { type TarEntry, type TarInput, walkTar } from "./tar.ts";
export { decodeUtf8, encodeUtf8, escapeUnsafe, printable } from "./text.ts";
export { parseYaml, type YamlDocument, type YamlPosition } from "./yaml.ts";
