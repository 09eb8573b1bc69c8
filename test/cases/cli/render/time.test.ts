import { describe, expect, it } from "vitest";
import { formatAnsic, formatRfc3339, utcZone } from "../../../../src/cli/render/time.ts";

// What notation printed of these instants (JWS signed at UTC+9; certificate expiry; the seed's signing time).
const ROWS = [
  { iso: "2026-11-23T08:40:51Z", offset: 540, ansic: "Mon Nov 23 17:40:51 2026", rfc: "2026-11-23T17:40:51+09:00" },
  { iso: "2026-11-23T08:40:51Z", offset: 0, ansic: "Mon Nov 23 08:40:51 2026", rfc: "2026-11-23T08:40:51Z" },
  { iso: "2026-11-23T08:40:51Z", offset: -300, ansic: "Mon Nov 23 03:40:51 2026", rfc: "2026-11-23T03:40:51-05:00" },
  { iso: "2023-05-22T21:45:04Z", offset: -420, ansic: "Mon May 22 14:45:04 2023", rfc: "2023-05-22T14:45:04-07:00" },
  { iso: "2033-05-19T21:15:18Z", offset: 0, ansic: "Thu May 19 21:15:18 2033", rfc: "2033-05-19T21:15:18Z" },
  // Go: time.Date(2024, 3, 1, 0, 0, 0, 999, UTC) and half-hour zones.
  { iso: "2024-03-01T00:00:00.999Z", offset: 0, ansic: "Fri Mar  1 00:00:00 2024", rfc: "2024-03-01T00:00:00Z" },
  { iso: "2024-02-29T18:45:00Z", offset: 345, ansic: "Fri Mar  1 00:30:00 2024", rfc: "2024-03-01T00:30:00+05:45" },
  { iso: "2024-03-01T02:00:00Z", offset: -210, ansic: "Thu Feb 29 22:30:00 2024", rfc: "2024-02-29T22:30:00-03:30" },
];

describe("times as Go prints them", () => {
  it.each(ROWS)("$iso at $offset minutes", ({ iso, offset, ansic, rfc }) => {
    const time = { instant: new Date(iso), offsetMinutes: offset };
    expect(formatAnsic(time)).toBe(ansic);
    expect(formatRfc3339(time)).toBe(rfc);
  });

  it("utcZone() is nothing at every instant", () => {
    expect(utcZone(new Date("2026-07-01T00:00:00Z"))).toBe(0);
  });
});
