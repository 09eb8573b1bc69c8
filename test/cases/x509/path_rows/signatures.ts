/** Certification paths: signatures and the algorithms and encodings they are made with. */
import {
  authorityKeyIdentifier,
  ecKey,
  ed25519Key,
  fixtureKey,
  octets,
  rsaKey,
  SIGNATURE,
} from "../../../run/certificate_maker.ts";
import { forged, keys, type PathRow, three } from "../path_maker.ts";

const rsa = fixtureKey("rsa-2048-self");
const pss = { signature: SIGNATURE.rsaPssSha256 };

/** PKITS 4.1. */
export const SIGNATURES: readonly PathRow[] = [
  { id: "4.1.1", about: "P-256 all the way", make: () => three(), ours: "verified", openssl: 0 },
  {
    id: "4.1.2",
    about: "P-384 below P-521",
    make: () => three({ leaf: { key: keys.wide }, middle: { key: keys.widest } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.1.3",
    about: "RSA with PKCS #1 v1.5",
    make: () => three({ root: { key: rsa } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.1.4",
    about: "RSA with PSS",
    make: () => three({ middle: pss, root: { key: rsa, ...pss } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.1.5",
    about: "the leaf's signature with its last bit flipped",
    make: () => three({ leaf: { bytes: forged } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 7,
  },
  {
    id: "4.1.6",
    about: "the intermediate's signature with its last bit flipped",
    make: () => three({ middle: { bytes: forged } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 7,
  },
  {
    id: "4.1.7",
    about: "the root's own signature with its last bit flipped",
    make: () => three({ root: { bytes: forged } }),
    ours: "CERTIFICATE_CHAIN_INVALID root-self-signed",
    openssl: 0,
    difference: "root-is-judged",
  },
  {
    id: "4.1.8",
    about: "the leaf signed by another key, its issuer named rightly",
    make: () => three({ leaf: { issuerKey: keys.other } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 20,
  },
  {
    id: "4.1.9",
    about: "the same, with the identifier of the issuer's key",
    make: () => three({ leaf: { issuerKey: keys.other, identifiers: [authorityKeyIdentifier(keys.middle)] } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 7,
  },
  {
    id: "4.1.10",
    about: "another signature algorithm inside than outside",
    make: () => three({ leaf: { innerSignature: SIGNATURE.ecdsaSha384.id } }),
    ours: "ERR_CERTIFICATE",
    openssl: 78,
  },
  {
    id: "4.1.11",
    about: "the leaf signed with SHA-1",
    make: () => three({ leaf: { signature: SIGNATURE.ecdsaSha1 } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 0,
    difference: "algorithms",
  },
  {
    id: "4.1.12",
    about: "the root signed with SHA-1",
    make: () => three({ root: { signature: SIGNATURE.ecdsaSha1 } }),
    ours: "CERTIFICATE_CHAIN_INVALID root-self-signed",
    openssl: 0,
    difference: "algorithms",
  },
  {
    id: "4.1.13",
    about: "an intermediate with RSA of 1024 bits",
    make: () => three({ middle: { key: rsaKey(1024) } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-size",
    openssl: 0,
    difference: "algorithms",
  },
  {
    id: "4.1.14",
    about: "an Ed25519 root",
    make: () => three({ root: { key: ed25519Key() } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 0,
    difference: "algorithms",
  },
  {
    id: "4.1.15",
    about: "an intermediate on P-224",
    make: () => three({ middle: { key: ecKey("P-224") } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 0,
    difference: "algorithms",
  },
  {
    id: "4.1.16",
    about: "one byte behind the leaf",
    make: () => three({ leaf: { bytes: (made) => octets(...made, 0) } }),
    ours: "ERR_CERTIFICATE",
    openssl: 0,
    difference: "der",
  },
  {
    id: "4.1.17",
    about: "a signature of one unused bit",
    make: () =>
      three({
        leaf: {
          bytes: (made) => {
            const changed = made.slice();
            // The signature is the last field: its count of unused bits stands before a SEQUENCE of about 70 octets.
            const count = changed.lastIndexOf(0x03, changed.length - 66);
            changed[count + 2] = 1;
            return changed;
          },
        },
      }),
    ours: "ERR_CERTIFICATE",
    openssl: 7,
  },
];
