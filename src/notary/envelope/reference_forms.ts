/** Base64 and times as the reference implementation reads them, under `compat` only. */
import { decodeBase64, decodeBase64Url } from "../../encoding/mod.ts";
import type { AttributeTime } from "./envelope.ts";
import type { Relaxations } from "./strict_rules.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * The bytes of base64url without padding, line breaks and bits left over passed over.
 *
 * @throws {MalformedError} `ERR_BASE64`
 */
export function decodeBase64UrlAsReference(text: string, relaxations: Relaxations): Uint8Array<ArrayBuffer> {
  return decodeBase64Url(tidied(text, "-_", relaxations));
}

/**
 * The bytes of base64 with padding, line breaks and bits left over passed over.
 *
 * @throws {MalformedError} `ERR_BASE64`
 */
export function decodeBase64AsReference(text: string, relaxations: Relaxations): Uint8Array<ArrayBuffer> {
  return decodeBase64(tidied(text, "+/", relaxations));
}

/** The one strict text of the same bytes, as far as there is one. */
function tidied(text: string, lastTwo: string, relaxations: Relaxations): string {
  const joined = text.replace(/[\r\n]/g, "");
  // In one pass, as a pattern would go back over each run of padding.
  let end = joined.length;
  while (end > 0 && joined.charAt(end - 1) === "=") end--;
  const [whole, padding] = [joined.slice(0, end), joined.slice(end)];
  const alphabet = ALPHABET + lastTwo;
  const value = alphabet.indexOf(whole.slice(-1));
  const unused = whole.length % 4 === 2 ? 15 : whole.length % 4 === 3 ? 3 : 0;
  const tidy = value < 0 || whole === "" ? joined : whole.slice(0, -1) + alphabet.charAt(value & ~unused) + padding;
  if (tidy !== text) relaxations.add("base64url-strict");
  return tidy;
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** A time with an hour of one digit, a decimal comma, any fraction, or an offset of 24 hours or 60 minutes. */
export function parseTimeAsReference(text: string): AttributeTime | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const milliseconds = Number((match[7] ?? "").slice(0, 3).padEnd(3, "0"));
  const [offsetHours, offsetRest] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 24 || offsetRest > 60) return undefined;
  local.setUTCHours(hour, minute, second, milliseconds);
  const offsetMinutes = (match[8] === "-" ? -1 : 1) * (offsetHours * 60 + offsetRest);
  const time = { instant: new Date(local.getTime() - offsetMinutes * 60_000), offsetMinutes: offsetMinutes + 0 };
  return Number((match[7] ?? "").slice(3)) > 0 ? { ...time, isLater: true } : time;
}
