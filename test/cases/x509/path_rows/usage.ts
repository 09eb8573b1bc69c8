/** Certification paths: what keys may be used for, and certificate policies. */
import {
  basicConstraints,
  der,
  extension,
  extKeyUsage,
  integer,
  keyUsage,
  octets,
  oid,
  PURPOSE,
  sequence,
  USAGE,
} from "../../../run/certificate_maker.ts";
import { four, LEAF_USES, type PathRow, three } from "../path_maker.ts";

const ca = (usages: readonly number[], critical = true) => [basicConstraints(true), keyUsage(usages, critical)];

/** PKITS 4.7, with the key usages and purposes of a signer. */
export const KEY_USAGE: readonly PathRow[] = [
  {
    id: "4.7.1",
    about: "an intermediate without keyCertSign",
    make: () => three({ middle: { uses: ca([USAGE.cRLSign]) } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 79,
  },
  {
    id: "4.7.2",
    about: "the same, with keyUsage not critical",
    make: () => three({ middle: { uses: ca([USAGE.cRLSign], false) } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 79,
  },
  {
    id: "4.7.3",
    about: "an intermediate with keyCertSign, not critical",
    make: () => three({ middle: { uses: ca([USAGE.keyCertSign], false) } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-usage-critical",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.7.4",
    about: "a root without keyCertSign",
    make: () => three({ root: { uses: ca([USAGE.cRLSign]) } }),
    ours: "CERTIFICATE_CHAIN_INVALID issued-by-the-next",
    openssl: 79,
  },
  {
    id: "4.7.5",
    about: "a keyUsage of no bits",
    make: () => three({ leaf: { uses: [extension("2.5.29.15", true, der(0x03, octets(0)))] } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-usage-digital-signature",
    openssl: 20,
  },
  {
    id: "4.7.6",
    about: "a leaf without keyUsage",
    make: () => three({ leaf: { uses: [] } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-usage-present",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.7.7",
    about: "a leaf whose keyUsage is not critical",
    make: () => three({ leaf: { uses: [keyUsage([USAGE.digitalSignature], false)] } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-usage-critical",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.7.8",
    about: "a leaf for signatures and non-repudiation",
    make: () => three({ leaf: { uses: [keyUsage([USAGE.digitalSignature, USAGE.contentCommitment])] } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.7.9",
    about: "a leaf for encryption alone",
    make: () => three({ leaf: { uses: [keyUsage([USAGE.keyEncipherment])] } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-usage-digital-signature",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.7.10",
    about: "a leaf with keyCertSign and no cA",
    make: () => three({ leaf: { uses: [keyUsage([USAGE.digitalSignature, USAGE.keyCertSign])] } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-usage-forbidden",
    openssl: 79,
  },
  {
    id: "4.7.11",
    about: "a leaf for code signing",
    make: () => three({ leaf: { more: [extKeyUsage(PURPOSE.codeSigning)] } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.7.12",
    about: "a leaf for any purpose",
    make: () => three({ leaf: { more: [extKeyUsage(PURPOSE.any)] } }),
    ours: "CERTIFICATE_CHAIN_INVALID extended-key-usage",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.7.13",
    about: "a leaf for servers",
    make: () => three({ leaf: { more: [extKeyUsage(PURPOSE.serverAuth)] } }),
    ours: "CERTIFICATE_CHAIN_INVALID extended-key-usage",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.7.14",
    about: "a leaf for code signing and timestamps",
    make: () => three({ leaf: { more: [extKeyUsage(PURPOSE.codeSigning, PURPOSE.timeStamping)] } }),
    ours: "CERTIFICATE_CHAIN_INVALID extended-key-usage",
    openssl: 0,
    difference: "signer-profile",
  },
  {
    id: "4.7.15",
    about: "an extKeyUsage without a purpose",
    make: () => three({ leaf: { more: [extKeyUsage()] } }),
    ours: "ERR_CERTIFICATE",
    openssl: 0,
    difference: "der",
  },
  {
    id: "4.7.16",
    about: "a CA for servers above a leaf for code",
    make: () =>
      three({
        leaf: { more: [extKeyUsage(PURPOSE.codeSigning)] },
        middle: { more: [extKeyUsage(PURPOSE.serverAuth)] },
      }),
    ours: "verified",
    openssl: 0,
  },
];

const A = "2.16.840.1.101.3.2.1.48.1";
const B = "2.16.840.1.101.3.2.1.48.2";
const ANY_POLICY = "2.5.29.32.0";
const policies = (...ids: readonly string[]) =>
  extension("2.5.29.32", true, sequence(...ids.map((id) => sequence(oid(id)))));
const requireExplicitPolicy = extension("2.5.29.36", true, sequence(der(0x80, octets(0))));
const inhibitMapping = der(0x81, octets(0));
const mapping = extension("2.5.29.33", true, sequence(sequence(oid(A), oid(B))));
const inhibitAnyPolicy = extension("2.5.29.54", true, integer(0));
const options = ["-policy_check", "-policy", ANY_POLICY] as const;
const explicit = [...options, "-explicit_policy"] as const;

/** PKITS 4.8 to 4.12. */
export const POLICIES: readonly PathRow[] = [
  {
    id: "4.8.1",
    about: "one policy all the way",
    make: () => three({ leaf: { more: [policies(A)] }, middle: { more: [policies(A)] } }),
    options: explicit,
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.8.2",
    about: "no policy, where one is asked for",
    make: () => three(),
    options: explicit,
    ours: "verified",
    openssl: 43,
    difference: "other-extensions",
  },
  {
    id: "4.8.3",
    about: "another policy in the leaf than in its CA",
    make: () => three({ leaf: { more: [policies(B)] }, middle: { more: [policies(A)] } }),
    options: explicit,
    ours: "verified",
    openssl: 43,
    difference: "other-extensions",
  },
  {
    id: "4.8.4",
    about: "any policy in the CA",
    make: () => three({ leaf: { more: [policies(B)] }, middle: { more: [policies(ANY_POLICY)] } }),
    options: explicit,
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.8.5",
    about: "the same policy twice",
    make: () => three({ leaf: { more: [policies(A, A)] }, middle: { more: [policies(A)] } }),
    options,
    ours: "verified",
    openssl: 42,
    difference: "other-extensions",
  },
  {
    id: "4.8.6",
    about: "policies that are no policies",
    make: () => three({ leaf: { more: [extension("2.5.29.32", true, integer(1))] } }),
    options,
    ours: "verified",
    openssl: 42,
    difference: "other-extensions",
  },
  {
    id: "4.9.1",
    about: "a CA that requires a policy, which there is",
    make: () => three({ leaf: { more: [policies(A)] }, middle: { more: [policies(A), requireExplicitPolicy] } }),
    options,
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.9.2",
    about: "a CA that requires a policy, which there is not",
    make: () => three({ middle: { more: [policies(A), requireExplicitPolicy] } }),
    options,
    ours: "verified",
    openssl: 43,
    difference: "other-extensions",
  },
  {
    id: "4.10.1",
    about: "a policy mapped to another, where mapping is allowed",
    make: () =>
      four({
        leaf: { more: [policies(B)] },
        lower: { more: [policies(A), mapping] },
        upper: { more: [policies(A)] },
      }),
    options: explicit,
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.11.1",
    about: "a policy mapped to another, where a CA above forbids it",
    make: () =>
      four({
        leaf: { more: [policies(B)] },
        lower: { more: [policies(A), mapping] },
        upper: { more: [policies(A), extension("2.5.29.36", true, sequence(inhibitMapping))] },
      }),
    options: explicit,
    ours: "verified",
    openssl: 43,
    difference: "other-extensions",
  },
  {
    id: "4.12.1",
    about: "any policy in the CA, where a CA above forbids it",
    make: () =>
      four({
        leaf: { more: [policies(B)] },
        lower: { more: [policies(ANY_POLICY)] },
        upper: { more: [policies(A), inhibitAnyPolicy] },
      }),
    options: explicit,
    ours: "verified",
    openssl: 43,
    difference: "other-extensions",
  },
];

const UNKNOWN = "1.3.6.1.4.1.99999.1";
const unknown = (critical: boolean) => extension(UNKNOWN, critical, der(0x0c, octets(0x78)));

/** PKITS 4.16, with lists of extensions that are none. */
export const PRIVATE_EXTENSIONS: readonly PathRow[] = [
  {
    id: "4.16.1",
    about: "an unknown extension",
    make: () => three({ leaf: { more: [unknown(false)] } }),
    ours: "verified",
    openssl: 0,
  },
  {
    id: "4.16.2",
    about: "an unknown critical extension in the leaf",
    make: () => three({ leaf: { more: [unknown(true)] } }),
    ours: "verified",
    openssl: 34,
    difference: "other-extensions",
  },
  {
    id: "4.16.3",
    about: "an unknown critical extension in an intermediate",
    make: () => three({ middle: { more: [unknown(true)] } }),
    ours: "verified",
    openssl: 34,
    difference: "other-extensions",
  },
  {
    id: "4.16.4",
    about: "an unknown critical extension in the root",
    make: () => three({ root: { more: [unknown(true)] } }),
    ours: "verified",
    openssl: 34,
    difference: "other-extensions",
  },
  {
    id: "4.16.5",
    about: "an unknown extension twice",
    make: () => three({ leaf: { more: [unknown(false), unknown(false)] } }),
    ours: "ERR_CERTIFICATE",
    openssl: 0,
    difference: "extension-twice",
  },
  {
    id: "4.16.6",
    about: "keyUsage twice",
    make: () => three({ leaf: { more: LEAF_USES } }),
    ours: "ERR_CERTIFICATE",
    openssl: 20,
  },
  {
    id: "4.16.7",
    about: "basicConstraints twice, the second with cA true",
    make: () => three({ middle: { uses: [basicConstraints(false), basicConstraints(true), keyUsage([5])] } }),
    ours: "ERR_CERTIFICATE",
    openssl: 20,
  },
  {
    id: "4.16.8",
    about: "extensions in a leaf of version 1",
    make: () => three({ leaf: { version: undefined as never, trailing: [der(0xa3, sequence(...LEAF_USES))] } }),
    ours: "ERR_CERTIFICATE",
    openssl: 93,
  },
  {
    id: "4.16.9",
    about: "extensions that are an empty list",
    make: () => three({ leaf: { extensions: [] } }),
    ours: "CERTIFICATE_CHAIN_INVALID key-usage-present",
    openssl: 85,
  },
  {
    id: "4.16.10",
    about: "65 extensions",
    make: () =>
      three({
        leaf: { more: Array.from({ length: 62 }, (_, at) => extension(`1.3.6.1.4.1.99999.${at}`, false, der(5))) },
      }),
    ours: "ERR_CERTIFICATE",
    openssl: 0,
    difference: "limits",
  },
  {
    id: "4.16.11",
    about: "a keyUsage that is no BIT STRING",
    make: () => three({ leaf: { uses: [extension("2.5.29.15", true, der(0x04, octets(0, 0x80)))] } }),
    ours: "ERR_CERTIFICATE",
    openssl: 20,
  },
  {
    id: "4.16.12",
    about: "an octet behind the value of keyUsage",
    make: () => three({ leaf: { uses: [extension("2.5.29.15", true, octets(0x03, 0x02, 0x07, 0x80, 0x00))] } }),
    ours: "ERR_CERTIFICATE",
    openssl: 0,
    difference: "der",
  },
];
