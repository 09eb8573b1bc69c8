/**
 * Distinguished names (X.501; RFC 5280, section 4.1.2.4) and the text the Notary Project's tools print of them.
 *
 * That text is what trust policies and people compare with. It comes from the reference implementation's language: the
 * attributes are grouped by type, whatever their order and nesting in the certificate.
 */
import {
  derBytes,
  derChildren,
  type DerNode,
  encodeHex,
  encodeUtf8,
  equalBytes,
  expectTag,
  readOid,
  readSequence,
  readString,
  TAG,
  writeDer,
} from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";

/** Attributes read of one name at most. */
export const MAX_NAME_ATTRIBUTES = 64;

export interface DistinguishedName {
  /** As received. */
  readonly der: Uint8Array;
  /** In the certificate's order; which of them shared an RDN is not kept. */
  readonly attributes: readonly NameAttribute[];
}

export interface NameAttribute {
  /** Object identifier text, such as `2.5.4.3`. */
  readonly type: string;
  readonly value: string;
}

/**
 * Reads a Name.
 *
 * @param what Names the field in messages.
 * @throws {MalformedError} `ERR_DER` when it is no RDNSequence, a value is no string, or there are too many.
 *
 * Spec: RFC 5280, section 4.1.2.4.
 */
export function readName(node: DerNode | undefined, what: string): DistinguishedName {
  const sequence = expectTag(node, TAG.sequence, what);
  const attributes: NameAttribute[] = [];
  for (const set of derChildren(sequence)) {
    for (const element of derChildren(expectTag(set, TAG.set, what))) {
      const parts = readSequence(element, what);
      if (parts.length !== 2 || attributes.length === MAX_NAME_ATTRIBUTES) {
        throw new MalformedError(
          "ERR_DER",
          `Cannot read "${what}": expected at most ${MAX_NAME_ATTRIBUTES} attributes of a type and a value each`,
        );
      }
      attributes.push({ type: readOid(parts[0], what), value: readString(parts[1], what) });
    }
  }
  return { der: derBytes(sequence), attributes };
}

/** Whether two names are the same, byte for byte: certificates of one chain agree in encoding, case and white space. */
export function sameName(a: DistinguishedName, b: DistinguishedName): boolean {
  return equalBytes(a.der, b.der);
}

/** The types with a short name, in the order in which they are printed. */
const PRINTED_TYPES: readonly { readonly type: string; readonly name: string; readonly keeps: "last" | "all" }[] = [
  { type: "2.5.4.5", name: "SERIALNUMBER", keeps: "last" },
  { type: "2.5.4.3", name: "CN", keeps: "last" },
  { type: "2.5.4.11", name: "OU", keeps: "all" },
  { type: "2.5.4.10", name: "O", keeps: "all" },
  { type: "2.5.4.17", name: "POSTALCODE", keeps: "all" },
  { type: "2.5.4.9", name: "STREET", keeps: "all" },
  { type: "2.5.4.7", name: "L", keeps: "all" },
  { type: "2.5.4.8", name: "ST", keeps: "all" },
  { type: "2.5.4.6", name: "C", keeps: "all" },
];
const SHORT_NAMES: ReadonlySet<string> = new Set(PRINTED_TYPES.map(({ type }) => type));

const texts = new WeakMap<DistinguishedName, string>();

/**
 * The name as one line: `CN=leaf,OU=Release,O=Example Org,L=Seattle,ST=WA,C=US`. Known types come first, several values
 * of one type are joined by `+`; of common names and serial numbers the last counts; other types follow in reverse
 * order as `1.2.840.113549.1.9.1=#0c…`. The text keeps every character: escape it with `printable` before it is shown.
 *
 * Spec: RFC 4514, section 2, as the reference implementation applies it.
 */
export function formatName(name: DistinguishedName): string {
  const known = texts.get(name);
  if (known !== undefined) return known;
  const text = composeName(name.attributes);
  texts.set(name, text);
  return text;
}

function composeName(attributes: readonly NameAttribute[]): string {
  const parts: string[] = [];
  for (const { type, name, keeps } of PRINTED_TYPES) {
    const values = attributes.filter((attribute) => attribute.type === type).map(({ value }) => value);
    if (keeps === "all") {
      if (values.length > 0) parts.push(values.map((value) => `${name}=${escapeValue(value)}`).join("+"));
    } else {
      const last = values.at(-1) ?? "";
      if (last !== "") parts.push(`${name}=${escapeValue(last)}`);
    }
  }
  const others = attributes.filter(({ type }) => !SHORT_NAMES.has(type));
  return [...parts, ...others.reverse().map(({ type, value }) => `${type}=#${encodeHex(encodeString(value))}`)].join(
    ",",
  );
}

/** Spec: RFC 4514, section 2.4. */
function escapeValue(value: string): string {
  return value.replace(/[,+"\\<>;]|^[ #]| $/g, "\\$&");
}

/** A string value in the narrower of the two types that RFC 5280 section 4.1.2.4 asks for. */
function encodeString(value: string): Uint8Array {
  const narrow = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value);
  return writeDer(narrow ? TAG.printableString : TAG.utf8String, encodeUtf8(value));
}

/** Characters that need no escape between quotes: graphic ones and the space. */
const NOT_GRAPHIC = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;
const ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** Text between quotes as the reference implementation quotes it in its messages; safe to print. */
export function quoteText(text: string): string {
  const escaped = text.replace(/["\\]/g, "\\$&").replace(NOT_GRAPHIC, (character) => {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) return ESCAPES[character] ?? `\\x${point.toString(16).padStart(2, "0")}`;
    if (point < 0x10000) return `\\u${point.toString(16).padStart(4, "0")}`;
    return `\\U${point.toString(16).padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}
