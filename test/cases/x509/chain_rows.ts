/**
 * Chains that each break one rule, or none; what notation-core-go says of them is in `test/vectors/x509/chains.json`.
 */
import type { ChainRule } from "../../../src/x509/mod.ts";
import {
  basicConstraints,
  CA,
  type CertificateFields,
  der,
  ecKey,
  ed25519Key,
  extension,
  extKeyUsage,
  fixtureKey,
  keyUsage,
  LEAF,
  makeCertificate,
  PURPOSE,
  rsaKey,
  sequence,
  SIGNATURE,
  subject,
  text,
  USAGE,
} from "../../run/certificate_maker.ts";

const keys = {
  leaf: ecKey(),
  intermediate: ecKey("P-384"),
  root: ecKey(),
  other: ecKey(),
  rsa: fixtureKey("rsa-2048-self"),
};

type Changes = Partial<CertificateFields>;

/** A self-signed leaf. */
export const single = (changes: Changes = {}): readonly Uint8Array[] => [
  makeCertificate({ subject: subject("single"), key: keys.leaf, extensions: LEAF, ...changes }),
];

/** Leaf below intermediate below root. */
export function chain(changes: { leaf?: Changes; intermediate?: Changes; root?: Changes } = {}): readonly Uint8Array[] {
  const root: CertificateFields = { subject: subject("root"), key: keys.root, extensions: CA, ...changes.root };
  const intermediate: CertificateFields = {
    subject: subject("intermediate"),
    issuer: root.subject,
    key: keys.intermediate,
    issuerKey: root.key,
    extensions: CA,
    ...changes.intermediate,
  };
  const leaf: CertificateFields = {
    subject: subject("leaf"),
    issuer: intermediate.subject,
    key: keys.leaf,
    issuerKey: intermediate.key,
    extensions: LEAF,
    ...changes.leaf,
  };
  return [leaf, intermediate, root].map(makeCertificate);
}

const leafUsing = (...purposes: readonly string[]) => single({ extensions: [...LEAF, extKeyUsage(...purposes)] });
const UNKNOWN_OID = "1.3.6.1.4.1.99999.1";
const nameConstraints = extension("2.5.29.30", true, sequence(der(0xa0, sequence(text("example.com", 0x82)))));

export interface ChainRow {
  readonly name: string;
  readonly make: () => readonly Uint8Array[];
  /** The rules that must refuse it, in the order of the certificates; none means accepted. */
  readonly rules: readonly ChainRule[];
  /** Entry of `test/peers/deviations.json` under which the reference accepts it all the same. */
  readonly deviation?: string;
}

export const CHAIN_ROWS: readonly ChainRow[] = [
  { name: "a self-signed leaf", make: single, rules: [] },
  { name: "leaf, intermediate, root", make: chain, rules: [] },
  {
    name: "leaf and root",
    make: () => [...chain({ leaf: { issuer: subject("root"), issuerKey: keys.root } })].filter((_, i) => i !== 1),
    rules: [],
  },
  {
    name: "contentCommitment beside digitalSignature",
    make: () => single({ extensions: [keyUsage([USAGE.digitalSignature, USAGE.contentCommitment])] }),
    rules: [],
  },
  {
    name: "an unknown critical extension",
    make: () => single({ extensions: [...LEAF, extension(UNKNOWN_OID, true, text("x"))] }),
    rules: [],
  },
  {
    name: "basicConstraints with cA false on the leaf",
    make: () => single({ extensions: [...LEAF, basicConstraints(false)] }),
    rules: [],
  },
  { name: "extKeyUsage codeSigning", make: () => leafUsing(PURPOSE.codeSigning), rules: [] },
  { name: "extKeyUsage with an unknown purpose only", make: () => leafUsing(UNKNOWN_OID), rules: [] },
  {
    name: "a path length that is just enough",
    make: () =>
      chain({ root: { extensions: [basicConstraints(true, { pathLength: 1 }), keyUsage([USAGE.keyCertSign])] } }),
    rules: [],
  },
  { name: "an RSA root above curves", make: () => chain({ root: { key: keys.rsa } }), rules: [] },
  {
    name: "certificates signed with RSASSA-PSS",
    make: () => {
      const signature = SIGNATURE.rsaPssSha256;
      return chain({ root: { key: keys.rsa, signature }, intermediate: { signature } });
    },
    rules: [],
  },
  {
    name: "a serial number of 21 octets",
    make: () => single({ serialNumber: Array.from({ length: 21 }, () => 0x11) }),
    rules: [],
  },

  { name: "no certificate", make: () => [], rules: ["chain-not-empty"] },
  {
    name: "a self-signed leaf below a root",
    make: () => [...single(), ...chain().slice(2)],
    rules: ["self-signed-only-at-the-end", "issued-by-the-next"],
  },
  {
    name: "a self-signed intermediate below a root",
    make: () => chain({ intermediate: { issuer: subject("intermediate"), issuerKey: keys.intermediate } }),
    rules: ["self-signed-only-at-the-end", "issued-by-the-next"],
  },
  {
    name: "a single certificate signed by another key",
    make: () => single({ issuerKey: keys.other }),
    rules: ["self-signed"],
  },
  {
    name: "a single certificate of another issuer's name",
    make: () => single({ issuer: subject("other") }),
    rules: ["self-issued"],
  },
  {
    name: "a lone CA",
    make: () => single({ extensions: CA }),
    rules: ["leaf-basic-constraints", "key-usage-digital-signature", "key-usage-forbidden"],
  },
  { name: "a chain without its root", make: () => chain().slice(0, 2), rules: ["root-self-signed"] },
  {
    name: "a last certificate signed by its key under another name",
    make: () => chain({ root: { issuer: subject("elsewhere") } }),
    rules: ["root-self-signed"],
  },
  {
    name: "the same root twice",
    make: () => {
      const made = chain();
      return [...made, ...made.slice(2)];
    },
    rules: ["self-signed-only-at-the-end"],
  },
  {
    name: "intermediate and root in the wrong order",
    make: () => {
      const [leaf, intermediate, root] = chain();
      return [leaf, root, intermediate] as Uint8Array[];
    },
    rules: ["issued-by-the-next", "self-signed-only-at-the-end", "issued-by-the-next", "root-self-signed"],
  },
  {
    name: "a leaf issued by an unrelated key",
    make: () => chain({ leaf: { issuerKey: keys.other } }),
    rules: ["issued-by-the-next"],
  },
  {
    name: "a leaf that names another issuer",
    make: () => chain({ leaf: { issuer: subject("stranger") } }),
    rules: ["issued-by-the-next"],
  },
  {
    name: "an issuer that is no CA",
    make: () => chain({ intermediate: { extensions: [keyUsage([USAGE.keyCertSign])] } }),
    rules: ["issued-by-the-next", "ca-basic-constraints"],
  },
  {
    name: "an issuer with cA false",
    make: () => chain({ intermediate: { extensions: [basicConstraints(false), keyUsage([USAGE.keyCertSign])] } }),
    rules: ["issued-by-the-next", "ca-basic-constraints"],
  },
  {
    name: "an issuer without keyCertSign",
    make: () => chain({ intermediate: { extensions: [basicConstraints(true), keyUsage([USAGE.cRLSign])] } }),
    rules: ["issued-by-the-next", "key-usage-cert-sign"],
  },
  {
    name: "an issuer without keyUsage",
    make: () => chain({ intermediate: { extensions: [basicConstraints(true)] } }),
    rules: ["key-usage-present"],
  },
  {
    name: "an issuer whose keyUsage is not critical",
    make: () => chain({ intermediate: { extensions: [basicConstraints(true), keyUsage([USAGE.keyCertSign], false)] } }),
    rules: ["key-usage-critical"],
  },
  {
    name: "an issuer whose basicConstraints are not critical",
    make: () =>
      chain({
        intermediate: { extensions: [basicConstraints(true, { critical: false }), keyUsage([USAGE.keyCertSign])] },
      }),
    rules: ["ca-basic-constraints-critical"],
    deviation: "ca-constraints-critical",
  },
  {
    name: "a path length that is exceeded",
    make: () =>
      chain({ root: { extensions: [basicConstraints(true, { pathLength: 0 }), keyUsage([USAGE.keyCertSign])] } }),
    rules: ["path-length"],
  },

  {
    name: "no keyUsage",
    make: () => single({ extensions: [extKeyUsage(PURPOSE.codeSigning)] }),
    rules: ["key-usage-present"],
  },
  {
    name: "no extensions at all, version 1",
    make: () => single({ version: undefined as never, extensions: [] }),
    rules: ["key-usage-present"],
  },
  {
    name: "a keyUsage that is not critical",
    make: () => single({ extensions: [keyUsage([USAGE.digitalSignature], false)] }),
    rules: ["key-usage-critical"],
  },
  {
    name: "keyUsage without digitalSignature",
    make: () => single({ extensions: [keyUsage([USAGE.contentCommitment])] }),
    rules: ["key-usage-digital-signature"],
  },
  ...([
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
  ] as const)
    .map((usage): ChainRow => ({
      name: `keyUsage ${usage} beside digitalSignature`,
      make: () => single({ extensions: [keyUsage([USAGE.digitalSignature, USAGE[usage]])] }),
      rules: ["key-usage-forbidden"],
    })),
  {
    name: "several forbidden usages",
    make: () => single({ extensions: [keyUsage([USAGE.digitalSignature, USAGE.keyEncipherment, USAGE.decipherOnly])] }),
    rules: ["key-usage-forbidden"],
  },
  ...(["any", "serverAuth", "clientAuth", "emailProtection", "timeStamping", "ocspSigning"] as const)
    .map((purpose): ChainRow => ({
      name: `extKeyUsage ${purpose}`,
      make: () => leafUsing(PURPOSE[purpose]),
      rules: ["extended-key-usage"],
      ...(purpose === "any" ? { deviation: "any-purpose" } : {}),
    })),
  {
    name: "extKeyUsage codeSigning and serverAuth",
    make: () => leafUsing(PURPOSE.codeSigning, PURPOSE.serverAuth),
    rules: ["extended-key-usage"],
  },

  { name: "a P-224 leaf", make: () => chain({ leaf: { key: ecKey("P-224") } }), rules: ["key-size"] },
  { name: "an Ed25519 leaf", make: () => chain({ leaf: { key: ed25519Key() } }), rules: ["key-size"] },
  { name: "an RSA-1024 leaf", make: () => chain({ leaf: { key: rsaKey(1024) } }), rules: ["key-size"] },
  {
    name: "an RSA-2047 leaf",
    make: () => chain({ leaf: { key: rsaKey(2047) } }),
    rules: ["key-size"],
    deviation: "rsa-2047",
  },
  { name: "an RSA-2560 leaf", make: () => chain({ leaf: { key: rsaKey(2560) } }), rules: ["key-size"] },
  {
    name: "a P-224 root",
    make: () => chain({ root: { key: ecKey("P-224") } }),
    rules: ["issued-by-the-next", "root-self-signed", "key-size"],
    deviation: "ca-key-kinds",
  },
  {
    name: "an Ed25519 root",
    make: () => chain({ root: { key: ed25519Key() } }),
    rules: ["issued-by-the-next", "signature-algorithm", "root-self-signed", "key-size", "signature-algorithm"],
    deviation: "ca-key-kinds",
  },
  {
    name: "an RSA-1024 root",
    make: () => chain({ root: { key: rsaKey(1024) } }),
    rules: ["key-size"],
    deviation: "ca-keys",
  },
  {
    name: "a leaf signed with SHA-1",
    make: () => chain({ leaf: { signature: SIGNATURE.ecdsaSha1 } }),
    rules: ["issued-by-the-next", "signature-algorithm"],
  },
  {
    name: "a root signed with SHA-1",
    make: () => chain({ root: { key: keys.rsa, signature: SIGNATURE.rsaSha1 } }),
    rules: ["root-self-signed", "signature-algorithm"],
  },
  {
    name: "a single certificate signed with SHA-1",
    make: () => single({ signature: SIGNATURE.ecdsaSha1 }),
    rules: ["self-signed", "signature-algorithm"],
    deviation: "no-sha-1",
  },
  {
    name: "critical name constraints",
    make: () => single({ extensions: [...LEAF, nameConstraints] }),
    rules: [],
  },
];
