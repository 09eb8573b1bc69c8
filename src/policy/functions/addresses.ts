/** Functions over versions, image references and addresses. */
import type { ExpressionFunction } from "../../expressions/mod.ts";
import { readImage } from "../images.ts";
import { parseVersion, type Version } from "../version.ts";
import { bareFailure, functionFailure } from "./failure.ts";
import { isInRange } from "./version_range.ts";

const TEXT = ["string"] as const;

export const ADDRESS_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  ["semver_compare", { parameters: [TEXT, TEXT], evaluate: compareVersion }],
  ["image_normalize", { parameters: [TEXT], evaluate: normalizeImage }],
  ["is_external_url", { parameters: [TEXT], evaluate: isExternal }],
];

const NO_VERSION: Version = { numbers: [0n, 0n, 0n], preRelease: [] };

/** What is no version counts as 0.0.0. */
function compareVersion(version: string, range: string): boolean {
  return isInRange(parseVersion(version) ?? NO_VERSION, range);
}

function normalizeImage(text: string): string {
  const image = readImage(text, "", "");
  if (!("reference" in image)) throw functionFailure("image_normalize", image.message);
  return image.image;
}

/** Whether an address is outside: neither this machine nor a private network. */
function isExternal(url: string): boolean {
  const host = hostOf(url);
  if (host.toLowerCase() === "localhost") return false;
  const address = parseAddress(host);
  // Who answers for a name is for its owner to say, and may change after the answer.
  if (address === undefined) throw bareFailure(`lookup ${host}: expected an IP address, names are not looked up`);
  return !isPrivate(address);
}

function hostOf(url: string): string {
  const [, authority] = /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?\/\/([^/?#]*)/.exec(url) ?? [];
  const [, bracketed, plain] = /^(?:.*@)?(?:\[([^\]]*)\]|([^:[\]]*))(?::\d*)?$/.exec(authority ?? "") ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw bareFailure(`parse "${url}": expected scheme://host`);
  return host;
}

/** @returns 4 or 16 bytes. Spec: RFC 4291, section 2.2. */
function parseAddress(text: string): readonly number[] | undefined {
  if (!text.includes(":")) return parseVersion4(text);
  const [, head = text, dotted] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  const last = dotted === undefined ? [] : parseVersion4(dotted);
  if (last === undefined) return undefined;
  const groups = dotted === undefined ? text : `${head}${hexGroups(last)}`;
  const halves = groups.split("::");
  if (halves.length > 2) return undefined;
  const [left = [], right = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...left, ...Array<string>(Math.max(missing, 0)).fill("0"), ...right];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const bytes = all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.slice(12) : bytes;
}

function parseVersion4(text: string): readonly number[] | undefined {
  const parts = text.split(".");
  const isDecimal = parts.length === 4 &&
    parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isDecimal ? parts.map(Number) : undefined;
}

function hexGroups([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string {
  return `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
}

/** Spec: RFC 1918, section 3; RFC 4193, section 3; RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3. */
function isPrivate(address: readonly number[]): boolean {
  const [first = 0, second = 0] = address;
  if (address.length === 4) {
    if (first === 127 || first === 10) return true;
    return first === 172 ? second >> 4 === 1 : first === 192 && second === 168;
  }
  return (first & 0xfe) === 0xfc || (address.at(-1) === 1 && address.slice(0, -1).every((byte) => byte === 0));
}
