/** Values as the page writes them. */
import { printable } from "../encoding/mod.ts";

/** Characters of one claim that are shown. */
export const MAX_SHOWN_CHARACTERS = 2_000;

const instantFormat = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** Text from a file, safe to show: controls and direction marks escaped, long text cut. */
export function shown(text: string): string {
  return printable(text, MAX_SHOWN_CHARACTERS);
}

/** An instant as people read it, in UTC. */
export function formatInstant(instant: Date): string {
  return `${instantFormat.format(instant)} UTC`;
}

/** An offset from UTC as the signer wrote it, such as `UTC+09:00`. */
export function formatOffset(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const pad = (part: number) => String(part).padStart(2, "0");
  return `UTC${minutes < 0 ? "−" : "+"}${pad(hours)}:${pad(rest)}`;
}

/** A value of an envelope as text. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return shown(value);
  const text = JSON.stringify(value, (_, part: unknown) => typeof part === "bigint" ? part.toString() : part);
  return shown(text ?? String(value));
}

/** `1 certificate`, `2 certificates`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}
