/** Certification paths: names, identifiers and serial numbers. */
import { der, extension, octets, sequence, subject } from "../../../run/certificate_maker.ts";
import { type PathRow, three } from "../path_maker.ts";

/** PKITS 4.3, with what else identifies a certificate. */
export const NAMES: readonly PathRow[] = [
  {
    id: "4.3.1",
    about: "a leaf that names another issuer",
    make: () => three({ leaf: { issuer: subject("elsewhere") } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 20,
  },
  {
    id: "4.3.2",
    about: "the issuer's attributes in another order",
    make: () => three({ leaf: { issuer: [...subject("middle")].reverse() } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 20,
  },
  {
    id: "4.3.3",
    about: "the issuer's name in capitals",
    make: () => three({ leaf: { issuer: subject("MIDDLE") } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 0,
    difference: "names-by-bytes",
  },
  {
    id: "4.3.4",
    about: "the issuer's name with spaces around it",
    make: () => three({ leaf: { issuer: subject("  middle ") } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 0,
    difference: "names-by-bytes",
  },
  {
    id: "4.3.5",
    about: "the issuer's name with two spaces for one",
    make: () => three({ leaf: { issuer: subject("mid  dle") }, middle: { subject: subject("mid dle") } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 0,
    difference: "names-by-bytes",
  },
  {
    id: "4.3.6",
    about: "the issuer's name as PrintableString for UTF8String",
    make: () => three({ leaf: { issuer: [["CN", "middle", 0x13]] }, middle: { subject: [["CN", "middle", 0x0c]] } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 0,
    difference: "names-by-bytes",
  },
  ...([["UTF8String", 0x0c], ["PrintableString", 0x13], ["TeletexString", 0x14], ["IA5String", 0x16]] as const).map(
    ([type, tag], index): PathRow => ({
      id: `4.3.${7 + index}`,
      about: `names of type ${type}`,
      make: () => three({ middle: { subject: [["C", "US", 0x13], ["O", "Notary", tag], ["CN", "middle", tag]] } }),
      ours: "verified",
      openssl: 0,
    }),
  ),
  {
    id: "4.3.11",
    about: "names outside of ASCII",
    make: () => three({ middle: { subject: [["C", "CN"], ["O", "公证"], ["CN", "Größe"]] } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.3.12",
    about: "the same letters composed and decomposed",
    make: () =>
      three({ leaf: { issuer: [["CN", "Gro\u0308\u00dfe"]] }, middle: { subject: [["CN", "Gr\u00f6\u00dfe"]] } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 20,
  },
  {
    id: "4.3.13",
    about: "unique identifiers of issuer and subject",
    make: () => three({ leaf: { uniqueIdentifiers: [der(0x81, octets(0, 1)), der(0x82, octets(0, 2))] } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.3.14",
    about: "an intermediate without a name",
    make: () => three({ middle: { subject: [] } }),
    ours: "verified",
    openssl: 83,
    difference: "not-asked",
  },
  {
    id: "4.3.15",
    about: "no key identifiers",
    make: () => three({ leaf: { identifiers: [] }, middle: { identifiers: [] }, root: { identifiers: [] } }),
    ours: "verified",
    openssl: 85,
    difference: "other-extensions",
  },
  {
    id: "4.3.16",
    about: "an authority key identifier of another key",
    make: () =>
      three({
        leaf: { identifiers: [extension("2.5.29.35", false, sequence(der(0x80, octets(1, 2, 3))))] },
      }),
    ours: "verified",
    openssl: 20,
    difference: "other-extensions",
  },
  {
    id: "4.3.17",
    about: "a serial number of 0",
    make: () => three({ leaf: { serialNumber: [0] } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.3.18",
    about: "a negative serial number",
    make: () => three({ leaf: { serialNumber: [0x80, 0x01] } }),
    ours: "ERR_CERTIFICATE",
    openssl: 0,
    difference: "serial-number",
  },
  {
    id: "4.3.19",
    about: "a serial number with a zero too many in front",
    make: () => three({ leaf: { serialNumber: [0x00, 0x01] } }),
    ours: "ERR_CERTIFICATE",
    openssl: "unreadable",
  },
  {
    id: "4.3.20",
    about: "a serial number with the zero its first bit needs",
    make: () => three({ leaf: { serialNumber: [0x00, 0x81] } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.3.21",
    about: "a serial number of 20 octets",
    make: () => three({ leaf: { serialNumber: Array.from({ length: 20 }, () => 0x7f) } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.3.22",
    about: "a serial number of 40 octets",
    make: () => three({ leaf: { serialNumber: Array.from({ length: 40 }, () => 0x7f) } }),
    ours: "verified",
    openssl: 0,
  },
];
