/** Certification paths: self-issued certificates and basic constraints. */
import {
  basicConstraints,
  der,
  extension,
  integer,
  keyUsage,
  octets,
  sequence,
  subject,
  USAGE,
} from "../../../run/certificate_maker.ts";
import { four, issue, keys, line, lone, type PathRow, three, usesOfCa } from "../path_maker.ts";

const middleName = { subject: subject("middle") };

/** PKITS 4.5. */
export const SELF_ISSUED: readonly PathRow[] = [
  {
    id: "4.5.1",
    about: "a CA's new key certified by its old one",
    make: () => four({ lower: middleName, upper: middleName }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.5.2",
    about: "a root's new key certified by its old one",
    make: () => three({ middle: { subject: subject("root") } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.5.3",
    about: "a self-issued intermediate beyond the path length",
    make: () => four({ lower: middleName, upper: { ...middleName, uses: usesOfCa(0) } }),
    ours: "CERTIFICATE_CHAIN_INVALID path-length",
    openssl: 0,
    difference: "self-issued-count",
  },
  {
    id: "4.5.4",
    about: "a leaf of its issuer's name",
    make: () => three({ leaf: middleName }),
    ours: "verified",
    openssl: 0,
  },
  { id: "4.5.5", about: "a self-signed leaf", make: () => lone(), ours: "verified", openssl: 0 },
  {
    id: "4.5.6",
    about: "a lone CA",
    make: () => lone({ uses: usesOfCa() }),
    ours: "CERTIFICATE_CHAIN_INVALID leaf-basic-constraints",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.5.7",
    about: "a lone certificate signed by another key",
    make: () => lone({ issuerKey: keys.other }),
    ours: "CERTIFICATE_CHAIN_INVALID self-signed",
    openssl: 0,
    difference: "root-is-judged",
  },
  {
    id: "4.5.8",
    about: "the root twice",
    make: () => {
      const made = three();
      return { ...made, chain: [...made.chain, ...made.chain.slice(2)] };
    },
    ours: "CERTIFICATE_CHAIN_INVALID self-signed-only-at-the-end",
    openssl: 0,
    difference: "whole-chain-in-order",
  },
  {
    id: "4.5.9",
    about: "a self-signed leaf below a CA that did not issue it",
    make: () => {
      const [, ...above] = three().chain;
      return { ...lone(), chain: [...lone().chain, ...above] };
    },
    ours: "CERTIFICATE_CHAIN_INVALID self-signed-only-at-the-end",
    openssl: 18,
  },
  {
    id: "4.5.10",
    about: "two CAs that certify each other",
    make: () => {
      const [a, b] = [{ subject: subject("a"), key: keys.middle }, { subject: subject("b"), key: keys.fourth }];
      const leaf = line([{ subject: subject("leaf"), key: keys.leaf }, a]).chain.slice(0, 1);
      return { key: keys.leaf, chain: [...leaf, issue(a, b), issue(b, a)], anchors: three().chain.slice(2) };
    },
    ours: "CERTIFICATE_CHAIN_INVALID root-self-signed",
    openssl: 20,
  },
];

const noKeyUsage = (constraints: Uint8Array) => [constraints];
const CERT_SIGN = keyUsage([USAGE.keyCertSign, USAGE.cRLSign]);

/** PKITS 4.6. */
export const BASIC_CONSTRAINTS: readonly PathRow[] = [
  {
    id: "4.6.1",
    about: "an intermediate without basicConstraints",
    make: () => three({ middle: { uses: [CERT_SIGN] } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 79,
  },
  {
    id: "4.6.2",
    about: "an intermediate with cA false, critical",
    make: () => three({ middle: { uses: [basicConstraints(false), CERT_SIGN] } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 79,
  },
  {
    id: "4.6.3",
    about: "an intermediate with cA false, not critical",
    make: () => three({ middle: { uses: [basicConstraints(false, { critical: false }), CERT_SIGN] } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 79,
  },
  {
    id: "4.6.4",
    about: "an intermediate with cA true, not critical",
    make: () => three({ middle: { uses: [basicConstraints(true, { critical: false }), CERT_SIGN] } }),
    ours: "CERTIFICATE_CHAIN_INVALID ca-basic-constraints-critical",
    openssl: 89,
  },
  {
    id: "4.6.5",
    about: "a root without basicConstraints",
    make: () => three({ root: { uses: [CERT_SIGN] } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 79,
  },
  {
    id: "4.6.6",
    about: "a path length of 0 above the leaf",
    make: () => three({ middle: { uses: usesOfCa(0) } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.6.7",
    about: "a path length of 0 at the root, above a CA",
    make: () => three({ root: { uses: usesOfCa(0) } }),
    ours: "CERTIFICATE_CHAIN_INVALID path-length",
    openssl: 25,
  },
  {
    id: "4.6.8",
    about: "a path length of 1 at the root, above one CA",
    make: () => three({ root: { uses: usesOfCa(1) } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.6.9",
    about: "a path length of 1 at the root, above two CAs",
    make: () => four({ root: { uses: usesOfCa(1) } }),
    ours: "CERTIFICATE_CHAIN_INVALID path-length",
    openssl: 25,
  },
  {
    id: "4.6.10",
    about: "a path length below that promises more than the one above leaves",
    make: () => four({ lower: { uses: usesOfCa(6) }, upper: { uses: usesOfCa(0) }, root: { uses: usesOfCa(6) } }),
    ours: "CERTIFICATE_CHAIN_INVALID path-length",
    openssl: 25,
  },
  {
    id: "4.6.11",
    about: "path lengths of 2, 1 and 0, all used",
    make: () => four({ lower: { uses: usesOfCa(0) }, upper: { uses: usesOfCa(1) }, root: { uses: usesOfCa(2) } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.6.12",
    about: "a leaf with cA true",
    make: () => three({ leaf: { uses: [basicConstraints(true), keyUsage([USAGE.digitalSignature])] } }),
    ours: "CERTIFICATE_CHAIN_INVALID leaf-basic-constraints",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.6.13",
    about: "a leaf with cA false",
    make: () => three({ leaf: { more: [basicConstraints(false)] } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.6.14",
    about: "a leaf with cA false written out, which DER leaves out",
    make: () => three({ leaf: { more: [extension("2.5.29.19", true, sequence(der(0x01, octets(0))))] } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.6.15",
    about: "a TRUE that is not FF",
    make: () => three({ middle: { uses: [extension("2.5.29.19", true, sequence(der(0x01, octets(1)))), CERT_SIGN] } }),
    ours: "ERR_CERTIFICATE",
    openssl: 0,
    difference: "der",
  },
  {
    id: "4.6.16",
    about: "a path length that is negative",
    make: () =>
      three({
        middle: {
          uses: [extension("2.5.29.19", true, sequence(der(0x01, octets(0xff)), integer(0xff))), CERT_SIGN],
        },
      }),
    ours: "ERR_CERTIFICATE",
    openssl: 20,
  },
  {
    id: "4.6.17",
    about: "a path length on a leaf that is no CA",
    make: () => three({ leaf: { more: [basicConstraints(false, { pathLength: 0 })] } }),
    ours: "verified",
    openssl: 80,
    difference: "not-asked",
  },
  {
    id: "4.6.18",
    about: "a root of version 1",
    make: () => three({ root: { version: undefined as never } }),
    ours: "CERTIFICATE_CHAIN_INVALID ca-basic-constraints",
    openssl: 79,
  },
  {
    id: "4.6.19",
    about: "an intermediate of version 1",
    make: () => three({ middle: { version: undefined as never } }),
    ours: "CERTIFICATE_CHAIN_INVALID ca-basic-constraints",
    openssl: 79,
  },
  {
    id: "4.6.20",
    about: "an intermediate of version 2",
    make: () => three({ middle: { version: 1 } }),
    ours: "CERTIFICATE_CHAIN_INVALID ca-basic-constraints",
    openssl: 79,
  },
  {
    id: "4.6.21",
    about: "a leaf of version 1",
    make: () => three({ leaf: { version: undefined as never } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-usage-present",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.6.22",
    about: "a CA without keyUsage",
    make: () => three({ middle: { uses: noKeyUsage(basicConstraints(true)) } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-usage-present",
    openssl: 92,
  },
];
