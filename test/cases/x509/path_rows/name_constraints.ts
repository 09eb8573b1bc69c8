/** Certification paths: name constraints, which the Notary Project says to ignore. */
import {
  der,
  extension,
  name,
  type NameParts,
  octets,
  sequence,
  subject,
  text,
} from "../../../run/certificate_maker.ts";
import { four, type PathRow, three } from "../path_maker.ts";

/** Kinds of GeneralName. Spec: RFC 5280, section 4.2.1.6. */
const email = (value: string) => text(value, 0x81);
const dns = (value: string) => text(value, 0x82);
const directory = (parts: NameParts) => der(0xa4, name(parts));
const uri = (value: string) => text(value, 0x86);
const ip = (...values: readonly number[]) => der(0x87, octets(...values));

const list = (tag: number, names: readonly Uint8Array[]) =>
  names.length === 0 ? [] : [der(tag, ...names.map((one) => sequence(one)))];
const limits = (
  { permitted = [], excluded = [], critical = true }: {
    readonly permitted?: readonly Uint8Array[];
    readonly excluded?: readonly Uint8Array[];
    readonly critical?: boolean;
  },
) => extension("2.5.29.30", critical, sequence(...list(0xa0, permitted), ...list(0xa1, excluded)));
const alternatives = (...names: readonly Uint8Array[]) => extension("2.5.29.17", false, sequence(...names));

const NOTARY: NameParts = [["C", "US"], ["ST", "WA"], ["O", "Notary"]];
const OTHERS: NameParts = [["C", "US"], ["ST", "WA"], ["O", "Others"]];

interface LimitRow {
  readonly about: string;
  readonly limit: Uint8Array;
  /** Names the leaf has beside its subject. */
  readonly names?: readonly Uint8Array[];
  /** 0 where the names are within the limits. */
  readonly openssl: number;
}

const PERMITTED_ONLY = 47;
const EXCLUDED = 48;

const LIMITS: readonly LimitRow[] = [
  { about: "a subject within what is permitted", limit: limits({ permitted: [directory(NOTARY)] }), openssl: 0 },
  {
    about: "a subject outside of what is permitted",
    limit: limits({ permitted: [directory(OTHERS)] }),
    openssl: PERMITTED_ONLY,
  },
  {
    about: "a subject that is excluded",
    limit: limits({ excluded: [directory(NOTARY)] }),
    openssl: EXCLUDED,
  },
  { about: "a subject that is not excluded", limit: limits({ excluded: [directory(OTHERS)] }), openssl: 0 },
  {
    about: "a subject that is permitted, and excluded below that",
    limit: limits({ permitted: [directory(NOTARY)], excluded: [directory(subject("leaf"))] }),
    openssl: EXCLUDED,
  },
  {
    about: "a subject outside, in constraints that are not critical",
    limit: limits({ permitted: [directory(OTHERS)], critical: false }),
    openssl: PERMITTED_ONLY,
  },
  {
    about: "a dNSName within",
    limit: limits({ permitted: [dns("example.com")] }),
    names: [dns("build.example.com")],
    openssl: 0,
  },
  {
    about: "a dNSName outside",
    limit: limits({ permitted: [dns("example.com")] }),
    names: [dns("build.example.org")],
    openssl: PERMITTED_ONLY,
  },
  {
    about: "a dNSName excluded",
    limit: limits({ excluded: [dns("example.com")] }),
    names: [dns("build.example.com")],
    openssl: EXCLUDED,
  },
  {
    about: "an e-mail address within",
    limit: limits({ permitted: [email("example.com")] }),
    names: [email("ada@example.com")],
    openssl: 0,
  },
  {
    about: "an e-mail address outside",
    limit: limits({ permitted: [email("example.com")] }),
    names: [email("ada@example.org")],
    openssl: PERMITTED_ONLY,
  },
  {
    about: "a URI within",
    limit: limits({ permitted: [uri(".example.com")] }),
    names: [uri("https://build.example.com/key")],
    openssl: 0,
  },
  {
    about: "a URI excluded",
    limit: limits({ excluded: [uri(".example.com")] }),
    names: [uri("https://build.example.com/key")],
    openssl: EXCLUDED,
  },
  {
    about: "an address within",
    limit: limits({ permitted: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }),
    names: [ip(10, 1, 2, 3)],
    openssl: 0,
  },
  {
    about: "an address outside",
    limit: limits({ permitted: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }),
    names: [ip(192, 0, 2, 1)],
    openssl: PERMITTED_ONLY,
  },
  {
    about: "an IPv6 address excluded",
    limit: limits({
      excluded: [
        ip(
          0x20,
          0x01,
          0x0d,
          0xb8,
          ...Array.from({ length: 12 }, () => 0),
          255,
          255,
          255,
          255,
          ...Array.from({ length: 12 }, () => 0),
        ),
      ],
    }),
    names: [ip(0x20, 0x01, 0x0d, 0xb8, ...Array.from({ length: 12 }, () => 1))],
    openssl: EXCLUDED,
  },
];

/** PKITS 4.13. */
export const NAME_CONSTRAINTS: readonly PathRow[] = [
  ...LIMITS.map(({ about, limit, names, openssl }, index): PathRow => ({
    id: `4.13.${index + 1}`,
    about,
    make: () =>
      three({ leaf: { more: names === undefined ? [] : [alternatives(...names)] }, middle: { more: [limit] } }),
    ours: "verified",
    openssl,
    ...(openssl === 0 ? {} : { difference: "other-extensions" }),
  })),
  {
    id: "4.13.17",
    about: "constraints of the root, broken by the leaf",
    make: () => three({ root: { more: [limits({ excluded: [directory(subject("leaf"))] })] } }),
    ours: "verified",
    openssl: EXCLUDED,
    difference: "other-extensions",
  },
  {
    id: "4.13.18",
    about: "constraints broken by a CA between",
    make: () => four({ upper: { more: [limits({ excluded: [directory(subject("lower"))] })] } }),
    ours: "verified",
    openssl: EXCLUDED,
    difference: "other-extensions",
  },
  {
    id: "4.13.19",
    about: "constraints that are none",
    make: () => three({ middle: { more: [extension("2.5.29.30", true, sequence())] } }),
    ours: "verified",
    openssl: 0,
  },
];
