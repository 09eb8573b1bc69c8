/**
 * Distinguished names as trust policies write them, and as certificates are compared with them.
 *
 * The text is read as the reference implementation's LDAP library reads it, which is RFC 4514 with differences: `;`
 * separates like `,`, quotes are characters like any other, spaces around types and values are dropped, types keep
 * their case. The same reading goes over the policy's text and over the certificate's printed subject.
 */
import { encodeUtf8 } from "../../encoding/mod.ts";
import { quoteText } from "../../x509/mod.ts";

/** Attribute type → value. Both are UTF-8 bytes, one per character, so that names compare byte by byte. */
export type NameAttributes = ReadonlyMap<string, string>;

/** Why a text is no name that identities can be compared by. */
export interface NameFault {
  readonly rule: string;
  /** The reference implementation's sentence. */
  readonly reference: string;
}

/** The attributes an identity must have, so that no short one trusts half the world. */
const MANDATORY = ["C", "ST", "O"] as const;
const MANDATORY_TEXT = "'C', 'ST' or 'S', and 'O' RDN attributes at a minimum";

/**
 * Reads a distinguished name of unique, single-valued attributes with at least C, ST and O.
 *
 * @param text Such as `CN=wabbit-networks.io,O=Notary,L=Seattle,ST=WA,C=US`; `S` stands for `ST`.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trusted Identities Constraints".
 */
export function parseDistinguishedName(text: string): NameAttributes | NameFault {
  const quoted = quoteText(text);
  if (text.includes("=#")) {
    return {
      rule: 'a value written as "#" and hexadecimal digits cannot be compared',
      reference: `unsupported distinguished name (DN) ${quoted}: notation does not support x509.subject identities ` +
        'containing "=#"',
    };
  }
  const relativeNames = splitName(byteText(text));
  if (typeof relativeNames === "string") {
    return {
      rule: `${relativeNames}, expected TYPE=VALUE separated by ","`,
      reference:
        `parsing distinguished name (DN) ${quoted} failed with err: ${relativeNames}. A valid DN must contain ` +
        `${MANDATORY_TEXT}, and follow RFC 4514 standard`,
    };
  }
  const attributes = new Map<string, string>();
  for (const [first, ...others] of relativeNames) {
    if (first === undefined) continue;
    if (others.length > 0) {
      return {
        rule: 'several attributes joined by "+" cannot be compared',
        reference: `distinguished name (DN) ${quoted} has multi-valued RDN attributes, remove multi-valued RDN ` +
          "attributes as they are not supported",
      };
    }
    const type = first.type === "S" ? "ST" : first.type;
    if ((attributes.get(type) ?? "") !== "") {
      const shown = quoteText(new TextDecoder().decode(Uint8Array.from(type, (byte) => byte.charCodeAt(0))));
      return {
        rule: `${shown} occurs twice`,
        reference: `distinguished name (DN) ${quoted} has duplicate RDN attribute for ${shown}, DN can only have ` +
          "unique RDN attributes",
      };
    }
    attributes.set(type, first.value);
  }
  const missing = MANDATORY.find((type) => (attributes.get(type) ?? "") === "");
  if (missing === undefined) return attributes;
  return {
    rule: `"${missing}" is missing, expected at least C, ST (or S) and O`,
    reference: `distinguished name (DN) ${quoted} has no mandatory RDN attribute for "${missing}", it must contain ` +
      MANDATORY_TEXT,
  };
}

/** Whether the reading of a name failed. */
export function isNameFault(read: NameAttributes | NameFault): read is NameFault {
  return "rule" in read;
}

/** Whether every attribute of the first name stands in the second with the same value; an empty one may be left out. */
export function isPartOf(part: NameAttributes, whole: NameAttributes): boolean {
  for (const [type, value] of part) {
    if (value !== (whole.get(type) ?? "")) return false;
  }
  return true;
}

interface Attribute {
  readonly type: string;
  readonly value: string;
}

/** Splits bytes into names and their attributes, or says in the reference's words why that cannot be done. */
function splitName(bytes: string): readonly (readonly Attribute[])[] | string {
  if (bytes.trim() === "") return [];
  const names: Attribute[][] = [[]];
  let type = "";
  let start = 0;
  let escaping = false;
  for (let index = 0; index <= bytes.length; index++) {
    const character = bytes[index];
    const ends = character === undefined;
    if (escaping && !ends) escaping = false;
    else if (character === "\\") escaping = true;
    else if (character === "=" && type === "") {
      const read = unescape(bytes.slice(start, index));
      if ("fault" in read) return read.fault;
      type = read.text;
      start = index + 1;
    } else if (ends || character === "," || character === "+" || character === ";") {
      if (type === "") return ends ? "DN ended with incomplete type, value pair" : "incomplete type, value pair";
      const read = unescape(bytes.slice(start, index));
      if ("fault" in read) return read.fault;
      names.at(-1)?.push({ type, value: read.text });
      if (!ends && character !== "+") names.push([]);
      type = "";
      start = index + 1;
    }
  }
  return names;
}

/** Characters that a backslash makes ordinary. */
const ESCAPABLE = ' "#+,;<=>\\';

/** Drops the spaces around and undoes the escapes; an escaped space at the end stays. */
function unescape(written: string): { readonly text: string } | { readonly fault: string } {
  let trimmed = trimSpaces(written);
  if (trimmed.endsWith("\\") && written.endsWith(" ")) trimmed += " ";
  let text = "";
  for (let index = 0; index < trimmed.length; index++) {
    const character = trimmed.charAt(index);
    if (character !== "\\") {
      text += character;
      continue;
    }
    const next = trimmed[++index];
    if (next === undefined) return { fault: "a backslash escapes nothing" };
    if (ESCAPABLE.includes(next)) {
      text += next;
      continue;
    }
    const digits = trimmed.slice(index, index + 2);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) {
      return { fault: "a backslash escapes neither a special character nor two hexadecimal digits" };
    }
    text += String.fromCharCode(Number.parseInt(digits, 16));
    index++;
  }
  return { text };
}

/** In one pass, as a pattern would go back over each run of spaces. */
function trimSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charAt(start) === " ") start++;
  while (start < end && text.charAt(end - 1) === " ") end--;
  return text.slice(start, end);
}

/** UTF-8 with one character per byte: what is delimited, escaped and compared are bytes. */
function byteText(text: string): string {
  let bytes = "";
  for (const byte of encodeUtf8(text)) bytes += String.fromCharCode(byte);
  return bytes;
}
