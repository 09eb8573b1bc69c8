/** Instants as Go prints them: ANSIC for people, RFC 3339 for JSON; each in the zone notation uses. */
export { formatRfc3339 } from "../../notary/mod.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** Offset from UTC of the place where the reader sits, at an instant, in minutes east. */
export type ViewerZone = (instant: Date) => number;

/** The zone this process runs in. */
export const localZone: ViewerZone = (instant) => -instant.getTimezoneOffset();

/** UTC, whatever the process runs in. */
export const utcZone: ViewerZone = () => 0;

/** An instant and the offset it is to be read at. */
interface ZonedTime {
  readonly instant: Date;
  readonly offsetMinutes: number;
}

/**
 * `Mon Jan _2 15:04:05 2006`: no zone, the day padded with a blank. Fractions of a second are cut.
 *
 * @returns Such as `Mon May 22 14:45:04 2023`.
 */
export function formatAnsic({ instant, offsetMinutes }: ZonedTime): string {
  const shown = shifted(instant, offsetMinutes);
  const day = String(shown.getUTCDate()).padStart(2, " ");
  const name = DAYS[shown.getUTCDay()];
  const month = MONTHS[shown.getUTCMonth()];
  return `${name} ${month} ${day} ${clock(shown)} ${year(shown)}`;
}

/** The same instant with its UTC fields standing for the fields at that offset. */
function shifted(instant: Date, offsetMinutes: number): Date {
  return new Date(instant.getTime() + offsetMinutes * 60_000);
}

const two = (value: number): string => String(value).padStart(2, "0");
const year = (shown: Date): string => String(shown.getUTCFullYear()).padStart(4, "0");
const clock = (shown: Date): string =>
  `${two(shown.getUTCHours())}:${two(shown.getUTCMinutes())}:${two(shown.getUTCSeconds())}`;
